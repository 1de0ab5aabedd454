/*
 * A libFuzzer harness for any device: the board is built once with the device FUZZ_DEVICE (a type, found
 * on the board or made with -device), and each input is a program of register accesses, stores to
 * guest memory, bytes from the host and passing time. A driver's handshake and a queue's set-up are
 * operations of their own, or hardly an input would get past them.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "backend/block.h"
#include "backend/input.h"
#include "hw/core/clock.h"
#include "hw/pci/pci.h"
#include "hw/virtio/virtio-mmio.h"
#include "hw/virtio/virtio-pci.h"
#include "system/chardev.h"
#include "tests/fuzz/fuzz.h"
#include "ui/console.h"
#include "util/bits.h"

#define ARENA 0x80100000ull /* guest memory that inputs write; rings and buffers are there */
#define ARENA_SIZE (64 * KiB)
#define RING(q) (ARENA + (q) * 4 * KiB) /* of the first eight queues */
#define MAX_OPS 512
#define ECAM 0x30000000ull
#define PCI_MEMORY 0x40000000ull
#define PCI_PORTS 0x3000000ull
#define FIRST_PORT 0x1000

static DeviceState *device;
static DeviceState *window; /* whose registers are accessed: the device or its transport */
static PCIDevice *function; /* the same, if it is a PCI function */
static hwaddr ports;        /* its BAR of ports; 0: none */
static bool legacy;         /* this input's driver uses them */
static struct {
    hwaddr base;
    uint64_t size;
} windows[8];
static unsigned nr_windows;
static AddressSpace *as;

/* ---- The input as a stream ---- */

typedef struct Input {
    const uint8_t *p, *end;
} Input;

static uint64_t take(Input *in, unsigned bytes)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < bytes && in->p < in->end; i++) {
        v |= (uint64_t)*in->p++ << (8 * i);
    }
    return v;
}

/* At most `most` bytes of the rest; how many. */
static size_t take_bytes(Input *in, uint8_t *buf, size_t most)
{
    size_t want = take(in, 1), left = (size_t)(in->end - in->p);
    size_t n = MIN(MIN(want, left), most);

    memcpy(buf, in->p, n);
    in->p += n;
    return n;
}

/* ---- Finding and making the device ---- */

static int match_type(Object *obj, void *opaque)
{
    DeviceState *dev = object_dynamic_cast(obj, opaque);

    if (dev) {
        device = dev;
    }
    return 0;
}

/* The properties that a device cannot do without, and the options that make what they name. */
static const struct {
    const char *device, *props, *options;
} needs[] = {
    { "virtio-blk-device", "drive=d0,num-queues=2", "-blockdev driver=null-co,node-name=d0,size=1M" },
    { "virtio-net-device", "netdev=n0", "-netdev user,id=n0,restrict=on" },
    { "virtio-9p-device", "fsdev=f0,mount_tag=t", "-fsdev local,id=f0,path=.,security_model=none" },
    { "virtserialport", "chardev=c0", "-device virtio-serial-device -chardev null,id=c0" },
    { "virtconsole", "chardev=c0", "-device virtio-serial-device -chardev null,id=c0" },
    { "loader", "addr=0x80000000,data=1,data-len=4", "" },
    { "riscv.aplic", NULL, "-M aia=aplic" },
    { "riscv.imsic", NULL, "-M aia=aplic-imsic,aia-guests=3" },
    { "riscv.aclint.sswi", NULL, "-M aclint=on" },
};

static bool on_board(const char *type)
{
    ObjectClass *k = object_class_by_name(type);

    return !k || !object_class_is(k, TYPE_DEVICE) || !DEVICE_CLASS(k)->user_creatable;
}

static void add_window(hwaddr base, uint64_t size)
{
    if (base != UINT64_MAX && nr_windows < G_N_ELEMENTS(windows)) {
        windows[nr_windows].base = base;
        windows[nr_windows++].size = size;
    }
}

