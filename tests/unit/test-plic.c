/*
 * The PLIC's register machine against its specification: priorities, enables, thresholds, gateways,
 * claim and completion, and a random comparison with a slow model.
 *
 * SPDX-License-Identifier: MIT
 */
#include <glib.h>
#include <string.h>

#include "hw/intc/plic-core.h"

#define SOURCES 96
#define CONTEXTS 6

static PLICCore p;
static bool eip[CONTEXTS];
static unsigned calls;

static void set_eip(void *opaque, unsigned context, bool level)
{
    g_assert_true(opaque == &p);
    g_assert_cmpint(eip[context], !=, level); /* only changes are told */
    eip[context] = level;
    calls++;
}

static void fresh(void)
{
    memset(eip, 0, sizeof(eip));
    plic_core_init(&p, SOURCES, CONTEXTS, 7, set_eip, &p);
    calls = 0;
}

static void done(void)
{
    plic_core_destroy(&p);
}

static uint32_t rd(uint64_t addr)
{
    uint32_t v;
    g_assert_true(plic_core_read(&p, addr, &v));
    return v;
}

static void wr(uint64_t addr, uint32_t v)
{
    g_assert_true(plic_core_write(&p, addr, v));
}

static uint64_t ctx(unsigned c, unsigned reg)
{
    return PLIC_CONTEXT + (uint64_t)c * PLIC_CONTEXT_STRIDE + reg;
}

static void set_priority(unsigned source, uint32_t v)
{
    wr(PLIC_PRIORITY + source * 4, v);
}

static void enable(unsigned c, unsigned source)
{
    uint64_t addr = PLIC_ENABLE + c * PLIC_ENABLE_STRIDE + source / 32 * 4;
    wr(addr, rd(addr) | 1u << (source % 32));
}

static bool pending(unsigned source)
{
    return rd(PLIC_PENDING + source / 32 * 4) >> (source % 32) & 1;
}

static void test_flow(void)
{
    fresh();
    set_priority(10, 1);
    enable(1, 10);
    plic_core_set_line(&p, 10, true);
    g_assert_true(pending(10));
    g_assert_true(eip[1]);
    g_assert_false(eip[0]);
    g_assert_cmpuint(rd(ctx(1, PLIC_CLAIM)), ==, 10);
    g_assert_false(pending(10));
    g_assert_false(eip[1]);
    g_assert_cmpuint(rd(ctx(1, PLIC_CLAIM)), ==, 0); /* nothing more to claim */
    /* Still asserted, but the gateway waits for the completion. */
    g_assert_false(eip[1]);
    wr(ctx(1, PLIC_CLAIM), 10);
    g_assert_true(pending(10)); /* level-triggered and still high: again */
    g_assert_true(eip[1]);
    g_assert_cmpuint(rd(ctx(1, PLIC_CLAIM)), ==, 10);
    plic_core_set_line(&p, 10, false);
    wr(ctx(1, PLIC_CLAIM), 10);
    g_assert_false(pending(10));
    g_assert_false(eip[1]);
    done();
}

static void test_falling_edge(void)
{
    fresh();
    set_priority(3, 7);
    enable(0, 3);
    plic_core_set_line(&p, 3, true);
    plic_core_set_line(&p, 3, false);
    g_assert_true(pending(3)); /* a forwarded request is not retracted */
    g_assert_cmpuint(rd(ctx(0, PLIC_CLAIM)), ==, 3);
    /* A pulse while it is served is not remembered by a level gateway. */
    plic_core_set_line(&p, 3, true);
    plic_core_set_line(&p, 3, false);
    wr(ctx(0, PLIC_CLAIM), 3);
    g_assert_false(pending(3));
    /* One that lasts until the completion is. */
    plic_core_set_line(&p, 3, true);
    g_assert_cmpuint(rd(ctx(0, PLIC_CLAIM)), ==, 3);
    plic_core_set_line(&p, 3, false);
    plic_core_set_line(&p, 3, true);
    wr(ctx(0, PLIC_CLAIM), 3);
    g_assert_true(pending(3));
    done();
}

