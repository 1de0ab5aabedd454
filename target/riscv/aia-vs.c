/*
 * The advanced interrupt architecture for guests: VS-level registers, the guest's interrupt file
 * (hstatus.VGEIN), virtual interrupts and their priorities (AIA specification, chapter 6).
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/aia.h"

#include "target/riscv/csr-impl.h"
#include "target/riscv/mode.h"
#include "util/bits.h"

#define HVICTL_IID(v) (((v) >> 16) & 0xFFF)
#define HVICTL_DPR (1ULL << 9)
#define HVICTL_IPRIOM (1ULL << 8)
#define HVICTL_IPRIO(v) ((v) & 0xFF)

static unsigned vgein(const CPURISCVState *env)
{
    return (env->hstatus & HSTATUS_VGEIN) >> HSTATUS_VGEIN_SHIFT;
}

/* The interrupt file that the guest has, or NULL. */
static const IMSICLink *guest_file(const CPURISCVState *env)
{
    const IMSICLink *imsic = container_of(env, RISCVCPU, env)->imsic_s;
    unsigned n = vgein(env);

    return imsic && n && n < imsic->nr_files ? imsic : NULL;
}

unsigned riscv_vs_file(const CPURISCVState *env)
{
    return guest_file(env) ? vgein(env) : 0;
}

/* ---- The first interrupt ---- */

uint64_t riscv_vs_irqs(const CPURISCVState *env)
{
    uint64_t own = __atomic_load_n(&env->hvien, __ATOMIC_RELAXED) &
                   ~riscv_hideleg(env) & LOCAL_INTERRUPTS;
    uint64_t given = riscv_irqs_at(env, IRQ_LEVEL_VS);

    return (given & MIP_VS) >> 1 | (given & LOCAL_INTERRUPTS) |
           (__atomic_load_n(&env->hvip, __ATOMIC_RELAXED) & own &
            __atomic_load_n(&env->vsie_virt, __ATOMIC_RELAXED));
}

bool riscv_vs_has_work(const CPURISCVState *env)
{
    uint64_t hvictl = __atomic_load_n(&env->hvictl, __ATOMIC_RELAXED), irqs = riscv_vs_irqs(env);

    if (hvictl & HVICTL_VTI)
        return HVICTL_IID(hvictl) != IRQ_S_EXT || (irqs & MIP_SEIP);
    return irqs != 0;
}

static unsigned external_priority(const CPURISCVState *env)
{
    const IMSICLink *imsic = guest_file(env);
    unsigned top = imsic ? imsic->top(imsic->opaque, vgein(env)) : 0;

    if (top)
        return top;
    if (!vgein(env) && HVICTL_IID(env->hvictl) == IRQ_S_EXT && HVICTL_IPRIO(env->hvictl))
        return HVICTL_IPRIO(env->hvictl);
    return AIA_PRIO_NO_SOURCE;
}

/* A candidate: order among equal priorities is by rank. */
typedef struct Candidate {
    int iid;
    unsigned prio, rank;
} Candidate;

static bool before(const Candidate *a, const Candidate *b)
{
    return b->iid < 0 || a->prio < b->prio || (a->prio == b->prio && a->rank < b->rank);
}

static Candidate first(const CPURISCVState *env)
{
    uint64_t irqs = riscv_vs_irqs(env);
    Candidate best = { .iid = -1 };

    if (irqs & MIP_SEIP)
        best = (Candidate){ IRQ_S_EXT, external_priority(env), riscv_aia_rank(IRQ_S_EXT) };
    if (env->hvictl & HVICTL_VTI) {
        bool below = env->hvictl & HVICTL_DPR;
        unsigned given = HVICTL_IPRIO(env->hvictl);
        Candidate c = { (int)HVICTL_IID(env->hvictl),
                        given ? given : below ? AIA_PRIO_BELOW : AIA_PRIO_ABOVE,
                        below ? UINT_MAX : 0 };

        if (c.iid != IRQ_S_EXT && before(&c, &best))
            best = c;
        return best;
    }
    for (uint64_t left = irqs & ~MIP_SEIP; left; left &= left - 1) {
        unsigned n = (unsigned)__builtin_ctzll(left), rank = riscv_aia_rank(n);
        unsigned given = env->hviprio[n];
        Candidate c = { (int)n,
                        given ? given
                        : rank < riscv_aia_rank(IRQ_S_EXT) ? AIA_PRIO_ABOVE : AIA_PRIO_BELOW,
                        rank };

        if (before(&c, &best))
            best = c;
    }
    return best;
}

int riscv_vs_first(const CPURISCVState *env)
{
    return first(env).iid;
}

