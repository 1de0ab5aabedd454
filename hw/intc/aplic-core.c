/*
 * The register machine of an APLIC's interrupt domain. The rules for pending bits are those of the AIA
 * specification, 4.7 "Precise effects on interrupt-pending bits".
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/intc/aplic-core.h"

#include <glib.h>

#define TARGET_HART(v) ((v) >> 18)
#define TARGET_GUEST(v) (((v) >> 12) & 0x3F)
#define TARGET_EIID(v) ((v) & 0x7FF)
#define TARGET_HART_MASK 0xFFFC0000u
#define TARGET_GUEST_MASK 0x3F000u
#define TARGET_EIID_MASK 0x7FFu
#define MSIADDRCFGH_MASK 0x9F77FFFFu  /* L, HHXS, LHXS, HHXW, LHXW, high base */
#define SMSIADDRCFGH_MASK 0x00700FFFu /* LHXS, high base */

void aplic_core_init(APLICCore *p)
{
    p->words = (p->nr_sources + 31) / 32;
    p->sourcecfg = g_new0(uint32_t, p->nr_sources);
    p->target = g_new0(uint32_t, p->nr_sources);
    p->pending = g_new0(uint32_t, p->words);
    p->enable = g_new0(uint32_t, p->words);
    p->input = g_new0(uint32_t, p->words);
    p->idelivery = g_new0(uint32_t, p->nr_harts);
    p->iforce = g_new0(uint32_t, p->nr_harts);
    p->ithreshold = g_new0(uint32_t, p->nr_harts);
}

void aplic_core_destroy(APLICCore *p)
{
    uint32_t **arrays[] = { &p->sourcecfg, &p->target, &p->pending, &p->enable, &p->input,
                            &p->idelivery, &p->iforce, &p->ithreshold };

    for (size_t i = 0; i < G_N_ELEMENTS(arrays); i++) {
        g_clear_pointer(arrays[i], g_free);
    }
}

/* ---- Sources ---- */

static bool get_bit(const uint32_t *words, uint32_t n)
{
    return words[n / 32] >> (n % 32) & 1;
}

static void put_bit(uint32_t *words, uint32_t n, bool on)
{
    words[n / 32] = (words[n / 32] & ~(1u << (n % 32))) | (uint32_t)on << (n % 32);
}

static bool is_source(const APLICCore *p, uint32_t n)
{
    return n > 0 && n < p->nr_sources;
}

APLICMode aplic_core_mode(const APLICCore *p, uint32_t source)
{
    uint32_t cfg = p->sourcecfg[source];

    return cfg & APLIC_SOURCECFG_D ? APLIC_INACTIVE : (APLICMode)cfg;
}

static bool is_level(APLICMode mode)
{
    return mode >= APLIC_LEVEL1;
}

/* The line, inverted if the mode says so; low where the line does not count. */
static bool rectified(const APLICCore *p, uint32_t source)
{
    APLICMode mode = aplic_core_mode(p, source);

    return mode >= APLIC_EDGE1 && get_bit(p->input, source) != (mode & 1);
}

/* ---- Delivery ---- */

/* Smaller numbers come first, and of equal ones the smaller source. */
uint32_t aplic_core_topi(const APLICCore *p, unsigned hart)
{
    uint32_t threshold = p->ithreshold[hart], best = 0, best_prio = 256;

    for (uint32_t w = 0; w < p->words; w++) {
        for (uint32_t left = p->pending[w] & p->enable[w]; left; left &= left - 1) {
            uint32_t n = w * 32 + (uint32_t)__builtin_ctz(left), prio = p->target[n] & 0xFF;

            if (TARGET_HART(p->target[n]) == hart && prio < best_prio) {
                best_prio = prio;
                best = n;
            }
        }
    }
    return best && (!threshold || best_prio < threshold) ? best << 16 | best_prio : 0;
}

static void update_hart(APLICCore *p, unsigned hart)
{
    if (!p->msi && hart < p->nr_harts) {
        p->set_line(p->opaque, hart, p->domaincfg && p->idelivery[hart] &&
                                         (p->iforce[hart] || aplic_core_topi(p, hart)));
    }
}

/* Something about the source changed. A message takes the pending bit along. */
static void update_source(APLICCore *p, uint32_t source)
{
    uint32_t target = p->target[source];

    if (!p->msi) {
        update_hart(p, TARGET_HART(target));
    } else if (p->domaincfg && get_bit(p->pending, source) && get_bit(p->enable, source)) {
        put_bit(p->pending, source, false);
        p->send_msi(p->opaque, TARGET_HART(target), p->machine ? 0 : TARGET_GUEST(target),
                    TARGET_EIID(target));
    }
}

