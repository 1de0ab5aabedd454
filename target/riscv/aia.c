/*
 * The registers that the advanced interrupt architecture adds to a hart: indirect access
 * (Smcsrind), priorities of major interrupts, top interrupts, and virtual interrupts for S.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/aia.h"

#include <string.h>

#include "target/riscv/csr-impl.h"
#include "target/riscv/mode.h"
#include "util/bits.h"

/* ---- Priorities ---- */

/* Default order, the highest first (AIA, table of major interrupts and the note below it); the rest,
 * custom interrupts among them, comes after these by number. */
static const uint8_t default_order[] = {
    47, 23, 46, 45, 22, 44, 43, 21, 42, 41, 20, 40, 11, 3,  7,  9,  1,  5,
    12, 10, 2,  6,  13, 39, 19, 38, 37, 18, 36, 35, 17, 34, 33, 16, 32,
};

unsigned riscv_aia_rank(unsigned n)
{
    const uint8_t *at = memchr(default_order, (int)n, sizeof(default_order));

    return at ? (unsigned)(at - default_order) : 64 + n;
}

static unsigned external_of(RISCVIrqLevel level)
{
    return level == IRQ_LEVEL_M ? IRQ_M_EXT : IRQ_S_EXT;
}

static const uint8_t *iprio_of(const CPURISCVState *env, RISCVIrqLevel level)
{
    return level == IRQ_LEVEL_M ? env->miprio : env->siprio;
}

/* Of the level's external interrupt: what its controller says. An APLIC's line has no number; it counts like
 * what software made pending (AIA, 5.4.1): after all that was given a number. */
static unsigned external_priority(const CPURISCVState *env, RISCVIrqLevel level)
{
    const RISCVCPU *cpu = container_of(env, RISCVCPU, env);
    const IMSICLink *imsic = level == IRQ_LEVEL_M ? cpu->imsic_m : cpu->imsic_s;
    unsigned top = imsic ? imsic->top(imsic->opaque, 0) : 0;

    return top ? top : AIA_PRIO_NO_SOURCE;
}

static unsigned priority(const CPURISCVState *env, RISCVIrqLevel level, unsigned n)
{
    unsigned external = external_of(level), given;

    if (n == external)
        return external_priority(env, level);
    given = iprio_of(env, level)[n];
    return given ? given : riscv_aia_rank(n) < riscv_aia_rank(external) ? AIA_PRIO_ABOVE : AIA_PRIO_BELOW;
}

int riscv_aia_first(const CPURISCVState *env, RISCVIrqLevel level, uint64_t pending)
{
    bool any = level == IRQ_LEVEL_M ? env->miprio_any : env->siprio_any;
    unsigned best_key = UINT_MAX;
    int best = -1;

    for (uint64_t left = pending; left; left &= left - 1) {
        unsigned n = (unsigned)__builtin_ctzll(left);
        /* Numbers are looked at only if there are some: else the default order is the answer. */
        unsigned key = (any ? priority(env, level, n) * 256 : 0) + riscv_aia_rank(n);

        if (key < best_key) {
            best_key = key;
            best = (int)n;
        }
    }
    return best;
}

static uint64_t top_interrupt(CPURISCVState *env, RISCVIrqLevel level)
{
    uint64_t pending = riscv_irqs_at(env, level);
    int n = pending ? riscv_aia_first(env, level, pending) : -1;

    return n < 0 ? 0 : (uint64_t)n << 16 | MIN(priority(env, level, (unsigned)n), 255u);
}

CSR_READ(mtopi)
{
    return top_interrupt(env, IRQ_LEVEL_M);
}

CSR_READ(stopi)
{
    return top_interrupt(env, IRQ_LEVEL_S);
}

/* Interrupts that can be given a number: those with a bit that can be set in mie (sie), the level's own
 * external interrupt apart (AIA, 5.2.1 and 5.4.1). */
static uint64_t iprio_settable(const CPURISCVState *env, RISCVIrqLevel level)
{
    uint64_t local = riscv_ext_on(env, EXT_SSCOFPMF) ? MIP_LCOFIP : 0;

    if (level == IRQ_LEVEL_S)
        return MIP_SSIP | MIP_STIP | (riscv_ext_on(env, EXT_SMAIA) ? LOCAL_INTERRUPTS : local) |
               (riscv_ext_on(env, EXT_H) ? MIP_H : 0);
    return MIP_MSIP | MIP_MTIP | local |
           (riscv_ext_on(env, EXT_S) ? MIP_SSIP | MIP_STIP | MIP_SEIP : 0);
}

/* On RV64 an even register has eight numbers, and the odd ones do not exist. */
static uint64_t iprio_read(const CPURISCVState *env, RISCVIrqLevel level, unsigned reg)
{
    const uint8_t *p = iprio_of(env, level) + (reg - ISELECT_IPRIO) * 4;
    uint64_t v = 0;

    for (unsigned i = 0; i < 8; i++)
        v |= (uint64_t)p[i] << (i * 8);
    return v;
}

