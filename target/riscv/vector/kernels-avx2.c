/*
 * The loops over elements for x86-64 hosts with AVX2.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stddef.h>
#include <stdint.h>

#ifdef __x86_64__
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#ifdef __OPTIMIZE__
#pragma GCC optimize("O3")
#endif
#pragma GCC target("avx2")
#endif
#define VEC_TABLE vec_kernels_avx2
#define VEC_BYTES 32
#include "target/riscv/vector/kernels-body.h"
#ifdef __clang__
#pragma clang attribute pop
#endif
#else
#include "target/riscv/vector/kernels.h"
#endif
