/*
 * The base type of machines: what -M and the options beside it set on every board.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/core/machine.h"

/* Letters a to p, each once. */
static bool boot_letters_changed(Object *obj, const Property *prop, Error **errp)
{
    const char *text = *(char **)((char *)obj + prop->offset);
    unsigned seen = 0;

    for (const char *c = text ? text : ""; *c; c++) {
        if (*c < 'a' || *c > 'p') {
            error_setg(errp, "%s=%s: '%c' is no boot device (there are: a to p)", prop->name, text,
                       *c);
            return false;
        }
        if (seen & 1u << (*c - 'a')) {
            error_setg(errp, "%s=%s: '%c' is given twice", prop->name, text, *c);
            return false;
        }
        seen |= 1u << (*c - 'a');
    }
    return true;
}

/* Properties of QEMU's machines for what is not here: "off" is what there is. */
static bool usb_changed(Object *obj, const Property *prop, Error **errp)
{
    bool on = *(bool *)((char *)obj + prop->offset);

    if (on) {
        error_setg(errp, "%s=on: there is no USB yet", prop->name);
    }
    return !on;
}

static bool refused(Object *obj, const Property *prop, Error **errp)
{
    error_setg(errp, "'%s' is not supported", prop->name);
    return false;
}

#define TEXT_PROP(name, field, help_) PROP_STR(name, MachineState, texts.field, NULL, help_)
#define REFUSED_PROP(name)                                                                \
    { PROP_(prop_str, name, MachineState, unsupported), .changed = refused, .flags = PROP_HIDDEN }

static const Property machine_props[] = {
    PROP_STR("kernel", MachineState, kernel, NULL, "kernel image file"),
    PROP_STR("initrd", MachineState, initrd, NULL, "initial ramdisk file"),
    PROP_STR("append", MachineState, append, NULL, "kernel command line"),
    PROP_STR("dtb", MachineState, dtb, NULL, "device tree file to use instead of the own one"),
    PROP_STR("dumpdtb", MachineState, dumpdtb, NULL, "write the device tree to a file and exit"),
    PROP_STR("firmware", MachineState, firmware, NULL, "firmware image: default, none, builtin or a file"),
    PROP_STR("memory-backend", MachineState, memory_backend, NULL,
             "id of the -object that is the RAM"),
    PROP_BOOL("mem-merge", MachineState, mem_merge, true, "let the host merge equal pages of RAM"),
    PROP_BOOL("dump-guest-core", MachineState, dump_guest_core, true,
              "RAM is part of core dumps of the emulator"),
    PROP_U32("phandle-start", MachineState, phandle_start, 1, 1, UINT32_MAX / 2,
             "number of the first node that others refer to in the device tree"),
    TEXT_PROP("smp.cpus", smp[0], "as -smp cpus="),
    TEXT_PROP("smp.maxcpus", smp[1], "as -smp maxcpus="),
    TEXT_PROP("smp.sockets", smp[2], "as -smp sockets="),
    TEXT_PROP("smp.clusters", smp[3], "as -smp clusters="),
    TEXT_PROP("smp.cores", smp[4], "as -smp cores="),
    TEXT_PROP("smp.threads", smp[5], "as -smp threads="),
    TEXT_PROP("memory.size", memory[0], "as -m size="),
    TEXT_PROP("memory.max-size", memory[1], "as -m maxmem="),
    TEXT_PROP("memory.slots", memory[2], "as -m slots="),
    { PROP_(prop_bool, "usb", MachineState, usb), .changed = usb_changed, .help = "not on" },
    PROP_BOOL("aux-ram-share", MachineState, ignored, false, "accepted; no effect"),
    PROP_BOOL("suppress-vmdesc", MachineState, ignored, false, "accepted; no effect"),
    REFUSED_PROP("shim"),
    REFUSED_PROP("smp-cache"),
    REFUSED_PROP("memory-encryption"),
    REFUSED_PROP("confidential-guest-support"),
    PROP_BOOL("graphics", MachineState, graphics, true, "whether firmware may use a display"),
    { PROP_(prop_str, "boot.order", MachineState, boot.order), .changed = boot_letters_changed,
      .help = "letters of boot devices (no effect on this board)" },
    { PROP_(prop_str, "boot.once", MachineState, boot.once), .changed = boot_letters_changed,
      .help = "the same for the first boot" },
    { PROP_(prop_on_off_auto, "boot.menu", MachineState, boot.menu),
      .help = "whether the firmware shows its menu" },
    PROP_STR("boot.splash", MachineState, boot.splash, NULL, "picture that the firmware shows"),
    { PROP_(prop_i64, "boot.splash-time", MachineState, boot.splash_time), .def.i = -1,
      .min = (uint64_t)-1, .max = 65535, .help = "milliseconds that the menu waits; -1: not given" },
    { PROP_(prop_i64, "boot.reboot-timeout", MachineState, boot.reboot_timeout), .def.i = -1,
      .min = (uint64_t)-1, .max = 65535,
      .help = "milliseconds until a reset if nothing can be booted; -1: none" },
    PROP_BOOL("boot.strict", MachineState, boot.strict, false,
              "boot only devices that have a bootindex"),
    PROP_END,
};

