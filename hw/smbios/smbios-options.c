/*
 * -smbios: what may be set, and what was.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/smbios/smbios-int.h"

#include <string.h>

#include "hw/core/loader.h"
#include "util/bits.h"
#include "util/keyval.h"

#define FILE_MAX (64 * KiB)
#define HEADER_LEN 4

static const SmbiosField smbios_fields[] = {
    { 0, "vendor", SMBIOS_TEXT, 0x04 },
    { 0, "version", SMBIOS_TEXT, 0x05 },
    { 0, "date", SMBIOS_TEXT, 0x08 },
    { 0, "release", SMBIOS_RELEASE, 0x14 },
    { 0, "uefi", SMBIOS_BIT, 0x13, 3 },
    { 1, "manufacturer", SMBIOS_TEXT, 0x04 },
    { 1, "product", SMBIOS_TEXT, 0x05 },
    { 1, "version", SMBIOS_TEXT, 0x06 },
    { 1, "serial", SMBIOS_TEXT, 0x07 },
    { 1, "uuid", SMBIOS_UUID, 0x08 },
    { 1, "sku", SMBIOS_TEXT, 0x19 },
    { 1, "family", SMBIOS_TEXT, 0x1a },
    { 2, "manufacturer", SMBIOS_TEXT, 0x04 },
    { 2, "product", SMBIOS_TEXT, 0x05 },
    { 2, "version", SMBIOS_TEXT, 0x06 },
    { 2, "serial", SMBIOS_TEXT, 0x07 },
    { 2, "asset", SMBIOS_TEXT, 0x08 },
    { 2, "location", SMBIOS_TEXT, 0x0a },
    { 3, "manufacturer", SMBIOS_TEXT, 0x04 },
    { 3, "version", SMBIOS_TEXT, 0x06 },
    { 3, "serial", SMBIOS_TEXT, 0x07 },
    { 3, "asset", SMBIOS_TEXT, 0x08 },
    { 3, "sku", SMBIOS_TEXT, 0x15 },
    { 4, "sock_pfx", SMBIOS_TEXT, 0x04 },
    { 4, "manufacturer", SMBIOS_TEXT, 0x07 },
    { 4, "version", SMBIOS_TEXT, 0x10 },
    { 4, "serial", SMBIOS_TEXT, 0x20 },
    { 4, "asset", SMBIOS_TEXT, 0x21 },
    { 4, "part", SMBIOS_TEXT, 0x22 },
    { 4, "max-speed", SMBIOS_NUMBER, 0x14, 2 },
    { 4, "current-speed", SMBIOS_NUMBER, 0x16, 2 },
    { 4, "processor-family", SMBIOS_NUMBER, 0x28, 2 },
    { 4, "processor-id", SMBIOS_NUMBER, 0x08, 8 },
    { 8, "internal_reference", SMBIOS_TEXT, 0x04 },
    { 8, "external_reference", SMBIOS_TEXT, 0x06 },
    { 8, "connector_type", SMBIOS_NUMBER, 0x07, 1 },
    { 8, "port_type", SMBIOS_NUMBER, 0x08, 1 },
    { 11, "value", SMBIOS_VALUE },
    { 11, "path", SMBIOS_PATH },
    { 17, "loc_pfx", SMBIOS_TEXT, 0x10 },
    { 17, "bank", SMBIOS_TEXT, 0x11 },
    { 17, "manufacturer", SMBIOS_TEXT, 0x17 },
    { 17, "serial", SMBIOS_TEXT, 0x18 },
    { 17, "asset", SMBIOS_TEXT, 0x19 },
    { 17, "part", SMBIOS_TEXT, 0x1a },
    { 17, "speed", SMBIOS_NUMBER, 0x15, 2 },
};

static void setting_free(gpointer p)
{
    SmbiosSetting *s = p;

    g_free(s->text);
    g_free(s);
}

static void file_free(gpointer p)
{
    g_byte_array_unref(p);
}

static void smbios_init(Object *obj)
{
    Smbios *s = SMBIOS(obj);

    s->settings = g_ptr_array_new_with_free_func(setting_free);
    s->files = g_ptr_array_new_with_free_func(file_free);
}

static void smbios_finalize(Object *obj)
{
    Smbios *s = SMBIOS(obj);

    g_ptr_array_unref(s->settings);
    g_ptr_array_unref(s->files);
}

Smbios *smbios_get(MachineState *ms)
{
    Object *obj = object_child(&ms->parent_obj, "smbios");

    if (!obj) {
        obj = object_new_known(TYPE_SMBIOS);
        object_add_child(&ms->parent_obj, "smbios", obj, NULL);
        object_unref(obj);
    }
    return SMBIOS(obj);
}

/* ---- Values ---- */

static bool parse_release(const char *text, uint64_t *out, Error **errp)
{
    g_auto(GStrv) parts = g_strsplit(text, ".", 2);
    uint64_t major, minor;

    if (!parts[0] || !parts[1] || !parse_u64("release", parts[0], 0, 255, &major, NULL) ||
        !parse_u64("release", parts[1], 0, 255, &minor, NULL)) {
        error_setg(errp, "release=%s: expected MAJOR.MINOR, each 0 to 255", text);
        return false;
    }
    *out = major | minor << 8;
    return true;
}

