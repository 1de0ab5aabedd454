/*
 * The monitor's commands: one table for running, help and completion.
 *
 * SPDX-License-Identifier: MIT
 */
#include "monitor/internal.h"

#include <string.h>

#include "accel/debug.h"
#include "gdbstub/gdbstub.h"
#include "system/cpus.h"
#include "util/keyval.h"
#include "util/log.h"

CPUState *monitor_cpu(Monitor *mon)
{
    const CPUList *list = cpu_list();

    if (!list->nr) {
        monitor_printf(mon, "there is no CPU\n");
        return NULL;
    }
    if (mon->cpu < 0 || (unsigned)mon->cpu >= list->nr) {
        mon->cpu = 0;
    }
    return list->cpus[mon->cpu];
}

char *monitor_next_word(const char **args)
{
    const char *p = *args + strspn(*args, " ");
    size_t n = strcspn(p, " ");

    *args = p + n + strspn(p + n, " ");
    return n ? g_strndup(p, n) : NULL;
}

/* ---- Finding commands ---- */

static const MonitorCommand *find(const MonitorCommand *table, const char *name)
{
    for (const MonitorCommand *c = table; c->name; c++) {
        if (g_str_equal(c->name, name) || (c->alias && g_str_equal(c->alias, name))) {
            return c;
        }
    }
    return NULL;
}

static const char **names(const MonitorCommand *table, const char *prefix)
{
    GPtrArray *list = g_ptr_array_new();

    for (const MonitorCommand *c = table; c->name; c++) {
        if (g_str_has_prefix(c->name, prefix)) {
            g_ptr_array_add(list, (void *)c->name);
        }
    }
    g_ptr_array_add(list, NULL);
    return (const char **)g_ptr_array_free(list, FALSE);
}

static void unknown(Monitor *mon, const char *what, const char *name,
                    const MonitorCommand *table)
{
    g_autofree const char **known = names(table, "");
    const char *near = nearest_name(name, known);

    monitor_printf(mon, "unknown command: '%s%s'", what, name);
    if (near) {
        monitor_printf(mon, " (did you mean '%s%s'?)", what, near);
    }
    monitor_printf(mon, "\n");
}

void monitor_run_line(Monitor *mon, const char *line)
{
    const char *args = line;
    g_autofree char *name = monitor_next_word(&args);

    if (!name || name[0] == '#') {
        return;
    }
    /* "x/4xw 0" is one word to us: the format belongs to the arguments. */
    char *slash = strchr(name, '/');
    g_autofree char *rest = NULL;
    if (slash) {
        rest = g_strdup(line + strspn(line, " ") + (slash - name));
        *slash = 0;
        args = rest;
    }
    g_autofree char *trimmed = g_strchomp(g_strdup(args));
    const MonitorCommand *c = find(monitor_commands, name);
    if (!c) {
        unknown(mon, "", name, monitor_commands);
        return;
    }
    if (!c->sub || !*trimmed) {
        c->run(mon, trimmed);
        return;
    }
    const char *sub_args = trimmed;
    g_autofree char *sub_name = monitor_next_word(&sub_args);
    const MonitorCommand *sub = find(c->sub, sub_name);
    if (!sub) {
        g_autofree char *what = g_strdup_printf("%s ", c->name);
        unknown(mon, what, sub_name, c->sub);
        return;
    }
    sub->run(mon, sub_args);
}

const char **monitor_complete(Monitor *mon, const char *start)
{
    const char *args = start;
    g_autofree char *name = monitor_next_word(&args);
    bool first = !name || (!*args && !g_str_has_suffix(start, " "));

    if (first) {
        return names(monitor_commands, name ? name : "");
    }
    const MonitorCommand *c = find(monitor_commands, name);
    if (c && g_str_equal(c->name, "help")) {
        return names(monitor_commands, args);
    }
    return c && c->sub && !strchr(args, ' ') ? names(c->sub, args) : NULL;
}

/* ---- Help ---- */

static void help_line(Monitor *mon, const char *prefix, const MonitorCommand *c)
{
    monitor_printf(mon, "%s%s%s%s %s -- %s\n", prefix, c->name, c->alias ? "|" : "",
                   c->alias ? c->alias : "", c->args, c->help);
}

static void cmd_help(Monitor *mon, const char *args)
{
    g_autofree char *name = monitor_next_word(&args);
    const MonitorCommand *c = name ? find(monitor_commands, name) : NULL;

    if (name && !c) {
        unknown(mon, "", name, monitor_commands);
    } else if (c && !c->sub) {
        help_line(mon, "", c);
    } else {
        g_autofree char *prefix = c ? g_strdup_printf("%s ", c->name) : g_strdup("");
        for (const MonitorCommand *i = c ? c->sub : monitor_commands; i->name; i++) {
            help_line(mon, prefix, i);
        }
    }
}

