/*
 * Objects that an option of the command line makes: -drive, -netdev, -chardev, -object.
 *
 * The option names the type and the properties; system/ makes the object, sets each property,
 * puts it at CONTAINER/ID and calls complete(). An object that fails to complete is dropped.
 *
 *   option    container   type of the object
 *   -drive    /drives     TYPE_BLOCK_BACKEND
 *   -netdev   /netdevs    "netdev-" TYPE   (netdev-user)
 *   -chardev  /chardevs   "chardev-" TYPE  (chardev-socket)
 *   -object   /objects    TYPE             (rng-builtin)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_QOM_USER_CREATABLE_H
#define VIREO_QOM_USER_CREATABLE_H

#include "qom/object.h"
#include "util/keyval.h"

#define TYPE_USER_CREATABLE "user-creatable"

typedef struct UserCreatableClass {
    InterfaceClass parent_class;
    /* Opens what the properties name. False leaves nothing behind but the object itself, whose
     * last reference is then dropped. NULL: nothing to do. */
    bool (*complete)(Object *obj, Error **errp);
    /* Whether nobody uses it any more; an error that names the user if not. NULL: only references
     * count, which links of other objects hold. */
    bool (*can_delete)(Object *obj, Error **errp);
    bool late; /* -object: made after the back ends that have options of their own */
} UserCreatableClass;

/* For class_init of a type that lists TYPE_USER_CREATABLE among its interfaces. */
void user_creatable_set_complete(ObjectClass *klass, bool (*complete)(Object *obj, Error **errp));
void user_creatable_set_can_delete(ObjectClass *klass,
                                   bool (*can_delete)(Object *obj, Error **errp));
void user_creatable_set_late(ObjectClass *klass);
bool user_creatable_is_late(ObjectClass *klass);

/* Calls complete(), if obj's class has the interface and one. */
bool user_creatable_complete(void *obj, Error **errp);

/* Makes, fills, names and completes an object; returns it (owned by the tree), or NULL with
 * nothing left behind. Every pair of kv that is not taken yet is a property. */
Object *user_creatable_new(const char *type_name, const char *container, const char *id,
                           KeyVals *kv, Error **errp);

/* Takes CONTAINER/ID out of the tree, unless it is in use. */
bool user_creatable_delete(const char *container, const char *id, Error **errp);

#endif