static void iprio_write(CPURISCVState *env, RISCVIrqLevel level, unsigned reg, uint64_t value)
{
    uint8_t *p = level == IRQ_LEVEL_M ? env->miprio : env->siprio;
    uint64_t can = iprio_settable(env, level);
    unsigned first = (reg - ISELECT_IPRIO) * 4;

    for (unsigned i = 0; i < 8; i++)
        if ((can >> (first + i)) & 1)
            p[first + i] = (uint8_t)(value >> (i * 8));
    riscv_aia_derive(env);
}

void riscv_aia_derive(CPURISCVState *env)
{
    env->miprio_any = env->siprio_any = false;
    for (unsigned i = 0; i < 64; i++) {
        env->miprio_any |= env->miprio[i] != 0;
        env->siprio_any |= env->siprio[i] != 0;
    }
}

/* ---- Indirect access ---- */

bool riscv_aia_stateen(const CPURISCVState *env, uint64_t bit)
{
    return env->priv == PRV_M || !riscv_ext_on(env, EXT_SMSTATEEN) || (env->mstateen[0] & bit);
}

CSR_CHECK(s_mode)
{
    return riscv_ext_on(env, EXT_S);
}

CSR_CHECK(miselect)
{
    return riscv_ext_on(env, EXT_SMAIA) || riscv_ext_on(env, EXT_SMCSRIND);
}

CSR_CHECK(siselect)
{
    if (!riscv_ext_on(env, EXT_SSAIA) && !riscv_ext_on(env, EXT_SSCSRIND))
        return CSR_ILLEGAL;
    return env->virt ? riscv_vs_check_siselect(env) : riscv_aia_stateen(env, STATEEN_CSRIND);
}

/* The supervisor's interrupt file is M's own while mvien has SEI (AIA, 5.3). */
static bool imsic_s_reachable(const CPURISCVState *env)
{
    return container_of(env, RISCVCPU, env)->imsic_s && riscv_aia_stateen(env, STATEEN_IMSIC) &&
           (env->priv == PRV_M || !(env->mvien & MIP_SEIP));
}

/* Even numbers only, where there are arrays; the rest of the IMSIC's range reads as zero. */
static bool is_iprio(uint64_t reg)
{
    return reg >= ISELECT_IPRIO && reg <= ISELECT_IPRIO_LAST && !(reg & 1);
}

bool riscv_aia_is_imsic(uint64_t reg)
{
    return reg >= ISELECT_IMSIC && reg <= ISELECT_IMSIC_LAST && !(reg >= 0x80 && (reg & 1));
}

bool riscv_aia_has_mireg(const CPURISCVState *env)
{
    return is_iprio(env->miselect) ||
           (riscv_aia_is_imsic(env->miselect) &&
            container_of(env, RISCVCPU, env)->imsic_m);
}

static uint64_t iprio_access(CPURISCVState *env, RISCVIrqLevel level, unsigned reg, uint64_t value,
                             uint64_t mask)
{
    uint64_t old = iprio_read(env, level, reg);

    if (mask)
        iprio_write(env, level, reg, (old & ~mask) | (value & mask));
    return old;
}

uint64_t riscv_aia_mireg(CPURISCVState *env, uint64_t value, uint64_t mask)
{
    const IMSICLink *imsic = env_cpu(env)->imsic_m;
    unsigned reg = (unsigned)env->miselect;

    if (riscv_aia_is_imsic(reg))
        return imsic ? imsic->access(imsic->opaque, 0, reg, value, mask) : 0;
    return is_iprio(reg) ? iprio_access(env, IRQ_LEVEL_M, reg, value, mask) : 0;
}

/* S's priorities. A guest has none of its own: its hypervisor emulates them (AIA, 6.1). */
static CSRAccess iprio_check(CPURISCVState *env, unsigned select, unsigned n, bool vs)
{
    if (!riscv_ext_on(env, EXT_SSAIA))
        return CSR_ILLEGAL;
    if (vs)
        return env->virt ? CSR_VIRTUAL : CSR_ILLEGAL;
    return n == 1 && is_iprio(select) && riscv_aia_stateen(env, STATEEN_AIA);
}

static uint64_t siprio_read(CPURISCVState *env, unsigned select, unsigned n, bool vs)
{
    return iprio_access(env, IRQ_LEVEL_S, select, 0, 0);
}

static unsigned siprio_write(CPURISCVState *env, unsigned select, unsigned n, bool vs,
                             uint64_t value, uint64_t mask)
{
    iprio_access(env, IRQ_LEVEL_S, select, value, mask);
    return 0;
}

const IndirectRange riscv_indirect_iprio = {
    ISELECT_IPRIO, ISELECT_IPRIO_LAST, iprio_check, siprio_read, siprio_write,
};