/* As firmware would: BARs one after the other, everything enabled. A reset takes it back. */
static void place_bars(void)
{
    hwaddr config = ECAM + ((hwaddr)function->devfn << 12), at = PCI_MEMORY;

    for (unsigned n = 0; n < PCI_NUM_BARS; n++) {
        if (function->bars[n].mr && function->bars[n].type == PCI_BAR_IO) {
            address_space_st(as, config + PCI_BAR0 + 4 * n, FIRST_PORT, 4);
            ports = PCI_PORTS + FIRST_PORT;
            add_window(ports, function->bars[n].size);
        } else if (function->bars[n].mr) {
            at = (at + function->bars[n].size - 1) & ~(function->bars[n].size - 1);
            address_space_st(as, config + PCI_BAR0 + 4 * n, at, 4);
            add_window(at, function->bars[n].size);
            at += function->bars[n].size;
        }
    }
    address_space_st(as, config + PCI_COMMAND, 7, 2);
}

/* The device's own, those of its transport, or configuration space and BARs of a function. */
static void find_windows(void)
{
    window = device;
    while (!window->nr_mmio && window->parent_bus && !object_dynamic_cast(window, TYPE_PCI_DEVICE)) {
        window = window->parent_bus->owner;
    }
    function = object_dynamic_cast(window, TYPE_PCI_DEVICE);
    if (function) {
        add_window(ECAM + ((hwaddr)function->devfn << 12), PCI_CONFIG_SIZE);
        place_bars();
    }
    for (unsigned n = 0; n < window->nr_mmio; n++) {
        add_window(window->mmio_addr[n], window->mmio[n]->size);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *type = getenv("FUZZ_DEVICE");
    g_autoptr(GString) line = g_string_new("-M virt -m 16M -S -nodefaults -display none -bios none"
                                           " -global virtio-mmio.force-legacy=off"
                                           " -chardev null,id=s0 -serial chardev:s0");
    const char *props = "";

    if (!type) {
        fprintf(stderr, "FUZZ_DEVICE names the type of device to fuzz\n");
        exit(1);
    }
    /* A virtio device on PCI needs what it needs elsewhere. */
    const char *on_pci = strstr(type, "-pci");
    g_autofree char *part = g_str_has_prefix(type, "virtio-") && on_pci
        ? g_strdup_printf("%.*s-device", (int)(on_pci - type), type) : g_strdup(type);
    for (size_t i = 0; i < G_N_ELEMENTS(needs); i++) {
        if (g_str_equal(needs[i].device, part)) {
            g_string_append_printf(line, " %s", needs[i].options);
            props = needs[i].props;
        }
    }
    if (!on_board(type)) {
        g_string_append_printf(line, " -device %s%s%s%s", type, *props ? "," : "", props,
                               getenv("FUZZ_PROPS") ? getenv("FUZZ_PROPS") : "");
    }
    fuzz_start(line->str);
    as = &current_machine()->as;
    object_walk(&current_machine()->parent_obj, match_type, (void *)type);
    if (!device) {
        fprintf(stderr, "the machine has no '%s'\n", type);
        exit(1);
    }
    find_windows();
    return 0;
}

/* ---- Registers ---- */

enum { R_FEATURES = 0x10, R_FEATURES_SEL = 0x14, R_DRV_FEATURES = 0x20, R_DRV_FEATURES_SEL = 0x24,
       R_QUEUE_SEL = 0x30, R_NUM = 0x38, R_READY = 0x44, R_NOTIFY = 0x50, R_STATUS = 0x70,
       R_DESC = 0x80, R_AVAIL = 0x90, R_USED = 0xa0 };

/* Where a register of virtio-mmio is in the BAR of a virtio function, and its size. */
static uint64_t pci_register(uint64_t offset, uint64_t value, unsigned *size)
{
    *size = 4;
    switch (offset) {
    case R_FEATURES_SEL: return 0x00;
    case R_FEATURES: return 0x04;
    case R_DRV_FEATURES_SEL: return 0x08;
    case R_DRV_FEATURES: return 0x0c;
    }
    if (offset >= R_DESC) {
        return offset < R_AVAIL ? 0x20 + (offset & 4)
               : offset < R_USED ? 0x28 + (offset & 4) : 0x30 + (offset & 4);
    }
    *size = offset == R_STATUS ? 1 : 2;
    return offset == R_STATUS ? 0x14 : offset == R_QUEUE_SEL ? 0x16 : offset == R_NUM ? 0x18
           : offset == R_READY ? 0x1c : 0x3000 + 4 * (value & 0xff);
}

/* The same of the ports; UINT64_MAX: there is none. */
static uint64_t port_register(uint64_t offset, uint64_t *value, unsigned *size)
{
    *size = 4;
    switch (offset) {
    case R_DRV_FEATURES:
        return 0x04;
    case R_DESC: /* one page number for all */
        *value >>= 12;
        return 0x08;
    case R_QUEUE_SEL:
        *size = 2;
        return 0x0e;
    case R_NOTIFY:
        *size = 2;
        return 0x10;
    case R_STATUS:
        *size = 1;
        return 0x12;
    }
    return UINT64_MAX;
}

static void reg_write(uint64_t offset, uint64_t value, unsigned size)
{
    if (legacy) {
        offset = port_register(offset, &value, &size);
        if (offset != UINT64_MAX) {
            address_space_st(as, ports + offset, value, size);
        }
        return;
    }
    if (function) {
        offset = pci_register(offset, value, &size);
    }
    address_space_st(as, windows[nr_windows - 1].base + offset, value, size);
}

static void access_register(Input *in, bool write)
{
    unsigned n = nr_windows ? take(in, 1) % nr_windows : 0;
    unsigned size = 1u << (take(in, 1) & 3);
    uint64_t offset = take(in, 3), value;

    if (!nr_windows) {
        return;
    }
    offset %= windows[n].size + 8;
    if (write) {
        address_space_st(as, windows[n].base + offset, take(in, size), size);
    } else {
        address_space_ld(as, windows[n].base + offset, &value, size);
    }
}

/* ---- Guest memory ---- */

static void store_bytes(Input *in)
{
    uint64_t offset = take(in, 2);
    uint8_t buf[256];
    size_t n = take_bytes(in, buf, sizeof(buf));

    if (offset + n <= ARENA_SIZE) {
        address_space_write_rom(as, ARENA + offset, buf, n);
    }
}

/* ---- A virtio driver's steps ---- */

/* Reset, and all features but those that the input masks out. */
static void handshake(Input *in)
{
    uint64_t mask = take(in, 8), v;

    legacy = ports && mask >> 63;
    reg_write(R_STATUS, 0, 4);
    reg_write(R_STATUS, 3, 4);
    for (unsigned i = 0; i < (legacy ? 1 : 2); i++) {
        reg_write(R_FEATURES_SEL, i, 4);
        unsigned size;

        if (address_space_ld(as, legacy ? ports : windows[nr_windows - 1].base +
                                     (function ? pci_register(R_FEATURES, 0, &size) : R_FEATURES),
                             &v, 4) != MEMTX_OK) {
            v = 0;
        }
        reg_write(R_DRV_FEATURES_SEL, i, 4);
        reg_write(R_DRV_FEATURES, v & ~(mask >> (32 * i)), 4);
    }
    reg_write(R_STATUS, 11, 4);
}

static void setup_queues(Input *in)
{
    unsigned first = take(in, 1) & 7, count = 1 + (take(in, 1) & 7);
    unsigned num = 1u << (take(in, 1) & 7);

    for (unsigned q = first; q < first + count; q++) {
        uint64_t base = RING(q & 7);

        reg_write(R_QUEUE_SEL, q, 4);
        reg_write(R_NUM, num, 4);
        for (unsigned half = 0; half < 2; half++) {
            reg_write(R_DESC + 4 * half, base >> (32 * half), 4);
            reg_write(R_AVAIL + 4 * half, (base + 2048) >> (32 * half), 4);
            reg_write(R_USED + 4 * half, (base + 3072) >> (32 * half), 4);
        }
        reg_write(R_READY, 1, 4);
    }
    reg_write(R_STATUS, 15, 4);
}

/* One descriptor of a split or packed ring, made of guest memory unless the input says otherwise. */
static void descriptor(Input *in)
{
    unsigned q = take(in, 1) & 7, slot = take(in, 1) & 127;
    uint32_t where = take(in, 3), len = take(in, 2);
    uint8_t d[16];
    uint64_t addr = where & 0x800000 ? (uint64_t)where << 12 : ARENA + 0x8000 + (where & 0x7fff);

    st64_le(d, addr);
    st32_le(d + 8, len & 0x8000 ? UINT32_MAX - (len & 0x7fff) : len);
    st16_le(d + 12, take(in, 2));
    st16_le(d + 14, take(in, 2));
    address_space_write_rom(as, RING(q) + slot * 16, d, 16);
}

/* Where the available ring is: the size of a legacy one is the device's choice. */
static hwaddr available(unsigned q)
{
    uint64_t num = 128;

    if (legacy) {
        address_space_st(as, ports + 0x0e, q, 2);
        address_space_ld(as, ports + 0x0c, &num, 2);
    }
    return RING(q) + 16 * num;
}

/* Puts a chain into the available ring and notifies. */
static void submit(Input *in)
{
    unsigned q = take(in, 1) & 7;
    uint16_t head = take(in, 1);
    uint8_t avail[4];

    hwaddr ring = available(q);

    address_space_read_ram(as, ring, avail, 4);
    uint16_t idx = ld16_le(avail + 2);
    uint8_t entry[2];

    st16_le(entry, head);
    address_space_write_rom(as, ring + 4 + 2 * (idx & 127), entry, 2);
    st16_le(avail + 2, idx + 1);
    address_space_write_rom(as, ring, avail, 4);
    reg_write(R_NOTIFY, q, 4);
}

/* ---- The host's side, and time ---- */

static void host_bytes(Input *in)
{
    static const char *const ids[] = { "s0", "c0" };
    uint8_t buf[64];
    size_t n = take_bytes(in, buf, sizeof(buf));

    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
        Object *chr = object_child(object_container(CHARDEV_CONTAINER), ids[i]);

        if (chr) {
            chardev_inject(CHARDEV(chr), buf, n);
        }
    }
}

