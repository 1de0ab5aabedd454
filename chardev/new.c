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
static bool split_tcp(const char *form, const char *rest, KeyVals *kv, const char **more,
                      Error **errp)
{
    const char *comma = strchrnul(rest, ',');
    g_autofree char *addr = g_strndup(rest, comma - rest);
    char *colon = strrchr(addr, ':');

    if (!colon) {
        error_setg(errp, "'%s' has no port (expected %.*sHOST:PORT)", form, (int)(rest - form), form);
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

/* "PATH,KEY=VALUE": the path becomes `path`. */
static const char *split_path(const char *rest, KeyVals *kv)
{
    const char *comma = strchrnul(rest, ',');
    g_autofree char *path = g_strndup(rest, comma - rest);

    keyval_add(kv, "path", path);
    return *comma ? comma + 1 : "";
}

enum { REST_NONE, REST_FILE, REST_PATH, REST_TCP };

/* One row per short form: what it begins with, the backend, and what the rest of it is. The first
 * and the last rows are looked at elsewhere and are here for the lists. */
static const struct {
    const char *prefix, *backend;
    int rest;
    const char *form, *help;
} forms[] = {
    { NULL, NULL, REST_NONE, "none", "no device at all" },
    { "null", "null", REST_NONE, "null", "output is dropped, there is no input" },
    { "stdio", "stdio", REST_NONE, "stdio", "standard input and output" },
    { NULL, NULL, REST_NONE, "mon:FORM", "any of these, shared with a monitor" },
    { "pty", "pty", REST_NONE, "pty", "pseudo-terminal, its name is printed" },
    { "pty:", "pty", REST_FILE, "pty:LINK", "the same with a symbolic link to it" },
    { "file:", "file", REST_FILE, "file:PATH", "output to a file" },
    { "pipe:", "pipe", REST_FILE, "pipe:PATH", "named pipes PATH.in and PATH.out, or PATH" },
    { "unix:", "socket", REST_PATH, "unix:PATH", "local socket; ,server=on,wait=off waits for peers" },
    { "tcp:", "socket", REST_TCP, "tcp:HOST:PORT", "TCP; ,server=on,wait=off waits for peers" },
    { "telnet:", "socket", REST_TCP, "telnet:HOST:PORT", "the same with the telnet protocol" },
    { "ringbuf", "ringbuf", REST_NONE, "ringbuf", "memory that the monitor reads" },
    { "/dev/", "serial", REST_NONE, "/dev/PORT", "serial port of the host" },
    { NULL, NULL, REST_NONE, "chardev:ID", "one that -chardev made" },
};

void chardev_forms_help(GString *out)
{
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_string_append_printf(out, "  %-24s %s\n", forms[i].form, forms[i].help);
    }
}

static void no_such_form(const char *form, Error **errp)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *all = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_ptr_array_add(names, (char *)forms[i].form);
    }
    g_ptr_array_add(names, NULL);
    all = g_strjoinv(", ", (char **)names->pdata);
    error_setg(errp, "no chardev form '%s' (there are: %s)", form, all);
}

static bool parse_form(const char *form, KeyVals *kv, Error **errp)
{
    const char *more = "";

    if (g_str_has_prefix(form, "/dev/")) {
        keyval_add(kv, "backend", "serial");
        keyval_add(kv, "path", form);
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        const char *rest = forms[i].prefix ? form + strlen(forms[i].prefix) : "";

        if (!forms[i].prefix || !g_str_has_prefix(form, forms[i].prefix) ||
            (forms[i].rest == REST_NONE && *rest)) {
            continue;
        }
        keyval_add(kv, "backend", forms[i].backend);
        if (forms[i].rest == REST_FILE) {
            keyval_add(kv, "path", rest);
        } else if (forms[i].rest == REST_PATH) {
            more = split_path(rest, kv);
        } else if (forms[i].rest == REST_TCP && !split_tcp(form, rest, kv, &more, errp)) {
            return false;
        }
        if (g_str_equal(forms[i].prefix, "telnet:")) {
            keyval_add(kv, "telnet", "on");
        }
        return add_more(kv, more, errp);
    }
    no_such_form(form, errp);
    return false;
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
