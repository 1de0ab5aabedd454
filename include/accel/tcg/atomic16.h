/*
 * Sixteen aligned bytes of host memory, read and exchanged as one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_TCG_ATOMIC16_H
#define VIREO_ACCEL_TCG_ATOMIC16_H

#include <stdbool.h>
#include <stdint.h>

typedef unsigned __int128 TCGPair;

/* p need not be writable. */
static inline TCGPair host_load16(const void *p)
{
    TCGPair v;
#ifdef __x86_64__
    /* One access on every processor with AVX, as their makers say. */
    uint64_t low, high;
    __asm__ volatile("movdqa %2, %%xmm0\n\tmovq %%xmm0, %0\n\tpsrldq $8, %%xmm0\n\tmovq %%xmm0, %1"
                     : "=r"(low), "=r"(high) : "m"(*(const TCGPair *)p) : "xmm0");
    v = (TCGPair)high << 64 | low;
#else
    __atomic_load((const TCGPair *)p, &v, __ATOMIC_SEQ_CST);
#endif
    return v;
}

/* True if *p was *expected and is now desired; else *expected is what was found. */
static inline bool host_cas16(void *p, TCGPair *expected, TCGPair desired)
{
#ifdef __x86_64__
    /* The compiler's own would be a call into libatomic. */
    uint64_t low = (uint64_t)*expected, high = (uint64_t)(*expected >> 64);
    bool done;
    __asm__ volatile("lock cmpxchg16b %1"
                     : "=@ccz"(done), "+m"(*(TCGPair *)p), "+a"(low), "+d"(high)
                     : "b"((uint64_t)desired), "c"((uint64_t)(desired >> 64)) : "memory");
    *expected = (TCGPair)high << 64 | low;
    return done;
#else
    return __atomic_compare_exchange((TCGPair *)p, expected, &desired, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST);
#endif
}

#endif
