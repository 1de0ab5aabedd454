/*
 * What a CPU model tells the compiler of hot code (accel/tcg/jit): where guest registers are, and for
 * each instruction either its fast form as operations over them, or nothing, and its body is called.
 *
 * Variables. A guest register is a variable: its number is its index among the integer registers, or
 * JIT_FP plus its index among the floating-point ones. Variable 0 reads as 0. Every operation
 * reads and writes variables as the guest would see them after it, so that state is precise before
 * each guest instruction.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_TCG_JIT_H
#define VIREO_ACCEL_TCG_JIT_H

#include <glib.h>

#include "accel/tcg/op.h"

#define JIT_FP 32     /* variable of floating-point register 0 */
#define JIT_VARS 64
#define JIT_NONE 255  /* no variable: the result is not wanted */

/* The operations; accel/tcg/jit/ir.def lists them. */
typedef enum IROp {
#define IR(name, form) IR_##name,
#include "accel/tcg/jit/ir.def"
#undef IR
    IR_NR
} IROp;

typedef enum IRCond { IR_EQ, IR_NE, IR_LT, IR_GE, IR_LTU, IR_GEU } IRCond;

typedef enum IRAmo {
    IR_AMO_SWAP, IR_AMO_ADD, IR_AMO_AND, IR_AMO_OR, IR_AMO_XOR, IR_AMO_MIN, IR_AMO_MAX, IR_AMO_MINU,
    IR_AMO_MAXU,
} IRAmo;

typedef struct IRBuilder IRBuilder;

/*
 * One function per form of ir.def. d: the variable written, or JIT_NONE; a and v: variables read.
 */
void ir_op2(IRBuilder *b, IROp op, unsigned d, unsigned a, unsigned v);
void ir_op2i(IRBuilder *b, IROp op, unsigned d, unsigned a, int64_t imm);
void ir_op1(IRBuilder *b, IROp op, unsigned d, unsigned a);
void ir_const(IRBuilder *b, unsigned d, int64_t value);
/* size 1, 2, 4 or 8 bytes at a + offset; what is narrower than a register is extended. */
void ir_load(IRBuilder *b, unsigned d, unsigned a, int64_t offset, unsigned size, bool sign);
void ir_store(IRBuilder *b, unsigned a, int64_t offset, unsigned v, unsigned size);
/* size 4 or 8; what is misaligned or not plain RAM is left to the instruction's body. */
void ir_amo(IRBuilder *b, IRAmo amo, unsigned d, unsigned a, unsigned v, unsigned size);
/* The reservation is what TCGJitOps says: address, size and the value read. */
void ir_load_reserved(IRBuilder *b, unsigned d, unsigned a, unsigned size);
void ir_store_conditional(IRBuilder *b, unsigned d, unsigned a, unsigned v, unsigned size);
/* The aligned block of size bytes (16 to 128, a power of 2) that a points into becomes zero. bits, unless
 * 0: all of them must be set in the word at env_offset, else it is left to the body. */
void ir_zero(IRBuilder *b, unsigned a, unsigned size, unsigned env_offset, uint32_t bits);
void ir_fence(IRBuilder *b);
void ir_nothing(IRBuilder *b);
/* The body is called, as for what has no fast form. */
void ir_call(IRBuilder *b);
/*
 * Floating point of size 4 or 8 bytes; unused operands are JIT_NONE. The fast form may be used while the
 * byte of env at fast_offset has bit `bit` set; rz: an integer result is rounded towards zero, after
 * a rounding that down or up says.
 */
typedef struct IRFloat {
    uint8_t size;
    uint8_t bit;
    uint16_t fast_offset;
    bool rz, down, up;
} IRFloat;
void ir_float(IRBuilder *b, IROp op, unsigned d, unsigned a, unsigned v, unsigned c, IRFloat how);
/* The conditional branch that ends the instruction: taken if cond holds of a and v. */
void ir_branch(IRBuilder *b, IRCond cond, unsigned a, unsigned v);
/* The instruction is an indirect jump to a + offset with bit 0 clear. back: by convention it returns to
 * where a call came from. Only ir_const() or ir_link() may follow. */
void ir_jump_to(IRBuilder *b, unsigned a, int64_t offset, bool back);
/* d becomes the address to which what is called will return. */
void ir_link(IRBuilder *b, unsigned d, int64_t value);
/* Sets bits of a word of the state, given by its offset in env. */
void ir_set_bits(IRBuilder *b, unsigned env_offset, uint32_t bits);

/*
 * Words of the state, 8 bytes each. Reads give what mask has of them, writes put v & mask there, or with
 * v = JIT_NONE mask itself. swap: v may be d.
 */
void ir_get(IRBuilder *b, unsigned d, unsigned env_offset, int64_t mask);
void ir_put(IRBuilder *b, unsigned env_offset, unsigned v, int64_t mask);
void ir_swap(IRBuilder *b, unsigned d, unsigned env_offset, unsigned v, int64_t mask);
/* An access to the register that TCGJitOps.status describes: d becomes its old value (JIT_NONE: not
 * wanted), the operand is v, or with v = JIT_NONE imm. What is not quick there is left to the body. */
typedef enum IRStatus { IR_STATUS_WRITE, IR_STATUS_SET, IR_STATUS_CLEAR, IR_STATUS_READ } IRStatus;
void ir_status(IRBuilder *b, IRStatus how, unsigned d, unsigned v, int64_t imm);

/* The mode word of the block that the instruction is in. */
uint32_t ir_mode(const IRBuilder *b);
/* The vCPU that wants the code: what is configured, and so the same on all of them and at any time,
 * may be asked; anything else is good for guesses. */
CPUArchState *ir_env(const IRBuilder *b);

