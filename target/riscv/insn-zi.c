/*
 * Zicsr, Zifencei, Zicond, cache-block operations, hints, Zawrs, may-be-operations.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "target/riscv/exec.h"
#include "target/riscv/bits.h"
#include "target/riscv/cfi.h"
#include "target/riscv/mmu.h"
#include "target/riscv/trap.h"

/* The number is in imm; rd is the sink where the guest names x0. */
EXEC_INLINE unsigned csr_insn(CPURISCVState *env, const TCGOp *op, CSRKind kind, uint64_t operand,
                              bool do_read, bool do_write)
{
    CSRResult r = riscv_csr_insn(env, op, (unsigned)op->imm, kind, operand, do_read, do_write);
    RD = r.old;
    return (unsigned)r.effects;
}

EXEC_EFFECTS(csrrw)
{
    return csr_insn(env, op, CSR_WRITE, RS1, op->rd != TARGET_REG_SINK, true);
}

EXEC_EFFECTS(csrrs)
{
    return csr_insn(env, op, CSR_SET, RS1, true, op->rs1 != 0);
}

EXEC_EFFECTS(csrrc)
{
    return csr_insn(env, op, CSR_CLEAR, RS1, true, op->rs1 != 0);
}

EXEC_EFFECTS(csrrwi)
{
    return csr_insn(env, op, CSR_WRITE, op->aux, op->rd != TARGET_REG_SINK, true);
}

EXEC_EFFECTS(csrrsi)
{
    return csr_insn(env, op, CSR_SET, op->aux, true, op->aux != 0);
}

EXEC_EFFECTS(csrrci)
{
    return csr_insn(env, op, CSR_CLEAR, op->aux, true, op->aux != 0);
}

EXEC_LOOKUP(fence_i)
{
    tcg_fence_i(env);
    env->tcg.pc = NEXT_PC;
}

EXEC(czero_eqz) { RD = RS2 == 0 ? 0 : RS1; }
EXEC(czero_nez) { RD = RS2 != 0 ? 0 : RS1; }

/* Memory is coherent and has no caches to manage: what is left is who may do it, and where. */
EXEC_INLINE void cbo(CPURISCVState *env, const TCGOp *op, RISCVCbo kind)
{
    riscv_cbo_check(env, op, kind);
    vaddr va = align_down(RS1, env_cpu(env)->cbom_blocksize);
    if (unlikely(env->trigger_data))
        riscv_cbo_trigger(env, va);
    if (unlikely(env->menvcfg & ENVCFG_SSE))
        riscv_cbo_shadow_check(env, va);
    tcg_probe_access(env, va, env_cpu(env)->cbom_blocksize);
}

EXEC(cbo_inval) { cbo(env, op, CBO_INVAL); }
EXEC(cbo_clean) { cbo(env, op, CBO_CLEAN_FLUSH); }
EXEC(cbo_flush) { cbo(env, op, CBO_CLEAN_FLUSH); }

EXEC(cbo_zero)
{
    riscv_cbo_check(env, op, CBO_ZERO);
    unsigned size = env_cpu(env)->cboz_blocksize;
    vaddr va = align_down(RS1, size);
    uint64_t *host = tcg_probe_store(env, va, size);
    for (unsigned i = 0; i < size / 8; i++) {
        if (host)
            __atomic_store_n(&host[i], 0, __ATOMIC_RELAXED); /* other harts may be looking */
        else
            tcg_st64(env, va + i * 8, 0);
    }
}

/* Every row with flag hint. */
const TCGOp *op_hint(CPUArchState *env, const TCGOp *op)
{
    TCG_NEXT(env, op);
}

/* A spinning hart lets the thread run that it waits for: there may be more harts than host cores. */
EXEC(pause) { tcg_yield(env); }

EXEC(wrs_nto) { riscv_wrs(env, op, true); }
EXEC(wrs_sto) { riscv_wrs(env, op, false); }

/* Until an extension gives them a meaning. */
EXEC(mop_r) { RD = 0; }
EXEC(mop_rr) { RD = 0; }
