/*
 * The choke point: every access to a device's registers comes through here, whoever makes it. A
 * handler sees only what its MemoryRegionOps said it wants to see.
 *
 * SPDX-License-Identifier: MIT
 */
#include "softmmu/internal.h"

#include <inttypes.h>

#include "util/bits.h"
#include "util/byteorder.h"

/* The access refused, or NULL if it may go on. */
static const char *refusal(const MemoryRegion *mr, hwaddr addr, unsigned size)
{
    unsigned min = 1, max = 8;
    bool unaligned = true;

    if (mr->ops) {
        min = mr->ops->valid.min ? mr->ops->valid.min : 1;
        max = mr->ops->valid.max ? mr->ops->valid.max : 8;
        unaligned = mr->ops->valid.unaligned;
    }
    if (!is_pow2(size) || size > 8 || !memory_region_holds(mr, addr, size)) {
        return "beyond the end of the region";
    }
    if (size < min || size > max) {
        return "size not supported";
    }
    if (!unaligned && (addr & (size - 1))) {
        return "misaligned";
    }
    return NULL;
}

static MemTxResult refuse(MemoryRegion *mr, const char *why, const char *what, hwaddr addr,
                          unsigned size)
{
    log_guest_error(&mr->limit, mr->name ? mr->name : "memory",
                    "%s of %u bytes at offset 0x%" PRIx64 ": %s", what, size, addr, why);
    return MEMTX_DECODE_ERROR;
}

static void trace(const MemoryRegion *mr, const char *what, hwaddr addr, uint64_t value,
                  unsigned size, MemTxResult result)
{
    static const char *const results[] = { "", " refused", " undecoded" };

    log_printf(LOG_TRACE, "%s %s 0x%" PRIx64 " size %u value 0x%0*" PRIx64 "%s\n",
               mr->name ? mr->name : "memory", what, addr, size, (int)size * 2, value,
               results[result <= MEMTX_DECODE_ERROR ? result : MEMTX_ERROR]);
}

/* Sizes that the handlers want, given what valid allows. */
static void impl_sizes(const MemoryRegionOps *ops, unsigned *min, unsigned *max)
{
    *min = ops->impl.min ? ops->impl.min : (ops->valid.min ? ops->valid.min : 1);
    *max = ops->impl.max ? ops->impl.max : (ops->valid.max ? ops->valid.max : 8);
}

static MemTxResult read_ops(MemoryRegion *mr, hwaddr addr, uint64_t *value, unsigned size)
{
    unsigned min, max;
    MemTxResult r = MEMTX_OK;

    if (!mr->ops->read) {
        return MEMTX_ERROR;
    }
    impl_sizes(mr->ops, &min, &max);
    if (size >= min && size <= max) {
        return mr->ops->read(mr->opaque, addr, value, size);
    }
    if (size > max) {
        uint64_t v = 0;
        for (unsigned i = 0; i < size; i += max) {
            uint64_t part = 0;
            r |= mr->ops->read(mr->opaque, addr + i, &part, max);
            v |= (part & MASK_ULL(max * 8)) << (i * 8);
        }
        *value = v;
    } else {
        hwaddr whole = align_down(addr, min);
        unsigned shift = (addr - whole) * 8;

        /* Unaligned and across two words of the device: put together from both. */
        if (addr - whole + size > min) {
            uint64_t v = 0;
            for (unsigned i = 0; i < size; i++) {
                uint64_t byte = 0;
                r |= read_ops(mr, addr + i, &byte, 1);
                v |= (byte & 0xff) << (i * 8);
            }
            *value = v;
        } else {
            r = mr->ops->read(mr->opaque, whole, value, min);
            *value >>= shift;
        }
    }
    return r;
}

static MemTxResult write_ops(MemoryRegion *mr, hwaddr addr, uint64_t value, unsigned size)
{
    unsigned min, max;
    MemTxResult r = MEMTX_OK;

    if (!mr->ops->write) {
        return MEMTX_ERROR;
    }
    impl_sizes(mr->ops, &min, &max);
    if (size >= min && size <= max) {
        return mr->ops->write(mr->opaque, addr, value, size);
    }
    if (size > max) {
        for (unsigned i = 0; i < size; i += max) {
            r |= mr->ops->write(mr->opaque, addr + i, (value >> (i * 8)) & MASK_ULL(max * 8), max);
        }
    } else {
        hwaddr whole = align_down(addr, min);

        if (addr - whole + size > min) {
            for (unsigned i = 0; i < size; i++) {
                r |= write_ops(mr, addr + i, (value >> (i * 8)) & 0xff, 1);
            }
        } else {
            r = mr->ops->write(mr->opaque, whole, value << ((addr - whole) * 8), min);
        }
    }
    return r;
}

/* Both bits can be set when parts of a split access fared differently. */
static MemTxResult worst(MemTxResult r)
{
    return r & MEMTX_ERROR ? MEMTX_ERROR : r & MEMTX_DECODE_ERROR;
}

MemTxResult memory_region_dispatch_read(MemoryRegion *mr, hwaddr addr, uint64_t *value,
                                        unsigned size)
{
    const char *why = refusal(mr, addr, size);
    MemTxResult r;

    *value = 0;
    if (why) {
        return refuse(mr, why, "read", addr, size);
    }
    if (mr->ram && (mr->kind != MR_ROM_DEVICE || mr->romd)) {
        *value = ldn_le(mr->ram->host + addr, size);
        return MEMTX_OK;
    }
    if (!mr->ops) {
        return refuse(mr, "nothing there", "read", addr, size);
    }
    if (mr->lock) {
        g_mutex_lock(mr->lock);
    }
    r = worst(read_ops(mr, addr, value, size));
    if (mr->lock) {
        g_mutex_unlock(mr->lock);
    }
    *value = r == MEMTX_OK ? *value & MASK_ULL(size * 8) : 0;
    if (unlikely(log_enabled(LOG_TRACE))) {
        trace(mr, "read", addr, *value, size, r);
    }
    return r;
}

MemTxResult memory_region_dispatch_write(MemoryRegion *mr, hwaddr addr, uint64_t value,
                                         unsigned size)
{
    const char *why = refusal(mr, addr, size);
    MemTxResult r;

    if (why) {
        return refuse(mr, why, "write", addr, size);
    }
    value &= MASK_ULL(size * 8);
    if (mr->kind == MR_RAM) {
        ram_block_before_write(mr->ram, addr, size);
        stn_le(mr->ram->host + addr, size, value);
        ram_block_mark_dirty(mr->ram, addr, size);
        return MEMTX_OK;
    }
    if (!mr->ops) {
        refuse(mr, mr->kind == MR_ROM ? "read-only memory" : "nothing there", "write", addr, size);
        return mr->kind == MR_ROM ? MEMTX_ERROR : MEMTX_DECODE_ERROR;
    }
    if (mr->lock) {
        g_mutex_lock(mr->lock);
    }
    r = worst(write_ops(mr, addr, value, size));
    if (mr->lock) {
        g_mutex_unlock(mr->lock);
    }
    if (unlikely(log_enabled(LOG_TRACE))) {
        trace(mr, "write", addr, value, size, r);
    }
    return r;
}
