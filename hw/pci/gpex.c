/*
 * The generic PCI Express host bridge: configuration space as memory (ECAM), windows of memory and
 * I/O ports, four interrupt lines.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/pci/pci-host.h"

#include <inttypes.h>

#include "hw/core/fdt.h"
#include "util/bits.h"

/* The function that a bus number and devfn reach; NULL: nobody answers. The bus numbers of bridges
 * are bytes that a guest changes as it likes, so each level is looked for anew. */
static PCIDevice *find_function(PCIHost *host, unsigned nr, unsigned devfn)
{
    PCIBus *bus = host->root;
    unsigned here = 0;

    while (here != nr) {
        PCIBus *next = NULL;

        for (unsigned i = 0; i < 256 && !next; i++) {
            PCIDevice *d = bus->functions[i];
            unsigned first = d ? __atomic_load_n(&d->config[PCI_SECONDARY_BUS], __ATOMIC_RELAXED) : 0;

            if (d && PCI_DEVICE_GET_CLASS(d)->bridge && first > here && nr >= first &&
                nr <= __atomic_load_n(&d->config[PCI_SUBORDINATE_BUS], __ATOMIC_RELAXED)) {
                next = PCI_BUS(g_ptr_array_index(d->parent_obj.buses, 0));
                here = first;
            }
        }
        if (!next) {
            return NULL;
        }
        bus = next;
    }
    return bus->functions[devfn];
}

static PCIDevice *function_at(PCIHost *host, hwaddr addr)
{
    return find_function(host, (unsigned)(addr >> 20), addr >> 12 & 0xff);
}

static MemTxResult ecam_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    PCIDevice *d = function_at(opaque, addr);

    *value = d ? pci_config_read(d, addr & 0xfff, size) : MASK_ULL(8 * size);
    return MEMTX_OK;
}

static MemTxResult ecam_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    PCIDevice *d = function_at(opaque, addr);

    if (d) {
        pci_config_write(d, addr & 0xfff, (uint32_t)value, size);
    }
    return MEMTX_OK;
}

static const MemoryRegionOps ecam_ops = {
    .read = ecam_read,
    .write = ecam_write,
    .valid = { .min = 1, .max = 8 },
    .impl = { .min = 1, .max = 4 },
};

/* A read that no device claims gives ones (PCI Local Bus 3.0, 3.7.1 by way of a master abort). */
static MemTxResult hole_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    *value = MASK_ULL(8 * size);
    return MEMTX_OK;
}

static MemTxResult hole_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    return MEMTX_OK;
}

static const MemoryRegionOps hole_ops = {
    .read = hole_read,
    .write = hole_write,
    .valid = { .min = 1, .max = 8, .unaligned = true },
};

/* ---- The device ---- */

static void add_window(PCIHost *s, MemoryRegion *window, const char *name, MemoryRegion *space,
                       hwaddr offset, uint64_t size)
{
    memory_region_init_alias(window, s, name, space, offset, size);
    device_add_mmio(&s->parent_obj, window);
}

static void gpex_finalize(Object *obj)
{
    PCIHost *s = GPEX_HOST(obj);

    if (s->root) {
        memory_region_destroy(&s->mem_hole);
        memory_region_destroy(&s->io_hole);
        memory_region_destroy(&s->mem);
        memory_region_destroy(&s->io);
        g_mutex_clear(&s->pins_lock);
    }
}

/* ---- Slot 0: the bridge as a function of its own bus, which drivers look for ---- */

#define TYPE_GPEX_ROOT "gpex-root"

static bool add_root_function(PCIHost *s, Error **errp)
{
    DeviceState *dev = DEVICE(object_new_known(TYPE_GPEX_ROOT));
    bool ok = object_add_child(&s->parent_obj.parent_obj, "root-function", dev, errp) &&
              bus_attach(&s->root->parent_obj, dev, errp) && device_realize(dev, errp);

    object_unref(dev); /* the tree has its reference */
    return ok;
}