static void machine_class_init(ObjectClass *klass, const void *class_data)
{
    klass->props = machine_props;
}

static void machine_instance_init(Object *obj)
{
    MachineState *ms = MACHINE(obj);

    ms->smp = (CPUTopology){ 1, 1, 1, 1, 1, 1 };
    ms->serial = g_ptr_array_new();
    memory_region_init(&ms->system_memory, ms, "system", UINT64_MAX);
    address_space_init(&ms->as, &ms->system_memory, "memory");
}

static void machine_instance_finalize(Object *obj)
{
    MachineState *ms = MACHINE(obj);

    address_space_destroy(&ms->as);
    memory_region_destroy(&ms->ram);
    memory_region_destroy(&ms->system_memory);
    g_ptr_array_unref(ms->serial);
    g_free(ms->mem_path);
    g_free(ms->cpu_spec);
    numa_free(&ms->numa);
    g_free(ms->fdt);
}

void numa_free(NumaState *n)
{
    for (unsigned i = 0; n->nodes && i < NUMA_MAX_NODES; i++) {
        g_free(n->nodes[i].memdev);
    }
    g_clear_pointer(&n->nodes, g_free);
    g_clear_pointer(&n->cpu_node, g_free);
}

MachineState *current_machine(void)
{
    Object *obj = object_child(object_root(), "machine");

    return obj ? object_dynamic_cast(obj, TYPE_MACHINE) : NULL;
}

/* What system/ installed: the one way from a device up to the process. */
static const MachineRunOps *run_ops;

void machine_set_run_ops(const MachineRunOps *ops)
{
    run_ops = ops;
}

void machine_request_shutdown(ShutdownCause cause, int exit_code)
{
    if (run_ops) {
        run_ops->request_shutdown(cause, exit_code);
    }
}

void machine_request_reset(ShutdownCause cause)
{
    if (run_ops) {
        run_ops->request_reset(cause);
    }
}

void machine_request_io_stop(void)
{
    if (run_ops) {
        run_ops->request_io_stop();
    }
}

void machine_request_suspend(void)
{
    if (run_ops && run_ops->request_suspend) {
        run_ops->request_suspend();
    }
}

void machine_request_wakeup(void)
{
    if (run_ops && run_ops->request_wakeup) {
        run_ops->request_wakeup();
    }
}

static const TypeInfo machine_type = {
    .name = TYPE_MACHINE,
    .parent = TYPE_OBJECT,
    .instance_size = sizeof(MachineState),
    .class_size = sizeof(MachineClass),
    .abstract = true,
    .class_init = machine_class_init,
    .instance_init = machine_instance_init,
    .instance_finalize = machine_instance_finalize,
};
type_init(machine_type);
