/*
 * Guest physical memory: a tree of regions, flattened to an immutable view per address space.
 *
 * The tree is changed on the main thread, or by a vCPU thread inside a device access (a BAR being
 * moved), under the lock that memory_region_transaction_begin() takes. Readers use the current
 * FlatView without a lock; a view that was replaced is freed when no reader can hold it
 * (flatview_reclaim(), called inside an exclusive section).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_SOFTMMU_MEMORY_H
#define VIREO_SOFTMMU_MEMORY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"
#include "util/log.h"

typedef uint64_t hwaddr; /* guest physical address */

typedef struct MemoryRegion MemoryRegion;
typedef struct AddressSpace AddressSpace;
typedef struct FlatView FlatView;
typedef struct RAMBlock RAMBlock;
typedef struct MemoryListener MemoryListener;

typedef enum MemTxResult {
    MEMTX_OK = 0,
    MEMTX_ERROR = 1,        /* the device refused (hardware would answer with a bus error) */
    MEMTX_DECODE_ERROR = 2, /* nothing at that address, or not with that size or alignment */
} MemTxResult;

/*
 * A device's register window. Before a handler runs, dispatch has checked bounds, size and
 * alignment against `valid`, split or widened the access to `impl`, and taken the region's lock.
 * addr is the offset in the region; values are little-endian numbers of `size` bytes.
 */
typedef struct MemoryRegionOps {
    MemTxResult (*read)(void *opaque, hwaddr addr, uint64_t *value, unsigned size);
    MemTxResult (*write)(void *opaque, hwaddr addr, uint64_t value, unsigned size);
    struct {
        unsigned min, max; /* access sizes in bytes a guest may use; 0 means 1 and 8 */
        bool unaligned;
    } valid;
    struct {
        unsigned min, max; /* sizes the handlers see; 0 means those of valid */
    } impl; /* a narrower write arrives at the aligned address with the other bytes zero */
} MemoryRegionOps;

typedef enum MemoryRegionKind {
    MR_CONTAINER,
    MR_RAM,
    MR_ROM,        /* RAM that guest writes do not change (MEMTX_ERROR) */
    MR_ROM_DEVICE, /* reads as RAM while romd is on, writes go to ops */
    MR_IO,
    MR_ALIAS,
} MemoryRegionKind;

struct MemoryRegion {
    MemoryRegionKind kind;
    char *name;
    uint64_t size;        /* bytes; UINT64_MAX stands for 2^64 */
    hwaddr addr;          /* in the container */
    int priority;
    bool enabled;
    bool romd;
    bool may_overlap;
    MemoryRegion *container;
    GList *subregions;    /* highest priority first */
    MemoryRegion *alias;  /* MR_ALIAS: what it shows, from alias_offset */
    hwaddr alias_offset;
    RAMBlock *ram;        /* MR_RAM, MR_ROM, MR_ROM_DEVICE */
    const MemoryRegionOps *ops;
    void *opaque;
    GMutex *lock;         /* the owner's; NULL: ops synchronise themselves */
    void *owner;          /* the Object, for info mtree */
    GArray *eventfds;     /* of MemoryEventfd, addresses in the region; NULL: none */
    LogLimit limit;
};

/* One block of host memory. Lives until ram_block_unref() by the last region. */
struct RAMBlock {
    char *name;
    uint8_t *host;       /* page aligned, with inaccessible guard pages around it */
    uint64_t size;       /* bytes, a multiple of 4 KiB */
    unsigned long *dirty[3]; /* one bit per 4 KiB page, by DirtyClient; set with atomic or */
    uint64_t ram_addr;   /* of byte 0 in a numbering of all RAM; unique, 4 KiB aligned */
    uint32_t ref;
    bool owned;          /* host was mapped by us */
};

/*
 * Dirty bits, all set at first. A bit that is CLEAR says that somebody must know of the next write to
 * the page: for MIGRATION and DISPLAY the write sets it, whoever writes, and
 * ram_block_collect_dirty() finds it; for CODE, translated code was made from the page, and the
 * translator is told before the bytes change.
 */
