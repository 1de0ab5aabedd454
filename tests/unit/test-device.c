/*
 * Devices, buses, interrupt lines and requests to vCPUs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/core/device.h"

#include <string.h>

#include "hw/core/cpu.h"
#include "hw/core/machine.h"

#define TYPE_TOY "test-toy"
#define TYPE_TOY_BUS "test-toy-bus"
#define TYPE_TOY_CARD "test-toy-card"

typedef struct Toy {
    DeviceState parent_obj;
    MemoryRegion mr;
    uint32_t reg;
    uint32_t size;
    bool fail;
    unsigned realized, unrealized, resets;
    GString *irqs;
} Toy;

static MemTxResult toy_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    *value = ((Toy *)opaque)->reg;
    return MEMTX_OK;
}

static MemTxResult toy_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    Toy *t = opaque;

    t->reg = value;
    if (t->parent_obj.nr_irq_out) {
        irq_set(&t->parent_obj.irq_out[0], value & 1);
    }
    return MEMTX_OK;
}

static const MemoryRegionOps toy_ops = {
    .read = toy_read,
    .write = toy_write,
    .valid = { .min = 4, .max = 4 },
};

static bool toy_realize(DeviceState *dev, Error **errp)
{
    Toy *t = (Toy *)dev;

    if (t->fail) {
        error_setg(errp, "toy is broken");
        return false;
    }
    t->realized++;
    device_init_mmio(dev, &t->mr, &toy_ops, "toy", 0x10);
    device_init_irqs(dev, 2);
    return true;
}

static void toy_unrealize(DeviceState *dev)
{
    ((Toy *)dev)->unrealized++;
}

static void toy_reset(DeviceState *dev)
{
    g_assert_false(g_mutex_trylock(&dev->lock));
    ((Toy *)dev)->resets++;
}

static void toy_irq_in(void *dev, int n, bool level)
{
    g_string_append_printf(((Toy *)dev)->irqs, "%d%c ", n, level ? '+' : '-');
}

static void toy_init(Object *obj)
{
    ((Toy *)obj)->irqs = g_string_new(NULL);
}

static void toy_finalize(Object *obj)
{
    g_string_free(((Toy *)obj)->irqs, TRUE);
}

static const StateField toy_fields[] = {
    S_U32(Toy, reg, .reset = 0x55),
    S_END,
};
static const StateTable toy_state = { .name = "toy", .fields = toy_fields };
static const Property toy_props[] = {
    PROP_U32("size", Toy, size, 4, 1, 100, "how large"),
    PROP_END,
};

static void toy_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    klass->props = toy_props;
    klass->state = &toy_state;
    dc->realize = toy_realize;
    dc->unrealize = toy_unrealize;
    dc->reset = toy_reset;
    dc->irq_in = toy_irq_in;
    dc->bus_type = data;
}

static unsigned plugged;

static bool toy_bus_plug(BusState *bus, DeviceState *dev, Error **errp)
{
    plugged++;
    return true;
}

static void toy_bus_unplug(BusState *bus, DeviceState *dev)
{
    plugged--;
}

static void toy_bus_class_init(ObjectClass *klass, const void *data)
{
    BUS_CLASS(klass)->plug = toy_bus_plug;
    BUS_CLASS(klass)->unplug = toy_bus_unplug;
}

static const TypeInfo toy_types[] = {
    { .name = TYPE_TOY, .parent = TYPE_DEVICE, .instance_size = sizeof(Toy),
      .class_init = toy_class_init, .instance_init = toy_init, .instance_finalize = toy_finalize },
    { .name = TYPE_TOY_CARD, .parent = TYPE_DEVICE, .instance_size = sizeof(Toy),
      .class_init = toy_class_init, .class_data = TYPE_TOY_BUS, .instance_init = toy_init,
      .instance_finalize = toy_finalize },
    { .name = TYPE_TOY_BUS, .parent = TYPE_BUS, .class_init = toy_bus_class_init },
    { .name = "test-cpu", .parent = TYPE_CPU },
    { .name = "test-machine", .parent = TYPE_MACHINE },
};
type_init_array(toy_types);

static void check_error(Error *err, const char *words)
{
    g_assert_nonnull(err);
    g_assert_nonnull(strstr(error_get_pretty(err), words));
    error_free(err);
}

static void test_life(void)
{
    MemoryRegion root;
    AddressSpace as;
    Toy *t = (Toy *)object_new_known(TYPE_TOY);
    DeviceState *dev = DEVICE(t);
    Error *err = NULL;
    uint64_t v;

    memory_region_init(&root, NULL, "root", UINT64_MAX);
    address_space_init(&as, &root, "device");
    t->fail = true;
    g_assert_false(device_realize(dev, &err));
    check_error(err, "broken");
    g_assert_false(dev->realized);
    t->fail = false;
    g_assert_true(object_property_set_str(t, "size", "7", NULL));
    g_assert_true(device_realize(dev, NULL));
    g_assert_true(device_realize(dev, NULL)); /* once */
    g_assert_cmpuint(t->realized, ==, 1);
    err = NULL;
    g_assert_false(object_property_set_str(t, "size", "8", &err)); /* too late */
    error_free(err);
    g_assert_cmpuint(t->size, ==, 7);

    device_map(dev, 0, &root, 0x1000);
    g_assert_cmphex(dev->mmio_addr[0], ==, 0x1000);
    g_assert_cmpint(address_space_st(&as, 0x1004, 9, 4), ==, MEMTX_OK);
    g_assert_cmpuint(t->reg, ==, 9);
    g_assert_cmpint(address_space_ld(&as, 0x1001, &v, 4), ==, MEMTX_DECODE_ERROR);
    device_reset(dev);
    g_assert_cmphex(t->reg, ==, 0x55);
    g_assert_cmpuint(t->resets, ==, 1);
    device_unrealize(dev);
    g_assert_cmpuint(t->unrealized, ==, 1);
    g_assert_cmpint(address_space_ld(&as, 0x1000, &v, 4), ==, MEMTX_DECODE_ERROR);
    object_unref(t);
    address_space_destroy(&as);
    memory_region_destroy(&root);
    flatview_reclaim();
}

