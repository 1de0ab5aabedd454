/*
 * "edu": a PCI device to learn drivers on, with the registers that QEMU documents for it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/pci/pci.h"
#include "util/bits.h"

#define TYPE_EDU "edu"
OBJECT_DECLARE_SIMPLE(EduState, EDU, TYPE_EDU)

enum {
    REG_ID = 0x00,
    REG_LIVE = 0x04,
    REG_FACTORIAL = 0x08,
    REG_STATUS = 0x20,
    REG_IRQ_STATUS = 0x24,
    REG_IRQ_RAISE = 0x60,
    REG_IRQ_ACK = 0x64,
    REG_DMA_SRC = 0x80,
    REG_DMA_DST = 0x88,
    REG_DMA_COUNT = 0x90,
    REG_DMA_COMMAND = 0x98,
};
enum { STATUS_IRQ_FACTORIAL = 0x80 };
enum { DMA_RUN = 1, DMA_FROM_DEVICE = 2, DMA_IRQ = 4 };
enum { IRQ_FACTORIAL = 0x001, IRQ_DMA = 0x100 };

#define EDU_ID 0x010000ed
#define WINDOW_SIZE (1 * MiB)
#define BUFFER_BASE 0x40000
#define BUFFER_SIZE 4096

struct EduState {
    PCIDevice parent_obj;
    MemoryRegion window;
    uint64_t dma_mask; /* property */

    uint32_t live, factorial, status, irq_status;
    uint64_t dma_src, dma_dst, dma_count, dma_command;
    uint8_t buffer[BUFFER_SIZE];
};

static void raise_irq(EduState *s, uint32_t bits)
{
    PCIDevice *d = &s->parent_obj;

    s->irq_status |= bits;
    if (s->irq_status && pci_msi_enabled(d)) {
        pci_msi_notify(d, 0);
    } else {
        pci_set_irq(d, s->irq_status != 0);
    }
}

/* Modulo 2^32: from 34 on there are 32 factors of two in it. */
static uint32_t factorial(uint32_t n)
{
    uint32_t r = 1;

    for (uint32_t i = 2; i <= n && r; i++) {
        r *= i;
    }
    return r;
}

/* One end is memory, cut to the mask; the other a part of the buffer, which must hold it all. */
static void run_dma(EduState *s)
{
    bool from_device = s->dma_command & DMA_FROM_DEVICE;
    uint64_t inside = from_device ? s->dma_src : s->dma_dst;
    hwaddr memory = (from_device ? s->dma_dst : s->dma_src) & s->dma_mask;
    AddressSpace *as = s->parent_obj.parent_obj.dma_as;

    if (inside < BUFFER_BASE || inside > BUFFER_BASE + BUFFER_SIZE ||
        s->dma_count > BUFFER_BASE + BUFFER_SIZE - inside) {
        device_guest_error(s, "DMA of %u bytes at 0x%x, outside the buffer", (unsigned)s->dma_count,
                           (unsigned)inside);
    } else if (s->dma_count) {
        uint8_t *p = s->buffer + (inside - BUFFER_BASE);

        if (!(from_device ? dma_write(as, memory, p, s->dma_count)
                          : dma_read(as, memory, p, s->dma_count))) {
            device_guest_error(s, "DMA reaches what is not memory");
        }
    }
    s->dma_command &= ~(uint64_t)DMA_RUN;
    if (s->dma_command & DMA_IRQ) {
        raise_irq(s, IRQ_DMA);
    }
}

static MemTxResult edu_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    const EduState *s = opaque;

    switch (addr) {
    case REG_ID: *value = EDU_ID; break;
    case REG_LIVE: *value = ~s->live; break;
    case REG_FACTORIAL: *value = s->factorial; break;
    case REG_STATUS: *value = s->status; break;
    case REG_IRQ_STATUS: *value = s->irq_status; break;
    case REG_DMA_SRC: *value = s->dma_src; break;
    case REG_DMA_DST: *value = s->dma_dst; break;
    case REG_DMA_COUNT: *value = s->dma_count; break;
    case REG_DMA_COMMAND: *value = s->dma_command; break;
    default: *value = MASK_ULL(8 * size); break;
    }
    *value &= MASK_ULL(8 * size);
    return MEMTX_OK;
}

static MemTxResult edu_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    EduState *s = opaque;

    switch (addr) {
    case REG_LIVE:
        s->live = (uint32_t)value;
        break;
    case REG_FACTORIAL:
        s->factorial = factorial((uint32_t)value);
        if (s->status & STATUS_IRQ_FACTORIAL) {
            raise_irq(s, IRQ_FACTORIAL);
        }
        break;
    case REG_STATUS:
        s->status = value & STATUS_IRQ_FACTORIAL;
        break;
    case REG_IRQ_RAISE:
        raise_irq(s, (uint32_t)value);
        break;
    case REG_IRQ_ACK:
        s->irq_status &= ~(uint32_t)value;
        if (!s->irq_status) {
            pci_set_irq(&s->parent_obj, false);
        }
        break;
    case REG_DMA_SRC: s->dma_src = value; break;
    case REG_DMA_DST: s->dma_dst = value; break;
    case REG_DMA_COUNT: s->dma_count = value; break;
    case REG_DMA_COMMAND:
        s->dma_command = value & (DMA_RUN | DMA_FROM_DEVICE | DMA_IRQ);
        if (value & DMA_RUN) {
            run_dma(s);
        }
        break;
    }
    return MEMTX_OK;
}

/* Below 0x80 words only; from there on also 64 bits at once. */
static const MemoryRegionOps edu_ops = {
    .read = edu_read,
    .write = edu_write,
    .valid = { .min = 4, .max = 8 },
};

static bool edu_realize(PCIDevice *d, Error **errp)
{
    EduState *s = EDU(d);

    memory_region_init_io(&s->window, s, &edu_ops, s, &d->parent_obj.lock, TYPE_EDU, WINDOW_SIZE);
    pci_register_bar(d, 0, PCI_BAR_MEM32, &s->window);
    pci_set_pin(d, 1);
    pci_msi_init(d, 1);
    return true;
}

static void edu_unrealize(PCIDevice *d)
{
    memory_region_destroy(&EDU(d)->window);
}

static const StateField edu_rows[] = {
    S_U32(EduState, live),
    S_U32(EduState, factorial),
    S_U32(EduState, status),
    S_U32(EduState, irq_status),
    S_U64(EduState, dma_src),
    S_U64(EduState, dma_dst),
    S_U64(EduState, dma_count),
    S_U64(EduState, dma_command),
    S_BYTES(EduState, buffer, BUFFER_SIZE),
    S_END
};

static const StateTable edu_state = { .name = TYPE_EDU, .fields = edu_rows };

static const Property edu_props[] = {
    PROP_U64("dma_mask", EduState, dma_mask, MASK_ULL(28), 0, UINT64_MAX,
             "what addresses of DMA are cut to"),
    PROP_END
};

static void edu_class_init(ObjectClass *klass, const void *data)
{
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    klass->props = edu_props;
    klass->state = &edu_state;
    pc->parent_class.user_creatable = true;
    pc->vendor_id = 0x1234;
    pc->device_id = 0x11e8;
    pc->revision = 0x10;
    pc->class_code = 0x00ff00;
    pc->conventional = true;
    pc->realize = edu_realize;
    pc->unrealize = edu_unrealize;
}

static const TypeInfo edu_type = {
    .name = TYPE_EDU,
    .parent = TYPE_PCI_DEVICE,
    .desc = "PCI device to learn drivers on",
    .instance_size = sizeof(EduState),
    .class_init = edu_class_init,
};
type_init(edu_type);
