/*
 * PCI through the eyes of a driver: configuration space, BARs, bridges, pins, messages, bus mastering.
 *
 * SPDX-License-Identifier: MIT
 */
#include <glib.h>
#include <string.h>

#include "hw/pci/pci-host.h"

#define ECAM 0x30000000ull
#define RAM 0x80000000ull
#define RAM_SIZE 0x100000
#define MEM 0x40000000u

static MemoryRegion memory, ram;
static AddressSpace as;
static PCIHost *host;
static bool pins[PCI_NUM_PINS];
static GArray *messages; /* of uint64_t: address << 32 | data */

static void set_pin(void *opaque, int n, bool level)
{
    pins[n] = level;
}

static void send(void *opaque, hwaddr addr, uint32_t data)
{
    uint64_t m = addr << 32 | data;

    g_array_append_val(messages, m);
}

static const MSITarget target = { .send = send };

static const char *set_prop, *set_value; /* of what add() makes next */

static PCIDevice *add(const char *type, const char *bus, const char *addr)
{
    DeviceState *dev = DEVICE(object_new_known(type));
    Error *err = NULL;

    if (set_prop) {
        object_property_set_known(dev, set_prop, set_value);
        set_prop = NULL;
    }
    if (addr) {
        object_property_set_known(dev, "addr", addr);
    }
    if (g_str_equal(type, "edu")) {
        object_property_set_known(dev, "dma_mask", "0xffffffff");
    }
    g_assert_true(object_add_child(object_container("/machine/peripheral-anon"),
                                   addr ? addr : type, dev, NULL));
    dev->id = g_strdup(type);
    if (!bus_attach(bus_find(object_root(), TYPE_PCI_BUS, bus, NULL), dev, &err) ||
        !device_realize(dev, &err)) {
        g_error("%s", error_get_pretty(err));
    }
    object_unref(dev);
    device_reset(dev);
    return PCI_DEVICE(dev);
}

static void setup(bool msi)
{
    DeviceState *dev;

    memory_region_init(&memory, NULL, "memory", UINT64_MAX);
    address_space_init(&as, &memory, "memory");
    g_assert_true(memory_region_init_ram(&ram, NULL, "ram", RAM_SIZE, NULL));
    memory_region_add_subregion(&memory, RAM, &ram);
    dev = DEVICE(object_new_known(TYPE_GPEX_HOST));
    host = GPEX_HOST(dev);
    host->ecam_size = 16 << 20;
    host->mem32 = (PCIWindow){ MEM, 0x10000000 };
    host->mem64 = (PCIWindow){ 0x400000000, 0x400000000 };
    host->ports = (PCIWindow){ 0x3000000, 0x10000 };
    host->msi = msi ? &target : NULL;
    dev->dma_as = &as;
    messages = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    memset(pins, 0, sizeof(pins));
    g_assert_true(object_add_child(object_container("/machine"), "pcie", dev, NULL));
    g_assert_true(device_realize(dev, NULL));
    object_unref(dev);
    device_map(dev, 0, &memory, ECAM);
    device_map(dev, 1, &memory, host->mem32.base);
    device_map(dev, 2, &memory, host->mem64.base);
    device_map(dev, 3, &memory, host->ports.base);
    for (int n = 0; n < PCI_NUM_PINS; n++) {
        irq_connect(&dev->irq_out[n], set_pin, NULL, n);
    }
}

static void teardown(void)
{
    Object *all = object_container("/machine/peripheral-anon");

    while (all->children && all->children->len) {
        Object *obj = g_ptr_array_index(all->children, all->children->len - 1);

        device_unrealize(DEVICE(obj));
        bus_detach(DEVICE(obj));
        object_unparent(obj);
    }
    object_unparent(&host->parent_obj.parent_obj);
    memory_region_del_subregion(&memory, &ram);
    address_space_destroy(&as);
    memory_region_destroy(&ram);
    memory_region_destroy(&memory);
    flatview_reclaim();
    g_array_unref(messages);
}

static uint64_t rd(hwaddr addr, unsigned size)
{
    uint64_t v = 0;

    g_assert_cmpint(address_space_ld(&as, addr, &v, size), ==, MEMTX_OK);
    return v;
}

static void wr(hwaddr addr, uint64_t v, unsigned size)
{
    g_assert_cmpint(address_space_st(&as, addr, v, size), ==, MEMTX_OK);
}

