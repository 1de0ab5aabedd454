/*
 * "riscv.sifive.plic": the shell of hw/intc/plic-core.c. Contexts 2n and 2n+1 are the M and S mode
 * of hart n, or context n is its S mode where guests have no M; output line c goes to the hart of
 * context c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/intc/sifive_plic.h"

#include <inttypes.h>

#include "hw/core/device.h"
#include "hw/acpi/aml.h"
#include "hw/core/fdt.h"
#include "hw/intc/plic-core.h"
#include "util/bits.h"

OBJECT_DECLARE_SIMPLE(SiFivePLIC, SIFIVE_PLIC, TYPE_SIFIVE_PLIC)

struct SiFivePLIC {
    DeviceState parent_obj;
    PLICCore core;
    MemoryRegion mr;
    uint32_t num_harts, hartid_base, num_sources, num_priorities, aperture_size;
    bool mmode;
};

static uint32_t contexts_per_hart(const SiFivePLIC *s)
{
    return s->mmode ? 2 : 1;
}

static MemTxResult plic_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    SiFivePLIC *s = opaque;
    uint32_t v;

    if (!plic_core_read(&s->core, addr, &v)) {
        device_guest_error(s, "read of 0x%" PRIx64 ", where there is no register", addr);
    }
    *value = v;
    return MEMTX_OK;
}

static MemTxResult plic_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    SiFivePLIC *s = opaque;

    if (!plic_core_write(&s->core, addr, (uint32_t)value)) {
        device_guest_error(s, "write of 0x%" PRIx64 " to 0x%" PRIx64
                           ", where there is no register that can be written", value, addr);
    }
    return MEMTX_OK;
}

static const MemoryRegionOps plic_ops = {
    .read = plic_read,
    .write = plic_write,
    .valid = { .min = 4, .max = 4 },
};

static void plic_set_eip(void *opaque, unsigned context, bool level)
{
    irq_set(&DEVICE(opaque)->irq_out[context], level);
}

/* A device's line: that device's lock is held; ours comes after it. */
static void plic_irq_in(void *opaque, int n, bool level)
{
    SiFivePLIC *s = opaque;
    g_mutex_lock(&DEVICE(s)->lock);
    plic_core_set_line(&s->core, (uint32_t)n, level);
    g_mutex_unlock(&DEVICE(s)->lock);
}

static bool plic_realize(DeviceState *dev, Error **errp)
{
    SiFivePLIC *s = SIFIVE_PLIC(dev);

    if (!is_pow2((uint64_t)s->num_priorities + 1)) {
        error_setg(errp, "num-priorities=%u: must be one less than a power of two",
                   s->num_priorities);
        return false;
    }
    uint32_t contexts = s->num_harts * contexts_per_hart(s);
    uint64_t need = PLIC_CONTEXT + (uint64_t)contexts * PLIC_CONTEXT_STRIDE;
    if (s->aperture_size < need) {
        error_setg(errp, "aperture-size=%u: %u harts need 0x%" PRIx64 " bytes",
                   s->aperture_size, s->num_harts, need);
        return false;
    }
    plic_core_init(&s->core, s->num_sources, contexts, s->num_priorities, plic_set_eip, s);
    device_init_mmio(dev, &s->mr, &plic_ops, TYPE_SIFIVE_PLIC, s->aperture_size);
    device_init_irqs(dev, contexts);
    return true;
}

static void plic_unrealize(DeviceState *dev)
{
    plic_core_destroy(&SIFIVE_PLIC(dev)->core);
}

static void plic_reset(DeviceState *dev)
{
    plic_core_reset(&SIFIVE_PLIC(dev)->core);
}

