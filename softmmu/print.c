/*
 * Memory as "info mtree" shows it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "softmmu/internal.h"

#include <inttypes.h>

static const char *kind_name(const MemoryRegion *mr)
{
    switch (mr->kind) {
    case MR_RAM:
        return "ram";
    case MR_ROM:
        return "rom";
    case MR_ROM_DEVICE:
        return "romd";
    case MR_IO:
    case MR_CONTAINER:
        return "i/o";
    case MR_ALIAS:
        break;
    }
    return "alias";
}

static void print_region(const MemoryRegion *mr, hwaddr base, unsigned depth, GString *out)
{
    hwaddr last = base + (mr->size ? memory_region_last(mr) : 0);

    g_string_append_printf(out, "%*s%016" PRIx64 "-%016" PRIx64 " (prio %d, %s): ",
                           (int)depth * 2, "", base, last, mr->priority, kind_name(mr));
    if (mr->kind == MR_ALIAS) {
        g_string_append_printf(out, "alias %s @%s %016" PRIx64 "-%016" PRIx64, mr->name,
                               mr->alias->name, mr->alias_offset,
                               mr->alias_offset + (mr->size ? memory_region_last(mr) : 0));
    } else {
        g_string_append(out, mr->name);
    }
    g_string_append(out, mr->enabled ? "\n" : " [disabled]\n");
    for (GList *l = mr->subregions; l && depth < 64; l = l->next) {
        const MemoryRegion *sub = l->data;
        print_region(sub, base + sub->addr, depth + 1, out);
    }
}

void memory_print(AddressSpace *as, bool flat, GString *out)
{
    const FlatView *view;

    memory_lock();
    view = address_space_view(as);
    if (!flat) {
        g_string_append_printf(out, "address-space: %s\n", as->name);
        print_region(as->root, 0, 1, out);
    } else {
        g_string_append_printf(out, "FlatView\n AS \"%s\", root: %s\n", as->name, as->root->name);
        for (unsigned i = 0; i < view->nr; i++) {
            const FlatRange *r = &view->ranges[i];

            g_string_append_printf(out, "  %016" PRIx64 "-%016" PRIx64 " (prio %d, %s): %s",
                                   r->start, r->last, r->mr->priority, kind_name(r->mr),
                                   r->mr->name);
            if (r->offset) {
                g_string_append_printf(out, " @%016" PRIx64, r->offset);
            }
            g_string_append_c(out, '\n');
        }
    }
    memory_unlock();
}
