/*
 * What the monitor's info jit says.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>

#include "accel/tcg/jit/jit.h"
#include "accel/tcg/tlb.h"
#include "hw/core/symbols.h"

#define TOP_REGIONS 10

bool jit_on(const TCGState *s)
{
    return s->jit_wanted != ON_OFF_AUTO_OFF;
}

const char *jit_why_not(const TCGState *s)
{
    const char *reason = "this host gives no memory for compiled code";

    if (!jit_on(s))
        return "-accel tcg,jit=off";
    if (!s->icount)
        jit_backend(&reason);
    return s->icount ? "-icount asks for it" : reason;
}

/* ---- What vCPUs count ---- */

typedef struct Sum {
    JitCounts c;
    uint64_t insns, fills, flushes, large, victims, resized;
} Sum;

static void add_slow(JitSlow *a, const JitSlow *b)
{
    a->all += b->all;
    a->filled += b->filled;
    a->crossing += b->crossing;
    a->other += b->other;
}

static void collect(CPUState *cpu, void *data)
{
    const TCGCPU *c = cpu->accel_state;
    Sum *sum = data;

    if (!c)
        return;
    sum->c.entered += c->counts.entered;
    sum->c.unlinked += c->counts.unlinked;
    sum->c.looked_up += c->counts.looked_up;
    sum->c.cold += c->counts.cold;
    sum->c.interpreted += c->counts.interpreted;
    add_slow(&sum->c.loads, &c->counts.loads);
    add_slow(&sum->c.stores, &c->counts.stores);
    sum->insns += env_tcg(c->env)->icount;
    sum->fills += env_tcg(c->env)->tlbs->n_fills;
    sum->flushes += env_tcg(c->env)->tlbs->n_flushes;
    sum->large += env_tcg(c->env)->tlbs->n_large;
    sum->victims += env_tcg(c->env)->tlbs->n_victim;
    sum->resized += env_tcg(c->env)->tlbs->n_resized;
}

static void append_slow(GString *out, const char *what, const JitSlow *n)
{
    uint64_t faults = n->all - n->filled - n->crossing - n->other;

    g_string_append_printf(out,
        "%s by C: %" PRIu64 " (TLB filled %" PRIu64 ", two pages %" PRIu64 ", faults %" PRIu64
        ", devices and others %" PRIu64 ")\n", what, n->all, n->filled, n->crossing, faults, n->other);
}

/* What the TLB had, of all that compiled code wanted. */
static double hit_rate(uint64_t made, uint64_t by_c)
{
    return made ? 100.0 * (double)made / (double)(made + by_c) : 0;
}

static void append_accesses(GString *out, const JitMemCounts *n, const JitCounts *c)
{
    g_string_append_printf(out, "Made by compiled code: %" PRIu64 " loads (hit rate %.3f %%), %" PRIu64
                           " stores (hit rate %.3f %%), by %" PRIu64 " checks\n",
                           n->made[0], hit_rate(n->made[0], c->loads.all), n->made[1],
                           hit_rate(n->made[1], c->stores.all), n->checks);
    g_string_append_printf(out, "Out of their window: %" PRIu64 " loads, %" PRIu64
                           " stores; of a guessed one: %" PRIu64 "\n",
                           n->window_missed[0], n->window_missed[1], n->guess_missed);
}

static void append_counts(GString *out, const Jit *j, const Sum *sum)
{
    const JitCounts *c = &sum->c;

    g_string_append_printf(out,
        "Instructions: %" PRIu64 "\n"
        "Compiled code entered by the interpreter: %" PRIu64 "; left for code not compiled %" PRIu64
        ", an instruction not compiled %" PRIu64 ", an exit not linked or attention %" PRIu64
        ", a look-up or attention %" PRIu64 "\n",
        sum->insns, c->entered, c->cold, c->interpreted, c->unlinked, c->looked_up);
    append_slow(out, "Loads", &c->loads);
    append_slow(out, "Stores", &c->stores);
    g_string_append_printf(out, "TLB: %" PRIu64 " entries filled, %" PRIu64
                           " of them as parts of large pages; %" PRIu64 " taken back from the victims; %"
                           PRIu64 " tables grown; %" PRIu64 " flushes",
                           sum->fills, sum->large, sum->victims, sum->resized, sum->flushes);
    if (sum->fills)
        g_string_append_printf(out, "; %" PRIu64 " instructions to a fill", sum->insns / sum->fills);
    g_string_append_c(out, '\n');
    if (j->counts)
        append_accesses(out, j->counts, c);
}

