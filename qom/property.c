/*
 * Properties: finding a row, setting it from text, printing it, help.
 *
 * SPDX-License-Identifier: MIT
 */
#include "qom/property.h"

#include <string.h>

#include "qom/internal.h"

#define MAX_FIELD 64 /* bytes of the largest PropertyType.size */

static PropertyFrozenFn frozen_check;

void object_property_set_frozen_check(PropertyFrozenFn fn)
{
    frozen_check = fn;
}

static void *field_of(const Object *obj, const Property *prop)
{
    return (char *)obj + prop->offset;
}

/* The row of the class or its parents; NULL if there is none. */
static const Property *own_row(const ObjectClass *klass, const char *name)
{
    for (const ObjectClass *k = klass; k; k = object_class_parent(k)) {
        for (const Property *p = k->props; p && p->name; p++) {
            if (!strcmp(p->name, name)) {
                return p;
            }
        }
    }
    return NULL;
}

const Property *object_property_find(const ObjectClass *klass, const char *name)
{
    const Property *p = own_row(klass, name);
    const ObjectClass *part = klass->part_type ? object_class_by_name(klass->part_type) : NULL;

    return p || !part ? p : own_row(part, name);
}

/* The object that has the property: this one, or its part. */
static Object *holder(Object *obj, const char *name)
{
    return obj->klass->part_type && !own_row(obj->klass, name) &&
           object_property_find(obj->klass, name) ? obj->klass->part(obj) : obj;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_visible(GPtrArray *rows, const ObjectClass *klass, const ObjectClass *from)
{
    for (const ObjectClass *k = from; k; k = object_class_parent(k)) {
        for (const Property *p = k->props; p && p->name; p++) {
            if (!(p->flags & PROP_HIDDEN) && object_property_find(klass, p->name) == p &&
                !g_ptr_array_find(rows, p, NULL)) {
                g_ptr_array_add(rows, (void *)p);
            }
        }
    }
}

/* Rows of klass, its parents and its part, less those that a nearer class has replaced. */
static GPtrArray *visible_rows(const ObjectClass *klass)
{
    GPtrArray *rows = g_ptr_array_new();

    add_visible(rows, klass, klass);
    if (klass->part_type) {
        add_visible(rows, klass, object_class_by_name(klass->part_type));
    }
    return rows;
}

static int compare_rows(gconstpointer a, gconstpointer b)
{
    return strcmp((*(const Property *const *)a)->name, (*(const Property *const *)b)->name);
}

const char **object_property_names(const ObjectClass *klass)
{
    g_autoptr(GPtrArray) rows = visible_rows(klass);
    const char **names = g_new0(const char *, rows->len + 1);

    for (guint i = 0; i < rows->len; i++) {
        names[i] = ((const Property *)g_ptr_array_index(rows, i))->name;
    }
    qsort(names, rows->len, sizeof(*names), compare_names);
    return names;
}

static const Property *find_or_explain(const ObjectClass *klass, const char *name, Error **errp)
{
    const Property *p = object_property_find(klass, name);
    g_autofree const char **names = NULL;
    g_autofree char *all = NULL;
    const char *near;

    if (p) {
        return p;
    }
    names = object_property_names(klass);
    near = nearest_name(name, names);
    if (near) {
        error_setg(errp, "no property '%s' (did you mean '%s'?)", name, near);
    } else if (names[0] && g_strv_length((char **)names) <= 16) {
        all = g_strjoinv(", ", (char **)names);
        error_setg(errp, "no property '%s' (there are: %s)", name, all);
    } else {
        error_setg(errp, "no property '%s' (',help' lists what there is)", name);
    }
    return NULL;
}

/* For types without a size of their own: puts the printed old value back. */
static bool set_by_text(Object *obj, const Property *p, const char *value, Error **errp)
{
    g_autofree char *old = p->type->print(obj, p, field_of(obj, p));

    if (!p->type->parse(obj, p, field_of(obj, p), value, errp)) {
        return false;
    }
    if (p->changed && !p->changed(obj, p, errp)) {
        p->type->parse(obj, p, field_of(obj, p), old, NULL);
        return false;
    }
    return true;
}

static bool set_by_copy(Object *obj, const Property *p, const char *value, Error **errp)
{
    const PropertyType *t = p->type;
    void *field = field_of(obj, p);
    char old[MAX_FIELD];

    memcpy(old, field, t->size);
    if (!t->repeatable) {
        memset(field, 0, t->size);
    }
    if (!t->parse(obj, p, field, value, errp)) {
        memcpy(field, old, t->size);
        return false;
    }
    if (p->changed && !p->changed(obj, p, errp)) {
        if (t->release) {
            t->release(p, field);
        }
        memcpy(field, old, t->size);
        return false;
    }
    if (t->release) {
        t->release(p, old);
    }
    return true;
}

bool object_property_set_str(void *ptr, const char *name, const char *value, Error **errp)
{
    Object *obj = ptr;
    const Property *p = find_or_explain(obj->klass, name, errp);

    if (!p) {
        return false;
    }
    obj = holder(obj, name);
    if (p->flags & PROP_READONLY) {
        error_setg(errp, "property '%s' can only be read", name);
        return false;
    }
    if (frozen_check && !(p->flags & PROP_LATE) && frozen_check(obj)) {
        error_setg(errp, "property '%s' cannot change after the device is in use", name);
        return false;
    }
    return p->type->size ? set_by_copy(obj, p, value, errp) : set_by_text(obj, p, value, errp);
}

void object_property_set_known(void *obj, const char *name, const char *value)
{
    Error *err = NULL;

    if (!object_property_set_str(obj, name, value, &err)) {
        /* lint: a bug of the program, which says that it knows the value */
        g_error("%s: %s", object_type_name(obj), error_get_pretty(err));
    }
}

char *object_property_get_str(const void *ptr, const char *name, Error **errp)
{
    const Object *obj = ptr;
    const Property *p = find_or_explain(obj->klass, name, errp);

    if (!p) {
        return NULL;
    }
    obj = holder((Object *)obj, name);
    return p->type->print(obj, p, field_of(obj, p));
}

static bool given_before(const KeyVals *kv, guint index)
{
    const KeyVal *p = g_ptr_array_index(kv->list, index);

    for (guint i = 0; i < index; i++) {
        if (!strcmp(((const KeyVal *)g_ptr_array_index(kv->list, i))->key, p->key)) {
            return true;
        }
    }
    return false;
}

bool object_set_keyvals(void *ptr, KeyVals *kv, Error **errp)
{
    Object *obj = ptr;

    for (guint i = 0; i < kv->list->len; i++) {
        KeyVal *pair = g_ptr_array_index(kv->list, i);
        const Property *p;

        if (pair->used) {
            continue;
        }
        p = object_property_find(obj->klass, pair->key);
        if ((!p || !p->type->repeatable) && given_before(kv, i)) {
            error_setg(errp, "'%s' is given twice", pair->key);
            return false;
        }
        if (!object_property_set_str(obj, pair->key, pair->value, errp)) {
            return false;
        }
        pair->used = true;
    }
    return true;
}

static void print_default(const Property *p, GString *out)
{
    union {
        char bytes[MAX_FIELD];
        uint64_t align;
    } field = { { 0 } };
    Property row = *p;
    g_autofree char *text = NULL;

    /* A bit far into an array has the same default as one at its start. */
    row.bit = p->bit % 64;
    if (!p->type->set_default || (p->flags & PROP_READONLY)) {
        return;
    }
    p->type->set_default(&row, field.bytes);
    text = p->type->print(NULL, &row, field.bytes);
    if (text && *text) {
        g_string_append_printf(out, " (default: %s)", text);
    }
    if (p->type->release) {
        p->type->release(&row, field.bytes);
    }
}

void object_property_help(const ObjectClass *klass, GString *out)
{
    g_autoptr(GPtrArray) rows = visible_rows(klass);

    g_ptr_array_sort(rows, compare_rows);
    for (guint i = 0; i < rows->len; i++) {
        const Property *p = g_ptr_array_index(rows, i);
        g_autofree char *left = NULL;

        if (p->names) {
            GString *words = g_string_new(NULL);

            for (const EnumName *n = p->names; n->name; n++) {
                g_string_append_printf(words, "%s%s", words->len ? "|" : "", n->name);
            }
            left = g_strdup_printf("%s=<%s>", p->name, words->str);
            g_string_free(words, TRUE);
        } else if (p->link_type) {
            left = g_strdup_printf("%s=<id of %s>", p->name, p->link_type);
        } else {
            left = g_strdup_printf("%s=<%s>", p->name, p->type->name);
        }
        g_string_append_printf(out, "  %-30s %s", left, p->help ? p->help : "");
        print_default(p, out);
        g_string_append_c(out, '\n');
    }
}

static void defaults_of(Object *obj, const TypeImpl *t)
{
    if (t->parent) {
        defaults_of(obj, t->parent);
    }
    for (const Property *p = t->klass->props; p && p->name; p++) {
        /* A row of a child may give a parent's field another default. */
        if (p->type->release) {
            p->type->release(p, field_of(obj, p));
        }
        if (p->type->set_default) {
            p->type->set_default(p, field_of(obj, p));
        }
    }
}

void object_properties_init(Object *obj)
{
    defaults_of(obj, obj->klass->type);
}

void object_properties_release(Object *obj)
{
    for (const ObjectClass *k = obj->klass; k; k = object_class_parent(k)) {
        for (const Property *p = k->props; p && p->name; p++) {
            if (p->type->release) {
                p->type->release(p, field_of(obj, p));
                memset(field_of(obj, p), 0, p->type->size);
            }
        }
    }
}
