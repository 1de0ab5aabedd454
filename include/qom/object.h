/*
 * The object model: types registered before main(), single inheritance, interfaces, reference
 * counts, and the tree of objects under "/".
 *
 * A type is described by a static const TypeInfo and registered with type_init(). Class structs
 * are built on first use, parents first: the parent's class struct is copied, then class_init
 * fills in what differs. class_init assigns function pointers and static tables; nothing else.
 *
 * Threads: registration happens before main(). Class initialisation and object_new() take the
 * registry's lock. The object tree is changed on the main thread only. Reference counts are atomic.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_QOM_OBJECT_H
#define VIREO_QOM_OBJECT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

typedef struct Object Object;
typedef struct ObjectClass ObjectClass;
typedef struct TypeImpl TypeImpl; /* a registered type; private to qom/ */
typedef struct Property Property;
typedef struct StateTable StateTable;

#define TYPE_OBJECT "object"
#define TYPE_INTERFACE "interface"

typedef struct TypeInfo {
    const char *name;
    const char *parent;     /* NULL only for "object" and "interface" */
    size_t instance_size;   /* 0: the parent's */
    size_t class_size;      /* 0: the parent's */
    bool abstract;          /* object_new() refuses it */
    const char *desc;       /* one line for help texts, or NULL */
    void (*class_init)(ObjectClass *klass, const void *class_data);
    const void *class_data; /* handed to class_init */
    void (*instance_init)(Object *obj);     /* parents first; cannot fail */
    void (*instance_finalize)(Object *obj); /* children first */
    const char *const *interfaces;          /* NULL-terminated names, or NULL */
} TypeInfo;

struct ObjectClass {
    TypeImpl *type;
    const Property *props;   /* this class's own rows; lookups walk to the parents */
    const StateTable *state; /* this class's own rows, or NULL */
    /* An object with a part, as a virtio device on PCI has its device: the part's type and the part
     * itself. Properties that the object's classes have not are those of the part. */
    const char *part_type;
    Object *(*part)(Object *obj);
    GHashTable *interfaces;  /* private: TypeImpl* -> class struct of the interface */
    const void *cast_cache[4]; /* private: names that a checked cast has accepted */
};

struct Object {
    ObjectClass *klass;
    uint32_t ref;
    Object *parent;      /* the tree; not referenced */
    char *name;          /* in the parent; NULL for a root or unparented object */
    GPtrArray *children; /* referenced; NULL until there is one */
};

/* Class struct of an interface starts with this. */
typedef struct InterfaceClass {
    ObjectClass parent_class;
} InterfaceClass;

/* Registration; the TypeInfo must live for ever. A second type of one name ends the program,
 * before main() does anything, since no user can have caused it. */
void type_register(const TypeInfo *info);

#define type_init(info)                                                    \
    static void __attribute__((constructor)) type_register_##info(void)   \
    {                                                                      \
        type_register(&info);                                              \
    }

/* Registers every element of an array of TypeInfo. */
#define type_init_array(infos)                                             \
    static void __attribute__((constructor)) type_register_##infos(void)  \
    {                                                                      \
        for (size_t i_ = 0; i_ < sizeof(infos) / sizeof((infos)[0]); i_++) \
            type_register(&(infos)[i_]);                                   \
    }

/* The class of a type name, or NULL if there is no such type. Owned by the registry. */
ObjectClass *object_class_by_name(const char *type_name);
ObjectClass *object_class_parent(const ObjectClass *klass);
const char *object_class_name(const ObjectClass *klass);
const char *object_class_desc(const ObjectClass *klass);
bool object_class_is_abstract(const ObjectClass *klass);
/* Whether klass is type_name, derives from it or implements it. */
bool object_class_is(const ObjectClass *klass, const char *type_name);
/* Every concrete class that is type_name, sorted by name; free with g_ptr_array_unref(). */
GPtrArray *object_class_list(const char *type_name, bool include_abstract);
/* The class struct of an interface as klass implements it, or NULL. */
void *object_class_interface(ObjectClass *klass, const char *interface);

/* A new object with one reference, property defaults set. NULL and errp for an unknown (with the
 * nearest name) or abstract type. */
Object *object_new(const char *type_name, Error **errp);
/* The same for a type that the caller knows to exist and to be concrete. */
Object *object_new_known(const char *type_name);
Object *object_ref(void *obj);
void object_unref(void *obj); /* NULL allowed */

static inline const char *object_type_name(const void *obj)
{
    return object_class_name(((const Object *)obj)->klass);
}

/* Checked casts. A failed cast of an object that the program made is a bug of the program: it
 * prints both type names and traps. object_dynamic_cast() returns NULL instead. */
void *object_check_cast(const void *obj, const char *type_name, const char *file, int line);
void *object_dynamic_cast(const void *obj, const char *type_name);
void *object_class_check_cast(const void *klass, const char *type_name, const char *file,
                              int line);

/*
 * OBJECT_DECLARE(FooState, FooClass, FOO, TYPE_FOO) gives FOO(obj), FOO_CLASS(klass) and
 * FOO_GET_CLASS(obj). Simple types without a class struct of their own use
 * OBJECT_DECLARE_SIMPLE(FooState, FOO, TYPE_FOO).
 */
#define OBJECT_DECLARE_SIMPLE(Instance, UPPER, type_name)                                \
    typedef struct Instance Instance;                                                    \
    static inline G_GNUC_UNUSED Instance *UPPER(const void *obj)                         \
    {                                                                                    \
        return (Instance *)object_check_cast(obj, type_name, __FILE__, __LINE__);        \
    }

#define OBJECT_DECLARE(Instance, Class, UPPER, type_name)                                \
    OBJECT_DECLARE_SIMPLE(Instance, UPPER, type_name)                                    \
    typedef struct Class Class;                                                          \
    static inline G_GNUC_UNUSED Class *UPPER##_CLASS(const void *klass)                  \
    {                                                                                    \
        return (Class *)object_class_check_cast(klass, type_name, __FILE__, __LINE__);   \
    }                                                                                    \
    static inline G_GNUC_UNUSED Class *UPPER##_GET_CLASS(const void *obj)                \
    {                                                                                    \
        return (Class *)object_class_check_cast(((const Object *)obj)->klass, type_name, \
                                                __FILE__, __LINE__);                     \
    }

/* ---- The tree ---- */

/* "/", then the containers that are made on demand: object_container("/machine/peripheral"). */
Object *object_root(void);
Object *object_container(const char *path);

/* Puts child under parent and takes a reference. False if the name is taken or the child already
 * has a parent. */
bool object_add_child(Object *parent, const char *name, void *child, Error **errp);
/* Takes child out of its parent, dropping that reference. */
void object_unparent(void *child);
Object *object_child(const Object *parent, const char *name); /* NULL if there is none */
/* An absolute path ("/machine/cpu[0]"), or NULL. */
Object *object_resolve_path(const char *path);
/* Free with g_free(). */
char *object_path(const void *obj);
/* Depth first, parents before children; stops at and returns the first non-zero. */
int object_walk(Object *root, int (*fn)(Object *obj, void *opaque), void *opaque);

#endif
