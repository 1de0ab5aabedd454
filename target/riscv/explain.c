/*
 * Why an interrupt is taken or not, and why an instruction is illegal: asked by the monitor and the
 * log, after the fact. The decisions themselves are made in interrupt.c, csr.c and trap.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/explain.h"

#include <inttypes.h>
#include <string.h>

#include "target/riscv/bits.h"
#include "target/riscv/causes.h"
#include "target/riscv/csr.h"
#include "target/riscv/insn-list.h"
#include "target/riscv/insn-rows.h"
#include "target/riscv/isa.h"
#include "target/riscv/mode.h"
#include "target/riscv/trap.h"

/* ---- Interrupts ---- */

static RISCVIrqLevel level_of(const CPURISCVState *env, unsigned n)
{
    return !((env->mideleg >> n) & 1) ? IRQ_LEVEL_M
           : (riscv_hideleg(env) >> n) & 1  ? IRQ_LEVEL_VS
                                      : IRQ_LEVEL_S;
}

/* What keeps interrupts of a level from being taken now, or NULL. */
static const char *why_level_waits(const CPURISCVState *env, RISCVIrqLevel level)
{
    if (!(env->mnstatus & MNSTATUS_NMIE))
        return "not taken: mnstatus.NMIE=0";
    switch (level) {
    case IRQ_LEVEL_M:
        return env->priv == PRV_M && !(env->mstatus & MSTATUS_MIE)
                   ? "not taken: the hart is in M with mstatus.MIE=0" : NULL;
    case IRQ_LEVEL_S:
        if (env->priv == PRV_M)
            return "not taken: it is delegated to S, and the hart is in M";
        return env->priv == PRV_S && !env->virt && !(env->mstatus & MSTATUS_SIE)
                   ? "not taken: the hart is in S with mstatus.SIE=0" : NULL;
    default:
        if (!env->virt)
            return "not taken: it is delegated to VS, and no guest runs";
        return env->priv == PRV_S && !(env->vsstatus & MSTATUS_SIE)
                   ? "not taken: the guest has vsstatus.SIE=0" : NULL;
    }
}

/* next: the one that is taken, by its number in mip; -1: none. */
static void explain_pending(const CPURISCVState *env, unsigned n, bool enabled,
                            RISCVIrqLevel level, int next, GString *out)
{
    const char *why = enabled ? why_level_waits(env, level) : "not taken: its bit in mie is 0";

    if (!enabled && level == IRQ_LEVEL_S && !((env->mideleg >> n) & 1))
        why = "not taken: its bit in sie is 0"; /* made up by M */
    if (why)
        g_string_append_printf(out, "%s\n", why);
    else if ((int)n == next)
        g_string_append(out, "taken next\n");
    else if (next < 0)
        g_string_append(out, "waits\n");
    else
        g_string_append_printf(out, "waits: %d %s comes first\n", next,
                               riscv_cause_name(CAUSE_INTERRUPT | (unsigned)next));
}

/* What M makes up for S, and the hypervisor for its guest (AIA). */
static void explain_virtual(const CPURISCVState *env, int next, GString *out)
{
    uint64_t made = (env->mvip | env->mip_sw) & env->mvien & ~env->mideleg;

    for (unsigned n = 0; n < 64; n++) {
        if (!((made >> n) & 1))
            continue;
        g_string_append_printf(out, "  %u %s: to S, made up in mvip, ", n,
                               riscv_cause_name(CAUSE_INTERRUPT | n));
        explain_pending(env, n, (env->sie_virt >> n) & 1, IRQ_LEVEL_S, next, out);
    }
    if (env->hvictl & HVICTL_VTI)
        g_string_append_printf(out, "  hvictl says what the guest gets: %u\n",
                               (unsigned)(env->hvictl >> 16) & 0xFFF);
}

void riscv_explain_interrupts(CPUState *cpu, GString *out)
{
    static const char *const levels[] = { "M", "S", "VS" };
    CPURISCVState *env = riscv_env(cpu);
    RISCVIrqLevel level;
    uint64_t pending = 0;
    int next = riscv_next_interrupt(env, &level);

    riscv_csr_read_debug(env, 0x344, &pending);
    if (level == IRQ_LEVEL_VS && (next == IRQ_S_SOFT || next == IRQ_S_TIMER || next == IRQ_S_EXT))
        next++; /* a guest's are one bit higher in mip */
    g_string_append_printf(out, "hart %" PRIu64 ": %s%c mode%s, mstatus.MIE=%d SIE=%d, mip=%#" PRIx64
                           " mie=%#" PRIx64 " mideleg=%#" PRIx64 "\n", env_cpu(env)->hartid,
                           env->virt ? "V" : "", "US-M"[env->priv],
                           cpu->halted ? " (waiting)" : "", !!(env->mstatus & MSTATUS_MIE),
                           !!(env->mstatus & MSTATUS_SIE), pending, env->mie, env->mideleg);
    if (!pending)
        g_string_append(out, "  nothing is pending\n");
    for (unsigned n = 0; n < 64; n++) {
        if (!((pending >> n) & 1))
            continue;
        g_string_append_printf(out, "  %u %s: to %s, ", n, riscv_cause_name(CAUSE_INTERRUPT | n),
                               levels[level_of(env, n)]);
        explain_pending(env, n, (env->mie >> n) & 1, level_of(env, n), next, out);
    }
    explain_virtual(env, next, out);
}

