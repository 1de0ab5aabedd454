/*
 * RFENCE: fences on other harts.
 *
 * Who asks writes what is wanted into the target's list and waits until the target has done it, but
 * only for targets that are inside exec(): the others do it before they run guest code again. The orders
 * that matter: the asker sets the target's todo and then loads `running`; the target stores `running`
 * and then loads its todo (at every entry into exec(), which begins with a look for interrupts). Both
 * sequentially consistent, so at least one sees the other. While it waits the asker does what is asked
 * of itself: two harts may be waiting for each other.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sched.h>

#include "target/riscv/ext.h"
#include "target/riscv/mode.h"
#include "target/riscv/sbi/internal.h"

#define MAX_PAGES 64 /* beyond, everything is flushed: that is cheaper to say and to do */

typedef struct FenceRequest {
    RISCVCPU *self;
    SBIFence fence;
    bool fence_i;
    unsigned event; /* PMU: sent; the next number is "received" */
} FenceRequest;

static void flush(CPURISCVState *env, const SBIFence *f)
{
    uint64_t pages = ((f->start & (TARGET_PAGE_SIZE - 1)) + f->size - 1) / TARGET_PAGE_SIZE + 1;

    if (f->size == UINT64_MAX || pages > MAX_PAGES) {
        if (f->asid < 0)
            tcg_tlb_flush_all(env);
        else
            tcg_tlb_flush_asid(env, f->asid);
        return;
    }
    for (uint64_t i = 0; i < pages; i++)
        tcg_tlb_flush_page(env, (f->start & TARGET_PAGE_MASK) + i * TARGET_PAGE_SIZE, f->asid);
}

void sbi_fence_attend(RISCVCPU *cpu)
{
    RISCVSbi *sbi = &cpu->sbi;
    SBIFence list[SBI_MAX_FENCES];
    unsigned n;
    uint32_t posted;
    bool fence_i;

    g_mutex_lock(&DEVICE(cpu)->lock);
    __atomic_fetch_and(&sbi->todo, ~(uint32_t)SBI_TODO_FENCE, __ATOMIC_SEQ_CST);
    n = sbi->nr_fences;
    memcpy(list, sbi->fence, n * sizeof(*list));
    fence_i = sbi->fence_i;
    posted = __atomic_load_n(&sbi->fence_posted, __ATOMIC_RELAXED);
    sbi->nr_fences = 0;
    sbi->fence_i = false;
    g_mutex_unlock(&DEVICE(cpu)->lock);
    for (unsigned i = 0; i < n; i++)
        flush(&cpu->env, &list[i]);
    if (fence_i)
        tcg_fence_i(&cpu->env);
    __atomic_store_n(&sbi->fence_done, posted, __ATOMIC_RELEASE);
}

static void post(RISCVCPU *target, void *data)
{
    FenceRequest *r = data;
    RISCVSbi *sbi = &target->sbi;

    sbi_fw_count(r->self, r->event);
    sbi_fw_count(target, r->event + 1);
    if (target == r->self) {
        if (r->fence_i)
            tcg_fence_i(&target->env);
        else
            flush(&target->env, &r->fence);
        return;
    }
    g_mutex_lock(&DEVICE(target)->lock);
    if (r->fence_i) {
        sbi->fence_i = true;
    } else if (sbi->nr_fences == SBI_MAX_FENCES) {
        sbi->nr_fences = 1;
        sbi->fence[0] = (SBIFence){ .size = UINT64_MAX, .asid = -1 };
    } else {
        sbi->fence[sbi->nr_fences++] = r->fence;
    }
    __atomic_fetch_add(&sbi->fence_posted, 1, __ATOMIC_RELAXED);
    __atomic_fetch_or(&sbi->todo, SBI_TODO_FENCE, __ATOMIC_SEQ_CST);
    g_mutex_unlock(&DEVICE(target)->lock);
    /* Not cpu_attention(): a sleeper is not woken for this. */
    __atomic_fetch_or(&target->parent_obj.attention, CPU_ATTN_IRQ, __ATOMIC_SEQ_CST);
}

static bool fence_open(RISCVCPU *target, uint32_t posted)
{
    return __atomic_load_n(&target->parent_obj.running, __ATOMIC_SEQ_CST) &&
           (int32_t)(__atomic_load_n(&target->sbi.fence_done, __ATOMIC_ACQUIRE) - posted) < 0;
}

static void await(RISCVCPU *target, void *data)
{
    FenceRequest *r = data;
    uint32_t posted = __atomic_load_n(&target->sbi.fence_posted, __ATOMIC_RELAXED);

    while (target != r->self && fence_open(target, posted)) {
        if (__atomic_load_n(&r->self->sbi.todo, __ATOMIC_ACQUIRE) & SBI_TODO_FENCE)
            sbi_fence_attend(r->self);
        sched_yield();
    }
}

/* The range of a call; false if it goes beyond the end of the address space. */
static bool range(const SBICall *call, SBIFence *f)
{
    f->start = call->args[2];
    f->size = call->args[3];
    f->asid = -1;
    if ((f->start == 0 && f->size == 0) || f->size == UINT64_MAX) {
        f->start = 0;
        f->size = UINT64_MAX;
        return true;
    }
    if (f->size == 0)
        f->size = 1;
    return f->start + (f->size - 1) >= f->start;
}

void sbi_rfence(RISCVCPU *cpu, SBICall *call)
{
    FenceRequest r = { .self = cpu, .event = SBI_FW_FENCE_I_SENT + 2 * (unsigned)call->fn };

    sbi_result(call, SBI_SUCCESS, 0);
    if (call->fn > 6 || (call->fn >= 3 && !riscv_ext_on(&cpu->env, EXT_H))) {
        sbi_result(call, SBI_ERR_NOT_SUPPORTED, 0);
        return;
    }
    r.fence_i = call->fn == 0;
    if (call->fn >= 1 && !range(call, &r.fence)) {
        sbi_result(call, SBI_ERR_INVALID_ADDRESS, 0);
        return;
    }
    if (call->fn == 2) {
        if (call->args[4] > UINT16_MAX) {
            sbi_result(call, SBI_ERR_INVALID_PARAM, 0);
            return;
        }
        r.fence.asid = (int64_t)call->args[4];
    }
    /* Translations of guests are not kept apart finely enough to tell what to keep. */
    if (call->fn >= 3) {
        static const unsigned events[] = { 16, 14, 20, 18 };

        r.fence = (SBIFence){ .size = UINT64_MAX, .asid = -1 };
        r.event = events[call->fn - 3];
    }
    if (!sbi_for_harts(call->args[0], call->args[1], post, &r)) {
        sbi_result(call, SBI_ERR_INVALID_PARAM, 0);
        return;
    }
    if (cpu_list()->nr > 1)
        sbi_for_harts(call->args[0], call->args[1], await, &r);
}
