/*
 * "riscv.imsic": an incoming MSI controller (AIA specification, chapter 3). Messages come from any
 * thread, the hart's accesses from its own; the device's lock orders them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/intc/riscv_imsic.h"

#include <inttypes.h>

#include "util/bits.h"

OBJECT_DECLARE_SIMPLE(RISCVIMSIC, RISCV_IMSIC, TYPE_RISCV_IMSIC)

enum { SETEIPNUM_LE = 0, SETEIPNUM_BE = 4 };
/* Numbers of the indirect registers. */
enum { EIDELIVERY = 0x70, EITHRESHOLD = 0x72, EIP0 = 0x80, EIE0 = 0xC0 };

struct RISCVIMSIC {
    DeviceState parent_obj;
    MemoryRegion mr;
    IMSICLink link;
    bool mmode;
    uint32_t hartid, num_irqs, num_pages;
    uint32_t words;       /* of 64 identities each, per file */
    uint32_t array_words; /* of all files */
    uint32_t *eidelivery; /* [num_pages] */
    uint32_t *eithreshold;
    uint64_t *eip, *eie;  /* [array_words] */
};

/* ---- A file; the lock is held ---- */

/* Smaller identities come first; the threshold is the first that does not count. */
static unsigned file_top(const RISCVIMSIC *s, unsigned file)
{
    const uint64_t *eip = s->eip + file * s->words, *eie = s->eie + file * s->words;
    uint32_t threshold = s->eithreshold[file];

    for (unsigned w = 0; w < s->words; w++) {
        if (eip[w] & eie[w]) {
            unsigned id = w * 64 + (unsigned)__builtin_ctzll(eip[w] & eie[w]);
            return threshold && id >= threshold ? 0 : id;
        }
    }
    return 0;
}

static void file_update(RISCVIMSIC *s, unsigned file)
{
    irq_set(&DEVICE(s)->irq_out[file], s->eidelivery[file] && file_top(s, file));
}

static bool file_msi(RISCVIMSIC *s, unsigned file, uint32_t identity)
{
    if (file >= s->num_pages || identity == 0 || identity >= s->num_irqs) {
        return false;
    }
    s->eip[file * s->words + identity / 64] |= BIT_ULL(identity % 64);
    file_update(s, file);
    return true;
}

bool riscv_imsic_msi(DeviceState *dev, unsigned file, uint32_t identity)
{
    RISCVIMSIC *s = RISCV_IMSIC(dev);

    g_mutex_lock(&dev->lock);
    bool ok = file_msi(s, file, identity);
    g_mutex_unlock(&dev->lock);
    return ok;
}

/* ---- From the hart ---- */

static uint64_t access_array(RISCVIMSIC *s, uint64_t *array, unsigned file, unsigned word,
                             uint64_t value, uint64_t mask)
{
    uint64_t *p = array + file * s->words + word, old;

    if (word >= s->words) {
        return 0;
    }
    old = *p;
    if (word == 0) {
        mask &= ~1ULL; /* identity 0 does not exist */
    }
    *p = (old & ~mask) | (value & mask);
    return old;
}

static uint64_t access_register(RISCVIMSIC *s, unsigned file, unsigned reg, uint64_t value,
                                uint64_t mask)
{
    uint64_t old;

    if (reg >= EIE0) {
        return access_array(s, s->eie, file, (reg - EIE0) / 2, value, mask);
    }
    if (reg >= EIP0) {
        return access_array(s, s->eip, file, (reg - EIP0) / 2, value, mask);
    }
    if (reg == EIDELIVERY) {
        old = s->eidelivery[file];
        s->eidelivery[file] = ((old & ~mask) | (value & mask)) & 1;
        return old;
    }
    if (reg == EITHRESHOLD) {
        old = s->eithreshold[file];
        s->eithreshold[file] = ((old & ~mask) | (value & mask)) & (IMSIC_MAX_IDS - 1);
        return old;
    }
    return 0; /* reserved */
}

static uint64_t imsic_access(void *opaque, unsigned file, unsigned reg, uint64_t value,
                             uint64_t mask)
{
    RISCVIMSIC *s = opaque;
    uint64_t old = 0;

    g_mutex_lock(&DEVICE(s)->lock);
    if (file < s->num_pages) {
        old = access_register(s, file, reg, value, mask);
        if (mask) {
            file_update(s, file);
        }
    }
    g_mutex_unlock(&DEVICE(s)->lock);
    return old;
}

