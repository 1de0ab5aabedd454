/*
 * Dirty bits of RAM blocks: one per page and client, set with atomic operations by whoever writes.
 *
 * A writer changes the bytes first and sets the bits after: a reader that clears a bit and then
 * copies the page cannot miss a write, it can only see one twice. Stores of vCPUs look at the bits (by
 * way of the TLB) before they write; so bits are cleared while no vCPU is between the two.
 *
 * SPDX-License-Identifier: MIT
 */
#include "softmmu/internal.h"

#include <string.h>

#include "util/bits.h"

#define LONG_BITS (sizeof(unsigned long) * 8)

/* Of all RAM, atomic. */
static const RAMProtectHooks *protect_hooks;
static void (*code_write_hook)(RAMBlock *block, uint64_t offset, uint64_t len);
static uint64_t written;

/* The pages that [offset, offset+len) touches, as [first, end). */
static void page_range(const RAMBlock *block, uint64_t offset, uint64_t len, uint64_t *first,
                       uint64_t *end)
{
    uint64_t last = range_within(offset, len, block->size) ? offset + len : block->size;

    *first = offset >> RAM_PAGE_BITS;
    *end = len && offset < block->size ? ((last - 1) >> RAM_PAGE_BITS) + 1 : *first;
}

/* The bits of word w that belong to pages [first, end). */
static unsigned long word_mask(uint64_t w, uint64_t first, uint64_t end)
{
    unsigned long mask = ~0UL;

    if (w == first / LONG_BITS) {
        mask &= ~0UL << (first % LONG_BITS);
    }
    if (w == (end - 1) / LONG_BITS) {
        mask &= ~0UL >> (LONG_BITS - 1 - (end - 1) % LONG_BITS);
    }
    return mask;
}

static void set_bits(unsigned long *map, uint64_t first, uint64_t end)
{
    for (uint64_t w = first / LONG_BITS; first < end && w <= (end - 1) / LONG_BITS; w++) {
        unsigned long mask = word_mask(w, first, end);

        if ((__atomic_load_n(&map[w], __ATOMIC_RELAXED) & mask) != mask) {
            __atomic_fetch_or(&map[w], mask, __ATOMIC_RELEASE);
        }
    }
}

static bool any_clear(const unsigned long *map, uint64_t first, uint64_t end)
{
    for (uint64_t w = first / LONG_BITS; first < end && w <= (end - 1) / LONG_BITS; w++) {
        unsigned long mask = word_mask(w, first, end);

        if ((__atomic_load_n(&map[w], __ATOMIC_ACQUIRE) & mask) != mask) {
            return true;
        }
    }
    return false;
}

void ram_block_before_write(RAMBlock *block, uint64_t offset, uint64_t len)
{
    void (*hook)(RAMBlock *, uint64_t, uint64_t);
    uint64_t first, end;

    page_range(block, offset, len, &first, &end);
    if (likely(!any_clear(block->dirty[DIRTY_CODE], first, end))) {
        return;
    }
    hook = __atomic_load_n(&code_write_hook, __ATOMIC_ACQUIRE);
    if (hook) {
        hook(block, offset, len);
    }
}

