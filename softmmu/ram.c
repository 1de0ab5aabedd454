/*
 * RAM blocks: host memory between guard pages, and bits per page that say who still has to look at
 * what was written.
 *
 * SPDX-License-Identifier: MIT
 */
#include "softmmu/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util/bits.h"

#define NR_CLIENTS 3
#define HUGE_PAGE (2 * MiB)

/* Blocks sorted by host address; replaced as a whole so that readers need no lock. */
typedef struct RAMIndex {
    unsigned nr;
    RAMBlock *blocks[];
} RAMIndex;

/* The registry of RAM. */
static struct {
    GMutex lock;       /* for changes */
    RAMIndex *index;   /* atomic */
    uint64_t next_addr;
    bool shared;       /* atomic: some block was made shared */
} rams;

static uint64_t host_page(void)
{
    return sysconf(_SC_PAGESIZE);
}

/* Makes the reserved range usable. */
static bool map_source(uint8_t *host, uint64_t size, const RAMSource *source)
{
    int flags = MAP_FIXED | (source && source->shared ? MAP_SHARED : MAP_PRIVATE);

    if (!source || (source->fd < 0 && !source->shared)) {
        return mprotect(host, size, PROT_READ | PROT_WRITE) == 0;
    }
    if (source->fd < 0) {
        flags |= MAP_ANONYMOUS;
    }
    return mmap(host, size, PROT_READ | PROT_WRITE, flags, source->fd,
                (off_t)source->offset) != MAP_FAILED;
}

/* size bytes with an inaccessible page on either side, aligned for huge pages if large. */
static uint8_t *map_guarded(uint64_t size, const RAMSource *source)
{
    uint64_t guard = host_page();
    uint64_t align = MAX(size >= HUGE_PAGE ? HUGE_PAGE : guard, source ? source->page_size : 0);
    uint64_t total;
    uint8_t *all, *host;

    if (!u64_add(size, align + 2 * guard, &total) || total > SIZE_MAX) {
        errno = ENOMEM;
        return NULL;
    }
    all = mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (all == MAP_FAILED) {
        return NULL;
    }
    host = (uint8_t *)(uintptr_t)align_up((uintptr_t)all + guard, align);
    if (!map_source(host, size, source)) {
        int err = errno;
        munmap(all, total);
        errno = err;
        return NULL;
    }
    /* Exactly one guard page stays on either side: ram_block_free() knows where they are. */
    if (host - guard > all) {
        munmap(all, host - guard - all);
    }
    if (all + total > host + size + guard) {
        munmap(host + size + guard, all + total - (host + size + guard));
    }
    if (size >= HUGE_PAGE) {
        madvise(host, size, MADV_HUGEPAGE);
    }
    return host;
}

static void ram_block_free(void *p)
{
    RAMBlock *block = p;

    if (block->owned) {
        munmap(block->host - host_page(), block->size + 2 * host_page());
    }
    for (unsigned i = 0; i < NR_CLIENTS; i++) {
        g_free(block->dirty[i]);
    }
    g_free(block->name);
    g_free(block);
}

/* Makes a new index with add in it, or without del. Lock held. */
static void index_replace(RAMBlock *add, RAMBlock *del)
{
    RAMIndex *old = rams.index;
    unsigned nr = old ? old->nr : 0;
    RAMIndex *new = g_malloc0(sizeof(*new) + (nr + 1) * sizeof(new->blocks[0]));

    for (unsigned i = 0; i < nr; i++) {
        RAMBlock *b = old->blocks[i];
        if (add && add->host < b->host) {
            new->blocks[new->nr++] = add;
            add = NULL;
        }
        if (b != del) {
            new->blocks[new->nr++] = b;
        }
    }
    if (add) {
        new->blocks[new->nr++] = add;
    }
    __atomic_store_n(&rams.index, new, __ATOMIC_SEQ_CST);
    memory_retire(old, g_free);
}

RAMBlock *ram_block_new(const char *name, uint64_t size, Error **errp)
{
    return ram_block_new_from(name, size, NULL, errp);
}

