/*
 * CSRs of status, trap set-up and configuration: what masks cannot say.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/csr-impl.h"

#include "target/riscv/fpu/fpu.h"
#include "target/riscv/mode.h"
#include "target/riscv/sstc.h"
#include "target/riscv/trap.h"

/* ---- Floating point ---- */

CSR_CHECK(fs)
{
    return (env->mstatus & MSTATUS_FS) && (!env->virt || (env->vsstatus & MSTATUS_FS));
}

CSR_READ(fflags)
{
    return fp_get_fflags(env);
}

CSR_READ(frm)
{
    return env->frm;
}

CSR_READ(fcsr)
{
    return (uint64_t)env->frm << 5 | fp_get_fflags(env);
}

static unsigned fs_written(CPURISCVState *env)
{
    riscv_fs_dirty(env);
    if (!env->virt)
        return 0;
    env->vsstatus |= MSTATUS_FS;
    return FX_MODE;
}

CSR_WRITE_FN(fflags)
{
    fp_set_fflags(env, value & 31);
    return fs_written(env);
}

CSR_WRITE_FN(frm)
{
    fp_set_frm(env, value & 7);
    return fs_written(env);
}

CSR_WRITE_FN(fcsr)
{
    fp_set_fflags(env, value & 31);
    fp_set_frm(env, (value >> 5) & 7);
    return fs_written(env);
}

/* ---- Vectors ---- */

CSR_CHECK(vs)
{
    return (env->mstatus & MSTATUS_VS) && (!env->virt || (env->vsstatus & MSTATUS_VS));
}

static void vs_written(CPURISCVState *env)
{
    riscv_vs_dirty(env);
    if (env->virt)
        env->vsstatus |= MSTATUS_VS;
}

/* Bits enough for the largest index there is, VLEN - 1 (LMUL 8, SEW 8). */
CSR_WRITE_FN(vstart)
{
    vs_written(env);
    env->vstart = value & (env_cpu(env)->vlen - 1u);
    return 0;
}

CSR_WRITE_FN(vxsat)
{
    vs_written(env);
    env->vxsat = value & 1;
    return 0;
}

CSR_WRITE_FN(vxrm)
{
    vs_written(env);
    env->vxrm = value & 3;
    return 0;
}

CSR_READ(vcsr)
{
    return env->vxrm << VCSR_VXRM_SHIFT | env->vxsat;
}

CSR_WRITE_FN(vcsr)
{
    vs_written(env);
    env->vxsat = value & VCSR_VXSAT;
    env->vxrm = (value >> VCSR_VXRM_SHIFT) & 3;
    return 0;
}

CSR_READ(vlenb)
{
    return env_cpu(env)->vlen / 8;
}

/* ---- mstatus, sstatus, misa ---- */

CSR_READ(mstatus)
{
    uint64_t v = env->mstatus;

    /* SD sums up FS, VS and XS, all of them "dirty" as 3. */
    if ((v & MSTATUS_FS) == MSTATUS_FS || (v & MSTATUS_VS) == MSTATUS_VS)
        v |= MSTATUS_SD;
    return v;
}

CSR_READ(sstatus)
{
    return read_mstatus(env, csr) & SSTATUS_READ;
}

bool riscv_priv_exists(const CPURISCVState *env, unsigned priv)
{
    return priv == PRV_M || (priv == PRV_S && riscv_ext_on(env, EXT_S)) ||
           (priv == PRV_U && riscv_ext_on(env, EXT_U));
}

static unsigned set_mstatus(CPURISCVState *env, uint64_t now)
{
    uint64_t old = env->mstatus, changed;
    unsigned fx = 0;

    /* MPP is WARL: a mode that does not exist leaves it alone. */
    if (!riscv_priv_exists(env, (now & MSTATUS_MPP) >> MSTATUS_MPP_SHIFT))
        now = (now & ~MSTATUS_MPP) | (old & MSTATUS_MPP);
    /* Where the next trap would be one too many there are no interrupts. */
    if (now & MSTATUS_SDT)
        now &= ~MSTATUS_SIE;
    if (now & MSTATUS_MDT)
        now &= ~MSTATUS_MIE;
    env->mstatus = now;
    changed = old ^ now;
    if (now & changed & (MSTATUS_SIE | MSTATUS_MIE))
        fx |= FX_IRQ;
    if (changed & (MSTATUS_FS | MSTATUS_VS))
        fx |= FX_MODE;
    if ((changed & (MSTATUS_SUM | MSTATUS_MXR | MSTATUS_MPRV)) ||
        ((now & MSTATUS_MPRV) && (changed & (MSTATUS_MPP | MSTATUS_MPV))))
        fx |= FX_TLB;
    return fx;
}

