/*
 * From an instruction's bits to the operation that the interpreter runs: decodes, asks what the bits
 * do not say (extensions, mstatus.FS, the alignment of jump targets), folds in the pc.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/translate.h"

#include "target/riscv/bits.h"
#include "target/riscv/causes.h"
#include "target/riscv/cfi.h"
#include "target/riscv/ctr.h"
#include "target/riscv/insn-fn.h"
#include "target/riscv/isa.h"
#include "target/riscv/mode.h"
#include "target/riscv/trigger.h"

unsigned riscv_insn_len(uint16_t parcel)
{
    return (parcel & 3) == 3 ? 4 : 2;
}

static const TCGOp *op_illegal(CPUArchState *env, const TCGOp *op)
{
    env->tcg.cur = op;
    riscv_raise_illegal(env, op);
}

/* A jump whose target is no multiple of 4, on a hart without C. */
static const TCGOp *op_jump_misaligned(CPUArchState *env, const TCGOp *op)
{
    env->tcg.cur = op;
    riscv_raise(env, EXC_INST_MISALIGNED, (uint64_t)op->imm);
}

/* A conditional branch to such a target: an exception only if it is taken. funct3 says which. */
static const TCGOp *op_branch_misaligned(CPUArchState *env, const TCGOp *op)
{
    uint64_t a = env->x[op->rs1], b = env->x[op->rs2];
    bool less = op->insn >> 13 & 1 ? a < b : (int64_t)a < (int64_t)b;
    bool taken = (op->insn >> 14 & 1 ? less : a == b) ^ (op->insn >> 12 & 1);

    env->tcg.cur = op;
    if (taken)
        riscv_raise(env, EXC_INST_MISALIGNED, (uint64_t)op->imm);
    TCG_NOT_TAKEN(env, op);
}

static const TCGOp *op_jalr_aligned(CPUArchState *env, const TCGOp *op)
{
    uint64_t target = (env->x[op->rs1] + (uint64_t)((int32_t)op->insn >> 20)) & ~1ULL;

    env->tcg.cur = op;
    if (target & 2)
        riscv_raise(env, EXC_INST_MISALIGNED, target);
    env->x[op->rd] = (uint64_t)op->imm;
    env->tcg.pc = target;
    TCG_EXIT_LOOKUP(env, op);
}

/* In front of each instruction while a debug trigger looks at them. */
_Static_assert(RISCV_TRIGGERS == 4, "the comparisons here");
static const TCGOp *op_trigger(CPUArchState *env, const TCGOp *op)
{
    vaddr pc = (vaddr)op->imm;

    if (env->trigger_insns || pc == env->trigger_pc[0] || pc == env->trigger_pc[1] ||
        pc == env->trigger_pc[2] || pc == env->trigger_pc[3]) {
        env->tcg.cur = op;
        riscv_trigger_insn(env, op->insn, op->len);
    }
    TCG_NEXT(env, op);
}

/* ---- Landing pads (Zicfilp) ---- */

/* An indirect jump that must land on a pad; on a hart without C its target must be aligned, too. */
static const TCGOp *op_jalr_guarded(CPUArchState *env, const TCGOp *op)
{
    uint64_t target = (env->x[op->rs1] + (uint64_t)((int32_t)op->insn >> 20)) & ~1ULL;

    env->tcg.cur = op;
    if ((target & 2) && !riscv_ext_on(env, EXT_ZCA))
        riscv_raise(env, EXC_INST_MISALIGNED, target);
    env->x[op->rd] = (uint64_t)op->imm;
    env->elp = true;
    env->tcg.mode |= MODE_ELP;
    env->tcg.pc = target;
    TCG_EXIT_LOOKUP(env, op);
}

/* Something else where a landing pad must be. */
static const TCGOp *op_no_landing_pad(CPUArchState *env, const TCGOp *op)
{
    env->tcg.cur = op;
    riscv_raise_check(env, CHECK_LANDING_PAD, "an indirect jump came here, and this is no landing pad");
}

