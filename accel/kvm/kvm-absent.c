/*
 * The accelerator "kvm" of a binary that was built without it: known, and says why it cannot be used.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/accel.h"
#include "accel/kvm/kvm-cpu.h"

bool kvm_enabled(void)
{
    return false;
}

static bool kvm_available(char **reason)
{
    *reason = g_strdup("not built into this binary (configure --enable-kvm)");
    return false;
}

static bool kvm_init_machine(AccelState *accel, MachineState *ms, Error **errp)
{
    error_setg(errp, "accelerator 'kvm' is not built into this binary");
    return false;
}

static void kvm_class_init(ObjectClass *klass, const void *data)
{
    AccelClass *ac = ACCEL_CLASS(klass);

    ac->name = "kvm";
    ac->available = kvm_available;
    ac->init_machine = kvm_init_machine;
}

static const TypeInfo kvm_type = {
    .name = "kvm" ACCEL_TYPE_SUFFIX,
    .parent = TYPE_ACCEL,
    .desc = "runs the guest on the host's CPU",
    .class_init = kvm_class_init,
};
type_init(kvm_type);
