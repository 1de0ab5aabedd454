/*
 * Virtual time that counts instructions (-icount): one vCPU runs at a time, each instruction takes
 * 2^shift nanoseconds, and the same run happens twice.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_ICOUNT_H
#define VIREO_ACCEL_ICOUNT_H

#include "accel/accel.h"

#define ICOUNT_MAX_SHIFT 10
#define ICOUNT_SHIFT_AUTO (-1)

typedef struct IcountConfig {
    int shift;  /* or ICOUNT_SHIFT_AUTO: whatever keeps up with the host's time */
    bool sleep; /* while all vCPUs wait, time passes as on the host; if not it jumps */
    bool align; /* a guest that is ahead of the host's time waits for it */
} IcountConfig;

/* After init_machine() and before the first vCPU. False: the accelerator cannot count. */
bool accel_set_icount(AccelState *accel, const IcountConfig *config, Error **errp);

#endif
