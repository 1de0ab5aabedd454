/*
 * Character devices from the command line: -chardev, and the short forms of -serial and -monitor.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/chardev.h"

#include <string.h>

#include "qom/user-creatable.h"

static bool known_backend(const char *backend, Error **errp)
{
    g_autofree char *type = g_strconcat(CHARDEV_TYPE_PREFIX, backend, NULL);
    ObjectClass *k = object_class_by_name(type);
    g_autoptr(GPtrArray) list = NULL;
    g_autofree char *all = NULL;
    const char *near;

    if (k && object_class_is(k, TYPE_CHARDEV) && !object_class_is_abstract(k)) {
        return true;
    }
    list = object_class_list(TYPE_CHARDEV, false);
    for (guint i = 0; i < list->len; i++) {
        list->pdata[i] = (char *)object_class_name(list->pdata[i]) + strlen(CHARDEV_TYPE_PREFIX);
    }
    g_ptr_array_add(list, NULL);
    near = nearest_name(backend, (const char *const *)list->pdata);
    all = g_strjoinv(", ", (char **)list->pdata);
    if (near) {
        error_setg(errp, "no chardev backend '%s' (did you mean '%s'?)", backend, near);
    } else {
        error_setg(errp, "no chardev backend '%s' (there are: %s)", backend, all);
    }
    return false;
}

static Chardev *new_mux(const char *id, const char *base_id, Error **errp)
{
    g_autoptr(KeyVals) kv = keyval_parse("", NULL, false, NULL);
    Object *obj;

    keyval_add(kv, "chardev", base_id);
    obj = user_creatable_new(TYPE_CHARDEV_MUX, CHARDEV_CONTAINER, id, kv, errp);
    if (!obj) {
        object_unparent(object_child(object_container(CHARDEV_CONTAINER), base_id));
        return NULL;
    }
    return CHARDEV(obj);
}

Chardev *chardev_new(KeyVals *kv, Error **errp)
{
    const char *backend = keyval_take(kv, "backend");
    const char *id = keyval_take(kv, "id");
    const char *mux_text = keyval_take(kv, "mux");
    g_autofree char *type = NULL, *base_id = NULL;
    bool mux = false;
    Object *obj;

    if (!backend || !*backend) {
        error_setg(errp, "the backend is missing (-chardev help lists them)");
        return NULL;
    }
    if (!known_backend(backend, errp) ||
        (mux_text && !parse_bool("mux", mux_text, &mux, errp))) {
        return NULL;
    }
    if (!id || !*id) {
        error_setg(errp, "'id' is missing (id=NAME)");
        return NULL;
    }
    if (object_child(object_container(CHARDEV_CONTAINER), id)) {
        error_setg(errp, "id '%s' is in use already", id);
        return NULL;
    }
    type = g_strconcat(CHARDEV_TYPE_PREFIX, backend, NULL);
    base_id = mux ? g_strconcat(id, "-base", NULL) : g_strdup(id);
    obj = user_creatable_new(type, CHARDEV_CONTAINER, base_id, kv, errp);
    if (!obj) {
        return NULL;
    }
    return mux ? new_mux(id, base_id, errp) : CHARDEV(obj);
}

/* "tcp:HOST:PORT,KEY=VALUE" after "tcp:"; HOST may be empty or [IPv6]. */
static bool split_tcp(const char *rest, KeyVals *kv, const char **more, Error **errp)
{
    const char *comma = strchrnul(rest, ',');
    g_autofree char *addr = g_strndup(rest, comma - rest);
    char *colon = strrchr(addr, ':');

    if (!colon) {
        error_setg(errp, "'tcp:%s' has no port (expected tcp:HOST:PORT)", rest);
        return false;
    }
    *colon = 0;
    if (*addr) {
        keyval_add(kv, "host", addr);
    }
    keyval_add(kv, "port", colon + 1);
    *more = *comma ? comma + 1 : "";
    return true;
}

/* What follows the address: KEY=VALUE pairs; bare "server" and "nowait" are older spellings. */
static bool add_more(KeyVals *kv, const char *more, Error **errp)
{
    g_autoptr(KeyVals) extra = keyval_parse(more, NULL, true, errp);

    if (!extra) {
        return false;
    }
    for (guint i = 0; i < extra->list->len; i++) {
        const KeyVal *p = g_ptr_array_index(extra->list, i);

        if (!strcmp(p->key, "nowait") && !strcmp(p->value, "on")) {
            keyval_add(kv, "wait", "off");
        } else {
            keyval_add(kv, p->key, p->value);
        }
    }
    return true;
}

static bool parse_form(const char *form, KeyVals *kv, Error **errp)
{
    const char *more = "";

    if (!strcmp(form, "stdio") || !strcmp(form, "null")) {
        keyval_add(kv, "backend", form);
    } else if (g_str_has_prefix(form, "file:")) {
        keyval_add(kv, "backend", "file");
        keyval_add(kv, "path", form + 5);
    } else if (g_str_has_prefix(form, "unix:")) {
        const char *comma = strchrnul(form + 5, ',');
        g_autofree char *path = g_strndup(form + 5, comma - (form + 5));

        keyval_add(kv, "backend", "socket");
        keyval_add(kv, "path", path);
        more = *comma ? comma + 1 : "";
    } else if (g_str_has_prefix(form, "tcp:")) {
        keyval_add(kv, "backend", "socket");
        if (!split_tcp(form + 4, kv, &more, errp)) {
            return false;
        }
    } else {
        error_setg(errp,
                   "no chardev form '%s' (there are: none, null, stdio, mon:FORM, file:PATH, "
                   "unix:PATH, tcp:HOST:PORT, chardev:ID)",
                   form);
        return false;
    }
    return add_more(kv, more, errp);
}

static bool existing(const char *id, Chardev **chr, Error **errp)
{
    Object *c = object_container(CHARDEV_CONTAINER);
    Object *obj = object_child(c, id);

    if (!obj) {
        error_setg(errp, "there is no chardev '%s'", id);
        return false;
    }
    *chr = CHARDEV(obj);
    return true;
}

bool chardev_new_short(const char *id, const char *form, Chardev **chr, bool *monitor,
                       Error **errp)
{
    g_autoptr(KeyVals) kv = keyval_parse("", NULL, false, NULL);

    *chr = NULL;
    *monitor = false;
    if (!strcmp(form, "none")) {
        return true;
    }
    if (g_str_has_prefix(form, "chardev:")) {
        return existing(form + 8, chr, errp);
    }
    if (g_str_has_prefix(form, "mon:")) {
        form += 4;
        if (g_str_has_prefix(form, "chardev:")) {
            *monitor = true;
            return existing(form + 8, chr, errp);
        }
        keyval_add(kv, "mux", "on");
        if (!strcmp(form, "stdio")) {
            /* Ctrl-C belongs to the guest: Ctrl-A x is there to end the program. */
            keyval_add(kv, "signal", "off");
        }
        *monitor = true;
    }
    keyval_add(kv, "id", id);
    if (!parse_form(form, kv, errp)) {
        return false;
    }
    *chr = chardev_new(kv, errp);
    return *chr != NULL;
}
