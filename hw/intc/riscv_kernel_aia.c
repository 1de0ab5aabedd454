/*
 * "riscv.kernel-aia": the kernel's AIA as a device. The truth about its registers is in the kernel while
 * the machine runs; the fields here are filled from there before a save, and written there after a load
 * and by a reset.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/intc/riscv_kernel_aia.h"

#include <inttypes.h>
#include <string.h>

#include "hw/acpi/aml.h"
#include "util/bits.h"

OBJECT_DECLARE_SIMPLE(KernelAIA, KERNEL_AIA, TYPE_RISCV_KERNEL_AIA)

/* Offsets in the APLIC's window, and numbers of the files' registers. */
enum {
    DOMAINCFG = 0x0, SOURCECFG = 0x0, TARGET = 0x3000, SETIP = 0x1c00, IN_CLRIP = 0x1d00,
    SETIE = 0x1e00, CLRIE = 0x1f00,
    EIDELIVERY = 0x70, EITHRESHOLD = 0x72, EIP0 = 0x80, EIE0 = 0xc0,
};
enum { DOMAINCFG_IE = 1 << 8, SOURCE_DETACHED = 1 };

struct KernelAIA {
    DeviceState parent_obj;
    MemoryRegion files, aplic;
    const HostAIA *host;
    HostAIAConfig config;
    hwaddr *imsic;
    MSITarget msi;
    bool ready;           /* under the lock */
    uint32_t *line;       /* [words] as their drivers have them */

    uint32_t domaincfg;
    uint32_t nr_sources;  /* source 0 included, which does not exist; 0: no APLIC */
    uint32_t words;       /* of 32 sources */
    uint32_t *sourcecfg, *target, *pending, *enable;
    uint32_t nr_harts, file_words; /* of 64 identities, all files */
    uint32_t *eidelivery, *eithreshold;
    uint64_t *eip, *eie;
};

/* ---- Between the fields and the kernel ---- */

static unsigned words_per_file(const KernelAIA *s)
{
    return s->nr_harts ? s->file_words / s->nr_harts : 0;
}

static bool get_files(KernelAIA *s)
{
    unsigned n = words_per_file(s);
    bool ok = true;

    for (unsigned h = 0; h < s->nr_harts; h++) {
        uint64_t v = 0;

        ok &= s->host->get_imsic(h, EIDELIVERY, &v);
        s->eidelivery[h] = (uint32_t)v & 1;
        ok &= s->host->get_imsic(h, EITHRESHOLD, &v);
        s->eithreshold[h] = (uint32_t)v;
        for (unsigned w = 0; w < n; w++) {
            ok &= s->host->get_imsic(h, EIP0 + 2 * w, &s->eip[h * n + w]) &&
                  s->host->get_imsic(h, EIE0 + 2 * w, &s->eie[h * n + w]);
        }
    }
    return ok;
}

static bool get_aplic(KernelAIA *s)
{
    bool ok = true;

    if (!s->nr_sources) {
        return true;
    }
    ok &= s->host->get_aplic(DOMAINCFG, &s->domaincfg);
    s->domaincfg &= DOMAINCFG_IE;
    for (unsigned i = 1; i < s->nr_sources; i++) {
        ok &= s->host->get_aplic(SOURCECFG + 4 * i, &s->sourcecfg[i]) &&
              s->host->get_aplic(TARGET + 4 * i, &s->target[i]);
    }
    for (unsigned w = 0; w < s->words; w++) {
        ok &= s->host->get_aplic(SETIP + 4 * w, &s->pending[w]) &&
              s->host->get_aplic(SETIE + 4 * w, &s->enable[w]);
    }
    return ok;
}

/* Delivery is switched on last, so that nothing interrupts a hart on the way. */
static bool put_files(KernelAIA *s)
{
    unsigned n = words_per_file(s);
    bool ok = true;

    for (unsigned h = 0; h < s->nr_harts; h++) {
        ok &= s->host->set_imsic(h, EIDELIVERY, 0);
        for (unsigned w = 0; w < n; w++) {
            ok &= s->host->set_imsic(h, EIE0 + 2 * w, s->eie[h * n + w]) &&
                  s->host->set_imsic(h, EIP0 + 2 * w, s->eip[h * n + w]);
        }
        ok &= s->host->set_imsic(h, EITHRESHOLD, s->eithreshold[h]) &&
              s->host->set_imsic(h, EIDELIVERY, s->eidelivery[h]);
    }
    return ok;
}

