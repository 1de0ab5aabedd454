/*
 * "riscv.aclint.swi" and "riscv.aclint.mtimer": the shells of hw/intc/aclint-core.c. Side by side
 * they are the SiFive CLINT; the software half writes the node for both.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/intc/riscv_aclint.h"

#include <inttypes.h>

#include "hw/core/fdt.h"
#include "hw/intc/aclint-core.h"
#include "util/bits.h"

OBJECT_DECLARE_SIMPLE(ACLINTSwi, ACLINT_SWI, TYPE_RISCV_ACLINT_SWI)
OBJECT_DECLARE_SIMPLE(ACLINTMtimer, ACLINT_MTIMER, TYPE_RISCV_ACLINT_MTIMER)

struct ACLINTSwi {
    DeviceState parent_obj;
    SwiCore core;
    MemoryRegion mr;
    uint32_t num_harts, hartid_base;
    int part;
};

/* What a block of software interrupt registers is. */
enum { SWI_CLINT, SWI_MSWI, SWI_SSWI };

typedef struct MtimerHart {
    ACLINTMtimer *owner;
    uint32_t index;
    Timer timer;
} MtimerHart;

struct ACLINTMtimer {
    DeviceState parent_obj;
    MtimerCore core;
    MemoryRegion mr;
    uint32_t num_harts, hartid_base;
    bool aclint;
    Timebase *timebase;
    MtimerHart *harts; /* [num_harts] */
};

/* ---- Software interrupts ---- */

static MemTxResult swi_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    ACLINTSwi *s = opaque;
    uint32_t v;

    if (!swi_core_read(&s->core, addr, &v)) {
        device_guest_error(s, "read of msip %" PRIu64 " of %u", addr / 4, s->num_harts);
    }
    *value = v;
    return MEMTX_OK;
}

static MemTxResult swi_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    ACLINTSwi *s = opaque;
    uint32_t hart;

    if (!swi_core_write(&s->core, addr, (uint32_t)value, &hart)) {
        device_guest_error(s, "write of msip %" PRIu64 " of %u", addr / 4, s->num_harts);
        return MEMTX_OK;
    }
    irq_set(&DEVICE(s)->irq_out[hart], s->core.msip[hart]);
    if (s->part == SWI_SSWI) {
        /* setssip is an edge, reads as zero, and it is the hart that clears its sip.SSIP. */
        s->core.msip[hart] = 0;
        irq_lower(&DEVICE(s)->irq_out[hart]);
    }
    return MEMTX_OK;
}

static const MemoryRegionOps swi_ops = {
    .read = swi_read,
    .write = swi_write,
    .valid = { .min = 4, .max = 4 },
};

static bool swi_realize(DeviceState *dev, Error **errp)
{
    ACLINTSwi *s = ACLINT_SWI(dev);

    swi_core_init(&s->core, s->num_harts);
    device_init_mmio(dev, &s->mr, &swi_ops, TYPE_RISCV_ACLINT_SWI, RISCV_ACLINT_SWI_SIZE);
    device_init_irqs(dev, s->num_harts);
    return true;
}

static void swi_unrealize(DeviceState *dev)
{
    swi_core_destroy(&ACLINT_SWI(dev)->core);
}

static void swi_drive_lines(ACLINTSwi *s)
{
    for (uint32_t i = 0; i < s->num_harts; i++) {
        irq_set(&DEVICE(s)->irq_out[i], s->core.msip[i]);
    }
}

static void swi_reset(DeviceState *dev)
{
    swi_drive_lines(ACLINT_SWI(dev));
}

static void swi_post_load(Object *obj)
{
    ACLINTSwi *s = ACLINT_SWI(obj);
    g_mutex_lock(&DEVICE(s)->lock);
    swi_drive_lines(s);
    g_mutex_unlock(&DEVICE(s)->lock);
}

