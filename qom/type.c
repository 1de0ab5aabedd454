/*
 * The registry of types, and the class structs made from it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "qom/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qom/property.h"

static GHashTable *types; /* name -> TypeImpl; filled before main() */

/* Classes are built on first use, from any thread; class_init may ask for other classes. */
static GRecMutex class_lock;

static const TypeInfo root_types[] = {
    { .name = TYPE_OBJECT, .instance_size = sizeof(Object), .class_size = sizeof(ObjectClass),
      .abstract = true },
    { .name = TYPE_INTERFACE, .class_size = sizeof(InterfaceClass), .abstract = true },
};
type_init_array(root_types);

static void G_GNUC_NORETURN G_GNUC_PRINTF(1, 2) registry_bug(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fputs("qom: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    __builtin_trap(); /* lint: before main(), or a type that is not registered: a bug */
}

void type_register(const TypeInfo *info)
{
    TypeImpl *t;

    if (!types) {
        types = g_hash_table_new(g_str_hash, g_str_equal);
    }
    if (g_hash_table_contains(types, info->name)) {
        registry_bug("type '%s' is registered twice", info->name);
    }
    t = g_new0(TypeImpl, 1);
    t->info = info;
    g_hash_table_insert(types, (char *)info->name, t);
}

static void *copy_class(const void *from, size_t from_size, size_t size)
{
    void *copy = g_malloc0(size);

    memcpy(copy, from, from_size);
    return copy;
}

static bool type_is(const TypeImpl *t, const TypeImpl *base)
{
    for (; t; t = t->parent) {
        if (t == base) {
            return true;
        }
    }
    return false;
}

/* Gives klass its own copy of an interface's class struct, for class_init to fill. */
static void add_interface(ObjectClass *klass, TypeImpl *iface, const void *from)
{
    if (!klass->interfaces) {
        klass->interfaces = g_hash_table_new(NULL, NULL);
    }
    if (!g_hash_table_contains(klass->interfaces, iface)) {
        g_hash_table_insert(klass->interfaces, iface,
                            copy_class(from, iface->class_size, iface->class_size));
    }
}

static void build_class(TypeImpl *t)
{
    const TypeInfo *info = t->info;
    ObjectClass *k;

    if (info->parent) {
        t->parent = type_by_name(info->parent);
        if (!t->parent) {
            registry_bug("type '%s' has unknown parent '%s'", info->name, info->parent);
        }
    }
    t->instance_size = info->instance_size ? info->instance_size
                                           : t->parent ? t->parent->instance_size : 0;
    t->class_size = info->class_size ? info->class_size : t->parent->class_size;
    if (t->parent && (t->class_size < t->parent->class_size ||
                      t->instance_size < t->parent->instance_size)) {
        registry_bug("type '%s' is smaller than its parent '%s'", info->name, info->parent);
    }
    k = t->parent ? copy_class(t->parent->klass, t->parent->class_size, t->class_size)
                  : g_malloc0(t->class_size);
    k->type = t;
    k->props = NULL;
    k->state = NULL;
    k->interfaces = NULL;
    memset(k->cast_cache, 0, sizeof(k->cast_cache));
    if (t->parent && t->parent->klass->interfaces) {
        GHashTableIter it;
        gpointer key, value;

        g_hash_table_iter_init(&it, t->parent->klass->interfaces);
        while (g_hash_table_iter_next(&it, &key, &value)) {
            add_interface(k, key, value);
        }
    }
    for (const char *const *name = info->interfaces; name && *name; name++) {
        TypeImpl *iface = type_by_name(*name);

        if (!iface || !type_is(iface, type_by_name(TYPE_INTERFACE))) {
            registry_bug("type '%s' lists '%s', which is no interface", info->name, *name);
        }
        add_interface(k, iface, iface->klass);
    }
    /* Visible to this thread from here on: class_init casts to its own class. */
    t->klass = k;
    if (info->class_init) {
        info->class_init(k, info->class_data);
    }
    __atomic_store_n(&t->ready, true, __ATOMIC_RELEASE);
}

TypeImpl *type_by_name(const char *name)
{
    TypeImpl *t = g_hash_table_lookup(types, name);

    if (t && !__atomic_load_n(&t->ready, __ATOMIC_ACQUIRE)) {
        g_rec_mutex_lock(&class_lock);
        if (!t->klass) {
            build_class(t);
        }
        g_rec_mutex_unlock(&class_lock);
    }
    return t;
}

const char **type_names(void)
{
    guint n;
    gpointer *keys = g_hash_table_get_keys_as_array(types, &n);

    return (const char **)keys;
}

ObjectClass *object_class_by_name(const char *type_name)
{
    TypeImpl *t = type_by_name(type_name);

    return t ? t->klass : NULL;
}

ObjectClass *object_class_parent(const ObjectClass *klass)
{
    return klass->type->parent ? klass->type->parent->klass : NULL;
}

const char *object_class_name(const ObjectClass *klass)
{
    return klass->type->info->name;
}

const char *object_class_desc(const ObjectClass *klass)
{
    return klass->type->info->desc;
}

bool object_class_is_abstract(const ObjectClass *klass)
{
    return klass->type->info->abstract || klass->type->instance_size == 0;
}

void *object_class_interface(ObjectClass *klass, const char *interface)
{
    const TypeImpl *want = type_by_name(interface);
    GHashTableIter it;
    gpointer key, value;

    if (!want || !klass->interfaces) {
        return NULL;
    }
    value = g_hash_table_lookup(klass->interfaces, want);
    if (value) {
        return value;
    }
    g_hash_table_iter_init(&it, klass->interfaces);
    while (g_hash_table_iter_next(&it, &key, &value)) {
        if (type_is(key, want)) {
            return value;
        }
    }
    return NULL;
}

bool object_class_is(const ObjectClass *klass, const char *type_name)
{
    const TypeImpl *base = type_by_name(type_name);

    if (!base) {
        return false;
    }
    return type_is(klass->type, base) ||
           object_class_interface((ObjectClass *)klass, type_name) != NULL;
}

static int compare_class_names(gconstpointer a, gconstpointer b)
{
    return strcmp(object_class_name(*(ObjectClass *const *)a),
                  object_class_name(*(ObjectClass *const *)b));
}

GPtrArray *object_class_list(const char *type_name, bool include_abstract)
{
    GPtrArray *list = g_ptr_array_new();
    g_autofree const char **names = type_names();

    for (const char **n = names; *n; n++) {
        ObjectClass *k = object_class_by_name(*n);

        if (object_class_is(k, type_name) && (include_abstract || !object_class_is_abstract(k))) {
            g_ptr_array_add(list, k);
        }
    }
    g_ptr_array_sort(list, compare_class_names);
    return list;
}
