/*
 * State tables: reset, save, load, print.
 *
 * The saved form of an object, all numbers little-endian:
 *   object: u16 tables, then each table, the root class's first
 *   table:  name, rows
 *   rows:   u16 number of rows, then each row
 *   row:    name, u8 type, u32 count, then count values; a struct's value is rows again
 *   name:   u8 length, bytes
 *
 * SPDX-License-Identifier: MIT
 */
#include "qom/state.h"

#include <inttypes.h>
#include <string.h>

#include "qom/internal.h"

/* Tables of an object's classes, root first. */
static GPtrArray *state_tables(const Object *obj)
{
    GPtrArray *tables = g_ptr_array_new();

    for (const ObjectClass *k = obj->klass; k; k = object_class_parent(k)) {
        if (k->state) {
            g_ptr_array_insert(tables, 0, (void *)k->state);
        }
    }
    return tables;
}

static uint32_t count_of(const StateField *f, const void *base)
{
    if ((f->flags & STATE_POINTER) && f->count_offset) {
        return *(const uint32_t *)((const char *)base + f->count_offset);
    }
    return f->count ? f->count : 1;
}

/* Where the elements are; NULL for a pointer that has not been allocated. */
static void *elements_of(const StateField *f, const void *base)
{
    char *at = (char *)base + f->offset;

    return f->flags & STATE_POINTER ? *(void **)at : at;
}

size_t state_element_size(const StateField *f)
{
    switch (f->type) {
    case STATE_U8:
    case STATE_BOOL:
    case STATE_BYTES:
        return 1;
    case STATE_U16:
        return 2;
    case STATE_U32:
        return 4;
    case STATE_U64:
        return 8;
    case STATE_STRUCT:
        return f->size;
    }
    return 0;
}

static uint64_t read_element(const StateField *f, const void *at)
{
    switch (state_element_size(f)) {
    case 1:
        return *(const uint8_t *)at;
    case 2:
        return *(const uint16_t *)at;
    case 4:
        return *(const uint32_t *)at;
    default:
        return *(const uint64_t *)at;
    }
}

static void write_element(const StateField *f, void *at, uint64_t v)
{
    switch (state_element_size(f)) {
    case 1:
        *(uint8_t *)at = (uint8_t)v;
        break;
    case 2:
        *(uint16_t *)at = (uint16_t)v;
        break;
    case 4:
        *(uint32_t *)at = (uint32_t)v;
        break;
    default:
        *(uint64_t *)at = v;
        break;
    }
}

/* ---- Reset ---- */

static void reset_rows(const StateField *rows, void *base)
{
    for (const StateField *f = rows; f->name; f++) {
        char *at = elements_of(f, base);
        uint32_t n = count_of(f, base);
        size_t size = state_element_size(f);

        if ((f->flags & STATE_NO_RESET) || !at) {
            continue;
        }
        for (uint32_t i = 0; i < n; i++, at += size) {
            if (f->type == STATE_STRUCT) {
                reset_rows(f->sub, at);
            } else {
                write_element(f, at, f->reset);
            }
        }
    }
}

void object_state_reset(void *obj)
{
    g_autoptr(GPtrArray) tables = state_tables(obj);

    for (guint i = 0; i < tables->len; i++) {
        reset_rows(((const StateTable *)g_ptr_array_index(tables, i))->fields, obj);
    }
}

/* ---- Save ---- */

static void put(GByteArray *out, uint64_t v, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t b = (uint8_t)(v >> (8 * i));

        g_byte_array_append(out, &b, 1);
    }
}

static void put_name(GByteArray *out, const char *name)
{
    size_t len = MIN(strlen(name), 255);

    put(out, len, 1);
    g_byte_array_append(out, (const guint8 *)name, len);
}

static bool is_saved(const StateField *f, const void *base)
{
    return !(f->flags & STATE_TRANSIENT) && elements_of(f, base);
}

static unsigned saved_rows(const StateField *rows, const void *base)
{
    unsigned n = 0;

    for (const StateField *f = rows; f->name; f++) {
        n += is_saved(f, base);
    }
    return n;
}

static void save_rows(const StateField *rows, const void *base, GByteArray *out)
{
    put(out, saved_rows(rows, base), 2);
    for (const StateField *f = rows; f->name; f++) {
        const char *at = elements_of(f, base);
        uint32_t n = count_of(f, base);
        size_t size = state_element_size(f);

        if (!is_saved(f, base)) {
            continue;
        }
        put_name(out, f->name);
        put(out, f->type, 1);
        put(out, n, 4);
        if (f->type == STATE_BYTES) {
            g_byte_array_append(out, (const guint8 *)at, n);
            continue;
        }
        for (uint32_t i = 0; i < n; i++, at += size) {
            if (f->type == STATE_STRUCT) {
                save_rows(f->sub, at, out);
            } else {
                put(out, read_element(f, at), size);
            }
        }
    }
}