/* "interrupts-extended": the same input of every hart. */
static void set_hart_inputs(FDTBuilder *fdt, const char *node, uint32_t base, uint32_t harts,
                            uint32_t irq)
{
    g_autofree uint32_t *cells = g_new(uint32_t, harts * 2);

    for (uint32_t i = 0; i < harts; i++) {
        g_autofree char *intc =
            g_strdup_printf("/cpus/cpu@%u/interrupt-controller", base + i);
        cells[i * 2] = fdt_phandle(fdt, intc);
        cells[i * 2 + 1] = irq;
    }
    fdt_set_cells(fdt, node, "interrupts-extended", cells, (int)harts * 2);
}

static void swi_own_fdt(ACLINTSwi *s, FDTBuilder *fdt, const DeviceFDTContext *ctx)
{
    const char *name = s->part == SWI_MSWI ? "mswi" : "sswi";
    g_autofree char *node = g_strdup_printf("%s/%s@%" PRIx64, ctx->parent, name, ctx->base);
    g_autofree char *compatible = g_strconcat("riscv,aclint-", name, NULL);

    fdt_set_str(fdt, node, "compatible", compatible);
    fdt_set_reg(fdt, node, ctx->base, RISCV_ACLINT_SWI_SIZE);
    set_hart_inputs(fdt, node, s->hartid_base, s->num_harts, s->part == SWI_MSWI ? 3 : 1);
    fdt_set_empty(fdt, node, "interrupt-controller");
    fdt_set_u32(fdt, node, "#interrupt-cells", 0);
    fdt_set_numa_node(fdt, node, ctx->numa_node);
}

/* One node for the whole CLINT, timer included: the map entry spans both. */
static void swi_fdt(DeviceState *dev, FDTBuilder *fdt, const DeviceFDTContext *ctx)
{
    ACLINTSwi *s = ACLINT_SWI(dev);

    if (s->part != SWI_CLINT) {
        swi_own_fdt(s, fdt, ctx);
        return;
    }
    g_autofree char *node = g_strdup_printf("%s/clint@%" PRIx64, ctx->parent, ctx->base);
    g_autofree uint32_t *cells = g_new(uint32_t, s->num_harts * 4);

    for (uint32_t i = 0; i < s->num_harts; i++) {
        g_autofree char *intc =
            g_strdup_printf("/cpus/cpu@%u/interrupt-controller", s->hartid_base + i);
        uint32_t phandle = fdt_phandle(fdt, intc);
        cells[i * 4 + 0] = phandle;
        cells[i * 4 + 1] = 3; /* machine software interrupt */
        cells[i * 4 + 2] = phandle;
        cells[i * 4 + 3] = 7; /* machine timer interrupt */
    }
    fdt_set_strv(fdt, node, "compatible",
                 (const char *const[]){ "sifive,clint0", "riscv,clint0", NULL });
    fdt_set_reg(fdt, node, ctx->base, ctx->size);
    fdt_set_cells(fdt, node, "interrupts-extended", cells, (int)s->num_harts * 4);
    fdt_set_numa_node(fdt, node, ctx->numa_node);
}

static const EnumName swi_parts[] = {
    { "clint", SWI_CLINT, "half of a SiFive CLINT" },
    { "mswi", SWI_MSWI, "machine software interrupts of an ACLINT" },
    { "sswi", SWI_SSWI, "supervisor software interrupts of an ACLINT" },
    { NULL },
};

static const Property swi_props[] = {
    PROP_U32("num-harts", ACLINTSwi, num_harts, 1, 1, RISCV_ACLINT_MAX_HARTS, "harts served"),
    PROP_U32("hartid-base", ACLINTSwi, hartid_base, 0, 0, UINT32_MAX, "number of the first hart"),
    PROP_ENUM("part", ACLINTSwi, part, SWI_CLINT, swi_parts, "what these registers are"),
    PROP_END,
};

static const StateField swi_fields[] = {
    { .name = "msip", .type = STATE_U8, .offset = offsetof(ACLINTSwi, core.msip),
      .count_offset = offsetof(ACLINTSwi, core.nr_harts), .max = 1, .flags = STATE_POINTER },
    S_END,
};

static const StateTable swi_state = {
    .name = TYPE_RISCV_ACLINT_SWI,
    .fields = swi_fields,
    .post_load = swi_post_load,
};

