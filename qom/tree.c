/*
 * The tree of objects.
 *
 * SPDX-License-Identifier: MIT
 */
#include "qom/object.h"

#include <string.h>

#define TYPE_CONTAINER "container"

static const TypeInfo container_info = {
    .name = TYPE_CONTAINER,
    .parent = TYPE_OBJECT,
    .instance_size = sizeof(Object),
};
type_init(container_info);

Object *object_root(void)
{
    static Object *root;

    if (!root) {
        root = object_new_known(TYPE_CONTAINER);
    }
    return root;
}

Object *object_child(const Object *parent, const char *name)
{
    for (guint i = 0; parent->children && i < parent->children->len; i++) {
        Object *c = g_ptr_array_index(parent->children, i);

        if (!strcmp(c->name, name)) {
            return c;
        }
    }
    return NULL;
}

bool object_add_child(Object *parent, const char *name, void *ptr, Error **errp)
{
    Object *child = ptr;

    if (child->parent) {
        g_autofree char *path = object_path(child);

        error_setg(errp, "'%s' already has a place in the tree (%s)", name, path);
        return false;
    }
    if (object_child(parent, name)) {
        error_setg(errp, "there is a '%s' already", name);
        return false;
    }
    if (!parent->children) {
        parent->children = g_ptr_array_new();
    }
    g_ptr_array_add(parent->children, object_ref(child));
    child->parent = parent;
    g_free(child->name);
    child->name = g_strdup(name);
    return true;
}

void object_unparent(void *ptr)
{
    Object *child = ptr;

    if (!child->parent) {
        return;
    }
    g_ptr_array_remove(child->parent->children, child);
    child->parent = NULL;
    g_clear_pointer(&child->name, g_free);
    object_unref(child);
}

static Object *resolve(const char *path, bool make)
{
    g_auto(GStrv) parts = NULL;
    Object *at = object_root();

    if (path[0] != '/') {
        return NULL;
    }
    parts = g_strsplit(path + 1, "/", -1);
    for (char **p = parts; *p && at; p++) {
        Object *next;

        if (!**p) {
            continue;
        }
        next = object_child(at, *p);
        if (!next && make) {
            next = object_new_known(TYPE_CONTAINER);
            object_add_child(at, *p, next, NULL);
            object_unref(next); /* the tree's reference is the one that counts */
        }
        at = next;
    }
    return at;
}

Object *object_container(const char *path)
{
    return resolve(path, true);
}

Object *object_resolve_path(const char *path)
{
    return resolve(path, false);
}

char *object_path(const void *ptr)
{
    GString *s = g_string_new(NULL);

    for (const Object *o = ptr; o && o->name; o = o->parent) {
        g_string_prepend(s, o->name);
        g_string_prepend_c(s, '/');
    }
    if (!s->len) {
        g_string_append(s, ptr == object_root() ? "/" : "(not in the tree)");
    }
    return g_string_free(s, FALSE);
}

int object_walk(Object *root, int (*fn)(Object *obj, void *opaque), void *opaque)
{
    int r = fn(root, opaque);

    for (guint i = 0; !r && root->children && i < root->children->len; i++) {
        r = object_walk(g_ptr_array_index(root->children, i), fn, opaque);
    }
    return r;
}
