/*
 * Memory as devices see it: RAM only. A descriptor that points at a device's registers gets a bus
 * error, so no device can re-enter itself or another, whatever the guest writes.
 *
 * SPDX-License-Identifier: MIT
 */
#include "softmmu/internal.h"

#include <string.h>

#include "util/byteorder.h"

static bool usable(const FlatRange *r, bool is_write)
{
    return r && r->direct && !(is_write && r->readonly);
}

static bool check(const FlatView *view, hwaddr addr, uint64_t len, bool is_write)
{
    unsigned hint = 0;

    while (len) {
        const FlatRange *r = flatview_lookup(view, addr, &hint);
        uint64_t left;

        if (!usable(r, is_write)) {
            return false;
        }
        left = r->last - addr;
        if (len - 1 <= left) {
            return true;
        }
        if (r->last == UINT64_MAX) {
            return false;
        }
        len -= left + 1;
        addr = r->last + 1;
    }
    return true;
}

static bool copy(AddressSpace *as, hwaddr addr, uint8_t *buf, uint64_t len, bool is_write)
{
    unsigned token = memory_read_begin();
    const FlatView *view = address_space_view(as);
    bool ok = check(view, addr, len, is_write);
    unsigned hint = 0;

    while (ok && len) {
        const FlatRange *r = flatview_lookup(view, addr, &hint);
        uint64_t n = r->last - addr >= len - 1 ? len : r->last - addr + 1;
        uint64_t offset = r->offset + (addr - r->start);

        if (is_write) {
            ram_block_before_write(r->mr->ram, offset, n);
            memcpy(r->mr->ram->host + offset, buf, n);
            ram_block_mark_dirty(r->mr->ram, offset, n);
        } else {
            memcpy(buf, r->mr->ram->host + offset, n);
        }
        buf += n;
        addr += n;
        len -= n;
    }
    memory_read_end(token);
    return ok;
}

bool dma_read(AddressSpace *as, hwaddr addr, void *buf, uint64_t len)
{
    return copy(as, addr, buf, len, false);
}

bool dma_write(AddressSpace *as, hwaddr addr, const void *buf, uint64_t len)
{
    return copy(as, addr, (uint8_t *)buf, len, true);
}

bool dma_discard(AddressSpace *as, hwaddr addr, uint64_t len)
{
    unsigned token = memory_read_begin();
    const FlatView *view = address_space_view(as);
    bool ok = check(view, addr, len, true);
    unsigned hint = 0;

    while (ok && len) {
        const FlatRange *r = flatview_lookup(view, addr, &hint);
        uint64_t n = r->last - addr >= len - 1 ? len : r->last - addr + 1;

        ram_block_discard(r->mr->ram, r->offset + (addr - r->start), n);
        addr += n;
        len -= n;
    }
    memory_read_end(token);
    return ok;
}

void *dma_map(AddressSpace *as, hwaddr addr, uint64_t len, bool is_write)
{
    unsigned token = memory_read_begin();
    const FlatRange *r = flatview_lookup(address_space_view(as), addr, NULL);
    void *host = NULL;

    if (len && usable(r, is_write) && len - 1 <= r->last - addr) {
        RAMBlock *block = r->mr->ram;
        if (ram_block_try_ref(block)) {
            host = block->host + r->offset + (addr - r->start);
        }
    }
    memory_read_end(token);
    return host;
}

void dma_unmap(AddressSpace *as, void *host, uint64_t len, bool is_write, uint64_t written)
{
    uint64_t offset;
    RAMBlock *block = host ? ram_block_from_host(host, &offset) : NULL;

    if (!block) {
        return;
    }
    if (is_write && written) {
        ram_block_mark_dirty(block, offset, written < len ? written : len);
    }
    ram_block_unref(block);
}

static uint16_t *u16_host(AddressSpace *as, hwaddr addr, bool is_write, RAMBlock **block,
                          uint64_t *offset)
{
    const FlatRange *r = flatview_lookup(address_space_view(as), addr, NULL);

    if ((addr & 1) || !usable(r, is_write) || r->last == addr) {
        return NULL;
    }
    *block = r->mr->ram;
    *offset = r->offset + (addr - r->start);
    /* An alias at an odd offset would make an odd host address of an even guest one. */
    return *offset & 1 ? NULL : (uint16_t *)((*block)->host + *offset);
}

bool dma_load_u16(AddressSpace *as, hwaddr addr, uint16_t *value)
{
    unsigned token = memory_read_begin();
    RAMBlock *block;
    uint64_t offset;
    uint16_t *p = u16_host(as, addr, false, &block, &offset);

    if (p) {
        *value = le16toh(__atomic_load_n(p, __ATOMIC_ACQUIRE));
    }
    memory_read_end(token);
    return p != NULL;
}

bool dma_store_u16(AddressSpace *as, hwaddr addr, uint16_t value)
{
    unsigned token = memory_read_begin();
    RAMBlock *block;
    uint64_t offset;
    uint16_t *p = u16_host(as, addr, true, &block, &offset);

    if (p) {
        ram_block_before_write(block, offset, 2);
        __atomic_store_n(p, htole16(value), __ATOMIC_RELEASE);
        ram_block_mark_dirty(block, offset, 2);
    }
    memory_read_end(token);
    return p != NULL;
}
