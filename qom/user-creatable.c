/*
 * Objects that an option of the command line makes.
 *
 * SPDX-License-Identifier: MIT
 */
#include "qom/user-creatable.h"

#include "qom/property.h"

static const TypeInfo user_creatable_info = {
    .name = TYPE_USER_CREATABLE,
    .parent = TYPE_INTERFACE,
    .class_size = sizeof(UserCreatableClass),
};
type_init(user_creatable_info);

void user_creatable_set_complete(ObjectClass *klass, bool (*complete)(Object *obj, Error **errp))
{
    UserCreatableClass *u = object_class_interface(klass, TYPE_USER_CREATABLE);

    u->complete = complete;
}

void user_creatable_set_can_delete(ObjectClass *klass,
                                   bool (*can_delete)(Object *obj, Error **errp))
{
    UserCreatableClass *u = object_class_interface(klass, TYPE_USER_CREATABLE);

    u->can_delete = can_delete;
}

void user_creatable_set_late(ObjectClass *klass)
{
    UserCreatableClass *u = object_class_interface(klass, TYPE_USER_CREATABLE);

    u->late = true;
}

bool user_creatable_is_late(ObjectClass *klass)
{
    UserCreatableClass *u = object_class_interface(klass, TYPE_USER_CREATABLE);

    return u && u->late;
}

bool user_creatable_complete(void *ptr, Error **errp)
{
    Object *obj = ptr;
    UserCreatableClass *u = object_class_interface(obj->klass, TYPE_USER_CREATABLE);

    return !u || !u->complete || u->complete(obj, errp);
}

Object *user_creatable_new(const char *type_name, const char *container, const char *id,
                           KeyVals *kv, Error **errp)
{
    Object *obj = object_new(type_name, errp);

    if (!obj) {
        return NULL;
    }
    /* In the tree first: a duplicate id must not open anything, and errors can name the path. */
    if (!object_add_child(object_container(container), id, obj, NULL)) {
        error_setg(errp, "id '%s' is in use already", id);
        object_unref(obj);
        return NULL;
    }
    object_unref(obj); /* the tree holds it now */
    if (!object_set_keyvals(obj, kv, errp) || !user_creatable_complete(obj, errp)) {
        object_unparent(obj);
        return NULL;
    }
    return obj;
}

bool user_creatable_delete(const char *container, const char *id, Error **errp)
{
    Object *obj = object_child(object_container(container), id);
    UserCreatableClass *u = obj ? object_class_interface(obj->klass, TYPE_USER_CREATABLE) : NULL;

    if (!u) {
        error_setg(errp, "there is no '%s' in %s", id, container);
        return false;
    }
    if (u->can_delete && !u->can_delete(obj, errp)) {
        return false;
    }
    /* The tree holds one reference; a link of another object holds one more. */
    if (__atomic_load_n(&obj->ref, __ATOMIC_RELAXED) > 1) {
        error_setg(errp, "'%s' is in use", id);
        return false;
    }
    object_unparent(obj);
    return true;
}