static void update_all(APLICCore *p)
{
    for (uint32_t i = 1; p->msi && i < p->nr_sources; i++) {
        update_source(p, i);
    }
    for (unsigned hart = 0; hart < p->nr_harts; hart++) {
        update_hart(p, hart);
    }
}

void aplic_core_refresh(APLICCore *p)
{
    update_all(p);
}

void aplic_core_set_line(APLICCore *p, uint32_t source, bool level)
{
    APLICMode mode;
    bool before, now;

    if (!is_source(p, source)) {
        return;
    }
    mode = aplic_core_mode(p, source);
    before = rectified(p, source);
    put_bit(p->input, source, level);
    now = rectified(p, source);
    if (now == before) {
        return;
    }
    if (now) {
        put_bit(p->pending, source, true);
    } else if (is_level(mode)) {
        put_bit(p->pending, source, false);
    }
    update_source(p, source);
}

/* By a register: a level's pending bit follows the line, which a message may have run ahead of. */
static void write_pending(APLICCore *p, uint32_t source, bool on)
{
    APLICMode mode;

    if (!is_source(p, source)) {
        return;
    }
    mode = aplic_core_mode(p, source);
    if (mode == APLIC_INACTIVE ||
        (is_level(mode) && (!p->msi || (on && !rectified(p, source))))) {
        return;
    }
    put_bit(p->pending, source, on);
    update_source(p, source);
}

static void write_enable(APLICCore *p, uint32_t source, bool on)
{
    if (is_source(p, source) && aplic_core_mode(p, source) != APLIC_INACTIVE) {
        put_bit(p->enable, source, on);
        update_source(p, source);
    }
}

static void write_bits(APLICCore *p, uint32_t word, uint32_t value,
                       void (*write)(APLICCore *p, uint32_t source, bool on), bool on)
{
    for (; value; value &= value - 1) {
        write(p, word * 32 + (uint32_t)__builtin_ctz(value), on);
    }
}

/* ---- Configuration ---- */

static void write_sourcecfg(APLICCore *p, uint32_t source, uint32_t value)
{
    uint32_t old = p->sourcecfg[source], hart = TARGET_HART(p->target[source]);

    if (!p->root && !p->delegated(p->opaque, source)) {
        return;
    }
    if (value & APLIC_SOURCECFG_D) {
        value = p->leaf ? 0 : APLIC_SOURCECFG_D; /* one child: index 0 */
    } else {
        value &= 7;
        if (value == 2 || value == 3) { /* reserved */
            value = APLIC_INACTIVE;
        }
    }
    __atomic_store_n(&p->sourcecfg[source], value, __ATOMIC_RELEASE);
    if (aplic_core_mode(p, source) == APLIC_INACTIVE) {
        put_bit(p->pending, source, false);
        put_bit(p->enable, source, false);
        p->target[source] = 0;
        update_hart(p, hart);
    } else {
        if (p->target[source] == 0 && !p->msi) {
            p->target[source] = 1; /* priority 0 does not exist */
        }
        if (rectified(p, source)) {
            put_bit(p->pending, source, true);
        } else if (is_level((APLICMode)value)) {
            put_bit(p->pending, source, false);
        }
        update_source(p, source);
    }
    if ((old & ~value) & APLIC_SOURCECFG_D) {
        p->taken_back(p->opaque, source);
    }
}

void aplic_core_lose_source(APLICCore *p, uint32_t source)
{
    uint32_t hart = TARGET_HART(p->target[source]);

    p->sourcecfg[source] = 0;
    p->target[source] = 0;
    put_bit(p->pending, source, false);
    put_bit(p->enable, source, false);
    update_hart(p, hart);
}

static void write_target(APLICCore *p, uint32_t source, uint32_t value)
{
    uint32_t before = TARGET_HART(p->target[source]);

    if (aplic_core_mode(p, source) == APLIC_INACTIVE) {
        return;
    }
    if (p->msi) {
        value &= TARGET_HART_MASK | TARGET_EIID_MASK | (p->machine ? 0 : TARGET_GUEST_MASK);
    } else {
        uint32_t prio = value & p->iprio_mask;
        value = (value & TARGET_HART_MASK) | (prio ? prio : 1);
    }
    p->target[source] = value;
    update_hart(p, before);
    update_source(p, source);
}

