/*
 * What the files of softmmu/ share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_SOFTMMU_INTERNAL_H
#define VIREO_SOFTMMU_INTERNAL_H

#include "softmmu/memory.h"

#define RAM_PAGE_BITS 12
#define RAM_PAGE_SIZE (1ULL << RAM_PAGE_BITS)

/* Last offset of a region that is not empty. */
static inline uint64_t memory_region_last(const MemoryRegion *mr)
{
    return mr->size == UINT64_MAX ? UINT64_MAX : mr->size - 1;
}

/* Whether [addr, addr+size) lies in the region; size > 0. */
static inline bool memory_region_holds(const MemoryRegion *mr, hwaddr addr, uint64_t size)
{
    return mr->size > 0 && addr <= memory_region_last(mr) &&
           size - 1 <= memory_region_last(mr) - addr;
}

static inline bool memory_region_has_ram(const MemoryRegion *mr)
{
    return mr->kind == MR_RAM || mr->kind == MR_ROM || mr->kind == MR_ROM_DEVICE;
}

/* The transaction lock; recursive. memory_changed() says that views may have to be made again. */
void memory_lock(void);
void memory_unlock(void);
void memory_changed(void);
void memory_eventfds_changed(void);

/* A new view of the tree under root; transaction lock held. */
FlatView *flatview_render(const MemoryRegion *root);
/* The event descriptors that the view shows, ascending; transaction lock held. */
GArray *eventfds_render(const FlatView *view);
/* Tells a listener what is in one of the lists and not in the other. */
void eventfds_apply(MemoryListener *l, const GArray *old, const GArray *new);
bool flat_range_equal(const FlatRange *a, const FlatRange *b);
bool flatview_equal(const FlatView *a, const FlatView *b);

/* Hands p to flatview_reclaim(): readers without a lock may still look at it. */
void memory_retire(void *p, GDestroyNotify free_fn);

/*
 * Brackets around the use of a view, or of RAM found through one, on a thread that an exclusive
 * section does not stop. flatview_reclaim() frees nothing while anybody is inside.
 */
unsigned memory_read_begin(void);
void memory_read_end(unsigned token);

/* A reference, unless the last one has gone. Inside a read bracket. */
bool ram_block_try_ref(RAMBlock *block);

/* Longs in a bitmap of one bit per page. */
static inline uint64_t ram_dirty_words(uint64_t size)
{
    return ((size >> RAM_PAGE_BITS) + sizeof(long) * 8 - 1) / (sizeof(long) * 8);
}

/* Before guest RAM changes: tells the translator if code was made from these pages. */
void ram_block_before_write(RAMBlock *block, uint64_t offset, uint64_t len);

#endif