static unsigned imsic_top(void *opaque, unsigned file)
{
    RISCVIMSIC *s = opaque;
    unsigned top = 0;

    g_mutex_lock(&DEVICE(s)->lock);
    if (file < s->num_pages) {
        top = file_top(s, file);
    }
    g_mutex_unlock(&DEVICE(s)->lock);
    return top;
}

static void imsic_claim(void *opaque, unsigned file, unsigned identity)
{
    RISCVIMSIC *s = opaque;

    g_mutex_lock(&DEVICE(s)->lock);
    if (file < s->num_pages && identity < s->num_irqs) {
        s->eip[file * s->words + identity / 64] &= ~BIT_ULL(identity % 64);
        file_update(s, file);
    }
    g_mutex_unlock(&DEVICE(s)->lock);
}

const IMSICLink *riscv_imsic_link(DeviceState *dev)
{
    return &RISCV_IMSIC(dev)->link;
}

/* ---- From the bus: everything reads as zero ---- */

static MemTxResult imsic_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    *value = 0;
    return MEMTX_OK;
}

static MemTxResult imsic_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    RISCVIMSIC *s = opaque;
    hwaddr reg = addr % IMSIC_PAGE;

    if (reg != SETEIPNUM_LE && reg != SETEIPNUM_BE) {
        device_guest_error(s, "write to 0x%" PRIx64 ", where there is no register", addr);
    } else if (reg == SETEIPNUM_LE && /* this machine is little-endian: the other port does nothing */
               !file_msi(s, (unsigned)(addr / IMSIC_PAGE), (uint32_t)value)) {
        device_guest_error(s, "message %" PRIu64 ": identities are 1 to %u", value,
                           s->num_irqs - 1);
    }
    return MEMTX_OK;
}

static const MemoryRegionOps imsic_ops = {
    .read = imsic_read,
    .write = imsic_write,
    .valid = { .min = 4, .max = 4 },
};

/* ---- Life ---- */

static bool imsic_realize(DeviceState *dev, Error **errp)
{
    RISCVIMSIC *s = RISCV_IMSIC(dev);

    if (s->num_irqs % 64) {
        error_setg(errp, "num-irqs=%u: must be a multiple of 64", s->num_irqs);
        return false;
    }
    s->words = s->num_irqs / 64;
    s->array_words = s->words * s->num_pages;
    s->eidelivery = g_new0(uint32_t, s->num_pages);
    s->eithreshold = g_new0(uint32_t, s->num_pages);
    s->eip = g_new0(uint64_t, s->array_words);
    s->eie = g_new0(uint64_t, s->array_words);
    s->link = (IMSICLink){
        .opaque = s,
        .nr_files = s->num_pages,
        .access = imsic_access,
        .top = imsic_top,
        .claim = imsic_claim,
    };
    device_init_mmio(dev, &s->mr, &imsic_ops, TYPE_RISCV_IMSIC,
                     (uint64_t)s->num_pages * IMSIC_PAGE);
    device_init_irqs(dev, s->num_pages);
    return true;
}

static void imsic_unrealize(DeviceState *dev)
{
    RISCVIMSIC *s = RISCV_IMSIC(dev);

    g_clear_pointer(&s->eidelivery, g_free);
    g_clear_pointer(&s->eithreshold, g_free);
    g_clear_pointer(&s->eip, g_free);
    g_clear_pointer(&s->eie, g_free);
}

static void update_all(RISCVIMSIC *s)
{
    for (unsigned file = 0; file < s->num_pages; file++) {
        file_update(s, file);
    }
}

static void imsic_reset(DeviceState *dev)
{
    update_all(RISCV_IMSIC(dev));
}

static bool imsic_check(const Object *scratch, Error **errp)
{
    const RISCVIMSIC *s = (const RISCVIMSIC *)scratch;

    for (unsigned file = 0; file < s->num_pages; file++) {
        if ((s->eip[file * s->words] | s->eie[file * s->words]) & 1) {
            error_setg(errp, "interrupt file %u has identity 0, which does not exist", file);
            return false;
        }
    }
    return true;
}