/* Interrupt files of S and of guests. */
static CSRAccess file_check(CPURISCVState *env, unsigned select, unsigned n, bool vs)
{
    if (!riscv_ext_on(env, EXT_SSAIA))
        return CSR_ILLEGAL;
    if (vs)
        return riscv_vs_check_file(env, n == 1 && riscv_aia_is_imsic(select));
    return n == 1 && riscv_aia_is_imsic(select) && imsic_s_reachable(env);
}

static uint64_t file_access(CPURISCVState *env, unsigned select, bool vs, uint64_t value,
                            uint64_t mask)
{
    const IMSICLink *imsic = env_cpu(env)->imsic_s;
    unsigned file = vs ? riscv_vs_file(env) : 0;

    return imsic && (file || !vs) ? imsic->access(imsic->opaque, file, select, value, mask) : 0;
}

static uint64_t file_read(CPURISCVState *env, unsigned select, unsigned n, bool vs)
{
    return file_access(env, select, vs, 0, 0);
}

static unsigned file_write(CPURISCVState *env, unsigned select, unsigned n, bool vs, uint64_t value,
                           uint64_t mask)
{
    file_access(env, select, vs, value, mask);
    return 0;
}

const IndirectRange riscv_indirect_imsic = {
    ISELECT_IMSIC, ISELECT_IMSIC_LAST, file_check, file_read, file_write,
};

/* ---- Top external interrupt ---- */

CSR_CHECK(mtopei)
{
    return env_cpu(env)->imsic_m != NULL;
}

CSR_CHECK(stopei)
{
    if (env->virt)
        return riscv_vs_check_stopei(env);
    return imsic_s_reachable(env);
}

CSR_CHECK(stopi)
{
    if (env->virt)
        return riscv_vs_check_stopi(env);
    return riscv_aia_stateen(env, STATEEN_AIA);
}

static const IMSICLink *topei_file(CPURISCVState *env, unsigned csr)
{
    return csr == 0x35C ? env_cpu(env)->imsic_m : env_cpu(env)->imsic_s;
}

CSR_READ(topei)
{
    const IMSICLink *imsic = topei_file(env, csr);
    uint64_t top = imsic->top(imsic->opaque, 0);

    return top << 16 | top;
}

/* Claims what the same instruction read, whatever has come since (AIA, 3.10). */
CSR_WRITE_FN(topei)
{
    const IMSICLink *imsic = topei_file(env, csr);

    if (value >> 16)
        imsic->claim(imsic->opaque, 0, (unsigned)(value >> 16) & 0x7FF);
    return 0;
}

/* ---- Explaining ---- */

void riscv_aia_explain(const CPURISCVState *env, unsigned csr, GString *out)
{
    const RISCVCPU *cpu = container_of(env, RISCVCPU, env);
    bool machine = csr >= 0x300;
    bool ind = (csr & 0xFF) >= 0x50 && (csr & 0xFF) <= 0x57, reg = ind && (csr & 0xFF) != 0x50;
    uint64_t select = machine ? env->miselect : env->siselect;

    if (reg && !machine && select >= ISELECT_COUNTER && select <= ISELECT_COUNTER_LAST) {
        if (!(env->menvcfg & MENVCFG_CDE))
            g_string_append(out, "siselect names a counter, and menvcfg.CDE=0");
        else
            g_string_append_printf(out, "counter %u is not delegated (mcounteren), or has no such register",
                                   (unsigned)select - ISELECT_COUNTER);
        return;
    }
    if (!riscv_ext_on(env, machine ? EXT_SMAIA : EXT_SSAIA) &&
        (reg || !riscv_ext_on(env, machine ? EXT_SMCSRIND : EXT_SSCSRIND)))
        g_string_append_printf(out, "needs %s, which is off", machine ? "smaia" : "ssaia");
    else if (ind && !machine && !riscv_aia_stateen(env, STATEEN_CSRIND))
        g_string_append(out, "mstateen0.CSRIND=0");
    else if (reg && !is_iprio(select) && !riscv_aia_is_imsic(select))
        g_string_append_printf(out, "%ciselect=%#x: there is no such register", machine ? 'm' : 's',
                               (unsigned)select);
    else if ((reg && is_iprio(select)) || csr == 0xDB0)
        g_string_append(out, riscv_aia_stateen(env, STATEEN_AIA) ? "it has one register only"
                                                       : "mstateen0.AIA=0");
    else if (!(machine ? cpu->imsic_m : cpu->imsic_s))
        g_string_append(out, "this hart has no IMSIC (-M aia=aplic-imsic)");
    else if (!machine && !riscv_aia_stateen(env, STATEEN_IMSIC))
        g_string_append(out, "mstateen0.IMSIC=0");
    else if (!machine && env->priv != PRV_M && (env->mvien & MIP_SEIP))
        g_string_append(out, "mvien.SEIP=1: the interrupt file is M's");
    else
        g_string_append(out, "it has one register only");
}