uint64_t riscv_status_mask(const CPURISCVState *env, bool guest)
{
    uint64_t dte = env->menvcfg & (guest ? env->henvcfg : ~0ULL) & MENVCFG_DTE;

    return env_cpu((CPURISCVState *)env)->mstatus_mask & ~(dte ? 0 : MSTATUS_SDT);
}

CSR_WRITE_FN(mstatus)
{
    uint64_t wmask = riscv_status_mask(env, false);

    return set_mstatus(env, (env->mstatus & ~wmask) | (value & wmask));
}

CSR_WRITE_FN(sstatus)
{
    uint64_t wmask = riscv_status_mask(env, false) & SSTATUS_WRITE;

    return set_mstatus(env, (env->mstatus & ~wmask) | (value & wmask));
}

#define MISA(letter) (1ULL << ((letter) - 'A'))

CSR_WRITE_FN(misa)
{
    RISCVCPU *cpu = env_cpu(env);
    uint64_t all = riscv_ext_misa(cpu->ext);
    uint64_t can = all & (MISA('A') | MISA('B') | MISA('C') | MISA('D') | MISA('F') | MISA('M') |
                          MISA('V'));
    uint64_t now;

    if (!cpu->misa_w)
        return 0;
    now = (all & ~can) | (value & can);
    if (!(now & MISA('F')))
        now &= ~MISA('D');
    if (!(now & MISA('D')))
        now &= ~MISA('V');
    /* Without C the next instruction must be aligned, or the write of C is suppressed. */
    if ((env->misa & ~now & MISA('C')) && (riscv_next_pc(env) & 3))
        now |= MISA('C');
    if (now == env->misa)
        return 0;
    env->misa = now;
    riscv_ext_without(cpu->ext, all & ~now, env->ext_on);
    if (!(now & MISA('F')))
        env->mstatus &= ~MSTATUS_FS;
    if (!riscv_ext_on(env, EXT_ZVE32X))
        env->mstatus &= ~MSTATUS_VS;
    return FX_MODE;
}

/* ---- Trap vectors and addresses ---- */

CSR_WRITE_FN(tvec)
{
    /* Modes 2 and 3 are reserved: WARL, and we keep what was there. */
    if ((value & 3) < 2)
        *(csr == 0x305 ? &env->mtvec : csr == 0x205 ? &env->vstvec : &env->stvec) = value;
    return 0;
}

CSR_WRITE_FN(epc)
{
    *(csr == 0x341 ? &env->mepc : csr == 0x241 ? &env->vsepc : &env->sepc) = value & ~1ULL;
    return 0;
}

/* Bit 1 is not lost while misa.C is off, only hidden (priv. spec, mepc). */
static uint64_t epc_mask(const CPURISCVState *env)
{
    return riscv_ext_on(env, EXT_ZCA) ? ~1ULL : ~3ULL;
}

CSR_READ(mepc)
{
    return env->mepc & epc_mask(env);
}

CSR_READ(sepc)
{
    return env->sepc & epc_mask(env);
}

/* ---- Environment configuration ---- */

uint64_t riscv_envcfg_mask(const CPURISCVState *env, unsigned csr)
{
    uint64_t mask = ENVCFG_FIOM;

    if (riscv_ext_on(env, EXT_ZICBOM))
        mask |= ENVCFG_CBIE | ENVCFG_CBCFE;
    if (riscv_ext_on(env, EXT_ZICBOZ))
        mask |= ENVCFG_CBZE;
    if (riscv_ext_on(env, EXT_ZICFILP))
        mask |= ENVCFG_LPE;
    if (riscv_ext_on(env, EXT_ZICFISS) && riscv_ext_on(env, EXT_S))
        mask |= ENVCFG_SSE;
    if (riscv_ext_on(env, csr == 0x30A ? EXT_SMNPM : EXT_SSNPM))
        mask |= ENVCFG_PMM;
    if (csr == 0x10A)
        return mask;
    if (riscv_ext_on(env, EXT_SSTC))
        mask |= MENVCFG_STCE;
    if (riscv_ext_on(env, EXT_SVPBMT))
        mask |= MENVCFG_PBMTE;
    if (riscv_ext_on(env, EXT_SVADU))
        mask |= MENVCFG_ADUE;
    if (riscv_ext_on(env, EXT_SSDBLTRP))
        mask |= MENVCFG_DTE;
    if (csr == 0x30A && riscv_ext_on(env, EXT_SMCDELEG))
        mask |= MENVCFG_CDE;
    return mask;
}

