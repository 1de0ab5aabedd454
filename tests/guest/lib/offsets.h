/*
 * What start.S and C agree on.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GUEST_OFFSETS_H
#define GUEST_OFFSETS_H

#define MAX_HARTS 4
#define STACK_SIZE 8192
#define RETURN_MAGIC 0x7e57
#define HART_ID 0
#define HART_M_STACK 8
#define HART_S_STACK 16
#define HART_RETURN_SP 24
#define HART_M_REGS 32
#define HART_S_REGS (HART_M_REGS + 256)
#define HART_SIZE 1024

#endif
