/*
 * Control transfer records: the ring, its registers, what is recorded of which transfer.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/ctr.h"

#include <string.h>

#include "target/riscv/aia.h"
#include "target/riscv/csr-impl.h"
#include "target/riscv/insn-fn.h"
#include "target/riscv/mode.h"
#include "util/bits.h"

#define SOURCE_V 1ULL
#define DATA_CCV (1ULL << 15)
#define DATA_CC_SHIFT 16
#define DATA_MASK (0xFULL | DATA_CCV | 0xFFFFULL << DATA_CC_SHIFT)

static unsigned depth(const CPURISCVState *env)
{
    return 16u << env->sctrdepth;
}

static uint64_t wrptr(const CPURISCVState *env)
{
    return env->sctrstatus & CTRSTATUS_WRPTR;
}

static void set_wrptr(CPURISCVState *env, uint64_t to)
{
    env->sctrstatus = (env->sctrstatus & ~CTRSTATUS_WRPTR) | (to & (depth(env) - 1));
}

static bool frozen(const CPURISCVState *env)
{
    return (env->sctrstatus & CTRSTATUS_FROZEN) != 0;
}

/* The register that has the say in a mode. */
static uint64_t control(const CPURISCVState *env, bool virt)
{
    return virt ? env->vsctrctl : env->mctrctl;
}

static bool enabled(const CPURISCVState *env, unsigned priv, bool virt)
{
    uint64_t bit = priv == PRV_M ? CTRCTL_M : priv == PRV_S ? CTRCTL_S : CTRCTL_U;

    return (control(env, virt) & bit) != 0;
}

/* ---- Cycles since the last record, while CTR is active ---- */

static uint64_t now(void)
{
    return (uint64_t)clock_get_ns(CLOCK_VIRTUAL);
}

uint32_t riscv_ctr_mode(CPURISCVState *env)
{
    bool active = enabled(env, env->priv, env->virt) && !frozen(env);

    if (active != env->ctr_counting) {
        env->ctr_cycles += active ? -now() : now();
        env->ctr_counting = active;
    }
    return active ? MODE_CTR : 0;
}

/* The next record has no count. */
static void reset_cycles(CPURISCVState *env)
{
    env->ctr_cycles = env->ctr_counting ? -now() : 0;
    env->ctr_timed = false;
}

static uint64_t take_cycles(CPURISCVState *env)
{
    uint64_t t = now(), cycles = env->ctr_cycles + (env->ctr_counting ? t : 0), cc;
    bool timed = env->ctr_timed;
    unsigned top;

    env->ctr_cycles = env->ctr_counting ? -t : 0;
    env->ctr_timed = true;
    if (!timed)
        return 0;
    if (cycles < 4096) {
        cc = cycles;
    } else if (cycles >> 27) {
        cc = 0xFFFF;
    } else {
        top = 63 - (unsigned)__builtin_clzll(cycles);
        cc = (uint64_t)(top - 11) << 12 | ((cycles >> (top - 12)) & 0xFFF);
    }
    return DATA_CCV | cc << DATA_CC_SHIFT;
}

/* ---- The ring ---- */

static void put(CPURISCVState *env, unsigned type, vaddr source, vaddr target, uint64_t cycles)
{
    uint64_t at = wrptr(env);

    env->ctr_source[at] = (source & ~1ULL) | SOURCE_V;
    env->ctr_target[at] = target & ~1ULL;
    env->ctr_data[at] = type | cycles;
    set_wrptr(env, at + 1);
}

/* Emulation of a return-address stack. Calls have no cycle counts there, as the text allows: those
 * of the calls that returned in between would have to be added. */
static void stack(CPURISCVState *env, unsigned type, vaddr source, vaddr target)
{
    if (type == CTR_RETURN) {
        set_wrptr(env, wrptr(env) - 1);
        env->ctr_source[wrptr(env)] &= ~SOURCE_V;
        return;
    }
    if (type == CTR_SWAP)
        set_wrptr(env, wrptr(env) - 1);
    else if (type != CTR_DIRECT_CALL && type != CTR_INDIRECT_CALL)
        return;
    put(env, type, source, target, 0);
}

static void record(CPURISCVState *env, uint64_t ctl, unsigned type, vaddr source, vaddr target)
{
    uint64_t filter = ctl >> 32;

    if (ctl & CTRCTL_RASEMU)
        stack(env, type, source, target);
    else if (((filter >> type) & 1) == (type == CTR_NOT_TAKEN))
        put(env, type, source, target, take_cycles(env));
}

void riscv_ctr_record(CPURISCVState *env, unsigned type, vaddr source, vaddr target)
{
    record(env, control(env, env->virt), type, source, target);
}

