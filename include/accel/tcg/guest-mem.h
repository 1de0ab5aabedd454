/*
 * The guest's virtual memory for what runs on its behalf on the vCPU's thread (semihosting): with the
 * current regime's permissions, but without an exception if they do not allow it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_TCG_GUEST_MEM_H
#define VIREO_ACCEL_TCG_GUEST_MEM_H

#include "accel/tcg/tcg-cpu.h"

/* False: some of it cannot be reached or is not RAM. What comes before that has been copied. */
bool tcg_guest_read(CPUArchState *env, vaddr va, void *buf, size_t len);
bool tcg_guest_write(CPUArchState *env, vaddr va, const void *buf, size_t len);
/* The same for code: fetch permission. */
bool tcg_guest_fetch(CPUArchState *env, vaddr va, void *buf, size_t len);

#endif