/* What of PMM a write changes: 1 is reserved and leaves the field alone. */
uint64_t riscv_pmm_mask(uint64_t value, unsigned shift)
{
    return (value >> shift & 3) == PMM_RESERVED ? 0 : 3ULL << shift;
}

/* SSE of senvcfg is there only where the modes above have theirs set; without, it is read-only zero. */
static uint64_t senvcfg_absent(const CPURISCVState *env)
{
    return ENVCFG_SSE & ~(env->menvcfg & (env->virt ? env->henvcfg : ~0ULL));
}

CSR_READ(senvcfg)
{
    return env->senvcfg & ~senvcfg_absent(env);
}

CSR_WRITE_FN(envcfg)
{
    bool machine = csr == 0x30A;
    uint64_t *reg = machine ? &env->menvcfg : &env->senvcfg;
    uint64_t old = *reg, wmask = riscv_envcfg_mask(env, csr), changed;
    unsigned fx = 0;

    if ((value & ENVCFG_CBIE) == (2ULL << 4)) /* reserved: keeps its value */
        wmask &= ~ENVCFG_CBIE;
    wmask &= ~ENVCFG_PMM | riscv_pmm_mask(value, ENVCFG_PMM_SHIFT);
    if (!machine)
        wmask &= ~senvcfg_absent(env);
    value = (old & ~wmask) | (value & wmask);
    __atomic_store_n(reg, value, __ATOMIC_RELAXED); /* the timer's thread reads STCE */
    changed = old ^ value;
    /* SDT is there with DTE only (priv. spec, menvcfg). */
    if (changed & ~value & MENVCFG_DTE) {
        env->mstatus &= ~MSTATUS_SDT;
        env->vsstatus &= ~MSTATUS_SDT;
    }
    if (changed & (MENVCFG_PBMTE | MENVCFG_ADUE))
        fx |= FX_FLUSH;
    if (changed & ENVCFG_PMM)
        fx |= FX_TLB;
    if (changed & (ENVCFG_LPE | ENVCFG_SSE))
        fx |= FX_MODE | (machine ? FX_FLUSH : 0);
    if (changed & MENVCFG_STCE) {
        riscv_stimer_update(env_cpu(env));
        fx |= FX_IRQ;
    }
    return fx;
}

/* Registers that came with a later privileged specification than the first that priv_spec accepts. */
CSR_CHECK(spec11)
{
    return env_cpu(env)->priv_spec >= 11;
}

CSR_CHECK(spec12)
{
    return env_cpu(env)->priv_spec >= 12;
}

/* Several extensions have their fields in it. */
CSR_CHECK(mseccfg)
{
    return riscv_ext_on(env, EXT_SMEPMP) || riscv_ext_on(env, EXT_ZKR) || riscv_ext_on(env, EXT_SMMPM) ||
           riscv_ext_on(env, EXT_ZICFILP);
}

/* Of guest-page faults, and of double traps. */
CSR_CHECK(mtval2)
{
    return riscv_ext_on(env, EXT_H) || riscv_ext_on(env, EXT_SSDBLTRP);
}

CSR_CHECK(senvcfg)
{
    if (!check_spec12(env, csr))
        return CSR_ILLEGAL;
    if (env->priv == PRV_M || !riscv_ext_on(env, EXT_SMSTATEEN))
        return CSR_OK;
    if (!(env->mstateen[0] & STATEEN_ENVCFG))
        return CSR_ILLEGAL;
    return env->virt && !(env->hstateen[0] & STATEEN_ENVCFG) ? CSR_VIRTUAL : CSR_OK;
}

/* ---- State enable ----
 *
 * mstateen says what S and U may reach of state that an unaware system would not switch, sstateen what U
 * may. A bit that a level above refuses reads as zero, and so do those for what is not here
 * (smstateen.adoc). Of sstateen's bits there is JVT. */

