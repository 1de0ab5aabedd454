/*
 * Event descriptors of memory regions, and notifications of virtio queues by them: what an accelerator
 * is told as queues and regions come, go and move. The accelerator here is a list.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/unit/virtio-toy.h"

#include "util/event-notifier.h"

typedef struct Kernel {
    MemoryListener listener; /* first */
    GArray *known;           /* of MemoryEventfd */
    unsigned added, removed;
} Kernel;

static void kernel_add(MemoryListener *l, const MemoryEventfd *e)
{
    Kernel *k = (Kernel *)l;

    g_array_append_vals(k->known, e, 1);
    k->added++;
}

static void kernel_del(MemoryListener *l, const MemoryEventfd *e)
{
    Kernel *k = (Kernel *)l;

    for (guint i = 0; i < k->known->len; i++) {
        const MemoryEventfd *have = &g_array_index(k->known, MemoryEventfd, i);

        if (have->addr == e->addr && have->fd == e->fd && have->data == e->data) {
            g_array_remove_index(k->known, i);
            k->removed++;
            return;
        }
    }
    g_assert_not_reached(); /* what is removed was there */
}

static void kernel_start(Kernel *k, AddressSpace *as)
{
    *k = (Kernel){ .listener = { .name = "test", .eventfd_add = kernel_add,
                                 .eventfd_del = kernel_del },
                   .known = g_array_new(FALSE, FALSE, sizeof(MemoryEventfd)) };
    memory_listener_register(&k->listener, as);
}

static void kernel_stop(Kernel *k, AddressSpace *as)
{
    memory_listener_unregister(&k->listener, as);
    g_assert_cmpuint(k->known->len, ==, 0);
    g_array_unref(k->known);
}

/* A guest's store, as a kernel with these descriptors treats it. True: it went to one. */
static bool kernel_store(Kernel *k, AddressSpace *as, hwaddr addr, uint64_t v, unsigned size)
{
    for (guint i = 0; i < k->known->len; i++) {
        const MemoryEventfd *e = &g_array_index(k->known, MemoryEventfd, i);

        if (e->addr == addr && (!e->size || e->size == size) && (!e->match || e->data == v)) {
            EventNotifier n = { e->fd };

            event_notifier_set(&n);
            return true;
        }
    }
    address_space_st(as, addr, v, size);
    return false;
}

static void settle(void)
{
    while (g_main_context_iteration(NULL, FALSE)) {
    }
}

/* ---- Regions ---- */

static void test_regions(void)
{
    static const MemoryRegionOps ops = { 0 };
    MemoryRegion root, dev, cover, alias;
    AddressSpace as;
    EventNotifier n;
    Kernel k;
    MemoryEventfd a = { .addr = 0x10, .size = 4, .match = true, .data = 1 }, b, wide;

    g_assert_true(event_notifier_init(&n, NULL));
    g_assert_false(event_notifier_test_and_clear(&n));
    event_notifier_set(&n);
    event_notifier_set(&n);
    g_assert_true(event_notifier_test_and_clear(&n));
    g_assert_false(event_notifier_test_and_clear(&n));

    a.fd = n.fd;
    b = wide = a;
    b.data = 2;
    wide = (MemoryEventfd){ .addr = 0x1ffe, .size = 4, .fd = n.fd }; /* over the end of a view */
    memory_region_init(&root, NULL, "root", UINT64_MAX);
    memory_region_init_io(&dev, NULL, &ops, NULL, NULL, "dev", 0x4000);
    memory_region_init_io(&cover, NULL, &ops, NULL, NULL, "cover", 0x100);
    memory_region_init_alias(&alias, NULL, "alias", &dev, 0, 0x2000);
    address_space_init(&as, &root, "test");
    g_assert_false(address_space_takes_eventfds(&as));

    memory_region_add_eventfd(&dev, &a); /* not in the view, and no listener */
    memory_region_add_subregion(&root, 0x10000, &dev);
    kernel_start(&k, &as);
    g_assert_true(address_space_takes_eventfds(&as));
    g_assert_cmpuint(k.known->len, ==, 1);
    g_assert_cmphex(g_array_index(k.known, MemoryEventfd, 0).addr, ==, 0x10010);

    memory_region_add_eventfd(&dev, &a); /* the same again is one */
    memory_region_add_eventfd(&dev, &b);
    g_assert_cmpuint(k.known->len, ==, 2);
    memory_region_set_address(&dev, 0x20000);
    g_assert_cmpuint(k.known->len, ==, 2);
    g_assert_cmpuint(k.removed, ==, 2);
    g_assert_cmphex(g_array_index(k.known, MemoryEventfd, 0).addr, ==, 0x20010);

    memory_region_add_subregion_overlap(&root, 0x20000, &cover, 1);
    g_assert_cmpuint(k.known->len, ==, 0); /* hidden */
    memory_region_add_subregion(&root, 0x40000, &alias);
    g_assert_cmpuint(k.known->len, ==, 2); /* seen through the alias */
    memory_region_add_eventfd(&dev, &wide);
    g_assert_cmpuint(k.known->len, ==, 3); /* whole in the region itself, cut in the alias */
    memory_region_del_eventfd(&dev, &wide);
    memory_region_set_enabled(&cover, false);
    g_assert_cmpuint(k.known->len, ==, 4);

    k.added = k.removed = 0;
    memory_region_transaction_begin();
    memory_region_del_eventfd(&dev, &a);
    memory_region_add_eventfd(&dev, &a);
    memory_region_transaction_commit();
    g_assert_cmpuint(k.added + k.removed, ==, 0); /* nothing has changed in the end */
    memory_region_del_eventfd(&dev, &a);
    g_assert_cmpuint(k.known->len, ==, 2);
    memory_region_destroy(&alias);
    memory_region_destroy(&dev);
    g_assert_cmpuint(k.known->len, ==, 0);
    kernel_stop(&k, &as);
    address_space_destroy(&as);
    memory_region_destroy(&cover);
    memory_region_destroy(&root);
    event_notifier_destroy(&n);
}

