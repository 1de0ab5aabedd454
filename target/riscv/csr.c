/*
 * CSR accesses, driven by the table.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/csr.h"

#include <string.h>

#include "target/riscv/aia.h"
#include "target/riscv/csr-impl.h"
#include "target/riscv/mode.h"
#include "target/riscv/mmu.h"
#include "target/riscv/trap.h"
#include "target/riscv/trigger.h"

typedef struct CSRRow {
    const char *name;
    const char *const *names; /* of a range */
    uint16_t first;
    uint8_t requires;
    uint8_t fx;
    uint16_t offset; /* of the field in CPURISCVState; 0: none */
    CSRAccess (*check)(CPURISCVState *env, unsigned csr);
    uint64_t (*read)(CPURISCVState *env, unsigned csr);
    unsigned (*write)(CPURISCVState *env, unsigned csr, uint64_t value, uint64_t mask);
    uint64_t mask;
} CSRRow;

static unsigned write_ro(CPURISCVState *env, unsigned csr, uint64_t value, uint64_t mask)
{
    return 0;
}

#define N4(s, a, b, c, d) s #a, s #b, s #c, s #d
#define NAMES_4_15(s) N4(s, 4, 5, 6, 7), N4(s, 8, 9, 10, 11), N4(s, 12, 13, 14, 15)
#define NAMES_16_31(s) \
    N4(s, 16, 17, 18, 19), N4(s, 20, 21, 22, 23), N4(s, 24, 25, 26, 27), N4(s, 28, 29, 30, 31)
#define NAMES_32_47(s) \
    N4(s, 32, 33, 34, 35), N4(s, 36, 37, 38, 39), N4(s, 40, 41, 42, 43), N4(s, 44, 45, 46, 47)
#define NAMES_48_63(s) \
    N4(s, 48, 49, 50, 51), N4(s, 52, 53, 54, 55), N4(s, 56, 57, 58, 59), N4(s, 60, 61, 62, 63)
#define LIST(...) ((const char *const[]){ __VA_ARGS__ })
#define NAMES_3_31(s) LIST(s "3", NAMES_4_15(s), NAMES_16_31(s))
#define NAMES_0_3(s) LIST(N4(s, 0, 1, 2, 3))
#define NAMES_0_15(s) LIST(N4(s, 0, 1, 2, 3), NAMES_4_15(s))
#define NAMES_0_63(s) \
    LIST(N4(s, 0, 1, 2, 3), NAMES_4_15(s), NAMES_16_31(s), NAMES_32_47(s), NAMES_48_63(s))

#define check_any NULL
#define read_plain NULL
#define write_plain NULL

/* Rows are numbered from 1 as they stand in the table. */
enum {
    CSR_ROW_NONE,
#define CSR(number, ...) CSR_ROW_##number,
#define CSR_VIEW(number, ...) CSR_ROW_##number,
#define CSR_RANGE(number, ...) CSR_ROW_##number,
#include "target/riscv/csr.def"
#undef CSR
#undef CSR_VIEW
#undef CSR_RANGE
    CSR_ROW_NR,
};

