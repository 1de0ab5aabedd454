/*
 * Typed properties. Each class has one static table of rows; -device, -M, -cpu, -accel, -object,
 * -global, the monitor and QMP all end in object_property_set_str().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_QOM_PROPERTY_H
#define VIREO_QOM_PROPERTY_H

#include "qom/object.h"
#include "util/keyval.h"

typedef struct PropertyType PropertyType;

typedef enum PropertyFlags {
    PROP_LATE = 1 << 0,     /* may be set after the object is realized */
    PROP_READONLY = 1 << 1, /* may be read only */
    PROP_HIDDEN = 1 << 2,   /* accepted for compatibility, not shown by help */
} PropertyFlags;

/* One accepted word of an enumerated property; name NULL ends the table. */
typedef struct EnumName {
    const char *name;
    int value;
    const char *help;
} EnumName;

struct Property {
    const char *name; /* NULL ends the table */
    const PropertyType *type;
    size_t offset;          /* of the field in the instance */
    union {
        uint64_t u;
        int64_t i;
        const char *s;
    } def;                  /* default; numbers and enums use u or i, text s (NULL: none) */
    uint64_t min, max;      /* range of numbers and sizes; both 0 means that of the field */
    const char *help;       /* one line */
    unsigned flags;
    const EnumName *names;  /* prop_enum */
    const char *link_type;  /* prop_link: the type it must have */
    const char *container;  /* prop_link: where an id is looked up, e.g. "/chardevs" */
    unsigned bit;           /* prop_bit: bit number counted from the field, may exceed 63 */
    /* Called after the field is set: checks further and reacts. False restores the old value. */
    bool (*changed)(Object *obj, const Property *prop, Error **errp);
};

/* How a field of one type is parsed, printed and freed. */
struct PropertyType {
    const char *name; /* shown by help: "bool", "size", "str" */
    bool (*parse)(Object *obj, const Property *prop, void *field, const char *text,
                  Error **errp);
    /* g_free(). obj is NULL when help prints a default, in a field outside any object. */
    char *(*print)(const Object *obj, const Property *prop, const void *field);
    void (*set_default)(const Property *prop, void *field);
    void (*release)(const Property *prop, void *field); /* NULL if nothing to free */
    size_t size; /* of the field, for saving the old value; 0: set back by print and parse */
    bool repeatable; /* setting it again adds to it: key=a,key=b is not an error */
};

extern const PropertyType prop_bool;   /* bool */
extern const PropertyType prop_u8, prop_u16, prop_u32, prop_u64;
extern const PropertyType prop_i32, prop_i64;
extern const PropertyType prop_size;   /* uint64_t bytes, with suffix */
extern const PropertyType prop_str;    /* char *, owned */
extern const PropertyType prop_strv;   /* char **, owned, NULL-terminated; repeatable */
extern const PropertyType prop_enum;   /* int */
extern const PropertyType prop_bit;    /* a bit of a uint64_t array */
extern const PropertyType prop_link;   /* Object *, referenced */
extern const PropertyType prop_on_off_auto; /* int: OnOffAuto */
extern const PropertyType prop_macaddr;     /* uint8_t[6] */

typedef enum OnOffAuto { ON_OFF_AUTO_AUTO, ON_OFF_AUTO_ON, ON_OFF_AUTO_OFF } OnOffAuto;

#define PROP_(type_, name_, State, field_) \
    .name = (name_), .type = &(type_), .offset = offsetof(State, field_)
#define PROP_BOOL(name, State, field, def_, help_) \
    { PROP_(prop_bool, name, State, field), .def.u = (def_), .help = (help_) }
#define PROP_U16(name, State, field, def_, lo, hi, help_) \
    { PROP_(prop_u16, name, State, field), .def.u = (def_), .min = (lo), .max = (hi), .help = (help_) }
#define PROP_U32(name, State, field, def_, lo, hi, help_) \
    { PROP_(prop_u32, name, State, field), .def.u = (def_), .min = (lo), .max = (hi), .help = (help_) }
#define PROP_U64(name, State, field, def_, lo, hi, help_) \
    { PROP_(prop_u64, name, State, field), .def.u = (def_), .min = (lo), .max = (hi), .help = (help_) }
#define PROP_SIZE(name, State, field, def_, lo, hi, help_) \
    { PROP_(prop_size, name, State, field), .def.u = (def_), .min = (lo), .max = (hi), .help = (help_) }
#define PROP_STR(name, State, field, def_, help_) \
    { PROP_(prop_str, name, State, field), .def.s = (def_), .help = (help_) }
#define PROP_STRV(name, State, field, help_) \
    { PROP_(prop_strv, name, State, field), .help = (help_) }
#define PROP_ENUM(name, State, field, def_, names_, help_) \
    { PROP_(prop_enum, name, State, field), .def.i = (def_), .names = (names_), .help = (help_) }
#define PROP_LINK(name, State, field, type__, container_, help_) \
    { PROP_(prop_link, name, State, field), .link_type = (type__), .container = (container_), .help = (help_) }
#define PROP_END { .name = NULL }

/* The row, searched from the object's class up to the root; NULL if there is none. */
const Property *object_property_find(const ObjectClass *klass, const char *name);

/*
 * Sets a property from text. Errors: no such property (with the nearest one), read-only, too late
 * (realized and not PROP_LATE), a value out of range or not of the type.
 */
bool object_property_set_str(void *obj, const char *name, const char *value, Error **errp);
/* The value as text (g_free()), or NULL with errp. */
char *object_property_get_str(const void *obj, const char *name, Error **errp);

/*
 * Sets a property from every pair of kv that is not taken yet, in order, and takes it. A key given
 * twice is an error unless the property's type is repeatable. Stops at the first error.
 */
bool object_set_keyvals(void *obj, KeyVals *kv, Error **errp);

/* For the program's own settings, whose names and values are known to be right. */
void object_property_set_known(void *obj, const char *name, const char *value);

/*
 * -global TYPE.PROP=VALUE: objects of the type, and of types that derive from it, begin with this
 * value. Later ones win; what is set on the object itself wins over all. Before the machine is made.
 */
bool object_global_add(const char *type, const char *prop, const char *value, Error **errp);
void object_globals_clear(void);
/* Internal to object_new(). */
void object_globals_apply(Object *obj);

/* Every property name of a class, parents included, sorted, NULL-terminated; g_free() the array
 * (not the strings). For suggestions and completion. */
const char **object_property_names(const ObjectClass *klass);

/* Appends "  name=<type>  help (default: x)" lines, parents' properties included. */
void object_property_help(const ObjectClass *klass, GString *out);

/* Internal to object_new() and the last unref: defaults and release. */
void object_properties_init(Object *obj);
void object_properties_release(Object *obj);

/* Once set, properties without PROP_LATE can no longer change. Devices set it on realize. */
typedef bool (*PropertyFrozenFn)(const Object *obj);
void object_property_set_frozen_check(PropertyFrozenFn fn);

#endif