static hwaddr config(unsigned bus, unsigned slot, unsigned fn, unsigned at)
{
    return ECAM + ((hwaddr)bus << 20 | slot << 15 | fn << 12 | at);
}

static void test_config(void)
{
    setup(false);
    add("edu", NULL, "3");
    g_assert_cmphex(rd(config(0, 0, 0, PCI_VENDOR_ID), 4), ==, 0x00081b36);
    g_assert_cmphex(rd(config(0, 3, 0, PCI_VENDOR_ID), 4), ==, 0x11e81234);
    g_assert_cmphex(rd(config(0, 3, 0, PCI_VENDOR_ID), 2), ==, 0x1234);
    g_assert_cmphex(rd(config(0, 3, 0, PCI_DEVICE_ID + 1), 1), ==, 0x11);
    /* Nobody there: ones, and writes vanish. */
    g_assert_cmphex(rd(config(0, 4, 0, 0), 4), ==, 0xffffffff);
    g_assert_cmphex(rd(config(0, 3, 1, 0), 4), ==, 0xffffffff);
    g_assert_cmphex(rd(config(1, 0, 0, 0), 2), ==, 0xffff);
    wr(config(1, 0, 0, 4), 7, 2);
    /* Identity is read-only; the command register has the bits that it has. */
    wr(config(0, 3, 0, PCI_VENDOR_ID), 0, 4);
    g_assert_cmphex(rd(config(0, 3, 0, PCI_VENDOR_ID), 4), ==, 0x11e81234);
    wr(config(0, 3, 0, PCI_COMMAND), 0xffff, 2);
    g_assert_cmphex(rd(config(0, 3, 0, PCI_COMMAND), 2), ==, 0x0547);
    teardown();
}

static void test_bars(void)
{
    setup(false);
    add("edu", NULL, "3");
    /* The size: ones read back as far as it goes. */
    wr(config(0, 3, 0, PCI_BAR0), 0xffffffff, 4);
    g_assert_cmphex(rd(config(0, 3, 0, PCI_BAR0), 4), ==, 0xfff00000);
    g_assert_cmphex(rd(config(0, 3, 0, PCI_BAR0 + 4), 4), ==, 0);
    wr(config(0, 3, 0, PCI_BAR0), MEM + 0x100000, 4);
    g_assert_cmphex(rd(MEM + 0x100000, 4), ==, 0xffffffff); /* not enabled yet */
    wr(config(0, 3, 0, PCI_COMMAND), PCI_COMMAND_MEMORY, 2);
    g_assert_cmphex(rd(MEM + 0x100000, 4), ==, 0x010000ed);
    wr(MEM + 0x100004, 0x12345678, 4);
    g_assert_cmphex(rd(MEM + 0x100004, 4), ==, 0xedcba987);
    /* Moved, and out of the window. */
    wr(config(0, 3, 0, PCI_BAR0), MEM + 0x200000, 4);
    g_assert_cmphex(rd(MEM + 0x100000, 4), ==, 0xffffffff);
    g_assert_cmphex(rd(MEM + 0x200000, 4), ==, 0x010000ed);
    wr(config(0, 3, 0, PCI_BAR0), RAM, 4);
    g_assert_cmphex(rd(RAM, 4), ==, 0); /* RAM is still RAM */
    device_reset(&PCI_DEVICE(host->root->functions[3 << 3])->parent_obj);
    g_assert_cmphex(rd(config(0, 3, 0, PCI_BAR0), 4), ==, 0);
    g_assert_cmphex(rd(config(0, 3, 0, PCI_COMMAND), 2), ==, 0);
    teardown();
}

