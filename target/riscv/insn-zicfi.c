/*
 * Zicfiss: shadow stacks. lpad (Zicfilp) is what the translator makes of it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/exec.h"

#include "target/riscv/causes.h"
#include "target/riscv/cfi.h"
#include "target/riscv/mode.h"

/* While shadow stacks are not active these are may-be-operations. */
EXEC_INLINE bool active(const CPURISCVState *env)
{
    return env->tcg.mode & MODE_SSE;
}

EXEC(sspush)
{
    if (active(env))
        riscv_sspush(env, RS2);
}

EXEC(sspopchk)
{
    if (active(env))
        riscv_sspopchk(env, RS1);
}

EXEC(ssrdp) { RD = active(env) ? env->ssp : 0; }

#define SSAMOSWAP(name, type)                                                               \
    EXEC(name)                                                                              \
    {                                                                                       \
        riscv_ssamoswap_check(env, op);                                                     \
        if (RS1 & (sizeof(type) - 1))                                                       \
            riscv_raise(env, EXC_STORE_MISALIGNED, RS1);                                    \
        type *p = riscv_shadow_host(env, RS1, sizeof(type));                                \
        RD = (uint64_t)(int64_t)__atomic_exchange_n(p, (type)RS2, __ATOMIC_SEQ_CST);        \
    }
SSAMOSWAP(ssamoswap_w, int32_t)
SSAMOSWAP(ssamoswap_d, int64_t)
