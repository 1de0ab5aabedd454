/*
 * For the profiler and perf's files: two functions that do the same work, one three times as much of
 * it, for a second.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define NOINLINE __attribute__((noinline, noclone))
#define WORK(x, n)          \
    for (u64 i = n; i; i--) { \
        x ^= x << 13;       \
        x ^= x >> 7;        \
        x ^= x << 17;       \
    }

static volatile u64 sink;

NOINLINE u64 large(u64 x)
{
    WORK(x, 3000)
    return x;
}

NOINLINE u64 small(u64 x)
{
    WORK(x, 1000)
    return x;
}

NOINLINE u64 both(u64 x)
{
    x += large(x);
    x += small(x);
    return x;
}

int main(void)
{
    u64 end = csr_read("time") + 10000000;

    while (csr_read("time") < end)
        sink = both(sink + 1);
    pass();
}
