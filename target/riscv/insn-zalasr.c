/*
 * Zalasr: load-acquire and store-release. Both are RCsc: a release is seen before an acquire that
 * follows it, hence the full fences, of which x86 needs the one after the store.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/exec.h"

#include "target/riscv/causes.h"
#include "target/riscv/ext.h"

#define AUX_RL 1
#define AUX_AQ 2

/* Misaligned: an exception, unless Zama16b makes it one access all the same. */
EXEC_INLINE void check_aligned(CPURISCVState *env, vaddr va, unsigned size, unsigned cause)
{
    if (unlikely(va & (size - 1)) && (!riscv_ext_on(env, EXT_ZAMA16B) || (va & 15) + size > 16))
        riscv_raise(env, cause, va);
}

#define LOAD_ACQUIRE(name, bits)                                                            \
    EXEC(name)                                                                              \
    {                                                                                       \
        check_aligned(env, RS1, bits / 8, EXC_LOAD_MISALIGNED);                             \
        if (op->aux & AUX_RL)                                                               \
            __atomic_thread_fence(__ATOMIC_SEQ_CST);                                        \
        RD = (uint64_t)(int64_t)(int##bits##_t)tcg_ld##bits(env, RS1);                      \
        __atomic_thread_fence(__ATOMIC_ACQUIRE);                                            \
    }
LOAD_ACQUIRE(lb_aq, 8)
LOAD_ACQUIRE(lh_aq, 16)
LOAD_ACQUIRE(lw_aq, 32)
LOAD_ACQUIRE(ld_aq, 64)

#define STORE_RELEASE(name, bits)                                                           \
    EXEC(name)                                                                              \
    {                                                                                       \
        check_aligned(env, RS1, bits / 8, EXC_STORE_MISALIGNED);                            \
        __atomic_thread_fence(__ATOMIC_RELEASE);                                            \
        tcg_st##bits(env, RS1, (uint##bits##_t)RS2);                                        \
        __atomic_thread_fence(__ATOMIC_SEQ_CST);                                            \
    }
STORE_RELEASE(sb_rl, 8)
STORE_RELEASE(sh_rl, 16)
STORE_RELEASE(sw_rl, 32)
STORE_RELEASE(sd_rl, 64)
