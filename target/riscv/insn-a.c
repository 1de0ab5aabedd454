/*
 * A: atomic memory operations on the host's own, LR and SC as a compare-and-swap of the value read.
 *
 * A reservation is the address, the size and the value that LR found. SC succeeds if memory still
 * holds that value: it may have been changed and changed back in between, which a guest cannot tell
 * from no change, except by what the other writes did elsewhere; no known guest depends on it.
 * All orders are sequentially consistent, stronger than any aq and rl ask.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/exec.h"
#include "target/riscv/causes.h"

EXEC_INLINE void *amo_host(CPURISCVState *env, vaddr va, unsigned size)
{
    if (unlikely(va & (size - 1)))
        riscv_raise(env, EXC_STORE_MISALIGNED, va);
    return tcg_atomic_host(env, va, size);
}

EXEC_INLINE void reserve(CPURISCVState *env, vaddr va, unsigned size, uint64_t value)
{
    env->reserve_addr = va;
    env->reserve_size = size;
    env->reserve_value = value;
}

EXEC_INLINE const void *lr_host(CPURISCVState *env, vaddr va, unsigned size)
{
    if (unlikely(va & (size - 1)))
        riscv_raise(env, EXC_LOAD_MISALIGNED, va);
    return tcg_load_reserved_host(env, va, size);
}

EXEC(lr_w)
{
    vaddr va = RS1;
    uint64_t value = SEXT32(__atomic_load_n((const uint32_t *)lr_host(env, va, 4),
                                            __ATOMIC_SEQ_CST));
    reserve(env, va, 4, value);
    RD = value;
}

EXEC(lr_d)
{
    vaddr va = RS1;
    uint64_t value = __atomic_load_n((const uint64_t *)lr_host(env, va, 8), __ATOMIC_SEQ_CST);
    reserve(env, va, 8, value);
    RD = value;
}

/* Without a reservation nothing is accessed, but a misaligned address is still an exception. */
EXEC_INLINE bool sc_possible(CPURISCVState *env, vaddr va, unsigned size)
{
    if (va & (size - 1))
        riscv_raise(env, EXC_STORE_MISALIGNED, va);
    return env->reserve_addr == va && env->reserve_size == size;
}

EXEC(sc_w)
{
    vaddr va = RS1;
    uint64_t failed = 1;
    if (sc_possible(env, va, 4)) {
        uint32_t expected = (uint32_t)env->reserve_value;
        failed = !__atomic_compare_exchange_n((uint32_t *)amo_host(env, va, 4), &expected,
                                              (uint32_t)RS2, false, __ATOMIC_SEQ_CST,
                                              __ATOMIC_SEQ_CST);
    }
    env->reserve_addr = UINT64_MAX;
    RD = failed;
}

EXEC(sc_d)
{
    vaddr va = RS1;
    uint64_t failed = 1;
    if (sc_possible(env, va, 8)) {
        uint64_t expected = env->reserve_value;
        failed = !__atomic_compare_exchange_n((uint64_t *)amo_host(env, va, 8), &expected, RS2,
                                              false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    }
    env->reserve_addr = UINT64_MAX;
    RD = failed;
}

/* Those the host has as one operation. */
#define AMO(name, builtin)                                                                  \
    EXEC(name##_w)                                                                          \
    {                                                                                       \
        uint32_t *p = amo_host(env, RS1, 4);                                                \
        RD = SEXT32(builtin(p, (uint32_t)RS2, __ATOMIC_SEQ_CST));                           \
    }                                                                                       \
    EXEC(name##_d)                                                                          \
    {                                                                                       \
        uint64_t *p = amo_host(env, RS1, 8);                                                \
        RD = builtin(p, RS2, __ATOMIC_SEQ_CST);                                             \
    }

AMO(amoswap, __atomic_exchange_n)
AMO(amoadd, __atomic_fetch_add)
AMO(amoxor, __atomic_fetch_xor)
AMO(amoand, __atomic_fetch_and)
AMO(amoor, __atomic_fetch_or)

/* Minimum and maximum: keep says when memory's value stays. The value is written back even then,
 * so that the operation is one store in the memory order whatever the comparison says. */
#define AMO_MINMAX_(name, type, load, keep)                                                 \
    EXEC(name)                                                                              \
    {                                                                                       \
        type *p = amo_host(env, RS1, sizeof(type));                                         \
        type operand = (type)RS2, old = __atomic_load_n(p, __ATOMIC_RELAXED), new;          \
        do {                                                                                \
            new = old keep operand ? old : operand;                                         \
        } while (!__atomic_compare_exchange_n(p, &old, new, true, __ATOMIC_SEQ_CST,         \
                                              __ATOMIC_RELAXED));                           \
        RD = load(old);                                                                     \
    }
#define AMO_MINMAX(name, wtype, dtype, keep)                                                \
    AMO_MINMAX_(name##_w, wtype, SEXT32, keep)                                              \
    AMO_MINMAX_(name##_d, dtype, (uint64_t), keep)

AMO_MINMAX(amomin, int32_t, int64_t, <)
AMO_MINMAX(amomax, int32_t, int64_t, >)
AMO_MINMAX(amominu, uint32_t, uint64_t, <)
AMO_MINMAX(amomaxu, uint32_t, uint64_t, >)