static void write_genmsi(APLICCore *p, uint32_t value)
{
    p->genmsi = value & (TARGET_HART_MASK | TARGET_EIID_MASK);
    p->send_msi(p->opaque, TARGET_HART(value), 0, TARGET_EIID(value));
}

/* ---- Addresses of messages ---- */

static bool has_addresses(const APLICCore *p)
{
    return p->root && p->machine && p->msi;
}

static uint32_t *address_register(APLICCore *p, uint64_t addr, uint32_t *mask)
{
    *mask = addr == APLIC_MMSIADDRCFGH   ? MSIADDRCFGH_MASK
            : addr == APLIC_SMSIADDRCFGH ? SMSIADDRCFGH_MASK
                                         : UINT32_MAX;
    switch (addr) {
    case APLIC_MMSIADDRCFG:
        return &p->mmsiaddrcfg;
    case APLIC_MMSIADDRCFGH:
        return &p->mmsiaddrcfgh;
    case APLIC_SMSIADDRCFG:
        return &p->smsiaddrcfg;
    case APLIC_SMSIADDRCFGH:
        return &p->smsiaddrcfgh;
    default:
        return NULL;
    }
}

APLICAddress aplic_core_address(const APLICCore *p, bool machine)
{
    uint32_t low = machine ? p->mmsiaddrcfg : p->smsiaddrcfg;
    uint32_t high = machine ? p->mmsiaddrcfgh : p->smsiaddrcfgh;

    return (APLICAddress){
        .base_ppn = (uint64_t)(high & 0xFFF) << 32 | low,
        .lhxs = high >> 20 & 7,
        .lhxw = p->mmsiaddrcfgh >> 12 & 15,
        .hhxs = p->mmsiaddrcfgh >> 24 & 31,
        .hhxw = p->mmsiaddrcfgh >> 16 & 7,
    };
}

uint64_t aplic_msi_address(const APLICAddress *a, unsigned hart, unsigned guest)
{
    uint64_t g = (hart >> a->lhxw) & ((1u << a->hhxw) - 1);
    uint64_t h = hart & ((1u << a->lhxw) - 1);

    return (a->base_ppn | g << (a->hhxs + 12) | h << a->lhxs | guest) << 12;
}

/* ---- Registers ---- */

/* Index of the word in one of the arrays of 32 words, or -1. */
static int word_at(const APLICCore *p, uint64_t addr, uint64_t base)
{
    return addr >= base && addr < base + 4u * p->words ? (int)((addr - base) / 4) : -1;
}

/* Source of an array that begins with source 1, or 0. Those that are not there read as zero. */
static uint32_t source_at(const APLICCore *p, uint64_t addr, uint64_t base)
{
    return addr >= base && addr < base + 4u * (p->nr_sources - 1) ? (uint32_t)(addr - base) / 4 + 1
                                                                  : 0;
}

static uint32_t read_inputs(const APLICCore *p, uint32_t word)
{
    uint32_t v = 0;

    for (uint32_t i = 0; i < 32; i++) {
        uint32_t n = word * 32 + i;
        v |= (uint32_t)(is_source(p, n) && rectified(p, n)) << i;
    }
    return v;
}

static bool read_idc(APLICCore *p, uint64_t addr, uint32_t *value)
{
    unsigned hart = (unsigned)((addr - APLIC_IDC_BASE) / APLIC_IDC_SIZE);

    if (p->msi || hart >= p->nr_harts) {
        return false;
    }
    switch (addr % APLIC_IDC_SIZE) {
    case APLIC_IDELIVERY:
        *value = p->idelivery[hart];
        return true;
    case APLIC_IFORCE:
        *value = p->iforce[hart];
        return true;
    case APLIC_ITHRESHOLD:
        *value = p->ithreshold[hart];
        return true;
    case APLIC_TOPI:
        *value = aplic_core_topi(p, hart);
        return true;
    case APLIC_CLAIMI:
        *value = aplic_core_topi(p, hart);
        if (!*value) {
            p->iforce[hart] = 0;
        } else if (!is_level(aplic_core_mode(p, *value >> 16))) {
            put_bit(p->pending, *value >> 16, false);
        }
        update_hart(p, hart);
        return true;
    default:
        return false;
    }
}

