/*
 * Private to the csr-*.c files: what the functions named in csr.def look like.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_CSR_IMPL_H
#define VIREO_TARGET_RISCV_CSR_IMPL_H

#include "target/riscv/bits.h"
#include "target/riscv/causes.h"
#include "target/riscv/csr.h"

/* What a write touched. */
enum {
    FX_IRQ = 1 << 0,
    FX_MODE = 1 << 1,
    FX_TLB = 1 << 2,
    FX_MAP = 1 << 3,
    FX_FLUSH = 1 << 4,
    FX_OLD = 1 << 5,
    FX_RW = 1 << 6,
};

/* What a check answers: illegal instruction, allowed, or virtual instruction (a guest may not, but its
 * hypervisor could). A check that has nothing to say about guests returns a truth value. */
typedef enum CSRAccess { CSR_ILLEGAL = 0, CSR_OK = 1, CSR_VIRTUAL = 2 } CSRAccess;

#define CSR_CHECK(name) CSRAccess check_##name(CPURISCVState *env, unsigned csr)
#define CSR_READ(name) uint64_t read_##name(CPURISCVState *env, unsigned csr)
/* value: the new value, mask: the bits that the instruction means to change (the others have their
 * present value). Returns FX_* beyond those of the row. */
#define CSR_WRITE_FN(name) \
    unsigned write_##name(CPURISCVState *env, unsigned csr, uint64_t value, uint64_t mask)

CSR_CHECK(fs);
CSR_CHECK(vs);
CSR_CHECK(counter);
CSR_CHECK(time);
CSR_CHECK(hpm);
CSR_CHECK(scountovf);
CSR_CHECK(scountinhibit);
CSR_CHECK(ctr);
CSR_CHECK(vsctrctl);
CSR_CHECK(sctrdepth);
CSR_CHECK(stimecmp);
CSR_CHECK(satp);
CSR_CHECK(spec11);
CSR_CHECK(spec12);
CSR_CHECK(mseccfg);
CSR_CHECK(ssp);
CSR_CHECK(senvcfg);
CSR_CHECK(sstateen);
CSR_CHECK(hstateen);
CSR_CHECK(henvcfg);
CSR_CHECK(hgatp);
CSR_CHECK(vstimecmp);
CSR_CHECK(mtval2);
CSR_CHECK(hcontext);
CSR_CHECK(scontext);
CSR_CHECK(pmpcfg);
CSR_CHECK(pmpaddr);
CSR_CHECK(s_mode);
CSR_CHECK(miselect);
CSR_CHECK(siselect);
CSR_CHECK(mireg);
CSR_CHECK(sireg);
CSR_CHECK(mtopei);
CSR_CHECK(stopei);
CSR_CHECK(stopi);
CSR_CHECK(vs_aia);
CSR_CHECK(vsiselect);
CSR_CHECK(vsireg);
CSR_CHECK(vstopei);
CSR_CHECK(seed);
CSR_CHECK(jvt);
/* Those of siselect and its like for a guest (V=1): the registers are the vs ones. */
CSRAccess riscv_vs_check_siselect(const CPURISCVState *env);
/* A guest's interrupt file, seen by the guest or through the vs registers; exists: the number is one of
 * a file's registers. */
CSRAccess riscv_vs_check_file(const CPURISCVState *env, bool exists);
/* From a guest whose privilege does not suffice: indirect registers and top external interrupts, for
 * which it does not matter what the hypervisor would get (AIA, 2.3 and 2.4; Sscsrind). */
CSRAccess riscv_vs_check_above(CPURISCVState *env, unsigned csr);
CSRAccess riscv_vs_check_stopei(const CPURISCVState *env);
CSRAccess riscv_vs_check_stopi(const CPURISCVState *env);

/* Whether jvt, and the jumps through it, may be used now (mstateen0.JVT). */
CSRAccess riscv_jvt_access(const CPURISCVState *env);

CSR_READ(fflags);
CSR_READ(frm);
CSR_READ(fcsr);
CSR_READ(vcsr);
CSR_READ(vlenb);
CSR_READ(counter);
CSR_READ(time);
CSR_READ(sstatus);
CSR_READ(sie);
CSR_READ(sip);
CSR_READ(mip);
CSR_READ(mstatus);
CSR_READ(mepc);
CSR_READ(sepc);
CSR_READ(mnepc);
CSR_READ(tdata);
CSR_READ(tinfo);
CSR_READ(hcontext);
CSR_READ(mvendorid);
CSR_READ(marchid);
CSR_READ(mimpid);
CSR_READ(mhartid);
CSR_READ(mhpmevent);
CSR_READ(scountovf);
CSR_READ(scountinhibit);
CSR_READ(sctrctl);
CSR_READ(mstateen);
CSR_READ(sstateen);
CSR_READ(hstateen);
CSR_READ(henvcfg);
CSR_READ(senvcfg);
CSR_READ(hie);
CSR_READ(hideleg);
CSR_READ(hip);
CSR_READ(hgeip);
CSR_READ(vsstatus);
CSR_READ(vsie);
CSR_READ(vsip);
CSR_READ(vsepc);
CSR_READ(pmpcfg);
CSR_READ(pmpaddr);
CSR_READ(mireg);
CSR_READ(sireg);
CSR_READ(mvip);
CSR_READ(topei);
CSR_READ(mtopi);
CSR_READ(stopi);
CSR_READ(vsireg);
CSR_READ(vstopei);
CSR_READ(vstopi);
CSR_READ(hviprio);
CSR_READ(seed);

