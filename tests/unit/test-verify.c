/*
 * What verify=on compares of a hart: a difference in any row of its state table is found and named, but for the
 * rows that other threads change or that say how the emulator works.
 *
 * SPDX-License-Identifier: MIT
 */
#include <glib.h>

#include "riscv-fixture.h"
#include "target/riscv/cpu-impl.h"
#include "target/riscv/emit.h"

typedef struct Pair {
    Hart h;
    CPUArchState *shadow;
    GString *out;
    unsigned n_found, n_free;
} Pair;

static void set_up(Pair *p)
{
    hart_init(&p->h, "max");
    p->shadow = riscv_shadow_new();
    p->out = g_string_new(NULL);
    p->n_found = p->n_free = 0;
    riscv_shadow_copy(p->shadow, p->h.env);
}

static void tear_down(Pair *p)
{
    g_string_free(p->out, TRUE);
    riscv_shadow_free(p->shadow);
    hart_done(&p->h);
}

static const char *differences(Pair *p, bool exception)
{
    g_string_truncate(p->out, 0);
    riscv_shadow_differences(p->h.env, p->shadow, exception, p->out);
    return p->out->str;
}

static bool is_free(const char *name)
{
    static const char *const names[] = {
        "env.pc", "env.mip", "env.hvip", "env.hgeip", "env.nmi_lines", "env.nmi_edges", "env.tlb_misses",
        "env.mhpmevent", "env.tcg.icount", "sbi.hsm", "sbi.start_addr", "sbi.opaque", "sbi.todo",
        "sbi.fence", "sbi.nr_fences", "sbi.fence_i", "sbi.fence_posted", "sbi.fence_done", "sbi.fw_value",
        "sbi.event.pending", "sbi.global_event.pending",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!strcmp(name, names[i]))
            return true;
    }
    return false;
}

/* One byte of the shadow at a time, the last of the row's last element. */
static void try_rows(Pair *p, const StateField *rows, const char *of, uint8_t *shadow)
{
    for (const StateField *f = rows; f->name; f++) {
        g_autofree char *name = g_strconcat(of, f->name, NULL);
        size_t size = state_element_size(f), last = MAX(f->count, 1) - 1;
        uint8_t *at = shadow + f->offset + size * last;

        if (f->type == STATE_STRUCT) {
            g_autofree char *inner = g_strconcat(name, ".", NULL);
            try_rows(p, f->sub, inner, at);
            continue;
        }
        if (!strcmp(name, "env.x"))
            at -= size; /* the last one is nobody's */
        at[size - 1] ^= 0x40;
        const char *said = differences(p, true);
        at[size - 1] ^= 0x40;
        if (is_free(name)) {
            g_assert_cmpstr(said, ==, "");
            p->n_free++;
        } else {
            const char *shown = g_str_has_prefix(name, "env.") ? name + 4 : name;
            if (!g_str_has_prefix(said, shown))
                g_error("%s differs; what is said: '%s'", name, said);
            g_assert_true(strchr(said, '\n') == strrchr(said, '\n'));
            p->n_found++;
        }
    }
}

static void test_every_row(void)
{
    Pair p;

    set_up(&p);
    g_assert_cmpstr(differences(&p, true), ==, "");
    try_rows(&p, riscv_cpu_state.fields, "", (uint8_t *)env_cpu(p.shadow));
    g_assert_cmpuint(p.n_found, >, 100);
    g_assert_cmpuint(p.n_free, ==, 21);
    g_assert_cmpstr(differences(&p, true), ==, "");
    tear_down(&p);
}

/* Rows that are structures: each of them, and no byte between their fields. */
static void test_structures(void)
{
    SBIEvent *event;
    Pair p;

    set_up(&p);
    event = env_cpu(p.shadow)->sbi.event;
    event[0].state ^= 1;
    event[SBI_LOCAL_EVENTS - 1].flags = 0x1234;
    g_assert_cmpstr(differences(&p, false), ==,
                    "sbi.event.state 0000000000000000  0000000000000001\n"
                    "sbi.event.flags 0000000000000000  0000000000001234\n");
    event[0].state ^= 1;
    event[SBI_LOCAL_EVENTS - 1].flags = 0;
    G_STATIC_ASSERT(offsetof(SBIEvent, priority) > offsetof(SBIEvent, pending) + sizeof(bool));
    ((uint8_t *)event)[offsetof(SBIEvent, priority) - 1] ^= 0xff;
    g_assert_cmpstr(differences(&p, false), ==, "");
    tear_down(&p);
}

/* What is said of an exception is compared only if there was one. */
static void test_exception(void)
{
    Pair p;

    set_up(&p);
    p.shadow->exc_tval = 0x77;
    p.shadow->x[32] = 1;
    g_assert_cmpstr(differences(&p, false), ==, "");
    g_assert_cmpstr(differences(&p, true), ==, "exc_tval      0000000000000000  0000000000000077\n");
    tear_down(&p);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/verify/every-row", test_every_row);
    g_test_add_func("/verify/structures", test_structures);
    g_test_add_func("/verify/exception", test_exception);
    return g_test_run();
}
