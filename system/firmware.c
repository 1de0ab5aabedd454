/*
 * -boot, -fw_cfg, -smbios: what the user tells the firmware.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/firmware.h"

#include <string.h>

#include "hw/core/loader.h"
#include "hw/nvram/fw_cfg.h"
#include "hw/smbios/smbios.h"
#include "util/bits.h"
#include "util/keyval.h"

#define FILE_MAX (1 * GiB)

static bool boot_option(MachineState *ms, const char *text, Error **errp)
{
    static const char *const known[] = { "order", "once", "menu", "splash", "splash-time",
                                         "reboot-timeout", "strict", NULL };
    g_autoptr(KeyVals) kv = keyval_parse(text, "order", false, errp);

    if (!kv) {
        return false;
    }
    for (size_t i = 0; known[i]; i++) {
        const char *value = keyval_take(kv, known[i]);
        g_autofree char *prop = g_strconcat("boot.", known[i], NULL);

        if (value && !object_property_set_str(ms, prop, value, errp)) {
            return false;
        }
    }
    return keyval_check_used(kv, known, errp);
}

bool boot_options(const Options *o, MachineState *ms, Error **errp)
{
    for (guint i = 0; i < o->boot->len; i++) {
        const char *text = g_ptr_array_index(o->boot, i);

        if (!boot_option(ms, text, errp)) {
            option_prepend(errp, "boot", text);
            return false;
        }
    }
    return true;
}

/* The file's bytes, or the text without a final zero. */
static bool contents(const char *file, const char *string, void **data, uint64_t *len,
                     Error **errp)
{
    if (!file == !string) {
        error_setg(errp, "give either file= or string=");
        return false;
    }
    if (file) {
        return load_file(file, FILE_MAX, (uint8_t **)data, len, errp);
    }
    *data = g_strdup(string);
    *len = strlen(string);
    return true;
}

static bool fw_cfg_option(FWCfgState *fw, const char *text, Error **errp)
{
    static const char *const known[] = { "name", "file", "string", NULL };
    g_autoptr(KeyVals) kv = keyval_parse(text, "name", false, errp);
    const char *name, *file, *string;
    void *data;
    uint64_t len;

    if (!kv) {
        return false;
    }
    name = keyval_take(kv, "name");
    file = keyval_take(kv, "file");
    string = keyval_take(kv, "string");
    if (!keyval_check_used(kv, known, errp)) {
        return false;
    }
    if (!name) {
        error_setg(errp, "'name' is missing (name=opt/...)");
        return false;
    }
    if (!contents(file, string, &data, &len, errp) ||
        !fw_cfg_add_file(fw, name, data, (uint32_t)len, errp)) {
        return false;
    }
    if (strncmp(name, "opt/", 4)) {
        warn_report("-fw_cfg %s: names that do not begin with 'opt/' are the firmware's own",
                    name);
    }
    return true;
}

bool fw_cfg_options(const Options *o, Error **errp)
{
    FWCfgState *fw = fw_cfg_find();

    for (guint i = 0; i < o->fw_cfg->len; i++) {
        const char *text = g_ptr_array_index(o->fw_cfg, i);

        if (!fw) {
            error_setg(errp, "this board has no fw_cfg");
            option_prepend(errp, "fw_cfg", text);
            return false;
        }
        if (!fw_cfg_option(fw, text, errp)) {
            option_prepend(errp, "fw_cfg", text);
            return false;
        }
    }
    return true;
}

bool smbios_options(const Options *o, MachineState *ms, Error **errp)
{
    for (guint i = 0; i < o->smbios->len; i++) {
        const char *text = g_ptr_array_index(o->smbios, i);
        g_autoptr(KeyVals) kv = keyval_parse_list(text, NULL, false, errp);

        if (!kv || !smbios_option(smbios_get(ms), kv, errp)) {
            option_prepend(errp, "smbios", text);
            return false;
        }
    }
    return true;
}
