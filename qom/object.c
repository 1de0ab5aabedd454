/*
 * Instances: creation, reference counts, checked casts.
 *
 * SPDX-License-Identifier: MIT
 */
#include "qom/object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qom/internal.h"
#include "qom/property.h"
#include "util/keyval.h"

/* A cache line: CPU and device structs place hot fields by it. */
#define INSTANCE_ALIGN 64

static void run_init(const TypeImpl *t, Object *obj)
{
    if (t->parent) {
        run_init(t->parent, obj);
    }
    if (t->info->instance_init) {
        t->info->instance_init(obj);
    }
}

static Object *new_of_type(TypeImpl *t)
{
    size_t size = (t->instance_size + INSTANCE_ALIGN - 1) & ~(size_t)(INSTANCE_ALIGN - 1);
    Object *obj = aligned_alloc(INSTANCE_ALIGN, size);

    if (!obj) { /* lint: as every small allocation with GLib */
        g_error("out of memory for an object of type '%s'", t->info->name);
    }
    memset(obj, 0, size);
    obj->klass = t->klass;
    obj->ref = 1;
    object_properties_init(obj);
    run_init(t, obj);
    object_globals_apply(obj);
    return obj;
}

Object *object_new(const char *type_name, Error **errp)
{
    TypeImpl *t = type_by_name(type_name);

    if (!t) {
        g_autofree const char **names = type_names();
        const char *near = nearest_name(type_name, names);

        if (near) {
            error_setg(errp, "no type '%s' (did you mean '%s'?)", type_name, near);
        } else {
            error_setg(errp, "no type '%s'", type_name);
        }
        return NULL;
    }
    if (object_class_is_abstract(t->klass)) {
        error_setg(errp, "type '%s' is abstract", type_name);
        return NULL;
    }
    return new_of_type(t);
}

Object *object_new_known(const char *type_name)
{
    Error *err = NULL;
    Object *obj = object_new(type_name, &err);

    if (!obj) { /* lint: a bug of the program, which says that it knows the type */
        g_error("%s", error_get_pretty(err));
    }
    return obj;
}

Object *object_ref(void *ptr)
{
    Object *obj = ptr;

    __atomic_fetch_add(&obj->ref, 1, __ATOMIC_RELAXED);
    return obj;
}

void object_unref(void *ptr)
{
    Object *obj = ptr;

    if (!obj || __atomic_fetch_sub(&obj->ref, 1, __ATOMIC_ACQ_REL) != 1) {
        return;
    }
    while (obj->children && obj->children->len) {
        object_unparent(g_ptr_array_index(obj->children, obj->children->len - 1));
    }
    for (const TypeImpl *t = obj->klass->type; t; t = t->parent) {
        if (t->info->instance_finalize) {
            t->info->instance_finalize(obj);
        }
    }
    object_properties_release(obj);
    if (obj->children) {
        g_ptr_array_unref(obj->children);
    }
    g_free(obj->name);
    free(obj);
}

static bool cache_has(const ObjectClass *k, const char *type_name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(k->cast_cache); i++) {
        if (__atomic_load_n(&k->cast_cache[i], __ATOMIC_RELAXED) == type_name) {
            return true;
        }
    }
    return false;
}

/*
 * Names are compared by address: one literal per file and type. Racing threads may overwrite each
 * other's entry, which costs a lookup later and nothing else.
 */
static void cache_add(const ObjectClass *klass, const char *type_name)
{
    ObjectClass *k = (ObjectClass *)klass;

    for (size_t i = G_N_ELEMENTS(k->cast_cache) - 1; i > 0; i--) {
        __atomic_store_n(&k->cast_cache[i],
                         __atomic_load_n(&k->cast_cache[i - 1], __ATOMIC_RELAXED),
                         __ATOMIC_RELAXED);
    }
    __atomic_store_n(&k->cast_cache[0], type_name, __ATOMIC_RELAXED);
}

static bool derives_from(const ObjectClass *klass, const char *type_name)
{
    const TypeImpl *base = type_by_name(type_name);

    for (const TypeImpl *t = klass->type; base && t; t = t->parent) {
        if (t == base) {
            return true;
        }
    }
    return false;
}

static void G_GNUC_NORETURN cast_bug(const ObjectClass *k, const char *type_name, const char *file,
                                     int line)
{
    fprintf(stderr, "%s:%d: object of type '%s' is not a '%s'\n", file, line,
            object_class_name(k), type_name);
    __builtin_trap(); /* lint: a bug of the program; going on would be a wild pointer */
}

void *object_check_cast(const void *ptr, const char *type_name, const char *file, int line)
{
    const Object *obj = ptr;

    if (!obj || cache_has(obj->klass, type_name)) {
        return (void *)obj;
    }
    if (derives_from(obj->klass, type_name)) {
        cache_add(obj->klass, type_name);
    } else if (!object_class_interface(obj->klass, type_name)) {
        cast_bug(obj->klass, type_name, file, line);
    }
    return (void *)obj;
}

void *object_dynamic_cast(const void *ptr, const char *type_name)
{
    const Object *obj = ptr;

    return obj && object_class_is(obj->klass, type_name) ? (void *)obj : NULL;
}

void *object_class_check_cast(const void *ptr, const char *type_name, const char *file, int line)
{
    ObjectClass *k = (ObjectClass *)ptr;
    void *iface;

    if (cache_has(k, type_name)) {
        return k;
    }
    if (derives_from(k, type_name)) {
        cache_add(k, type_name);
        return k;
    }
    /* The cache holds only names of the parent chain: an interface has a struct of its own. */
    iface = object_class_interface(k, type_name);
    if (!iface) {
        cast_bug(k, type_name, file, line);
    }
    return iface;
}
