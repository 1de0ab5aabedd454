/*
 * Building a translation block: the engine fetches instructions and the CPU model appends operations.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_TCG_TRANSLATE_H
#define VIREO_ACCEL_TCG_TRANSLATE_H

#include "accel/tcg/tcg-cpu.h"

/*
 * How a block ends, and what follows its last operation:
 *
 * A conditional branch at op[0] has the taken chain at op[1] and what follows when it is not taken
 * at op[2] (a chain, or the next instruction when the engine lets the block go on): it ends with
 * TCG_TAKEN(env, op) or TCG_NOT_TAKEN(env, op). A direct jump at op[0] has its chain at op[1] and
 * ends with TCG_TAKEN(env, op). An indirect jump stores tcg.pc and ends with TCG_EXIT_LOOKUP(env, op).
 * An instruction after which the mode word or the mapping may differ ends its block the same way;
 * one after which interrupts may have become possible, or the hart has halted, uses
 * TCG_EXIT_MAIN(env, op), which goes through the main loop.
 *
 * A block's key holds its virtual pc, so operands may be absolute: the link of a call, the result of
 * auipc (b->pc + imm).
 */
struct TBBuilder {
    CPUArchState *env;
    vaddr pc;           /* of the instruction being translated */
    vaddr pc_first;     /* of the block */
    uint32_t mode;
    unsigned n_insns;   /* before this one */
    bool ended;         /* set by the tb_end functions */
    void *priv;         /* the engine's */
    TCGOp *model_op;    /* the CPU model's, cleared at the start of a block: an earlier operation */
    unsigned model_state; /* the same */
};

/* Appends an operation with pc_off, index, len and insn filled in. The engine ends the block early
 * when it is full. */
TCGOp *tb_append(TBBuilder *b, TCGOpFn fn, uint32_t insn, unsigned len);

/* Ends the block after the operation just appended. */
void tb_end_branch(TBBuilder *b, vaddr not_taken, vaddr taken); /* conditional; may go on */
void tb_end_jump(TBBuilder *b, vaddr target);                   /* direct */
void tb_end_exit(TBBuilder *b);                                 /* the operation sets tcg.pc itself */

/*
 * A chain's imm is the address of the block it leads to, with TCG_CHAIN_CHECK set if something must
 * be looked at first (or there is no block yet): then the chain's own handler does it. Otherwise, and
 * if nobody wants attention, the jump is made right here, one dispatch less.
 */
#define TCG_CHAIN_CHECK 1
#define TCG_TB_OPS 128 /* of the first operation in a block */
#if defined(TCG_LOOP_DISPATCH) || defined(TCG_PLAIN_CHAINS)
#define TCG_TAKEN(env, op) TCG_NEXT(env, op)
#else
#define TCG_TAKEN(env, op)                                                                  \
    do {                                                                                    \
        const TCGOp *next_ = (op) + 1;                                                      \
        uintptr_t tb_ = (uintptr_t)__atomic_load_n(&next_->imm, __ATOMIC_ACQUIRE);          \
        CPUTCGState *t_ = env_tcg(env);                                                     \
        if (likely(!(tb_ & TCG_CHAIN_CHECK) &&                                              \
                   !__atomic_load_n(t_->attention, __ATOMIC_RELAXED))) {                    \
            t_->icount += next_->index;                                                     \
            t_->tb = (const TranslationBlock *)tb_;                                         \
            next_ = (const TCGOp *)(tb_ + TCG_TB_OPS);                                      \
        }                                                                                   \
        TCG_GOTO(env, next_);                                                               \
    } while (0)
#endif
#define TCG_NOT_TAKEN(env, op) do { const TCGOp *next_ = (op) + 2; TCG_GOTO(env, next_); } while (0)

/* Ends of handlers that leave the block. tcg.pc must be set; icount is brought up to date with the
 * operation's own instruction counted as retired. */
const TCGOp *tcg_exit_lookup(CPUArchState *env, const TCGOp *op);
const TCGOp *tcg_exit_main(CPUArchState *env, const TCGOp *op);
/* The same of a handler that has recorded an exception instead: delivers it, and looks up its handler. */
const TCGOp *tcg_exit_exception(CPUArchState *env, const TCGOp *op);
#if defined(__clang__) && !defined(TCG_LOOP_DISPATCH)
#define TCG_TAIL(call) __attribute__((musttail)) return call
#else
#define TCG_TAIL(call) return call
#endif
#define TCG_EXIT_LOOKUP(env, op) TCG_TAIL(tcg_exit_lookup(env, op))
#define TCG_EXIT_EXCEPTION(env, op) TCG_TAIL(tcg_exit_exception(env, op))
#define TCG_EXIT_MAIN(env, op) return tcg_exit_main(env, op)

#endif
