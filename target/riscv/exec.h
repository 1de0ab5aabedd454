/*
 * EXEC: the meaning of an instruction in C, and with it the handler that the interpreter runs.
 *
 *   EXEC(addi)         { RD = RS1 + IMM; }                       falls through to the next operation
 *   EXEC_BRANCH(beq)   { return RS1 == RS2; }                    true: taken
 *   EXEC_JUMP(jal)     { RD = IMM; }                             then the direct jump is made
 *   EXEC_LOOKUP(jalr)  { ... env->tcg.pc = ...; }                then looks up the block at tcg.pc
 *   EXEC_MAIN(wfi)     { riscv_wfi(env, op); }                   then through the main loop
 *   EXEC_RAISE(ecall)  { riscv_ecall(env); }                     records an exception, which is delivered
 *   EXEC_LOAD(lw, 32) { RD = SEXT32(value); }                    the address is RS1 + IMM
 *   EXEC_STORE(sw, 32) { return RS2; }                           the same; returns what to store
 *   EXEC_TRY(fadd_d, short form, exact form)                     the first is a condition: false if it declines
 *   EXEC_EFFECTS(csrrw) { ... return effects; }                  goes on unless CSR_EFFECT_* say otherwise
 *
 * Each defines `exec_NAME` (static inline, the plain meaning, which the differential tests call
 * too) and `op_NAME`, the threaded handler, whose prototype is in the generated insn-list.h. The
 * row in isa/ *.insn must agree: flags load, store and trap make the handler store tcg.cur, so that
 * an exception finds its instruction; flags branch, jump and exit say how the block goes on; flag
 * fsw makes the handler set mstatus.FS to Dirty after the body.
 *
 * Bodies are hot: no test for x0 (reads of x[0] are 0, writes to x0 were redirected by the decoder),
 * no test of legality (the translator did it). A body that may trap must not have changed any state
 * that the guest can see before its last possible trap.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_EXEC_H
#define VIREO_TARGET_RISCV_EXEC_H

#include "accel/tcg/ldst.h"
#include "accel/tcg/translate.h"
#include "target/riscv/csr.h"
#include "target/riscv/insn-list.h" /* generated */
#include "target/riscv/mode.h"

#define EXEC_INLINE static inline __attribute__((always_inline, unused))

/* Operands, inside a body. F registers are the raw, NaN-boxed 64 bits. */
#define RD  (env->x[op->rd])
#define RS1 (env->x[op->rs1])
#define RS2 (env->x[op->rs2])
#define IMM ((uint64_t)op->imm)
#define FRD  (env->f[op->rd])
#define FRS1 (env->f[op->rs1])
#define FRS2 (env->f[op->rs2])
#define FRS3 (env->f[op->rs3])

/* A value of 32 bits as the W instructions leave it in a register. */
#define SEXT32(v) ((uint64_t)(int64_t)(int32_t)(v))

/* The address of the instruction after this one, for those that set tcg.pc and have flag next. */
#define NEXT_PC ((vaddr)op->imm)