static bool write_idc(APLICCore *p, uint64_t addr, uint32_t value)
{
    unsigned hart = (unsigned)((addr - APLIC_IDC_BASE) / APLIC_IDC_SIZE);

    if (p->msi || hart >= p->nr_harts) {
        return false;
    }
    switch (addr % APLIC_IDC_SIZE) {
    case APLIC_IDELIVERY:
        p->idelivery[hart] = value & 1;
        break;
    case APLIC_IFORCE:
        p->iforce[hart] = value & 1;
        break;
    case APLIC_ITHRESHOLD:
        p->ithreshold[hart] = value & p->iprio_mask;
        break;
    default:
        return addr % APLIC_IDC_SIZE == APLIC_TOPI || addr % APLIC_IDC_SIZE == APLIC_CLAIMI;
    }
    update_hart(p, hart);
    return true;
}

bool aplic_core_read(APLICCore *p, uint64_t addr, uint32_t *value)
{
    uint32_t mask, source, *reg = address_register(p, addr, &mask);
    int word;

    *value = 0;
    if (addr >= APLIC_IDC_BASE) {
        return read_idc(p, addr, value);
    }
    if (addr == APLIC_DOMAINCFG) {
        *value = APLIC_DOMAINCFG_RO | p->domaincfg | (p->msi ? APLIC_DOMAINCFG_DM : 0);
        return true;
    }
    if (addr == APLIC_GENMSI) {
        *value = p->genmsi;
        return true;
    }
    if (reg) {
        *value = *reg;
        return has_addresses(p);
    }
    if ((source = source_at(p, addr, APLIC_SOURCECFG)) != 0) {
        *value = p->sourcecfg[source];
        return true;
    }
    if ((source = source_at(p, addr, APLIC_TARGET)) != 0) {
        *value = p->target[source];
        return true;
    }
    if ((word = word_at(p, addr, APLIC_SETIP)) >= 0) {
        *value = p->pending[word];
        return true;
    }
    if ((word = word_at(p, addr, APLIC_IN_CLRIP)) >= 0) {
        *value = read_inputs(p, (uint32_t)word);
        return true;
    }
    if ((word = word_at(p, addr, APLIC_SETIE)) >= 0) {
        *value = p->enable[word];
        return true;
    }
    return addr == APLIC_SETIPNUM || addr == APLIC_CLRIPNUM || addr == APLIC_SETIENUM ||
           addr == APLIC_CLRIENUM || addr == APLIC_SETIPNUM_LE || addr == APLIC_SETIPNUM_BE ||
           word_at(p, addr, APLIC_CLRIE) >= 0;
}

/* Registers that name one source or hold one thing. */
static bool write_single(APLICCore *p, uint64_t addr, uint32_t value)
{
    uint32_t mask, *reg = address_register(p, addr, &mask);

    if (reg) {
        if (has_addresses(p) && !(p->mmsiaddrcfgh & APLIC_MSIADDRCFGH_L)) {
            *reg = value & mask;
        }
        return has_addresses(p);
    }
    switch (addr) {
    case APLIC_DOMAINCFG:
        p->domaincfg = value & APLIC_DOMAINCFG_IE;
        update_all(p);
        return true;
    case APLIC_SETIPNUM:
    case APLIC_SETIPNUM_LE:
        write_pending(p, value, true);
        return true;
    case APLIC_CLRIPNUM:
        write_pending(p, value, false);
        return true;
    case APLIC_SETIENUM:
        write_enable(p, value, true);
        return true;
    case APLIC_CLRIENUM:
        write_enable(p, value, false);
        return true;
    case APLIC_SETIPNUM_BE: /* only little-endian */
        return true;
    case APLIC_GENMSI:
        if (p->msi) {
            write_genmsi(p, value);
        }
        return true;
    default:
        return false;
    }
}

bool aplic_core_write(APLICCore *p, uint64_t addr, uint32_t value)
{
    static const struct {
        uint32_t base;
        void (*write)(APLICCore *p, uint32_t source, bool on);
        bool on;
    } arrays[] = {
        { APLIC_SETIP, write_pending, true },
        { APLIC_IN_CLRIP, write_pending, false },
        { APLIC_SETIE, write_enable, true },
        { APLIC_CLRIE, write_enable, false },
    };
    uint32_t source;

    if (addr >= APLIC_IDC_BASE) {
        return write_idc(p, addr, value);
    }
    if (write_single(p, addr, value)) {
        return true;
    }
    if ((source = source_at(p, addr, APLIC_SOURCECFG)) != 0) {
        write_sourcecfg(p, source, value);
        return true;
    }
    if ((source = source_at(p, addr, APLIC_TARGET)) != 0) {
        write_target(p, source, value);
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(arrays); i++) {
        int word = word_at(p, addr, arrays[i].base);
        if (word >= 0) {
            write_bits(p, (uint32_t)word, value, arrays[i].write, arrays[i].on);
            return true;
        }
    }
    return false;
}
