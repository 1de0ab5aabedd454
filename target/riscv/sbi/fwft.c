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

/* A switch: a bit of medeleg or menvcfg; or menvcfg.PMM. */
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
    case LANDING_PAD:
        return (Feature){ riscv_ext_on(env, EXT_ZICFILP), 0x30A, &env->menvcfg, ENVCFG_LPE };
    case SHADOW_STACK:
        return (Feature){ riscv_ext_on(env, EXT_ZICFISS), 0x30A, &env->menvcfg, ENVCFG_SSE };
    case PTE_AD_HW_UPDATING:
        return (Feature){ riscv_ext_on(env, EXT_SVADU), 0x30A, &env->menvcfg, MENVCFG_ADUE };
    case DOUBLE_TRAP:
        return (Feature){ riscv_ext_on(env, EXT_SSDBLTRP), 0x30A, &env->menvcfg, MENVCFG_DTE };
    case POINTER_MASKING_PMLEN:
        return (Feature){ riscv_ext_on(env, EXT_SMNPM), 0x30A, &env->menvcfg, ENVCFG_PMM };
    default: /* what they switch is not implemented */
        return (Feature){ false };
    }
}

/* The bits that stand for a value; false: there is no such value. */
static bool bits_of(const Feature *f, uint64_t value, uint64_t *bits)
{
    if (f->bits == ENVCFG_PMM) {
        *bits = (value == 7 ? 2ULL : value == 16 ? 3ULL : 0) << ENVCFG_PMM_SHIFT;
        return value == 0 || *bits;
    }
    *bits = value ? f->bits : 0;
    return value <= 1;
}

static uint64_t value_of(const Feature *f)
{
    static const uint8_t lengths[] = { 0, 0, 7, 16 };
    uint64_t bits = *f->reg & f->bits;

    return f->bits == ENVCFG_PMM ? lengths[bits >> ENVCFG_PMM_SHIFT] : bits != 0;
}

static void set(RISCVCPU *cpu, SBICall *call, uint32_t n, const Feature *f)
{
    uint64_t value = call->args[1], flags = call->args[2], bits;

    if (flags > 1 || !bits_of(f, value, &bits)) {
        sbi_result(call, SBI_ERR_INVALID_PARAM, 0);
        return;
    }
    if ((cpu->sbi.fwft_locked >> n) & 1) {
        sbi_result(call, SBI_ERR_DENIED_LOCKED, 0);
        return;
    }
    if ((*f->reg & f->bits) != bits)
        riscv_csr_write_debug(&cpu->env, f->csr, (*f->reg & ~f->bits) | bits);
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
        sbi_result(call, SBI_SUCCESS, value_of(&f));
}
