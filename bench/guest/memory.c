/*
 * Streams over memory and dependent loads.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static uint64_t triad(unsigned scale)
{
    enum { N = 1 << 18 };
    static uint64_t a[N], b[N], c[N];

    for (int i = 0; i < N; i++) {
        b[i] = (uint64_t)i;
        c[i] = (uint64_t)i * 3;
    }
    for (unsigned round = 0; round < 40 * scale; round++) {
        for (int i = 0; i < N; i++)
            a[i] = b[i] + 3 * c[i];
        b[round % N] += a[5];
    }
    return a[77];
}

static uint64_t copy8k(unsigned scale)
{
    static uint8_t from[8192], to[8192];

    for (unsigned round = 0; round < 60000 * scale; round++) {
        from[round % 8192]++;
        memcpy(to, from, sizeof(to));
        __asm__ volatile("" : : "r"(to) : "memory");
    }
    return to[100];
}

/* One cycle through all slots, in an order without a pattern (Sattolo's shuffle). */
static uint64_t chase(size_t bytes, uint64_t steps)
{
    size_t n = bytes / sizeof(uint64_t);
    uint64_t *slot = malloc(bytes), at = 0;
    uint32_t seed = 23;

    if (!slot)
        return 0;
    for (size_t i = 0; i < n; i++)
        slot[i] = i;
    for (size_t i = n - 1; i > 0; i--) {
        size_t j = bench_rand(&seed) % i;
        uint64_t t = slot[i];
        slot[i] = slot[j];
        slot[j] = t;
    }
    while (steps--)
        at = slot[at];
    free(slot);
    return at;
}

static uint64_t chase32k(unsigned scale)
{
    return chase(32 << 10, 60000000ull * scale);
}

static uint64_t chase64m(unsigned scale)
{
    return chase(64 << 20, 3000000ull * scale);
}

const BenchProgram bench_memory[] = {
    { "triad", "a = b + 3c over 6 MiB", triad },
    { "copy8k", "memcpy of 8 KiB", copy8k },
    { "chase32k", "pointer chase in 32 KiB", chase32k },
    { "chase64m", "pointer chase in 64 MiB", chase64m },
    { 0 },
};
