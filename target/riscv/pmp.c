/*
 * Physical memory protection: the registers, and the check of an access.
 *
 * The grain is 4 bytes (G = 0). Entries are decoded to address ranges when they are written, since
 * checks are made at every page-table step and every TLB fill.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/csr-impl.h"

#include <inttypes.h>
#include <string.h>

#include "target/riscv/ext.h"
#include "target/riscv/mmu.h"
#include "target/riscv/mode.h"
#include "util/bits.h"

#define PMPADDR_MASK MASK_ULL(54)

static unsigned pmp_count(const CPURISCVState *env)
{
    const RISCVCPU *cpu = env_cpu((CPURISCVState *)env);

    return cpu->pmp ? cpu->num_pmp_regions : 0;
}

static void decode_entry(CPURISCVState *env, unsigned i)
{
    uint64_t addr = env->pmpaddr[i], first = 1, last = 0;
    uint8_t cfg = env->pmpcfg[i];

    switch (PMP_A(cfg)) {
    case PMP_TOR:
        first = i ? env->pmpaddr[i - 1] << 2 : 0;
        last = (addr << 2) - 1;
        if (env->pmpaddr[i] == 0 || (addr << 2) <= first) { /* empty */
            first = 1;
            last = 0;
        }
        break;
    case PMP_NA4:
        first = addr << 2;
        last = first + 3;
        break;
    case PMP_NAPOT: {
        /* Trailing ones, from bit 0 on, give the size: 8 bytes << ones. */
        uint64_t ones = addr & ~(addr + 1);
        first = (addr & ~ones) << 2;
        last = first + (ones << 3) + 7;
        break;
    }
    default:
        break;
    }
    env->pmp_region[i].first = first;
    env->pmp_region[i].last = last;
    env->pmp_region[i].cfg = cfg;
}

void riscv_pmp_update(CPURISCVState *env)
{
    env->nr_pmp = 0;
    for (unsigned i = 0; i < pmp_count(env); i++) {
        decode_entry(env, i);
        if (env->pmp_region[i].first <= env->pmp_region[i].last)
            env->nr_pmp = i + 1;
    }
    memset(env->pmp_known, 0, sizeof(env->pmp_known));
}

/*
 * Smepmp with MML set: L, R, W, X select a row of the table in smepmp.adoc, which says what M may do
 * and what S and U may.
 */
static unsigned allowed_mml(uint8_t cfg, RISCVPriv priv)
{
    enum { R = PAGE_READ, W = PAGE_WRITE, X = PAGE_EXEC };
    static const struct {
        uint8_t m, su;
    } rows[16] = { /* index: L, X, W, R from bit 3 down */
        [0x0] = { 0, 0 },     [0x1] = { 0, R },         [0x2] = { R | W, R }, /* shared data */
        [0x3] = { 0, R | W }, [0x4] = { 0, X },         [0x5] = { 0, R | X },
        [0x6] = { R | W, R | W }, /* shared data */     [0x7] = { 0, R | W | X },
        [0x8] = { 0, 0 },     [0x9] = { R, 0 },         [0xA] = { X, X }, /* shared code */
        [0xB] = { R | W, 0 }, [0xC] = { X, 0 },         [0xD] = { R | X, 0 },
        [0xE] = { R | X, X }, /* shared code */         [0xF] = { R, R }, /* shared data */
    };
    unsigned row = (cfg & PMP_L ? 8 : 0) | (cfg & (PMP_R | PMP_W | PMP_X));

    return priv == PRV_M ? rows[row].m : rows[row].su;
}

static unsigned allowed(const CPURISCVState *env, uint8_t cfg, RISCVPriv priv)
{
    unsigned prot = 0;

    if (env->mseccfg & MSECCFG_MML)
        return allowed_mml(cfg, priv);
    /* An entry that is not locked does not bind M. */
    if (priv == PRV_M && !(cfg & PMP_L))
        return PAGE_READ | PAGE_WRITE | PAGE_EXEC;
    if (cfg & PMP_R)
        prot |= PAGE_READ;
    if (cfg & PMP_W)
        prot |= PAGE_WRITE;
    if (cfg & PMP_X)
        prot |= PAGE_EXEC;
    return prot;
}

/* Where no entry matches. */
static unsigned allowed_unmatched(const CPURISCVState *env, RISCVPriv priv)
{
    if (priv != PRV_M || (env->mseccfg & MSECCFG_MMWP))
        return 0;
    return PAGE_READ | PAGE_WRITE | (env->mseccfg & MSECCFG_MML ? 0 : PAGE_EXEC);
}

/* Whether the answer found with entry `by` (nr_pmp: none) holds for all of [first, last]. */
static bool uniform(const CPURISCVState *env, unsigned by, uint64_t first, uint64_t last)
{
    for (unsigned i = 0; i < env->nr_pmp && i <= by; i++) {
        uint64_t lo = env->pmp_region[i].first, hi = env->pmp_region[i].last;

        if (lo > hi || hi < first || lo > last)
            continue;
        return i == by && lo <= first && last <= hi;
    }
    return by == env->nr_pmp;
}

