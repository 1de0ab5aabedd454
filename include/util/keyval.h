/*
 * "key=value,key=value" as options write it: a comma inside a value is doubled.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_UTIL_KEYVAL_H
#define VIREO_UTIL_KEYVAL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

typedef struct KeyVal {
    char *key;
    char *value;
    bool used; /* set by keyval_take(): somebody understood it */
} KeyVal;

typedef struct KeyVals {
    GPtrArray *list; /* of KeyVal, in the order written */
} KeyVals;

/*
 * Parses text. implied_key names the key of a first part without "=", or NULL if the first part
 * needs one. A key given twice, an empty key and a part without "=" are errors, except that with
 * allow_bare a part "name" means name=on. An implied key may have an empty value. Text is UTF-8.
 * Returns NULL on error. A text that begins with a brace is a JSON object instead, see util/json.h.
 * "help" and "?" as a bare part become key "help", value "on".
 */
KeyVals *keyval_parse(const char *text, const char *implied_key, bool allow_bare, Error **errp);
/* The same, but a key may be repeated; each occurrence is a pair of its own in the list. */
KeyVals *keyval_parse_list(const char *text, const char *implied_key, bool allow_bare,
                           Error **errp);
void keyval_free(KeyVals *kv);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeyVals, keyval_free)

/* The value, or NULL. get leaves it unused; take marks it used. Owned by kv. */
const char *keyval_get(const KeyVals *kv, const char *key);
const char *keyval_take(KeyVals *kv, const char *key);

/* Appends a pair; the strings are copied. */
void keyval_add(KeyVals *kv, const char *key, const char *value);

/*
 * Fails on the first key that nobody took: "no property 'drvie' (did you mean 'drive'?)".
 * known is a NULL-terminated list of the names accepted.
 */
bool keyval_check_used(const KeyVals *kv, const char *const *known, Error **errp);

/* "on|off|yes|no|true|false|y|n". The error names the key, the value and what is accepted. */
bool parse_bool(const char *key, const char *value, bool *out, Error **errp);

/* Whole numbers, decimal, 0x hex or 0 octal, no junk, no sign for u64, min <= v <= max. */
bool parse_u64(const char *key, const char *value, uint64_t min, uint64_t max, uint64_t *out,
               Error **errp);
bool parse_i64(const char *key, const char *value, int64_t min, int64_t max, int64_t *out,
               Error **errp);

/*
 * Byte sizes: a number, a decimal fraction allowed with a suffix, then B K M G T P E (powers of
 * 1024, either case). default_suffix applies when there is none ('B' or 'M').
 */
bool parse_size(const char *key, const char *value, char default_suffix, uint64_t *out,
                Error **errp);

/* "01234567-89ab-cdef-0123-456789abcdef", as written: the first digits first. The error names
 * neither key nor value. */
bool parse_uuid(const char *text, uint8_t out[16], Error **errp);

/*
 * The candidate nearest to name by edit distance, or NULL if none is near enough to be a likely
 * slip (distance <= 1 + length/3, 1 for up to three letters). candidates is NULL-terminated.
 */
const char *nearest_name(const char *name, const char *const *candidates);

#endif
