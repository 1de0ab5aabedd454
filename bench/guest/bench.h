/*
 * The programs of the benchmark: one binary for guest and host, a table of kernels by group.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_BENCH_H
#define VIREO_BENCH_H

#include <stdint.h>

typedef struct BenchProgram {
    const char *name;  /* NULL ends a table */
    const char *what;
    uint64_t (*run)(unsigned scale); /* returns a checksum that the compiler cannot foresee */
} BenchProgram;

/* Each group is one file. */
extern const BenchProgram bench_integer[], bench_jumps[], bench_float[], bench_memory[],
    bench_atomics[], bench_system[], bench_code[], bench_harts[], bench_vector[];

/* A cheap generator, so that programs make their own input. */
static inline uint32_t bench_rand(uint32_t *state)
{
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

#endif
