/*
 * Breakpoints of the debugger under KVM: instructions in guest memory, put there and taken out by the CPU
 * model, while the kernel hands every ebreak to us.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/debug.h"

#include "accel/kvm/internal.h"

static bool has(const DebugPoint *list, unsigned nr, const DebugPoint *p)
{
    for (unsigned i = 0; i < nr; i++) {
        if (list[i].kind == p->kind && list[i].addr == p->addr && list[i].len == p->len) {
            return true;
        }
    }
    return false;
}

/* With the first page tables that map the address. */
static bool set_point(KVMState *s, const DebugPoint *p, bool insert, Error **errp)
{
    Error *first = NULL;
    CPUState *cpu;

    if (!s->ops->debug_point) {
        error_setg(errp, "this CPU model has no breakpoints under KVM");
        return false;
    }
    CPU_FOREACH(cpu) {
        kvm_state_out(cpu);
        if (s->ops->debug_point(cpu, p->kind, p->addr, insert, first ? NULL : &first)) {
            error_free(first);
            return true;
        }
    }
    if (first) {
        error_setg(errp, "%s", error_get_pretty(first));
        error_free(first);
    }
    return false;
}

static void guest_debug(bool on)
{
    struct kvm_guest_debug d = { .control = on ? KVM_GUESTDBG_ENABLE : 0 };
    CPUState *cpu;

    CPU_FOREACH(cpu) {
        int r = kvm_vcpu_ioctl(cpu, KVM_SET_GUEST_DEBUG, &d);

        if (r < 0) {
            warn_report("KVM: vCPU %d: breakpoints cannot be switched: %s", cpu->cpu_index,
                        g_strerror(-r));
        }
    }
}

bool kvm_debug_changed(AccelState *accel, bool code, bool data, Error **errp)
{
    KVMState *s = KVM_STATE(accel);
    DebugPoint *set = (DebugPoint *)s->debug_points->data;
    unsigned nr, were = s->debug_points->len;
    const DebugPoint *now = debug_points(&nr);
    bool ok = true;

    for (guint i = s->debug_points->len; i-- > 0;) {
        if (!has(now, nr, &set[i])) {
            set_point(s, &set[i], false, NULL);
            g_array_remove_index(s->debug_points, i);
        }
    }
    for (unsigned i = 0; i < nr && ok; i++) {
        set = (DebugPoint *)s->debug_points->data;
        if (!has(set, s->debug_points->len, &now[i])) {
            ok = set_point(s, &now[i], true, errp);
            if (ok) {
                g_array_append_val(s->debug_points, now[i]);
            }
        }
    }
    if ((were == 0) != (s->debug_points->len == 0)) {
        guest_debug(s->debug_points->len > 0);
    }
    return ok;
}