static void test_priorities(void)
{
    fresh();
    for (unsigned s = 1; s < SOURCES; s++) {
        set_priority(s, s % 8);
        enable(2, s);
        plic_core_set_line(&p, s, true);
    }
    /* Highest priority first, lowest number among equals; priority 0 never. */
    for (uint32_t prio = 7; prio > 0; prio--) {
        for (unsigned s = prio; s < SOURCES; s += 8) {
            g_assert_cmpuint(rd(ctx(2, PLIC_CLAIM)), ==, s);
        }
    }
    g_assert_cmpuint(rd(ctx(2, PLIC_CLAIM)), ==, 0);
    g_assert_false(eip[2]);
    g_assert_true(pending(8));
    set_priority(8, 1); /* pending all the time: now it may */
    g_assert_true(eip[2]);
    set_priority(8, 0);
    g_assert_false(eip[2]);
    done();
}

static void test_threshold(void)
{
    fresh();
    set_priority(5, 3);
    enable(0, 5);
    plic_core_set_line(&p, 5, true);
    for (uint32_t t = 0; t < 8; t++) {
        wr(ctx(0, PLIC_THRESHOLD), t);
        g_assert_cmpuint(rd(ctx(0, PLIC_THRESHOLD)), ==, t);
        g_assert_cmpint(eip[0], ==, t < 3);
    }
    /* A claim does not care about the threshold. */
    g_assert_cmpuint(rd(ctx(0, PLIC_CLAIM)), ==, 5);
    wr(ctx(0, PLIC_CLAIM), 5);
    g_assert_false(eip[0]);
    wr(ctx(0, PLIC_THRESHOLD), 0);
    g_assert_true(eip[0]);
    done();
}

static void test_completion_rules(void)
{
    fresh();
    set_priority(7, 1);
    enable(0, 7);
    enable(1, 7);
    plic_core_set_line(&p, 7, true);
    g_assert_cmpuint(rd(ctx(0, PLIC_CLAIM)), ==, 7);
    wr(ctx(2, PLIC_CLAIM), 7); /* not enabled for context 2: ignored */
    g_assert_false(pending(7));
    wr(ctx(0, PLIC_CLAIM), 0);
    wr(ctx(0, PLIC_CLAIM), SOURCES);
    wr(ctx(0, PLIC_CLAIM), 0xffffffff);
    g_assert_false(pending(7));
    wr(ctx(1, PLIC_CLAIM), 7); /* enabled there: who claimed is not checked */
    g_assert_true(pending(7));
    g_assert_true(eip[0] && eip[1]);
    done();
}

static void test_only_users_are_told(void)
{
    fresh();
    set_priority(20, 1);
    enable(4, 20);
    calls = 0;
    plic_core_set_line(&p, 20, true);
    g_assert_cmpuint(calls, ==, 1);
    wr(PLIC_ENABLE + 4 * PLIC_ENABLE_STRIDE, 0);
    g_assert_cmpuint(calls, ==, 2);
    g_assert_false(eip[4]);
    done();
}

static void test_registers(void)
{
    uint32_t v;

    fresh();
    /* WARL: three bits of priority and threshold; source 0 does not exist. */
    set_priority(1, 0xffffffff);
    g_assert_cmphex(rd(PLIC_PRIORITY + 4), ==, 7);
    wr(ctx(0, PLIC_THRESHOLD), 0xfff8);
    g_assert_cmphex(rd(ctx(0, PLIC_THRESHOLD)), ==, 0);
    wr(PLIC_ENABLE, 0xffffffff);
    g_assert_cmphex(rd(PLIC_ENABLE), ==, 0xfffffffe);
    g_assert_false(plic_core_write(&p, PLIC_PRIORITY, 1));
    g_assert_cmphex(rd(PLIC_PRIORITY), ==, 0);
    g_assert_false(plic_core_write(&p, PLIC_PENDING, 1));
    g_assert_false(plic_core_write(&p, PLIC_PRIORITY + SOURCES * 4, 1));
    g_assert_false(plic_core_read(&p, PLIC_PRIORITY + SOURCES * 4, &v));
    g_assert_false(plic_core_read(&p, PLIC_PENDING + 12, &v));
    g_assert_false(plic_core_read(&p, PLIC_ENABLE + 12, &v));
    g_assert_false(plic_core_read(&p, PLIC_ENABLE + CONTEXTS * PLIC_ENABLE_STRIDE, &v));
    g_assert_false(plic_core_write(&p, PLIC_ENABLE + CONTEXTS * PLIC_ENABLE_STRIDE, ~0u));
    g_assert_false(plic_core_read(&p, ctx(CONTEXTS, 0), &v));
    g_assert_false(plic_core_write(&p, ctx(CONTEXTS, 4), 1));
    g_assert_false(plic_core_read(&p, ctx(0, 8), &v));
    plic_core_set_line(&p, 0, true);
    plic_core_set_line(&p, SOURCES, true);
    plic_core_set_line(&p, 0xffffffff, true);
    done();
}

