/*
 * The types of properties: how each is parsed, printed and freed.
 *
 * SPDX-License-Identifier: MIT
 */
#include "qom/property.h"

#include <inttypes.h>
#include <string.h>

/* ---- Truth ---- */

static bool bool_parse(Object *obj, const Property *p, void *field, const char *text,
                       Error **errp)
{
    return parse_bool(p->name, text, field, errp);
}

static char *bool_print(const Object *obj, const Property *p, const void *field)
{
    return g_strdup(*(const bool *)field ? "on" : "off");
}

static void bool_default(const Property *p, void *field)
{
    *(bool *)field = p->def.u != 0;
}

const PropertyType prop_bool = {
    .name = "bool", .parse = bool_parse, .print = bool_print, .set_default = bool_default,
    .size = sizeof(bool),
};

static bool bit_parse(Object *obj, const Property *p, void *field, const char *text, Error **errp)
{
    uint64_t *word = (uint64_t *)field + p->bit / 64;
    uint64_t mask = 1ULL << (p->bit % 64);
    bool on;

    if (!parse_bool(p->name, text, &on, errp)) {
        return false;
    }
    *word = on ? *word | mask : *word & ~mask;
    return true;
}

static char *bit_print(const Object *obj, const Property *p, const void *field)
{
    return g_strdup(((const uint64_t *)field)[p->bit / 64] >> (p->bit % 64) & 1 ? "on" : "off");
}

static void bit_default(const Property *p, void *field)
{
    uint64_t *word = (uint64_t *)field + p->bit / 64;
    uint64_t mask = 1ULL << (p->bit % 64);

    *word = p->def.u ? *word | mask : *word & ~mask;
}

/* No size: the words are shared with other rows, so the old value is put back as text. */
const PropertyType prop_bit = {
    .name = "bool", .parse = bit_parse, .print = bit_print, .set_default = bit_default,
};

/* ---- Whole numbers ---- */