static void cmd_info(Monitor *mon, const char *args)
{
    cmd_help(mon, "info");
}

/* ---- Running ---- */

static void cmd_stop(Monitor *mon, const char *args)
{
    vm_stop(RUN_STATE_PAUSED);
}

static void cmd_cont(Monitor *mon, const char *args)
{
    RunState state = run_state();

    if (state == RUN_STATE_SHUTDOWN || state == RUN_STATE_GUEST_PANICKED ||
        state == RUN_STATE_INTERNAL_ERROR) {
        monitor_printf(mon, "the machine is %s: system_reset first\n", run_state_name(state));
        return;
    }
    vm_start();
}

static void cmd_system_reset(Monitor *mon, const char *args)
{
    machine_request_reset(SHUTDOWN_HOST_QMP);
}

static void cmd_nmi(Monitor *mon, const char *args)
{
    CPUState *cpu = monitor_cpu(mon);
    Error *err = NULL;

    if (!cpu) {
        return;
    }
    if (!CPU_GET_CLASS(cpu)->nmi) {
        monitor_printf(mon, "this CPU has no non-maskable interrupts\n");
    } else if (!CPU_GET_CLASS(cpu)->nmi(cpu, &err)) {
        monitor_printf(mon, "%s\n", error_get_pretty(err));
        error_free(err);
    }
}

static void cmd_system_wakeup(Monitor *mon, const char *args)
{
    if (run_state() != RUN_STATE_SUSPENDED) {
        monitor_printf(mon, "the machine does not sleep: it is %s\n", run_state_name(run_state()));
        return;
    }
    machine_request_wakeup();
}

static void cmd_system_powerdown(Monitor *mon, const char *args)
{
    monitor_printf(mon, "this board has no power button; use quit, or power off in the guest\n");
}

static void cmd_quit(Monitor *mon, const char *args)
{
    machine_request_shutdown(SHUTDOWN_HOST_QMP, 0);
}

static void cmd_cpu(Monitor *mon, const char *args)
{
    uint64_t n;
    Error *err = NULL;
    unsigned nr = cpu_list()->nr;

    if (!nr || !parse_u64("cpu", args, 0, nr - 1, &n, &err)) {
        monitor_printf(mon, "%s\n", err ? error_get_pretty(err) : "there is no CPU");
        error_free(err);
        return;
    }
    mon->cpu = (int)n;
}

static void cmd_log(Monitor *mon, const char *args)
{
    unsigned mask = 0;
    Error *err = NULL;

    if (!*args || g_str_equal(args, "help")) {
        for (const LogItem *i = log_items; i->name; i++) {
            monitor_printf(mon, "%c %-14s %s\n", log_enabled(i->mask) ? '*' : ' ', i->name,
                           i->help);
        }
    } else if (g_str_equal(args, "none") || log_parse_items(args, &mask, &err)) {
        log_set_mask(mask);
        debug_flush_code(); /* blocks that are chained would go on unseen */
    } else {
        monitor_printf(mon, "%s\n", error_get_pretty(err));
        error_free(err);
    }
}

static void cmd_gdbserver(Monitor *mon, const char *args)
{
    const char *form = *args ? args : GDBSTUB_DEFAULT;
    Error *err = NULL;

    if (!gdbstub_start(form, &err)) {
        monitor_printf(mon, "%s\n", error_get_pretty(err));
        error_free(err);
    } else if (g_str_equal(form, "none")) {
        monitor_printf(mon, "Disabled gdbserver\n");
    } else {
        monitor_printf(mon, "Waiting for gdb connection on device '%s'\n", form);
    }
}