static void test_reset(void)
{
    fresh();
    set_priority(9, 1);
    enable(0, 9);
    set_priority(11, 1);
    enable(0, 11);
    plic_core_set_line(&p, 9, true);
    plic_core_set_line(&p, 11, true);
    g_assert_cmpuint(rd(ctx(0, PLIC_CLAIM)), ==, 9);
    plic_core_set_line(&p, 11, false);
    plic_core_reset(&p);
    g_assert_false(eip[0]);
    g_assert_cmphex(rd(PLIC_ENABLE), ==, 0);
    g_assert_cmphex(rd(PLIC_PRIORITY + 9 * 4), ==, 0);
    g_assert_true(pending(9)); /* its line is still high */
    g_assert_false(pending(11));
    done();
}

/* The specification as plainly as possible. */
typedef struct Model {
    uint32_t priority[SOURCES], threshold[CONTEXTS];
    bool level[SOURCES], pending[SOURCES], served[SOURCES], enable[CONTEXTS][SOURCES];
} Model;

static unsigned model_best(const Model *m, unsigned c)
{
    unsigned best = 0;
    for (unsigned s = 1; s < SOURCES; s++) {
        if (m->pending[s] && m->enable[c][s] && m->priority[s] > m->priority[best]) {
            best = s;
        }
    }
    return best;
}

static void model_gateways(Model *m)
{
    for (unsigned s = 1; s < SOURCES; s++) {
        m->pending[s] |= m->level[s] && !m->served[s];
    }
}

static void test_random(void)
{
    GRand *r = g_rand_new_with_seed(2);
    static Model m;

    fresh();
    memset(&m, 0, sizeof(m));
    for (int i = 0; i < 100000; i++) {
        unsigned s = (unsigned)g_rand_int_range(r, 1, SOURCES);
        unsigned c = (unsigned)g_rand_int_range(r, 0, CONTEXTS);
        uint32_t v = g_rand_int(r) & 7;

        switch (g_rand_int_range(r, 0, 6)) {
        case 0:
            set_priority(s, v);
            m.priority[s] = v;
            break;
        case 1:
            plic_core_set_line(&p, s, v & 1);
            m.level[s] = v & 1;
            break;
        case 2: {
            uint32_t w = s / 32, bits = g_rand_int(r) & g_rand_int(r);
            wr(PLIC_ENABLE + c * PLIC_ENABLE_STRIDE + w * 4, bits);
            for (unsigned b = 0; b < 32; b++) {
                m.enable[c][w * 32 + b] = w * 32 + b ? bits >> b & 1 : 0;
            }
            break;
        }
        case 3:
            wr(ctx(c, PLIC_THRESHOLD), v);
            m.threshold[c] = v;
            break;
        case 4: {
            unsigned best = model_best(&m, c);
            g_assert_cmpuint(rd(ctx(c, PLIC_CLAIM)), ==, best);
            if (best) {
                m.pending[best] = false;
                m.served[best] = true;
            }
            break;
        }
        default:
            wr(ctx(c, PLIC_CLAIM), s);
            if (m.enable[c][s]) {
                m.served[s] = false;
            }
            break;
        }
        model_gateways(&m);
        for (unsigned k = 0; k < CONTEXTS; k++) {
            g_assert_cmpint(eip[k], ==, m.priority[model_best(&m, k)] > m.threshold[k]);
        }
        g_assert_cmpint(pending(s), ==, m.pending[s]);
    }
    /* Loaded registers give the same lines again. */
    plic_core_refresh(&p);
    for (unsigned k = 0; k < CONTEXTS; k++) {
        g_assert_cmpint(eip[k], ==, m.priority[model_best(&m, k)] > m.threshold[k]);
    }
    done();
    g_rand_free(r);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plic/flow", test_flow);
    g_test_add_func("/plic/falling-edge", test_falling_edge);
    g_test_add_func("/plic/priorities", test_priorities);
    g_test_add_func("/plic/threshold", test_threshold);
    g_test_add_func("/plic/completion-rules", test_completion_rules);
    g_test_add_func("/plic/only-users-are-told", test_only_users_are_told);
    g_test_add_func("/plic/registers", test_registers);
    g_test_add_func("/plic/reset", test_reset);
    g_test_add_func("/plic/random", test_random);
    return g_test_run();
}