static const CSRRow csr_rows[CSR_ROW_NR] = {
#define CSR(number, name_, requires_, chk, field, reset, mask_, rd, wr, fx_)      \
    [CSR_ROW_##number] = { .name = #name_, .first = (number), .requires = EXT_##requires_,  \
                           .fx = (fx_), .offset = offsetof(CPURISCVState, field),           \
                           .check = check_##chk, .read = read_##rd,                   \
                           .write = write_##wr, .mask = (mask_) },
#define CSR_VIEW(number, name_, requires_, chk, rd, wr, fx_)                      \
    [CSR_ROW_##number] = { .name = #name_, .first = (number), .requires = EXT_##requires_,  \
                           .fx = (fx_), .check = check_##chk, .read = read_##rd,      \
                           .write = write_##wr },
#define CSR_RANGE(number, count, names_, requires_, chk, rd, wr, fx_)             \
    [CSR_ROW_##number] = { .names = names_, .first = (number),                              \
                           .requires = EXT_##requires_, .fx = (fx_),                        \
                           .check = check_##chk, .read = read_##rd,                   \
                           .write = write_##wr },
#include "target/riscv/csr.def"
#undef CSR
#undef CSR_VIEW
#undef CSR_RANGE
};

/* The row of each number; 0: there is none. */
static const uint8_t csr_index[4096] = {
#define CSR(number, ...) [number] = CSR_ROW_##number,
#define CSR_VIEW(number, ...) [number] = CSR_ROW_##number,
#define CSR_RANGE(number, count, ...) [(number) ... (number) + (count) - 1] = CSR_ROW_##number,
#include "target/riscv/csr.def"
#undef CSR
#undef CSR_VIEW
#undef CSR_RANGE
};

_Static_assert(CSR_ROW_NR <= 256 && sizeof(CPURISCVState) < 65536, "types of the table too small");

static inline uint64_t *row_field(CPURISCVState *env, const CSRRow *row)
{
    return (uint64_t *)((char *)env + row->offset);
}

static inline uint64_t row_read(CPURISCVState *env, const CSRRow *row, unsigned csr)
{
    return row->read ? row->read(env, csr) : *row_field(env, row);
}

static inline unsigned row_write(CPURISCVState *env, const CSRRow *row, unsigned csr,
                                 uint64_t value, uint64_t mask)
{
    if (row->write)
        return row->fx | row->write(env, csr, value, mask);
    *row_field(env, row) = (*row_field(env, row) & ~row->mask) | (value & row->mask);
    return row->fx;
}

uint64_t riscv_csr_apply(CPURISCVState *env, unsigned fx)
{
    uint64_t effects = 0;

    if (fx & FX_FLUSH) {
        riscv_tlb_flush(env);
        effects |= CSR_EFFECT_LOOKUP;
    }
    if (fx & FX_TLB)
        riscv_tlb_switch(env);
    if (fx & FX_MAP)
        effects |= CSR_EFFECT_LOOKUP;
    if (fx & FX_MODE) {
        uint32_t before = env->tcg.mode;
        riscv_mode_update(env);
        if (env->tcg.mode != before)
            effects |= CSR_EFFECT_LOOKUP;
    }
    if (fx & FX_IRQ) {
        if (riscv_update_interrupts(env))
            effects |= CSR_EFFECT_IRQ;
    }
    return effects;
}

static CSRAccess row_check(CPURISCVState *env, const CSRRow *row, unsigned csr)
{
    return row->check ? row->check(env, csr) : CSR_OK;
}

/* Whether the privilege suffices, asked with V=0: registers of H are HS's, which is S. */
static bool priv_suffices(const CPURISCVState *env, unsigned csr)
{
    unsigned least = (csr >> 8) & 3;

    return env->priv >= (least == 2 ? PRV_S : least);
}

/* With V=1: what its mode keeps from the guest, but HS would get (with TVM=0), is a virtual
 * instruction. */
static CSRAccess guest_access(CPURISCVState *env, const CSRRow *row, unsigned csr, bool writes)
{
    unsigned least = (csr >> 8) & 3;
    uint64_t status = env->mstatus;
    uint8_t priv = env->priv;
    CSRAccess access;

    if (least == PRV_M)
        return CSR_ILLEGAL;
    if (least > priv && ((csr & 0xCF8) == 0x050 || (csr & 0xCFF) == 0x05C))
        return riscv_vs_check_above(env, csr);
    if (least <= priv) {
        access = row_check(env, row, csr);
        /* The hypervisor says which interrupt there is: the guest cannot (AIA, 6.3.2). */
        if (unlikely(env->hvictl & HVICTL_VTI) && access == CSR_OK &&
            (csr == 0x104 || csr == 0x144 || (csr == 0x14D && writes)))
            return CSR_VIRTUAL;
        return access;
    }
    env->priv = PRV_S;
    env->virt = false;
    env->mstatus &= ~MSTATUS_TVM;
    access = row_check(env, row, csr) == CSR_OK ? CSR_VIRTUAL : CSR_ILLEGAL;
    env->priv = priv;
    env->virt = true;
    env->mstatus = status;
    return access;
}

/* Whether an instruction may touch the register in the present mode. */
static CSRAccess csr_access(CPURISCVState *env, const CSRRow *row, unsigned csr, bool writes)
{
    if (row == csr_rows || (writes && (csr >> 10) == 3) || !riscv_ext_on(env, row->requires))
        return CSR_ILLEGAL;
    if (unlikely(row->fx & FX_RW) && !writes)
        return CSR_ILLEGAL;
    if (unlikely(env->virt))
        return guest_access(env, row, csr, writes);
    return priv_suffices(env, csr) ? row_check(env, row, csr) : CSR_ILLEGAL;
}

/* The register that stands in for one of S while V=1, or the same. None does for scontext (0x5A8),
 * whose number plus 0x100 is hcontext. */
static unsigned guest_csr(unsigned csr)
{
    return ((csr >> 8) & 3) == PRV_S && csr >> 8 != 5 && csr_index[csr + 0x100] ? csr + 0x100 : csr;
}

CSRResult riscv_csr_insn(CPURISCVState *env, const TCGOp *op, unsigned csr, CSRKind kind,
                         uint64_t operand, bool do_read, bool do_write)
{
    const CSRRow *row = &csr_rows[csr_index[csr & 0xFFF]];
    CSRResult r = { 0, 0 };
    CSRAccess access = csr_access(env, row, csr, do_write);
    uint64_t value, mask;
    unsigned fx;

    if (unlikely(access != CSR_OK)) {
        if (access == CSR_VIRTUAL)
            riscv_raise_virtual(env, op);
        riscv_raise_illegal(env, op);
    }
    if (unlikely(env->virt)) {
        csr = guest_csr(csr);
        row = &csr_rows[csr_index[csr]];
    }

    if (do_read || kind != CSR_WRITE)
        r.old = row_read(env, row, csr);
    if (!do_write)
        return r;

    switch (kind) {
    case CSR_SET:
        value = r.old | operand;
        mask = operand;
        break;
    case CSR_CLEAR:
        value = r.old & ~operand;
        mask = operand;
        break;
    default:
        value = operand;
        mask = ~0ULL;
        break;
    }
    if (unlikely(row->fx & FX_OLD))
        value = do_read || kind != CSR_WRITE ? r.old : row_read(env, row, csr);
    fx = row_write(env, row, csr, value, mask);
    if (fx)
        r.effects = riscv_csr_apply(env, fx);
    return r;
}

unsigned riscv_csr_plain(unsigned csr, bool virt, bool write)
{
    const CSRRow *named = &csr_rows[csr_index[csr]]; /* asks what a guest may, too: satp and VTVM */
    const CSRRow *row = &csr_rows[csr_index[virt ? guest_csr(csr) : csr]];

    bool present = row->requires == EXT_I ||
                   (((csr >> 8) & 3) == PRV_S && row->requires == (virt ? EXT_H : EXT_S));

    if (row == csr_rows || !present || named->check || row->check || row->read || row->fx)
        return 0;
    return write && (row->write || row->mask != ~0ULL || csr >> 10 == 3) ? 0 : row->offset;
}

/* ---- Explaining ---- */

static void explain_counter(const CPURISCVState *env, unsigned csr, GString *out)
{
    static const char *const bits[] = { "CY", "TM", "IR" };
    unsigned n = csr & 31;
    g_autofree char *hpm = g_strdup_printf("HPM%u", n);
    const char *bit = n < 3 ? bits[n] : hpm;

    if (env->priv != PRV_M && !((env->mcounteren >> n) & 1))
        g_string_append_printf(out, "mcounteren.%s=0", bit);
    else if (env->priv == PRV_U && riscv_ext_on(env, EXT_S) && !((env->scounteren >> n) & 1))
        g_string_append_printf(out, "scounteren.%s=0", bit);
    else
        g_string_append(out, n == 1 ? "this hart has no time" : "there is no such counter (pmu-mask)");
}

/* What the row's check says no to. */
static void explain_check(CPURISCVState *env, const CSRRow *row, unsigned csr, GString *out)
{
    if (row->check == check_fs)
        g_string_append(out, "mstatus.FS=0");
    else if (row->check == check_vs)
        g_string_append(out, "mstatus.VS=0");
    else if (row->check == check_satp)
        g_string_append(out, "mstatus.TVM=1");
    else if (row->check == check_counter || row->check == check_hpm || row->check == check_time)
        explain_counter(env, csr, out);
    else if (row->check == check_stimecmp)
        g_string_append(out, env->menvcfg & MENVCFG_STCE ? "mcounteren.TM=0" : "menvcfg.STCE=0");
    else if (row->check == check_pmpaddr || row->check == check_pmpcfg)
        g_string_append(out, "there is no such PMP entry (num-pmp-regions)");
    else if (row->check == check_spec11 || !check_spec12(env, csr))
        g_string_append(out, "not in the privileged specification (priv_spec)");
    else if (row->check == check_miselect || row->check == check_siselect ||
             row->check == check_mireg || row->check == check_sireg ||
             row->check == check_mtopei || row->check == check_stopei || row->check == check_stopi)
        riscv_aia_explain(env, csr, out);
    else if (row->check == check_mseccfg)
        g_string_append(out, "no extension that needs it is on (smepmp, smmpm, zicfilp, zkr)");
    else if (row->check == check_scontext || row->check == check_hcontext)
        g_string_append(out, "mstateen0 bit 57 is 0, or there is no such mode");
    else if (row->check == check_mtval2)
        g_string_append(out, "needs h or ssdbltrp, which are off");
    else if (row->check == check_seed)
        g_string_append_printf(out, "mseccfg.%s=0", env->priv == PRV_U ? "USEED" : "SSEED");
    else if (row->check == check_ctr || row->check == check_vsctrctl ||
             row->check == check_sctrdepth)
        g_string_append(out, "mstateen0.CTR=0");
    else if (row->check == check_scountinhibit)
        g_string_append(out, "menvcfg.CDE=0");
    else if (row->check == check_jvt)
        g_string_append(out, "mstateen0.JVT=0, or hstateen0's or sstateen0's");
    else if (row->check == check_ssp)
        g_string_append(out, "SSE=0 in menvcfg, or in henvcfg or senvcfg");
    else if (row->check == check_senvcfg)
        g_string_append(out, "mstateen0.ENVCFG=0");
    else if (row->check == check_sstateen)
        g_string_append_printf(out, "mstateen%u bit 63 is 0", csr & 3);
    else
        g_string_append(out, "not allowed now");
}

void riscv_csr_explain(CPURISCVState *env, unsigned csr, bool writes, GString *out)
{
    const CSRRow *row = &csr_rows[csr_index[csr & 0xFFF]];
    const RISCVExtRow *ext = &riscv_ext_rows[row->requires];

    if (row == csr_rows) {
        g_string_append_printf(out, "%#x: there is no such register", csr);
        return;
    }
    g_string_append_printf(out, "%s: ", riscv_csr_name(csr));
    if (!riscv_ext_on(env, row->requires))
        g_string_append_printf(out, "needs %s, which is off", ext->name);
    else if (!env->virt && !priv_suffices(env, csr))
        g_string_append_printf(out, "needs %c mode", "USHM"[(csr >> 8) & 3]);
    else if (writes && (csr >> 10) == 3)
        g_string_append(out, "cannot be written");
    else if ((row->fx & FX_RW) && !writes)
        g_string_append(out, "only an instruction that also writes it may read it");
    else
        explain_check(env, row, csr, out);
}

/* The row of a register that this hart has, or NULL. */
static const CSRRow *row_present(CPURISCVState *env, unsigned csr)
{
    const CSRRow *row = &csr_rows[csr_index[csr & 0xFFF]];

    if (row == csr_rows || csr > 0xFFF || !riscv_ext_on(env, row->requires))
        return NULL;
    return row->fx & FX_RW ? NULL : row; /* reading is an action */
}

bool riscv_csr_read_debug(CPURISCVState *env, unsigned csr, uint64_t *value)
{
    const CSRRow *row = row_present(env, csr);
    uint8_t priv = env->priv;
    bool virt = env->virt, ok;

    if (!row)
        return false;
    env->priv = PRV_M;
    env->virt = false;
    ok = row_check(env, row, csr) == CSR_OK;
    if (ok)
        *value = row_read(env, row, csr);
    env->priv = priv;
    env->virt = virt;
    return ok;
}

bool riscv_csr_write_debug(CPURISCVState *env, unsigned csr, uint64_t value)
{
    const CSRRow *row = row_present(env, csr);
    uint8_t priv = env->priv;
    bool virt = env->virt, ok;

    if (!row || (csr >> 10) == 3)
        return false;
    env->priv = PRV_M;
    env->virt = false;
    ok = row_check(env, row, csr) == CSR_OK;
    env->priv = priv;
    env->virt = virt;
    if (ok)
        riscv_csr_apply(env, row_write(env, row, csr, value, ~0ULL));
    return ok;
}

const char *riscv_csr_name(unsigned csr)
{
    const CSRRow *row = &csr_rows[csr_index[csr & 0xFFF]];

    if (row == csr_rows || csr > 0xFFF)
        return NULL;
    return row->names ? row->names[csr - row->first] : row->name;
}

int riscv_csr_by_name(const char *name)
{
    for (unsigned csr = 0; csr < 4096; csr++) {
        const char *known = riscv_csr_name(csr);
        if (known && !strcmp(known, name))
            return (int)csr;
    }
    return -1;
}
