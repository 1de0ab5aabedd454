/*
 * Event descriptors of memory regions: those that a view shows, and what becomes of them for
 * listeners when regions come, go and move.
 *
 * SPDX-License-Identifier: MIT
 */
#include "softmmu/internal.h"

static bool eventfd_equal(const MemoryEventfd *a, const MemoryEventfd *b)
{
    return a->addr == b->addr && a->size == b->size && a->match == b->match && a->fd == b->fd &&
           (!a->match || a->data == b->data);
}

static bool list_has(const GArray *list, const MemoryEventfd *e)
{
    for (guint i = 0; list && i < list->len; i++) {
        if (eventfd_equal(&g_array_index(list, MemoryEventfd, i), e)) {
            return true;
        }
    }
    return false;
}

GArray *eventfds_render(const FlatView *view)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(MemoryEventfd));

    for (unsigned i = 0; i < view->nr; i++) {
        const FlatRange *r = &view->ranges[i];
        const GArray *own = r->mr->eventfds;
        uint64_t last = r->offset + (r->last - r->start);

        for (guint k = 0; own && k < own->len; k++) {
            MemoryEventfd e = g_array_index(own, MemoryEventfd, k);
            uint64_t end = e.addr + (e.size ? e.size - 1 : 0);

            if (e.addr >= r->offset && end <= last) {
                e.addr = r->start + (e.addr - r->offset);
                g_array_append_val(out, e);
            }
        }
    }
    return out;
}

void eventfds_apply(MemoryListener *l, const GArray *old, const GArray *new)
{
    /* Old ones first: what moved may stand where another was. */
    for (guint i = 0; l->eventfd_del && old && i < old->len; i++) {
        const MemoryEventfd *e = &g_array_index(old, MemoryEventfd, i);

        if (!list_has(new, e)) {
            l->eventfd_del(l, e);
        }
    }
    for (guint i = 0; l->eventfd_add && new && i < new->len; i++) {
        const MemoryEventfd *e = &g_array_index(new, MemoryEventfd, i);

        if (!list_has(old, e)) {
            l->eventfd_add(l, e);
        }
    }
}

void memory_region_add_eventfd(MemoryRegion *mr, const MemoryEventfd *e)
{
    memory_region_transaction_begin();
    if (!mr->eventfds) {
        mr->eventfds = g_array_new(FALSE, FALSE, sizeof(MemoryEventfd));
    }
    if (!list_has(mr->eventfds, e)) {
        g_array_append_vals(mr->eventfds, e, 1);
        memory_eventfds_changed();
    }
    memory_region_transaction_commit();
}

void memory_region_del_eventfd(MemoryRegion *mr, const MemoryEventfd *e)
{
    memory_region_transaction_begin();
    for (guint i = 0; mr->eventfds && i < mr->eventfds->len; i++) {
        if (eventfd_equal(&g_array_index(mr->eventfds, MemoryEventfd, i), e)) {
            g_array_remove_index(mr->eventfds, i);
            memory_eventfds_changed();
            break;
        }
    }
    memory_region_transaction_commit();
}

bool address_space_takes_eventfds(AddressSpace *as)
{
    bool takes = false;

    memory_lock();
    for (GList *l = as->listeners; l; l = l->next) {
        takes |= ((const MemoryListener *)l->data)->eventfd_add != NULL;
    }
    memory_unlock();
    return takes;
}