CSR_WRITE_FN(fflags);
CSR_WRITE_FN(frm);
CSR_WRITE_FN(fcsr);
CSR_WRITE_FN(vstart);
CSR_WRITE_FN(vxsat);
CSR_WRITE_FN(vxrm);
CSR_WRITE_FN(vcsr);
CSR_WRITE_FN(sstatus);
CSR_WRITE_FN(mstatus);
CSR_WRITE_FN(misa);
CSR_WRITE_FN(sie);
CSR_WRITE_FN(sip);
CSR_WRITE_FN(mideleg);
CSR_WRITE_FN(mie);
CSR_WRITE_FN(mip);
CSR_WRITE_FN(tvec);
CSR_WRITE_FN(epc);
CSR_WRITE_FN(mnepc);
CSR_WRITE_FN(tselect);
CSR_WRITE_FN(tdata);
CSR_WRITE_FN(mcontext);
CSR_WRITE_FN(mnstatus);
CSR_WRITE_FN(envcfg);
CSR_WRITE_FN(satp);
CSR_WRITE_FN(stimecmp);
CSR_WRITE_FN(counter);
CSR_WRITE_FN(counteren);
CSR_WRITE_FN(mcountinhibit);
CSR_WRITE_FN(mhpmevent);
CSR_WRITE_FN(countercfg);
CSR_WRITE_FN(scountinhibit);
CSR_WRITE_FN(ctrctl);
CSR_WRITE_FN(sctrdepth);
CSR_WRITE_FN(sctrstatus);
CSR_WRITE_FN(mstateen);
CSR_WRITE_FN(sstateen);
CSR_WRITE_FN(medeleg);
CSR_WRITE_FN(hedeleg);
CSR_WRITE_FN(hstatus);
CSR_WRITE_FN(hie);
CSR_WRITE_FN(hideleg);
CSR_WRITE_FN(hip);
CSR_WRITE_FN(hvip);
CSR_WRITE_FN(hgeie);
CSR_WRITE_FN(htimedelta);
CSR_WRITE_FN(henvcfg);
CSR_WRITE_FN(hstateen);
CSR_WRITE_FN(hgatp);
CSR_WRITE_FN(vsstatus);
CSR_WRITE_FN(vsie);
CSR_WRITE_FN(vsip);
CSR_WRITE_FN(vstimecmp);
CSR_WRITE_FN(mseccfg);
CSR_WRITE_FN(pmpcfg);
CSR_WRITE_FN(pmpaddr);
CSR_WRITE_FN(mireg);
CSR_WRITE_FN(sireg);
CSR_WRITE_FN(mvip);
CSR_WRITE_FN(topei);
CSR_WRITE_FN(vsireg);
CSR_WRITE_FN(vstopei);
CSR_WRITE_FN(hviprio);
CSR_WRITE_FN(hvictl);
CSR_WRITE_FN(hvien);

/* Whether U, S or M is there. */
bool riscv_priv_exists(const CPURISCVState *env, unsigned priv);
/*
 * A range of registers behind siselect and vsiselect (csr-indirect.c). n is 1 for sireg, 2 for sireg2 ..
 * 6. vs: the number is vsiselect's, because V=1 or because the hypervisor looks at vsireg. What state
 * enables and privilege refuse by the number of the CSR alone has been refused before.
 */
typedef struct IndirectRange {
    uint16_t first, last;
    CSRAccess (*check)(CPURISCVState *env, unsigned select, unsigned n, bool vs);
    uint64_t (*read)(CPURISCVState *env, unsigned select, unsigned n, bool vs);
    unsigned (*write)(CPURISCVState *env, unsigned select, unsigned n, bool vs, uint64_t value,
                      uint64_t mask);
} IndirectRange;

extern const IndirectRange riscv_indirect_iprio, riscv_indirect_imsic; /* aia.c */
extern const IndirectRange riscv_indirect_counters;                    /* csr-counter.c */
extern const IndirectRange riscv_indirect_ctr;                         /* ctr.c */

/* Whether satp, vsatp and hgatp know the mode on this hart. */
bool riscv_satp_mode_exists(const RISCVCPU *cpu, unsigned mode);
/* Bits of mstatus, or of vsstatus, that can be written; sstatus has those of them in SSTATUS_WRITE. */
uint64_t riscv_status_mask(const CPURISCVState *env, bool guest);
/* Bits of menvcfg, senvcfg or henvcfg (csr says which) that can be written. */
uint64_t riscv_envcfg_mask(const CPURISCVState *env, unsigned csr);

/* What a write of value changes of a PMM field at bit shift. */
uint64_t riscv_pmm_mask(uint64_t value, unsigned shift);

/* Marks the f registers' state dirty and follows FX_*; returns CSR_EFFECT_*. */
uint64_t riscv_csr_apply(CPURISCVState *env, unsigned fx);

#endif