/* ---- Regions ---- */

static uint64_t entries(const JitCode *code)
{
    return code->entries ? __atomic_load_n(code->entries, __ATOMIC_RELAXED) : 0;
}

static gint by_rank(gconstpointer pa, gconstpointer pb)
{
    const JitCode *a = *(JitCode *const *)pa, *b = *(JitCode *const *)pb;

    if (entries(a) != entries(b))
        return entries(a) < entries(b) ? 1 : -1;
    return a->size < b->size ? 1 : a->size > b->size ? -1 : 0;
}

static void append_regions(GString *out, const Jit *j)
{
    g_autoptr(GPtrArray) live = g_ptr_array_new();
    uint64_t bytes = 0;

    for (unsigned n = 0; n < j->gens.n; n++) {
        for (guint i = 0; i < j->gen[n].codes->len; i++) {
            JitCode *code = j->gen[n].codes->pdata[i];
            if (code->dead)
                continue;
            g_ptr_array_add(live, code);
            bytes += code->size;
        }
    }
    g_ptr_array_sort(live, by_rank);
    g_string_append_printf(out, "Regions there are: %u, of %" PRIu64 " KiB; %s first:\n", live->len,
                           bytes / 1024, j->s->jit_stats ? "those entered most often" : "the largest");
    for (guint i = 0; i < MIN(live->len, TOP_REGIONS); i++) {
        const JitCode *code = live->pdata[i];

        g_string_append_printf(out, "  0x%016" PRIx64 " mode %x: %4u instructions, %6u bytes", code->head->pc,
                               code->head->mode, code->n_insns, code->size);
        if (code->entries)
            g_string_append_printf(out, ", entered %" PRIu64 " times", entries(code));
        symbol_append(out, code->head->pc);
        g_string_append_c(out, '\n');
    }
}

static void append_blocks(GString *out, const TCGState *s)
{
    const Generations *g = &s->blocks;

    g_string_append_printf(out, "Blocks: %" PRIu64 "; %" PRIu64 " KiB in generation %u of %u, %" PRIu64
                           " KiB each; dropped %" PRIu64 " generations, and all %" PRIu64 " times\n",
                           s->n_tbs, g->used[g->current] / 1024, g->current + 1, g->n, g->part / 1024,
                           g->n_emptied, s->n_flushes);
}

void jit_info(TCGState *s, GString *out)
{
    Jit *j = s->jit;
    Sum sum = { 0 };
    CPUState *cpu;

    if (!j) {
        g_string_append_printf(out, "Nothing is compiled: %s\n", jit_why_not(s));
        return;
    }
    CPU_FOREACH(cpu) {
        cpu_run_on(cpu, collect, &sum);
    }
    g_mutex_lock(&s->lock);
    g_string_append_printf(out,
        "Back end %s, threshold %u%s\n"
        "Regions compiled: %" PRIu64 ", of %" PRIu64 " guest instructions; dropped: %" PRIu64
        "; not compilable: %" PRIu64 "; exits linked: %" PRIu64 "\n"
        "Host code: %zu KiB in generation %u of %u, %zu KiB each; dropped %" PRIu64 " generations\n",
        j->backend->name, s->jit_threshold, s->icount ? "; not used with -icount" : "",
        j->n_regions, j->n_insns, j->n_killed, j->n_refused, j->n_linked,
        (j->code_used - j->gens.current * (size_t)j->gens.part) / 1024, j->gens.current + 1, j->gens.n,
        (size_t)j->gens.part / 1024, j->gens.n_emptied);
    append_blocks(out, s);
    append_counts(out, j, &sum);
    append_regions(out, j);
    verify_info(s, out);
    g_mutex_unlock(&s->lock);
}