RAMBlock *ram_block_new_from(const char *name, uint64_t size, const RAMSource *source,
                             Error **errp)
{
    uint64_t page = host_page();
    RAMBlock *block;
    uint64_t words;
    uint8_t *host;

    if (size == 0 || size > INT64_MAX) {
        error_setg(errp, "cannot allocate %" PRIu64 " bytes of memory for '%s'", size, name);
        return NULL;
    }
    size = align_up(size, page > RAM_PAGE_SIZE ? page : RAM_PAGE_SIZE);
    host = map_guarded(size, source);
    words = ram_dirty_words(size);
    block = g_new0(RAMBlock, 1);
    block->host = host;
    for (unsigned i = 0; host && i < NR_CLIENTS; i++) {
        block->dirty[i] = g_try_malloc0_n(words, sizeof(unsigned long));
        if (!block->dirty[i]) {
            munmap(host - page, size + 2 * page);
            host = NULL;
            errno = ENOMEM;
        }
    }
    if (!host) {
        error_setg_errno(errp, errno, "cannot allocate %" PRIu64 " MiB of memory for '%s'",
                         size >> 20, name);
        block->owned = false;
        ram_block_free(block);
        return NULL;
    }
    block->name = g_strdup(name);
    block->size = size;
    block->owned = true;
    block->ref = 1;
    for (unsigned i = 0; i < NR_CLIENTS; i++) {
        memset(block->dirty[i], 0xff, words * sizeof(unsigned long));
    }

    if (source && source->shared) {
        __atomic_store_n(&rams.shared, true, __ATOMIC_RELAXED);
    }
    g_mutex_lock(&rams.lock);
    block->ram_addr = rams.next_addr;
    rams.next_addr += size;
    index_replace(block, NULL);
    g_mutex_unlock(&rams.lock);
    return block;
}

bool ram_block_try_ref(RAMBlock *block)
{
    uint32_t ref = __atomic_load_n(&block->ref, __ATOMIC_RELAXED);

    while (ref) {
        if (__atomic_compare_exchange_n(&block->ref, &ref, ref + 1, true, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED)) {
            return true;
        }
    }
    return false;
}

void ram_block_unref(RAMBlock *block)
{
    if (__atomic_sub_fetch(&block->ref, 1, __ATOMIC_ACQ_REL) != 0) {
        return;
    }
    g_mutex_lock(&rams.lock);
    index_replace(NULL, block);
    g_mutex_unlock(&rams.lock);
    memory_retire(block, ram_block_free);
}

bool ram_block_discard(RAMBlock *block, uint64_t offset, uint64_t len)
{
    uint64_t page = host_page();
    uint64_t first = align_up(offset, page), end;
    bool done;

    if (!u64_add(offset, len, &end) || end > block->size) {
        return false;
    }
    end -= end % page;
    if (first >= end) {
        return false; /* no whole page of the host */
    }
    ram_block_before_write(block, first, end - first);
    /* Of a shared file the file's blocks go too; memory without a file has only the second. */
    done = madvise(block->host + first, end - first, MADV_REMOVE) == 0 ||
           madvise(block->host + first, end - first, MADV_DONTNEED) == 0;
    ram_block_mark_dirty(block, first, end - first);
    return done;
}

bool ram_is_shared(void)
{
    return __atomic_load_n(&rams.shared, __ATOMIC_RELAXED);
}

RAMBlock *ram_block_from_host(const void *host, uint64_t *offset)
{
    unsigned token = memory_read_begin();
    const RAMIndex *index = __atomic_load_n(&rams.index, __ATOMIC_SEQ_CST);
    unsigned lo = 0, hi = index ? index->nr : 0;
    const uint8_t *p = host;
    RAMBlock *found = NULL;

    while (lo < hi && !found) {
        unsigned mid = lo + (hi - lo) / 2;
        RAMBlock *b = index->blocks[mid];

        if (p < b->host) {
            hi = mid;
        } else if (p >= b->host + b->size) {
            lo = mid + 1;
        } else {
            found = b;
            if (offset) {
                *offset = p - b->host;
            }
        }
    }
    memory_read_end(token);
    return found;
}