typedef enum DirtyClient { DIRTY_MIGRATION, DIRTY_DISPLAY, DIRTY_CODE } DirtyClient;

/* Where the bytes of a RAM block come from, if not simply from the host's anonymous memory. */
typedef struct RAMSource {
    int fd;              /* file to map, not taken over; -1: anonymous */
    uint64_t offset;     /* in the file */
    uint64_t page_size;  /* that the file maps with, and alignment wanted; 0: the host's */
    bool shared;         /* writes reach the file, and processes that map it too */
} RAMSource;

/* ---- Regions. All of them zero-initialise mr; name is copied. ---- */
void memory_region_init(MemoryRegion *mr, void *owner, const char *name, uint64_t size);
bool memory_region_init_ram(MemoryRegion *mr, void *owner, const char *name, uint64_t size,
                            Error **errp);
bool memory_region_init_ram_from(MemoryRegion *mr, void *owner, const char *name, uint64_t size,
                                 const RAMSource *source, Error **errp);
bool memory_region_init_rom(MemoryRegion *mr, void *owner, const char *name, uint64_t size,
                            Error **errp);
bool memory_region_init_rom_device(MemoryRegion *mr, void *owner, const MemoryRegionOps *ops,
                                   void *opaque, const char *name, uint64_t size, Error **errp);
void memory_region_init_io(MemoryRegion *mr, void *owner, const MemoryRegionOps *ops,
                           void *opaque, GMutex *lock, const char *name, uint64_t size);
void memory_region_init_alias(MemoryRegion *mr, void *owner, const char *name,
                              MemoryRegion *orig, hwaddr offset, uint64_t size);
/* Removes mr from its container and frees what it owns. */
void memory_region_destroy(MemoryRegion *mr);

void memory_region_add_subregion(MemoryRegion *mr, hwaddr addr, MemoryRegion *sub);
void memory_region_add_subregion_overlap(MemoryRegion *mr, hwaddr addr, MemoryRegion *sub,
                                         int priority);
void memory_region_del_subregion(MemoryRegion *mr, MemoryRegion *sub);
void memory_region_set_enabled(MemoryRegion *mr, bool enabled);
void memory_region_set_address(MemoryRegion *mr, hwaddr addr);
void memory_region_rom_device_set_romd(MemoryRegion *mr, bool romd);

/*
 * A store of `size` bytes (0: of any) at the address, of `data` if match is set, signals fd. This is
 * for accelerators whose kernel can do it without leaving the guest; others never look, and the store
 * comes to the region's handler, which therefore must do the same. Whoever adds one removes it.
 */
typedef struct MemoryEventfd {
    hwaddr addr;
    unsigned size;
    bool match;
    uint64_t data;
    int fd;
} MemoryEventfd;

void memory_region_add_eventfd(MemoryRegion *mr, const MemoryEventfd *e);
void memory_region_del_eventfd(MemoryRegion *mr, const MemoryEventfd *e);

/* Changes between begin and commit become visible at once, in the outermost commit. */
void memory_region_transaction_begin(void);
void memory_region_transaction_commit(void);

/* ---- The choke point: every access to a device comes through these two. Any thread. ---- */
MemTxResult memory_region_dispatch_read(MemoryRegion *mr, hwaddr addr, uint64_t *value,
                                        unsigned size);
MemTxResult memory_region_dispatch_write(MemoryRegion *mr, hwaddr addr, uint64_t value,
                                         unsigned size);

/* ---- Address spaces ---- */
typedef struct FlatRange {
    hwaddr start, last;  /* guest physical, inclusive */
    MemoryRegion *mr;    /* never a container or an alias */
    hwaddr offset;       /* of start in mr */
    bool readonly;       /* guest writes do not change the RAM behind it */
    bool direct;         /* reads may go straight to mr->ram */
} FlatRange;

