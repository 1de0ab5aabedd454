/*
 * -drive and -blockdev: the parts that are not properties of the disk.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/drives.h"

#include <string.h>

#include "backend/block.h"
#include "qom/property.h"
#include "qom/user-creatable.h"

/* Keys of QEMU's -drive that mean nothing on a board with one kind of slot, or are to come. */
static const char *const accepted[] = { "index", "unit", "bus", "boot", NULL };
static const char *const throttling[] = {
    "bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr", "bps_max", "bps_rd_max",
    "bps_wr_max", "iops_max", "iops_rd_max", "iops_wr_max", "bps_max_length",
    "bps_rd_max_length", "bps_wr_max_length", "iops_max_length", "iops_rd_max_length",
    "iops_wr_max_length", "iops_size", "group", NULL,
};
static const char *const to_come[] = { "copy-on-read", "backing", "encrypt.key-secret", NULL };

static bool check_key(const KeyVal *p, Error **errp)
{
    static const char *const prefixes[] = { "backing.", "encrypt.", "stats-", NULL };

    if (g_strv_contains(throttling, p->key) || g_str_has_prefix(p->key, "throttling.")) {
        error_setg(errp, "'%s': throttling is not supported yet", p->key);
        return false;
    }
    for (int i = 0; prefixes[i]; i++) {
        if (g_str_has_prefix(p->key, prefixes[i])) {
            error_setg(errp, "'%s' is not supported yet", p->key);
            return false;
        }
    }
    if (g_strv_contains(to_come, p->key) && strcmp(p->value, "off")) {
        error_setg(errp, "'%s' is not supported yet", p->key);
        return false;
    }
    if (!strcmp(p->key, "serial") || !strcmp(p->key, "addr")) {
        error_setg(errp, "'%s' is a property of the device: -drive if=none,id=ID and -device "
                   "virtio-blk-device,drive=ID,%s=%s", p->key, p->key, p->value);
        return false;
    }
    return true;
}

bool drive_check_keys(KeyVals *kv, bool snapshot, Error **errp)
{
    for (guint i = 0; i < kv->list->len; i++) {
        KeyVal *p = g_ptr_array_index(kv->list, i);

        if (p->used) {
            continue;
        }
        if (!check_key(p, errp)) {
            return false;
        }
        p->used = g_strv_contains(accepted, p->key) || g_strv_contains(to_come, p->key);
    }
    if (snapshot && !keyval_get(kv, "snapshot")) {
        keyval_add(kv, "snapshot", "on");
    }
    return true;
}

/* A reference to a node, or a nested one: file=NODE and file.driver= exclude each other. */
static bool check_nested(KeyVals *kv, Error **errp)
{
    for (guint i = 0; keyval_get(kv, "file") && i < kv->list->len; i++) {
        const KeyVal *p = g_ptr_array_index(kv->list, i);

        if (g_str_has_prefix(p->key, "file.")) {
            error_setg(errp, "'file' and '%s' exclude each other", p->key);
            return false;
        }
    }
    return true;
}

bool blockdev_new(const char *text, Error **errp)
{
    g_autoptr(KeyVals) kv = keyval_parse(text, "driver", false, errp);
    const char *id;

    if (!kv) {
        return false;
    }
    id = keyval_take(kv, "node-name");
    keyval_take(kv, "file.node-name"); /* nobody can refer to it: it belongs to this node */
    if (!id || !*id) {
        error_setg(errp, "'node-name' is missing (node-name=NAME)");
        return false;
    }
    for (guint i = 0; i < kv->list->len; i++) {
        if (!check_key(g_ptr_array_index(kv->list, i), errp)) {
            return false;
        }
    }
    return check_nested(kv, errp) &&
           user_creatable_new(TYPE_BLOCK_NODE, "/drives", id, kv, errp) != NULL;
}