static void swi_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    klass->props = swi_props;
    klass->state = &swi_state;
    dc->realize = swi_realize;
    dc->unrealize = swi_unrealize;
    dc->reset = swi_reset;
    dc->fdt = swi_fdt;
}

/* ---- Timer ---- */

void riscv_aclint_mtimer_set_timebase(DeviceState *dev, Timebase *tb)
{
    ACLINT_MTIMER(dev)->timebase = tb;
}

/* Drives hart's line for the present and arms its timer for the future. Lock held. */
static void mtimer_update(ACLINTMtimer *s, uint32_t hart)
{
    bool pending = mtimer_core_pending(&s->core, hart, timebase_read(s->timebase));

    irq_set(&DEVICE(s)->irq_out[hart], pending);
    if (pending) {
        timer_del(&s->harts[hart].timer);
    } else {
        timer_mod_ns(&s->harts[hart].timer,
                     timebase_deadline_ns(s->timebase, s->core.mtimecmp[hart]));
    }
}

static void mtimer_update_all(ACLINTMtimer *s)
{
    g_mutex_lock(&DEVICE(s)->lock);
    for (uint32_t i = 0; i < s->num_harts; i++) {
        mtimer_update(s, i);
    }
    g_mutex_unlock(&DEVICE(s)->lock);
}

static void mtimer_expired(void *opaque)
{
    MtimerHart *h = opaque;
    g_mutex_lock(&DEVICE(h->owner)->lock);
    mtimer_update(h->owner, h->index);
    g_mutex_unlock(&DEVICE(h->owner)->lock);
}

/* mtime was written, by us or anybody: every deadline moves. */
static void mtimer_time_changed(void *opaque)
{
    mtimer_update_all(opaque);
}

static MemTxResult mtimer_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    ACLINTMtimer *s = opaque;

    /* No lock: mtime is lock-free, and a compare register read while it is written may give
     * either value. */
    if (!mtimer_core_read(&s->core, addr, size, timebase_read(s->timebase), value)) {
        device_guest_error(s, "read of 0x%" PRIx64 ", where there is no register", addr);
    }
    return MEMTX_OK;
}

static MemTxResult mtimer_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    ACLINTMtimer *s = opaque;
    uint32_t hart;
    uint64_t time;

    g_mutex_lock(&DEVICE(s)->lock);
    MtimerWrite what = mtimer_core_write(&s->core, addr, size, value,
                                         timebase_read(s->timebase), &hart, &time);
    if (what == MTIMER_WRITE_CMP) {
        mtimer_update(s, hart);
    }
    g_mutex_unlock(&DEVICE(s)->lock);

    if (what == MTIMER_WRITE_TIME) {
        timebase_write(s->timebase, time); /* calls mtimer_time_changed(), which locks */
    } else if (what == MTIMER_WRITE_NONE) {
        device_guest_error(s, "write of 0x%" PRIx64 ", where there is no register", addr);
    }
    return MEMTX_OK;
}

static const MemoryRegionOps mtimer_ops = {
    .read = mtimer_read,
    .write = mtimer_write,
    .valid = { .min = 4, .max = 8 },
};

static bool mtimer_realize(DeviceState *dev, Error **errp)
{
    ACLINTMtimer *s = ACLINT_MTIMER(dev);

    mtimer_core_init(&s->core, s->num_harts);
    s->harts = g_new0(MtimerHart, s->num_harts);
    for (uint32_t i = 0; i < s->num_harts; i++) {
        s->harts[i].owner = s;
        s->harts[i].index = i;
        timer_init(&s->harts[i].timer, CLOCK_VIRTUAL, mtimer_expired, &s->harts[i]);
    }
    /* Without a lock of the region: a write of mtime must tell others with no lock held. */
    memory_region_init_io(&s->mr, s, &mtimer_ops, s, NULL, TYPE_RISCV_ACLINT_MTIMER,
                          RISCV_ACLINT_MTIMER_SIZE);
    device_add_mmio(dev, &s->mr);
    device_init_irqs(dev, s->num_harts);
    timebase_add_listener(s->timebase, mtimer_time_changed, s);
    return true;
}

