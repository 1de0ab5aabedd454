/*
 * Memory slots: the RAM and ROM of the view, told to the kernel, and which pages of it were written.
 *
 * Writes of vCPUs do not set the dirty bits of softmmu/. Where somebody asks which pages changed, the slots
 * of the block begin to log, and each question first takes over what the kernel has seen. A kernel that can
 * (MANUAL_DIRTY_LOG_PROTECT2) begins with all pages noted as written and watches only those whose
 * note was cleared: a picture in guest memory costs nothing elsewhere.
 *
 * Slots change under the lock of the memory tree (listeners) and are read under our own.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/kvm/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "util/bits.h"

#define LONG_BITS 64
#define MANUAL_PROTECT 3 /* of the capability: enable, all set at first */

typedef struct KVMSlot {
    uint32_t id;
    bool readonly, logs;
    hwaddr start;
    uint64_t size;
    RAMBlock *block;
    uint64_t offset; /* of start in the block */
    uint64_t *bitmap; /* while it logs */
} KVMSlot;

struct KVMSlots {
    MemoryListener listener;
    AddressSpace *as;
    GMutex lock;
    GArray *slots;     /* of KVMSlot */
    unsigned limit;    /* how many there can be */
    uint64_t gpa_end;  /* first guest address that cannot be mapped; 0: 2^64 */
    bool manual;       /* pages are watched again by CLEAR_DIRTY_LOG only */
    Error *failed;     /* the first failure since attach; until then nobody can be told */
    bool attached;
};

static int set_slot(const KVMSlot *s, uint64_t size)
{
    struct kvm_userspace_memory_region r = {
        .slot = s->id,
        .flags = (s->readonly ? KVM_MEM_READONLY : 0) | (s->logs ? KVM_MEM_LOG_DIRTY_PAGES : 0),
        .guest_phys_addr = s->start,
        .memory_size = size,
        .userspace_addr = (uintptr_t)(s->block->host + s->offset),
    };

    return kvm_vm_ioctl(KVM_SET_USER_MEMORY_REGION, &r);
}

/* While the machine is made the first failure ends it. Later the range stays without a slot: slow, and
 * nothing can be executed there, but the guest sees the right contents. */
static void fail(KVMSlots *m, Error *err)
{
    if (m->attached) {
        warn_report("%s", error_get_pretty(err));
        error_free(err);
    } else if (m->failed) {
        error_free(err);
    } else {
        m->failed = err;
    }
}

static uint32_t free_id(const KVMSlots *m)
{
    for (uint32_t id = 0;; id++) {
        bool used = false;

        for (guint i = 0; i < m->slots->len && !used; i++) {
            used = g_array_index(m->slots, KVMSlot, i).id == id;
        }
        if (!used) {
            return id;
        }
    }
}

/* The part of a range that a slot can show: whole pages of guest and host. */
static bool slot_of_range(const FlatRange *r, KVMSlot *s)
{
    uint64_t page = kvm_page_size();
    hwaddr start = align_up(r->start, page), end;

    if (!r->mr->ram || !r->direct || r->last == UINT64_MAX) {
        return false;
    }
    end = align_down(r->last + 1, page);
    if (end <= start) {
        return false;
    }
    *s = (KVMSlot){
        .readonly = r->readonly,
        .start = start,
        .size = end - start,
        .block = r->mr->ram,
        .offset = r->offset + (start - r->start),
    };
    return s->offset % page == 0;
}

