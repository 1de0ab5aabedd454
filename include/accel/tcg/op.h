/*
 * Pre-decoded operations: what a translation block is made of, and how one hands over to the next.
 *
 * A handler runs one operation and goes on with the next by a tail call, so that the host's branch
 * predictor sees one indirect jump per guest instruction. Builds where tail calls are not certain
 * (no optimisation, sanitizers) define TCG_LOOP_DISPATCH: handlers then return the next operation to
 * a loop. A handler that returns NULL leaves the block; env->tcg.pc holds where to go on.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_TCG_OP_H
#define VIREO_ACCEL_TCG_OP_H

#include <stdint.h>

#include "util/bits.h"

typedef struct CPUArchState CPUArchState; /* starts with a CPUTCGState; see accel/tcg/tcg-cpu.h */
typedef struct TCGOp TCGOp;
typedef const TCGOp *(*TCGOpFn)(CPUArchState *env, const TCGOp *op);

struct TCGOp {
    TCGOpFn fn;
    int64_t imm;                /* immediate, or for control flow the target's distance from pc */
    uint32_t insn;              /* the instruction's bits, zero-extended if 16 */
    uint16_t pc_off;            /* of the instruction from the block's pc, bytes */
    uint16_t index;             /* instructions of the block before this one */
    union {
        struct {
            uint8_t rd, rs1, rs2, rs3; /* rd: TARGET_REG_SINK where the guest names x0 */
            uint8_t len;               /* 2 or 4 bytes */
            uint8_t aux;               /* rounding mode, acquire/release bits: as the row says */
            uint16_t row;              /* the CPU model's number of the instruction; 0: an operation
                                          that is none, or does something else */
        };
        TCGOp *link; /* chains only: next in the list of chains to the same block */
    };
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
#define TCG_LOOP_DISPATCH 1
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#undef TCG_LOOP_DISPATCH
#define TCG_LOOP_DISPATCH 1
#endif
#endif

/* The last statement of a handler: go on at another operation of the same block. */
#ifdef TCG_LOOP_DISPATCH
#define TCG_GOTO(env, op_) return (op_)
#elif defined(__clang__)
#define TCG_GOTO(env, op_) __attribute__((musttail)) return (op_)->fn((env), (op_))
#else
#define TCG_GOTO(env, op_) return (op_)->fn((env), (op_))
#endif
#define TCG_NEXT(env, op) do { const TCGOp *next_ = (op) + 1; TCG_GOTO(env, next_); } while (0)

#endif