/* Whether the modes that a trap leads to and through let it be recorded though it leaves those that are. */
static bool external_recorded(const CPURISCVState *env, unsigned priv, bool virt)
{
    uint64_t s = env->mctrctl;

    if (priv == PRV_M && !(s & CTRCTL_MTE))
        return false;
    if (!virt && (env->virt || env->priv == PRV_U) && !(s & CTRCTL_STE))
        return false;
    return !env->virt || env->priv == PRV_S || (env->vsctrctl & CTRCTL_STE);
}

void riscv_ctr_trap(CPURISCVState *env, uint64_t cause, unsigned priv, bool virt, vaddr target)
{
    uint64_t ctl = control(env, env->virt), stops = 0;
    unsigned type = cause & CAUSE_INTERRUPT ? CTR_INTERRUPT : CTR_EXCEPTION;
    bool from = enabled(env, env->priv, env->virt), to = enabled(env, priv, virt);

    if (cause == EXC_BREAKPOINT)
        stops = CTRCTL_BPFRZ;
    else if (cause == (CAUSE_INTERRUPT | IRQ_LCOF))
        stops = CTRCTL_LCOFIFRZ;
    if (control(env, virt) & stops) {
        env->sctrstatus |= CTRSTATUS_FROZEN;
        return;
    }
    if (frozen(env))
        return;
    if (to)
        record(env, ctl, type, from ? env->tcg.pc : 0, target);
    else if (from && !(ctl & CTRCTL_RASEMU) && external_recorded(env, priv, virt))
        put(env, type, env->tcg.pc, 0, take_cycles(env));
}

void riscv_ctr_trap_return(CPURISCVState *env, unsigned priv, bool virt, vaddr source, vaddr target)
{
    if (!frozen(env) && enabled(env, env->priv, env->virt))
        record(env, control(env, env->virt || virt), CTR_TRAP_RETURN, source,
               enabled(env, priv, virt) ? target : 0);
}

/* ---- Branches and jumps ---- */

/* Without C a jump to no multiple of 4 raises an exception and is not made. */
static bool reachable(const CPURISCVState *env, vaddr target)
{
    return !(target & 2) || riscv_ext_on(env, EXT_ZCA);
}

/* aux: the condition as funct3 has it. */
static const TCGOp *op_ctr_branch(CPUArchState *env, const TCGOp *op)
{
    uint64_t a = env->x[op->rs1], b = env->x[op->rs2];
    bool less = op->aux & 2 ? a < b : (int64_t)a < (int64_t)b;
    bool taken = (op->aux & 4 ? less : a == b) ^ (op->aux & 1);
    vaddr pc, target;

    env->tcg.cur = op;
    pc = tcg_current_pc(env);
    target = taken ? pc + (uint64_t)op->imm : pc + op->len;
    if (!taken || reachable(env, target))
        riscv_ctr_record(env, taken ? CTR_TAKEN : CTR_NOT_TAKEN, pc, target);
    TCG_NEXT(env, op);
}

/* aux: the type. rs1 is x0 for jal. */
static const TCGOp *op_ctr_jump(CPUArchState *env, const TCGOp *op)
{
    vaddr pc, target;

    env->tcg.cur = op;
    pc = tcg_current_pc(env);
    target = op->rs3 ? (env->x[op->rs1] + (uint64_t)op->imm) & ~1ULL : pc + (uint64_t)op->imm;
    if (reachable(env, target))
        riscv_ctr_record(env, op->aux, pc, target);
    TCG_NEXT(env, op);
}

static bool is_link(unsigned reg)
{
    return reg == 1 || reg == 5;
}

static unsigned jump_type(const RISCVOperands *o, bool indirect)
{
    if (!indirect)
        return is_link(o->rd) ? CTR_DIRECT_CALL : o->rd ? CTR_DIRECT_LINK : CTR_DIRECT_JUMP;
    if (is_link(o->rd))
        return is_link(o->rs1) && o->rs1 != o->rd ? CTR_SWAP : CTR_INDIRECT_CALL;
    if (is_link(o->rs1))
        return CTR_RETURN;
    return o->rd ? CTR_INDIRECT_LINK : CTR_INDIRECT_JUMP;
}

static int condition(unsigned body)
{
    switch (body) {
    case INSN_beq:
        return 0;
    case INSN_bne:
        return 1;
    case INSN_blt:
        return 4;
    case INSN_bge:
        return 5;
    case INSN_bltu:
        return 6;
    case INSN_bgeu:
        return 7;
    default:
        return -1;
    }
}

void riscv_ctr_translate(TBBuilder *b, unsigned row, const RISCVOperands *o, uint32_t insn,
                         unsigned len)
{
    unsigned body = riscv_insn_body(row);
    int cond = condition(body);
    bool indirect = body == INSN_jalr;
    TCGOp *op;

    if (cond < 0 && !indirect && body != INSN_jal)
        return;
    b->model_state = 0; /* nothing is fused across it */
    op = tb_append(b, cond < 0 ? op_ctr_jump : op_ctr_branch, insn, len);
    op->imm = o->imm;
    op->rs1 = o->rs1;
    op->rs2 = o->rs2;
    op->rs3 = indirect;
    op->aux = (uint8_t)(cond < 0 ? (int)jump_type(o, indirect) : cond);
}