static void plic_fdt(DeviceState *dev, FDTBuilder *fdt, const DeviceFDTContext *ctx)
{
    SiFivePLIC *s = SIFIVE_PLIC(dev);
    g_autofree char *node = g_strdup_printf("%s/plic@%" PRIx64, ctx->parent, ctx->base);
    g_autofree uint32_t *cells = g_new(uint32_t, s->num_harts * 4);
    int n = 0;

    for (uint32_t i = 0; i < s->num_harts; i++) {
        g_autofree char *intc =
            g_strdup_printf("/cpus/cpu@%u/interrupt-controller", s->hartid_base + i);
        uint32_t phandle = fdt_phandle(fdt, intc);
        if (s->mmode) {
            cells[n++] = phandle;
            cells[n++] = 11; /* machine external interrupt */
        }
        cells[n++] = phandle;
        cells[n++] = 9; /* supervisor external interrupt */
    }
    fdt_set_u32(fdt, node, "#interrupt-cells", 1);
    fdt_set_u32(fdt, node, "#address-cells", 0);
    fdt_set_strv(fdt, node, "compatible",
                 (const char *const[]){ "sifive,plic-1.0.0", "riscv,plic0", NULL });
    fdt_set_empty(fdt, node, "interrupt-controller");
    fdt_set_cells(fdt, node, "interrupts-extended", cells, n);
    fdt_set_reg(fdt, node, ctx->base, ctx->size);
    fdt_set_u32(fdt, node, "riscv,ndev", s->num_sources - 1);
    fdt_set_numa_node(fdt, node, ctx->numa_node);
    fdt_phandle(fdt, node);
}

static char *plic_describe(DeviceState *dev)
{
    SiFivePLIC *s = SIFIVE_PLIC(dev);
    GString *out = g_string_new(NULL);

    g_string_printf(out, "%u sources, %u contexts; pending:", s->num_sources - 1,
                    s->core.nr_contexts);
    g_mutex_lock(&dev->lock);
    for (uint32_t i = 1; i < s->num_sources; i++) {
        if (s->core.pending[i / 32] >> (i % 32) & 1) {
            g_string_append_printf(out, " %u", i);
        }
    }
    g_mutex_unlock(&dev->lock);
    return g_string_free(out, FALSE);
}

static bool bit(const uint32_t *words, uint32_t n)
{
    return words[n / 32] >> (n % 32) & 1;
}

/* Sources that somebody raises or that are being handled. */
static void explain_sources(const PLICCore *p, GString *out)
{
    for (uint32_t i = 1; i < p->nr_sources; i++) {
        if (bit(p->level, i) || bit(p->pending, i) || bit(p->inflight, i)) {
            g_string_append_printf(out, "  source %u: line %s, %s%s, priority %u\n", i,
                                   bit(p->level, i) ? "high" : "low",
                                   bit(p->pending, i) ? "pending" : "not pending",
                                   bit(p->inflight, i) ? ", claimed and not completed" : "",
                                   p->priority[i]);
        }
    }
}

static void explain_context(const SiFivePLIC *s, uint32_t c, GString *out)
{
    const PLICCore *p = &s->core;
    const uint32_t *enable = &p->enable[c * p->words];
    bool any = false;

    for (uint32_t i = 1; i < p->nr_sources; i++) {
        if (!bit(enable, i)) {
            continue;
        }
        if (!any) {
            g_string_append_printf(out, "  hart %u %c: threshold %u, line %s, enables",
                                   s->hartid_base + c / contexts_per_hart(s),
                                   !s->mmode || c & 1 ? 'S' : 'M', p->threshold[c],
                                   p->eip[c] ? "high" : "low");
        }
        g_string_append_printf(out, " %u", i);
        any = true;
    }
    g_string_append(out, any ? "\n" : "");
    for (uint32_t i = 1; any && i < p->nr_sources; i++) {
        if (!bit(p->pending, i)) {
            continue;
        }
        g_string_append_printf(out, "    source %u: %s\n", i,
                               !bit(enable, i)                       ? "not enabled here"
                               : p->priority[i] == 0                 ? "priority 0 means never"
                               : p->priority[i] <= p->threshold[c]   ? "not above the threshold"
                                                                     : "interrupts this hart");
    }
}

static void plic_explain_irqs(DeviceState *dev, GString *out)
{
    SiFivePLIC *s = SIFIVE_PLIC(dev);

    g_mutex_lock(&dev->lock);
    explain_sources(&s->core, out);
    for (uint32_t c = 0; c < s->core.nr_contexts; c++) {
        explain_context(s, c, out);
    }
    g_mutex_unlock(&dev->lock);
}

