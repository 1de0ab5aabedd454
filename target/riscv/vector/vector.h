/*
 * The vector unit's state, for whoever looks at it from outside.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_VECTOR_VECTOR_H
#define VIREO_TARGET_RISCV_VECTOR_VECTOR_H

#include "target/riscv/cpu.h"

/* Register n: vlenb bytes, element 0 first, little-endian. */
static inline uint8_t *riscv_vreg(CPURISCVState *env, unsigned n)
{
    return (uint8_t *)env->vreg + n * env->vcfg.vlenb;
}

/* What vsetvl leaves of a requested vtype: the value itself, or VTYPE_VILL. */
uint64_t riscv_vtype_legal(const CPURISCVState *env, uint64_t vtype);

/* What follows from a vtype that is legal, or VTYPE_VILL. */
RISCVVecConfig riscv_vector_config(CPURISCVState *env, uint64_t vtype);

/* Recomputes env->vcfg from vtype and the configuration: after whatever changes vtype. */
void riscv_vector_derive(CPURISCVState *env);

/* Whether vtype, vl, vstart and vcsr of a loaded state can be. */
bool riscv_vector_state_valid(const RISCVCPU *cpu, Error **errp);

#endif
