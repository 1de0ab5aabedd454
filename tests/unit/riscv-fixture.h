/*
 * A hart with RAM and a timebase but no translator, for tests of the CPU model: instruction bodies'
 * functions are called directly, and what they raise is caught.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TESTS_UNIT_RISCV_FIXTURE_H
#define VIREO_TESTS_UNIT_RISCV_FIXTURE_H

#include "accel/tcg/internal.h"
#include "target/riscv/bits.h"
#include "target/riscv/causes.h"
#include "target/riscv/csr.h"
#include "target/riscv/mmu.h"
#include "target/riscv/mode.h"
#include "target/riscv/trap.h"

#define RAM_BASE 0x80000000ULL
#define RAM_SIZE (16 * MiB)

typedef struct Hart {
    RISCVCPU *cpu;
    CPURISCVState *env;
    MemoryRegion root, ram;
    AddressSpace as;
    Timebase timebase;
    TranslationBlock *tb;
    TCGOp op;
    sigjmp_buf unwind;
} Hart;

static inline void hart_init(Hart *h, const char *spec)
{
    Error *err = NULL;

    memset(h, 0, sizeof(*h));
    memory_region_init(&h->root, NULL, "root", UINT64_MAX);
    g_assert_true(memory_region_init_ram(&h->ram, NULL, "ram", RAM_SIZE, NULL));
    memory_region_add_subregion(&h->root, RAM_BASE, &h->ram);
    address_space_init(&h->as, &h->root, "test");
    timebase_init(&h->timebase, 10000000);
    h->cpu = riscv_cpu_create_from_spec(spec, &err);
    if (!h->cpu)
        g_error("%s: %s", spec, error_get_pretty(err));
    h->cpu->timebase = &h->timebase;
    h->cpu->parent_obj.as = &h->as;
    if (!device_realize(DEVICE(h->cpu), &err))
        g_error("%s: %s", spec, error_get_pretty(err));
    device_reset(DEVICE(h->cpu));
    h->env = &h->cpu->env;
    h->tb = g_malloc0(sizeof(TranslationBlock));
    h->op.len = 4;
    h->env->tcg.tb = h->tb;
    h->env->tcg.cur = &h->op;
    h->env->tcg.unwind = &h->unwind;
}

static inline void hart_done(Hart *h)
{
    device_unrealize(DEVICE(h->cpu));
    object_unref(h->cpu);
    address_space_destroy(&h->as);
    memory_region_destroy(&h->ram);
    memory_region_destroy(&h->root);
    timebase_destroy(&h->timebase);
    g_free(h->tb);
}

static inline void hart_set_priv(Hart *h, RISCVPriv priv)
{
    h->env->priv = priv;
    riscv_mode_update(h->env);
}

/* Runs `statement`; evaluates to the cause it raised, or -1. The unwinding is the engine's own. */
#define RAISED(h, statement)                                                        \
    __extension__({                                                                 \
        volatile int64_t cause_ = -1;                                               \
        if (sigsetjmp((h)->unwind, 0) == 0) {                                       \
            statement;                                                              \
        } else {                                                                    \
            cause_ = (int64_t)(h)->env->exc_cause;                                  \
        }                                                                           \
        (int64_t)cause_;                                                            \
    })

/* csrrw, csrrs, csrrc as an instruction; false: it raised illegal (or virtual) instruction. */
static inline bool csr_op(Hart *h, unsigned csr, CSRKind kind, uint64_t operand, bool rd,
                          bool write, uint64_t *old, uint64_t *effects)
{
    int64_t cause = RAISED(h, {
        CSRResult r = riscv_csr_insn(h->env, &h->op, csr, kind, operand, rd, write);
        if (old)
            *old = r.old;
        if (effects)
            *effects = r.effects;
    });

    g_assert_true(cause == -1 || cause == EXC_ILLEGAL_INST || cause == EXC_VIRTUAL_INST);
    return cause == -1;
}

static inline bool csr_get(Hart *h, unsigned csr, uint64_t *v)
{
    return csr_op(h, csr, CSR_SET, 0, true, false, v, NULL);
}

static inline bool csr_put(Hart *h, unsigned csr, uint64_t v)
{
    return csr_op(h, csr, CSR_WRITE, v, false, true, NULL, NULL);
}

static inline uint64_t csr_read(Hart *h, unsigned csr)
{
    uint64_t v = 0;

    g_assert_true(csr_get(h, csr, &v));
    return v;
}

static inline uint64_t csr_write_read(Hart *h, unsigned csr, uint64_t v)
{
    g_assert_true(csr_put(h, csr, v));
    return csr_read(h, csr);
}

/* 8 bytes of the test's RAM. */
static inline void ram_put(Hart *h, hwaddr pa, uint64_t v)
{
    g_assert_true(address_space_write_rom(&h->as, pa, &v, 8));
}

static inline uint64_t ram_get(Hart *h, hwaddr pa)
{
    uint64_t v;

    g_assert_true(address_space_read_ram(&h->as, pa, &v, 8));
    return v;
}

#endif