static const Property plic_props[] = {
    PROP_U32("num-harts", SiFivePLIC, num_harts, 1, 1, PLIC_MAX_CONTEXTS / 2,
             "harts served, two contexts each"),
    PROP_U32("hartid-base", SiFivePLIC, hartid_base, 0, 0, UINT32_MAX, "number of the first hart"),
    PROP_U32("num-sources", SiFivePLIC, num_sources, 96, 2, PLIC_MAX_SOURCES,
             "interrupt sources, the missing source 0 included"),
    PROP_U32("num-priorities", SiFivePLIC, num_priorities, 7, 1, 0x7fffffff,
             "highest priority level, 2^n-1"),
    PROP_U32("aperture-size", SiFivePLIC, aperture_size, 0x600000, 0x201000, 0x4000000,
             "bytes of the register window"),
    PROP_BOOL("mmode", SiFivePLIC, mmode, true, "harts have a context for M-mode, besides S"),
    PROP_END,
};

/* RSCV0001: a PLIC. Its lines are numbered after those of the PLICs before it. */
static void plic_acpi(DeviceState *dev, Aml *aml, const DeviceACPIContext *ctx)
{
    g_autofree char *name = aml_numbered("IC", ctx->n);

    aml_open_device(aml, name);
    aml_name_str(aml, "_HID", "RSCV0001");
    aml_name_int(aml, "_UID", ctx->n);
    aml_name_int(aml, "_GSB", (uint64_t)ctx->n * SIFIVE_PLIC(dev)->core.nr_sources);
    aml_name(aml, "_CRS");
    aml_open_resources(aml);
    aml_memory32(aml, (uint32_t)ctx->base, (uint32_t)ctx->size);
    aml_close(aml);
    aml_close(aml);
}

/* Arrays whose length depends on the properties: reset by the class's reset, the input lines not
 * at all, since their drivers keep their levels. */
#define PLIC_ARRAY(field, count)                                                            \
    { .name = #field, .type = STATE_U32, .offset = offsetof(SiFivePLIC, core.field),        \
      .count_offset = offsetof(SiFivePLIC, core.count),                                     \
      .flags = STATE_POINTER | STATE_NO_RESET }

static const StateField plic_fields[] = {
    PLIC_ARRAY(priority, nr_sources),
    PLIC_ARRAY(pending, words),
    PLIC_ARRAY(inflight, words),
    PLIC_ARRAY(level, words),
    PLIC_ARRAY(enable, enable_words),
    PLIC_ARRAY(threshold, nr_contexts),
    S_END,
};

/* The lines to the harts follow from the registers; the harts' own pending bits were saved. */
static void plic_post_load(Object *obj)
{
    SiFivePLIC *s = SIFIVE_PLIC(obj);
    g_mutex_lock(&DEVICE(s)->lock);
    for (uint32_t i = 0; i < s->core.nr_sources; i++) {
        s->core.priority[i] &= s->core.max_priority;
    }
    for (uint32_t c = 0; c < s->core.nr_contexts; c++) {
        s->core.threshold[c] &= s->core.max_priority;
    }
    plic_core_refresh(&s->core);
    g_mutex_unlock(&DEVICE(s)->lock);
}

static const StateTable plic_state = {
    .name = TYPE_SIFIVE_PLIC,
    .fields = plic_fields,
    .post_load = plic_post_load,
};

static void plic_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    klass->props = plic_props;
    klass->state = &plic_state;
    dc->realize = plic_realize;
    dc->unrealize = plic_unrealize;
    dc->reset = plic_reset;
    dc->irq_in = plic_irq_in;
    dc->fdt = plic_fdt;
    dc->acpi = plic_acpi;
    dc->describe = plic_describe;
    dc->explain_irqs = plic_explain_irqs;
}

static const TypeInfo plic_info = {
    .name = TYPE_SIFIVE_PLIC,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(SiFivePLIC),
    .desc = "platform-level interrupt controller (PLIC)",
    .class_init = plic_class_init,
};

type_init(plic_info)
