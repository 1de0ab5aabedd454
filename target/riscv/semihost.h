/*
 * The instruction sequence of semihosting.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_SEMIHOST_H
#define VIREO_TARGET_RISCV_SEMIHOST_H

#include "target/riscv/cpu.h"

/*
 * If the ebreak of 4 bytes being run is a call and somebody answers: makes it, sets a0 and tcg.pc, and
 * returns true; end with TCG_EXIT_MAIN(env, op). May leave the block to make the call again.
 */
bool riscv_semihost(CPURISCVState *env);

#endif