CSR_READ(vstopi)
{
    Candidate c = first(env);

    if (c.iid < 0)
        return 0;
    return (uint64_t)c.iid << 16 | (env->hvictl & HVICTL_IPRIOM ? MIN(c.prio, 255u) : 1);
}

/* ---- Who may ---- */

CSR_CHECK(vs_aia)
{
    return riscv_ext_on(env, EXT_H) && riscv_aia_stateen(env, STATEEN_AIA);
}

CSR_CHECK(vsiselect)
{
    return riscv_ext_on(env, EXT_H) &&
           (riscv_ext_on(env, EXT_SSAIA) || riscv_ext_on(env, EXT_SSCSRIND)) &&
           riscv_aia_stateen(env, STATEEN_CSRIND);
}

CSR_CHECK(vstopei)
{
    return riscv_ext_on(env, EXT_H) && guest_file(env) && riscv_aia_stateen(env, STATEEN_IMSIC);
}

/* What M has not closed, hstateen0 can. */
static CSRAccess guest_stateen(const CPURISCVState *env, uint64_t bit)
{
    if (!riscv_aia_stateen(env, bit))
        return CSR_ILLEGAL;
    return riscv_ext_on(env, EXT_SMSTATEEN) && !(env->hstateen[0] & bit) ? CSR_VIRTUAL : CSR_OK;
}

CSRAccess riscv_vs_check_siselect(const CPURISCVState *env)
{
    return guest_stateen(env, STATEEN_CSRIND);
}

/* Whether the hart has interrupt files and M keeps them to itself: that comes before all else. */
static bool files_closed(const CPURISCVState *env)
{
    return container_of(env, RISCVCPU, env)->imsic_s && !riscv_aia_stateen(env, STATEEN_IMSIC);
}

CSRAccess riscv_vs_check_file(const CPURISCVState *env, bool exists)
{
    if (exists && files_closed(env))
        return CSR_ILLEGAL;
    if (!exists || !guest_file(env))
        return env->virt ? CSR_VIRTUAL : CSR_ILLEGAL;
    return env->virt ? guest_stateen(env, STATEEN_IMSIC) : CSR_OK;
}

CSRAccess riscv_vs_check_above(CPURISCVState *env, unsigned csr)
{
    if (csr == 0x15C || csr == 0x25C)
        return files_closed(env) ? CSR_ILLEGAL : CSR_VIRTUAL;
    return check_vsiselect(env, csr) == CSR_OK ? CSR_VIRTUAL : CSR_ILLEGAL;
}

CSRAccess riscv_vs_check_stopei(const CPURISCVState *env)
{
    return riscv_vs_check_file(env, true);
}

CSRAccess riscv_vs_check_stopi(const CPURISCVState *env)
{
    return guest_stateen(env, STATEEN_AIA);
}

/* ---- Registers ---- */

CSR_READ(vstopei)
{
    const IMSICLink *imsic = guest_file(env);
    uint64_t top = imsic ? imsic->top(imsic->opaque, vgein(env)) : 0;

    return top << 16 | top;
}

CSR_WRITE_FN(vstopei)
{
    const IMSICLink *imsic = guest_file(env);

    if (imsic && value >> 16)
        imsic->claim(imsic->opaque, vgein(env), (unsigned)(value >> 16) & 0x7FF);
    return 0;
}

/* Interrupt of each byte of hviprio1, then hviprio2; those that can have a number. */
static const uint8_t hviprio_irq[16] = { 0, 1, 4, 5, 8, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23 };
#define HVIPRIO_SETTABLE (MIP_SSIP | MIP_STIP | (0x7FFULL << 13))

CSR_READ(hviprio)
{
    const uint8_t *irq = hviprio_irq + (csr == 0x647 ? 8 : 0);
    uint64_t v = 0;

    for (unsigned i = 0; i < 8; i++)
        v |= (uint64_t)env->hviprio[irq[i]] << (i * 8);
    return v;
}

CSR_WRITE_FN(hviprio)
{
    const uint8_t *irq = hviprio_irq + (csr == 0x647 ? 8 : 0);

    for (unsigned i = 0; i < 8; i++)
        if ((HVIPRIO_SETTABLE >> irq[i]) & 1)
            env->hviprio[irq[i]] = (uint8_t)(value >> (i * 8));
    return 0;
}

CSR_WRITE_FN(hvictl)
{
    __atomic_store_n(&env->hvictl, value & HVICTL_MASK, __ATOMIC_RELAXED);
    return 0;
}

CSR_WRITE_FN(hvien)
{
    __atomic_store_n(&env->hvien, value & LOCAL_INTERRUPTS, __ATOMIC_RELAXED);
    return 0;
}