#define DEFINE_UNSIGNED(bits)                                                                    \
    static bool u##bits##_parse(Object *obj, const Property *p, void *field, const char *text,   \
                                Error **errp)                                                    \
    {                                                                                            \
        uint64_t max = p->min || p->max ? p->max : UINT##bits##_MAX;                             \
        uint64_t v;                                                                              \
                                                                                                 \
        if (!parse_u64(p->name, text, p->min, max, &v, errp)) {                                  \
            return false;                                                                        \
        }                                                                                        \
        *(uint##bits##_t *)field = (uint##bits##_t)v;                                            \
        return true;                                                                             \
    }                                                                                            \
    static char *u##bits##_print(const Object *obj, const Property *p, const void *field)        \
    {                                                                                            \
        return g_strdup_printf("%" PRIu64, (uint64_t) * (const uint##bits##_t *)field);          \
    }                                                                                            \
    static void u##bits##_default(const Property *p, void *field)                                \
    {                                                                                            \
        *(uint##bits##_t *)field = (uint##bits##_t)p->def.u;                                     \
    }                                                                                            \
    const PropertyType prop_u##bits = {                                                          \
        .name = "uint" #bits, .parse = u##bits##_parse, .print = u##bits##_print,                \
        .set_default = u##bits##_default, .size = bits / 8,                                      \
    };

DEFINE_UNSIGNED(8)
DEFINE_UNSIGNED(16)
DEFINE_UNSIGNED(32)
DEFINE_UNSIGNED(64)

#define DEFINE_SIGNED(bits)                                                                      \
    static bool i##bits##_parse(Object *obj, const Property *p, void *field, const char *text,   \
                                Error **errp)                                                    \
    {                                                                                            \
        bool ranged = p->min || p->max;                                                          \
        int64_t lo = ranged ? (int64_t)p->min : INT##bits##_MIN;                                 \
        int64_t hi = ranged ? (int64_t)p->max : INT##bits##_MAX;                                 \
        int64_t v;                                                                               \
                                                                                                 \
        if (!parse_i64(p->name, text, lo, hi, &v, errp)) {                                       \
            return false;                                                                        \
        }                                                                                        \
        *(int##bits##_t *)field = (int##bits##_t)v;                                              \
        return true;                                                                             \
    }                                                                                            \
    static char *i##bits##_print(const Object *obj, const Property *p, const void *field)        \
    {                                                                                            \
        return g_strdup_printf("%" PRId64, (int64_t) * (const int##bits##_t *)field);            \
    }                                                                                            \
    static void i##bits##_default(const Property *p, void *field)                                \
    {                                                                                            \
        *(int##bits##_t *)field = (int##bits##_t)p->def.i;                                       \
    }                                                                                            \
    const PropertyType prop_i##bits = {                                                          \
        .name = "int" #bits, .parse = i##bits##_parse, .print = i##bits##_print,                 \
        .set_default = i##bits##_default, .size = bits / 8,                                      \
    };

DEFINE_SIGNED(32)
DEFINE_SIGNED(64)

/* ---- Sizes ---- */

/* The largest unit that shows the value without a fraction. */
static char *size_text(uint64_t v)
{
    static const char units[] = "KMGTPE";
    char unit = 0;

    for (const char *u = units; *u && v && !(v & 1023); u++) {
        v >>= 10;
        unit = *u;
    }
    return unit ? g_strdup_printf("%" PRIu64 "%c", v, unit) : g_strdup_printf("%" PRIu64, v);
}

static bool size_parse(Object *obj, const Property *p, void *field, const char *text,
                       Error **errp)
{
    uint64_t v;

    if (!parse_size(p->name, text, 'B', &v, errp)) {
        return false;
    }
    if ((p->min || p->max) && (v < p->min || v > p->max)) {
        g_autofree char *lo = size_text(p->min);
        g_autofree char *hi = size_text(p->max);

        error_setg(errp, "value '%s' for '%s' is out of range (%s to %s)", text, p->name, lo, hi);
        return false;
    }
    *(uint64_t *)field = v;
    return true;
}

static char *size_print(const Object *obj, const Property *p, const void *field)
{
    return size_text(*(const uint64_t *)field);
}

const PropertyType prop_size = {
    .name = "size", .parse = size_parse, .print = size_print, .set_default = u64_default,
    .size = sizeof(uint64_t),
};

/* ---- Text ---- */

static bool str_parse(Object *obj, const Property *p, void *field, const char *text, Error **errp)
{
    *(char **)field = g_strdup(text);
    return true;
}

static char *str_print(const Object *obj, const Property *p, const void *field)
{
    char *s = *(char *const *)field;

    return g_strdup(s ? s : "");
}

static void str_default(const Property *p, void *field)
{
    *(char **)field = g_strdup(p->def.s);
}

static void str_release(const Property *p, void *field)
{
    g_free(*(char **)field);
}

const PropertyType prop_str = {
    .name = "str", .parse = str_parse, .print = str_print, .set_default = str_default,
    .release = str_release, .size = sizeof(char *),
};

/* The field keeps its old array until parse has made a longer one; the caller frees the old. */
static bool strv_parse(Object *obj, const Property *p, void *field, const char *text,
                       Error **errp)
{
    char **old = *(char ***)field;
    guint n = old ? g_strv_length(old) : 0;
    char **now = g_new0(char *, n + 2);

    for (guint i = 0; i < n; i++) {
        now[i] = g_strdup(old[i]);
    }
    now[n] = g_strdup(text);
    *(char ***)field = now;
    return true;
}

static char *strv_print(const Object *obj, const Property *p, const void *field)
{
    char **v = *(char **const *)field;

    return v ? g_strjoinv(",", v) : g_strdup("");
}

static void strv_default(const Property *p, void *field)
{
    *(char ***)field = NULL;
}

static void strv_release(const Property *p, void *field)
{
    g_strfreev(*(char ***)field);
}

const PropertyType prop_strv = {
    .name = "str, repeatable", .parse = strv_parse, .print = strv_print,
    .set_default = strv_default, .release = strv_release, .size = sizeof(char **),
    .repeatable = true,
};

/* ---- Words of a list ---- */

static bool word_parse(const Property *p, const EnumName *names, int *out, const char *text,
                       Error **errp)
{
    const char *words[64];
    const char *near;
    size_t n = 0;
    g_autofree char *all = NULL;

    for (const EnumName *e = names; e->name; e++) {
        if (!strcmp(e->name, text)) {
            *out = e->value;
            return true;
        }
        if (n < G_N_ELEMENTS(words) - 1) {
            words[n++] = e->name;
        }
    }
    words[n] = NULL;
    near = nearest_name(text, words);
    all = g_strjoinv(", ", (char **)words);
    if (near) {
        error_setg(errp, "invalid value '%s' for '%s' (did you mean '%s'?)", text, p->name, near);
    } else {
        error_setg(errp, "invalid value '%s' for '%s': expected one of %s", text, p->name, all);
    }
    return false;
}

static char *word_print(const EnumName *names, int value)
{
    for (const EnumName *e = names; e->name; e++) {
        if (e->value == value) {
            return g_strdup(e->name);
        }
    }
    return g_strdup_printf("%d", value);
}

static void word_default(const Property *p, void *field)
{
    *(int *)field = (int)p->def.i;
}

static bool enum_parse(Object *obj, const Property *p, void *field, const char *text,
                       Error **errp)
{
    return word_parse(p, p->names, field, text, errp);
}

static char *enum_print(const Object *obj, const Property *p, const void *field)
{
    return word_print(p->names, *(const int *)field);
}

const PropertyType prop_enum = {
    .name = "enum", .parse = enum_parse, .print = enum_print, .set_default = word_default,
    .size = sizeof(int),
};

static const EnumName on_off_auto_names[] = {
    { "on", ON_OFF_AUTO_ON, NULL },
    { "off", ON_OFF_AUTO_OFF, NULL },
    { "auto", ON_OFF_AUTO_AUTO, NULL },
    { NULL, 0, NULL },
};

static bool on_off_auto_parse(Object *obj, const Property *p, void *field, const char *text,
                              Error **errp)
{
    return word_parse(p, on_off_auto_names, field, text, errp);
}

static char *on_off_auto_print(const Object *obj, const Property *p, const void *field)
{
    return word_print(on_off_auto_names, *(const int *)field);
}

const PropertyType prop_on_off_auto = {
    .name = "on|off|auto", .parse = on_off_auto_parse, .print = on_off_auto_print,
    .set_default = word_default, .size = sizeof(int),
};

/* ---- Links ---- */

/* "/drives" holds what users call a drive. */
static char *container_kind(const char *container)
{
    size_t len = strlen(container);

    return g_strndup(container + 1, len - 1 - (container[len - 1] == 's'));
}

static void no_such_link(const Property *p, const char *text, Error **errp)
{
    g_autofree char *kind = p->container ? container_kind(p->container) : g_strdup("object");
    Object *c = p->container ? object_resolve_path(p->container) : NULL;
    g_autoptr(GPtrArray) ids = g_ptr_array_new();
    const char *near;

    for (guint i = 0; c && c->children && i < c->children->len; i++) {
        g_ptr_array_add(ids, ((Object *)g_ptr_array_index(c->children, i))->name);
    }
    g_ptr_array_add(ids, NULL);
    near = nearest_name(text, (const char *const *)ids->pdata);
    if (near) {
        error_setg(errp, "property '%s': there is no %s '%s' (did you mean '%s'?)", p->name, kind,
                   text, near);
    } else {
        error_setg(errp, "property '%s': there is no %s '%s'", p->name, kind, text);
    }
}

static bool link_parse(Object *obj, const Property *p, void *field, const char *text,
                       Error **errp)
{
    Object *target = NULL;

    if (text[0] == '/') {
        target = object_resolve_path(text);
    } else if (p->container) {
        Object *c = object_resolve_path(p->container);

        target = c ? object_child(c, text) : NULL;
    }
    if (!target) {
        no_such_link(p, text, errp);
        return false;
    }
    if (p->link_type && !object_dynamic_cast(target, p->link_type)) {
        error_setg(errp, "property '%s': '%s' is a %s, expected a %s", p->name, text,
                   object_type_name(target), p->link_type);
        return false;
    }
    *(Object **)field = object_ref(target);
    return true;
}

static char *link_print(const Object *obj, const Property *p, const void *field)
{
    const Object *target = *(Object *const *)field;

    if (!target) {
        return g_strdup("");
    }
    if (p->container && target->parent &&
        target->parent == object_resolve_path(p->container)) {
        return g_strdup(target->name);
    }
    return object_path(target);
}

static void link_default(const Property *p, void *field)
{
    *(Object **)field = NULL;
}

static void link_release(const Property *p, void *field)
{
    object_unref(*(Object **)field);
}

const PropertyType prop_link = {
    .name = "link", .parse = link_parse, .print = link_print, .set_default = link_default,
    .release = link_release, .size = sizeof(Object *),
};

/* ---- Ethernet addresses ---- */

static bool mac_parse(Object *obj, const Property *p, void *field, const char *text, Error **errp)
{
    uint8_t mac[6];
    bool ok = strlen(text) == 17;

    for (int i = 0; ok && i < 6; i++) {
        int hi = g_ascii_xdigit_value(text[3 * i]);
        int lo = g_ascii_xdigit_value(text[3 * i + 1]);
        char sep = text[3 * i + 2];

        ok = hi >= 0 && lo >= 0 && (i == 5 ? sep == 0 : sep == ':' || sep == '-');
        mac[i] = (uint8_t)(hi << 4 | lo);
    }
    if (!ok) {
        error_setg(errp, "invalid value '%s' for '%s': expected six bytes such as "
                   "52:54:00:12:34:56", text, p->name);
        return false;
    }
    if (mac[0] & 1) {
        error_setg(errp, "invalid value '%s' for '%s': this is a multicast address", text,
                   p->name);
        return false;
    }
    memcpy(field, mac, 6);
    return true;
}

static char *mac_print(const Object *obj, const Property *p, const void *field)
{
    const uint8_t *m = field;

    return g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

/* def.u holds the bytes in reading order, 0 meaning "the device chooses". */
static void mac_default(const Property *p, void *field)
{
    for (int i = 0; i < 6; i++) {
        ((uint8_t *)field)[i] = (uint8_t)(p->def.u >> (40 - 8 * i));
    }
}

const PropertyType prop_macaddr = {
    .name = "mac", .parse = mac_parse, .print = mac_print, .set_default = mac_default, .size = 6,
};
