/*
 * Zcmp, Zcmt: push and pop of register lists, double moves, jumps through a table.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/ctr.h"
#include "target/riscv/exec.h"

#include "target/riscv/csr-impl.h"
#include "target/riscv/trap.h"
#include "target/riscv/zcm.h"

enum { X_RA = 1, X_SP = 2, X_S0 = 8, X_S2 = 18, X_A0 = 10 };

/* Register n of s0 to s11. */
EXEC_INLINE unsigned s_register(unsigned n)
{
    return n < 2 ? X_S0 + n : X_S2 + n - 2;
}

/* Register i of a list, from the lowest address down: ra, s0, s1, ... */
EXEC_INLINE unsigned list_register(unsigned i)
{
    return i == 0 ? X_RA : s_register(i - 1);
}

/* The last one of the list is at the top. A store that faults leaves those above it done, which the
 * next attempt repeats: sp has not moved. */
EXEC(cm_push)
{
    unsigned n = riscv_zcmp_saved(op->aux);
    uint64_t sp = env->x[X_SP];

    for (unsigned i = n; i-- > 0;)
        tcg_st64(env, sp - 8 * (n - i), env->x[list_register(i)]);
    env->x[X_SP] = sp - riscv_zcmp_stack(op->aux, (unsigned)op->imm);
}

/* Nothing changes before all loads are done. */
EXEC_INLINE void pop(CPURISCVState *env, const TCGOp *op)
{
    unsigned n = riscv_zcmp_saved(op->aux);
    uint64_t sp = env->x[X_SP] + riscv_zcmp_stack(op->aux, (unsigned)op->imm), values[13];

    for (unsigned i = n; i-- > 0;)
        values[i] = tcg_ld64(env, sp - 8 * (n - i));
    for (unsigned i = 0; i < n; i++)
        env->x[list_register(i)] = values[i];
    env->x[X_SP] = sp;
}

EXEC(cm_pop) { pop(env, op); }

/* To tcg.pc; see ctr.h. */
EXEC_INLINE void jumped(CPURISCVState *env, unsigned type)
{
    if (unlikely(env->tcg.mode & MODE_CTR))
        riscv_ctr_record(env, type, tcg_current_pc(env), env->tcg.pc);
}

EXEC_LOOKUP(cm_popret)
{
    pop(env, op);
    env->tcg.pc = env->x[X_RA] & ~1ULL;
    jumped(env, CTR_RETURN);
}

EXEC_LOOKUP(cm_popretz)
{
    pop(env, op);
    env->x[X_A0] = 0;
    env->tcg.pc = env->x[X_RA] & ~1ULL;
    jumped(env, CTR_RETURN);
}

EXEC(cm_mvsa01)
{
    if (unlikely(op->aux == op->imm))
        riscv_raise_illegal(env, op);
    env->x[s_register(op->aux)] = env->x[X_A0];
    env->x[s_register((unsigned)op->imm)] = env->x[X_A0 + 1];
}

EXEC(cm_mva01s)
{
    uint64_t a0 = env->x[s_register(op->aux)];

    env->x[X_A0 + 1] = env->x[s_register((unsigned)op->imm)];
    env->x[X_A0] = a0;
}

/* The entry is part of the instruction: fetched as such. */
EXEC_INLINE vaddr table_target(CPURISCVState *env, const TCGOp *op)
{
    CSRAccess access = riscv_jvt_access(env);

    if (unlikely(access == CSR_VIRTUAL))
        riscv_raise_virtual(env, op);
    if (unlikely(access != CSR_OK))
        riscv_raise_illegal(env, op);
    return tcg_fetch64(env, env->jvt + 8 * op->aux) & ~1ULL;
}

EXEC_LOOKUP(cm_jt)
{
    env->tcg.pc = table_target(env, op);
    jumped(env, CTR_DIRECT_JUMP);
}

EXEC_LOOKUP(cm_jalt)
{
    env->tcg.pc = table_target(env, op);
    env->x[X_RA] = NEXT_PC;
    jumped(env, CTR_DIRECT_CALL);
}