#define EXEC_HANDLER_(name, type, run_and_go_on)                                            \
    EXEC_INLINE type exec_##name(CPURISCVState *env, const TCGOp *op);                      \
    const TCGOp *op_##name(CPUArchState *env, const TCGOp *op)                              \
    {                                                                                       \
        if (INSN_TRAPS_##name)                                                              \
            env->tcg.cur = op;                                                              \
        run_and_go_on                                                                       \
    }                                                                                       \
    EXEC_INLINE type exec_##name(CPURISCVState *env, const TCGOp *op)

#define EXEC_END_(name, end) \
    _Static_assert(INSN_END_##name == INSN_END_##end, "row " #name " does not end as " #end);

#define EXEC(name)                                                                          \
    EXEC_END_(name, none)                                                                   \
    EXEC_HANDLER_(name, void,                                                               \
                  exec_##name(env, op);                                                     \
                  if (INSN_FS_DIRTY_##name)                                                      \
                      riscv_fs_dirty(env);                                                  \
                  TCG_NEXT(env, op);)

#define EXEC_BRANCH(name)                                                                   \
    EXEC_END_(name, branch)                                                                 \
    EXEC_HANDLER_(name, bool,                                                               \
                  if (exec_##name(env, op))                                                 \
                      TCG_TAKEN(env, op);                                                   \
                  TCG_NOT_TAKEN(env, op);)

#define EXEC_JUMP(name)                                                                     \
    EXEC_END_(name, jump)                                                                   \
    EXEC_HANDLER_(name, void, exec_##name(env, op); TCG_TAKEN(env, op);)

#define EXEC_LOOKUP(name)                                                                   \
    EXEC_END_(name, exit)                                                                   \
    EXEC_HANDLER_(name, void, exec_##name(env, op); TCG_EXIT_LOOKUP(env, op);)

#define EXEC_MAIN(name)                                                                     \
    EXEC_END_(name, exit)                                                                   \
    EXEC_HANDLER_(name, void, exec_##name(env, op); TCG_EXIT_MAIN(env, op);)

#define EXEC_RAISE(name)                                                                    \
    EXEC_END_(name, exit)                                                                   \
    EXEC_HANDLER_(name, void, exec_##name(env, op); TCG_EXIT_EXCEPTION(env, op);)

/*
 * Loads and stores: the handler has only the fast path, so that it needs no stack frame and stores no
 * tcg.cur; a miss goes on in a handler of its own, which does both.
 */
#define EXEC_LOAD(name, bits)                                                               \
    EXEC_END_(name, none)                                                                   \
    EXEC_INLINE void load_##name(CPURISCVState *env, const TCGOp *op, uint##bits##_t value); \
    EXEC_INLINE void exec_##name(CPURISCVState *env, const TCGOp *op)                       \
    {                                                                                       \
        load_##name(env, op, tcg_ld##bits(env, RS1 + IMM));                                 \
    }                                                                                       \
    EXEC_INLINE bool fast_##name(CPURISCVState *env, const TCGOp *op)                       \
    {                                                                                       \
        vaddr va = RS1 + IMM;                                                               \
        const TLBEntry *e = tlb_entry(env->tcg.tlb, va);                                    \
        if (unlikely((va & (TARGET_PAGE_MASK | (bits / 8 - 1))) != e->tag[MMU_LOAD]))       \
            return false;                                                                   \
        load_##name(env, op,                                                                \
                    __atomic_load_n((uint##bits##_t *)(va + e->addend), __ATOMIC_RELAXED)); \
        if (INSN_FS_DIRTY_##name)                                                           \
            riscv_fs_dirty(env);                                                            \
        return true;                                                                        \
    }                                                                                       \
    EXEC_MEM_(name)                                                                         \
    EXEC_INLINE void load_##name(CPURISCVState *env, const TCGOp *op, uint##bits##_t value)

#define EXEC_STORE(name, bits)                                                              \
    EXEC_END_(name, none)                                                                   \
    EXEC_INLINE uint64_t store_##name(CPURISCVState *env, const TCGOp *op);                 \
    EXEC_INLINE void exec_##name(CPURISCVState *env, const TCGOp *op)                       \
    {                                                                                       \
        tcg_st##bits(env, RS1 + IMM, (uint##bits##_t)store_##name(env, op));                \
    }                                                                                       \
    EXEC_INLINE bool fast_##name(CPURISCVState *env, const TCGOp *op)                       \
    {                                                                                       \
        vaddr va = RS1 + IMM;                                                               \
        const TLBEntry *e = tlb_entry(env->tcg.tlb, va);                                    \
        if (unlikely((va & (TARGET_PAGE_MASK | (bits / 8 - 1))) != tlb_store_tag(e)))       \
            return false;                                                                   \
        __atomic_store_n((uint##bits##_t *)(va + e->addend),                                \
                         (uint##bits##_t)store_##name(env, op), __ATOMIC_RELAXED);          \
        return true;                                                                        \
    }                                                                                       \
    EXEC_MEM_(name)                                                                         \
    EXEC_INLINE uint64_t store_##name(CPURISCVState *env, const TCGOp *op)

#define EXEC_MEM_(name)                                                                     \
    static __attribute__((noinline, cold)) const TCGOp *slow_##name(CPUArchState *env,      \
                                                                    const TCGOp *op)        \
    {                                                                                       \
        env->tcg.cur = op;                                                                  \
        exec_##name(env, op);                                                               \
        if (INSN_FS_DIRTY_##name)                                                           \
            riscv_fs_dirty(env);                                                            \
        TCG_NEXT(env, op);                                                                  \
    }                                                                                       \
    const TCGOp *op_##name(CPUArchState *env, const TCGOp *op)                              \
    {                                                                                       \
        if (unlikely(!fast_##name(env, op)))                                                \
            EXEC_TAIL return slow_##name(env, op);                                          \
        TCG_NEXT(env, op);                                                                  \
    }

/* Where the usual case has a short form that may decline, having changed nothing: the same way. */
#define EXEC_TRY(name, try_it, exactly)                                                     \
    EXEC_END_(name, none)                                                                   \
    EXEC_INLINE void exec_##name(CPURISCVState *env, const TCGOp *op)                       \
    {                                                                                       \
        exactly;                                                                            \
    }                                                                                       \
    EXEC_INLINE bool fast_##name(CPURISCVState *env, const TCGOp *op)                       \
    {                                                                                       \
        if (unlikely(!(try_it)))                                                            \
            return false;                                                                   \
        if (INSN_FS_DIRTY_##name)                                                           \
            riscv_fs_dirty(env);                                                            \
        return true;                                                                        \
    }                                                                                       \
    EXEC_MEM_(name)

#if defined(__clang__) && !defined(TCG_LOOP_DISPATCH)
#define EXEC_TAIL __attribute__((musttail))
#else
#define EXEC_TAIL
#endif

/*
 * Two or three operations in one handler, which saves the jumps between them. Each keeps its own place in
 * the block and its operands there: where the first part misses the TLB, it goes on alone in its
 * slow handler, and the next operation runs by its own. Which there are: isa/fused.txt.
 *
 * Each comes twice: in op_A_to_B the last part's rs1 is the register that the part before it wrote.
 * Saying so in a copy of its operands lets the compiler keep the value in a host register, where it
 * would otherwise wait for its own store.
 */
#define FUSE_alu(name, view, op) exec_##name(env, view);
#define FUSE_mem(name, view, op)                                                            \
    if (unlikely(!fast_##name(env, view)))                                                  \
        EXEC_TAIL return slow_##name(env, op);
#define FUSE_END_alu(name, view, op) FUSE_alu(name, view, op) TCG_NEXT(env, op);
#define FUSE_END_mem(name, view, op) FUSE_mem(name, view, op) TCG_NEXT(env, op);
#define FUSE_END_jump(name, view, op) FUSE_alu(name, view, op) TCG_TAKEN(env, op);
#define FUSE_END_lookup(name, view, op) FUSE_alu(name, view, op) TCG_EXIT_LOOKUP(env, op);
#define FUSE_END_branch(name, view, op)                                                     \
    if (exec_##name(env, view))                                                             \
        TCG_TAKEN(env, op);                                                                 \
    TCG_NOT_TAKEN(env, op);

#define FUSE2(a, kind_a, b, kind_b)                                                         \
    static const TCGOp *op_##a##_##b(CPUArchState *env, const TCGOp *op)                    \
    {                                                                                       \
        const TCGOp *second = op + 1;                                                       \
        FUSE_##kind_a(a, op, op)                                                            \
        FUSE_END_##kind_b(b, second, second)                                                \
    }                                                                                       \
    static const TCGOp *op_##a##_to_##b(CPUArchState *env, const TCGOp *op)                 \
    {                                                                                       \
        const TCGOp *second = op + 1;                                                       \
        const TCGOp v1 = *op;                                                               \
        TCGOp v2 = *second;                                                                 \
        v2.rs1 = v1.rd;                                                                     \
        FUSE_##kind_a(a, &v1, op)                                                           \
        FUSE_END_##kind_b(b, &v2, second)                                                   \
    }
#define FUSE3(a, kind_a, b, kind_b, c, kind_c)                                              \
    static const TCGOp *op_##a##_##b##_##c(CPUArchState *env, const TCGOp *op)              \
    {                                                                                       \
        const TCGOp *second = op + 1, *third = op + 2;                                      \
        FUSE_##kind_a(a, op, op)                                                            \
        FUSE_##kind_b(b, second, second)                                                    \
        FUSE_END_##kind_c(c, third, third)                                                  \
    }                                                                                       \
    static const TCGOp *op_##a##_##b##_to_##c(CPUArchState *env, const TCGOp *op)           \
    {                                                                                       \
        const TCGOp *second = op + 1, *third = op + 2;                                      \
        const TCGOp v2 = *second;                                                           \
        TCGOp v3 = *third;                                                                  \
        v3.rs1 = v2.rd;                                                                     \
        FUSE_##kind_a(a, op, op)                                                            \
        FUSE_##kind_b(b, &v2, second)                                                       \
        FUSE_END_##kind_c(c, &v3, third)                                                    \
    }

/* For CSR instructions: most accesses change nothing that translated code depends on. */
#define EXEC_EFFECTS(name)                                                                  \
    EXEC_END_(name, none)                                                                   \
    EXEC_HANDLER_(name, unsigned,                                                           \
                  unsigned effects = exec_##name(env, op);                                  \
                  if (unlikely(effects)) {                                                  \
                      env->tcg.pc = tcg_current_pc(env) + op->len;                          \
                      if (effects & CSR_EFFECT_IRQ)                                         \
                          TCG_EXIT_MAIN(env, op);                                           \
                      TCG_EXIT_LOOKUP(env, op);                                             \
                  }                                                                         \
                  TCG_NEXT(env, op);)

#endif
