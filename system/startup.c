/*
 * The machine from the options: everything that can be wrong is found before the first vCPU runs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/startup.h"

#include <string.h>

#include "accel/accel.h"
#include "backend/block.h"
#include "gdbstub/gdbstub.h"
#include "monitor/monitor.h"
#include "system/chardev.h"
#include "system/cpus.h"
#include "system/firmware.h"
#include "system/mainloop.h"
#include "system/rtc.h"
#include "system/semihosting.h"
#include "system/numa.h"
#include "system/profile.h"
#include "system/smp.h"
#include "ui/vnc.h"
#include "util/keyval.h"
#include "util/log.h"
#include "util/random.h"

/* ---- -M ---- */

static MachineClass *find_machine(const char *name, Error **errp)
{
    g_autoptr(GPtrArray) list = object_class_list(TYPE_MACHINE, false);
    g_autofree char *all = NULL;
    const char *near;

    for (guint i = 0; i < list->len; i++) {
        MachineClass *mc = MACHINE_CLASS(list->pdata[i]);

        if (!strcmp(mc->name, name)) {
            return mc;
        }
        list->pdata[i] = (char *)mc->name;
    }
    g_ptr_array_add(list, NULL);
    near = nearest_name(name, (const char *const *)list->pdata);
    all = g_strjoinv(", ", (char **)list->pdata);
    if (near) {
        error_setg(errp, "no machine '%s' (did you mean '%s'?)", name, near);
    } else {
        error_setg(errp, "no machine '%s' (there are: %s)", name, all);
    }
    return NULL;
}

/* Adds the pairs of one -M to what earlier ones said. */
static bool merge(KeyVals *all, const char *text, Error **errp)
{
    g_autoptr(KeyVals) kv = keyval_parse(text, "type", false, errp);

    for (guint i = 0; kv && i < kv->list->len; i++) {
        const KeyVal *p = g_ptr_array_index(kv->list, i);

        for (guint j = 0; j < all->list->len; j++) {
            if (!strcmp(((KeyVal *)g_ptr_array_index(all->list, j))->key, p->key)) {
                g_ptr_array_remove_index(all->list, j);
                break;
            }
        }
        keyval_add(all, p->key, p->value);
    }
    return kv != NULL;
}

MachineClass *machine_choose(const Options *o, KeyVals **props, Error **errp)
{
    g_autoptr(KeyVals) all = keyval_parse("", NULL, false, NULL);
    const char *type, *last = NULL;
    MachineClass *mc;

    for (guint i = 0; i < o->machine->len; i++) {
        last = g_ptr_array_index(o->machine, i);
        if (!merge(all, last, errp)) {
            option_prepend(errp, "M", last);
            return NULL;
        }
    }
    type = keyval_take(all, "type");
    if (!type) {
        error_setg(errp, "no machine was chosen: use -M virt (-M help lists all)");
        return NULL;
    }
    mc = find_machine(type, errp);
    if (!mc) {
        option_prepend(errp, "M", last);
        return NULL;
    }
    *props = g_steal_pointer(&all);
    return mc;
}

/* ---- The machine object ---- */

/* The firmware file in one of the -L folders, g_free(); NULL: as it was given. */
static char *find_in_data_dirs(const Options *o)
{
    const char *name = o->bios;

    if (!name || !strcmp(name, "default")) {
        name = "opensbi-riscv64-generic-fw_dynamic.bin"; /* as distributions call it there */
    } else if (strchr(name, '/') || g_file_test(name, G_FILE_TEST_EXISTS)) {
        return NULL;
    }
    for (guint i = 0; i < o->data_dirs->len; i++) {
        char *path = g_build_filename(o->data_dirs->pdata[i], name, NULL);

        if (g_file_test(path, G_FILE_TEST_EXISTS)) {
            return path;
        }
        g_free(path);
    }
    return NULL;
}

