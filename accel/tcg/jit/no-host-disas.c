/*
 * A build without a disassembler for the host's code.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/host-disas.h"

HostDisas *host_disas_new(const char **why)
{
    *why = "built without Capstone (libcapstone-dev)";
    return NULL;
}

size_t host_disas(HostDisas *d, const uint8_t *p, size_t size, uint64_t addr, GString *out)
{
    return 0;
}

void host_disas_free(HostDisas *d)
{
}