static void test_irq(void)
{
    Toy *a = (Toy *)object_new_known(TYPE_TOY);
    Toy *b = (Toy *)object_new_known(TYPE_TOY);
    IRQ *out;

    g_assert_true(device_realize(DEVICE(a), NULL));
    out = DEVICE(a)->irq_out;
    irq_raise(&out[1]); /* before it is connected */
    device_connect_irq(DEVICE(a), 0, DEVICE(b), 5);
    device_connect_irq(DEVICE(a), 1, DEVICE(b), 6);
    g_assert_cmpstr(b->irqs->str, ==, "6+ ");
    irq_raise(&out[0]);
    irq_raise(&out[0]); /* no edge */
    irq_lower(&out[0]);
    irq_lower(&out[0]);
    irq_pulse(&out[0]);
    irq_set(&out[1], false);
    g_assert_cmpstr(b->irqs->str, ==, "6+ 5+ 5- 5+ 5- 6- ");
    object_unref(a);
    object_unref(b);
}

static void test_bus(void)
{
    Toy *host = (Toy *)object_new_known(TYPE_TOY);
    Toy *c1 = (Toy *)object_new_known(TYPE_TOY_CARD);
    Toy *c2 = (Toy *)object_new_known(TYPE_TOY_CARD);
    Object *root = object_container("/test");
    Error *err = NULL;
    BusState *bus;

    g_assert_true(object_add_child(root, "host", host, NULL));
    g_assert_null(bus_find(root, TYPE_TOY_BUS, NULL, &err));
    check_error(err, "no bus of type 'test-toy-bus'");
    bus = bus_new(TYPE_TOY_BUS, DEVICE(host), "toybus.0");
    bus->max_devices = 1;
    err = NULL;
    g_assert_false(device_realize(DEVICE(c1), &err));
    check_error(err, "needs a bus of type 'test-toy-bus'");
    g_assert_true(bus_find(root, TYPE_TOY_BUS, NULL, NULL) == bus);
    g_assert_true(bus_find(root, TYPE_TOY_BUS, "toybus.0", NULL) == bus);
    err = NULL;
    g_assert_null(bus_find(root, TYPE_TOY_BUS, "toybus.1", &err));
    check_error(err, "no bus 'toybus.1' (did you mean 'toybus.0'?)");
    err = NULL;
    g_assert_false(bus_attach(bus, DEVICE(host), &err));
    check_error(err, "does not go on a bus");

    g_assert_true(bus_attach(bus, DEVICE(c1), NULL));
    c1->fail = true;
    g_assert_false(device_realize(DEVICE(c1), NULL));
    g_assert_cmpuint(plugged, ==, 0);
    c1->fail = false;
    g_assert_true(device_realize(DEVICE(c1), NULL));
    g_assert_cmpuint(plugged, ==, 1);
    err = NULL;
    g_assert_false(bus_attach(bus, DEVICE(c2), &err));
    check_error(err, "has no free slot");
    err = NULL;
    g_assert_null(bus_find(root, TYPE_TOY_BUS, NULL, &err));
    check_error(err, "are taken");
    err = NULL;
    g_assert_null(bus_find(root, TYPE_TOY_BUS, "toybus.0", &err));
    check_error(err, "no free slot");

    g_assert_true(device_realize(DEVICE(host), NULL));
    device_reset(DEVICE(host));
    g_assert_cmpuint(c1->resets, ==, 1);
    device_unrealize(DEVICE(host)); /* what sits on its buses first */
    g_assert_cmpuint(c1->unrealized, ==, 1);
    g_assert_cmpuint(plugged, ==, 0);
    bus_detach(DEVICE(c1));
    g_assert_true(bus_attach(bus, DEVICE(c2), NULL));
    object_unref(c1);
    object_unref(c2);
    g_assert_cmpuint(bus->devices->len, ==, 0);
    object_unparent(host);
    object_unref(host);
}

