/*
 * Loads and stores of little- and big-endian values at unaligned host addresses.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_UTIL_BYTEORDER_H
#define VIREO_UTIL_BYTEORDER_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define BYTEORDER_PAIR(bits)                                        \
    static inline uint##bits##_t ld##bits##_le(const void *p)       \
    {                                                               \
        uint##bits##_t v;                                           \
        memcpy(&v, p, sizeof(v));                                   \
        return le##bits##toh(v);                                    \
    }                                                               \
    static inline void st##bits##_le(void *p, uint##bits##_t v)     \
    {                                                               \
        v = htole##bits(v);                                         \
        memcpy(p, &v, sizeof(v));                                   \
    }                                                               \
    static inline uint##bits##_t ld##bits##_be(const void *p)       \
    {                                                               \
        uint##bits##_t v;                                           \
        memcpy(&v, p, sizeof(v));                                   \
        return be##bits##toh(v);                                    \
    }                                                               \
    static inline void st##bits##_be(void *p, uint##bits##_t v)     \
    {                                                               \
        v = htobe##bits(v);                                         \
        memcpy(p, &v, sizeof(v));                                   \
    }
BYTEORDER_PAIR(16)
BYTEORDER_PAIR(32)
BYTEORDER_PAIR(64)
#undef BYTEORDER_PAIR

/* The low `size` bytes (1, 2, 4 or 8) of a little-endian value at p. */
static inline uint64_t ldn_le(const void *p, unsigned size)
{
    uint64_t v = 0;
    memcpy(&v, p, size);
    return le64toh(v) ;
}

static inline void stn_le(void *p, unsigned size, uint64_t v)
{
    v = htole64(v);
    memcpy(p, &v, size);
}

#endif
