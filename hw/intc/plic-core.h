/*
 * The register machine of the RISC-V platform-level interrupt controller (PLIC 1.0.0): gateways,
 * pending bits, enables, thresholds, claim and completion. No lock, no I/O; the lines to the harts
 * are a callback.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_INTC_PLIC_CORE_H
#define VIREO_HW_INTC_PLIC_CORE_H

#include <stdbool.h>
#include <stdint.h>

/* Offsets of the register file, by the specification's memory map. */
enum {
    PLIC_PRIORITY = 0x0,
    PLIC_PENDING = 0x1000,
    PLIC_ENABLE = 0x2000,
    PLIC_ENABLE_STRIDE = 0x80,
    PLIC_CONTEXT = 0x200000,
    PLIC_CONTEXT_STRIDE = 0x1000,
    PLIC_THRESHOLD = 0,
    PLIC_CLAIM = 4,
    PLIC_MAX_SOURCES = 1024,
    PLIC_MAX_CONTEXTS = 15872,
};

typedef struct PLICCore {
    uint32_t nr_sources;   /* source 0 included, which does not exist */
    uint32_t nr_contexts;
    uint32_t max_priority; /* 2^n - 1 */
    uint32_t words;        /* of 32 sources each */
    uint32_t enable_words; /* nr_contexts * words */

    uint32_t *priority;    /* [nr_sources] */
    uint32_t *pending;     /* [words] the IP bits */
    uint32_t *inflight;    /* [words] claimed, not yet completed: the gateway is closed */
    uint32_t *level;       /* [words] the input lines */
    uint32_t *enable;      /* [enable_words] */
    uint32_t *threshold;   /* [nr_contexts] */

    /* Recomputed from the above. */
    uint64_t *users;       /* per source, the contexts that enable it; user_words each */
    uint32_t user_words;
    bool *eip;             /* [nr_contexts] the lines to the harts, as last told */

    void (*set_eip)(void *opaque, unsigned context, bool level);
    void *opaque;
} PLICCore;

void plic_core_init(PLICCore *p, uint32_t nr_sources, uint32_t nr_contexts,
                    uint32_t max_priority, void (*set_eip)(void *opaque, unsigned, bool),
                    void *opaque);
void plic_core_destroy(PLICCore *p);

/* Everything but the input lines to zero; requests of lines that are still high come again. */
void plic_core_reset(PLICCore *p);
/* Recomputes what derives from the registers, after they were loaded. */
void plic_core_refresh(PLICCore *p);

/* A 32-bit access; false if there is no such register (reads give 0 then). */
bool plic_core_read(PLICCore *p, uint64_t addr, uint32_t *value);
bool plic_core_write(PLICCore *p, uint64_t addr, uint32_t value);

/* Input line of a source, 1 .. nr_sources - 1; level-sensitive. */
void plic_core_set_line(PLICCore *p, uint32_t source, bool level);

#endif
