/*
 * Hosts without a back end.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/jit.h"

const JitBackend *jit_backend(const char **reason)
{
    *reason = "there is no compiler for this kind of host";
    return NULL;
}
