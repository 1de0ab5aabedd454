/*
 * For -accel tcg,verify=on: a copy of a hart, and what differs between the two. The rows of the state
 * table say what there is to compare.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/emit.h"

#include <inttypes.h>

#include "target/riscv/cpu-impl.h"
#include "target/riscv/fpu/fpu.h"

CPUArchState *riscv_shadow_new(void)
{
    RISCVCPU *cpu = g_new0(RISCVCPU, 1);

    return &cpu->env;
}

void riscv_shadow_free(CPUArchState *shadow)
{
    g_free(env_cpu(shadow));
}

/* With what belongs to the CPU around it, which instructions read. */
void riscv_shadow_copy(CPUArchState *shadow, CPUArchState *env)
{
    CPUState *cpu = &env_cpu(shadow)->parent_obj;

    memcpy(env_cpu(shadow), env_cpu(env), sizeof(RISCVCPU));
    /* Whoever gives the shadow attention finds nobody there. */
    memset(&cpu->mutex, 0, sizeof(cpu->mutex));
    memset(&cpu->cond, 0, sizeof(cpu->cond));
    cpu->accel_attention = NULL;
}

void riscv_shadow_settle(CPUArchState *env)
{
    fp_get_fflags(env);
}

/* Rows that are not compared: other threads change them, or they say how we work. */
static bool is_free(const char *name)
{
    static const char *const names[] = {
        "env.pc", "env.mip", "env.hvip", "env.hgeip", "env.nmi_lines", "env.nmi_edges",
        "env.tlb_misses", "env.mhpmevent", "env.tcg.icount",
        /* What harts and timers leave for a hart's firmware. */
        "sbi.hsm", "sbi.start_addr", "sbi.opaque", "sbi.todo", "sbi.fence", "sbi.nr_fences",
        "sbi.fence_i", "sbi.fence_posted", "sbi.fence_done", "sbi.fw_value", "sbi.event.pending",
        "sbi.global_event.pending",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!strcmp(name, names[i]))
            return true;
    }
    return false;
}

typedef struct Comparison {
    bool exception; /* one was raised: what is said of it counts */
    GString *out;
} Comparison;

static bool is_looked_at(const Comparison *c, const char *name)
{
    return !is_free(name) && (c->exception || !g_str_has_prefix(name, "env.exc_"));
}

static uint64_t element(const uint8_t *p, size_t size)
{
    uint64_t v = 0;

    memcpy(&v, p, size); /* on little-endian hosts, which those with a compiler are */
    return v;
}

static void tell(const Comparison *c, const char *name, const StateField *f, const uint8_t *a,
                 const uint8_t *b, size_t bytes)
{
    size_t size = f->type == STATE_BYTES ? 8 : state_element_size(f);

    if (g_str_has_prefix(name, "env."))
        name += 4;
    for (size_t i = 0; i < bytes; i += size) {
        size_t n = MIN(size, bytes - i);
        if (!memcmp(a + i, b + i, n))
            continue;
        g_autofree char *which = bytes > size ? g_strdup_printf("%s[%zu]", name, i / size) : NULL;
        g_string_append_printf(c->out, "%-13s %016" PRIx64 "  %016" PRIx64 "\n", which ? which : name,
                               element(a + i, n), element(b + i, n));
    }
}

/* of: the name of the structure that the rows are of, and a dot; or nothing. */
static void compare_rows(const Comparison *c, const StateField *rows, const char *of, const uint8_t *a,
                         const uint8_t *b)
{
    for (const StateField *f = rows; f->name; f++) {
        size_t size = state_element_size(f), bytes = size * MAX(f->count, 1);

        /* First the cheap question, most rows are the same. */
        if (!memcmp(a + f->offset, b + f->offset, bytes))
            continue;
        g_autofree char *name = g_strconcat(of, f->name, NULL);
        if (f->type == STATE_STRUCT) {
            g_autofree char *inner = g_strconcat(name, ".", NULL);
            for (size_t at = f->offset; at < f->offset + bytes; at += size)
                compare_rows(c, f->sub, inner, a + at, b + at);
        } else if (is_looked_at(c, name)) {
            if (!strcmp(name, "env.x"))
                bytes = 32 * 8; /* the last one takes what is written to x0 */
            tell(c, name, f, a + f->offset, b + f->offset, bytes);
        }
    }
}

void riscv_shadow_differences(CPUArchState *compiled, CPUArchState *interpreted, bool exception,
                              GString *out)
{
    const Comparison c = { exception, out };

    compare_rows(&c, riscv_cpu_state.fields, "", (const uint8_t *)env_cpu(compiled),
                 (const uint8_t *)env_cpu(interpreted));
}
