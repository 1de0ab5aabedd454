/*
 * Semihosting: who answers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/core/semihosting.h"

static const SemihostOps *semihosting;

void semihost_set_ops(const SemihostOps *ops)
{
    semihosting = ops;
}

const SemihostOps *semihost_ops(void)
{
    return semihosting;
}
