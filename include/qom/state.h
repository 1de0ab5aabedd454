/*
 * State tables: every mutable field of a device or CPU is a row, and reset, save, load,
 * introspection and the fuzz harness read the rows. What a guest cannot observe after a reset and
 * what is recomputed from other fields is marked transient, so that nothing is merely forgotten.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_QOM_STATE_H
#define VIREO_QOM_STATE_H

#include "qom/object.h"

typedef enum StateType {
    STATE_U8,
    STATE_U16,
    STATE_U32,
    STATE_U64,
    STATE_BOOL,
    STATE_BYTES,  /* count bytes, uninterpreted */
    STATE_STRUCT, /* count structs described by sub, each `size` bytes apart */
} StateType;

typedef enum StateFlags {
    STATE_TRANSIENT = 1 << 0, /* neither saved nor loaded; reset like the others */
    STATE_NO_RESET = 1 << 1,  /* keeps its value over a reset */
    STATE_POINTER = 1 << 2,   /* the field is a pointer to the array */
} StateFlags;

typedef struct StateField {
    const char *name; /* NULL ends the table */
    StateType type;
    size_t offset;
    uint32_t count;          /* elements; 0 means 1 */
    size_t count_offset;     /* with STATE_POINTER: offset of a uint32_t that holds the count */
    size_t size;             /* of one STATE_STRUCT */
    const struct StateField *sub;
    uint64_t reset;          /* value of every element after reset */
    uint64_t max;            /* largest legal value when loaded; 0 means that of the type */
    unsigned flags;
} StateField;

struct StateTable {
    const char *name;
    const StateField *fields;
    void (*pre_save)(Object *obj);                   /* fills fields from where the truth is */
    bool (*check)(const Object *scratch, Error **errp); /* cross-field checks before commit */
    void (*post_load)(Object *obj);                  /* recomputes transient fields */
};

#define STATE_(State, field_) .name = #field_, .offset = offsetof(State, field_)
#define S_U8(State, f, ...) { STATE_(State, f), .type = STATE_U8, __VA_ARGS__ }
#define S_U16(State, f, ...) { STATE_(State, f), .type = STATE_U16, __VA_ARGS__ }
#define S_U32(State, f, ...) { STATE_(State, f), .type = STATE_U32, __VA_ARGS__ }
#define S_U64(State, f, ...) { STATE_(State, f), .type = STATE_U64, __VA_ARGS__ }
#define S_BOOL(State, f, ...) { STATE_(State, f), .type = STATE_BOOL, __VA_ARGS__ }
#define S_BYTES(State, f, n, ...) { STATE_(State, f), .type = STATE_BYTES, .count = (n), __VA_ARGS__ }
#define S_STRUCTS(State, f, n, Elem, sub_) \
    { STATE_(State, f), .type = STATE_STRUCT, .count = (n), .size = sizeof(Elem), .sub = (sub_) }
#define S_END { .name = NULL }

/* Bytes of one element of a field; a structure's are all of it. */
size_t state_element_size(const StateField *f);
/* Sets every field of obj's classes (root first) to its reset value, except STATE_NO_RESET. */
void object_state_reset(void *obj);

/* Appends obj's state to out: per class the table's name, then each row as name and bytes,
 * little-endian, so that a reader finds what it does not know. */
void object_state_save(void *obj, GByteArray *out);

/* Reads what save wrote. Every row is checked in a scratch copy before obj changes; missing,
 * unknown, extra or out-of-range rows are named in the error and leave obj as it was. */
bool object_state_load(void *obj, const uint8_t *data, size_t len, Error **errp);

/* Appends "name = value" lines, for the monitor. */
void object_state_print(void *obj, GString *out);

#endif