static bool set_machine_props(const Options *o, MachineState *ms, KeyVals *props, Error **errp)
{
    g_autofree char *bios = find_in_data_dirs(o);
    const struct {
        const char *option, *name, *value;
    } images[] = {
        { "kernel", "kernel", o->kernel }, { "initrd", "initrd", o->initrd },
        { "append", "append", o->append }, { "dtb", "dtb", o->dtb },
        { "bios", "firmware", bios ? bios : o->bios },
    };

    if (!object_set_keyvals(ms, props, errp)) {
        option_prepend(errp, "M", g_ptr_array_index(o->machine, o->machine->len - 1));
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(images); i++) {
        if (images[i].value) {
            if (!*images[i].value && strcmp(images[i].name, "append")) {
                error_setg(errp, "-%s: the file name is empty", images[i].option);
                return false;
            }
            object_property_set_known(ms, images[i].name, images[i].value);
        }
    }
    if (o->uuid && !parse_uuid(o->uuid, ms->uuid, errp)) {
        option_prepend(errp, "uuid", o->uuid);
        return false;
    }
    if (ms->initrd && !ms->kernel) {
        error_setg(errp, "-initrd %s: there is no -kernel to use it", ms->initrd);
        return false;
    }
    if (ms->append && !ms->kernel) {
        error_setg(errp, "-append: there is no -kernel to use it");
        return false;
    }
    return true;
}

/* accel=A:B of -M, or every -accel in order, or tcg. */
static bool choose_accel(const Options *o, MachineState *ms, const char *from_machine,
                         Error **errp)
{
    g_auto(GStrv) names = g_strsplit(from_machine ? from_machine : "tcg", ":", -1);
    g_autoptr(GPtrArray) specs = g_ptr_array_new();
    unsigned failed = 0;

    if (from_machine && o->accel->len) {
        error_setg(errp, "-accel and -M accel= exclude each other");
        return false;
    }
    for (guint i = 0; i < o->accel->len; i++) {
        g_ptr_array_add(specs, g_ptr_array_index(o->accel, i));
    }
    for (char **n = names; !o->accel->len && *n; n++) {
        g_ptr_array_add(specs, *n);
    }
    g_ptr_array_add(specs, NULL);
    if (specs->len == 1) {
        error_setg(errp, "-M accel=: the accelerator's name is missing (-accel help lists them)");
        return false;
    }
    ms->accel = accel_choose((const char *const *)specs->pdata, ms, &failed, errp);
    if (!ms->accel) {
        g_autofree char *in_machine = g_strconcat("accel=", from_machine, NULL);

        option_prepend(errp, from_machine ? "M" : "accel",
                       from_machine ? in_machine : g_ptr_array_index(specs, failed));
    }
    return ms->accel != NULL;
}

/* smp.* or memory.* of -M, in front of -smp or -m, which win. */
static GPtrArray *with_machine_texts(GPtrArray *given, char *const *texts,
                                     const char *const *names, size_t n)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) front = g_string_new(NULL);

    for (size_t i = 0; i < n; i++) {
        if (texts[i]) {
            g_string_append_printf(front, "%s%s=%s", front->len ? "," : "", names[i], texts[i]);
        }
    }
    if (front->len) {
        g_ptr_array_add(all, g_strdup(front->str));
    }
    for (guint i = 0; i < given->len; i++) {
        g_ptr_array_add(all, g_strdup(g_ptr_array_index(given, i)));
    }
    return all;
}

/* How many CPUs, how much RAM, and what is near what. */
static bool set_sizes(const Options *o, MachineClass *mc, MachineState *ms, Error **errp)
{
    static const char *const smp_names[] = { "cpus", "maxcpus", "sockets", "clusters", "cores",
                                             "threads" };
    static const char *const memory_names[] = { "size", "maxmem", "slots" };
    g_autoptr(GPtrArray) smp = with_machine_texts(o->smp, ms->texts.smp, smp_names, 6);
    g_autoptr(GPtrArray) memory = with_machine_texts(o->memory, ms->texts.memory, memory_names, 3);

    ms->mem_path = g_strdup(o->mem_path);
    ms->mem_prealloc = o->mem_prealloc;
    ms->ram_size_given = memory->len > 0;
    return memory_parse(memory, mc->default_ram_size, mc->max_ram_size, &ms->ram_size, errp) &&
           smp_parse(smp, mc->max_cpus, &ms->smp, errp) && numa_parse(o->numa, ms, errp);
}

