/*
 * "pci-testdev": a function whose BARs count writes, for tests of how writes reach a device, and of
 * large BARs.
 *
 * BAR 0 is memory, BAR 1 ports. Each has three tests, which the first byte chooses; then it begins with
 * a header (all little-endian): number of the test, width of its writes, two bytes of nothing, offset,
 * data and count of the writes, name. A width of 0 says that there is no such test.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "hw/pci/pci.h"
#include "util/bits.h"
#include "util/byteorder.h"

#define TYPE_PCI_TESTDEV "pci-testdev"
OBJECT_DECLARE_SIMPLE(PCITestDev, PCI_TESTDEV, TYPE_PCI_TESTDEV)

#define MEM_SIZE 4096
#define PORTS_SIZE 256
#define TESTS_PER_BAR 3
#define NO_TEST UINT8_MAX
enum { HDR_TEST = 0, HDR_WIDTH = 1, HDR_OFFSET = 4, HDR_DATA = 8, HDR_COUNT = 12, HDR_NAME = 16,
       HDR_SIZE = 48 };

/* The names are of what the host may do with the writes; here each is an access like any other. */
static const struct {
    const char *name;
    uint16_t offset; /* in its BAR; no two tests share one */
    uint8_t data;
    bool any;        /* whatever is written counts */
} tests[2 * TESTS_PER_BAR] = {
    { "mmio-no-eventfd", MEM_SIZE / 2, 0xfa, false },
    { "mmio-wildcard-eventfd", MEM_SIZE / 2 + 1, 0xce, true },
    { "mmio-datamatch-eventfd", MEM_SIZE / 2 + 2, 0xfa, false },
    { "portio-no-eventfd", PORTS_SIZE / 2 + 3, 0xfa, false },
    { "portio-wildcard-eventfd", PORTS_SIZE / 2 + 4, 0xce, true },
    { "portio-datamatch-eventfd", PORTS_SIZE / 2 + 5, 0xfa, false },
};

struct PCITestDev {
    PCIDevice parent_obj;
    MemoryRegion mem, ports, empty;
    uint64_t membar; /* property: size of BAR 2, 0: none */
    uint8_t test;    /* chosen, or NO_TEST */
    uint32_t count;
};

static MemTxResult test_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    const PCITestDev *s = opaque;
    uint8_t hdr[HDR_SIZE] = { 0 };

    if (s->test < ARRAY_SIZE(tests)) {
        hdr[HDR_TEST] = s->test;
        hdr[HDR_WIDTH] = 1;
        st32_le(hdr + HDR_OFFSET, tests[s->test].offset);
        st32_le(hdr + HDR_DATA, tests[s->test].data);
        st32_le(hdr + HDR_COUNT, s->count);
        memcpy(hdr + HDR_NAME, tests[s->test].name, strlen(tests[s->test].name));
    }
    *value = addr < HDR_SIZE ? hdr[addr] : 0;
    return MEMTX_OK;
}

static void written(PCITestDev *s, unsigned first, hwaddr addr, uint8_t value)
{
    if (addr == HDR_TEST) {
        s->test = value < TESTS_PER_BAR ? (uint8_t)(first + value) : NO_TEST;
        s->count = 0;
    } else if (s->test < ARRAY_SIZE(tests) && s->test - first < TESTS_PER_BAR &&
               addr == tests[s->test].offset && (tests[s->test].any || value == tests[s->test].data)) {
        s->count++;
    }
}

static MemTxResult mem_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    written(opaque, 0, addr, (uint8_t)value);
    return MEMTX_OK;
}

static MemTxResult ports_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    written(opaque, TESTS_PER_BAR, addr, (uint8_t)value);
    return MEMTX_OK;
}

static const MemoryRegionOps mem_ops = {
    .read = test_read,
    .write = mem_write,
    .valid = { .min = 1, .max = 8 },
    .impl = { .min = 1, .max = 1 },
};

static const MemoryRegionOps ports_ops = {
    .read = test_read,
    .write = ports_write,
    .valid = { .min = 1, .max = 8 },
    .impl = { .min = 1, .max = 1 },
};

static bool testdev_realize(PCIDevice *d, Error **errp)
{
    PCITestDev *s = PCI_TESTDEV(d);
    GMutex *lock = &d->parent_obj.lock;

    memory_region_init_io(&s->mem, s, &mem_ops, s, lock, "pci-testdev-mmio", MEM_SIZE);
    pci_register_bar(d, 0, PCI_BAR_MEM32, &s->mem);
    memory_region_init_io(&s->ports, s, &ports_ops, s, lock, "pci-testdev-ports", PORTS_SIZE);
    pci_register_bar(d, 1, PCI_BAR_IO, &s->ports);
    if (s->membar) {
        /* Nothing is in it: reads give ones, as where no device is. */
        memory_region_init(&s->empty, s, "pci-testdev-membar", s->membar);
        pci_register_bar(d, 2, PCI_BAR_MEM64_PREFETCH, &s->empty);
    }
    return true;
}

static void testdev_unrealize(PCIDevice *d)
{
    PCITestDev *s = PCI_TESTDEV(d);

    memory_region_destroy(&s->mem);
    memory_region_destroy(&s->ports);
    if (s->membar) {
        memory_region_destroy(&s->empty);
    }
}

static bool membar_changed(Object *obj, const Property *prop, Error **errp)
{
    uint64_t size = PCI_TESTDEV(obj)->membar;

    if (size && (!is_pow2(size) || size < 16)) {
        error_setg(errp, "membar=%" G_GUINT64_FORMAT ": not the size of a BAR (accepted: a power of two "
                   "from 16 on, 0 for none)", size);
        return false;
    }
    return true;
}

static const StateField testdev_rows[] = {
    S_U8(PCITestDev, test, .reset = NO_TEST),
    S_U32(PCITestDev, count),
    S_END
};

static const StateTable testdev_state = { .name = TYPE_PCI_TESTDEV, .fields = testdev_rows };

static const Property testdev_props[] = {
    { PROP_(prop_size, "membar", PCITestDev, membar), .max = 1ull << 62, .changed = membar_changed,
      .help = "size of BAR 2, memory without anything in it; 0: none" },
    PROP_END
};

static void testdev_class_init(ObjectClass *klass, const void *data)
{
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    klass->props = testdev_props;
    klass->state = &testdev_state;
    pc->parent_class.user_creatable = true;
    pc->device_id = 0x0005;
    pc->class_code = 0x00ff00;
    pc->conventional = true;
    pc->realize = testdev_realize;
    pc->unrealize = testdev_unrealize;
}

static const TypeInfo testdev_type = {
    .name = TYPE_PCI_TESTDEV,
    .parent = TYPE_PCI_DEVICE,
    .desc = "PCI device that counts writes, with a BAR of any size",
    .instance_size = sizeof(PCITestDev),
    .class_init = testdev_class_init,
};
type_init(testdev_type);