/* edu with its BAR at MEM, as a bus master. */
static void start_edu(unsigned slot)
{
    wr(config(0, slot, 0, PCI_BAR0), MEM, 4);
    wr(config(0, slot, 0, PCI_COMMAND), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
}

static void test_pins(void)
{
    setup(false);
    add("edu", NULL, "6");
    start_edu(6);
    g_assert_cmphex(rd(config(0, 6, 0, PCI_INTERRUPT_PIN), 1), ==, 1);
    wr(MEM + 0x60, 1, 4);
    g_assert_true(pins[(6 + 0) % 4]);
    g_assert_cmphex(rd(config(0, 6, 0, PCI_STATUS), 2) & PCI_STATUS_INTERRUPT, !=, 0);
    /* The pin can be switched off; the status says what the device wants. */
    wr(config(0, 6, 0, PCI_COMMAND), PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_DISABLE, 2);
    g_assert_false(pins[2]);
    g_assert_cmphex(rd(config(0, 6, 0, PCI_STATUS), 2) & PCI_STATUS_INTERRUPT, !=, 0);
    wr(config(0, 6, 0, PCI_COMMAND), PCI_COMMAND_MEMORY, 2);
    g_assert_true(pins[2]);
    wr(MEM + 0x64, 1, 4);
    g_assert_false(pins[2]);
    /* Reset lowers it. */
    wr(MEM + 0x60, 1, 4);
    device_reset(&host->root->functions[6 << 3]->parent_obj);
    g_assert_false(pins[2]);
    teardown();
}

static void test_shared_pin(void)
{
    PCIDevice *a, *b;

    setup(false);
    a = add("edu", NULL, "4");
    b = add("edu", NULL, "8");
    pci_set_irq(a, true);
    pci_set_irq(b, true);
    pci_set_irq(a, false);
    g_assert_true(pins[0]);
    pci_set_irq(b, false);
    g_assert_false(pins[0]);
    teardown();
}

/* Memory to the buffer and back; not a byte while it is no bus master. */
static void test_dma(void)
{
    setup(false);
    add("edu", NULL, "3");
    start_edu(3);
    wr(RAM + 0x100, 0x1122334455667788, 8);
    for (int master = 0; master < 2; master++) {
        wr(config(0, 3, 0, PCI_COMMAND), PCI_COMMAND_MEMORY | (master ? PCI_COMMAND_MASTER : 0), 2);
        wr(MEM + 0x80, RAM + 0x100, 8);
        wr(MEM + 0x88, 0x40000, 8);
        wr(MEM + 0x90, 8, 8);
        wr(MEM + 0x98, 1, 8);
        wr(MEM + 0x80, 0x40000, 8);
        wr(MEM + 0x88, RAM + 0x200, 8);
        wr(MEM + 0x98, 3, 8);
        g_assert_cmphex(rd(RAM + 0x200, 8), ==, master ? 0x1122334455667788 : 0);
    }
    /* A length that leaves the buffer, and one that wraps around. */
    wr(MEM + 0x90, 4097, 8);
    wr(MEM + 0x98, 3, 8);
    wr(MEM + 0x90, UINT64_MAX, 8);
    wr(MEM + 0x98, 3, 8);
    g_assert_cmphex(rd(RAM + 0x208, 8), ==, 0);
    wr(MEM + 0x08, 5, 4);
    g_assert_cmphex(rd(MEM + 0x08, 4), ==, 120);
    wr(MEM + 0x08, UINT32_MAX, 4);
    g_assert_cmphex(rd(MEM + 0x08, 4), ==, 0);
    teardown();
}

static unsigned find_cap(unsigned bus, unsigned slot, uint8_t id, uint8_t type)
{
    unsigned at = rd(config(bus, slot, 0, PCI_CAPABILITIES), 1), n = 0;

    while (at && n++ < 48) {
        if (rd(config(bus, slot, 0, at), 1) == id &&
            (!type || rd(config(bus, slot, 0, at + 3), 1) == type)) {
            return at;
        }
        at = rd(config(bus, slot, 0, at + 1), 1);
    }
    return 0;
}

static void test_msi(void)
{
    unsigned cap;

    setup(true);
    add("edu", NULL, "3");
    start_edu(3);
    cap = find_cap(0, 3, PCI_CAP_MSI, 0);
    g_assert_cmpuint(cap, >=, 0x40);
    wr(config(0, 3, 0, cap + 4), 0x28000000, 4);
    wr(config(0, 3, 0, cap + 12), 0x21, 2);
    wr(config(0, 3, 0, cap + 2), 1, 2);
    wr(MEM + 0x60, 1, 4);
    g_assert_cmpuint(messages->len, ==, 1);
    g_assert_cmphex(g_array_index(messages, uint64_t, 0), ==, 0x2800000000000021);
    g_assert_false(pins[3]);
    teardown();
}

static void test_msix(void)
{
    hwaddr table = MEM + 0x10000;
    PCIDevice *d;
    unsigned cap;

    setup(true);
    d = add("virtio-rng-pci", NULL, "5");
    cap = find_cap(0, 5, PCI_CAP_MSIX, 0);
    g_assert_cmpuint(cap, >=, 0x40);
    g_assert_cmphex(rd(config(0, 5, 0, cap + 2), 2), ==, 1); /* one queue, one for changes */
    wr(config(0, 5, 0, PCI_BAR0 + 4), table, 4);
    wr(config(0, 5, 0, PCI_COMMAND), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
    g_assert_cmphex(rd(table + 12, 4), ==, 1); /* masked after reset */
    wr(table + 16, 0x28001000, 4);
    wr(table + 24, 0x77, 4);
    pci_msix_notify(d, 1);
    g_assert_cmpuint(messages->len, ==, 0); /* not enabled */
    wr(config(0, 5, 0, cap + 2), 0x8000, 2);
    pci_msix_notify(d, 1);
    pci_msix_notify(d, 2); /* there is none */
    g_assert_cmpuint(messages->len, ==, 0); /* masked: pending */
    g_assert_cmphex(rd(table + 0x800, 4), ==, 2);
    wr(table + 28, 0, 4);
    g_assert_cmpuint(messages->len, ==, 1);
    g_assert_cmphex(g_array_index(messages, uint64_t, 0), ==, 0x2800100000000077);
    g_assert_cmphex(rd(table + 0x800, 4), ==, 0);
    /* The mask of them all. */
    wr(config(0, 5, 0, cap + 2), 0xc000, 2);
    pci_msix_notify(d, 1);
    g_assert_cmpuint(messages->len, ==, 1);
    wr(config(0, 5, 0, cap + 2), 0x8000, 2);
    g_assert_cmpuint(messages->len, ==, 2);
    /* Not a bus master: the message is lost. */
    wr(config(0, 5, 0, PCI_COMMAND), PCI_COMMAND_MEMORY, 2);
    pci_msix_notify(d, 1);
    g_assert_cmpuint(messages->len, ==, 2);
    teardown();
}

/* Without a receiver of messages nothing offers them. */
static void test_no_messages(void)
{
    setup(false);
    add("virtio-rng-pci", NULL, "5");
    add("edu", NULL, "6");
    g_assert_cmpuint(find_cap(0, 5, PCI_CAP_MSIX, 0), ==, 0);
    g_assert_cmpuint(find_cap(0, 6, PCI_CAP_MSI, 0), ==, 0);
    g_assert_cmphex(rd(config(0, 5, 0, PCI_BAR0 + 4), 4), ==, 0);
    teardown();
}

/* virtio's own window in configuration space reaches the same registers as BAR 4. */
static void test_virtio(void)
{
    unsigned common, window;

    setup(true);
    add("virtio-rng-pci", NULL, "5");
    g_assert_cmphex(rd(config(0, 5, 0, 0), 4), ==, 0x10051af4);
    common = find_cap(0, 5, PCI_CAP_VENDOR, 1);
    window = find_cap(0, 5, PCI_CAP_VENDOR, 5);
    g_assert_cmpuint(common, !=, 0);
    g_assert_cmpuint(window, !=, 0);
    g_assert_cmphex(rd(config(0, 5, 0, common + 4), 1), ==, 4); /* BAR */
    wr(config(0, 5, 0, window + 4), 4, 1);
    wr(config(0, 5, 0, window + 8), 0x12, 4); /* num_queues */
    wr(config(0, 5, 0, window + 12), 2, 4);
    g_assert_cmphex(rd(config(0, 5, 0, window + 16), 4), ==, 1);
    wr(config(0, 5, 0, window + 8), 0x14, 4); /* device_status */
    wr(config(0, 5, 0, window + 12), 1, 4);
    wr(config(0, 5, 0, window + 16), 3, 1);
    g_assert_cmphex(rd(config(0, 5, 0, window + 16), 1), ==, 3);
    /* Outside the BAR, of an odd size, of another BAR: nothing. */
    wr(config(0, 5, 0, window + 8), 0x4000, 4);
    wr(config(0, 5, 0, window + 16), 0xff, 1);
    wr(config(0, 5, 0, window + 8), UINT32_MAX, 4);
    rd(config(0, 5, 0, window + 16), 4);
    wr(config(0, 5, 0, window + 12), 3, 4);
    rd(config(0, 5, 0, window + 16), 4);
    wr(config(0, 5, 0, window + 4), 0, 1);
    rd(config(0, 5, 0, window + 16), 4);
    teardown();
}

enum { L_FEATURES = 0, L_DRIVER = 4, L_PFN = 8, L_SIZE = 12, L_SEL = 14, L_NOTIFY = 16, L_STATUS = 18,
       L_ISR = 19, L_VECTOR = 20, L_QUEUE_VECTOR = 22 };
#define PORTS (0x3000000ull + 0x1000) /* where BAR 0 is put */

static void map_ports(unsigned slot)
{
    wr(config(0, slot, 0, PCI_BAR0), 0x1000, 4);
    wr(config(0, slot, 0, PCI_COMMAND), PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
}

/* Which interfaces there are, by type, by property and by bus. */
static void test_interfaces(void)
{
    static const struct {
        const char *type, *prop, *value;
        bool port;
        uint32_t id;
        bool modern, legacy;
    } rows[] = {
        { "virtio-rng-pci", NULL, NULL, false, 0x1005, true, true },
        { "virtio-rng-pci", NULL, NULL, true, 0x1044, true, false },
        { "virtio-rng-pci", "disable-legacy", "on", false, 0x1044, true, false },
        { "virtio-rng-pci", "disable-legacy", "off", true, 0x1005, true, true },
        { "virtio-rng-pci", "disable-modern", "on", false, 0x1005, false, true },
        { "virtio-rng-pci-transitional", NULL, NULL, true, 0x1005, true, true },
        { "virtio-rng-pci-non-transitional", NULL, NULL, false, 0x1044, true, false },
        { "virtio-balloon-pci", NULL, NULL, false, 0x1002, true, true },
        { "virtio-serial-pci", NULL, NULL, false, 0x1003, true, true },
        { "virtio-serial-pci-non-transitional", NULL, NULL, false, 0x1043, true, false },
        { "virtio-keyboard-pci", "disable-legacy", "off", false, 0x1052, true, false },
        { "virtio-keyboard-pci", "disable-modern", "on", false, 0x1052, true, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        unsigned bus = rows[i].port, slot = bus ? 0 : 5;

        setup(true);
        add("pcie-root-port", NULL, "2");
        wr(config(0, 2, 0, PCI_SECONDARY_BUS), 1, 1);
        wr(config(0, 2, 0, PCI_SUBORDINATE_BUS), 1, 1);
        set_prop = rows[i].prop;
        set_value = rows[i].value;
        add(rows[i].type, bus ? "pcie-root-port" : PCI_ROOT_BUS_NAME, bus ? "0" : "5");
        g_assert_cmphex(rd(config(bus, slot, 0, 0), 4), ==, rows[i].id << 16 | 0x1af4);
        g_assert_cmphex(rd(config(bus, slot, 0, PCI_REVISION), 1), ==, !rows[i].legacy);
        g_assert_cmpint(rd(config(bus, slot, 0, PCI_BAR0), 4) & 1, ==, rows[i].legacy);
        g_assert_cmpint(find_cap(bus, slot, PCI_CAP_VENDOR, 1) != 0, ==, rows[i].modern);
        /* 1.3.2.3 of PCI Express: no ports in what is integrated into the root. */
        g_assert_cmpint(find_cap(bus, slot, PCI_CAP_EXPRESS, 0) != 0, ==,
                        rows[i].port || !rows[i].legacy);
        teardown();
    }
}

/* A proper driver of the legacy interface asks for random bytes: 1024 entries in three areas from one
 * page on. */
static void serve_legacy(uint32_t page)
{
    const hwaddr desc = (hwaddr)page << 12, avail = desc + 16 * 1024, used = desc + 0x5000;

    wr(PORTS + L_STATUS, 0, 1);
    wr(PORTS + L_STATUS, 3, 1);
    g_assert_cmphex(rd(PORTS + L_STATUS, 1), ==, 3);
    wr(PORTS + L_DRIVER, rd(PORTS + L_FEATURES, 4), 4);
    wr(PORTS + L_SEL, 1, 2);
    g_assert_cmphex(rd(PORTS + L_SIZE, 2), ==, 0); /* there is none */
    wr(PORTS + L_PFN, 1, 4);
    wr(PORTS + L_SEL, 0, 2);
    g_assert_cmphex(rd(PORTS + L_SIZE, 2), ==, 1024);
    g_assert_cmphex(rd(PORTS + L_PFN, 4), ==, 0);
    wr(PORTS + L_PFN, page, 4);
    g_assert_cmphex(rd(PORTS + L_PFN, 4), ==, page);
    wr(PORTS + L_STATUS, 7, 1);
    wr(used, 0, 8);
    wr(RAM + 0x8000, 0, 8);
    wr(desc, RAM + 0x8000, 8);
    wr(desc + 8, 2ull << 32 | 64, 8); /* 64 bytes for the device to write */
    wr(avail, 0, 4);
    wr(avail + 4, 0, 2);
    wr(avail + 2, 1, 2);
    wr(PORTS + L_NOTIFY, 0, 2);
    for (int i = 0; i < 1000 && !pins[1]; i++) {
        g_main_context_iteration(NULL, FALSE);
    }
    g_assert_true(pins[(5 + 0) % 4]);
    g_assert_cmphex(rd(used + 2, 2), ==, 1);
    g_assert_cmphex(rd(used + 8, 4), ==, 64);
    g_assert_cmphex(rd(RAM + 0x8000, 8), !=, 0);
    g_assert_cmphex(rd(PORTS + L_ISR, 1), ==, 1); /* clears it */
    g_assert_false(pins[1]);
    g_assert_cmphex(rd(PORTS + L_ISR, 1), ==, 0);
    wr(PORTS + L_PFN, 0, 4); /* the driver takes it back */
    g_assert_cmphex(rd(PORTS + L_PFN, 4), ==, 0);
    wr(PORTS + L_STATUS, 0, 1);
}

static void test_legacy(void)
{
    setup(true);
    add("virtio-rng-pci", NULL, "5");
    g_assert_cmphex(rd(config(0, 5, 0, PCI_SUBSYSTEM_ID), 2), ==, 4);
    map_ports(5);
    serve_legacy(0x80010);
    wr(config(0, 5, 0, PCI_BAR0), 0, 4); /* port 0 is a place, too */
    g_assert_cmphex(rd(0x3000000 + L_SIZE, 2), ==, 1024);
    teardown();
}

/* Anything, in any order, through ports, BAR 4 and configuration space; then a proper driver. */
static void test_hostile(void)
{
    static const uint32_t values[] = { 0, 1, 3, 7, 15, 0x80000, 0x80010, 0x800fe, 0x80100, 0x10000, 0x3000,
                                       0xffff, 0x28000000, UINT32_MAX };
    g_autoptr(GRand) r = g_rand_new_with_seed(5);
    const hwaddr bar = MEM + 0x100000;

    setup(true);
    add("virtio-rng-pci", NULL, "5");
    for (int round = 0; round < 200; round++) {
        map_ports(5);
        wr(config(0, 5, 0, PCI_BAR0 + 16), (uint32_t)bar, 4);
        wr(config(0, 5, 0, PCI_BAR0 + 20), 0, 4);
        for (int i = 0; i < 150; i++) {
            unsigned size = 1u << g_rand_int_range(r, 0, 4), which = (unsigned)g_rand_int_range(r, 0, 16);
            hwaddr at = which < 9    ? PORTS + (hwaddr)g_rand_int_range(r, 0, 40)
                        : which < 15 ? bar + (hwaddr)g_rand_int_range(r, 0, 0x50)
                                     : config(0, 5, 0, (unsigned)g_rand_int_range(r, 0, 0x100));
            uint64_t v = values[g_rand_int_range(r, 0, G_N_ELEMENTS(values))];

            at &= ~(hwaddr)(size - 1);
            if (which == 0) {
                wr(bar + 0x3000, 0, 2); /* a notification */
            } else if (which % 3) {
                wr(at, v | (which == 1 ? v << 32 : 0), size);
            } else {
                rd(at, size);
            }
        }
        /* What a driver of a machine that has been reset finds. */
        device_reset(&host->root->functions[5 << 3]->parent_obj);
        g_assert_false(pins[1]);
        map_ports(5);
        serve_legacy(0x80020);
    }
    teardown();
}

/* The vectors stand between registers and the device's own part while MSI-X is enabled. */
static void test_legacy_vectors(void)
{
    unsigned cap;

    setup(true);
    add("virtio-balloon-pci-transitional", NULL, "5");
    map_ports(5);
    g_assert_cmphex(rd(PORTS + L_VECTOR, 4), ==, 0); /* pages wanted */
    cap = find_cap(0, 5, PCI_CAP_MSIX, 0);
    wr(config(0, 5, 0, cap + 2), 0x8000, 2);
    g_assert_cmphex(rd(PORTS + L_VECTOR, 2), ==, 0xffff);
    wr(PORTS + L_VECTOR, 1, 2);
    wr(PORTS + L_QUEUE_VECTOR, 0x7777, 2);
    g_assert_cmphex(rd(PORTS + L_VECTOR, 2), ==, 1);
    g_assert_cmphex(rd(PORTS + L_QUEUE_VECTOR, 2), ==, 0xffff); /* there is none */
    wr(PORTS + 24 + 4, 5, 4);                                   /* pages given */
    g_assert_cmphex(rd(PORTS + 24 + 4, 4), ==, 5);
    wr(config(0, 5, 0, cap + 2), 0, 2);
    g_assert_cmphex(rd(PORTS + 20 + 4, 4), ==, 5);
    teardown();
}

/* Whoever begins decides; the other interface is heard again after a reset. */
static void test_both(void)
{
    const hwaddr bar = MEM + 0x100000;

    setup(false);
    add("virtio-rng-pci", NULL, "5");
    map_ports(5);
    wr(config(0, 5, 0, PCI_BAR0 + 16), (uint32_t)bar, 4);
    wr(bar + 0x00, 1, 4);
    g_assert_cmphex(rd(bar + 0x04, 4) & 1, ==, 1);             /* VERSION_1 */
    g_assert_cmphex(rd(PORTS + L_FEATURES, 4) >> 24 & 9, ==, 9); /* of the old ones */
    wr(bar + 0x00, 0, 4);
    g_assert_cmphex(rd(bar + 0x04, 4) >> 24 & 9, ==, 0);
    wr(PORTS + L_STATUS, 1, 1);
    wr(bar + 0x14, 0x0b, 1); /* ignored */
    g_assert_cmphex(rd(bar + 0x14, 1), ==, 1);
    wr(bar + 0x14, 0, 1);
    wr(bar + 0x14, 3, 1);
    wr(PORTS + L_STATUS, 7, 1);
    wr(PORTS + L_PFN, 0x80010, 4);
    wr(PORTS + L_DRIVER, 1, 4);
    g_assert_cmphex(rd(PORTS + L_STATUS, 1), ==, 3);
    g_assert_cmphex(rd(PORTS + L_PFN, 4), ==, 0);
    wr(PORTS + L_STATUS, 0, 1);
    g_assert_cmphex(rd(bar + 0x14, 1), ==, 0);
    /* Widths that no field has, and places behind the last one. */
    wr(PORTS + L_STATUS, 0x0101, 2);
    wr(PORTS + L_FEATURES, 1, 1);
    rd(PORTS + L_PFN, 8);
    wr(PORTS + 24, UINT64_MAX, 8);
    g_assert_cmphex(rd(PORTS + L_STATUS, 1), ==, 0);
    teardown();
}

/* What QEMU 10's device answers, test by test. */
static void test_testdev(void)
{
    static const struct {
        uint32_t head;
        unsigned offset;
        uint8_t data;
        bool any;
        const char *name;
    } rows[] = {
        { 0x100, 0x800, 0xfa, false, "mmio-no-" }, { 0x101, 0x801, 0xce, true, "mmio-wil" },
        { 0x102, 0x802, 0xfa, false, "mmio-dat" }, { 0x103, 0x83, 0xfa, false, "portio-n" },
        { 0x104, 0x84, 0xce, true, "portio-w" },   { 0x105, 0x85, 0xfa, false, "portio-d" },
    };

    setup(false);
    set_prop = "membar";
    set_value = "8G";
    add("pci-testdev", NULL, "5");
    wr(config(0, 5, 0, PCI_BAR0 + 8), 0xffffffff, 4);
    wr(config(0, 5, 0, PCI_BAR0 + 12), 0xffffffff, 4);
    g_assert_cmphex(rd(config(0, 5, 0, PCI_BAR0 + 8), 4), ==, 0xc);
    g_assert_cmphex(rd(config(0, 5, 0, PCI_BAR0 + 12), 4), ==, 0xfffffffe);
    wr(config(0, 5, 0, PCI_BAR0), MEM, 4);
    wr(config(0, 5, 0, PCI_BAR0 + 4), 0x1000, 4);
    wr(config(0, 5, 0, PCI_BAR0 + 8), 0, 4);
    wr(config(0, 5, 0, PCI_BAR0 + 12), 4, 4);
    wr(config(0, 5, 0, PCI_COMMAND), PCI_COMMAND_IO | PCI_COMMAND_MEMORY, 2);
    g_assert_cmphex(rd(MEM, 4), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        hwaddr bar = i < 3 ? MEM : PORTS;
        uint64_t name;

        wr(bar, i % 3, 1);
        memcpy(&name, rows[i].name, 8);
        g_assert_cmphex(rd(bar, 4), ==, rows[i].head);
        g_assert_cmphex(rd(bar + 4, 4), ==, rows[i].offset);
        g_assert_cmphex(rd(bar + 8, 8), ==, rows[i].data);
        g_assert_cmphex(rd(bar + 16, 8), ==, name);
        wr(bar + rows[i].offset, rows[i].data, 1);
        wr(bar + rows[i].offset, rows[i].data + 1u, 1);
        wr(bar + rows[i].offset - 1, rows[i].data, 1);
        g_assert_cmphex(rd(bar + 12, 4), ==, rows[i].any ? 2 : 1);
    }
    wr(MEM, 3, 1);
    g_assert_cmphex(rd(MEM, 8), ==, 0);
    g_assert_cmphex(rd(0x400000000, 8), ==, UINT64_MAX);
    wr(0x400000000, 1, 8);
    teardown();
}

/* A function behind a port: bus numbers, windows, and a pin that is turned on its way. */
static void test_port(void)
{
    PCIDevice *edu;

    setup(true);
    add("pcie-root-port", NULL, "2");
    edu = add("edu", "pcie-root-port", NULL);
    g_assert_cmphex(rd(config(1, 0, 0, 0), 4), ==, 0xffffffff);
    wr(config(0, 2, 0, PCI_SECONDARY_BUS), 1, 1);
    wr(config(0, 2, 0, PCI_SUBORDINATE_BUS), 1, 1);
    g_assert_cmphex(rd(config(1, 0, 0, 0), 4), ==, 0x11e81234);
    g_assert_cmphex(rd(config(2, 0, 0, 0), 4), ==, 0xffffffff);
    wr(config(1, 0, 0, PCI_BAR0), MEM + 0x300000, 4);
    wr(config(1, 0, 0, PCI_COMMAND), PCI_COMMAND_MEMORY, 2);
    wr(config(0, 2, 0, PCI_COMMAND), PCI_COMMAND_MEMORY, 2);
    g_assert_cmphex(rd(MEM + 0x300000, 4), ==, 0xffffffff); /* the window is at 0 */
    wr(config(0, 2, 0, PCI_MEMORY_BASE), (MEM + 0x300000) >> 16, 2);
    wr(config(0, 2, 0, PCI_MEMORY_LIMIT), (MEM + 0x300000) >> 16, 2);
    g_assert_cmphex(rd(MEM + 0x300000, 4), ==, 0x010000ed);
    wr(config(0, 2, 0, PCI_MEMORY_LIMIT), (MEM + 0x200000) >> 16, 2); /* shut */
    g_assert_cmphex(rd(MEM + 0x300000, 4), ==, 0xffffffff);
    pci_set_irq(edu, true);
    g_assert_true(pins[2]);
    pci_set_irq(edu, false);
    /* Bus numbers that a guest makes up: no answer, no end without one. */
    wr(config(0, 2, 0, PCI_SECONDARY_BUS), 0, 1);
    wr(config(0, 2, 0, PCI_SUBORDINATE_BUS), 255, 1);
    g_assert_cmphex(rd(config(7, 0, 0, 0), 4), ==, 0xffffffff);
    wr(config(0, 2, 0, PCI_SECONDARY_BUS), 9, 1);
    g_assert_cmphex(rd(config(7, 0, 0, 0), 4), ==, 0xffffffff);
    g_assert_cmphex(rd(config(9, 0, 0, 0), 4), ==, 0x11e81234);
    teardown();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pci/config", test_config);
    g_test_add_func("/pci/bars", test_bars);
    g_test_add_func("/pci/pins", test_pins);
    g_test_add_func("/pci/shared-pin", test_shared_pin);
    g_test_add_func("/pci/dma", test_dma);
    g_test_add_func("/pci/msi", test_msi);
    g_test_add_func("/pci/msix", test_msix);
    g_test_add_func("/pci/no-messages", test_no_messages);
    g_test_add_func("/pci/virtio", test_virtio);
    g_test_add_func("/pci/interfaces", test_interfaces);
    g_test_add_func("/pci/legacy", test_legacy);
    g_test_add_func("/pci/legacy-vectors", test_legacy_vectors);
    g_test_add_func("/pci/both", test_both);
    g_test_add_func("/pci/hostile", test_hostile);
    g_test_add_func("/pci/testdev", test_testdev);
    g_test_add_func("/pci/port", test_port);
    return g_test_run();
}