struct FlatView {
    unsigned nr;
    FlatRange ranges[]; /* ascending, disjoint */
};

struct AddressSpace {
    char *name;
    MemoryRegion *root;
    FlatView *view;      /* read with address_space_view() */
    GList *listeners;    /* of MemoryListener, by priority */
    GArray *eventfds;    /* of MemoryEventfd as listeners know them, guest physical, ascending */
};

void address_space_init(AddressSpace *as, MemoryRegion *root, const char *name);
void address_space_destroy(AddressSpace *as);

static inline const FlatView *address_space_view(const AddressSpace *as)
{
    return __atomic_load_n(&as->view, __ATOMIC_ACQUIRE);
}

/* The range that holds addr, or NULL. *hint, if given, is an index tried first and updated. */
const FlatRange *flatview_lookup(const FlatView *view, hwaddr addr, unsigned *hint);

/* Frees the views that were replaced, and RAM that only they showed. Only while no other thread can
 * be reading: in an exclusive section with I/O threads idle, before vCPUs run, or at the end. */
void flatview_reclaim(void);

/* One access of 1, 2, 4 or 8 bytes as a CPU makes it; the bus decides. Any thread. */
MemTxResult address_space_ld(AddressSpace *as, hwaddr addr, uint64_t *value, unsigned size);
MemTxResult address_space_st(AddressSpace *as, hwaddr addr, uint64_t value, unsigned size);

/* Whether a listener takes event descriptors: if not, none need be made. */
bool address_space_takes_eventfds(AddressSpace *as);

/* Whether all of [addr, addr+len) is RAM or ROM. */
bool address_space_has_ram(AddressSpace *as, hwaddr addr, uint64_t len);

/* Debugger and loader access: RAM and ROM (writes to ROM included), never devices. Fails if any
 * byte is elsewhere; then nothing was written. Marks pages dirty, and code on them stale. */
bool address_space_read_ram(AddressSpace *as, hwaddr addr, void *buf, uint64_t len);
bool address_space_write_rom(AddressSpace *as, hwaddr addr, const void *buf, uint64_t len);

/* ---- What devices may do to memory: RAM only, so no device can re-enter a device. ---- */

/* Copies; false (a bus error the device reports as it would) if any byte is not RAM, or for
 * writes not writable. Any thread. */
bool dma_read(AddressSpace *as, hwaddr addr, void *buf, uint64_t len);
bool dma_write(AddressSpace *as, hwaddr addr, const void *buf, uint64_t len);

/* Host address of guest memory for direct I/O, or NULL if [addr, addr+len) is empty or not one piece
 * of RAM (writable RAM if is_write). The RAM stays until dma_unmap(), which marks the first `written`
 * bytes dirty. */
void *dma_map(AddressSpace *as, hwaddr addr, uint64_t len, bool is_write);
void dma_unmap(AddressSpace *as, void *host, uint64_t len, bool is_write, uint64_t written);

/* The guest has no use for what is in [addr, addr+len): whole host pages of it go back to the host
 * and read as zero, or as what they were, from now on. False if any byte is not writable RAM. */
bool dma_discard(AddressSpace *as, hwaddr addr, uint64_t len);

/* Naturally aligned atomic loads and stores of ring indices; false if not RAM. */
bool dma_load_u16(AddressSpace *as, hwaddr addr, uint16_t *value);
bool dma_store_u16(AddressSpace *as, hwaddr addr, uint16_t value);

/* ---- RAM blocks and dirty bits ---- */
RAMBlock *ram_block_new(const char *name, uint64_t size, Error **errp);
RAMBlock *ram_block_new_from(const char *name, uint64_t size, const RAMSource *source,
                             Error **errp);
