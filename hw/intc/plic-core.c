/*
 * PLIC: the register machine.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/intc/plic-core.h"

#include <glib.h>
#include <string.h>

static bool bit_get(const uint32_t *words, uint32_t n)
{
    return words[n / 32] >> (n % 32) & 1;
}

static void bit_put(uint32_t *words, uint32_t n, bool on)
{
    if (on) {
        words[n / 32] |= 1u << (n % 32);
    } else {
        words[n / 32] &= ~(1u << (n % 32));
    }
}

static uint32_t *enables(PLICCore *p, uint32_t context)
{
    return p->enable + (size_t)context * p->words;
}

/*
 * The pending source with the highest priority that the context enables, 0 if there is none. The
 * lowest number wins among equals; priority 0 never interrupts.
 */
static uint32_t best_source(PLICCore *p, uint32_t context, uint32_t *priority)
{
    const uint32_t *enable = enables(p, context);
    uint32_t best = 0;

    *priority = 0;
    for (uint32_t w = 0; w < p->words; w++) {
        for (uint32_t bits = p->pending[w] & enable[w]; bits; bits &= bits - 1) {
            uint32_t source = w * 32 + (uint32_t)__builtin_ctz(bits);
            if (p->priority[source] > *priority) {
                *priority = p->priority[source];
                best = source;
            }
        }
    }
    return best;
}

static void update_context(PLICCore *p, uint32_t context)
{
    uint32_t priority;

    best_source(p, context, &priority);
    bool eip = priority > p->threshold[context];
    if (eip != p->eip[context]) {
        p->eip[context] = eip;
        p->set_eip(p->opaque, context, eip);
    }
}

/* Something about one source changed: only the contexts that enable it can be concerned. */
static void update_source(PLICCore *p, uint32_t source)
{
    const uint64_t *users = p->users + (size_t)source * p->user_words;

    for (uint32_t w = 0; w < p->user_words; w++) {
        for (uint64_t bits = users[w]; bits; bits &= bits - 1) {
            update_context(p, w * 64 + (uint32_t)__builtin_ctzll(bits));
        }
    }
}

/* The gateway forwards a request if the line is high and the last one has been completed. */
static void gateway(PLICCore *p, uint32_t source)
{
    if (bit_get(p->level, source) && !bit_get(p->inflight, source) &&
        !bit_get(p->pending, source)) {
        bit_put(p->pending, source, true);
        update_source(p, source);
    }
}

static void set_enable_word(PLICCore *p, uint32_t context, uint32_t w, uint32_t value)
{
    uint32_t *enable = &enables(p, context)[w];
    uint32_t changed = *enable ^ value;

    *enable = value;
    for (; changed; changed &= changed - 1) {
        uint32_t source = w * 32 + (uint32_t)__builtin_ctz(changed);
        p->users[(size_t)source * p->user_words + context / 64] ^= 1ull << (context % 64);
    }
    update_context(p, context);
}

/* Sources of word w that exist. */
static uint32_t word_mask(const PLICCore *p, uint32_t w)
{
    uint32_t mask = w == 0 ? ~1u : ~0u;
    uint32_t n = p->nr_sources - w * 32;
    return n >= 32 ? mask : mask & ((1u << n) - 1);
}

void plic_core_init(PLICCore *p, uint32_t nr_sources, uint32_t nr_contexts,
                    uint32_t max_priority, void (*set_eip)(void *opaque, unsigned, bool),
                    void *opaque)
{
    memset(p, 0, sizeof(*p));
    p->nr_sources = nr_sources;
    p->nr_contexts = nr_contexts;
    p->max_priority = max_priority;
    p->words = (nr_sources + 31) / 32;
    p->enable_words = nr_contexts * p->words;
    p->user_words = (nr_contexts + 63) / 64;
    p->priority = g_new0(uint32_t, nr_sources);
    p->pending = g_new0(uint32_t, p->words);
    p->inflight = g_new0(uint32_t, p->words);
    p->level = g_new0(uint32_t, p->words);
    p->enable = g_new0(uint32_t, p->enable_words);
    p->threshold = g_new0(uint32_t, nr_contexts);
    p->users = g_new0(uint64_t, (size_t)p->words * 32 * p->user_words);
    p->eip = g_new0(bool, nr_contexts);
    p->set_eip = set_eip;
    p->opaque = opaque;
}

void plic_core_destroy(PLICCore *p)
{
    g_free(p->priority);
    g_free(p->pending);
    g_free(p->inflight);
    g_free(p->level);
    g_free(p->enable);
    g_free(p->threshold);
    g_free(p->users);
    g_free(p->eip);
    memset(p, 0, sizeof(*p));
}

void plic_core_reset(PLICCore *p)
{
    memset(p->priority, 0, p->nr_sources * sizeof(*p->priority));
    memset(p->inflight, 0, p->words * sizeof(*p->inflight));
    memset(p->enable, 0, p->enable_words * sizeof(*p->enable));
    memset(p->threshold, 0, p->nr_contexts * sizeof(*p->threshold));
    memcpy(p->pending, p->level, p->words * sizeof(*p->pending));
    plic_core_refresh(p);
}

