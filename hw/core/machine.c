/*
 * The base type of machines: what -M and the options beside it set on every board.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/core/machine.h"

static const Property machine_props[] = {
    PROP_STR("kernel", MachineState, kernel, NULL, "kernel image file"),
    PROP_STR("initrd", MachineState, initrd, NULL, "initial ramdisk file"),
    PROP_STR("append", MachineState, append, NULL, "kernel command line"),
    PROP_STR("dtb", MachineState, dtb, NULL, "device tree file to use instead of the own one"),
    PROP_STR("dumpdtb", MachineState, dumpdtb, NULL, "write the device tree to a file and exit"),
    PROP_STR("firmware", MachineState, firmware, NULL, "firmware image: default, none or a file"),
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
    g_free(ms->fdt);
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