static void region_add(MemoryListener *l, const FlatRange *range)
{
    KVMSlots *m = container_of(l, KVMSlots, listener);
    const char *name = range->mr->name;
    Error *err = NULL;
    KVMSlot s;
    int r;

    kvm_coalesce(kvm_state(), range, true);
    if (!slot_of_range(range, &s)) {
        return;
    }
    if (m->gpa_end && s.start + s.size > m->gpa_end) {
        error_setg(&err, "'%s' ends at %#" PRIx64 ", but the stage-2 translation of this host reaches "
                   "%#" PRIx64 " only: use less memory (-m)", name, s.start + s.size, m->gpa_end);
        fail(m, err);
        return;
    }
    g_mutex_lock(&m->lock);
    if (m->slots->len >= m->limit) {
        error_setg(&err, "no memory slot left for '%s': this host's KVM has %u", name, m->limit);
    } else {
        s.id = free_id(m);
        r = set_slot(&s, s.size);
        if (r < 0) {
            error_setg_errno(&err, -r, "KVM refused '%s', %" PRIu64 " KiB at %#" PRIx64, name,
                             s.size >> 10, s.start);
        } else {
            g_array_append_val(m->slots, s);
        }
    }
    g_mutex_unlock(&m->lock);
    if (err) {
        fail(m, err);
    }
}

/* ---- Dirty pages ---- */

static uint64_t slot_pages(const KVMSlot *s)
{
    return s->size / kvm_page_size();
}

static uint64_t bitmap_words(const KVMSlot *s)
{
    return align_up(slot_pages(s), LONG_BITS) / LONG_BITS;
}

/* Takes over bits [first, end) of the slot's bitmap. */
static void mark_pages(const KVMSlot *s, uint64_t first, uint64_t end)
{
    uint64_t page = kvm_page_size();

    for (uint64_t i = first; i < end; i++) {
        uint64_t run = i;

        if (i % LONG_BITS == 0 && !s->bitmap[i / LONG_BITS]) {
            i += LONG_BITS - 1;
            continue;
        }
        while (run < end && (s->bitmap[run / LONG_BITS] >> (run % LONG_BITS) & 1)) {
            run++;
        }
        if (run > i) {
            ram_block_mark_logged(s->block, s->offset + i * page, (run - i) * page);
            i = run;
        }
    }
}

/* What the kernel has seen written in pages [first, end) of the slot; it watches them anew. */
static void take_log(KVMSlots *m, KVMSlot *s, uint64_t first, uint64_t end)
{
    struct kvm_dirty_log log = { .slot = s->id, .dirty_bitmap = (uintptr_t)s->bitmap };

    memset(s->bitmap, 0, bitmap_words(s) * sizeof(*s->bitmap));
    if (kvm_vm_ioctl(KVM_GET_DIRTY_LOG, &log) < 0) {
        /* Not known: then all of them may have been. */
        ram_block_mark_logged(s->block, s->offset, s->size);
        return;
    }
    if (!m->manual) {
        mark_pages(s, 0, slot_pages(s)); /* the kernel forgot them all */
        return;
    }
    /* The kernel clears in units of 64 pages, or up to the end of the slot. */
    first = align_down(first, LONG_BITS);
    end = MIN(align_up(end, LONG_BITS), slot_pages(s));
    struct kvm_clear_dirty_log clear = {
        .slot = s->id,
        .num_pages = (uint32_t)(end - first),
        .first_page = first,
        .dirty_bitmap = (uintptr_t)(s->bitmap + first / LONG_BITS),
    };
    if (kvm_vm_ioctl(KVM_CLEAR_DIRTY_LOG, &clear) < 0) {
        ram_block_mark_logged(s->block, s->offset, s->size);
        return;
    }
    /* After the pages are watched again: what is written from here on is noted again. */
    mark_pages(s, first, end);
}

static void set_logging(KVMSlot *s, bool on)
{
    if (s->logs == on || s->readonly) {
        return;
    }
    s->logs = on;
    if (set_slot(s, s->size) < 0) {
        s->logs = !on;
    }
    if (s->logs && !s->bitmap) {
        s->bitmap = g_new0(uint64_t, bitmap_words(s));
    } else if (!s->logs) {
        g_clear_pointer(&s->bitmap, g_free);
    }
}

