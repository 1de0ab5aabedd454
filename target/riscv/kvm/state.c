/*
 * State between the kernel and RISCVCPU.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/kvm/kvm-impl.h"

#include <errno.h>
#include <string.h>

#include "target/riscv/causes.h"
#include "target/riscv/mode.h"
#include "target/riscv/vector/vector.h"
#include "util/bits.h"

static bool reg_error(Error **errp, int r, const char *what, uint64_t id)
{
    g_autoptr(GString) name = g_string_new(NULL);

    riscv_kvm_reg_name(id, name);
    error_setg_errno(errp, -r, "KVM does not let register '%s' be %s", name->str, what);
    return false;
}

/* ---- Single registers, which the list then knows of ---- */

static KVMReg *find_reg(RISCVKVM *k, uint64_t id)
{
    for (unsigned i = 0; i < k->nr_regs; i++)
        if (k->regs[i].id == id)
            return &k->regs[i];
    return NULL;
}

int riscv_kvm_read(RISCVCPU *cpu, uint64_t id, uint64_t *value)
{
    *value = 0;
    return kvm_get_one_reg(&cpu->parent_obj, id, value);
}

int riscv_kvm_write(RISCVCPU *cpu, uint64_t id, uint64_t value)
{
    KVMReg *reg = find_reg(cpu->kvm, id);

    if (reg)
        reg->current = false;
    return kvm_set_one_reg(&cpu->parent_obj, id, &value);
}

/* ---- Out of the kernel ---- */

/* What we have no name for goes into the saved state with its number. */
static void save_other(RISCVCPU *cpu)
{
    const RISCVKVM *k = cpu->kvm;
    unsigned n = 0;

    memset(cpu->kvm_saved.other_id, 0, sizeof(cpu->kvm_saved.other_id));
    memset(cpu->kvm_saved.other, 0, sizeof(cpu->kvm_saved.other));
    for (unsigned i = 0; i < k->nr_regs && n < RISCV_KVM_OTHER; i++) {
        const KVMReg *reg = &k->regs[i];

        if (reg->use != KVM_REG_KEPT || reg->gone || reg->size > 8)
            continue;
        cpu->kvm_saved.other_id[n] = reg->id;
        memcpy(&cpu->kvm_saved.other[n++], k->values + reg->at, reg->size);
    }
}

bool riscv_kvm_get(CPUState *cs, Error **errp)
{
    RISCVCPU *cpu = (RISCVCPU *)cs;
    RISCVKVM *k = cpu->kvm;
    struct kvm_mp_state mp = { 0 };

    for (unsigned i = 0; i < k->nr_regs; i++) {
        KVMReg *reg = &k->regs[i];
        uint8_t *bytes = k->values + reg->at;
        int r;

        if (reg->use == KVM_REG_SETTING || reg->gone)
            continue;
        r = kvm_get_one_reg(cs, reg->id, bytes);
        if (r == -ENOENT || (r < 0 && reg->use == KVM_REG_KEPT)) {
            reg->gone = true;
            continue;
        }
        if (r < 0)
            return reg_error(errp, r, "read", reg->id);
        reg->current = true;
        if (reg->use == KVM_REG_STATE)
            reg->kind->load(cpu, KVM_REG_INDEX(reg->id), bytes, reg->size);
    }
    if (kvm_vcpu_ioctl(cs, KVM_GET_MP_STATE, &mp) == 0)
        cpu->kvm_saved.mp_state = mp.mp_state;
    save_other(cpu);
    riscv_vector_derive(&cpu->env);
    riscv_mode_update(&cpu->env);
    return true;
}

/* ---- Into the kernel ---- */

/* What a register that we only keep is to have; false: nothing is to be written. */
static bool store_kept(RISCVCPU *cpu, const KVMReg *reg, KVMPutLevel level, uint8_t *bytes)
{
    const RISCVKVM *k = cpu->kvm;

    if (level == KVM_PUT_CHANGED)
        return false;
    memcpy(bytes, (level == KVM_PUT_RESET ? k->first : k->values) + reg->at, reg->size);
    for (unsigned n = 0; level == KVM_PUT_FULL && reg->size <= 8 && n < RISCV_KVM_OTHER; n++)
        if (cpu->kvm_saved.other_id[n] == reg->id)
            memcpy(bytes, &cpu->kvm_saved.other[n], reg->size);
    return true;
}

