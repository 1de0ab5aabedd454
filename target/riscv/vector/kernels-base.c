/*
 * The loops over elements for any host, and the choice between them and better ones.
 *
 * SPDX-License-Identifier: MIT
 */
#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
#pragma GCC optimize("O3")
#endif
#define VEC_TABLE vec_kernels_base
#define VEC_BYTES 16
#include "target/riscv/vector/kernels-body.h"

const VecKernels *riscv_vec_kernels(void)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2"))
        return &vec_kernels_avx2;
#endif
    return &vec_kernels_base;
}
