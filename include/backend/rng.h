/*
 * Where a device takes random bytes from. Implemented in system/rng.c.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_BACKEND_RNG_H
#define VIREO_BACKEND_RNG_H

#include "qom/object.h"

#define TYPE_RNG_BACKEND "rng-backend"
#define TYPE_RNG_BUILTIN "rng-builtin" /* the host's getrandom(2) */
#define TYPE_RNG_RANDOM "rng-random"   /* a file, such as /dev/hwrng */
OBJECT_DECLARE(RngBackend, RngBackendClass, RNG_BACKEND, TYPE_RNG_BACKEND)

struct RngBackend {
    Object parent_obj;
};

struct RngBackendClass {
    ObjectClass parent_class;
    /* Fills buf; never blocks for long; returns the bytes given, 0 on failure. Any thread. */
    size_t (*fill)(RngBackend *rng, uint8_t *buf, size_t len);
};

#endif
