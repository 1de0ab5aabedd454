/*
 * -serial and -monitor, and who gets the terminal if nothing is said.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/startup.h"

#include <string.h>

#include "system/chardev.h"
#include "util/keyval.h"

static bool uses_stdio(GPtrArray *forms)
{
    for (guint i = 0; i < forms->len; i++) {
        const char *f = g_ptr_array_index(forms, i);

        if (g_str_equal(f, "stdio") || g_str_equal(f, "mon:stdio")) {
            return true;
        }
    }
    return false;
}

static int is_stdio(Object *obj, void *opaque)
{
    return object_dynamic_cast(obj, TYPE_CHARDEV_STDIO) != NULL;
}

static bool stdio_taken(const Options *o)
{
    return uses_stdio(o->serial) || uses_stdio(o->monitor) || uses_stdio(o->gdb) ||
           object_walk(object_container(CHARDEV_CONTAINER), is_stdio, NULL);
}

/* A daemon's standard input and output are about to become /dev/null. */
static bool daemon_without_stdio(const Options *o, Error **errp)
{
    if (o->daemonize && stdio_taken(o)) {
        error_setg(errp, "-daemonize: a chardev uses standard input and output, which a daemon has "
                         "not (use -serial null, a file or a socket)");
        return false;
    }
    return true;
}

static bool one_serial(MachineState *ms, unsigned n, const char *form, GPtrArray *monitors,
                       Error **errp)
{
    g_autofree char *id = g_strdup_printf("serial%u", n);
    Chardev *chr;
    bool monitor;

    if (!chardev_new_short(id, form, &chr, &monitor, errp)) {
        return false;
    }
    g_ptr_array_add(ms->serial, chr);
    if (monitor) {
        g_ptr_array_add(monitors, chr);
    }
    return true;
}

static bool one_monitor(unsigned n, const char *form, GPtrArray *monitors, Error **errp)
{
    g_autofree char *id = g_strdup_printf("monitor%u", n);
    Chardev *chr;
    bool shared;

    if (!chardev_new_short(id, form, &chr, &shared, errp)) {
        return false;
    }
    if (chr) {
        g_ptr_array_add(monitors, chr);
    }
    return true;
}

/* -mon [chardev=]ID[,mode=readline] */
static bool mon_option(const char *text, GPtrArray *monitors, Error **errp)
{
    static const char *const known[] = { "chardev", "mode", NULL };
    g_autoptr(KeyVals) kv = keyval_parse(text, "chardev", false, errp);
    const char *id, *mode;
    Object *chr;

    if (!kv) {
        return false;
    }
    id = keyval_take(kv, "chardev");
    mode = keyval_take(kv, "mode");
    if (!keyval_check_used(kv, known, errp)) {
        return false;
    }
    if (mode && strcmp(mode, "readline")) {
        error_setg(errp, "mode=%s is not supported (there is: readline)", mode);
        return false;
    }
    chr = id ? object_child(object_container(CHARDEV_CONTAINER), id) : NULL;
    if (!chr) {
        error_setg(errp, "there is no chardev '%s'", id ? id : "");
        return false;
    }
    g_ptr_array_add(monitors, chr);
    return true;
}

bool consoles_create(const Options *o, MachineState *ms, GPtrArray *monitors, Error **errp)
{
    const MachineClass *mc = MACHINE_GET_CLASS(ms);
    bool has_monitor = o->monitor->len || o->mon->len;
    bool free_terminal = !o->nodefaults && !stdio_taken(o);

    if (!daemon_without_stdio(o, errp)) {
        return false;
    }
    for (guint i = 0; i < o->serial->len; i++) {
        const char *form = g_ptr_array_index(o->serial, i);

        if (i >= mc->nr_serial && strcmp(form, "none") != 0) {
            error_setg(errp, "-serial %s: board '%s' has only %u serial port%s", form, mc->name,
                       mc->nr_serial, mc->nr_serial == 1 ? "" : "s");
            return false;
        }
        if (!one_serial(ms, i, form, monitors, errp)) {
            option_prepend(errp, "serial", form);
            return false;
        }
    }
    for (guint i = 0; i < o->monitor->len; i++) {
        const char *form = g_ptr_array_index(o->monitor, i);

        if (!one_monitor(i, form, monitors, errp)) {
            option_prepend(errp, "monitor", form);
            return false;
        }
    }
    for (guint i = 0; i < o->mon->len; i++) {
        const char *text = g_ptr_array_index(o->mon, i);

        if (!mon_option(text, monitors, errp)) {
            option_prepend(errp, "mon", text);
            return false;
        }
    }
    if (!free_terminal || o->daemonize) {
        return true;
    }
    /* The terminal goes to whatever has no place yet: both share it, or one has it alone. */
    if (!o->serial->len) {
        return one_serial(ms, 0, has_monitor ? "stdio" : "mon:stdio", monitors, errp);
    }
    return has_monitor || one_monitor(0, "stdio", monitors, errp);
}