void ram_block_mark_dirty(RAMBlock *block, uint64_t offset, uint64_t len)
{
    /* Also after the write: a block may have been translated from the old bytes in between. The fence
     * pairs with the translator, which clears the bit and then reads the bytes: whoever comes second
     * sees what the other did. */
    __atomic_fetch_add(&written, 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    ram_block_before_write(block, offset, len);
    ram_block_mark_logged(block, offset, len);
}

uint64_t ram_times_written(void)
{
    return __atomic_load_n(&written, __ATOMIC_SEQ_CST);
}

void ram_block_mark_logged(RAMBlock *block, uint64_t offset, uint64_t len)
{
    uint64_t first, end;

    page_range(block, offset, len, &first, &end);
    set_bits(block->dirty[DIRTY_MIGRATION], first, end);
    set_bits(block->dirty[DIRTY_DISPLAY], first, end);
}

bool ram_block_page_dirty(const RAMBlock *block, DirtyClient client, uint64_t offset)
{
    uint64_t page = offset >> RAM_PAGE_BITS;

    if (offset >= block->size) {
        return false;
    }
    return __atomic_load_n(&block->dirty[client][page / LONG_BITS], __ATOMIC_ACQUIRE) >>
           (page % LONG_BITS) & 1;
}

bool ram_block_test_and_clear_dirty(RAMBlock *block, DirtyClient client, uint64_t offset,
                                    uint64_t len)
{
    unsigned long *map = block->dirty[client];
    uint64_t first, end;
    bool any = false;

    page_range(block, offset, len, &first, &end);
    for (uint64_t w = first / LONG_BITS; first < end && w <= (end - 1) / LONG_BITS; w++) {
        unsigned long mask = word_mask(w, first, end);

        if (__atomic_load_n(&map[w], __ATOMIC_RELAXED) & mask) {
            any |= (__atomic_fetch_and(&map[w], ~mask, __ATOMIC_SEQ_CST) & mask) != 0;
        }
    }
    return any;
}

void ram_block_set_dirty(RAMBlock *block, DirtyClient client, uint64_t offset, uint64_t len)
{
    const RAMProtectHooks *hooks = __atomic_load_n(&protect_hooks, __ATOMIC_ACQUIRE);
    uint64_t first, end;

    page_range(block, offset, len, &first, &end);
    set_bits(block->dirty[client], first, end);
    if (hooks && hooks->unwatched && client != DIRTY_CODE) {
        uint64_t pages = block->size >> RAM_PAGE_BITS;

        if (!any_clear(block->dirty[DIRTY_MIGRATION], 0, pages) &&
            !any_clear(block->dirty[DIRTY_DISPLAY], 0, pages)) {
            hooks->unwatched(block);
        }
    }
}

bool ram_block_page_watched(const RAMBlock *block, uint64_t offset)
{
    return !ram_block_page_dirty(block, DIRTY_CODE, offset) ||
           !ram_block_page_dirty(block, DIRTY_DISPLAY, offset) ||
           !ram_block_page_dirty(block, DIRTY_MIGRATION, offset);
}

/* Copies and clears the bits of pages [first, end), to bit 0 and up. */
static void take_bits(unsigned long *map, uint64_t first, uint64_t end, unsigned long *pages)
{
    memset(pages, 0, (end - first + LONG_BITS - 1) / LONG_BITS * sizeof(*pages));
    for (uint64_t w = first / LONG_BITS; first < end && w <= (end - 1) / LONG_BITS; w++) {
        unsigned long mask = word_mask(w, first, end);
        unsigned long got = __atomic_fetch_and(&map[w], ~mask, __ATOMIC_SEQ_CST) & mask;

        for (; got; got &= got - 1) {
            uint64_t n = w * LONG_BITS + __builtin_ctzl(got) - first;

            pages[n / LONG_BITS] |= 1UL << (n % LONG_BITS);
        }
    }
}

static bool any_set(const unsigned long *map, uint64_t first, uint64_t end)
{
    for (uint64_t w = first / LONG_BITS; first < end && w <= (end - 1) / LONG_BITS; w++) {
        if (__atomic_load_n(&map[w], __ATOMIC_ACQUIRE) & word_mask(w, first, end)) {
            return true;
        }
    }
    return false;
}

bool ram_block_collect_dirty(RAMBlock *block, DirtyClient client, uint64_t offset, uint64_t len,
                             unsigned long *pages)
{
    const RAMProtectHooks *hooks = __atomic_load_n(&protect_hooks, __ATOMIC_ACQUIRE);
    uint64_t first, end;

    if (hooks && hooks->sync) {
        hooks->sync(block, offset, len);
    }
    page_range(block, offset, len, &first, &end);
    if (!any_set(block->dirty[client], first, end)) {
        memset(pages, 0, (end - first + LONG_BITS - 1) / LONG_BITS * sizeof(*pages));
        return false;
    }
    if (hooks && hooks->enter) {
        hooks->enter();
    }
    take_bits(block->dirty[client], first, end, pages);
    if (hooks && hooks->leave) {
        hooks->leave(block, first << RAM_PAGE_BITS, (end - first) << RAM_PAGE_BITS);
    }
    return true;
}

void ram_set_protect_hooks(const RAMProtectHooks *hooks)
{
    __atomic_store_n(&protect_hooks, hooks, __ATOMIC_RELEASE);
}

void ram_set_code_write_hook(void (*hook)(RAMBlock *block, uint64_t offset, uint64_t len))
{
    __atomic_store_n(&code_write_hook, hook, __ATOMIC_RELEASE);
}
