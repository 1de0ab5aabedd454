/*
 * Disassembling the host's code, where the build has a library for that.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_TCG_JIT_HOST_DISAS_H
#define VIREO_ACCEL_TCG_JIT_HOST_DISAS_H

#include <glib.h>
#include <stdint.h>

typedef struct HostDisas HostDisas;

/* NULL: there is none; *why says so in a phrase. */
HostDisas *host_disas_new(const char **why);
/* Appends the instruction at p, which runs at addr; its length, 0 if it is none. */
size_t host_disas(HostDisas *d, const uint8_t *p, size_t size, uint64_t addr, GString *out);
void host_disas_free(HostDisas *d);

#endif
