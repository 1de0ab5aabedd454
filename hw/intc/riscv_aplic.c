/*
 * "riscv.aplic": the shell of hw/intc/aplic-core.c, an interrupt domain. A domain's lock comes after
 * the devices' and before its child's and the interrupt files': lines and delegation go down the tree
 * only, and of what the parent says the child just reads.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/intc/riscv_aplic.h"

#include <inttypes.h>

#include "hw/acpi/aml.h"
#include "hw/intc/aplic-core.h"
#include "util/bits.h"

OBJECT_DECLARE_SIMPLE(RISCVAPLIC, RISCV_APLIC, TYPE_RISCV_APLIC)

struct RISCVAPLIC {
    DeviceState parent_obj;
    APLICCore core;
    MemoryRegion mr;
    RISCVAPLIC *parent, *child;
    const MSITarget *msi;
    APLICAddress address; /* of a root without registers for it */
    bool msimode, mmode;
    uint32_t num_harts, hartid_base, num_irqs, iprio_bits, aperture_size;
};

/* ---- What the core asks for; the lock is held ---- */

static void aplic_set_line(void *opaque, unsigned hart, bool level)
{
    irq_set(&DEVICE(opaque)->irq_out[hart], level);
}

static void aplic_send_msi(void *opaque, unsigned hart, unsigned guest, uint32_t eiid)
{
    RISCVAPLIC *s = opaque, *root = s->parent ? s->parent : s;
    APLICAddress a = root->mmode ? aplic_core_address(&root->core, s->mmode) : root->address;

    if (s->msi) {
        s->msi->send(s->msi->opaque, aplic_msi_address(&a, hart, guest), eiid);
    }
}

static bool aplic_delegated(void *opaque, uint32_t source)
{
    RISCVAPLIC *s = opaque;

    return __atomic_load_n(&s->parent->core.sourcecfg[source], __ATOMIC_ACQUIRE) &
           APLIC_SOURCECFG_D;
}

static void aplic_taken_back(void *opaque, uint32_t source)
{
    RISCVAPLIC *child = ((RISCVAPLIC *)opaque)->child;

    if (child) {
        g_mutex_lock(&DEVICE(child)->lock);
        aplic_core_lose_source(&child->core, source);
        g_mutex_unlock(&DEVICE(child)->lock);
    }
}

/* A device's line; that device's lock is held. Every domain knows its level: which of them it counts
 * in is for their sourcecfg to say. */
static void aplic_irq_in(void *opaque, int n, bool level)
{
    for (RISCVAPLIC *s = opaque; s; s = s->child) {
        g_mutex_lock(&DEVICE(s)->lock);
        aplic_core_set_line(&s->core, (uint32_t)n, level);
        g_mutex_unlock(&DEVICE(s)->lock);
    }
}

/* ---- Registers ---- */

static MemTxResult aplic_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    RISCVAPLIC *s = opaque;
    uint32_t v;

    if (!aplic_core_read(&s->core, addr, &v)) {
        device_guest_error(s, "read of 0x%" PRIx64 ", where there is no register", addr);
    }
    *value = v;
    return MEMTX_OK;
}

static MemTxResult aplic_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    RISCVAPLIC *s = opaque;

    if (!aplic_core_write(&s->core, addr, (uint32_t)value)) {
        device_guest_error(s, "write of 0x%" PRIx64 " to 0x%" PRIx64
                           ", where there is no register that can be written", value, addr);
    }
    return MEMTX_OK;
}

static const MemoryRegionOps aplic_ops = {
    .read = aplic_read,
    .write = aplic_write,
    .valid = { .min = 4, .max = 4 },
};

/* ---- Life ---- */

void riscv_aplic_set_parent(DeviceState *child, DeviceState *parent)
{
    RISCV_APLIC(child)->parent = RISCV_APLIC(parent);
    RISCV_APLIC(parent)->child = RISCV_APLIC(child);
    RISCV_APLIC(parent)->core.leaf = false;
}

void riscv_aplic_set_msi(DeviceState *dev, const MSITarget *msi)
{
    RISCV_APLIC(dev)->msi = msi;
}

void riscv_aplic_set_address(DeviceState *dev, const APLICAddress *address)
{
    RISCV_APLIC(dev)->address = *address;
}

