/*
 * Loops over the elements of whole register groups, compiled once for every host and once for hosts
 * with AVX2; riscv_vec_kernels() chooses.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_VECTOR_KERNELS_H
#define VIREO_TARGET_RISCV_VECTOR_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* n elements: d = a op b. d may be a or b, but not overlap them otherwise. b is one element in the
 * forms with a scalar. */
typedef void VecFn(void *d, const void *a, const void *b, size_t n);

enum {
#define K2(name, type, ...) VK_##name,
#define KS(name, type, ...) VK_##name,
#define KC(name, type, ...) VK_##name,
#define KW(name, type, ...) VK_##name,
#define KWW(name, type, ...) VK_##name,
#define KN(name, type, ...) VK_##name,
#define K1(name, type, ...) VK_##name,
#include "target/riscv/vector/kernels.def"
#undef K2
#undef KS
#undef KC
#undef KW
#undef KWW
#undef KN
#undef K1
    VK_NR,
};

/* By log2 of the bytes of the narrower element; NULL where there is none. */
typedef struct VecOps {
    VecFn *vv[4], *vx[4];
} VecOps;

typedef struct VecKernels {
    VecOps op[VK_NR];
    /* Extension to elements twice, four and eight times as wide, by the result's width. */
    VecFn *zext[3][4], *sext[3][4];
    /* Where m (0 or 255) is set, d becomes t; by width. */
    void (*blend[4])(void *d, const void *t, const uint8_t *m, size_t n);
} VecKernels;

extern const VecKernels vec_kernels_base, vec_kernels_avx2;

const VecKernels *riscv_vec_kernels(void);

#endif
