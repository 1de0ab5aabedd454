/*
 * Resumable non-maskable interrupts: the registers, the lines, and what becomes of a hart that traps
 * where it must not. What all traps have in common is in trap.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/rnmi.h"

#include <inttypes.h>

#include "hw/core/symbols.h"
#include "target/riscv/csr-impl.h"
#include "target/riscv/mode.h"
#include "target/riscv/trap.h"
#include "util/bits.h"
#include "util/error.h"

/* ---- Registers ---- */

CSR_READ(mnepc)
{
    return env->mnepc & (riscv_ext_on(env, EXT_ZCA) ? ~1ULL : ~3ULL);
}

CSR_WRITE_FN(mnepc)
{
    env->mnepc = value & ~1ULL;
    return 0;
}

CSR_WRITE_FN(mnstatus)
{
    uint64_t old = env->mnstatus, wmask = 0;
    unsigned mnpp = (value & MNSTATUS_MNPP) >> MNSTATUS_MNPP_SHIFT;

    if (riscv_priv_exists(env, mnpp))
        wmask |= MNSTATUS_MNPP;
    if (riscv_ext_on(env, EXT_H))
        wmask |= MNSTATUS_MNPV;
    if (riscv_ext_on(env, EXT_ZICFILP))
        wmask |= MNSTATUS_MNPELP;
    /* Software can set NMIE, but not clear it. */
    env->mnstatus = (old & ~wmask) | (value & (wmask | MNSTATUS_NMIE));
    return (old ^ env->mnstatus) & MNSTATUS_NMIE ? FX_IRQ | FX_TLB : 0;
}

/* ---- Lines ---- */

static bool can_take(const RISCVCPU *cpu)
{
    return ext_get(cpu->ext, EXT_SMRNMI) && !cpu->smode;
}

bool riscv_nmi(CPUState *cpu, Error **errp)
{
    RISCVCPU *rcpu = RISCV_CPU(cpu);

    if (!can_take(rcpu)) {
        error_setg(errp, "CPU %d takes no non-maskable interrupts: %s", cpu->cpu_index,
                   rcpu->smode ? "its M mode is not the guest's (firmware of our own, or KVM)"
                               : "extension 'smrnmi' is off");
        return false;
    }
    machine_request_wakeup();
    __atomic_fetch_or(&rcpu->env.nmi_edges, 1, __ATOMIC_ACQ_REL);
    cpu_attention(cpu, CPU_ATTN_IRQ);
    return true;
}

void riscv_nmi_line(RISCVCPU *cpu, int n, bool level)
{
    if (!can_take(cpu))
        return;
    if (!level) {
        __atomic_fetch_and(&cpu->env.nmi_lines, ~BIT_ULL(n), __ATOMIC_ACQ_REL);
        return;
    }
    machine_request_wakeup();
    __atomic_fetch_or(&cpu->env.nmi_lines, BIT_ULL(n), __ATOMIC_ACQ_REL);
    cpu_attention(&cpu->parent_obj, CPU_ATTN_IRQ);
}

uint64_t riscv_nmi_next(CPURISCVState *env)
{
    uint64_t lines = __atomic_load_n(&env->nmi_lines, __ATOMIC_ACQUIRE);
    uint64_t edges = __atomic_load_n(&env->nmi_edges, __ATOMIC_ACQUIRE);
    unsigned n;

    if (!(lines | edges) || !(env->mnstatus & MNSTATUS_NMIE))
        return 0;
    n = (unsigned)__builtin_ctzll(lines | edges);
    __atomic_fetch_and(&env->nmi_edges, ~BIT_ULL(n), __ATOMIC_ACQ_REL);
    return CAUSE_INTERRUPT | n;
}

/* ---- Taking one ---- */

void riscv_nmi_stack(CPURISCVState *env, uint64_t cause, RISCVPriv priv, bool virt)
{
    env->mnepc = env->tcg.pc;
    env->mncause = cause;
    env->mnstatus = (uint64_t)priv << MNSTATUS_MNPP_SHIFT | (virt ? MNSTATUS_MNPV : 0) |
                    (env->elp ? MNSTATUS_MNPELP : 0);
}

/* ---- Where no trap may come ---- */

bool riscv_trap_unexpected(const CPURISCVState *env)
{
    if (!riscv_ext_on(env, EXT_SMDBLTRP))
        return false;
    return (env->mstatus & MSTATUS_MDT) ||
           (env->priv == PRV_M && !(env->mnstatus & MNSTATUS_NMIE));
}

void riscv_critical_error(CPURISCVState *env, uint64_t cause, uint64_t tval, const char *why)
{
    RISCVCPU *cpu = env_cpu(env);
    g_autoptr(GString) where = g_string_new(NULL);

    symbol_append(where, env->tcg.pc);
    warn_report("hart %" PRIu64 " has stopped with a critical error: %s (tval %#" PRIx64 ") at pc %#"
                PRIx64 "%s, where %s", cpu->hartid, riscv_cause_name(cause),
                tval, env->tcg.pc, where->str, why);
    __atomic_store_n(&cpu->parent_obj.critical_error, true, __ATOMIC_RELAXED);
    __atomic_store_n(&cpu->parent_obj.halted, true, __ATOMIC_RELAXED);
}
