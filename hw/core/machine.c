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

static const Property machine_props[] = {
    PROP_STR("kernel", MachineState, kernel, NULL, "kernel image file"),
    PROP_STR("initrd", MachineState, initrd, NULL, "initial ramdisk file"),
    PROP_STR("append", MachineState, append, NULL, "kernel command line"),
    PROP_STR("dtb", MachineState, dtb, NULL, "device tree file to use instead of the own one"),
    PROP_STR("dumpdtb", MachineState, dumpdtb, NULL, "write the device tree to a file and exit"),
    PROP_STR("firmware", MachineState, firmware, NULL, "firmware image: default, none or a file"),
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