/* ---- Queues ---- */

static unsigned add_chain(Ring *q)
{
    const Seg segs[] = { { RIG_FREE, 5, false }, { RIG_FREE + 100, 16, true } };

    return ring_add(q, segs, 2);
}

static void test_queues(gconstpointer data)
{
    bool legacy = GPOINTER_TO_INT(data);
    Rig *r = rig_new(legacy);
    uint64_t drop = BIT_ULL(VIRTIO_F_EVENT_IDX);
    Kernel k;
    Ring q, q1;
    Toy *t;

    kernel_start(&k, &r->as);
    rig_plug(r, TYPE_TOY, NULL);
    t = TOY(r->dev);
    rig_negotiate(r, drop);
    ring_setup(&q, r, 0, 8);
    g_assert_cmpuint(k.known->len, ==, 0); /* not before DRIVER_OK */
    rig_driver_ok(r);
    settle();
    g_assert_cmpuint(k.known->len, ==, 1); /* queue 1 is not ready */
    g_assert_cmphex(g_array_index(k.known, MemoryEventfd, 0).addr, ==, RIG_MMIO + R_NOTIFY);
    g_assert_true(g_array_index(k.known, MemoryEventfd, 0).match);

    t->handled = 0;
    add_chain(&q);
    g_assert_true(kernel_store(&k, &r->as, RIG_MMIO + R_NOTIFY, 0, 4));
    g_assert_cmpuint(t->handled, ==, 0); /* the hart runs on */
    settle();
    g_assert_cmpuint(t->handled, ==, 1);
    g_assert_cmpint(ring_take(&q, NULL), >=, 0);

    /* What no descriptor is there for comes to the register. */
    g_assert_false(kernel_store(&k, &r->as, RIG_MMIO + R_NOTIFY, 1, 4));
    ring_setup(&q1, r, 1, 8);
    g_assert_cmpuint(k.known->len, ==, 2);
    add_chain(&q1);
    g_assert_true(kernel_store(&k, &r->as, RIG_MMIO + R_NOTIFY, 1, 4));
    settle();
    g_assert_cmpuint(t->nr_kept, ==, 1);
    toy_return(t);

    /* The transport moves. */
    memory_region_set_address(&r->transport->mmio[0][0], RIG_MMIO + 0x8000);
    g_assert_cmpuint(k.known->len, ==, 2);
    g_assert_cmphex(g_array_index(k.known, MemoryEventfd, 1).addr, ==, RIG_MMIO + 0x8000 + R_NOTIFY);
    memory_region_set_address(&r->transport->mmio[0][0], RIG_MMIO);

    if (!legacy) {
        wr(r, R_QUEUE_SEL, 1);
        wr(r, R_QUEUE_RESET, 1);
        g_assert_cmpuint(k.known->len, ==, 1);
    }
    /* A notification that was on its way when the driver reset the device does no harm. */
    g_assert_true(kernel_store(&k, &r->as, RIG_MMIO + R_NOTIFY, 0, 4));
    wr(r, R_STATUS, 0);
    g_assert_cmpuint(k.known->len, ==, 0);
    t->handled = 0;
    settle();
    g_assert_cmpuint(t->handled, ==, 0);

    /* Unplugging finds the queues alive. */
    start(r, &q, 0, 8, drop);
    g_assert_cmpuint(k.known->len, ==, 1);
    device_unrealize(r->dev);
    g_assert_cmpuint(k.known->len, ==, 0);
    bus_detach(r->dev);
    object_unref(r->dev);
    r->dev = NULL;
    kernel_stop(&k, &r->as);
    rig_free(r);
}