/*
 * A pending bit can be cleared for good, and a line moved without effect, only while a source is
 * detached: a level-sensitive one is pending as long as its line is high (AIA 4.7).
 */
static bool put_aplic(KernelAIA *s)
{
    bool ok = true;

    if (!s->nr_sources) {
        return true;
    }
    ok &= s->host->set_aplic(DOMAINCFG, 0);
    for (unsigned i = 1; i < s->nr_sources; i++) {
        ok &= s->host->set_aplic(SOURCECFG + 4 * i, SOURCE_DETACHED);
        s->host->set_line(i, s->line[i / 32] >> (i % 32) & 1);
    }
    for (unsigned w = 0; w < s->words; w++) {
        ok &= s->host->set_aplic(IN_CLRIP + 4 * w, UINT32_MAX) &&
              s->host->set_aplic(CLRIE + 4 * w, UINT32_MAX);
    }
    for (unsigned i = 1; i < s->nr_sources; i++) {
        ok &= s->host->set_aplic(SOURCECFG + 4 * i, s->sourcecfg[i]) &&
              s->host->set_aplic(TARGET + 4 * i, s->target[i]);
    }
    for (unsigned w = 0; w < s->words; w++) {
        ok &= s->host->set_aplic(SETIP + 4 * w, s->pending[w]) &&
              s->host->set_aplic(SETIE + 4 * w, s->enable[w]);
    }
    return ok && s->host->set_aplic(DOMAINCFG, s->domaincfg);
}

/* Lock held. */
static void put(KernelAIA *s)
{
    bool ok = true;

    if (s->ready) {
        ok &= put_aplic(s);
        ok &= put_files(s);
        if (!ok) {
            warn_report("the kernel's interrupt controller does not take all of its registers");
        }
    }
}

static void get(KernelAIA *s)
{
    bool ok = true;

    if (s->ready) {
        ok &= get_aplic(s);
        ok &= get_files(s);
        if (!ok) {
            warn_report("the kernel's interrupt controller does not show all of its registers");
        }
    }
}

/* ---- Lines and messages ---- */

static void aia_irq_in(void *opaque, int n, bool level)
{
    KernelAIA *s = opaque;

    if (n <= 0 || (unsigned)n >= s->nr_sources) {
        return;
    }
    g_mutex_lock(&DEVICE(s)->lock);
    s->line[n / 32] = (uint32_t)deposit64(s->line[n / 32], (unsigned)n % 32, 1, level);
    if (s->ready) {
        s->host->set_line((unsigned)n, level);
    }
    g_mutex_unlock(&DEVICE(s)->lock);
}

/* Lines that rose while there was nobody to tell. */
static void aia_ready(void *opaque)
{
    KernelAIA *s = opaque;

    g_mutex_lock(&DEVICE(s)->lock);
    s->ready = true;
    for (unsigned i = 1; i < s->nr_sources; i++) {
        if (s->line[i / 32] >> (i % 32) & 1) {
            s->host->set_line(i, true);
        }
    }
    g_mutex_unlock(&DEVICE(s)->lock);
}

static void send(void *opaque, hwaddr addr, uint32_t data)
{
    ((KernelAIA *)opaque)->host->send_msi(addr, data);
}

const MSITarget *riscv_kernel_aia_msi(DeviceState *dev)
{
    return &KERNEL_AIA(dev)->msi;
}

/* ---- Windows. The guest's accesses end in the kernel; these are the debugger's. ---- */

static MemTxResult files_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    *value = 0;
    return MEMTX_OK;
}

static MemTxResult files_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    KernelAIA *s = opaque;

    s->host->send_msi(s->imsic[0] + addr, (uint32_t)value);
    return MEMTX_OK;
}

static MemTxResult aplic_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    KernelAIA *s = opaque;
    uint32_t v = 0;

    s->host->get_aplic((unsigned)addr, &v);
    *value = v;
    return MEMTX_OK;
}

static MemTxResult aplic_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    KernelAIA *s = opaque;

    s->host->set_aplic((unsigned)addr, (uint32_t)value);
    return MEMTX_OK;
}

