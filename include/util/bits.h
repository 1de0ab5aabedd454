/*
 * Bit fields, alignment, and arithmetic that cannot overflow unseen.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_UTIL_BITS_H
#define VIREO_UTIL_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define BIT_ULL(n) (1ULL << (n))
#define MASK_ULL(n) ((n) >= 64 ? ~0ULL : (1ULL << (n)) - 1)
#define KiB (1ULL << 10)
#define MiB (1ULL << 20)
#define GiB (1ULL << 30)
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define container_of(ptr, type, member) \
    ((type *)((char *)(ptr) - offsetof(type, member)))

/* Bits [start, start+len) of v, zero-extended. len 1..64, start+len <= 64. */
static inline uint64_t extract64(uint64_t v, unsigned start, unsigned len)
{
    return (v >> start) & (~0ULL >> (64 - len));
}

/* The same, sign-extended. */
static inline int64_t sextract64(uint64_t v, unsigned start, unsigned len)
{
    return (int64_t)(v << (64 - len - start)) >> (64 - len);
}

/* v with bits [start, start+len) replaced by the low bits of field. */
static inline uint64_t deposit64(uint64_t v, unsigned start, unsigned len, uint64_t field)
{
    uint64_t mask = (~0ULL >> (64 - len)) << start;
    return (v & ~mask) | ((field << start) & mask);
}

static inline bool is_pow2(uint64_t v)
{
    return v != 0 && (v & (v - 1)) == 0;
}

/* Rounds to a multiple of align, a power of two. align_up() wraps past 2^64. */
static inline uint64_t align_down(uint64_t v, uint64_t align)
{
    return v & ~(align - 1);
}

static inline uint64_t align_up(uint64_t v, uint64_t align)
{
    return (v + align - 1) & ~(align - 1);
}

/* *r = a + b, a * b; false (and *r wrapped) on overflow. */
static inline bool u64_add(uint64_t a, uint64_t b, uint64_t *r)
{
    return !__builtin_add_overflow(a, b, r);
}

static inline bool u64_mul(uint64_t a, uint64_t b, uint64_t *r)
{
    return !__builtin_mul_overflow(a, b, r);
}

/* Whether [off, off+len) lies inside [0, size). */
static inline bool range_within(uint64_t off, uint64_t len, uint64_t size)
{
    return off <= size && len <= size - off;
}

#endif