/* The entry that decides on [pa, end] (nr_pmp: none), and what it allows. */
static unsigned deciding_entry(const CPURISCVState *env, hwaddr pa, hwaddr end, RISCVPriv priv,
                               unsigned *prot)
{
    for (unsigned i = 0; i < env->nr_pmp; i++) {
        uint64_t lo = env->pmp_region[i].first, hi = env->pmp_region[i].last;

        if (lo > hi || hi < pa || lo > end)
            continue;
        /* The entry must cover every byte, whatever it allows. */
        *prot = lo <= pa && end <= hi ? allowed(env, env->pmp_region[i].cfg, priv) : 0;
        return i;
    }
    *prot = allowed_unmatched(env, priv);
    return env->nr_pmp;
}

/*
 * A page walk asks six times and more, nearly always about RAM that one entry covers from end to end.
 * So the answer for S and U, which is the same, is remembered for pieces of 2 MiB where it is uniform.
 */
bool riscv_pmp_check(CPURISCVState *env, hwaddr pa, uint64_t size, RISCVPriv priv, unsigned need,
                     unsigned *prot, unsigned *page_bits)
{
    hwaddr end = pa + size - 1;
    uint64_t piece = pa >> 21, tag = piece + 1;
    unsigned slot = piece & (RISCV_PMP_KNOWN - 1), by;
    bool may_know = priv != PRV_M && end >> 21 == piece;

    if (pmp_count(env) == 0) {
        *prot = PAGE_READ | PAGE_WRITE | PAGE_EXEC;
        return true;
    }
    if (may_know && env->pmp_known[slot].tag == tag) {
        *prot = env->pmp_known[slot].prot;
        return (*prot & need) == need;
    }
    by = deciding_entry(env, pa, end, priv, prot);
    if (may_know && uniform(env, by, piece << 21, piece << 21 | MASK_ULL(21))) {
        env->pmp_known[slot].tag = tag;
        env->pmp_known[slot].prot = *prot;
    } else if (page_bits && !uniform(env, by, pa & ~MASK_ULL(12), pa | MASK_ULL(12))) {
        *page_bits = 2;
    }
    return (*prot & need) == need;
}

unsigned riscv_pmp_same_bits(const CPURISCVState *env, hwaddr pa, RISCVPriv priv)
{
    uint64_t piece = pa >> 21;

    if (pmp_count(env) == 0)
        return 63;
    return priv != PRV_M && env->pmp_known[piece & (RISCV_PMP_KNOWN - 1)].tag == piece + 1 ? 21 : 0;
}

/* ---- Explaining ---- */

static void append_rights(GString *out, unsigned prot)
{
    g_string_append_printf(out, "%c%c%c", prot & PAGE_READ ? 'r' : '-', prot & PAGE_WRITE ? 'w' : '-',
                           prot & PAGE_EXEC ? 'x' : '-');
}

static void explain_entry(const CPURISCVState *env, unsigned i, hwaddr pa, hwaddr end, GString *out)
{
    static const char *const kinds[] = { "off", "TOR", "NA4", "NAPOT" };
    uint64_t lo = env->pmp_region[i].first, hi = env->pmp_region[i].last;
    uint8_t cfg = env->pmp_region[i].cfg;

    g_string_append_printf(out, "PMP %u: ", i);
    if (lo > hi)
        g_string_append(out, "empty");
    else
        g_string_append_printf(out, "%#" PRIx64 "-%#" PRIx64, lo, hi);
    g_string_append_printf(out, " %s %c%c%c%s: ", kinds[PMP_A(cfg)], cfg & PMP_R ? 'r' : '-',
                           cfg & PMP_W ? 'w' : '-', cfg & PMP_X ? 'x' : '-',
                           cfg & PMP_L ? " locked" : "");
    if (lo > hi || hi < pa || lo > end)
        g_string_append(out, "does not match\n");
    else if (lo <= pa && end <= hi)
        g_string_append(out, "matches\n");
    else
        g_string_append(out, "matches a part only, which forbids all\n");
}

static const char *why_allowed(const CPURISCVState *env, unsigned by, RISCVPriv priv)
{
    if (by == env->nr_pmp)
        return priv != PRV_M                      ? "no entry matches: S and U may nothing"
               : env->mseccfg & MSECCFG_MMWP      ? "no entry matches, mseccfg.MMWP=1"
               : env->mseccfg & MSECCFG_MML       ? "no entry matches, mseccfg.MML=1"
                                                  : "no entry matches: M may everything";
    if (env->mseccfg & MSECCFG_MML)
        return "mseccfg.MML=1";
    if (priv == PRV_M)
        return env->pmp_region[by].cfg & PMP_L ? "it is locked, so it binds M"
                                               : "it is not locked, so it does not bind M";
    return "it decides";
}