/* RAMProtectHooks: somebody asks what was written in a range of a block. */
static void sync_log(RAMBlock *block, uint64_t offset, uint64_t len)
{
    KVMSlots *m = kvm_state()->slots;
    uint64_t page = kvm_page_size();

    g_mutex_lock(&m->lock);
    for (guint i = 0; i < m->slots->len; i++) {
        KVMSlot *s = &g_array_index(m->slots, KVMSlot, i);
        uint64_t first = MAX(offset, s->offset), end = MIN(offset + len, s->offset + s->size);

        if (s->block != block || first >= end) {
            continue;
        }
        set_logging(s, true);
        if (s->logs) {
            take_log(m, s, (first - s->offset) / page, align_up(end - s->offset, page) / page);
        } else if (!s->readonly) {
            ram_block_mark_logged(block, first, end - first);
        }
    }
    g_mutex_unlock(&m->lock);
}

/* Nobody asks any more. */
static void end_log(RAMBlock *block)
{
    KVMSlots *m = kvm_state()->slots;

    g_mutex_lock(&m->lock);
    for (guint i = 0; i < m->slots->len; i++) {
        KVMSlot *s = &g_array_index(m->slots, KVMSlot, i);

        if (s->block == block) {
            set_logging(s, false);
        }
    }
    g_mutex_unlock(&m->lock);
}

static const RAMProtectHooks log_hooks = { .sync = sync_log, .unwatched = end_log };

/* ---- The listener ---- */

static void region_del(MemoryListener *l, const FlatRange *range)
{
    KVMSlots *m = container_of(l, KVMSlots, listener);
    KVMSlot want;

    kvm_coalesce(kvm_state(), range, false);
    if (!slot_of_range(range, &want)) {
        return;
    }
    g_mutex_lock(&m->lock);
    for (guint i = 0; i < m->slots->len; i++) {
        KVMSlot *s = &g_array_index(m->slots, KVMSlot, i);

        if (s->start != want.start || s->block != want.block) {
            continue;
        }
        if (s->logs) {
            take_log(m, s, 0, slot_pages(s));
            set_logging(s, false);
        }
        set_slot(s, 0);
        g_array_remove_index_fast(m->slots, i);
        break;
    }
    g_mutex_unlock(&m->lock);
}

static void enable_manual_protect(KVMSlots *m)
{
    struct kvm_enable_cap cap = { .cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
                                  .args = { MANUAL_PROTECT } };

    m->manual = (kvm_check_extension(cap.cap) & MANUAL_PROTECT) == MANUAL_PROTECT &&
                kvm_vm_ioctl(KVM_ENABLE_CAP, &cap) == 0;
}

KVMSlots *kvm_slots_new(void)
{
    KVMSlots *m = g_new0(KVMSlots, 1);
    int limit = kvm_check_extension(KVM_CAP_NR_MEMSLOTS);
    int bits = kvm_check_extension(KVM_CAP_VM_GPA_BITS);

    g_mutex_init(&m->lock);
    m->slots = g_array_new(FALSE, FALSE, sizeof(KVMSlot));
    m->limit = limit ? (unsigned)limit : 32;
    m->gpa_end = bits > 0 && bits < 64 ? 1ull << bits : 0;
    m->listener = (MemoryListener){ .name = "kvm", .region_add = region_add,
                                    .region_del = region_del };
    enable_manual_protect(m);
    return m;
}

bool kvm_slots_attach(KVMSlots *m, AddressSpace *as, Error **errp)
{
    if (m->as) {
        return true;
    }
    memory_listener_register(&m->listener, as);
    if (m->failed) {
        memory_listener_unregister(&m->listener, as);
        error_setg(errp, "%s", error_get_pretty(m->failed));
        error_free(m->failed);
        m->failed = NULL;
        return false;
    }
    m->as = as;
    m->attached = true;
    ram_set_protect_hooks(&log_hooks);
    return true;
}

void kvm_slots_detach(KVMSlots *m)
{
    if (m->as) {
        ram_set_protect_hooks(NULL);
        memory_listener_unregister(&m->listener, m->as);
        m->as = NULL;
        m->attached = false;
    }
}

void kvm_slots_free(KVMSlots *m)
{
    kvm_slots_detach(m);
    for (guint i = 0; i < m->slots->len; i++) {
        g_free(g_array_index(m->slots, KVMSlot, i).bitmap);
    }
    g_array_unref(m->slots);
    error_free(m->failed);
    g_mutex_clear(&m->lock);
    g_free(m);
}