CSR_CHECK(sstateen)
{
    if (env->priv == PRV_M)
        return CSR_OK;
    if (!(env->mstateen[csr & 3] & STATEEN_SE))
        return CSR_ILLEGAL;
    return env->virt && !(env->hstateen[csr & 3] & STATEEN_SE) ? CSR_VIRTUAL : CSR_OK;
}

CSR_READ(mstateen)
{
    return env->mstateen[csr & 3];
}

/* The bits of sstateen0 that can be seen and written now. */
static uint64_t sstateen0_bits(const CPURISCVState *env)
{
    uint64_t can = riscv_ext_on(env, EXT_ZCMT) ? STATEEN_JVT : 0;

    return can & env->mstateen[0] & (env->virt ? env->hstateen[0] : ~0ULL);
}

CSR_READ(sstateen)
{
    return (csr & 3) == 0 ? env->sstateen0 & sstateen0_bits(env) : 0;
}

CSR_WRITE_FN(mstateen)
{
    unsigned n = csr & 3;
    uint64_t can = STATEEN_SE;

    if (n == 0) {
        can |= STATEEN_ENVCFG;
        if (riscv_ext_on(env, EXT_SSCTR))
            can |= STATEEN_CTR;
        if (riscv_ext_on(env, EXT_SDTRIG))
            can |= STATEEN_CONTEXT;
        if (riscv_ext_on(env, EXT_ZCMT))
            can |= STATEEN_JVT;
        if (riscv_ext_on(env, EXT_SSAIA) || riscv_ext_on(env, EXT_SSCSRIND))
            can |= STATEEN_CSRIND;
        if (riscv_ext_on(env, EXT_SSAIA))
            can |= STATEEN_AIA | (env_cpu(env)->imsic_s ? STATEEN_IMSIC : 0);
    }
    env->mstateen[n] = value & can;
    return 0;
}

CSR_WRITE_FN(sstateen)
{
    uint64_t can = (csr & 3) == 0 ? sstateen0_bits(env) : 0;

    env->sstateen0 = (env->sstateen0 & ~can) | (value & can);
    return 0;
}

CSRAccess riscv_jvt_access(const CPURISCVState *env)
{
    if (env->priv == PRV_M || !riscv_ext_on(env, EXT_SMSTATEEN))
        return CSR_OK;
    if (!(env->mstateen[0] & STATEEN_JVT))
        return CSR_ILLEGAL;
    if (env->virt && !(env->hstateen[0] & STATEEN_JVT))
        return CSR_VIRTUAL;
    if (env->priv == PRV_U && riscv_ext_on(env, EXT_S) && !(env->sstateen0 & STATEEN_JVT))
        return env->virt ? CSR_VIRTUAL : CSR_ILLEGAL;
    return CSR_OK;
}

CSR_CHECK(jvt)
{
    return riscv_jvt_access(env);
}

/* ---- satp ---- */

CSR_CHECK(satp)
{
    if (env->virt)
        return env->hstatus & HSTATUS_VTVM ? CSR_VIRTUAL : CSR_OK;
    return env->priv != PRV_S || !(env->mstatus & MSTATUS_TVM);
}

bool riscv_satp_mode_exists(const RISCVCPU *cpu, unsigned mode)
{
    switch (mode) {
    case SATP_BARE:
        return true;
    case SATP_SV39:
        return cpu->mmu && cpu->sv39;
    case SATP_SV48:
        return cpu->mmu && cpu->sv48;
    case SATP_SV57:
        return cpu->mmu && cpu->sv57;
    default:
        return false;
    }
}

CSR_WRITE_FN(satp)
{
    RISCVCPU *cpu = env_cpu(env);
    uint64_t *reg = csr == 0x280 ? &env->vsatp : &env->satp;

    /* A write of a mode that does not exist has no effect at all (priv. spec, satp). */
    if (!riscv_satp_mode_exists(cpu, SATP_MODE(value)) || !cpu->mmu || value == *reg)
        return 0;
    *reg = value;
    return env->priv == PRV_M || (csr == 0x280) != env->virt ? FX_TLB : FX_TLB | FX_MAP;
}

/* ---- Identity ---- */

CSR_READ(mvendorid)
{
    return env_cpu(env)->mvendorid;
}

CSR_READ(marchid)
{
    return env_cpu(env)->marchid;
}

CSR_READ(mimpid)
{
    return env_cpu(env)->mimpid;
}

CSR_READ(mhartid)
{
    return env_cpu(env)->hartid;
}