/* ---- vCPUs: a thread that sleeps until asked, as system/ does it ---- */

static gpointer cpu_thread(gpointer opaque)
{
    CPUState *cpu = opaque;
    bool quit = false;

    this_cpu = cpu;
    while (!quit) {
        g_mutex_lock(&cpu->mutex);
        while (!__atomic_load_n(&cpu->attention, __ATOMIC_SEQ_CST)) {
            cpu->sleeping = true;
            g_cond_wait(&cpu->cond, &cpu->mutex);
            cpu->sleeping = false;
        }
        quit = cpu->unplug;
        g_mutex_unlock(&cpu->mutex);
        __atomic_store_n(&cpu->attention, 0, __ATOMIC_SEQ_CST);
        cpu_process_work(cpu);
    }
    return NULL;
}

static void add_one(CPUState *cpu, void *data)
{
    g_assert_true(this_cpu == cpu);
    (*(unsigned *)data)++;
}

static void here(CPUState *cpu, void *data)
{
    *(GThread **)data = g_thread_self();
}

static gpointer asker(gpointer opaque)
{
    unsigned n = 0;

    for (unsigned i = 0; i < 5000; i++) {
        cpu_run_on(opaque, add_one, &n);
        g_assert_cmpuint(n, ==, i + 1);
    }
    return NULL;
}

static unsigned kicks;

static void count_kick(CPUState *cpu)
{
    __atomic_fetch_add(&kicks, 1, __ATOMIC_RELAXED);
}

static void test_cpu_work(void)
{
    CPUState *cpu = CPU(object_new_known("test-cpu"));
    GThread *where = NULL, *thread, *askers[2];
    unsigned n = 0;

    cpu->accel_kick = count_kick;
    cpu_run_on(cpu, here, &where); /* no thread yet */
    g_assert_true(where == g_thread_self());
    cpu->created = true;
    cpu_run_on_async(cpu, add_one, &n);
    g_assert_cmpuint(n, ==, 0);
    g_assert_cmphex(cpu->attention, ==, CPU_ATTN_EXIT);
    g_assert_cmpuint(kicks, ==, 1);
    thread = g_thread_new("cpu", cpu_thread, cpu);
    cpu_run_on(cpu, add_one, &n); /* after what was queued before */
    g_assert_cmpuint(n, ==, 2);
    for (int i = 0; i < 2; i++) {
        askers[i] = g_thread_new("asker", asker, cpu);
    }
    for (int i = 0; i < 2; i++) {
        g_thread_join(askers[i]);
    }
    g_mutex_lock(&cpu->mutex);
    cpu->unplug = true;
    g_mutex_unlock(&cpu->mutex);
    cpu_kick(cpu);
    g_thread_join(thread);
    object_unref(cpu);
}

static void test_cpu_list(void)
{
    CPUState *a = CPU(object_new_known("test-cpu")), *b = CPU(object_new_known("test-cpu")), *c;
    unsigned n = 0;

    cpu_list_add(a);
    cpu_list_add(b);
    g_assert_cmpint(b->cpu_index, ==, 1);
    CPU_FOREACH(c) {
        n += c->cpu_index + 1;
    }
    g_assert_cmpuint(n, ==, 3);
    cpu_list_remove(a);
    g_assert_cmpint(b->cpu_index, ==, 0);
    cpu_list_remove(b);
    g_assert_cmpuint(cpu_list()->nr, ==, 0);
    object_unref(a);
    object_unref(b);
}

static void test_machine(void)
{
    MachineState *ms = MACHINE(object_new_known("test-machine"));

    g_assert_null(current_machine());
    g_assert_true(object_property_set_str(ms, "append", "console=ttyS0,115200", NULL));
    g_assert_cmpstr(ms->append, ==, "console=ttyS0,115200");
    g_assert_null(ms->kernel);
    g_assert_true(object_add_child(object_root(), "machine", ms, NULL));
    g_assert_true(current_machine() == ms);
    object_unparent(ms);
    object_unref(ms);
    flatview_reclaim();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/device/life", test_life);
    g_test_add_func("/device/irq", test_irq);
    g_test_add_func("/device/bus", test_bus);
    g_test_add_func("/device/cpu-work", test_cpu_work);
    g_test_add_func("/device/cpu-list", test_cpu_list);
    g_test_add_func("/device/machine", test_machine);
    return g_test_run();
}