void object_state_save(void *obj, GByteArray *out)
{
    g_autoptr(GPtrArray) tables = state_tables(obj);

    put(out, tables->len, 2);
    for (guint i = 0; i < tables->len; i++) {
        const StateTable *t = g_ptr_array_index(tables, i);

        if (t->pre_save) {
            t->pre_save(obj);
        }
        put_name(out, t->name);
        save_rows(t->fields, obj, out);
    }
}

/* ---- Load ---- */

typedef struct Reader {
    const uint8_t *data;
    size_t len;
    bool short_data; /* a read went past the end */
} Reader;

static uint64_t take(Reader *r, size_t size)
{
    uint64_t v = 0;

    if (r->len < size) {
        r->short_data = true;
        r->len = 0;
        return 0;
    }
    for (size_t i = 0; i < size; i++) {
        v |= (uint64_t)r->data[i] << (8 * i);
    }
    r->data += size;
    r->len -= size;
    return v;
}

/* Into a buffer of 256 bytes. */
static void take_name(Reader *r, char *name)
{
    size_t len = take(r, 1);

    if (len > r->len) {
        r->short_data = true;
        len = r->len;
    }
    memcpy(name, r->data, len);
    name[len] = 0;
    r->data += len;
    r->len -= len;
}

static bool truncated(const Reader *r, const char *where, Error **errp)
{
    if (r->short_data) {
        error_setg(errp, "%s: the saved state ends too early", where);
    }
    return r->short_data;
}

static uint64_t largest(const StateField *f)
{
    if (f->max) {
        return f->max;
    }
    if (f->type == STATE_BOOL) {
        return 1;
    }
    return state_element_size(f) >= 8 ? UINT64_MAX : (1ULL << (8 * state_element_size(f))) - 1;
}

static bool load_rows(Reader *r, const StateField *rows, void *base, const char *where,
                      Error **errp);

static bool load_values(Reader *r, const StateField *f, char *at, uint32_t n, const char *where,
                        Error **errp)
{
    size_t size = state_element_size(f);

    for (uint32_t i = 0; i < n; i++, at += size) {
        uint64_t v;

        if (f->type == STATE_STRUCT) {
            g_autofree char *sub = g_strdup_printf("%s.%s[%u]", where, f->name, i);

            if (!load_rows(r, f->sub, at, sub, errp)) {
                return false;
            }
            continue;
        }
        v = take(r, size);
        if (truncated(r, where, errp)) {
            return false;
        }
        if (f->type != STATE_BYTES && v > largest(f)) {
            error_setg(errp, "%s.%s: value 0x%" PRIx64 " is above 0x%" PRIx64, where, f->name, v,
                       largest(f));
            return false;
        }
        write_element(f, at, v);
    }
    return true;
}

/* Whether f holds the length of an array among rows: loading may not change it. */
static bool is_length(const StateField *f, const StateField *rows)
{
    for (; rows->name; rows++) {
        if ((rows->flags & STATE_POINTER) && rows->count_offset == f->offset) {
            return true;
        }
    }
    return false;
}

static bool load_row(Reader *r, const StateField *f, const StateField *rows, void *base,
                     const char *where, Error **errp)
{
    unsigned type = take(r, 1);
    uint32_t n = take(r, 4);
    uint64_t length = f->type == STATE_U32 ? read_element(f, elements_of(f, base)) : 0;

    if (truncated(r, where, errp)) {
        return false;
    }
    if (type != f->type) {
        error_setg(errp, "%s.%s: saved as type %u, expected %u", where, f->name, type, f->type);
        return false;
    }
    if (n != count_of(f, base)) {
        error_setg(errp, "%s.%s: %u elements saved, expected %u", where, f->name, n,
                   count_of(f, base));
        return false;
    }
    if (!load_values(r, f, elements_of(f, base), n, where, errp)) {
        return false;
    }
    if (f->type == STATE_U32 && is_length(f, rows) &&
        length != read_element(f, elements_of(f, base))) {
        error_setg(errp, "%s.%s: differs from this machine's %" PRIu64, where, f->name, length);
        return false;
    }
    return true;
}

/* Rows may come in any order, each exactly once. */
static bool load_rows(Reader *r, const StateField *rows, void *base, const char *where,
                      Error **errp)
{
    unsigned n = take(r, 2), nr_fields = 0;
    g_autofree bool *seen = NULL;

    while (rows[nr_fields].name) {
        nr_fields++;
    }
    seen = g_new0(bool, nr_fields + 1);
    for (unsigned i = 0; i < n; i++) {
        char name[256];
        unsigned k = 0;

        take_name(r, name);
        if (truncated(r, where, errp)) {
            return false;
        }
        while (k < nr_fields && (strcmp(rows[k].name, name) || !is_saved(&rows[k], base))) {
            k++;
        }
        if (k == nr_fields) {
            error_setg(errp, "%s: unknown field '%s'", where, name);
            return false;
        }
        if (seen[k]) {
            error_setg(errp, "%s: field '%s' comes twice", where, name);
            return false;
        }
        seen[k] = true;
        if (!load_row(r, &rows[k], rows, base, where, errp)) {
            return false;
        }
    }
    for (unsigned k = 0; k < nr_fields; k++) {
        if (!seen[k] && is_saved(&rows[k], base)) {
            error_setg(errp, "%s: field '%s' is missing", where, rows[k].name);
            return false;
        }
    }
    return !truncated(r, where, errp);
}

