/*
 * Random bytes for the guest: the host's, or with -seed the same in each run.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_UTIL_RANDOM_H
#define VIREO_UTIL_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* From now on bytes follow from the seed. Before the machine is made. */
void guest_random_seed(uint64_t seed);

/* Fills buf without waiting, and returns how many bytes there were (fewer only while the host is still
 * gathering its own: errno is EAGAIN, or what else keeps it from giving any). Any thread. */
size_t guest_random(void *buf, size_t len);

#endif
