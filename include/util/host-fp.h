/*
 * The control and status word of the host's FPU. While a vCPU runs it belongs to the guest: rounding mode
 * and sticky flags. Code that is not the guest's (devices, and the libraries they call) may use
 * floating point, GLib's hash tables do: it gets a word of its own for as long as it runs.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_UTIL_HOST_FP_H
#define VIREO_UTIL_HOST_FP_H

#include <stdint.h>

#if defined(__x86_64__) && !defined(VIREO_NO_HOST_FPU)
#define HOST_FP_CONTROL 1

/* Every exception masked, nothing accrued, round to nearest. */
#define MXCSR_DEFAULT 0x1f80u

static inline uint32_t host_fp_read(void)
{
    uint32_t v;
    __asm__ volatile("stmxcsr %0" : "=m"(v));
    return v;
}

static inline void host_fp_write(uint32_t v)
{
    __asm__ volatile("ldmxcsr %0" : : "m"(v));
}

/* Puts the guest's word aside; it comes back with host_fp_write(). */
static inline uint32_t host_fp_aside(void)
{
    uint32_t v = host_fp_read();
    host_fp_write(MXCSR_DEFAULT);
    return v;
}

#else
#define HOST_FP_CONTROL 0

static inline uint32_t host_fp_aside(void)
{
    return 0;
}

static inline void host_fp_write(uint32_t v)
{
}
#endif

#endif
