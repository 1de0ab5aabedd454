/*
 * Accesses through an address space: as a CPU makes them, and as the debugger and loaders do.
 *
 * SPDX-License-Identifier: MIT
 */
#include "softmmu/internal.h"

#include <string.h>

#include "util/bits.h"
#include "util/byteorder.h"

static uint8_t *range_host(const FlatRange *r, hwaddr addr)
{
    return r->mr->ram->host + r->offset + (addr - r->start);
}

/* One copy of the size of the access when it is aligned: what other harts and the guest's own
 * atomics rely on. */
static uint64_t ram_load(const uint8_t *p, unsigned size)
{
    if (((uintptr_t)p & (size - 1)) == 0) {
        switch (size) {
        case 1:
            return __atomic_load_n(p, __ATOMIC_RELAXED);
        case 2:
            return le16toh(__atomic_load_n((const uint16_t *)p, __ATOMIC_RELAXED));
        case 4:
            return le32toh(__atomic_load_n((const uint32_t *)p, __ATOMIC_RELAXED));
        case 8:
            return le64toh(__atomic_load_n((const uint64_t *)p, __ATOMIC_RELAXED));
        }
    }
    return ldn_le(p, size);
}

static void ram_store(uint8_t *p, uint64_t v, unsigned size)
{
    if (((uintptr_t)p & (size - 1)) == 0) {
        switch (size) {
        case 1:
            __atomic_store_n(p, v, __ATOMIC_RELAXED);
            return;
        case 2:
            __atomic_store_n((uint16_t *)p, htole16(v), __ATOMIC_RELAXED);
            return;
        case 4:
            __atomic_store_n((uint32_t *)p, htole32(v), __ATOMIC_RELAXED);
            return;
        case 8:
            __atomic_store_n((uint64_t *)p, htole64(v), __ATOMIC_RELAXED);
            return;
        }
    }
    stn_le(p, size, v);
}

static MemTxResult ld_range(const FlatRange *r, hwaddr addr, uint64_t *value, unsigned size)
{
    if (r->direct) {
        *value = ram_load(range_host(r, addr), size);
        return MEMTX_OK;
    }
    return memory_region_dispatch_read(r->mr, r->offset + (addr - r->start), value, size);
}

static MemTxResult st_range(const FlatRange *r, hwaddr addr, uint64_t value, unsigned size)
{
    hwaddr offset = r->offset + (addr - r->start);

    if (r->direct && !r->readonly) {
        ram_block_before_write(r->mr->ram, offset, size);
        ram_store(range_host(r, addr), value, size);
        ram_block_mark_dirty(r->mr->ram, offset, size);
        return MEMTX_OK;
    }
    return memory_region_dispatch_write(r->mr, offset, value, size);
}

static bool size_ok(unsigned size)
{
    return size == 1 || size == 2 || size == 4 || size == 8;
}

/* Whether every byte of an access that crosses ranges is RAM; registers are never split here. */
static bool all_ram(const FlatView *view, hwaddr addr, unsigned size, bool is_write)
{
    for (unsigned i = 0; i < size; i++) {
        const FlatRange *r = flatview_lookup(view, addr + i, NULL);
        if (!r || !r->direct || (is_write && r->readonly)) {
            return false;
        }
    }
    return true;
}

static MemTxResult view_ld(const FlatView *view, hwaddr addr, uint64_t *value, unsigned size)
{
    const FlatRange *r = flatview_lookup(view, addr, NULL);

    if (!r || !size_ok(size)) {
        return MEMTX_DECODE_ERROR;
    }
    if (size - 1 <= r->last - addr) {
        return ld_range(r, addr, value, size);
    }
    if (!all_ram(view, addr, size, false)) {
        return MEMTX_DECODE_ERROR;
    }
    for (unsigned i = 0; i < size; i++) {
        uint64_t byte;
        ld_range(flatview_lookup(view, addr + i, NULL), addr + i, &byte, 1);
        *value |= byte << (i * 8);
    }
    return MEMTX_OK;
}

static MemTxResult view_st(const FlatView *view, hwaddr addr, uint64_t value, unsigned size)
{
    const FlatRange *r = flatview_lookup(view, addr, NULL);

    if (!r || !size_ok(size)) {
        return MEMTX_DECODE_ERROR;
    }
    if (size - 1 <= r->last - addr) {
        return st_range(r, addr, value, size);
    }
    if (!all_ram(view, addr, size, true)) {
        return MEMTX_DECODE_ERROR;
    }
    for (unsigned i = 0; i < size; i++) {
        st_range(flatview_lookup(view, addr + i, NULL), addr + i, (value >> (i * 8)) & 0xff, 1);
    }
    return MEMTX_OK;
}

MemTxResult address_space_ld(AddressSpace *as, hwaddr addr, uint64_t *value, unsigned size)
{
    unsigned token = memory_read_begin();
    MemTxResult result;

    *value = 0;
    result = view_ld(address_space_view(as), addr, value, size);
    memory_read_end(token);
    return result;
}

MemTxResult address_space_st(AddressSpace *as, hwaddr addr, uint64_t value, unsigned size)
{
    unsigned token = memory_read_begin();
    MemTxResult result = view_st(address_space_view(as), addr, value, size);

    memory_read_end(token);
    return result;
}

/* ---- Debugger and loaders ---- */

/* Whether every byte has RAM behind it, whatever guest reads and writes would do there. */
static bool view_has_ram(const FlatView *view, hwaddr addr, uint64_t len)
{
    while (len) {
        const FlatRange *r = flatview_lookup(view, addr, NULL);
        uint64_t left;

        if (!r || !r->mr->ram) {
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

static bool view_copy(const FlatView *view, hwaddr addr, uint8_t *buf, uint64_t len, bool is_write)
{
    if (!view_has_ram(view, addr, len)) {
        return false;
    }
    while (len) {
        const FlatRange *r = flatview_lookup(view, addr, NULL);
        uint64_t n = r->last - addr >= len - 1 ? len : r->last - addr + 1;

        if (is_write) {
            hwaddr offset = r->offset + (addr - r->start);
            ram_block_before_write(r->mr->ram, offset, n);
            memcpy(range_host(r, addr), buf, n);
            ram_block_mark_dirty(r->mr->ram, offset, n);
        } else {
            memcpy(buf, range_host(r, addr), n);
        }
        buf += n;
        addr += n;
        len -= n;
    }
    return true;
}

bool address_space_has_ram(AddressSpace *as, hwaddr addr, uint64_t len)
{
    unsigned token = memory_read_begin();
    bool ok = view_has_ram(address_space_view(as), addr, len);

    memory_read_end(token);
    return ok;
}

bool address_space_read_ram(AddressSpace *as, hwaddr addr, void *buf, uint64_t len)
{
    unsigned token = memory_read_begin();
    bool ok = view_copy(address_space_view(as), addr, buf, len, false);

    memory_read_end(token);
    return ok;
}

bool address_space_write_rom(AddressSpace *as, hwaddr addr, const void *buf, uint64_t len)
{
    unsigned token = memory_read_begin();
    bool ok = view_copy(address_space_view(as), addr, (uint8_t *)buf, len, true);

    memory_read_end(token);
    return ok;
}