void riscv_pmp_explain(CPURISCVState *env, hwaddr pa, uint64_t size, RISCVPriv priv, unsigned need,
                       GString *out)
{
    hwaddr end = pa + size - 1;
    unsigned prot, by;

    if (pmp_count(env) == 0) {
        g_string_append(out, "PMP: none\n");
        return;
    }
    by = deciding_entry(env, pa, end, priv, &prot);
    for (unsigned i = 0; i < env->nr_pmp && i <= by; i++)
        if (PMP_A(env->pmp_region[i].cfg) != PMP_OFF)
            explain_entry(env, i, pa, end, out);
    g_string_append_printf(out, "PMP: %s: %c may ", why_allowed(env, by, priv), "US-M"[priv]);
    append_rights(out, prot);
    g_string_append(out, (prot & need) == need ? "\n" : ", refused\n");
}

/* ---- Registers ---- */

static bool locked(const CPURISCVState *env, unsigned i)
{
    return (env->pmpcfg[i] & PMP_L) && !(env->mseccfg & MSECCFG_RLB);
}

/* With MML, a rule that would let M execute more can be added only while RLB is set. */
static bool adds_m_code(const CPURISCVState *env, uint8_t cfg)
{
    return (env->mseccfg & (MSECCFG_MML | MSECCFG_RLB)) == MSECCFG_MML &&
           (allowed_mml(cfg, PRV_M) & PAGE_EXEC);
}

CSR_CHECK(pmpaddr)
{
    return csr - 0x3B0 < pmp_count(env);
}

CSR_CHECK(pmpcfg)
{
    unsigned n = csr - 0x3A0;

    return !(n & 1) && 4 * n < pmp_count(env);
}

CSR_READ(pmpaddr)
{
    return env->pmpaddr[csr - 0x3B0];
}

CSR_READ(pmpcfg)
{
    unsigned first = 4 * (csr - 0x3A0);
    uint64_t v = 0;

    for (unsigned i = 0; i < 8; i++)
        v |= (uint64_t)env->pmpcfg[first + i] << (8 * i);
    return v;
}

CSR_WRITE_FN(pmpaddr)
{
    unsigned i = csr - 0x3B0;

    value &= PMPADDR_MASK;
    /* A locked TOR entry locks the address below it as well. */
    if (locked(env, i) || value == env->pmpaddr[i] ||
        (i + 1 < pmp_count(env) && locked(env, i + 1) && PMP_A(env->pmpcfg[i + 1]) == PMP_TOR))
        return 0;
    env->pmpaddr[i] = value;
    riscv_pmp_update(env);
    return FX_FLUSH;
}

CSR_WRITE_FN(pmpcfg)
{
    unsigned first = 4 * (csr - 0x3A0);
    bool changed = false;

    for (unsigned i = first; i < first + 8 && i < pmp_count(env); i++) {
        uint8_t cfg = (value >> (8 * (i - first))) & (PMP_L | 0x1F);

        if (locked(env, i) || cfg == env->pmpcfg[i])
            continue;
        /* Reserved without MML; WARL: as it was. */
        if ((cfg & (PMP_R | PMP_W)) == PMP_W && !(env->mseccfg & MSECCFG_MML))
            continue;
        if (adds_m_code(env, cfg))
            continue;
        env->pmpcfg[i] = cfg;
        changed = true;
    }
    if (!changed)
        return 0;
    riscv_pmp_update(env);
    return FX_FLUSH;
}

/* The bits of mseccfg that this hart has, but for PMM. */
static uint64_t mseccfg_bits(const CPURISCVState *env)
{
    uint64_t bits = 0;

    if (riscv_ext_on(env, EXT_SMEPMP))
        bits |= MSECCFG_MML | MSECCFG_MMWP | MSECCFG_RLB;
    if (riscv_ext_on(env, EXT_ZKR) && riscv_ext_on(env, EXT_U))
        bits |= MSECCFG_USEED;
    if (riscv_ext_on(env, EXT_ZKR) && riscv_ext_on(env, EXT_S))
        bits |= MSECCFG_SSEED;
    return bits;
}

CSR_WRITE_FN(mseccfg)
{
    uint64_t old = env->mseccfg, now = value & mseccfg_bits(env), pmm;
    unsigned fx = 0;

    /* The other extensions' fields. */
    if (riscv_ext_on(env, EXT_SMMPM)) {
        pmm = riscv_pmm_mask(value, ENVCFG_PMM_SHIFT);
        now |= (value & pmm) | (old & ENVCFG_PMM & ~pmm);
        fx |= FX_TLB;
    }
    if (riscv_ext_on(env, EXT_ZICFILP)) {
        now |= value & MSECCFG_MLPE;
        fx |= FX_MODE;
    }

    /* MML and MMWP stay set until reset. RLB stays clear once an entry is locked. */
    now |= old & (MSECCFG_MML | MSECCFG_MMWP);
    for (unsigned i = 0; !(old & MSECCFG_RLB) && i < pmp_count(env); i++)
        if (env->pmpcfg[i] & PMP_L)
            now &= ~MSECCFG_RLB;
    if (now == old)
        return 0;
    env->mseccfg = now;
    if (!((now ^ old) & (MSECCFG_MML | MSECCFG_MMWP | MSECCFG_RLB)))
        return fx;
    riscv_pmp_update(env);
    return fx | FX_FLUSH;
}
