/*
 * Random bytes for the guest.
 *
 * SPDX-License-Identifier: MIT
 */
#include "util/random.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/random.h>

/* -seed: one sequence for the process. */
static bool seeded;
static uint64_t state; /* atomic */

void guest_random_seed(uint64_t seed)
{
    seeded = true;
    state = seed;
}

/* A counter whose values are scrambled (splitmix64): each caller takes the next ones. */
static uint64_t next(void)
{
    uint64_t z = __atomic_add_fetch(&state, 0x9e3779b97f4a7c15ULL, __ATOMIC_RELAXED);

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
}

static size_t host_random(uint8_t *buf, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = getrandom(buf + done, len - done, GRND_NONBLOCK);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            break;
        }
        done += (size_t)n;
    }
    return done;
}

size_t guest_random(void *buf, size_t len)
{
    uint8_t *bytes = buf;

    if (!seeded) {
        return host_random(bytes, len);
    }
    for (size_t i = 0; i < len; i += 8) {
        uint64_t v = next();
        for (size_t k = 0; k < 8 && i + k < len; k++) {
            bytes[i + k] = (uint8_t)(v >> (8 * k));
        }
    }
    return len;
}