static bool aplic_realize(DeviceState *dev, Error **errp)
{
    RISCVAPLIC *s = RISCV_APLIC(dev);
    uint64_t need = APLIC_IDC_BASE + (s->msimode ? 0 : (uint64_t)s->num_harts * APLIC_IDC_SIZE);

    if (s->aperture_size < need || s->aperture_size % 4096) {
        error_setg(errp, "aperture-size=%u: %u harts need 0x%" PRIx64 " bytes, in whole pages",
                   s->aperture_size, s->num_harts, need);
        return false;
    }
    s->core.nr_sources = s->num_irqs;
    s->core.nr_harts = s->num_harts;
    s->core.iprio_mask = (1u << s->iprio_bits) - 1;
    s->core.msi = s->msimode;
    s->core.machine = s->mmode;
    s->core.root = !s->parent;
    s->core.leaf = !s->child;
    s->core.set_line = aplic_set_line;
    s->core.send_msi = aplic_send_msi;
    s->core.delegated = aplic_delegated;
    s->core.taken_back = aplic_taken_back;
    s->core.opaque = s;
    aplic_core_init(&s->core);
    device_init_mmio(dev, &s->mr, &aplic_ops, TYPE_RISCV_APLIC, s->aperture_size);
    device_init_irqs(dev, s->num_harts);
    return true;
}

static void aplic_unrealize(DeviceState *dev)
{
    aplic_core_destroy(&RISCV_APLIC(dev)->core);
}

static void aplic_reset(DeviceState *dev)
{
    aplic_core_refresh(&RISCV_APLIC(dev)->core);
}

/* ---- Telling ---- */

static char *aplic_describe(DeviceState *dev)
{
    RISCVAPLIC *s = RISCV_APLIC(dev);

    return g_strdup_printf("%s domain, %u sources, %s", s->mmode ? "machine" : "supervisor",
                           s->num_irqs - 1, s->msimode ? "messages" : "lines to the harts");
}

static bool bit(const uint32_t *words, uint32_t n)
{
    return words[n / 32] >> (n % 32) & 1;
}

static void explain_source(const RISCVAPLIC *s, uint32_t i, GString *out)
{
    static const char *const modes[] = { "inactive",  "detached",    "", "",
                                         "edge high", "edge low", "level high", "level low" };
    const APLICCore *p = &s->core;
    APLICMode mode = aplic_core_mode(p, i);
    uint32_t target = p->target[i];

    if (p->sourcecfg[i] & APLIC_SOURCECFG_D) {
        return; /* the child tells */
    }
    if (mode == APLIC_INACTIVE && !(p->root && bit(p->input, i))) {
        return;
    }
    if (!bit(p->input, i) && !bit(p->pending, i) && !bit(p->enable, i)) {
        return;
    }
    g_string_append_printf(out, "  source %u: %s, line %s, %s, %s", i, modes[mode & 7],
                           bit(p->input, i) ? "high" : "low",
                           bit(p->pending, i) ? "pending" : "not pending",
                           bit(p->enable, i) ? "enabled" : "not enabled");
    if (p->msi) {
        g_string_append_printf(out, ", identity %u of hart %u\n", target & 0x7FF, target >> 18);
    } else {
        g_string_append_printf(out, ", priority %u, hart %u\n", target & 0xFF,
                               s->hartid_base + (target >> 18));
    }
}

static void aplic_explain_irqs(DeviceState *dev, GString *out)
{
    RISCVAPLIC *s = RISCV_APLIC(dev);
    APLICCore *p = &s->core;

    g_mutex_lock(&dev->lock);
    g_string_append_printf(out, "  domain %s: interrupts are %s\n", s->mmode ? "M" : "S",
                           p->domaincfg ? "delivered" : "kept back (domaincfg.IE=0)");
    for (uint32_t i = 1; i < p->nr_sources; i++) {
        explain_source(s, i, out);
    }
    for (unsigned hart = 0; !p->msi && hart < p->nr_harts; hart++) {
        uint32_t topi = aplic_core_topi(p, hart);

        if (p->idelivery[hart] || topi) {
            g_string_append_printf(out, "  hart %u: delivery %s, threshold %u, top source %u, "
                                   "line %s\n", s->hartid_base + hart,
                                   p->idelivery[hart] ? "on" : "off", p->ithreshold[hart],
                                   topi >> 16, dev->irq_out[hart].level ? "high" : "low");
        }
    }
    g_mutex_unlock(&dev->lock);
}

/* RSCV0002: an APLIC. Its lines are numbered after those of the APLICs before it. */
static void aplic_acpi(DeviceState *dev, Aml *aml, const DeviceACPIContext *ctx)
{
    RISCVAPLIC *s = RISCV_APLIC(dev);
    g_autofree char *name = aml_numbered("IC", ctx->n);

    if (s->mmode) {
        return; /* firmware's own */
    }
    aml_open_device(aml, name);
    aml_name_str(aml, "_HID", "RSCV0002");
    aml_name_int(aml, "_UID", ctx->n);
    aml_name_int(aml, "_GSB", (uint64_t)ctx->n * (s->num_irqs - 1));
    aml_name(aml, "_CRS");
    aml_open_resources(aml);
    aml_memory32(aml, (uint32_t)ctx->base, (uint32_t)ctx->size);
    aml_close(aml);
    aml_close(aml);
}

