/*
 * Values of options: truth, whole numbers, sizes.
 *
 * SPDX-License-Identifier: MIT
 */
#include "util/keyval.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

bool parse_bool(const char *key, const char *value, bool *out, Error **errp)
{
    static const char *const yes[] = { "on", "yes", "true", "y" };
    static const char *const no[] = { "off", "no", "false", "n" };

    for (size_t i = 0; i < G_N_ELEMENTS(yes); i++) {
        if (!strcmp(value, yes[i])) {
            *out = true;
            return true;
        }
        if (!strcmp(value, no[i])) {
            *out = false;
            return true;
        }
    }
    error_setg(errp, "invalid value '%s' for '%s': expected 'on' or 'off'", value, key);
    return false;
}

/* Digits of a base as C writes it, all of text, at least one; *overflow if past 2^64. */
static bool scan_u64(const char *text, uint64_t *out, bool *overflow)
{
    unsigned base = 10;
    uint64_t v = 0;

    *overflow = false;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    } else if (text[0] == '0' && text[1]) {
        base = 8;
        text++;
    }
    if (!*text) {
        return false;
    }
    for (; *text; text++) {
        int d = g_ascii_xdigit_value(*text);

        if (d < 0 || (unsigned)d >= base) {
            return false;
        }
        if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, (uint64_t)d, &v)) {
            *overflow = true;
        }
    }
    *out = v;
    return true;
}

bool parse_u64(const char *key, const char *value, uint64_t min, uint64_t max, uint64_t *out,
               Error **errp)
{
    bool overflow;
    uint64_t v;

    if (!scan_u64(value, &v, &overflow)) {
        if (min == 0 && max == UINT64_MAX) {
            error_setg(errp, "invalid value '%s' for '%s': expected a whole number", value, key);
        } else {
            error_setg(errp,
                       "invalid value '%s' for '%s': expected a whole number from %" PRIu64
                       " to %" PRIu64,
                       value, key, min, max);
        }
        return false;
    }
    if (overflow || v < min || v > max) {
        error_setg(errp, "value '%s' for '%s' is out of range (%" PRIu64 " to %" PRIu64 ")", value,
                   key, min, max);
        return false;
    }
    *out = v;
    return true;
}

bool parse_i64(const char *key, const char *value, int64_t min, int64_t max, int64_t *out,
               Error **errp)
{
    bool negative = value[0] == '-';
    bool overflow;
    uint64_t v;

    if (!scan_u64(value + negative, &v, &overflow)) {
        error_setg(errp,
                   "invalid value '%s' for '%s': expected a whole number from %" PRId64
                   " to %" PRId64,
                   value, key, min, max);
        return false;
    }
    /* -2^63 has no positive twin, so compare before negating. */
    overflow |= v > (uint64_t)INT64_MAX + (negative ? 1 : 0);
    if (!overflow) {
        int64_t i = negative ? (int64_t)(0 - v) : (int64_t)v;

        if (i >= min && i <= max) {
            *out = i;
            return true;
        }
    }
    error_setg(errp, "value '%s' for '%s' is out of range (%" PRId64 " to %" PRId64 ")", value,
               key, min, max);
    return false;
}

static int suffix_shift(char c)
{
    static const char suffixes[] = "BKMGTPE";
    const char *p = c ? strchr(suffixes, g_ascii_toupper(c)) : NULL;

    return p ? (int)(p - suffixes) * 10 : -1;
}

/* NUMBER[.FRACTION][SUFFIX]. Returns 0, or EINVAL, or ERANGE. */
static int scan_size(const char *text, char default_suffix, uint64_t *out)
{
    const char *p = text;
    uint64_t whole = 0, frac = 0, scale = 1, bytes;
    bool overflow = false, fraction = false;
    int shift;

    if (!g_ascii_isdigit(*p)) {
        return EINVAL;
    }
    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
        /* 'B' and 'E' are digits here, so a hexadecimal size has no suffix and counts bytes. */
        return scan_u64(p, out, &overflow) ? (overflow ? ERANGE : 0) : EINVAL;
    }
    for (; g_ascii_isdigit(*p); p++) {
        overflow |= __builtin_mul_overflow(whole, 10ULL, &whole);
        overflow |= __builtin_add_overflow(whole, (uint64_t)(*p - '0'), &whole);
    }
    if (*p == '.') {
        fraction = true;
        for (p++; g_ascii_isdigit(*p); p++) {
            if (scale < 1000000) { /* further digits are below any use */
                frac = frac * 10 + (*p - '0');
                scale *= 10;
            }
        }
    }
    if (*p && p[1]) {
        return EINVAL;
    }
    shift = suffix_shift(*p ? *p : default_suffix);
    if (shift < 0 || (fraction && (!*p || shift == 0))) {
        return EINVAL;
    }
    overflow |= __builtin_mul_overflow(whole, 1ULL << shift, &bytes);
    overflow |= __builtin_add_overflow(
        bytes, (uint64_t)((unsigned __int128)frac * (1ULL << shift) / scale), &bytes);
    *out = bytes;
    return overflow ? ERANGE : 0;
}

bool parse_size(const char *key, const char *value, char default_suffix, uint64_t *out,
                Error **errp)
{
    uint64_t v;

    switch (scan_size(value, default_suffix, &v)) {
    case 0:
        *out = v;
        return true;
    case ERANGE:
        error_setg(errp, "value '%s' for '%s' is out of range (at most 2^64-1 bytes)", value, key);
        return false;
    default:
        error_setg(errp,
                   "invalid value '%s' for '%s': expected a size such as 512M or 2G (suffixes"
                   " B, K, M, G, T, P, E)",
                   value, key);
        return false;
    }
}

bool parse_uuid(const char *text, uint8_t out[16], Error **errp)
{
    if (!g_uuid_string_is_valid(text)) {
        error_setg(errp, "expected hexadecimal digits like 01234567-89ab-cdef-0123-456789abcdef");
        return false;
    }
    for (unsigned i = 0; i < 16; i++) {
        text += *text == '-';
        out[i] = (uint8_t)(g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]));
        text += 2;
    }
    return true;
}