/* ---- Registers ---- */

void riscv_ctr_derive(CPURISCVState *env)
{
    const uint64_t modes = CTRCTL_M | CTRCTL_S | CTRCTL_U;

    /* Freezing is asked for by traps even if no mode is recorded. */
    env->ctr_on = ((env->mctrctl | env->vsctrctl) & (modes | CTRCTL_BPFRZ | CTRCTL_LCOFIFRZ)) ||
                  env->ctr_counting;
}

/* With V=1 hstateen0 has a say too. */
static CSRAccess stateen(const CPURISCVState *env)
{
    if (!riscv_aia_stateen(env, STATEEN_CTR))
        return CSR_ILLEGAL;
    return env->virt && riscv_ext_on(env, EXT_SMSTATEEN) && !(env->hstateen[0] & STATEEN_CTR)
               ? CSR_VIRTUAL : CSR_OK;
}

CSR_CHECK(ctr)
{
    return stateen(env);
}

CSR_CHECK(vsctrctl)
{
    return riscv_ext_on(env, EXT_H) ? stateen(env) : CSR_ILLEGAL;
}

CSR_CHECK(sctrdepth)
{
    CSRAccess access = stateen(env);

    return access == CSR_OK && env->virt ? CSR_VIRTUAL : access;
}

CSR_READ(sctrctl)
{
    return env->mctrctl & ~(CTRCTL_M | CTRCTL_MTE);
}

CSR_WRITE_FN(ctrctl)
{
    uint64_t *reg = csr == 0x24E ? &env->vsctrctl : &env->mctrctl;
    uint64_t can = CTRCTL_MASK;

    if (!riscv_ext_on(env, EXT_SSCOFPMF))
        can &= ~CTRCTL_LCOFIFRZ;
    if (csr != 0x34E)
        can &= ~(CTRCTL_M | CTRCTL_MTE);
    *reg = (*reg & ~can) | (value & can);
    reset_cycles(env);
    riscv_ctr_derive(env);
    return 0;
}

/* Depths that do not exist leave it alone. */
CSR_WRITE_FN(sctrdepth)
{
    if ((value & 7) <= CTRDEPTH_MAX) {
        env->sctrdepth = value & 7;
        set_wrptr(env, wrptr(env));
    }
    return 0;
}

CSR_WRITE_FN(sctrstatus)
{
    env->sctrstatus = value & CTRSTATUS_FROZEN;
    set_wrptr(env, value);
    return 0;
}

static CSRAccess entry_check(CPURISCVState *env, unsigned select, unsigned n, bool vs)
{
    return riscv_ext_on(env, EXT_SSCTR) ? stateen(env) : CSR_ILLEGAL;
}

/* Where logical entry x is; false: beyond the depth. */
static bool entry_at(const CPURISCVState *env, unsigned select, unsigned *at)
{
    unsigned x = select - ISELECT_CTR;

    *at = (unsigned)(wrptr(env) - x - 1) & (depth(env) - 1);
    return x < depth(env);
}

static uint64_t entry_read(CPURISCVState *env, unsigned select, unsigned n, bool vs)
{
    unsigned at;

    if (!entry_at(env, select, &at))
        return 0;
    return n == 1 ? env->ctr_source[at] : n == 2 ? env->ctr_target[at] : n == 3 ? env->ctr_data[at] : 0;
}

static unsigned entry_write(CPURISCVState *env, unsigned select, unsigned n, bool vs, uint64_t value,
                            uint64_t mask)
{
    unsigned at;

    if (!entry_at(env, select, &at))
        return 0;
    if (n == 1)
        env->ctr_source[at] = value;
    else if (n == 2)
        env->ctr_target[at] = value & ~1ULL; /* nothing is predicted */
    else if (n == 3)
        env->ctr_data[at] = value & DATA_MASK;
    return 0;
}

const IndirectRange riscv_indirect_ctr = {
    ISELECT_CTR, ISELECT_CTR_LAST, entry_check, entry_read, entry_write,
};

void riscv_sctrclr(CPURISCVState *env, const TCGOp *op)
{
    CSRAccess access = stateen(env);

    if (access == CSR_OK && env->priv == PRV_U)
        access = env->virt ? CSR_VIRTUAL : CSR_ILLEGAL;
    if (access == CSR_VIRTUAL)
        riscv_raise_virtual(env, op);
    if (access != CSR_OK)
        riscv_raise_illegal(env, op);
    memset(env->ctr_source, 0, sizeof(env->ctr_source));
    memset(env->ctr_target, 0, sizeof(env->ctr_target));
    memset(env->ctr_data, 0, sizeof(env->ctr_data));
    reset_cycles(env);
}