/* The guest's sticky flags of floating point: those of the host, and those in a byte of env. */
typedef struct JitFlags {
    uint16_t offset;     /* of the byte */
    uint8_t invalid, by_zero, overflow, underflow, inexact; /* bits, there and in integers */
} JitFlags;

/* A status register, whose interrupt enable is what programs mostly write. */
typedef struct JitStatus {
    uint16_t offset;     /* of 8 bytes in env */
    uint64_t visible;    /* bits that are read as they are */
    uint32_t dirty;      /* upper bits of fields of 2 bits: bit 63 reads as 1 if one of them is 3 */
    uint32_t writable;   /* bits that a write may change */
    uint32_t quick;      /* those of them that mean nothing beyond themselves */
    uint32_t enable;     /* of these: may be set only while all the words at idle are zero */
    uint32_t barred;     /* and none of these bits is set */
    uint16_t idle[8];    /* offsets in env, 8 bytes each; 0 ends them */
} JitStatus;

/*
 * Vectors: registers are pieces of env, operations work on n elements from the first on. vec.def lists what
 * there is.
 */
typedef enum IRVecOp {
#define V(name, class) IRV_##name,
#include "accel/tcg/jit/vec.def"
#undef V
    IRV_NR
} IRVecOp;

typedef enum IRVecFrom { IRV_REG, IRV_INT, IRV_FLOAT, IRV_IMM, IRV_NONE } IRVecFrom;

typedef struct IRVec {
    uint8_t op;         /* IRVecOp */
    uint8_t size;       /* log2 of an element's bytes */
    uint8_t from;       /* IRVecFrom: what b is */
    uint8_t narrow;     /* zext, sext: log2 of how much narrower a is; gather, scatter: see there */
    uint8_t stride;     /* lstride, sstride: a variable */
    bool masked;        /* only elements whose bit in the register at mask is set */
    uint32_t d, a, b;   /* registers: offsets in env */
    uint32_t mask;
    uint32_t n;         /* elements, at least 1 */
    uint32_t vl;        /* if not 0: the word of env at vl_offset may be less than this, which stands for n */
    uint32_t likely;    /* not 0: the vl to expect, if it is not known */
    uint32_t vl_offset;
    uint32_t start_offset; /* of the word of env that says with which element the body begins */
    uint32_t fast_offset;  /* floating point: as in IRFloat; the bits are bit and, of FMA, the next byte's */
    uint8_t bit;
    int64_t imm;        /* b */
} IRVec;

/* The longest piece, in bytes. */
#define IR_VEC_BYTES 256

/* Whether there is code for this: op, size, from, narrow, masked and n are looked at. */
bool ir_has_vector(const IRBuilder *b, const IRVec *v);
/* d, a: variables or JIT_NONE. */
void ir_vector(IRBuilder *b, const IRVec *v, unsigned d, unsigned a);
/* The interpreter takes over at this instruction unless the 8-byte word of env is value. */
void ir_expect(IRBuilder *b, unsigned env_offset, uint32_t value);
/* The next count calls of ir_set_env(), which follow at once, are only to be done if the 8-byte word of env is
 * not value; it seldom is not. */
void ir_unless(IRBuilder *b, unsigned env_offset, uint32_t value, unsigned count);
void ir_set_env(IRBuilder *b, unsigned env_offset, unsigned size, uint64_t value);
/* d and the 8-byte word of env become a or limit, whichever is less; a: JIT_NONE for that word itself. */
void ir_clamp(IRBuilder *b, unsigned d, unsigned a, uint32_t limit, unsigned env_offset);

/* What the model knows while it emits a block, in bits of its own: at first what it knew where
 * the block was first seen to be led to, 0 for the first. */
uint64_t *ir_facts(IRBuilder *b);

/* How an instruction hands over, which decides what may be done without a fast form. */
typedef enum JitKind {
    JIT_PLAIN,      /* its body may be called; goes on, unless the body says otherwise */
    JIT_BRANCH,     /* conditional branch with its chain behind it */
    JIT_JUMP,       /* direct jump, the same */
    JIT_INDIRECT,   /* ends in ir_jump_to() */
    JIT_EXIT,       /* its body is called, and leaves the block */
    JIT_INTERPRET,  /* anything else: compiled code ends before it */
} JitKind;

typedef struct TCGJitOps {
    unsigned x_offset, f_offset;  /* of the registers in env, 8 bytes each */
    /* Of the reservation: address (~0: none) and value, 8 bytes each, and its size, 1 byte. */
    unsigned reserve_addr, reserve_value, reserve_size;
    const JitStatus *status;
    const JitFlags *flags;
    JitKind (*kind)(const TCGOp *op);
    /* A block begins: what facts are left? NULL: none are kept. */
    void (*begin)(IRBuilder *b);
    /* Appends the fast form; false: there is none, and nothing was appended. */
    bool (*emit)(IRBuilder *b, const TCGOp *op);
    /* The handler that runs this operation alone, then goes on at the next. */
    TCGOpFn (*body)(const TCGOp *op);
    /*
     * For verify=on: a copy of a vCPU, on which instructions can be run again. Whether an instruction
     * can: it has no effect beyond the vCPU's registers and memory, and no other source. settle() brings
     * what the host keeps for the guest into env. differences() appends a line per register that differs.
     */
    bool (*repeats)(const TCGOp *op);
    CPUArchState *(*shadow_new)(void);
    void (*shadow_free)(CPUArchState *shadow);
    void (*shadow_copy)(CPUArchState *shadow, CPUArchState *env);
    void (*settle)(CPUArchState *env);
    void (*differences)(CPUArchState *compiled, CPUArchState *interpreted, bool exception,
                        GString *out);
} TCGJitOps;

#endif