static const MemoryRegionOps files_ops = {
    .read = files_read,
    .write = files_write,
    .valid = { .min = 4, .max = 4 },
};

static const MemoryRegionOps kernel_aplic_ops = {
    .read = aplic_read,
    .write = aplic_write,
    .valid = { .min = 4, .max = 4 },
};

/* ---- Life ---- */

void riscv_kernel_aia_configure(DeviceState *dev, const HostAIA *host, const HostAIAConfig *config)
{
    KernelAIA *s = KERNEL_AIA(dev);

    s->host = host;
    s->config = *config;
    s->imsic = g_memdup2(config->imsic, config->nr_harts * sizeof(hwaddr));
    s->config.imsic = s->imsic;
    s->config.ready = aia_ready;
    s->config.opaque = s;
}

const HostAIAConfig *riscv_kernel_aia_config(DeviceState *dev)
{
    return &KERNEL_AIA(dev)->config;
}

static bool aia_realize(DeviceState *dev, Error **errp)
{
    KernelAIA *s = KERNEL_AIA(dev);

    if (!s->host || !s->config.nr_harts) {
        error_setg(errp, "device '%s' is made by a board, with an accelerator that has it",
                   TYPE_RISCV_KERNEL_AIA);
        return false;
    }
    if (!s->host->create(&s->config, errp)) {
        return false;
    }
    s->nr_sources = s->config.sources ? s->config.sources + 1 : 0;
    s->words = (s->nr_sources + 31) / 32;
    s->nr_harts = s->config.nr_harts;
    s->file_words = s->nr_harts * ((s->config.ids + 1) / 64);
    s->line = g_new0(uint32_t, s->words);
    s->sourcecfg = g_new0(uint32_t, s->nr_sources);
    s->target = g_new0(uint32_t, s->nr_sources);
    s->pending = g_new0(uint32_t, s->words);
    s->enable = g_new0(uint32_t, s->words);
    s->eidelivery = g_new0(uint32_t, s->nr_harts);
    s->eithreshold = g_new0(uint32_t, s->nr_harts);
    s->eip = g_new0(uint64_t, s->file_words);
    s->eie = g_new0(uint64_t, s->file_words);
    s->msi = (MSITarget){ .send = send, .opaque = s };
    if (s->nr_sources) {
        device_init_mmio(dev, &s->aplic, &kernel_aplic_ops, "riscv.kernel-aplic",
                         KERNEL_APLIC_SIZE);
    }
    device_init_mmio(dev, &s->files, &files_ops, "riscv.kernel-imsic",
                     s->imsic[s->nr_harts - 1] - s->imsic[0] + 0x1000);
    return true;
}

static void aia_finalize(Object *obj)
{
    KernelAIA *s = KERNEL_AIA(obj);

    g_free(s->imsic);
    g_free(s->line);
    g_free(s->sourcecfg);
    g_free(s->target);
    g_free(s->pending);
    g_free(s->enable);
    g_free(s->eidelivery);
    g_free(s->eithreshold);
    g_free(s->eip);
    g_free(s->eie);
}

/* The fields are zero by now. */
static void aia_reset(DeviceState *dev)
{
    put(KERNEL_AIA(dev));
}

/* ---- Telling ---- */

static char *aia_describe(DeviceState *dev)
{
    KernelAIA *s = KERNEL_AIA(dev);

    return g_strdup_printf("%sinterrupt files of %u harts in the host's kernel, %u identities, %s",
                           s->nr_sources ? "APLIC and " : "", s->nr_harts, s->config.ids,
                           s->host->mode());
}

static void explain_hart(const KernelAIA *s, unsigned h, GString *out)
{
    unsigned n = words_per_file(s);

    g_string_append_printf(out, "  hart %u: delivery %s, threshold %u\n", h,
                           s->eidelivery[h] ? "on" : "off", s->eithreshold[h]);
    for (unsigned id = 1; id < n * 64; id++) {
        if (s->eip[h * n + id / 64] >> (id % 64) & 1) {
            g_string_append_printf(out, "    identity %u: pending, %s\n", id,
                                   s->eie[h * n + id / 64] >> (id % 64) & 1 ? "enabled"
                                                                            : "not enabled");
        }
    }
}

