/*
 * The table of options.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/options.h"

#include <string.h>

#include "util/keyval.h"

#define FLAG(field) OPTION_FLAG, offsetof(Options, field), NULL
#define TEXT(field, arg) OPTION_TEXT, offsetof(Options, field), arg
#define LIST(field, arg) OPTION_LIST, offsetof(Options, field), arg
#define FIXED(field) OPTION_FIXED, offsetof(Options, field), NULL

const Option option_table[] = {
    { "help", "h", FLAG(help), "show this text", .group = "General" },
    { "version", NULL, FLAG(version), "show the version" },
    { "name", NULL, TEXT(name, "[guest=]NAME[,process=NAME][,debug-threads=on|off]"),
      "name of the guest, for the user's own use, and of the process" },
    { "uuid", NULL, TEXT(uuid, "UUID"), "identity of the guest, shown to it by the firmware" },
    { "readconfig", NULL, LIST(readconfig, "FILE"), "read options from FILE, [NAME \"ID\"] a section" },
    { "set", NULL, LIST(set, "GROUP.ID.KEY=VALUE"), "change a property that an option with an id set" },
    { "no-user-config", NULL, FLAG(ignored), "accepted: there are no files of defaults to read" },

    { "M", "machine", LIST(machine, "[type=]NAME[,PROP=VALUE]"),
      "the board; accel=NAME[:NAME] chooses the accelerator\n-M help lists boards,"
      " -M NAME,help properties", .group = "Machine" },
    { "cpu", NULL, TEXT(cpu, "NAME[,PROP=VALUE]"),
      "the CPU model; -cpu help lists models, -cpu NAME,help properties" },
    { "accel", NULL, LIST(accel, "NAME[,PROP=VALUE]"),
      "what runs the CPUs; the first that works here of several\n-accel help lists them" },
    { "enable-kvm", NULL, FIXED(accel), "the same as -accel kvm", .fixed = "kvm" },
    { "m", NULL, LIST(memory, "[size=]SIZE[,maxmem=SIZE][,slots=N]"),
      "size of RAM, in MiB without a suffix" },
    { "mem-path", NULL, TEXT(mem_path, "PATH"), "RAM in a file, or in a file of a directory" },
    { "mem-prealloc", NULL, FLAG(mem_prealloc), "take all of the RAM at the start" },
    { "smp", NULL,
      LIST(smp, "[cpus=]N[,maxcpus=N][,sockets=N][,clusters=N][,cores=N][,threads=N]"),
      "number of CPUs and their topology" },
    { "numa", NULL,
      LIST(numa, "node[,nodeid=N][,cpus=N[-M]][,mem=SIZE][,memdev=ID][,initiator=N]"
                 " | dist,src=N,dst=N,val=D | cpu,node-id=N,core-id=CPU"),
      "nodes of RAM and CPUs, the distances between them, a CPU's node" },

    { "bios", NULL, TEXT(bios, "default|none|builtin|FILE"),
      "firmware; the default is the distribution's OpenSBI", .group = "Boot" },
    { "L", NULL, LIST(data_dirs, "DIR"), "look for firmware in DIR first" },
    { "kernel", NULL, TEXT(kernel, "FILE"), "kernel: ELF, Linux Image (gzip, zstd, EFI vmlinuz too), or raw" },
    { "initrd", NULL, TEXT(initrd, "FILE"), "initial ramdisk for the kernel" },
    { "append", NULL, TEXT(append, "TEXT"), "kernel command line" },
    { "dtb", NULL, TEXT(dtb, "FILE"), "device tree to use instead of the board's own" },
    { "boot", NULL,
      LIST(boot, "[order=]LETTERS[,once=LETTERS][,menu=on|off][,splash=FILE][,splash-time=MS]"
                 "[,reboot-timeout=MS][,strict=on|off]"),
      "what the firmware is told of booting; bootindex= of a device is its place" },
    { "fw_cfg", NULL, LIST(fw_cfg, "[name=]NAME,file=FILE|string=TEXT"),
      "a file for the firmware and the guest; NAME is opt/..." },
    { "smbios", NULL, LIST(smbios, "type=N[,FIELD=VALUE]|file=FILE"),
      "what the SMBIOS tables say of the machine" },

    { "drive", NULL,
      LIST(drive, "file=FILE[,if=none|virtio|pflash][,id=ID][,format=raw][,readonly=on]"
                  "[,snapshot=on]..."),
      "a disk; -drive help lists all properties", .group = "Devices" },
    { "blockdev", NULL, LIST(blockdev, "[driver=]DRIVER,node-name=NAME[,PROP=VALUE]|JSON"),
      "a disk for drive= of -device, or a node below another; -blockdev help lists all"
      " properties" },
    { "snapshot", NULL, FLAG(snapshot), "snapshot=on for every -drive" },
    { "device", NULL, LIST(device, "TYPE[,id=ID][,bus=BUS][,PROP=VALUE]"),
      "a device; -device help lists types, -device TYPE,help properties" },
    { "netdev", NULL, LIST(netdev, "TYPE,id=ID[,PROP=VALUE]"),
      "the host's side of a network card; -netdev help lists types" },
    { "nic", NULL, LIST(nic, "TYPE[,model=DEVICE][,mac=MAC][,PROP=VALUE]|none"),
      "a network card and its host side in one" },
    { "net", NULL, LIST(net, "nic[,model=DEVICE][,macaddr=MAC]|TYPE[,PROP=VALUE]|none"),
      "-net nic -net TYPE is the same as -nic TYPE" },
    { "fsdev", NULL, LIST(fsdev, "local,id=ID,path=DIR,security_model=MODEL[,readonly=on]..."),
      "a directory to share; -fsdev local,help lists all properties" },
    { "virtfs", NULL, LIST(virtfs, "local,mount_tag=TAG,path=DIR,security_model=MODEL..."),
      "a directory to share and its device in one" },
    { "object", NULL, LIST(object, "TYPE,id=ID[,PROP=VALUE]"),
      "an object for devices to use; -object help lists types" },
    { "global", NULL, LIST(global, "TYPE.PROP=VALUE"),
      "another default for a property of every object of a type" },
    { "nodefaults", NULL, FLAG(nodefaults), "no serial port or monitor unless asked for" },

    { "chardev", NULL, LIST(chardev, "BACKEND,id=ID[,mux=on][,PROP=VALUE]"),
      "the host's side of a character device; -chardev help lists backends",
      .group = "Console" },
    { "serial", NULL,
      LIST(serial, "none|null|stdio|pty|mon:FORM|file:PATH|unix:PATH[,...]"
                   "|tcp:HOST:PORT[,...]|chardev:ID"),
      "where the next serial port goes; -serial help lists all forms" },
    { "monitor", NULL, LIST(monitor, "FORM, as -serial"), "where the monitor goes" },
    { "mon", NULL, LIST(mon, "[chardev=]ID[,mode=readline]"), "a monitor on a chardev" },
    { "nographic", NULL, FLAG(nographic), "console and monitor on this terminal (the default)" },
    { "display", NULL, TEXT(display, "none|vnc=HOST:DISPLAY[,...]"),
      "where the picture is shown; none unless asked for" },
    { "vnc", NULL, LIST(vnc, "HOST:DISPLAY[,password=on][,to=N]...|unix:PATH[,...]|none"),
      "show the picture to VNC clients; display 0 is port 5900" },
    { "vga", NULL, TEXT(vga, "none"), "this board has no VGA: see -device virtio-gpu-device" },

    { "S", NULL, FLAG(start_paused), "do not start the CPUs; the monitor's 'cont' does",
      .group = "Run" },
    { "icount", NULL, TEXT(icount, "[shift=]N|auto[,sleep=on|off][,align=on|off]"),
      "time counts instructions, 2^N ns each: the same run happens twice" },
    { "seed", NULL, TEXT(seed, "N"), "random numbers for the guest follow from this number" },
    { "gdb", NULL, LIST(gdb, "FORM, as -serial"),
      "wait for GDB there; a socket is a server unless it says server=off" },
    { "s", NULL, FIXED(gdb), "the same as -gdb tcp::1234", .fixed = "tcp::1234" },
    { "no-reboot", NULL, FLAG(no_reboot), "end when the guest reboots" },
    { "no-shutdown", NULL, FLAG(no_shutdown), "stop, but do not end, when the guest powers off" },
    { "action", NULL, LIST(action, "[reboot=reset|shutdown][,shutdown=poweroff|pause]"
                                   "[,panic=shutdown|pause|exit-failure|none]"),
      "what follows when the guest reboots, powers off, or reports a failure" },
    { "rtc", NULL, TEXT(rtc, "[base=]utc|localtime|DATETIME[,clock=host|rt|vm]"),
      "the time that the guest's clock starts at, and what moves it" },
    { "daemonize", NULL, FLAG(daemonize), "go into the background once everything is set up" },
    { "pidfile", NULL, TEXT(pidfile, "FILE"), "write the process id to FILE, and hold it locked" },
    { "run-with", NULL, TEXT(run_with, "[user=NAME][,chroot=DIR]"),
      "give up rights before the guest starts" },
    { "overcommit", NULL, TEXT(overcommit, "[mem-lock=on|off|on-fault]"),
      "keep all memory resident" },
    { "msg", NULL, TEXT(msg, "[timestamp=on|off][,guest-name=on|off]"),
      "what stands in front of error messages" },
    { "semihosting", NULL, FLAG(semihosting), "let the guest call the host: files, console, exit" },
    { "semihosting-config", NULL,
      TEXT(semihosting_config, "[enable=]on|off[,target=native|auto][,chardev=ID]"
                               "[,userspace=on|off][,arg=TEXT]..."),
      "the same, with a console, from U mode, or with a command line" },
    { "d", NULL, TEXT(log_items, "ITEM[,ITEM]"), "log these items; -d help lists them" },
    { "profile", NULL, TEXT(profile, "[file=]FILE[,hz=N][,kernel=FILE[@OFFSET]][,user=FILE[@OFFSET]]..."),
      "write to FILE where the guest spends its time, as folded stacks" },
    { "perfmap", NULL, FLAG(perfmap), "tell perf of compiled code in /tmp/perf-PID.map" },
    { "jitdump", NULL, FLAG(jitdump), "tell perf of compiled code in jit-PID.dump, code included" },
    { "D", NULL, TEXT(log_file, "FILE"), "write the log to FILE instead of standard error" },
    { NULL },
};

static const size_t list_fields[] = {
    offsetof(Options, machine), offsetof(Options, accel),   offsetof(Options, memory),
    offsetof(Options, smp),     offsetof(Options, drive),   offsetof(Options, blockdev),
    offsetof(Options, device),
    offsetof(Options, netdev),  offsetof(Options, nic),     offsetof(Options, object),
    offsetof(Options, fsdev),   offsetof(Options, virtfs),
    offsetof(Options, chardev), offsetof(Options, serial),  offsetof(Options, monitor),
    offsetof(Options, warnings), offsetof(Options, net),     offsetof(Options, global),
    offsetof(Options, gdb),     offsetof(Options, numa),
    offsetof(Options, mon),     offsetof(Options, boot),    offsetof(Options, fw_cfg),
    offsetof(Options, action),  offsetof(Options, readconfig), offsetof(Options, set),
    offsetof(Options, data_dirs), offsetof(Options, smbios),  offsetof(Options, vnc),
};

static void *field_of(Options *o, size_t offset)
{
    return (char *)o + offset;
}

Options *options_new(void)
{
    Options *o = g_new0(Options, 1);

    for (size_t i = 0; i < G_N_ELEMENTS(list_fields); i++) {
        *(GPtrArray **)field_of(o, list_fields[i]) = g_ptr_array_new_with_free_func(g_free);
    }
    return o;
}

void options_free(Options *o)
{
    if (!o) {
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(list_fields); i++) {
        g_ptr_array_unref(*(GPtrArray **)field_of(o, list_fields[i]));
    }
    for (const Option *opt = option_table; opt->name; opt++) {
        if (opt->kind == OPTION_TEXT) {
            g_free(*(char **)field_of(o, opt->offset));
        }
    }
    g_free(o);
}

static const Option *find_option(const char *name)
{
    for (const Option *opt = option_table; opt->name; opt++) {
        if (!strcmp(opt->name, name) || (opt->alias && !strcmp(opt->alias, name))) {
            return opt;
        }
    }
    return NULL;
}

/* Options of QEMU that people type and that are not here yet: not a slip of the user's. */
static const char *const options_to_come[] = {
    "audiodev",
    "dfilter",
    "incoming",
    "loadvm",
    "plugin",
    "qmp",
    "sandbox",
    "trace",
    "watchdog-action",
    NULL,
};

