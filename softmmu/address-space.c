/*
 * Address spaces: the registry, transactions that make new views, and listeners.
 *
 * SPDX-License-Identifier: MIT
 */
#include "softmmu/internal.h"

#include "util/log.h"

/* The registry. The lock also guards every MemoryRegion tree and every list of listeners. */
static struct {
    GRecMutex lock;
    unsigned depth; /* of transactions */
    bool changed;   /* since the outermost begin */
    bool eventfds_changed;
    GList *spaces;  /* of AddressSpace */
} registry;

void memory_lock(void)
{
    g_rec_mutex_lock(&registry.lock);
}

void memory_unlock(void)
{
    g_rec_mutex_unlock(&registry.lock);
}

void memory_changed(void)
{
    registry.changed = true;
}

void memory_eventfds_changed(void)
{
    registry.eventfds_changed = true;
}

static bool view_has(const FlatView *view, const FlatRange *range)
{
    const FlatRange *r = flatview_lookup(view, range->start, NULL);

    return r && flat_range_equal(r, range);
}

/* One state of an address space, as listeners know it. */
typedef struct Seen {
    const FlatView *view;
    const GArray *eventfds; /* NULL: none */
} Seen;

static void listener_apply(MemoryListener *l, Seen old_seen, Seen new_seen)
{
    const FlatView *old = old_seen.view, *new = new_seen.view;

    if (l->begin) {
        l->begin(l);
    }
    for (unsigned i = 0; l->region_del && i < old->nr; i++) {
        if (!view_has(new, &old->ranges[i])) {
            l->region_del(l, &old->ranges[i]);
        }
    }
    for (unsigned i = 0; l->region_add && i < new->nr; i++) {
        if (!view_has(old, &new->ranges[i])) {
            l->region_add(l, &new->ranges[i]);
        }
    }
    eventfds_apply(l, old_seen.eventfds, new_seen.eventfds);
    if (l->commit) {
        l->commit(l);
    }
}

/* Only the event descriptors may have changed. */
static void address_space_update_eventfds(AddressSpace *as)
{
    GArray *old = as->eventfds;

    as->eventfds = eventfds_render(as->view);
    for (GList *l = as->listeners; l; l = l->next) {
        eventfds_apply(l->data, old, as->eventfds);
    }
    g_array_unref(old);
}

static void address_space_update(AddressSpace *as)
{
    FlatView *old = as->view;
    FlatView *new = flatview_render(as->root);
    GArray *old_eventfds = as->eventfds;

    if (old && flatview_equal(old, new)) {
        g_free(new);
        address_space_update_eventfds(as);
        return;
    }
    __atomic_store_n(&as->view, new, __ATOMIC_SEQ_CST);
    as->eventfds = eventfds_render(new);
    if (old) {
        for (GList *l = as->listeners; l; l = l->next) {
            listener_apply(l->data, (Seen){ old, old_eventfds }, (Seen){ new, as->eventfds });
        }
        memory_retire(old, g_free);
        g_array_unref(old_eventfds);
    }
    if (log_enabled(LOG_PAGE)) {
        g_autoptr(GString) text = g_string_new(NULL);

        memory_print(as, true, text);
        log_printf(LOG_PAGE, "%s", text->str);
    }
}

void memory_region_transaction_begin(void)
{
    memory_lock();
    registry.depth++;
}

void memory_region_transaction_commit(void)
{
    if (registry.depth == 1 && (registry.changed || registry.eventfds_changed)) {
        bool regions = registry.changed;

        registry.changed = registry.eventfds_changed = false;
        for (GList *l = registry.spaces; l; l = l->next) {
            if (regions) {
                address_space_update(l->data);
            } else {
                address_space_update_eventfds(l->data);
            }
        }
    }
    registry.depth--;
    memory_unlock();
}

void address_space_init(AddressSpace *as, MemoryRegion *root, const char *name)
{
    *as = (AddressSpace){ .name = g_strdup(name), .root = root };
    memory_lock();
    address_space_update(as);
    registry.spaces = g_list_append(registry.spaces, as);
    memory_unlock();
}

void address_space_destroy(AddressSpace *as)
{
    memory_lock();
    registry.spaces = g_list_remove(registry.spaces, as);
    while (as->listeners) {
        memory_listener_unregister(as->listeners->data, as);
    }
    memory_retire(as->view, g_free);
    as->view = NULL;
    g_clear_pointer(&as->eventfds, g_array_unref);
    memory_unlock();
    g_free(as->name);
    as->name = NULL;
}

static gint by_priority(gconstpointer a, gconstpointer b)
{
    return ((const MemoryListener *)a)->priority - ((const MemoryListener *)b)->priority;
}

void memory_listener_register(MemoryListener *l, AddressSpace *as)
{
    static const FlatView empty;

    memory_lock();
    as->listeners = g_list_insert_sorted(as->listeners, l, by_priority);
    listener_apply(l, (Seen){ &empty, NULL }, (Seen){ as->view, as->eventfds });
    memory_unlock();
}

void memory_listener_unregister(MemoryListener *l, AddressSpace *as)
{
    static const FlatView empty;

    memory_lock();
    if (g_list_find(as->listeners, l)) {
        as->listeners = g_list_remove(as->listeners, l);
        listener_apply(l, (Seen){ as->view, as->eventfds }, (Seen){ &empty, NULL });
    }
    memory_unlock();
}