void ram_block_unref(RAMBlock *block);
/* The block that holds a host pointer, or NULL. Any thread. */
RAMBlock *ram_block_from_host(const void *host, uint64_t *offset);
/* Gives the whole host pages of [offset, offset+len) back to the host. Any thread. */
bool ram_block_discard(RAMBlock *block, uint64_t offset, uint64_t len);
/* Marks [offset, offset+len) written; tells the code listeners about pages with code. */
void ram_block_mark_dirty(RAMBlock *block, uint64_t offset, uint64_t len);
/* How often ram_block_mark_dirty() was called: who reads RAM twice sees whether it may have changed by other
 * means than a vCPU's stores. */
uint64_t ram_times_written(void);
/* Whether other processes may have mapped any of it (RAMSource.shared, of any block that there has been). */
bool ram_is_shared(void);
bool ram_block_page_dirty(const RAMBlock *block, DirtyClient client, uint64_t offset);
/* Sets or clears the bits of a range; returns whether any bit was set before. */
bool ram_block_test_and_clear_dirty(RAMBlock *block, DirtyClient client, uint64_t offset,
                                    uint64_t len);
void ram_block_set_dirty(RAMBlock *block, DirtyClient client, uint64_t offset, uint64_t len);
/* Whether the bit of any client is clear: writes to the page must not pass unnoticed. */
bool ram_block_page_watched(const RAMBlock *block, uint64_t offset);
/* Sets the bits of MIGRATION and DISPLAY: for the translator, whose stores do not come this way. */
void ram_block_mark_logged(RAMBlock *block, uint64_t offset, uint64_t len);

/*
 * What was written to since the last call, and from here on until the next: fills a bit per page of
 * the range (set: written to, or not asked for before), the first page's being bit 0 of pages[0];
 * returns whether any is set. What the caller reads of those pages after that is newer than the bits.
 * Main thread; no lock may be held: it may wait for vCPUs.
 */
bool ram_block_collect_dirty(RAMBlock *block, DirtyClient client, uint64_t offset, uint64_t len,
                             unsigned long *pages);
/* Nobody wants to know any more: ram_block_set_dirty() of the range. */

/* The accelerator's part in that. sync sets the bits of what vCPUs wrote without setting them; enter keeps
 * vCPUs away from guest memory, leave lets them go on and takes care that the next store to a page of the
 * range is noticed; unwatched says that all bits of MIGRATION and DISPLAY are set again. Each may be NULL.
 * One set for the process. */
typedef struct RAMProtectHooks {
    void (*enter)(void);
    void (*leave)(RAMBlock *block, uint64_t offset, uint64_t len);
    void (*sync)(RAMBlock *block, uint64_t offset, uint64_t len);
    void (*unwatched)(RAMBlock *block);
} RAMProtectHooks;
void ram_set_protect_hooks(const RAMProtectHooks *hooks);

/* The translator's hook: called (on the writing thread, before the bytes change if the write came
 * through dma_write/address_space_*, after I/O for mapped buffers) for a write to a page whose
 * CODE bit is clear. One hook for the process. */
void ram_set_code_write_hook(void (*hook)(RAMBlock *block, uint64_t offset, uint64_t len));

/* ---- Listeners: an accelerator or backend that mirrors the view ---- */
struct MemoryListener {
    const char *name;
    int priority;
    void (*begin)(MemoryListener *l);
    void (*region_add)(MemoryListener *l, const FlatRange *range);
    void (*region_del)(MemoryListener *l, const FlatRange *range);
    /* After the regions, before commit; guest physical addresses. NULL: does not take them. */
    void (*eventfd_add)(MemoryListener *l, const MemoryEventfd *e);
    void (*eventfd_del)(MemoryListener *l, const MemoryEventfd *e);
    void (*commit)(MemoryListener *l);
};
/* Adding calls region_add for what is there; removing calls region_del. */
void memory_listener_register(MemoryListener *l, AddressSpace *as);
void memory_listener_unregister(MemoryListener *l, AddressSpace *as);

/* For "info mtree" (flat: the view instead of the tree). */
void memory_print(AddressSpace *as, bool flat, GString *out);

#endif