static void unknown_option(const char *arg, Error **errp)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *name = arg + (arg[1] == '-' ? 2 : 1), *near;

    if (g_strv_contains(options_to_come, name)) {
        error_setg(errp, "%s: not supported yet (-help lists what is)", arg);
        return;
    }

    for (const Option *opt = option_table; opt->name; opt++) {
        g_ptr_array_add(names, (char *)opt->name);
        if (opt->alias) {
            g_ptr_array_add(names, (char *)opt->alias);
        }
    }
    g_ptr_array_add(names, NULL);
    near = nearest_name(name, (const char *const *)names->pdata);
    if (near) {
        error_setg(errp, "unknown option '%s' (did you mean '-%s'?)", arg, near);
    } else {
        error_setg(errp, "unknown option '%s' (-help lists all)", arg);
    }
}

static void store(Options *o, const Option *opt, const char *value)
{
    void *field = field_of(o, opt->offset);

    switch (opt->kind) {
    case OPTION_FLAG:
        *(bool *)field = true;
        break;
    case OPTION_TEXT:
        if (*(char **)field) {
            g_ptr_array_add(o->warnings, g_strdup_printf("-%s is given more than once; the last "
                                                         "one counts", opt->name));
        }
        g_free(*(char **)field);
        *(char **)field = g_strdup(value);
        break;
    case OPTION_LIST:
        g_ptr_array_add(*(GPtrArray **)field, g_strdup(value));
        break;
    case OPTION_FIXED:
        g_ptr_array_add(*(GPtrArray **)field, g_strdup(opt->fixed));
        break;
    }
}