/* The pad that is expected: imm is its label, compared with the upper bits of x7 unless it is 0. */
static const TCGOp *op_landing_pad(CPUArchState *env, const TCGOp *op)
{
    uint32_t label = (uint32_t)op->imm;

    env->tcg.cur = op;
    if (label && label != (env->x[7] & 0xFFFFF000))
        riscv_raise_check(env, CHECK_LANDING_PAD, "the landing pad's label is not the one in x7");
    env->elp = false;
    env->tcg.mode &= ~(uint32_t)MODE_ELP;
    env->tcg.pc = tcg_current_pc(env) + op->len;
    TCG_EXIT_LOOKUP(env, op);
}

/* In a guest whose FS is not Dirty in both registers: makes it so, then runs the instruction itself,
 * from a block of the mode that this brings. op->imm: the field. */
static const TCGOp *op_dirty_first(CPUArchState *env, const TCGOp *op)
{
    uint64_t field = op->imm;

    env->tcg.cur = op;
    env->mstatus |= field;
    env->vsstatus |= field;
    riscv_mode_update(env);
    cpu_loop_exit_restart(env);
}

/*
 * Ztso on a host whose own order is weaker: a fence before each load and store keeps all orders but that
 * of a store with a later load. op->row: what comes behind the fence.
 */
#if defined(__x86_64__) || defined(__i386__) || defined(__s390x__)
enum { HOST_IS_TSO = 1 };
#else
enum { HOST_IS_TSO = 0 };
#endif

static const TCGOp *op_ordered(CPUArchState *env, const TCGOp *op)
{
    __atomic_thread_fence(__ATOMIC_ACQ_REL);
    return riscv_insn_fn(op->row)(env, op);
}

static void translate_illegal(TBBuilder *b, uint32_t insn, unsigned len)
{
    tb_append(b, op_illegal, insn, len);
    tb_end_exit(b);
}

static void translate_branch(TBBuilder *b, TCGOp *op, unsigned len, bool aligned)
{
    vaddr target = b->pc + (uint64_t)op->imm;

    if (aligned && (target & 2)) {
        op->fn = op_branch_misaligned;
        op->row = 0;
        op->imm = (int64_t)target;
    }
    tb_end_branch(b, b->pc + len, target);
}

static void translate_jump(TBBuilder *b, TCGOp *op, unsigned len, bool aligned)
{
    vaddr target = b->pc + (uint64_t)op->imm;

    if (aligned && (target & 2)) {
        op->fn = op_jump_misaligned;
        op->row = 0;
        op->imm = (int64_t)target;
        tb_end_exit(b);
        return;
    }
    op->imm = (int64_t)(b->pc + len);
    tb_end_jump(b, target);
}

/* The one instruction of a block that begins where a landing pad is expected. */
static void translate_target(TBBuilder *b, uint32_t insn, unsigned len)
{
    bool pad = len == 4 && (insn & 0xFFF) == 0x17 && !(b->pc & 3);

    tb_append(b, pad ? op_landing_pad : op_no_landing_pad, insn, len)->imm = insn & 0xFFFFF000;
    tb_end_exit(b);
}

/* Jumps through x1, x5 (returns) and x7 (guarded by software) need no pad. */
static bool wants_pad(const TBBuilder *b, const TCGOp *op)
{
    return (b->mode & MODE_LPE) && op->rs1 != 1 && op->rs1 != 5 && op->rs1 != 7;
}

static bool commutes(unsigned body)
{
    switch (body) {
    case INSN_add:
    case INSN_addw:
    case INSN_and:
    case INSN_or:
    case INSN_xor:
    case INSN_beq:
    case INSN_bne:
        return true;
    default:
        return false;
    }
}

/*
 * The first operation of a known sequence gets the handler that runs all of it. There is one in
 * which the last part takes its rs1 from what the part before it computed; where the operands may
 * be exchanged the result is brought there.
 */