static void run_loop(Input *in)
{
    clock_virtual_set_ns(clock_get_ns(CLOCK_VIRTUAL) + (int64_t)take(in, 3) * 1000);
    timers_run();
    for (unsigned i = 0; console_by_index(i); i++) {
        console_refresh(console_by_index(i)); /* somebody looks */
    }
    for (unsigned i = 0; i < 16 && g_main_context_iteration(NULL, FALSE); i++) {
    }
}

static void (*const virtio_ops[])(Input *in) = { handshake, setup_queues, descriptor, submit };

static void one_op(Input *in, bool virtio)
{
    unsigned op = take(in, 1);

    switch (op & 7) {
    case 0:
        access_register(in, true);
        break;
    case 1:
        access_register(in, false);
        break;
    case 2:
        store_bytes(in);
        break;
    case 3:
        host_bytes(in);
        break;
    case 4:
        run_loop(in);
        break;
    default:
        if (virtio) {
            virtio_ops[(op >> 3) % G_N_ELEMENTS(virtio_ops)](in);
        } else {
            access_register(in, op & 8);
        }
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t zero[ARENA_SIZE];
    bool virtio = object_dynamic_cast(window, TYPE_VIRTIO_MMIO) ||
                  object_dynamic_cast(window, TYPE_VIRTIO_PCI);
    Input in = { data, data + size };

    legacy = false;
    if (function) {
        nr_windows = 1;
        place_bars();
    }

    for (unsigned n = 0; n < MAX_OPS && in.p < in.end; n++) {
        one_op(&in, virtio);
    }
    /* What is in flight ends before the next input begins, so that a finding is the input's own. */
    blk_drain_all();
    for (unsigned i = 0; i < 100 && g_main_context_iteration(NULL, FALSE); i++) {
    }
    device_reset(window);
    device_reset(device);
    address_space_write_rom(as, ARENA, zero, sizeof(zero));
    return 0;
}
