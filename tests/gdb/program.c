/*
 * What the debugger's tests debug: calls three deep, a variable that is written at known places, a
 * loop that sums floating-point numbers, and harts that count for themselves.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

struct record {
    u64 a;
    u32 b;
};

volatile u64 watched;
volatile u64 counts[MAX_HARTS];
volatile struct record record;
volatile double sum;
volatile u64 done;

__attribute__((noinline)) u64 inner(u64 n)
{
    watched = watched + n;
    return n * 3;
}

__attribute__((noinline)) u64 middle(u64 n)
{
    u64 r = inner(n + 1);

    record.b = (u32)r;
    return r + 1;
}

__attribute__((noinline)) u64 outer(u64 n)
{
    return middle(n * 2) + watched;
}

__attribute__((noinline)) void add_up(void)
{
    csr_set("mstatus", MSTATUS_FS);
    for (int i = 0; i < 4; i++) {
        sum = sum + 0.5;
    }
}

__attribute__((noinline)) void tick(u64 id)
{
    counts[id]++;
}

void other_hart(u64 id)
{
    while (!done) {
        tick(id);
    }
}

int main(void)
{
    add_up();
    for (u64 n = 1; !done; n++) {
        outer(n);
        tick(0);
    }
    return 0;
}
