/*
 * A, Zabha, Zacas, Zama16b: atomic memory operations on the host's own, LR and SC as a compare-and-swap
 * of the value read.
 *
 * A reservation is the address, the size and the value that LR found. SC succeeds if memory still
 * holds that value: it may have been changed and changed back in between, which a guest cannot tell
 * from no change, except by what the other writes did elsewhere; no known guest depends on it.
 * All orders are sequentially consistent, stronger than any aq and rl ask.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/exec.h"

#include "accel/tcg/atomic16.h"
#include "target/riscv/causes.h"
#include "target/riscv/ext.h"
#include "target/riscv/mmu.h"

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

/* The same address under another tag, with pointer masking. */
static __attribute__((noinline, cold)) bool reserved_by_alias(CPURISCVState *env, vaddr va)
{
    return env->reserve_addr != UINT64_MAX &&
           riscv_data_address(env, env->reserve_addr) == riscv_data_address(env, va);
}

/* Without a reservation nothing is accessed, but a misaligned address is still an exception. */
EXEC_INLINE bool sc_possible(CPURISCVState *env, vaddr va, unsigned size)
{
    if (va & (size - 1))
        riscv_raise(env, EXC_STORE_MISALIGNED, va);
    return env->reserve_size == size &&
           (env->reserve_addr == va || unlikely(reserved_by_alias(env, va)));
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

/*
 * A misaligned operation, which Zama16b allows within 16 aligned bytes: those are exchanged as a whole.
 * compute gives the new value from the old one, both zero-extended, RS2 and what is in rd.
 */
typedef uint64_t ComputeFn(uint64_t old, uint64_t operand, uint64_t expected);
static __attribute__((noinline, cold)) uint64_t amo_misaligned(CPURISCVState *env, const TCGOp *op,
                                                               unsigned size, ComputeFn *compute)
{
    vaddr va = RS1;
    unsigned offset = va & 15;
    uint64_t value, expected = op->rd == TARGET_REG_SINK ? 0 : RD;

    if (!riscv_ext_on(env, EXT_ZAMA16B) || offset + size > 16)
        riscv_raise(env, EXC_STORE_MISALIGNED, va);
    uint8_t *p = (uint8_t *)tcg_atomic_host(env, va, size) - offset;
    TCGPair mask = (TCGPair)MASK_ULL(8 * size) << (8 * offset), old = host_load16(p), new;
    do {
        value = (uint64_t)(old >> (8 * offset)) & MASK_ULL(8 * size);
        new = (TCGPair)compute(value, RS2, expected) << (8 * offset) & mask;
    } while (!host_cas16(p, &old, (old & ~mask) | new));
    return (uint64_t)sextract64(value, 0, 8 * size);
}

#define AMO_MISALIGNED_(name, type, value)                                                  \
    static uint64_t name##_new(uint64_t old, uint64_t operand, uint64_t expected)           \
    {                                                                                       \
        type a = (type)old, b = (type)operand;                                              \
        (void)a, (void)b;                                                                   \
        return (uint64_t)(value);                                                           \
    }
#define AMO_IF_MISALIGNED_(name, type)                                                      \
    if (unlikely(RS1 & (sizeof(type) - 1))) {                                               \
        RD = amo_misaligned(env, op, sizeof(type), name##_new);                             \
        return;                                                                             \
    }

/* Those the host has as one operation. */
#define AMO_(name, type, builtin, value)                                                    \
    AMO_MISALIGNED_(name, u##type, value)                                                   \
    EXEC(name)                                                                              \
    {                                                                                       \
        AMO_IF_MISALIGNED_(name, type)                                                      \
        type *p = tcg_atomic_host(env, RS1, sizeof(type));                                  \
        RD = (uint64_t)(int64_t)builtin(p, (type)RS2, __ATOMIC_SEQ_CST);                    \
    }
#define AMO(name, builtin, value)                                                           \
    AMO_(name##_b, int8_t, builtin, value)                                                  \
    AMO_(name##_h, int16_t, builtin, value)                                                 \
    AMO_(name##_w, int32_t, builtin, value)                                                 \
    AMO_(name##_d, int64_t, builtin, value)

AMO(amoswap, __atomic_exchange_n, b)
AMO(amoadd, __atomic_fetch_add, a + b)
AMO(amoxor, __atomic_fetch_xor, a ^ b)
AMO(amoand, __atomic_fetch_and, a & b)
AMO(amoor, __atomic_fetch_or, a | b)

/* Minimum and maximum: keep says when memory's value stays. The value is written back even then,
 * so that the operation is one store in the memory order whatever the comparison says. */
#define AMO_MINMAX_(name, type, stype, keep)                                                \
    AMO_MISALIGNED_(name, type, a keep b ? a : b)                                           \
    EXEC(name)                                                                              \
    {                                                                                       \
        AMO_IF_MISALIGNED_(name, type)                                                      \
        type *p = tcg_atomic_host(env, RS1, sizeof(type));                                  \
        type operand = (type)RS2, old = __atomic_load_n(p, __ATOMIC_RELAXED), new;          \
        do {                                                                                \
            new = old keep operand ? old : operand;                                         \
        } while (!__atomic_compare_exchange_n(p, &old, new, true, __ATOMIC_SEQ_CST,         \
                                              __ATOMIC_RELAXED));                           \
        RD = (uint64_t)(int64_t)(stype)old;                                                 \
    }
#define AMO_MINMAX(name, sign, keep)                                                        \
    AMO_MINMAX_(name##_b, sign##8_t, int8_t, keep)                                          \
    AMO_MINMAX_(name##_h, sign##16_t, int16_t, keep)                                        \
    AMO_MINMAX_(name##_w, sign##32_t, int32_t, keep)                                        \
    AMO_MINMAX_(name##_d, sign##64_t, int64_t, keep)

AMO_MINMAX(amomin, int, <)
AMO_MINMAX(amomax, int, >)
AMO_MINMAX(amominu, uint, <)
AMO_MINMAX(amomaxu, uint, >)

/* Zacas: rd holds what is expected and gets what was found. The sink that stands for x0 as a
 * destination is no x0 to read. */
#define AMOCAS(name, type)                                                                  \
    AMO_MISALIGNED_(name, u##type, a == (u##type)expected ? b : a)                          \
    EXEC(name)                                                                              \
    {                                                                                       \
        AMO_IF_MISALIGNED_(name, type)                                                      \
        type *p = tcg_atomic_host(env, RS1, sizeof(type));                                  \
        type expected = op->rd == TARGET_REG_SINK ? 0 : (type)RD;                           \
        __atomic_compare_exchange_n(p, &expected, (type)RS2, false, __ATOMIC_SEQ_CST,       \
                                    __ATOMIC_SEQ_CST);                                      \
        RD = (uint64_t)(int64_t)expected;                                                   \
    }
AMOCAS(amocas_b, int8_t)
AMOCAS(amocas_h, int16_t)
AMOCAS(amocas_w, int32_t)
AMOCAS(amocas_d, int64_t)

/* A pair that begins with x0 is two zeros, and is not written. */
EXEC(amocas_q)
{
    TCGPair expected = 0, desired = 0;
    bool has_rd = op->rd != TARGET_REG_SINK;

    if (has_rd)
        expected = (TCGPair)env->x[op->rd + 1] << 64 | RD;
    if (op->rs2)
        desired = (TCGPair)env->x[op->rs2 + 1] << 64 | RS2;
    host_cas16(amo_host(env, RS1, 16), &expected, desired);
    if (has_rd) {
        RD = (uint64_t)expected;
        env->x[op->rd + 1] = (uint64_t)(expected >> 64);
    }
}