bool options_add(Options *o, const char *name, const char *value, Error **errp)
{
    const Option *opt = find_option(name);

    if (!opt) {
        g_autofree char *dashed = g_strconcat("-", name, NULL);

        unknown_option(dashed, errp);
        return false;
    }
    store(o, opt, value);
    return true;
}

GPtrArray *options_list(Options *o, const char *name)
{
    const Option *opt = find_option(name);

    return opt && opt->kind == OPTION_LIST ? *(GPtrArray **)field_of(o, opt->offset) : NULL;
}

bool options_parse(Options *o, int argc, char **argv, Error **errp)
{
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        const Option *opt;

        if (arg[0] != '-' || !arg[1]) {
            error_setg(errp, "'%s' is not an option (a disk is given as -drive file=%s)", arg,
                       arg);
            return false;
        }
        opt = find_option(arg + (arg[1] == '-' ? 2 : 1));
        if (!opt) {
            unknown_option(arg, errp);
            return false;
        }
        if (!opt->arg) {
            store(o, opt, NULL);
            continue;
        }
        if (++i == argc) {
            g_autofree char *form = g_strndup(opt->arg, strcspn(opt->arg, "\n"));

            error_setg(errp, "%s: the argument is missing (%s %s)", arg, arg, form);
            return false;
        }
        store(o, opt, argv[i]);
    }
    return true;
}