static void imsic_post_load(Object *obj)
{
    RISCVIMSIC *s = RISCV_IMSIC(obj);

    g_mutex_lock(&DEVICE(s)->lock);
    update_all(s);
    g_mutex_unlock(&DEVICE(s)->lock);
}

static char *imsic_describe(DeviceState *dev)
{
    RISCVIMSIC *s = RISCV_IMSIC(dev);

    return g_strdup_printf("hart %u %c, %u interrupt file%s, %u identities", s->hartid,
                           s->mmode ? 'M' : 'S', s->num_pages, s->num_pages == 1 ? "" : "s",
                           s->num_irqs - 1);
}

static void explain_file(const RISCVIMSIC *s, unsigned file, GString *out)
{
    uint32_t threshold = s->eithreshold[file];
    bool any = s->eidelivery[file];

    for (unsigned w = 0; w < s->words && !any; w++) {
        any = s->eip[file * s->words + w] != 0;
    }
    if (!any) {
        return;
    }
    g_string_append_printf(out, "  hart %u %c", s->hartid, s->mmode ? 'M' : 'S');
    if (file) {
        g_string_append_printf(out, " guest %u", file);
    }
    g_string_append_printf(out, ": delivery %s, threshold %u, line %s\n",
                           s->eidelivery[file] ? "on" : "off", threshold,
                           s->eidelivery[file] && file_top(s, file) ? "high" : "low");
    for (unsigned id = 1; id < s->num_irqs; id++) {
        unsigned at = file * s->words + id / 64;

        if (!(s->eip[at] >> (id % 64) & 1)) {
            continue;
        }
        g_string_append_printf(out, "    identity %u: pending, %s\n", id,
                               !(s->eie[at] >> (id % 64) & 1)     ? "not enabled"
                               : threshold && id >= threshold     ? "not below the threshold"
                               : !s->eidelivery[file]             ? "delivery is off"
                                                                  : "interrupts this hart");
    }
}

static void imsic_explain_irqs(DeviceState *dev, GString *out)
{
    RISCVIMSIC *s = RISCV_IMSIC(dev);

    g_mutex_lock(&dev->lock);
    for (unsigned file = 0; file < s->num_pages; file++) {
        explain_file(s, file, out);
    }
    g_mutex_unlock(&dev->lock);
}

static const Property imsic_props[] = {
    PROP_BOOL("mmode", RISCVIMSIC, mmode, false, "machine level, else supervisor level"),
    PROP_U32("hartid", RISCVIMSIC, hartid, 0, 0, UINT32_MAX, "the hart served"),
    PROP_U32("num-irqs", RISCVIMSIC, num_irqs, 256, 64, IMSIC_MAX_IDS,
             "interrupt identities, the missing identity 0 included; a multiple of 64"),
    PROP_U32("num-pages", RISCVIMSIC, num_pages, 1, 1, IMSIC_MAX_FILES,
             "interrupt files: the level's own and those of guests"),
    PROP_END,
};

#define IMSIC_ARRAY(field, type_, count)                                                    \
    { .name = #field, .type = type_, .offset = offsetof(RISCVIMSIC, field),                 \
      .count_offset = offsetof(RISCVIMSIC, count), .flags = STATE_POINTER }

static const StateField imsic_fields[] = {
    IMSIC_ARRAY(eidelivery, STATE_U32, num_pages),
    IMSIC_ARRAY(eithreshold, STATE_U32, num_pages),
    IMSIC_ARRAY(eip, STATE_U64, array_words),
    IMSIC_ARRAY(eie, STATE_U64, array_words),
    S_END,
};

static const StateTable imsic_state = {
    .name = TYPE_RISCV_IMSIC,
    .fields = imsic_fields,
    .check = imsic_check,
    .post_load = imsic_post_load,
};

static void imsic_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    klass->props = imsic_props;
    klass->state = &imsic_state;
    dc->realize = imsic_realize;
    dc->unrealize = imsic_unrealize;
    dc->reset = imsic_reset;
    dc->describe = imsic_describe;
    dc->explain_irqs = imsic_explain_irqs;
}

static const TypeInfo imsic_info = {
    .name = TYPE_RISCV_IMSIC,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(RISCVIMSIC),
    .desc = "incoming MSI controller (IMSIC) of a hart",
    .class_init = imsic_class_init,
};

type_init(imsic_info)
