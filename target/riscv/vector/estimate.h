/*
 * Estimates of the reciprocal and of that of the square root.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_VECTOR_ESTIMATE_H
#define VIREO_TARGET_RISCV_VECTOR_ESTIMATE_H

#include "target/riscv/fpu/ieee.h"

uint64_t vec_rec7(const FpFormat *f, uint64_t a, FpEnv *e);
uint64_t vec_rsqrt7(const FpFormat *f, uint64_t a, FpEnv *e);

#endif
