/*
 * The host's FPU, one instruction per function. Volatile assembly, so that the compiler neither
 * moves an operation across a read of the sticky flags or a change of the rounding mode, nor drops
 * one whose result is not used, nor folds one at build time under another rounding mode.
 *
 * Only x86-64 so far. Its SSE unit gives IEEE results with tininess detected after rounding, as
 * RISC-V does; what differs (NaN results, out-of-range conversions) is left to the integer arithmetic.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_FPU_HOST_H
#define VIREO_TARGET_RISCV_FPU_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "util/host-fp.h"

#if HOST_FP_CONTROL
#define FP_HOST 1

static inline bool host_has_fma(void)
{
    return __builtin_cpu_supports("fma");
}

#define HOST_OP1(name, insn, from, to)                                              \
    static inline to host_##name(from a)                                            \
    {                                                                               \
        to r;                                                                       \
        __asm__ volatile(insn " %1, %0" : "=x"(r) : "x"(a));                        \
        return r;                                                                   \
    }
#define HOST_OP2(name, insn, type)                                                  \
    static inline type host_##name(type a, type b)                                  \
    {                                                                               \
        __asm__ volatile(insn " %1, %0" : "+x"(a) : "x"(b));                        \
        return a;                                                                   \
    }
/* a * b + c and its sign variants. */
#define HOST_FMA(name, insn, type)                                                  \
    static inline type host_##name(type a, type b, type c)                          \
    {                                                                               \
        __asm__ volatile(insn " %2, %1, %0" : "+x"(c) : "x"(a), "x"(b));            \
        return c;                                                                   \
    }
#define HOST_CMP(name, insn, type, cond)                                            \
    static inline bool host_##name(type a, type b)                                  \
    {                                                                               \
        bool r;                                                                     \
        __asm__ volatile(insn " %2, %1" : "=@cc" cond(r) : "x"(a), "x"(b));         \
        return r;                                                                   \
    }
#define HOST_TO_INT(name, insn, from, to)                                           \
    static inline to host_##name(from a)                                            \
    {                                                                               \
        to r;                                                                       \
        __asm__ volatile(insn " %1, %0" : "=r"(r) : "x"(a));                        \
        return r;                                                                   \
    }
/* The register is cleared first: the instruction keeps its upper part and would wait for it. */
#define HOST_FROM_INT(name, insn, from, to)                                         \
    static inline to host_##name(from a)                                            \
    {                                                                               \
        to r = 0;                                                                   \
        __asm__ volatile(insn " %1, %0" : "+x"(r) : "r"(a));                        \
        return r;                                                                   \
    }

#define HOST_FORMAT(bits, type, s)                                                  \
    HOST_OP2(add##bits, "adds" s, type)                                             \
    HOST_OP2(sub##bits, "subs" s, type)                                             \
    HOST_OP2(mul##bits, "muls" s, type)                                             \
    HOST_OP2(div##bits, "divs" s, type)                                             \
    HOST_OP1(sqrt##bits, "sqrts" s, type, type)                                     \
    HOST_FMA(fmadd##bits, "vfmadd231s" s, type)                                     \
    HOST_FMA(fmsub##bits, "vfmsub231s" s, type)                                     \
    HOST_FMA(fnmsub##bits, "vfnmadd231s" s, type)                                   \
    HOST_FMA(fnmadd##bits, "vfnmsub231s" s, type)                                   \
    /* Quiet and signaling "greater" and "greater or equal"; false if unordered. */ \
    HOST_CMP(gt_quiet##bits, "ucomis" s, type, "a")                                 \
    HOST_CMP(ge_quiet##bits, "ucomis" s, type, "ae")                                \
    HOST_CMP(gt##bits, "comis" s, type, "a")                                        \
    HOST_CMP(ge##bits, "comis" s, type, "ae")                                       \
    HOST_TO_INT(to_i64_##bits, "cvts" s "2si", type, int64_t)                       \
    HOST_TO_INT(trunc_i64_##bits, "cvtts" s "2si", type, int64_t)                   \
    HOST_FROM_INT(from_i32_##bits, "cvtsi2s" s "l", int32_t, type)                  \
    HOST_FROM_INT(from_i64_##bits, "cvtsi2s" s "q", int64_t, type)

/* From and to registers of the guest. Not through the compiler, which would take a value that was
 * also tested as an integer by way of an integer register. */
static inline float host_load32(const uint64_t *p)
{
    float r;
    __asm__("movss %1, %0" : "=x"(r) : "m"(*p));
    return r;
}

static inline double host_load64(const uint64_t *p)
{
    double r;
    __asm__("movsd %1, %0" : "=x"(r) : "m"(*p));
    return r;
}

/* NaN-boxed, in one store: a load of 64 bits that follows must not wait for two. */
static inline void host_store32(uint64_t *p, float v)
{
    static const uint32_t box[4] __attribute__((aligned(16))) = { 0, ~0u, ~0u, ~0u };
    __asm__("orps %2, %0\n\tmovlps %0, %1" : "+x"(v), "=m"(*p) : "m"(box));
}

static inline void host_store64(uint64_t *p, double v)
{
    memcpy(p, &v, sizeof v);
}

HOST_FORMAT(32, float, "s")
HOST_FORMAT(64, double, "d")
HOST_OP1(widen, "cvtss2sd", float, double)
HOST_OP1(narrow, "cvtsd2ss", double, float)

#else
#define FP_HOST 0
#endif

#endif