static MachineState *make_machine(const Options *o, MachineClass *mc, KeyVals *props, Error **errp)
{
    g_autofree char *accel = g_strdup(keyval_take(props, "accel"));
    MachineState *ms = MACHINE(object_new_known(object_class_name(&mc->parent_class)));

    object_add_child(object_root(), "machine", ms, NULL);
    object_unref(ms);
    ms->cpu_spec = g_strdup(o->cpu);
    ms->graphics = !o->nographic;
    if (!set_machine_props(o, ms, props, errp) || !boot_options(o, ms, errp) ||
        !smbios_options(o, ms, errp) ||
        !set_sizes(o, mc, ms, errp) ||
        !choose_accel(o, ms, accel, errp) || !icount_option(o, ms, errp)) {
        return NULL;
    }
    return ms;
}

static bool make_devices(const Options *o, GPtrArray *implied, Error **errp)
{
    for (guint i = 0; i < o->device->len; i++) {
        const char *text = g_ptr_array_index(o->device, i);

        if (!device_add(text, errp)) {
            option_prepend(errp, "device", text);
            return false;
        }
    }
    for (guint i = 0; i < implied->len; i++) {
        const ImpliedDevice *d = g_ptr_array_index(implied, i);

        if (!device_add(d->device, errp)) {
            option_prepend(errp, d->option, d->text);
            return false;
        }
    }
    return true;
}

static bool make_monitors(GPtrArray *monitors, Error **errp)
{
    for (guint i = 0; i < monitors->len; i++) {
        if (!monitor_new(monitors->pdata[i], errp)) {
            option_prepend(errp, "monitor", NULL);
            return false;
        }
    }
    return true;
}

static bool seed_option(const Options *o, Error **errp)
{
    uint64_t seed;

    if (!o->seed) {
        return true;
    }
    if (!parse_u64("seed", o->seed, 0, UINT64_MAX, &seed, errp)) {
        option_prepend(errp, "seed", o->seed);
        return false;
    }
    guest_random_seed(seed);
    return true;
}

static bool settings(const Options *o, Error **errp)
{
    unsigned mask;

    for (guint i = 0; i < o->warnings->len; i++) {
        warn_report("%s", (const char *)g_ptr_array_index(o->warnings, i));
    }
    if (!displays_check(o, errp)) {
        return false;
    }
    if (o->log_file && !log_set_file(o->log_file, errp)) {
        option_prepend(errp, "D", o->log_file);
        return false;
    }
    if (o->log_items) {
        if (!log_parse_items(o->log_items, &mask, errp)) {
            option_prepend(errp, "d", o->log_items);
            return false;
        }
        log_set_mask(mask);
    }
    return seed_option(o, errp);
}

/* -global TYPE.PROP=VALUE, or with the parts named: driver=, property=, value=. */
static bool add_global(const char *text, Error **errp)
{
    const char *eq = strchr(text, '='), *dot = strchr(text, '.');

    if (eq && dot && dot < eq) {
        g_autofree char *type = g_strndup(text, dot - text);
        g_autofree char *prop = g_strndup(dot + 1, eq - dot - 1);

        return object_global_add(type, prop, eq + 1, errp);
    }
    if (g_str_has_prefix(text, "driver=")) {
        static const char *const known[] = { "driver", "property", "value", NULL };
        g_autoptr(KeyVals) kv = keyval_parse(text, NULL, false, errp);
        const char *type = kv ? keyval_take(kv, "driver") : NULL;
        const char *prop = kv ? keyval_take(kv, "property") : NULL;
        const char *value = kv ? keyval_take(kv, "value") : NULL;

        if (!kv || !keyval_check_used(kv, known, errp)) {
            return false;
        }
        if (prop && value) {
            return object_global_add(type, prop, value, errp);
        }
    }
    error_setg(errp, "expected TYPE.PROP=VALUE");
    return false;
}