/* ---- State ---- */

#define APLIC_ARRAY(field, count, flags_)                                                   \
    { .name = #field, .type = STATE_U32, .offset = offsetof(RISCVAPLIC, core.field),        \
      .count_offset = offsetof(RISCVAPLIC, core.count), .flags = STATE_POINTER | (flags_) }

static const StateField aplic_fields[] = {
    S_U32(RISCVAPLIC, core.domaincfg),
    S_U32(RISCVAPLIC, core.genmsi),
    S_U32(RISCVAPLIC, core.mmsiaddrcfg),
    S_U32(RISCVAPLIC, core.mmsiaddrcfgh),
    S_U32(RISCVAPLIC, core.smsiaddrcfg),
    S_U32(RISCVAPLIC, core.smsiaddrcfgh),
    APLIC_ARRAY(sourcecfg, nr_sources, 0),
    APLIC_ARRAY(target, nr_sources, 0),
    APLIC_ARRAY(pending, words, 0),
    APLIC_ARRAY(enable, words, 0),
    APLIC_ARRAY(input, words, STATE_NO_RESET), /* lines keep their levels */
    APLIC_ARRAY(idelivery, nr_harts, 0),
    APLIC_ARRAY(iforce, nr_harts, 0),
    APLIC_ARRAY(ithreshold, nr_harts, 0),
    S_END,
};

static bool aplic_check(const Object *scratch, Error **errp)
{
    const APLICCore *p = &((const RISCVAPLIC *)scratch)->core;

    for (uint32_t i = 0; i < p->nr_sources; i++) {
        uint32_t cfg = p->sourcecfg[i];

        if ((cfg & ~(APLIC_SOURCECFG_D | 7u)) || cfg == 2 || cfg == 3 ||
            (cfg > 7 && (p->leaf || cfg != APLIC_SOURCECFG_D)) || (i == 0 && cfg)) {
            error_setg(errp, "sourcecfg[%u] has 0x%x, which is no mode", i, cfg);
            return false;
        }
    }
    if (p->domaincfg & ~APLIC_DOMAINCFG_IE) {
        error_setg(errp, "domaincfg has 0x%x, of which only IE is kept", p->domaincfg);
        return false;
    }
    return true;
}

/* Bits of what is not there must not become sources. */
static void aplic_post_load(Object *obj)
{
    RISCVAPLIC *s = RISCV_APLIC(obj);
    APLICCore *p = &s->core;

    g_mutex_lock(&DEVICE(s)->lock);
    for (uint32_t i = 0; i < p->words * 32; i++) {
        if (i == 0 || i >= p->nr_sources || aplic_core_mode(p, i) == APLIC_INACTIVE) {
            p->pending[i / 32] &= ~(1u << (i % 32));
            p->enable[i / 32] &= ~(1u << (i % 32));
        }
    }
    aplic_core_refresh(p);
    g_mutex_unlock(&DEVICE(s)->lock);
}

static const StateTable aplic_state = {
    .name = TYPE_RISCV_APLIC,
    .fields = aplic_fields,
    .check = aplic_check,
    .post_load = aplic_post_load,
};

static const Property aplic_props[] = {
    PROP_U32("aperture-size", RISCVAPLIC, aperture_size, 0x8000, APLIC_IDC_BASE, 0x4000000,
             "bytes of the register window"),
    PROP_U32("hartid-base", RISCVAPLIC, hartid_base, 0, 0, UINT32_MAX, "number of the first hart"),
    PROP_U32("num-harts", RISCVAPLIC, num_harts, 1, 1, 16384, "harts served"),
    PROP_U32("iprio-bits", RISCVAPLIC, iprio_bits, 8, 1, 8, "bits of a priority"),
    PROP_U32("num-irqs", RISCVAPLIC, num_irqs, 96, 2, APLIC_MAX_SOURCES,
             "interrupt sources, the missing source 0 included"),
    PROP_BOOL("msimode", RISCVAPLIC, msimode, false, "delivers messages, not lines"),
    PROP_BOOL("mmode", RISCVAPLIC, mmode, false, "machine level, else supervisor level"),
    PROP_END,
};

static void aplic_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    klass->props = aplic_props;
    klass->state = &aplic_state;
    dc->realize = aplic_realize;
    dc->unrealize = aplic_unrealize;
    dc->reset = aplic_reset;
    dc->irq_in = aplic_irq_in;
    dc->acpi = aplic_acpi;
    dc->describe = aplic_describe;
    dc->explain_irqs = aplic_explain_irqs;
}

static const TypeInfo aplic_info = {
    .name = TYPE_RISCV_APLIC,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(RISCVAPLIC),
    .desc = "advanced platform-level interrupt controller (APLIC), one domain",
    .class_init = aplic_class_init,
};

type_init(aplic_info)