static void mtimer_unrealize(DeviceState *dev)
{
    ACLINTMtimer *s = ACLINT_MTIMER(dev);

    for (uint32_t i = 0; i < s->num_harts; i++) {
        timer_del(&s->harts[i].timer);
    }
    g_clear_pointer(&s->harts, g_free);
    mtimer_core_destroy(&s->core);
}

/* The harts forget their pending bits when they are reset, so the lines fall first: what is due is
 * then seen as an edge. The board has set the counter to zero before. */
static void mtimer_reset(DeviceState *dev)
{
    ACLINTMtimer *s = ACLINT_MTIMER(dev);

    for (uint32_t i = 0; i < s->num_harts; i++) {
        irq_lower(&dev->irq_out[i]);
        mtimer_update(s, i);
    }
}

static void mtimer_post_load(Object *obj)
{
    mtimer_update_all(ACLINT_MTIMER(obj));
}

/* The registers as two ranges, mtime first; the second ends where the first begins. */
static void mtimer_fdt(DeviceState *dev, FDTBuilder *fdt, const DeviceFDTContext *ctx)
{
    ACLINTMtimer *s = ACLINT_MTIMER(dev);
    const hwaddr mtime = ctx->base + RISCV_ACLINT_MTIMER_SIZE - 8;

    if (!s->aclint) {
        return; /* in the node of the CLINT */
    }
    g_autofree char *node = g_strdup_printf("%s/mtimer@%" PRIx64, ctx->parent, ctx->base);

    fdt_set_str(fdt, node, "compatible", "riscv,aclint-mtimer");
    fdt_cells(fdt, node, "reg", (uint32_t)(mtime >> 32), (uint32_t)mtime, 0, 0x4008,
              (uint32_t)(ctx->base >> 32), (uint32_t)ctx->base, 0, RISCV_ACLINT_MTIMER_SIZE - 8);
    set_hart_inputs(fdt, node, s->hartid_base, s->num_harts, 7);
    fdt_set_numa_node(fdt, node, ctx->numa_node);
}

static const Property mtimer_props[] = {
    PROP_U32("num-harts", ACLINTMtimer, num_harts, 1, 1, RISCV_ACLINT_MAX_HARTS, "harts served"),
    PROP_U32("hartid-base", ACLINTMtimer, hartid_base, 0, 0, UINT32_MAX,
             "number of the first hart"),
    PROP_BOOL("aclint", ACLINTMtimer, aclint, false, "an ACLINT's, not half of a SiFive CLINT"),
    PROP_END,
};

static const StateField mtimer_fields[] = {
    { .name = "mtimecmp", .type = STATE_U64, .offset = offsetof(ACLINTMtimer, core.mtimecmp),
      .count_offset = offsetof(ACLINTMtimer, core.nr_harts), .flags = STATE_POINTER },
    S_END,
};

static const StateTable mtimer_state = {
    .name = TYPE_RISCV_ACLINT_MTIMER,
    .fields = mtimer_fields,
    .post_load = mtimer_post_load,
};

static void mtimer_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    klass->props = mtimer_props;
    klass->state = &mtimer_state;
    dc->realize = mtimer_realize;
    dc->unrealize = mtimer_unrealize;
    dc->reset = mtimer_reset;
    dc->fdt = mtimer_fdt;
}

static const TypeInfo aclint_infos[] = {
    {
        .name = TYPE_RISCV_ACLINT_SWI,
        .parent = TYPE_DEVICE,
        .instance_size = sizeof(ACLINTSwi),
        .desc = "software interrupts of the core-local interruptor (CLINT)",
        .class_init = swi_class_init,
    },
    {
        .name = TYPE_RISCV_ACLINT_MTIMER,
        .parent = TYPE_DEVICE,
        .instance_size = sizeof(ACLINTMtimer),
        .desc = "timer of the core-local interruptor (CLINT)",
        .class_init = mtimer_class_init,
    },
};

type_init_array(aclint_infos)