/* ---- Illegal instructions ---- */

/* Appends the extensions named in the row's requirement that are off. */
static void append_missing(const CPURISCVState *env, unsigned row, GString *out)
{
    g_auto(GStrv) words = g_strsplit_set(riscv_insn_rows[row].requires, "&|() ", -1);
    const char *before = "needs ";
    bool by_misa = false;

    for (unsigned i = 0; words[i]; i++) {
        for (unsigned e = 0; *words[i] && e < EXT_NR; e++) {
            if (g_ascii_strcasecmp(words[i], riscv_ext_rows[e].name) || riscv_ext_on(env, e))
                continue;
            by_misa |= ext_get(env_cpu((CPURISCVState *)env)->ext, e);
            g_string_append_printf(out, "%s%s", before, riscv_ext_rows[e].name);
            before = strchr(riscv_insn_rows[row].requires, '|') ? " or " : " and ";
        }
    }
    g_string_append(out, by_misa ? ", which misa has switched off" : ", which is off");
}

static const char *why_cbo(const CPURISCVState *env, uint64_t need, const char *m, const char *s)
{
    if (env->priv != PRV_M && !(env->menvcfg & need))
        return m;
    if (env->priv == PRV_U && riscv_ext_on(env, EXT_S) && !(env->senvcfg & need))
        return s;
    return NULL;
}

static const char *why_privileged(const CPURISCVState *env, unsigned row)
{
    uint64_t status = env->mstatus;

    switch (row) {
    case INSN_mret:
    case INSN_mnret:
        return env->priv != PRV_M ? "needs M mode" : NULL;
    case INSN_sret:
        return env->priv < PRV_S ? "needs S mode" : status & MSTATUS_TSR ? "mstatus.TSR=1" : NULL;
    case INSN_wfi:
        if (env->priv != PRV_M && (status & MSTATUS_TW))
            return "mstatus.TW=1";
        return env->priv == PRV_U ? "needs S mode" : NULL;
    case INSN_sfence_vma:
    case INSN_sinval_vma:
        return env->priv == PRV_U ? "needs S mode" : status & MSTATUS_TVM ? "mstatus.TVM=1" : NULL;
    case INSN_sfence_w_inval:
    case INSN_sfence_inval_ir:
        return env->priv == PRV_U ? "needs S mode" : NULL;
    case INSN_cbo_inval:
        return why_cbo(env, ENVCFG_CBIE, "menvcfg.CBIE=0", "senvcfg.CBIE=0");
    case INSN_cbo_clean:
    case INSN_cbo_flush:
        return why_cbo(env, ENVCFG_CBCFE, "menvcfg.CBCFE=0", "senvcfg.CBCFE=0");
    case INSN_cbo_zero:
        return why_cbo(env, ENVCFG_CBZE, "menvcfg.CBZE=0", "senvcfg.CBZE=0");
    default:
        return NULL;
    }
}

static bool is_csr_insn(unsigned row)
{
    return row == INSN_csrrw || row == INSN_csrrs || row == INSN_csrrc || row == INSN_csrrwi ||
           row == INSN_csrrsi || row == INSN_csrrci;
}

void riscv_explain_illegal(CPURISCVState *env, uint32_t insn, GString *out)
{
    RISCVOperands o;
    unsigned row = riscv_decode(insn, env->ext_on, &o), flags;
    const char *why;

    if (row == INSN_illegal) {
        row = riscv_decode(insn, RISCV_EXT_ALL, &o);
        if (row == INSN_illegal) {
            g_string_append(out, insn == 0 ? "all bits are zero" : "reserved encoding");
            return;
        }
        g_string_append_printf(out, "%s: ", riscv_insn_name(row));
        append_missing(env, row, out);
        return;
    }
    flags = riscv_insn_flags(row);
    if (is_csr_insn(row)) {
        unsigned csr = insn >> 20;
        bool writes = row == INSN_csrrw || row == INSN_csrrwi || (insn >> 15 & 31);

        g_string_append_printf(out, "%s ", riscv_insn_name(row));
        riscv_csr_explain(env, csr, writes, out);
        return;
    }
    g_string_append_printf(out, "%s: ", riscv_insn_name(row));
    why = why_privileged(env, row);
    if ((flags & (INSN_FS | INSN_FSW)) && !(env->mstatus & MSTATUS_FS))
        g_string_append(out, "mstatus.FS=0");
    else if ((flags & INSN_RM) && o.aux == 7 && env->frm > 4)
        g_string_append_printf(out, "frm=%u is reserved", env->frm);
    else
        g_string_append(out, why ? why : "not allowed here");
}
