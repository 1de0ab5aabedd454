/*
 * Loops of floating-point operations over elements of 32 and 64 bits, with the host's vector unit as the
 * guest's FPU: its rounding mode is the guest's, and its sticky flags collect (fpu/fpu.h).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_VECTOR_FPKERNELS_H
#define VIREO_TARGET_RISCV_VECTOR_FPKERNELS_H

#include <stddef.h>

/* d op a, b, c; with the multiply-adds d = a * b + c. */
typedef enum VecFp {
    VF_ADD, VF_SUB, VF_RSUB, VF_MUL, VF_DIV, VF_RDIV, VF_SQRT, VF_MIN, VF_MAX, VF_SGNJ, VF_SGNJN,
    VF_SGNJX, VF_MADD, VF_MSUB, VF_NMADD, VF_NMSUB, VF_EQ, VF_NE, VF_LT, VF_LE, VF_GT, VF_GE,
    VF_CLASS, VF_REC7, VF_RSQRT7,
    VF_NR,
} VecFp;

/*
 * d[i] = x[i] op y[i], z[i] for n elements, from the first on; comparisons put a byte of 0 or 1, for
 * which d has room up to a multiple of 8. y is one element in the scalar form. d may be an operand if
 * their widths are the same. How many elements are done: the ones behind them need the exact
 * operations, which raise every flag that was raised here for them.
 */
typedef size_t VecFpFn(void *d, const void *x, const void *y, const void *z, size_t n);

typedef struct VecFpKernels {
    VecFpFn *fn[VF_NR][2][2]; /* by operation, elements of 64 bits, y is a scalar */
    /* Between 32 and 64 bits; between numbers and integers with sign, all of 32 bits. */
    VecFpFn *widen, *narrow, *to_i32, *trunc_i32, *from_i32;
} VecFpKernels;

/* NULL: this host has none. */
const VecFpKernels *riscv_vec_fp_kernels(void);

#endif