static bool is_timer(const KVMReg *reg, unsigned index)
{
    return KVM_REG_TYPE(reg->id) == KVM_REG_TYPE_TIMER && KVM_REG_INDEX(reg->id) == index;
}

static bool put_reg(RISCVCPU *cpu, KVMReg *reg, KVMPutLevel level, Error **errp)
{
    RISCVKVM *k = cpu->kvm;
    g_autofree uint8_t *large = reg->size > 8 ? g_malloc0(reg->size) : NULL;
    uint8_t small[8] = { 0 }, *bytes = large ? large : small;
    bool timer = KVM_REG_TYPE(reg->id) == KVM_REG_TYPE_TIMER;
    int r;

    if (reg->use == KVM_REG_SETTING || reg->gone)
        return true;
    /* Time goes on by itself, and is written with state that was loaded only. */
    if (timer && (level == KVM_PUT_CHANGED ||
                  (level == KVM_PUT_RESET && is_timer(reg, KVM_REG_TIMER_TIME))))
        return true;
    if (reg->use == KVM_REG_STATE ? !reg->kind->store(cpu, KVM_REG_INDEX(reg->id), bytes, reg->size)
                                  : !store_kept(cpu, reg, level, bytes))
        return true;
    if (level == KVM_PUT_CHANGED && reg->current && !memcmp(bytes, k->values + reg->at, reg->size))
        return true;
    r = kvm_set_one_reg(&cpu->parent_obj, reg->id, bytes);
    /* Switching off a timer that is idle is refused with EINVAL. */
    if (r == -EINVAL && is_timer(reg, KVM_REG_TIMER_STATE) && !bytes[0])
        r = 0;
    /* Some of what we do not know may be read-only. */
    if (r < 0 && reg->use == KVM_REG_KEPT)
        return true;
    if (r < 0)
        return reg_error(errp, r, "written", reg->id);
    memcpy(k->values + reg->at, bytes, reg->size);
    reg->current = true;
    return true;
}

bool riscv_kvm_put(CPUState *cs, KVMPutLevel level, Error **errp)
{
    RISCVCPU *cpu = (RISCVCPU *)cs;
    RISCVKVM *k = cpu->kvm;
    struct kvm_mp_state mp = { cpu->kvm_saved.mp_state };
    int r;

    for (unsigned i = 0; i < k->nr_regs; i++)
        if (!put_reg(cpu, &k->regs[i], level, errp))
            return false;
    if (level == KVM_PUT_CHANGED)
        return true;
    /* Writing sip dropped what the kernel knew of the line. */
    k->line_known = false;
    riscv_kvm_put_interrupts(cs);
    r = kvm_vcpu_ioctl(cs, KVM_SET_MP_STATE, &mp);
    if (r < 0) {
        error_setg_errno(errp, -r, "KVM does not make vCPU %d %s", cs->cpu_index,
                         mp.mp_state == KVM_MP_STATE_STOPPED ? "stop" : "run");
        return false;
    }
    return true;
}

void riscv_kvm_put_interrupts(CPUState *cs)
{
    RISCVCPU *cpu = (RISCVCPU *)cs;
    RISCVKVM *k = cpu->kvm;
    bool line = __atomic_load_n(&cpu->env.mip, __ATOMIC_ACQUIRE) & MIP_SEIP;
    struct kvm_interrupt irq = { line ? KVM_INTERRUPT_SET : KVM_INTERRUPT_UNSET };

    if (k->line_known && k->line == line)
        return;
    if (kvm_vcpu_ioctl(cs, KVM_INTERRUPT, &irq) == 0) {
        k->line = line;
        k->line_known = true;
    }
}

/* Time is one for the VM: any vCPU shows and sets it. Timers are due at a time, so they move along. */
void riscv_kvm_clock(CPUState *cpu, bool running)
{
    static const uint64_t id = KVM_REG64(KVM_REG_TYPE_TIMER, 0, KVM_REG_TIMER_TIME);
    RISCVKVM *k = ((RISCVCPU *)cpu)->kvm;

    if (running && k->stopped) {
        kvm_set_one_reg(cpu, id, &k->stopped_at);
        k->stopped = false;
    } else if (!running) {
        k->stopped = kvm_get_one_reg(cpu, id, &k->stopped_at) == 0;
    }
}
