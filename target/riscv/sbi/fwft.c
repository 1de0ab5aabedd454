/*
 * FWFT: what S may switch that belongs to M. The values are kept in the registers that they are about.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/bits.h"
#include "target/riscv/causes.h"
#include "target/riscv/csr.h"
#include "target/riscv/ext.h"
#include "target/riscv/mode.h"
#include "target/riscv/sbi/internal.h"

enum {
    MISALIGNED_EXC_DELEG = 0,
    LANDING_PAD = 1,
    SHADOW_STACK = 2,
    DOUBLE_TRAP = 3,
    PTE_AD_HW_UPDATING = 4,
    POINTER_MASKING_PMLEN = 5,
    NR_FEATURES = 6,
};

#define MISALIGNED ((1ULL << EXC_LOAD_MISALIGNED) | (1ULL << EXC_STORE_MISALIGNED))

/* A switch: a bit of medeleg or menvcfg. */
typedef struct Feature {
    bool here;
    unsigned csr;
    uint64_t *reg, bits;
} Feature;

static Feature find(RISCVCPU *cpu, uint32_t n)
{
    CPURISCVState *env = &cpu->env;

    switch (n) {
    case MISALIGNED_EXC_DELEG:
        return (Feature){ true, 0x302, &env->medeleg, MISALIGNED };
    case PTE_AD_HW_UPDATING:
        return (Feature){ riscv_ext_on(env, EXT_SVADU), 0x30A, &env->menvcfg, MENVCFG_ADUE };
    case DOUBLE_TRAP:
        return (Feature){ riscv_ext_on(env, EXT_SSDBLTRP), 0x30A, &env->menvcfg, MENVCFG_DTE };
    default: /* what they switch is not implemented */
        return (Feature){ false };
    }
}

static void set(RISCVCPU *cpu, SBICall *call, uint32_t n, const Feature *f)
{
    uint64_t value = call->args[1], flags = call->args[2];

    if (flags > 1 || value > 1) {
        sbi_result(call, SBI_ERR_INVALID_PARAM, 0);
        return;
    }
    if ((cpu->sbi.fwft_locked >> n) & 1) {
        sbi_result(call, SBI_ERR_DENIED_LOCKED, 0);
        return;
    }
    if (!!(*f->reg & f->bits) != value)
        riscv_csr_write_debug(&cpu->env, f->csr, (*f->reg & ~f->bits) | (value ? f->bits : 0));
    cpu->sbi.fwft_locked |= (uint8_t)(flags << n);
    sbi_result(call, SBI_SUCCESS, 0);
}

void sbi_fwft(RISCVCPU *cpu, SBICall *call)
{
    uint32_t n = (uint32_t)call->args[0];
    Feature f;

    if (call->fn > 1) {
        sbi_result(call, SBI_ERR_NOT_SUPPORTED, 0);
        return;
    }
    if (n >= NR_FEATURES) {
        sbi_result(call, SBI_ERR_DENIED, 0);
        return;
    }
    f = find(cpu, n);
    if (!f.here)
        sbi_result(call, SBI_ERR_NOT_SUPPORTED, 0);
    else if (call->fn == 0)
        set(cpu, call, n, &f);
    else
        sbi_result(call, SBI_SUCCESS, (*f.reg & f.bits) != 0);
}