/* With notification data there is one descriptor, which does not look at the value. */
static void test_notification_data(void)
{
    const char *const props[] = { "notification_data", "on", NULL };
    Rig *r = rig_new(false);
    Kernel k;
    Ring q, q1;
    Toy *t;

    kernel_start(&k, &r->as);
    rig_plug(r, TYPE_TOY, props);
    t = TOY(r->dev);
    rig_negotiate(r, BIT_ULL(VIRTIO_F_EVENT_IDX));
    ring_setup(&q, r, 0, 8);
    ring_setup(&q1, r, 1, 8);
    rig_driver_ok(r);
    settle();
    g_assert_cmpuint(k.known->len, ==, 1);
    g_assert_false(g_array_index(k.known, MemoryEventfd, 0).match);
    add_chain(&q);
    add_chain(&q1);
    t->handled = 0;
    g_assert_true(kernel_store(&k, &r->as, RIG_MMIO + R_NOTIFY, 1 << 16, 4));
    g_assert_true(kernel_store(&k, &r->as, RIG_MMIO + R_NOTIFY, 1 << 16 | 1, 4));
    settle();
    g_assert_cmpuint(t->handled, ==, 1);
    g_assert_cmpuint(t->nr_kept, ==, 1);
    toy_return(t);
    wr(r, R_STATUS, 0);
    g_assert_cmpuint(k.known->len, ==, 0);
    kernel_stop(&k, &r->as);
    rig_free(r);
}

static void test_off(void)
{
    Rig *r;
    Kernel k;
    Ring q;

    g_assert_true(object_global_add(TYPE_VIRTIO_MMIO, "ioeventfd", "off", NULL));
    r = rig_new(false);
    object_globals_clear();
    kernel_start(&k, &r->as);
    rig_plug(r, TYPE_TOY, NULL);
    start(r, &q, 0, 8, BIT_ULL(VIRTIO_F_EVENT_IDX));
    g_assert_cmpuint(k.added, ==, 0);
    add_chain(&q);
    g_assert_false(kernel_store(&k, &r->as, RIG_MMIO + R_NOTIFY, 0, 4));
    g_assert_cmpint(ring_take(&q, NULL), >=, 0);
    kernel_stop(&k, &r->as);
    rig_free(r);
}

/* A loaded device has its descriptors again, and looks at its queues once. */
static void test_load(void)
{
    g_autoptr(GByteArray) state = g_byte_array_new();
    Rig *r = rig_new(false);
    Error *err = NULL;
    Kernel k;
    Ring q;

    kernel_start(&k, &r->as);
    rig_plug(r, TYPE_TOY, NULL);
    start(r, &q, 0, 8, BIT_ULL(VIRTIO_F_EVENT_IDX));
    add_chain(&q);
    g_assert_true(kernel_store(&k, &r->as, RIG_MMIO + R_NOTIFY, 0, 4));
    object_state_save(r->dev, state); /* nobody has looked yet */
    device_reset(r->transport);
    settle();
    g_assert_cmpuint(k.known->len, ==, 0);
    if (!object_state_load(r->dev, state->data, state->len, &err)) {
        g_error("%s", error_get_pretty(err));
    }
    g_assert_cmpuint(k.known->len, ==, 1);
    settle();
    g_assert_cmpint(ring_take(&q, NULL), >=, 0);
    kernel_stop(&k, &r->as);
    rig_free(r);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ioeventfd/regions", test_regions);
    g_test_add_data_func("/ioeventfd/queues/modern", GINT_TO_POINTER(false), test_queues);
    g_test_add_data_func("/ioeventfd/queues/legacy", GINT_TO_POINTER(true), test_queues);
    g_test_add_func("/ioeventfd/notification-data", test_notification_data);
    g_test_add_func("/ioeventfd/off", test_off);
    g_test_add_func("/ioeventfd/load", test_load);
    return g_test_run();
}
