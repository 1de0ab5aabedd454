/*
 * Flattening a tree of regions into an immutable, sorted array of ranges, and the retirement of
 * what readers without a lock may still hold.
 *
 * SPDX-License-Identifier: MIT
 */
#include "softmmu/internal.h"

#include <string.h>

/* Positions during flattening: an alias may put the start of a region below address 0. */
typedef __int128 addr128;

typedef struct Window {
    addr128 start, last; /* inclusive, always within 0 .. 2^64-1 when not empty */
} Window;

/* Puts [start, last] of range into ranges wherever nothing is yet; what is there has priority. */
static void fill_gaps(GArray *ranges, FlatRange range)
{
    hwaddr pos = range.start;
    guint i = 0;

    for (;; i++) {
        FlatRange piece = range;
        bool more = i < ranges->len;
        FlatRange *next = more ? &g_array_index(ranges, FlatRange, i) : NULL;

        if (more && next->last < pos) {
            continue;
        }
        piece.start = pos;
        piece.offset = range.offset + (pos - range.start);
        if (more && next->start <= range.last) {
            hwaddr after = next->last;
            if (next->start > pos) {
                piece.last = next->start - 1;
                g_array_insert_val(ranges, i, piece);
                i++;
            }
            if (after >= range.last) {
                return;
            }
            pos = after + 1;
        } else {
            g_array_insert_val(ranges, i, piece);
            return;
        }
    }
}

static void render_region(GArray *ranges, const MemoryRegion *mr, addr128 base, Window clip,
                          unsigned depth)
{
    addr128 last;

    /* An alias of a container of itself would go on for ever. */
    if (!mr->enabled || mr->size == 0 || depth > 64) {
        return;
    }
    last = base + memory_region_last(mr);
    if (base > clip.start) {
        clip.start = base;
    }
    if (last < clip.last) {
        clip.last = last;
    }
    if (clip.start > clip.last) {
        return;
    }
    if (mr->kind == MR_ALIAS) {
        render_region(ranges, mr->alias, base - mr->alias_offset, clip, depth + 1);
        return;
    }
    for (GList *l = mr->subregions; l; l = l->next) {
        const MemoryRegion *sub = l->data;
        render_region(ranges, sub, base + sub->addr, clip, depth + 1);
    }
    if (mr->kind == MR_CONTAINER) {
        return;
    }
    fill_gaps(ranges, (FlatRange){
        .start = clip.start,
        .last = clip.last,
        .mr = (MemoryRegion *)mr,
        .offset = clip.start - base,
        .readonly = mr->kind == MR_ROM || mr->kind == MR_ROM_DEVICE,
        .direct = mr->kind == MR_RAM || mr->kind == MR_ROM ||
                  (mr->kind == MR_ROM_DEVICE && mr->romd),
    });
}

FlatView *flatview_render(const MemoryRegion *root)
{
    g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(FlatRange));
    FlatView *view;
    unsigned nr = 0;

    if (root) {
        render_region(ranges, root, 0, (Window){ 0, UINT64_MAX }, 0);
    }
    view = g_malloc0(sizeof(*view) + ranges->len * sizeof(FlatRange));
    for (guint i = 0; i < ranges->len; i++) {
        FlatRange r = g_array_index(ranges, FlatRange, i);
        FlatRange *prev = nr ? &view->ranges[nr - 1] : NULL;

        if (prev && prev->mr == r.mr && prev->last + 1 == r.start &&
            prev->offset + (r.start - prev->start) == r.offset) {
            prev->last = r.last;
        } else {
            view->ranges[nr++] = r;
        }
    }
    view->nr = nr;
    return view;
}

bool flat_range_equal(const FlatRange *a, const FlatRange *b)
{
    return a->start == b->start && a->last == b->last && a->mr == b->mr &&
           a->offset == b->offset && a->readonly == b->readonly && a->direct == b->direct;
}

bool flatview_equal(const FlatView *a, const FlatView *b)
{
    if (a->nr != b->nr) {
        return false;
    }
    for (unsigned i = 0; i < a->nr; i++) {
        if (!flat_range_equal(&a->ranges[i], &b->ranges[i])) {
            return false;
        }
    }
    return true;
}

const FlatRange *flatview_lookup(const FlatView *view, hwaddr addr, unsigned *hint)
{
    unsigned lo = 0, hi = view->nr;

    if (hint && *hint < view->nr) {
        const FlatRange *r = &view->ranges[*hint];
        if (addr >= r->start && addr <= r->last) {
            return r;
        }
    }
    while (lo < hi) {
        unsigned mid = lo + (hi - lo) / 2;
        const FlatRange *r = &view->ranges[mid];

        if (addr < r->start) {
            hi = mid;
        } else if (addr > r->last) {
            lo = mid + 1;
        } else {
            if (hint) {
                *hint = mid;
            }
            return r;
        }
    }
    return NULL;
}

/* ---- Retirement ---- */

typedef struct Retired {
    void *p;
    GDestroyNotify free_fn;
} Retired;

/* Part of the registry of address spaces. Readers are counted in several cache lines so that they
 * do not slow each other down. */
static struct {
    GMutex lock;
    GArray *retired; /* of Retired */
    struct {
        uint32_t count;
        uint8_t pad[60];
    } readers[16];
} reclaim;

unsigned memory_read_begin(void)
{
    unsigned token = ((uintptr_t)g_thread_self() >> 6) % G_N_ELEMENTS(reclaim.readers);

    /* Either flatview_reclaim() sees this count, or this reads what that function wrote and the new
     * view with it. */
    __atomic_fetch_add(&reclaim.readers[token].count, 1, __ATOMIC_ACQ_REL);
    return token;
}

void memory_read_end(unsigned token)
{
    __atomic_fetch_sub(&reclaim.readers[token].count, 1, __ATOMIC_RELEASE);
}

void memory_retire(void *p, GDestroyNotify free_fn)
{
    Retired r = { p, free_fn };

    if (!p) {
        return;
    }
    g_mutex_lock(&reclaim.lock);
    if (!reclaim.retired) {
        reclaim.retired = g_array_new(FALSE, FALSE, sizeof(Retired));
    }
    g_array_append_val(reclaim.retired, r);
    g_mutex_unlock(&reclaim.lock);
}

void flatview_reclaim(void)
{
    GArray *mine;

    g_mutex_lock(&reclaim.lock);
    mine = reclaim.retired;
    for (unsigned i = 0; mine && i < G_N_ELEMENTS(reclaim.readers); i++) {
        /* A read-modify-write: a reader who comes later synchronises with it, and so sees the
         * view that replaced what is about to be freed. */
        if (__atomic_fetch_add(&reclaim.readers[i].count, 0, __ATOMIC_ACQ_REL)) {
            mine = NULL; /* next time */
        }
    }
    if (mine) {
        reclaim.retired = NULL;
    }
    g_mutex_unlock(&reclaim.lock);
    if (!mine) {
        return;
    }
    for (guint i = 0; i < mine->len; i++) {
        Retired *r = &g_array_index(mine, Retired, i);
        r->free_fn(r->p);
    }
    g_array_unref(mine);
}
