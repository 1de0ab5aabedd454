/*
 * Memory regions and the tree they form.
 *
 * SPDX-License-Identifier: MIT
 */
#include "softmmu/memory.h"

#include "softmmu/internal.h"

void memory_region_init(MemoryRegion *mr, void *owner, const char *name, uint64_t size)
{
    *mr = (MemoryRegion){
        .kind = MR_CONTAINER,
        .name = g_strdup(name),
        .size = size,
        .enabled = true,
        .romd = true,
        .owner = owner,
    };
}

static bool init_ram_kind(MemoryRegion *mr, MemoryRegionKind kind, void *owner, const char *name,
                          uint64_t size, const RAMSource *source, Error **errp)
{
    RAMBlock *block = ram_block_new_from(name, size, source, errp);

    if (!block) {
        *mr = (MemoryRegion){ .kind = MR_CONTAINER };
        return false;
    }
    memory_region_init(mr, owner, name, size);
    mr->kind = kind;
    mr->ram = block;
    return true;
}

bool memory_region_init_ram(MemoryRegion *mr, void *owner, const char *name, uint64_t size,
                            Error **errp)
{
    return init_ram_kind(mr, MR_RAM, owner, name, size, NULL, errp);
}

bool memory_region_init_ram_from(MemoryRegion *mr, void *owner, const char *name, uint64_t size,
                                 const RAMSource *source, Error **errp)
{
    return init_ram_kind(mr, MR_RAM, owner, name, size, source, errp);
}

bool memory_region_init_rom(MemoryRegion *mr, void *owner, const char *name, uint64_t size,
                            Error **errp)
{
    return init_ram_kind(mr, MR_ROM, owner, name, size, NULL, errp);
}

bool memory_region_init_rom_device(MemoryRegion *mr, void *owner, const MemoryRegionOps *ops,
                                   void *opaque, const char *name, uint64_t size, Error **errp)
{
    if (!init_ram_kind(mr, MR_ROM_DEVICE, owner, name, size, NULL, errp)) {
        return false;
    }
    mr->ops = ops;
    mr->opaque = opaque;
    return true;
}

void memory_region_init_io(MemoryRegion *mr, void *owner, const MemoryRegionOps *ops,
                           void *opaque, GMutex *lock, const char *name, uint64_t size)
{
    memory_region_init(mr, owner, name, size);
    mr->kind = MR_IO;
    mr->ops = ops;
    mr->opaque = opaque;
    mr->lock = lock;
}

void memory_region_init_alias(MemoryRegion *mr, void *owner, const char *name,
                              MemoryRegion *orig, hwaddr offset, uint64_t size)
{
    memory_region_init(mr, owner, name, size);
    mr->kind = MR_ALIAS;
    mr->alias = orig;
    mr->alias_offset = offset;
}

void memory_region_destroy(MemoryRegion *mr)
{
    memory_region_transaction_begin();
    if (mr->container) {
        memory_region_del_subregion(mr->container, mr);
    }
    while (mr->subregions) {
        memory_region_del_subregion(mr, mr->subregions->data);
    }
    memory_region_transaction_commit();
    if (mr->ram) {
        ram_block_unref(mr->ram);
        mr->ram = NULL;
    }
    g_clear_pointer(&mr->eventfds, g_array_unref);
    g_free(mr->name);
    mr->name = NULL;
}

/* Puts sub before the first sibling of the same or a lower priority: the newest of equals wins. */
static void insert_subregion(MemoryRegion *mr, MemoryRegion *sub)
{
    GList *at = mr->subregions;

    while (at && ((MemoryRegion *)at->data)->priority > sub->priority) {
        at = at->next;
    }
    mr->subregions = g_list_insert_before(mr->subregions, at, sub);
    sub->container = mr;
}

static void add_subregion(MemoryRegion *mr, hwaddr addr, MemoryRegion *sub)
{
    memory_region_transaction_begin();
    if (sub->container) {
        memory_region_del_subregion(sub->container, sub);
    }
    sub->addr = addr;
    insert_subregion(mr, sub);
    memory_changed();
    memory_region_transaction_commit();
}

void memory_region_add_subregion(MemoryRegion *mr, hwaddr addr, MemoryRegion *sub)
{
    sub->priority = 0;
    sub->may_overlap = false;
    add_subregion(mr, addr, sub);
}

void memory_region_add_subregion_overlap(MemoryRegion *mr, hwaddr addr, MemoryRegion *sub,
                                         int priority)
{
    sub->priority = priority;
    sub->may_overlap = true;
    add_subregion(mr, addr, sub);
}

void memory_region_del_subregion(MemoryRegion *mr, MemoryRegion *sub)
{
    memory_region_transaction_begin();
    if (sub->container == mr) {
        mr->subregions = g_list_remove(mr->subregions, sub);
        sub->container = NULL;
        memory_changed();
    }
    memory_region_transaction_commit();
}

void memory_region_set_enabled(MemoryRegion *mr, bool enabled)
{
    memory_region_transaction_begin();
    if (mr->enabled != enabled) {
        mr->enabled = enabled;
        memory_changed();
    }
    memory_region_transaction_commit();
}

void memory_region_set_address(MemoryRegion *mr, hwaddr addr)
{
    memory_region_transaction_begin();
    if (mr->addr != addr) {
        mr->addr = addr;
        memory_changed();
    }
    memory_region_transaction_commit();
}

void memory_region_rom_device_set_romd(MemoryRegion *mr, bool romd)
{
    memory_region_transaction_begin();
    if (mr->romd != romd) {
        mr->romd = romd;
        memory_changed();
    }
    memory_region_transaction_commit();
}