static bool add_globals(const Options *o, Error **errp)
{
    for (guint i = 0; i < o->global->len; i++) {
        const char *text = g_ptr_array_index(o->global, i);

        if (!add_global(text, errp)) {
            option_prepend(errp, "global", text);
            return false;
        }
    }
    return true;
}

/* The last one counts. */
static bool start_gdb(const Options *o, Error **errp)
{
    const char *form = o->gdb->len ? g_ptr_array_index(o->gdb, o->gdb->len - 1) : "none";

    if (gdbstub_start(form, errp)) {
        return true;
    }
    option_prepend(errp, "gdb", form);
    return false;
}

StartupResult startup(const Options *o, Error **errp)
{
    g_autoptr(KeyVals) props = NULL;
    g_autoptr(GPtrArray) implied = g_ptr_array_new_with_free_func(implied_device_free);
    g_autoptr(GPtrArray) monitors = g_ptr_array_new();
    MachineClass *mc = machine_choose(o, &props, errp);
    MachineState *ms;
    RunPolicy policy;

    if (!mc || !run_policy_parse(o, &policy, errp) || !rtc_option(o, errp) ||
        !settings(o, errp) || !add_globals(o, errp)) {
        return STARTUP_FAILED;
    }
    main_loop_init(&policy);
    ms = make_machine(o, mc, props, errp);
    if (!ms || !backends_create(o, mc, implied, errp) ||
        !machine_find_ram(ms, errp) || !consoles_create(o, ms, monitors, errp) || !mc->init(ms, errp) ||
        !fw_cfg_options(o, errp) || !make_devices(o, implied, errp) || !mc->done(ms, errp)) {
        return STARTUP_FAILED;
    }
    if (ms->dumpdtb) {
        return STARTUP_DONE;
    }
    if (!displays_create(o, errp) || !semihosting_start(o, ms, errp) ||
        !make_monitors(monitors, errp) || !cpus_start(ms, errp)) {
        return STARTUP_FAILED;
    }
    mc->reset(ms);
    if (!start_gdb(o, errp) || !observe_options(o, ms, errp)) {
        return STARTUP_FAILED;
    }
    return STARTUP_RUN;
}

/* ---- The end ---- */

static int collect_device(Object *obj, void *list)
{
    if (object_dynamic_cast(obj, TYPE_DEVICE)) {
        g_ptr_array_add(list, object_ref(obj));
    }
    return 0;
}

/* Users before what they use: -device before the board, and both before back ends. */
static void unrealize_devices(MachineState *ms)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(object_unref);

    object_walk(&ms->parent_obj, collect_device, list);
    for (guint i = list->len; i-- > 0;) {
        DeviceState *dev = g_ptr_array_index(list, i);

        if (dev->realized) {
            device_unrealize(dev);
        }
    }
}

void teardown(void)
{
    static const char *const containers[] = { "/drives", "/netdevs", "/chardevs", "/fsdevs",
                                              "/objects" };
    MachineState *ms = current_machine();
    Object *accel;

    if (ms) {
        vm_stop(RUN_STATE_PAUSED);
        profile_end(false);
        cpus_destroy();
        vnc_stop_all();
        semihosting_end();
        unrealize_devices(ms);
        accel = ms->accel;
        object_unparent(ms);
        object_unref(accel);
    }
    chardev_flush_all(1000);
    for (size_t i = 0; i < G_N_ELEMENTS(containers); i++) {
        Object *c = object_resolve_path(containers[i]);

        if (c) {
            object_unparent(c);
        }
    }
    terminal_restore();
}
