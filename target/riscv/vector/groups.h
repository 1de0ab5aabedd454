/*
 * Loops over element groups (zvk.adoc, "Element Groups"): what the vector cryptography instructions do to
 * n of them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_VECTOR_GROUPS_H
#define VIREO_TARGET_RISCV_VECTOR_GROUPS_H

#include <stddef.h>
#include <stdint.h>

/* d, a and b: groups of vd, vs2 and vs1. arg: the round that an immediate names; for the rounds of AES
 * and SM4 how far it is from one key in a to the next, 0 where all have the same. d may be a or b. */
typedef void VecGroupFn(void *d, const void *a, const void *b, size_t arg, size_t n);

typedef enum VecGroup {
    VG_AESDM, VG_AESDF, VG_AESEM, VG_AESEF, VG_AESZ, VG_AESKF1, VG_AESKF2, VG_GHSH,
    VG_SHA256MS, VG_SHA256CL, VG_SHA256CH, VG_SHA512MS, VG_SHA512CL, VG_SHA512CH,
    VG_SM4K, VG_SM4R, VG_SM3ME, VG_SM3C,
    VG_NR,
} VecGroup;

typedef struct VecGroups {
    VecGroupFn *fn[VG_NR];
    /* Carry-less products of elements of 64 bits: the low and the high half, by the distance between
     * elements of b, 0 or 8, in arg. */
    VecGroupFn *clmul, *clmulh;
} VecGroups;

/* In plain C; for use by the tables that are better. */
#define VEC_GROUP_FNS(F)                                                                    \
    F(aesdm) F(aesdf) F(aesem) F(aesef) F(aesz) F(aeskf1) F(aeskf2) F(ghsh) F(sha256ms)     \
    F(sha256cl) F(sha256ch) F(sha512ms) F(sha512cl) F(sha512ch) F(sm4k) F(sm4r) F(sm3me)    \
    F(sm3c) F(clmul) F(clmulh)
#define VEC_GROUP_DECLARE_(name) VecGroupFn vec_##name;
VEC_GROUP_FNS(VEC_GROUP_DECLARE_)
#undef VEC_GROUP_DECLARE_

/* The best that this host has. */
const VecGroups *riscv_vec_groups(void);

#endif