static void append_lines(GString *out, const char *text, const char *indent)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **l = lines; *l; l++) {
        g_string_append_printf(out, "%s%s\n", indent, *l);
    }
}

void options_help(GString *out)
{
    g_string_append(out, "usage: qemu-system-riscv64 [OPTION]...\n");
    for (const Option *opt = option_table; opt->name; opt++) {
        if (opt->group) {
            g_string_append_printf(out, "\n%s:\n", opt->group);
        }
        g_string_append_printf(out, "  -%s", opt->name);
        if (opt->alias) {
            g_string_append_printf(out, ", -%s", opt->alias);
        }
        if (opt->arg) {
            g_auto(GStrv) lines = g_strsplit(opt->arg, "\n", 2);

            g_string_append_printf(out, " %s\n", lines[0]);
            if (lines[1]) {
                append_lines(out, lines[1], "        ");
            }
        } else {
            g_string_append_c(out, '\n');
        }
        append_lines(out, opt->help, "        ");
    }
}

void option_prepend(Error **errp, const char *name, const char *value)
{
    g_autofree char *front = NULL;

    if (value && strlen(value) > 200) {
        front = g_strdup_printf("%.200s...", value);
        value = front;
    }
    if (value && *value) {
        error_prepend(errp, "-%s %s: ", name, value);
    } else {
        error_prepend(errp, "-%s: ", name);
    }
}
