/*
 * Core-local interruptor: the register machine.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/intc/aclint-core.h"

#include <glib.h>

#include "hw/intc/riscv_aclint.h"
#include "util/bits.h"

#define MTIME_OFFSET (RISCV_ACLINT_MTIMER_SIZE - 8)

void swi_core_init(SwiCore *c, uint32_t nr_harts)
{
    c->nr_harts = nr_harts;
    c->msip = g_new0(uint8_t, nr_harts);
}

void swi_core_destroy(SwiCore *c)
{
    g_clear_pointer(&c->msip, g_free);
}

bool swi_core_read(const SwiCore *c, uint64_t addr, uint32_t *value)
{
    *value = 0;
    if (addr / 4 >= c->nr_harts) {
        return false;
    }
    *value = c->msip[addr / 4];
    return true;
}

bool swi_core_write(SwiCore *c, uint64_t addr, uint32_t value, uint32_t *hart)
{
    if (addr / 4 >= c->nr_harts) {
        return false;
    }
    *hart = (uint32_t)(addr / 4);
    c->msip[*hart] = value & 1; /* the other bits are wired to zero */
    return true;
}

void mtimer_core_init(MtimerCore *c, uint32_t nr_harts)
{
    c->nr_harts = nr_harts;
    c->mtimecmp = g_new0(uint64_t, nr_harts);
}

void mtimer_core_destroy(MtimerCore *c)
{
    g_clear_pointer(&c->mtimecmp, g_free);
}

bool mtimer_core_read(const MtimerCore *c, uint64_t addr, unsigned size, uint64_t now,
                      uint64_t *value)
{
    uint64_t v;

    if ((addr & ~7ull) == MTIME_OFFSET) {
        v = now;
    } else if (addr / 8 < c->nr_harts) {
        /* Atomic: read without the lock under which it is written. */
        v = __atomic_load_n(&c->mtimecmp[addr / 8], __ATOMIC_RELAXED);
    } else {
        *value = 0;
        return false;
    }
    *value = size == 8 ? v : extract64(v, (addr & 4) * 8, 32);
    return true;
}

MtimerWrite mtimer_core_write(MtimerCore *c, uint64_t addr, unsigned size, uint64_t value,
                              uint64_t now, uint32_t *hart, uint64_t *time)
{
    unsigned shift = (addr & 4) * 8;

    if ((addr & ~7ull) == MTIME_OFFSET) {
        *time = size == 8 ? value : deposit64(now, shift, 32, value);
        return MTIMER_WRITE_TIME;
    }
    if (addr / 8 >= c->nr_harts) {
        return MTIMER_WRITE_NONE;
    }
    *hart = (uint32_t)(addr / 8);
    value = size == 8 ? value : deposit64(c->mtimecmp[*hart], shift, 32, value);
    __atomic_store_n(&c->mtimecmp[*hart], value, __ATOMIC_RELAXED);
    return MTIMER_WRITE_CMP;
}