static void aia_explain_irqs(DeviceState *dev, GString *out)
{
    KernelAIA *s = KERNEL_AIA(dev);

    g_mutex_lock(&dev->lock);
    get(s);
    if (s->nr_sources) {
        g_string_append_printf(out, "  domain S: interrupts are %s\n",
                               s->domaincfg ? "delivered" : "kept back (domaincfg.IE=0)");
    }
    for (unsigned i = 1; i < s->nr_sources; i++) {
        bool line = s->line[i / 32] >> (i % 32) & 1, pending = s->pending[i / 32] >> (i % 32) & 1;

        if (line || pending) {
            g_string_append_printf(out, "  source %u: line %s, %s, %s, identity %u of hart %u\n", i,
                                   line ? "high" : "low", pending ? "pending" : "not pending",
                                   s->enable[i / 32] >> (i % 32) & 1 ? "enabled" : "not enabled",
                                   s->target[i] & 0x7ff, s->target[i] >> 18);
        }
    }
    for (unsigned h = 0; h < s->nr_harts; h++) {
        explain_hart(s, h, out);
    }
    g_mutex_unlock(&dev->lock);
}

/* RSCV0002: the APLIC. */
static void aia_acpi(DeviceState *dev, Aml *aml, const DeviceACPIContext *ctx)
{
    KernelAIA *s = KERNEL_AIA(dev);
    g_autofree char *name = aml_numbered("IC", ctx->n);

    if (!s->nr_sources) {
        return; /* the APLIC describes itself */
    }
    aml_open_device(aml, name);
    aml_name_str(aml, "_HID", "RSCV0002");
    aml_name_int(aml, "_UID", ctx->n);
    aml_name_int(aml, "_GSB", 0);
    aml_name(aml, "_CRS");
    aml_open_resources(aml);
    aml_memory32(aml, (uint32_t)s->config.aplic, KERNEL_APLIC_SIZE);
    aml_close(aml);
    aml_close(aml);
}

/* ---- State ---- */

#define AIA_ARRAY(field, type_, count, flags_)                                              \
    { .name = #field, .type = type_, .offset = offsetof(KernelAIA, field),                  \
      .count_offset = offsetof(KernelAIA, count), .flags = STATE_POINTER | (flags_) }

static const StateField aia_fields[] = {
    S_U32(KernelAIA, domaincfg, .max = DOMAINCFG_IE),
    AIA_ARRAY(sourcecfg, STATE_U32, nr_sources, 0),
    AIA_ARRAY(target, STATE_U32, nr_sources, 0),
    AIA_ARRAY(pending, STATE_U32, words, 0),
    AIA_ARRAY(enable, STATE_U32, words, 0),
    AIA_ARRAY(line, STATE_U32, words, STATE_NO_RESET), /* lines keep their levels */
    AIA_ARRAY(eidelivery, STATE_U32, nr_harts, 0),
    AIA_ARRAY(eithreshold, STATE_U32, nr_harts, 0),
    AIA_ARRAY(eip, STATE_U64, file_words, 0),
    AIA_ARRAY(eie, STATE_U64, file_words, 0),
    S_BOOL(KernelAIA, ready, .flags = STATE_TRANSIENT | STATE_NO_RESET),
    S_END,
};

static void aia_pre_save(Object *obj)
{
    g_mutex_lock(&DEVICE(obj)->lock);
    get(KERNEL_AIA(obj));
    g_mutex_unlock(&DEVICE(obj)->lock);
}

static void aia_post_load(Object *obj)
{
    g_mutex_lock(&DEVICE(obj)->lock);
    put(KERNEL_AIA(obj));
    g_mutex_unlock(&DEVICE(obj)->lock);
}

static const StateTable aia_state = {
    .name = TYPE_RISCV_KERNEL_AIA,
    .fields = aia_fields,
    .pre_save = aia_pre_save,
    .post_load = aia_post_load,
};

static void aia_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    klass->state = &aia_state;
    dc->realize = aia_realize;
    dc->reset = aia_reset;
    dc->irq_in = aia_irq_in;
    dc->acpi = aia_acpi;
    dc->describe = aia_describe;
    dc->explain_irqs = aia_explain_irqs;
}

static const TypeInfo aia_info = {
    .name = TYPE_RISCV_KERNEL_AIA,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(KernelAIA),
    .desc = "AIA of the host's kernel",
    .class_init = aia_class_init,
    .instance_finalize = aia_finalize,
};

type_init(aia_info)