/* A table's string has no end but a zero byte, and none may be empty. */
static bool parse_path(SmbiosSetting *v, const char *path, Error **errp)
{
    uint8_t *data;
    uint64_t len;

    if (!load_file(path, FILE_MAX, &data, &len, errp)) {
        error_prepend(errp, "path=");
        return false;
    }
    v->text = g_strndup((char *)data, len);
    g_free(data);
    return true;
}

static bool parse_value(SmbiosSetting *v, const char *text, Error **errp)
{
    const SmbiosField *f = v->field;
    bool on;

    switch (f->kind) {
    case SMBIOS_TEXT:
    case SMBIOS_VALUE:
        v->text = g_strdup(text);
        return true;
    case SMBIOS_PATH:
        return parse_path(v, text, errp);
    case SMBIOS_NUMBER:
        return parse_u64(f->name, text, 0, f->size == 8 ? UINT64_MAX : (1ull << f->size * 8) - 1,
                         &v->number, errp);
    case SMBIOS_UUID:
        if (!parse_uuid(text, v->uuid, errp)) {
            error_prepend(errp, "%s=%s: ", f->name, text);
            return false;
        }
        return true;
    case SMBIOS_RELEASE:
        return parse_release(text, &v->number, errp);
    case SMBIOS_BIT:
        if (!parse_bool(f->name, text, &on, errp)) {
            return false;
        }
        v->number = on;
        return true;
    }
    return true;
}

/* ---- Options ---- */

static bool no_such_type(uint64_t type, Error **errp)
{
    error_setg(errp, "type=%" G_GUINT64_FORMAT " cannot be set by fields (there are: 0, 1, 2, 3, "
               "4, 8, 11, 17; file=FILE takes any)", type);
    return false;
}

static bool no_such_field(unsigned type, const char *name, Error **errp)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *all = NULL;
    const char *near;

    for (size_t i = 0; i < ARRAY_SIZE(smbios_fields); i++) {
        if (smbios_fields[i].type == type) {
            g_ptr_array_add(names, (char *)smbios_fields[i].name);
        }
    }
    g_ptr_array_add(names, NULL);
    near = nearest_name(name, (const char *const *)names->pdata);
    all = g_strjoinv(", ", (char **)names->pdata);
    if (near) {
        error_setg(errp, "type %u has no field '%s' (did you mean '%s'?)", type, name, near);
    } else {
        error_setg(errp, "type %u has no field '%s' (there are: %s)", type, name, all);
    }
    return false;
}

static bool add_fields(Smbios *s, unsigned type, KeyVals *kv, Error **errp)
{
    bool known = false;

    for (size_t i = 0; i < ARRAY_SIZE(smbios_fields); i++) {
        known |= smbios_fields[i].type == type;
    }
    if (!known) {
        return no_such_type(type, errp);
    }
    s->options++;
    for (guint i = 0; i < kv->list->len; i++) {
        KeyVal *p = g_ptr_array_index(kv->list, i);
        const SmbiosField *f = NULL;

        for (size_t k = 0; !p->used && k < ARRAY_SIZE(smbios_fields); k++) {
            if (smbios_fields[k].type == type && !strcmp(smbios_fields[k].name, p->key)) {
                f = &smbios_fields[k];
            }
        }
        if (p->used) {
            continue;
        }
        if (!f) {
            return no_such_field(type, p->key, errp);
        }
        SmbiosSetting *v = g_new0(SmbiosSetting, 1);
        v->field = f;
        v->option = s->options;
        g_ptr_array_add(s->settings, v);
        if (!parse_value(v, p->value, errp)) {
            return false;
        }
    }
    return true;
}

/* One whole structure: its formatted part, its strings, two zero bytes. */
static bool add_file(Smbios *s, const char *path, Error **errp)
{
    uint8_t *data;
    uint64_t len;

    if (!load_file(path, FILE_MAX, &data, &len, errp)) {
        error_prepend(errp, "file=");
        return false;
    }
    if (len < HEADER_LEN + 2 || data[1] < HEADER_LEN || data[1] + 2u > len || data[len - 1] ||
        data[len - 2]) {
        error_setg(errp, "file=%s: not an SMBIOS structure (header, strings, two zero bytes)",
                   path);
        g_free(data);
        return false;
    }
    g_ptr_array_add(s->files, g_byte_array_new_take(data, len));
    return true;
}

bool smbios_option(Smbios *s, KeyVals *kv, Error **errp)
{
    static const char *const file_keys[] = { "file", NULL };
    const char *file = keyval_take(kv, "file"), *type = keyval_take(kv, "type");
    uint64_t n;

    if (!file == !type) {
        error_setg(errp, "give either type=N and fields, or file=FILE");
        return false;
    }
    if (file) {
        return keyval_check_used(kv, file_keys, errp) && add_file(s, file, errp);
    }
    return parse_u64("type", type, 0, 255, &n, errp) && add_fields(s, (unsigned)n, kv, errp);
}

static const TypeInfo smbios_info = {
    .name = TYPE_SMBIOS,
    .parent = TYPE_OBJECT,
    .instance_size = sizeof(Smbios),
    .instance_init = smbios_init,
    .instance_finalize = smbios_finalize,
};

type_init(smbios_info)