const MonitorCommand monitor_commands[] = {
    { "help", "?", "[command]", "this list, or that command's line", cmd_help },
    { "info", NULL, "topic", "show the state of something; alone, the topics", cmd_info,
      monitor_info_commands },
    { "stop", "s", "", "pause the machine", cmd_stop },
    { "cont", "c", "", "let the machine run", cmd_cont },
    { "system_reset", NULL, "", "reset the machine", cmd_system_reset },
    { "system_wakeup", NULL, "", "end the sleep of a machine that is suspended to RAM",
      cmd_system_wakeup },
    { "system_powerdown", NULL, "", "press the power button", cmd_system_powerdown },
    { "nmi", NULL, "", "raise a non-maskable interrupt on the chosen CPU", cmd_nmi },
    { "quit", "q", "", "end the emulator", cmd_quit },
    { "balloon", NULL, "size", "leave the guest so many MiB of memory", monitor_cmd_balloon },
    { "cpu", NULL, "index", "choose the CPU of x, info registers and $pc", cmd_cpu },
    { "x", NULL, "/fmt addr", "show memory at a virtual address; fmt is [count][xduoci][bhwg]",
      monitor_cmd_x },
    { "xp", NULL, "/fmt addr", "show memory at a physical address", monitor_cmd_xp },
    { "gva2gpa", NULL, "addr", "translate a virtual address and show each step",
      monitor_cmd_gva2gpa },
    { "print", "p", "/fmt expr", "show the value of an expression; fmt is one of xduoc",
      monitor_cmd_print },
    { "sendkey", NULL, "keys [hold_ms]", "press keys together, as in ctrl-alt-f1, for 100 ms",
      monitor_cmd_sendkey },
    { "mouse_move", NULL, "dx dy [dz]", "move the mouse, turn its wheel",
      monitor_cmd_mouse_move },
    { "mouse_button", NULL, "state", "press the mouse's buttons: 1 left, 2 right, 4 middle",
      monitor_cmd_mouse_button },
    { "mouse_set", NULL, "index", "choose the mouse that is moved", monitor_cmd_mouse_set },
    { "set_password", NULL, "vnc password", "the password that VNC clients must give",
      monitor_cmd_set_password },
    { "change", NULL, "vnc password secret", "the same, in another form", monitor_cmd_change },
    { "screendump", NULL, "file [-f png|ppm] [console]", "save the display's picture",
      monitor_cmd_screendump },
    { "gdbserver", NULL, "[form|none]",
      "wait for a debugger, as with -gdb; alone, at " GDBSTUB_DEFAULT, cmd_gdbserver },
    { "device_add", NULL, "type[,id=id][,prop=value]", "add a device that guests expect to come and go",
      monitor_cmd_device_add },
    { "device_del", NULL, "id", "take such a device away", monitor_cmd_device_del },
    { "netdev_add", NULL, "type,id=id[,prop=value]", "make the host's side of a network card",
      monitor_cmd_netdev_add },
    { "netdev_del", NULL, "id", "remove one that no card uses", monitor_cmd_netdev_del },
    { "set_link", NULL, "id on|off", "plug in or pull out the cable of a network or card",
      monitor_cmd_set_link },
    { "announce_self", NULL, "", "ask guests to tell their neighbours where they are",
      monitor_cmd_announce_self },
    { "block_resize", NULL, "id size", "change the size of a disk, in MiB without a suffix",
      monitor_cmd_block_resize },
    { "object_add", NULL, "type,id=id[,prop=value]", "make an object", monitor_cmd_object_add },
    { "object_del", NULL, "id", "remove one that nothing uses", monitor_cmd_object_del },
    { "chardev-add", NULL, "backend,id=id[,prop=value]", "make a character device",
      monitor_cmd_chardev_add },
    { "chardev-remove", NULL, "id", "remove one that nothing uses", monitor_cmd_chardev_remove },
    { "chardev-send-break", NULL, "id", "send a BREAK to what uses it",
      monitor_cmd_chardev_send_break },
    { "ringbuf_read", NULL, "id size", "show and forget the oldest bytes of a ringbuf",
      monitor_cmd_ringbuf_read },
    { "ringbuf_write", NULL, "id text", "put text into a ringbuf", monitor_cmd_ringbuf_write },
    { "hostfwd_add", NULL, "[netdev] [tcp|udp]:[hostaddr]:hostport-[guestaddr]:guestport",
      "forward connections to the host into the guest", monitor_cmd_hostfwd_add },
    { "hostfwd_remove", NULL, "[netdev] [tcp|udp]:[hostaddr]:hostport", "stop forwarding them",
      monitor_cmd_hostfwd_remove },
    { "memsave", NULL, "addr size file", "write memory at a virtual address to a file",
      monitor_cmd_memsave },
    { "pmemsave", NULL, "addr size file", "write memory at a physical address to a file",
      monitor_cmd_pmemsave },
    { "sum", NULL, "addr size", "16-bit checksum of memory at a physical address", monitor_cmd_sum },
    { "dumpdtb", NULL, "file", "write the device tree to a file", monitor_cmd_dumpdtb },
    { "qom-list", NULL, "[path]", "properties and children of an object", monitor_cmd_qom_list },
    { "qom-get", NULL, "path property", "show a property of an object", monitor_cmd_qom_get },
    { "qom-set", NULL, "path property value", "change a property of an object",
      monitor_cmd_qom_set },
    { "logfile", NULL, "[file]", "write the log to a file; alone, to standard error",
      monitor_cmd_logfile },
    { "profile", NULL, "[on|off|write|reset]",
      "switch the profiler of -profile, write its file; alone, its state", monitor_cmd_profile },
    { "log", NULL, "[item[,item]|none]", "switch log items; alone, list them", cmd_log },
    { NULL },
};
