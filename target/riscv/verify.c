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

/* Other threads change it, or it says how we work. */
static bool is_free(const StateField *f)
{
    static const char *const names[] = {
        "env.pc", "env.mip", "env.hvip", "env.hgeip", "env.nmi_lines", "env.nmi_edges",
        "env.tlb_misses", "env.mhpmevent", "env.tcg.icount",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!strcmp(f->name, names[i]))
            return true;
    }
    return !g_str_has_prefix(f->name, "env.");
}

static bool is_exception(const StateField *f)
{
    return g_str_has_prefix(f->name, "env.exc_");
}

static uint64_t element(const uint8_t *p, size_t size)
{
    uint64_t v = 0;

    memcpy(&v, p, size); /* on little-endian hosts, which those with a compiler are */
    return v;
}

static void tell(const StateField *f, const uint8_t *a, const uint8_t *b, size_t bytes, GString *out)
{
    size_t size = f->type == STATE_BYTES ? 8 : state_element_size(f);

    for (size_t i = 0; i + size <= bytes; i += size) {
        if (!memcmp(a + i, b + i, size))
            continue;
        g_autofree char *name = bytes > size
            ? g_strdup_printf("%s[%zu]", f->name + 4, i / size) : g_strdup(f->name + 4);
        g_string_append_printf(out, "%-13s %016" PRIx64 "  %016" PRIx64 "\n", name,
                               element(a + i, size), element(b + i, size));
    }
}

void riscv_shadow_differences(CPUArchState *compiled, CPUArchState *interpreted, bool exception,
                              GString *out)
{
    const uint8_t *a = (const uint8_t *)env_cpu(compiled);
    const uint8_t *b = (const uint8_t *)env_cpu(interpreted);

    for (const StateField *f = riscv_cpu_state.fields; f->name; f++) {
        size_t bytes = state_element_size(f) * MAX(f->count, 1);

        /* First the cheap question, most rows are the same. */
        if (!memcmp(a + f->offset, b + f->offset, bytes) || is_free(f) || f->type == STATE_STRUCT ||
            (is_exception(f) && !exception))
            continue;
        if (!strcmp(f->name, "env.x"))
            bytes = 32 * 8; /* the last one takes what is written to x0 */
        tell(f, a + f->offset, b + f->offset, bytes, out);
    }
}