static bool load_tables(Reader *r, GPtrArray *tables, void *scratch, Error **errp)
{
    const char *type = object_type_name(scratch);
    unsigned n = take(r, 2);

    if (truncated(r, type, errp)) {
        return false;
    }
    if (n != tables->len) {
        error_setg(errp, "%s: %u state tables saved, expected %u", type, n, tables->len);
        return false;
    }
    for (guint i = 0; i < tables->len; i++) {
        const StateTable *t = g_ptr_array_index(tables, i);
        char name[256];

        take_name(r, name);
        if (truncated(r, type, errp)) {
            return false;
        }
        if (strcmp(name, t->name)) {
            error_setg(errp, "%s: state table '%s' saved, expected '%s'", type, name, t->name);
            return false;
        }
        if (!load_rows(r, t->fields, scratch, t->name, errp)) {
            return false;
        }
    }
    if (r->len) {
        error_setg(errp, "%s: %zu bytes too many in the saved state", type, r->len);
        return false;
    }
    for (guint i = 0; i < tables->len; i++) {
        const StateTable *t = g_ptr_array_index(tables, i);

        if (t->check && !t->check(scratch, errp)) {
            return false;
        }
    }
    return true;
}

/* Gives a shallow copy arrays of its own; `made` owns them. */
static void detach_arrays(const StateField *rows, void *base, GPtrArray *made)
{
    for (const StateField *f = rows; f->name; f++) {
        char *at = elements_of(f, base);
        uint32_t n = count_of(f, base);

        if (!at) {
            continue;
        }
        if (f->flags & STATE_POINTER) {
            at = g_memdup2(at, state_element_size(f) * n);
            *(void **)((char *)base + f->offset) = at;
            g_ptr_array_add(made, at);
        }
        for (uint32_t i = 0; f->type == STATE_STRUCT && i < n; i++) {
            detach_arrays(f->sub, at + i * f->size, made);
        }
    }
}

/* Copies what was loaded. Pointers themselves stay as they are on both sides. */
static void commit_rows(const StateField *rows, void *to, const void *from)
{
    for (const StateField *f = rows; f->name; f++) {
        char *dst = elements_of(f, to);
        const char *src = elements_of(f, from);
        uint32_t n = count_of(f, to);

        if (!is_saved(f, to)) {
            continue;
        }
        if (f->type != STATE_STRUCT) {
            memcpy(dst, src, state_element_size(f) * n);
            continue;
        }
        for (uint32_t i = 0; i < n; i++) {
            commit_rows(f->sub, dst + i * f->size, src + i * f->size);
        }
    }
}

bool object_state_load(void *ptr, const uint8_t *data, size_t len, Error **errp)
{
    Object *obj = ptr;
    Reader r = { data, len, false };
    g_autoptr(GPtrArray) tables = state_tables(obj);
    g_autoptr(GPtrArray) arrays = g_ptr_array_new_with_free_func(g_free);
    g_autofree void *scratch = g_memdup2(obj, obj->klass->type->instance_size);

    for (guint i = 0; i < tables->len; i++) {
        detach_arrays(((const StateTable *)g_ptr_array_index(tables, i))->fields, scratch, arrays);
    }
    if (!load_tables(&r, tables, scratch, errp)) {
        return false;
    }
    for (guint i = 0; i < tables->len; i++) {
        commit_rows(((const StateTable *)g_ptr_array_index(tables, i))->fields, obj, scratch);
    }
    for (guint i = 0; i < tables->len; i++) {
        const StateTable *t = g_ptr_array_index(tables, i);

        if (t->post_load) {
            t->post_load(obj);
        }
    }
    return true;
}

/* ---- Print ---- */

static void print_rows(const StateField *rows, const void *base, const char *prefix, GString *out)
{
    for (const StateField *f = rows; f->name; f++) {
        const char *at = elements_of(f, base);
        uint32_t n = count_of(f, base);
        size_t size = state_element_size(f);

        if (!at) {
            continue;
        }
        if (f->type == STATE_STRUCT) {
            for (uint32_t i = 0; i < n; i++) {
                g_autofree char *sub = g_strdup_printf("%s%s[%u].", prefix, f->name, i);

                print_rows(f->sub, at + i * size, sub, out);
            }
            continue;
        }
        g_string_append_printf(out, "%s%s =", prefix, f->name);
        for (uint32_t i = 0; i < n && i < 64; i++) {
            g_string_append_printf(out, " 0x%" PRIx64, read_element(f, at + i * size));
        }
        g_string_append(out, n > 64 ? " ...\n" : "\n");
    }
}

void object_state_print(void *obj, GString *out)
{
    g_autoptr(GPtrArray) tables = state_tables(obj);

    for (guint i = 0; i < tables->len; i++) {
        print_rows(((const StateTable *)g_ptr_array_index(tables, i))->fields, obj, "", out);
    }
}