static void gpex_root_class_init(ObjectClass *klass, const void *data)
{
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    pc->device_id = 0x0008;
    pc->class_code = 0x060000;
    pc->conventional = true;
}

static bool gpex_realize(DeviceState *dev, Error **errp)
{
    PCIHost *s = GPEX_HOST(dev);

    s->dma_as = dev->dma_as;
    g_mutex_init(&s->pins_lock);
    device_init_irqs(dev, PCI_NUM_PINS);
    /* Functions have locks of their own. */
    memory_region_init_io(&s->ecam, s, &ecam_ops, s, NULL, "pcie-ecam", s->ecam_size);
    device_add_mmio(dev, &s->ecam);
    memory_region_init(&s->mem, s, "pcie-memory", UINT64_MAX);
    memory_region_init(&s->io, s, "pcie-io", 0x10000);
    memory_region_init_io(&s->mem_hole, s, &hole_ops, s, NULL, "pcie-memory-hole", UINT64_MAX);
    memory_region_init_io(&s->io_hole, s, &hole_ops, s, NULL, "pcie-io-hole", 0x10000);
    memory_region_add_subregion_overlap(&s->mem, 0, &s->mem_hole, -1);
    memory_region_add_subregion_overlap(&s->io, 0, &s->io_hole, -1);
    add_window(s, &s->mem32_window, "pcie-mmio", &s->mem, s->mem32.base, s->mem32.size);
    add_window(s, &s->mem64_window, "pcie-mmio-high", &s->mem, s->mem64.base, s->mem64.size);
    add_window(s, &s->io_window, "pcie-ports", &s->io, 0, s->ports.size);
    s->root = pci_bus_new(dev, PCI_ROOT_BUS_NAME, s, NULL, &s->mem, &s->io);
    return add_root_function(s, errp);
}

/* ---- Device tree: the binding of "pci-host-ecam-generic" ---- */

enum { RANGE_IO = 0x01000000, RANGE_MEM32 = 0x02000000, RANGE_MEM64 = 0x03000000 };

static uint32_t *put(uint32_t *p, uint32_t v)
{
    *p = v;
    return p + 1;
}

static uint32_t *put_range(uint32_t *p, uint32_t kind, hwaddr on_bus, const PCIWindow *w)
{
    const uint64_t numbers[] = { on_bus, w->base, w->size };

    p = put(p, kind);
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        p = put(p, (uint32_t)(numbers[i] >> 32));
        p = put(p, (uint32_t)numbers[i]);
    }
    return p;
}

/* One row for each pin of four slots; the mask leaves no more of the slot's number. */
static void write_interrupt_map(FDTBuilder *fdt, const char *node, const DeviceFDTContext *ctx)
{
    uint32_t cells[4 * PCI_NUM_PINS * 8], *p = cells;

    for (unsigned slot = 0; slot < 4; slot++) {
        for (unsigned pin = 0; pin < PCI_NUM_PINS; pin++) {
            p = put(p, slot << 11);
            p = put(p, 0);
            p = put(p, 0);
            p = put(p, pin + 1);
            p = put(p, ctx->irq_phandle);
            p = put(p, (uint32_t)ctx->irq + (slot + pin) % PCI_NUM_PINS);
            if (ctx->irq_cells == 2) {
                p = put(p, 4); /* level, active high */
            }
        }
    }
    fdt_set_cells(fdt, node, "interrupt-map", cells, (int)(p - cells));
    fdt_cells(fdt, node, "interrupt-map-mask", 3 << 11, 0, 0, 7);
}