static void fuse(TBBuilder *b, TCGOp *op, unsigned row)
{
    unsigned body = riscv_insn_body(row), next = 0;
    TCGOpFn fn;

    if (b->model_state) {
        const TCGOp *before = op - 1;
        if (before->rd == op->rs2 && commutes(body)) {
            op->rs2 = op->rs1;
            op->rs1 = before->rd;
        }
        next = riscv_insn_fuse(b->model_state, body, before->rd == op->rs1, &fn);
    }
    if (next) {
        b->model_op->fn = fn;
        b->model_state = next;
    } else {
        b->model_op = op;
        b->model_state = body;
    }
}

void riscv_translate_insn(TBBuilder *b, uint32_t insn, unsigned len)
{
    CPURISCVState *env = b->env;
    RISCVOperands o;
    unsigned row = riscv_decode(insn, env->ext_on, &o);
    unsigned flags = riscv_insn_flags(row);

    if (unlikely(b->mode & MODE_TRIGGERS)) {
        tb_append(b, op_trigger, insn, len)->imm = (int64_t)b->pc;
        b->model_state = 0; /* no sequence runs across it */
    }

    if (unlikely(b->mode & MODE_ELP)) {
        translate_target(b, insn, len);
        return;
    }

    if (row == INSN_illegal || ((flags & (INSN_FS | INSN_FSW)) && !(b->mode & MODE_FS)) ||
        ((flags & INSN_VS) && !(b->mode & MODE_VS))) {
        translate_illegal(b, insn, len);
        return;
    }

    if (unlikely((flags & INSN_VS) && (b->mode & MODE_VS_CLEAN))) {
        tb_append(b, op_dirty_first, insn, len)->imm = (int64_t)MSTATUS_VS;
        tb_end_exit(b);
        return;
    }
    if (unlikely((flags & INSN_FSW) && (b->mode & MODE_FS_CLEAN))) {
        tb_append(b, op_dirty_first, insn, len)->imm = (int64_t)MSTATUS_FS;
        tb_end_exit(b);
        return;
    }

    if (unlikely(b->mode & MODE_CTR))
        riscv_ctr_translate(b, row, &o, insn, len);

    TCGOp *op = tb_append(b, riscv_insn_fn(row), insn, len);
    op->imm = o.imm;
    op->rd = (flags & INSN_RD_X) && o.rd == 0 ? TARGET_REG_SINK : o.rd;
    op->rs1 = o.rs1;
    op->rs2 = o.rs2;
    op->rs3 = o.rs3;
    op->aux = o.aux;
    op->row = row;

    bool aligned = !riscv_ext_on(env, EXT_ZCA);
    bool guarded = riscv_insn_body(row) == INSN_jalr && unlikely(wants_pad(b, op));
    if (!HOST_IS_TSO && (flags & (INSN_LOAD | INSN_STORE)) && riscv_ext_on(env, EXT_ZTSO)) {
        op->fn = op_ordered;
        b->model_state = 0;
    } else if (guarded) {
        b->model_state = 0;
    } else if (!aligned) {
        fuse(b, op, row);
    }
    if (flags & INSN_BRANCH) {
        b->model_state = 0;
        translate_branch(b, op, len, aligned);
        return;
    }
    if (flags & INSN_JUMP) {
        translate_jump(b, op, len, aligned);
        return;
    }
    if (flags & INSN_PCREL)
        op->imm += (int64_t)b->pc;
    if (flags & INSN_NEXT)
        op->imm = (int64_t)(b->pc + len);
    if (row == INSN_jalr && aligned) {
        op->fn = op_jalr_aligned;
        op->row = 0;
    }
    if (guarded) {
        op->fn = op_jalr_guarded;
        op->row = 0;
    }
    if (flags & INSN_EXIT)
        tb_end_exit(b);
}
