/*
 * thread=single: every vCPU has its thread, but one at a time is inside exec(), in turns.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/internal.h"

#define SLICE_US 2000

struct RoundRobin {
    GMutex lock;
    GCond turn;
    CPUState *owner;
    uint64_t next_ticket, serving; /* written under the lock, atomically */
};

RoundRobin *rr_new(void)
{
    RoundRobin *rr = g_new0(RoundRobin, 1);

    g_mutex_init(&rr->lock);
    g_cond_init(&rr->turn);
    return rr;
}

void rr_free(RoundRobin *rr)
{
    if (!rr)
        return;
    g_mutex_clear(&rr->lock);
    g_cond_clear(&rr->turn);
    g_free(rr);
}

bool rr_enter(RoundRobin *rr, CPUState *cpu)
{
    uint64_t ticket;

    g_mutex_lock(&rr->lock);
    ticket = __atomic_fetch_add(&rr->next_ticket, 1, __ATOMIC_RELAXED);
    while (rr->owner || rr->serving != ticket) {
        /* The first in the queue ends the owner's slice when it is over. */
        gint64 until = g_get_monotonic_time() + SLICE_US;
        if (!g_cond_wait_until(&rr->turn, &rr->lock, until) && rr->owner &&
            rr->serving == ticket)
            cpu_attention(rr->owner, CPU_ATTN_EXIT);
    }
    rr->owner = cpu;
    __atomic_store_n(&rr->serving, rr->serving + 1, __ATOMIC_RELAXED);
    g_mutex_unlock(&rr->lock);
    return true;
}

void rr_leave(RoundRobin *rr, CPUState *cpu)
{
    g_mutex_lock(&rr->lock);
    rr->owner = NULL;
    g_cond_broadcast(&rr->turn);
    g_mutex_unlock(&rr->lock);
}

bool rr_wanted(RoundRobin *rr)
{
    return __atomic_load_n(&rr->next_ticket, __ATOMIC_RELAXED) !=
           __atomic_load_n(&rr->serving, __ATOMIC_RELAXED);
}