void plic_core_refresh(PLICCore *p)
{
    memset(p->users, 0, (size_t)p->words * 32 * p->user_words * sizeof(*p->users));
    for (uint32_t w = 0; w < p->words; w++) {
        p->pending[w] &= word_mask(p, w);
        p->inflight[w] &= word_mask(p, w);
        p->level[w] &= word_mask(p, w);
    }
    for (uint32_t c = 0; c < p->nr_contexts; c++) {
        for (uint32_t w = 0; w < p->words; w++) {
            uint32_t value = enables(p, c)[w] & word_mask(p, w);
            enables(p, c)[w] = 0;
            set_enable_word(p, c, w, value);
        }
        update_context(p, c);
    }
}

/* Splits a context register's address; false if there is no such context or register. */
static bool context_reg(const PLICCore *p, uint64_t addr, uint32_t *context, uint32_t *reg)
{
    uint64_t n = (addr - PLIC_CONTEXT) / PLIC_CONTEXT_STRIDE;

    *context = (uint32_t)n;
    *reg = (uint32_t)(addr % PLIC_CONTEXT_STRIDE);
    return n < p->nr_contexts && (*reg == PLIC_THRESHOLD || *reg == PLIC_CLAIM);
}

static bool enable_reg(const PLICCore *p, uint64_t addr, uint32_t *context, uint32_t *word)
{
    uint64_t n = (addr - PLIC_ENABLE) / PLIC_ENABLE_STRIDE;

    *context = (uint32_t)n;
    *word = (uint32_t)(addr % PLIC_ENABLE_STRIDE) / 4;
    return n < p->nr_contexts && *word < p->words;
}

/* A claim takes the best pending source whatever the threshold is. */
static uint32_t claim(PLICCore *p, uint32_t context)
{
    uint32_t priority, source = best_source(p, context, &priority);

    if (source) {
        bit_put(p->pending, source, false);
        bit_put(p->inflight, source, true);
        update_source(p, source);
    }
    return source;
}

/* Ignored unless the source is enabled for the context; which context claimed is not checked. */
static void complete(PLICCore *p, uint32_t context, uint32_t source)
{
    if (source == 0 || source >= p->nr_sources || !bit_get(enables(p, context), source)) {
        return;
    }
    bit_put(p->inflight, source, false);
    gateway(p, source);
}

bool plic_core_read(PLICCore *p, uint64_t addr, uint32_t *value)
{
    uint32_t context, reg;

    *value = 0;
    if (addr < PLIC_PENDING) {
        if (addr / 4 >= p->nr_sources) {
            return false;
        }
        *value = p->priority[addr / 4];
        return true;
    }
    if (addr < PLIC_ENABLE) {
        if ((addr - PLIC_PENDING) / 4 >= p->words) {
            return false;
        }
        *value = p->pending[(addr - PLIC_PENDING) / 4];
        return true;
    }
    if (addr < PLIC_CONTEXT) {
        if (!enable_reg(p, addr, &context, &reg)) {
            return false;
        }
        *value = enables(p, context)[reg];
        return true;
    }
    if (!context_reg(p, addr, &context, &reg)) {
        return false;
    }
    *value = reg == PLIC_THRESHOLD ? p->threshold[context] : claim(p, context);
    return true;
}

bool plic_core_write(PLICCore *p, uint64_t addr, uint32_t value)
{
    uint32_t context, reg;

    if (addr < PLIC_PENDING) {
        uint32_t source = (uint32_t)(addr / 4);
        if (source == 0 || source >= p->nr_sources) {
            return false;
        }
        p->priority[source] = value & p->max_priority; /* WARL: the low bits exist */
        if (bit_get(p->pending, source)) {
            update_source(p, source);
        }
        return true;
    }
    if (addr < PLIC_ENABLE) {
        return false; /* pending bits can only be read */
    }
    if (addr < PLIC_CONTEXT) {
        if (!enable_reg(p, addr, &context, &reg)) {
            return false;
        }
        set_enable_word(p, context, reg, value & word_mask(p, reg));
        return true;
    }
    if (!context_reg(p, addr, &context, &reg)) {
        return false;
    }
    if (reg == PLIC_THRESHOLD) {
        p->threshold[context] = value & p->max_priority;
        update_context(p, context);
    } else {
        complete(p, context, value);
    }
    return true;
}

void plic_core_set_line(PLICCore *p, uint32_t source, bool level)
{
    if (source == 0 || source >= p->nr_sources) {
        return;
    }
    /* A request that was forwarded is not retracted when the line falls (PLIC 1.0.0, "Interrupt
     * Gateways"), but the completion then finds the line low and asks for nothing more. */
    bit_put(p->level, source, level);
    if (level) {
        gateway(p, source);
    }
}
