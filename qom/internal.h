/*
 * What the files of qom/ share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_QOM_INTERNAL_H
#define VIREO_QOM_INTERNAL_H

#include "qom/object.h"

struct TypeImpl {
    const TypeInfo *info;
    TypeImpl *parent;     /* NULL for the two roots; set with the class */
    ObjectClass *klass;   /* NULL until first used */
    bool ready;           /* class_init has run; atomic */
    size_t instance_size; /* the inherited one if the type has none of its own */
    size_t class_size;
};

/* The type of that name with its class built, or NULL. */
TypeImpl *type_by_name(const char *name);

/* Every registered name, NULL-terminated, unsorted; g_free() the array only. */
const char **type_names(void);

#endif