static void gpex_fdt(DeviceState *dev, FDTBuilder *fdt, const DeviceFDTContext *ctx)
{
    const PCIHost *s = GPEX_HOST(dev);
    g_autofree char *node = g_strdup_printf("%s/pci@%" PRIx64, ctx->parent, ctx->base);
    uint32_t ranges[21], *p = ranges;

    fdt_set_u32(fdt, node, "#address-cells", 3);
    fdt_set_u32(fdt, node, "#interrupt-cells", 1);
    fdt_set_u32(fdt, node, "#size-cells", 2);
    fdt_set_str(fdt, node, "compatible", "pci-host-ecam-generic");
    fdt_set_str(fdt, node, "device_type", "pci");
    fdt_set_u32(fdt, node, "linux,pci-domain", 0);
    fdt_cells(fdt, node, "bus-range", 0, (uint32_t)(s->ecam_size >> 20) - 1);
    fdt_set_empty(fdt, node, "dma-coherent");
    fdt_set_reg(fdt, node, ctx->base, ctx->size);
    p = put_range(p, RANGE_IO, 0, &s->ports);
    p = put_range(p, RANGE_MEM32, s->mem32.base, &s->mem32);
    p = put_range(p, RANGE_MEM64, s->mem64.base, &s->mem64);
    fdt_set_cells(fdt, node, "ranges", ranges, (int)(p - ranges));
    write_interrupt_map(fdt, node, ctx);
    if (ctx->msi_phandle) {
        fdt_set_u32(fdt, node, "msi-parent", ctx->msi_phandle);
    }
}

static char *gpex_boot_name(DeviceState *dev)
{
    return g_strdup_printf("pci@%016" PRIx64, dev->mmio_addr[0]);
}

/* ---- info pci ---- */

static void print_bus(PCIBus *bus, unsigned nr, GString *out)
{
    for (unsigned i = 0; i < 256; i++) {
        PCIDevice *d = bus->functions[i];

        if (!d) {
            continue;
        }
        g_string_append_printf(out, "  Bus %2u, device %3u, function %u:\n    %s, class %04x, "
                               "PCI device %04x:%04x, id \"%s\"\n", nr, PCI_SLOT(i), PCI_FUNC(i),
                               object_type_name(d), pci_get16(d->config + PCI_CLASS_DEVICE),
                               pci_get16(d->config + PCI_VENDOR_ID),
                               pci_get16(d->config + PCI_DEVICE_ID),
                               d->parent_obj.id ? d->parent_obj.id : "");
        for (unsigned n = 0; n < PCI_NUM_BARS; n++) {
            const PCIBar *bar = &d->bars[n];

            if (bar->mr && bar->addr == UINT64_MAX) {
                g_string_append_printf(out, "      BAR%u: %s, %" PRIu64 " bytes, not mapped\n", n,
                                       bar->type == PCI_BAR_IO ? "I/O" : "memory", bar->size);
            } else if (bar->mr) {
                g_string_append_printf(out, "      BAR%u: %s at 0x%" PRIx64 ", %" PRIu64 " bytes\n", n,
                                       bar->type == PCI_BAR_IO ? "I/O" : "memory", bar->addr,
                                       bar->size);
            }
        }
        if (PCI_DEVICE_GET_CLASS(d)->bridge) {
            print_bus(PCI_BUS(g_ptr_array_index(d->parent_obj.buses, 0)),
                      d->config[PCI_SECONDARY_BUS], out);
        }
    }
}

void pci_print(PCIHost *host, GString *out)
{
    print_bus(host->root, 0, out);
}

static void gpex_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->category = DEVICE_CATEGORY_BRIDGE;
    dc->realize = gpex_realize;
    dc->fdt = gpex_fdt;
    dc->acpi = gpex_acpi;
    dc->boot_name = gpex_boot_name;
}

static const TypeInfo gpex_types[] = {
    {
        .name = TYPE_GPEX_HOST,
        .parent = TYPE_DEVICE,
        .desc = "generic PCI Express host bridge",
        .instance_size = sizeof(PCIHost),
        .class_init = gpex_class_init,
        .instance_finalize = gpex_finalize,
    },
    {
        .name = TYPE_GPEX_ROOT,
        .parent = TYPE_PCI_DEVICE,
        .desc = "the host bridge as a function of its bus",
        .instance_size = sizeof(PCIDevice),
        .class_init = gpex_root_class_init,
    },
};
type_init_array(gpex_types);
