/*
 * Where indirect jumps were seen to go while they were interpreted: what the compiler takes into a region.
 *
 * One table per vCPU, direct-mapped by the address of the jump. It holds hints: a thread that compiles may
 * read while the vCPU writes, and whoever takes a target from here looks whether there is such a block.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/internal.h"

#define SITES 1024

typedef struct Site {
    vaddr pc;
    uint32_t n, total;                  /* targets kept; jumps seen */
    vaddr target[JUMP_TARGETS];
    uint32_t count[JUMP_TARGETS];
} Site;

struct JumpTargets {
    Site site[SITES];
};

JumpTargets *jump_targets_new(void)
{
    return g_new0(JumpTargets, 1);
}

static Site *site_of(JumpTargets *j, vaddr pc)
{
    return &j->site[(pc >> 1 ^ pc >> 11) & (SITES - 1)];
}

void jump_targets_note(JumpTargets *j, vaddr pc, vaddr target)
{
    Site *s = site_of(j, pc);

    if (s->pc != pc) {
        s->pc = pc;
        s->n = s->total = 0;
    }
    s->total++;
    for (unsigned i = 0; i < s->n; i++) {
        if (s->target[i] == target) {
            s->count[i]++;
            return;
        }
    }
    if (s->n == JUMP_TARGETS) /* the jumps that go elsewhere are counted in total only */
        return;
    s->target[s->n] = target;
    s->count[s->n++] = 1;
}

unsigned jump_targets_get(JumpTargets *j, vaddr pc, unsigned max, vaddr *out)
{
    Site *s = j ? site_of(j, pc) : NULL;
    unsigned n = 0, sum = 0;

    if (!s || s->pc != pc)
        return 0;
    for (unsigned i = 0; i < MIN(s->n, JUMP_TARGETS); i++) {
        /* Once in a while is not worth a comparison each time. */
        if (s->count[i] < s->total / 32)
            continue;
        sum += s->count[i];
        if (n == max)
            return 0;
        out[n++] = s->target[i];
    }
    /* Too many places. */
    return sum < s->total - s->total / 4 ? 0 : n;
}
