/*
 * Who wants to know of compiled code beside the log: perf's files, and the profiler, which asks what
 * instruction an address of the host belongs to.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>

#include "accel/tcg/jit/perf.h"
#include "accel/tcg/jit/show.h"
#include "hw/core/symbols.h"

/* A piece of code that is remembered. */
typedef struct Piece {
    const uint8_t *start;
    uint32_t size;
    uint32_t mode;   /* of the guest's code */
    GArray *marks;   /* of JitMark, by host */
} Piece;

struct JitWatch {
    PerfFile *map, *dump;
    GTree *pieces;   /* of Piece, by start; NULL: not wanted */
};

static void piece_free(void *opaque)
{
    Piece *p = opaque;

    if (p->marks)
        g_array_unref(p->marks);
    g_free(p);
}

/* Two pieces that overlap are equal: memory is used again, and the newer one counts. */
static gint piece_compare(gconstpointer pa, gconstpointer pb, gpointer opaque)
{
    const Piece *a = pa, *b = pb;

    if (a->start + a->size <= b->start)
        return -1;
    return a->start >= b->start + b->size;
}

static void add(Jit *j, const char *name, const uint8_t *start, size_t size)
{
    if (j->watch->map)
        perf_file_add(j->watch->map, name, start, size);
    if (j->watch->dump)
        perf_file_add(j->watch->dump, name, start, size);
}

static void remember(JitWatch *w, const Region *r, JitCode *code)
{
    Piece *p = g_new(Piece, 1);

    *p = (Piece){ .start = code->start, .size = code->size, .mode = r->head->mode, .marks = code->marks };
    code->marks = NULL;
    while (g_tree_remove(w->pieces, p)) {
    }
    g_tree_insert(w->pieces, p, p);
}

void jit_watch_code(Jit *j, const Region *r, JitCode *code)
{
    JitWatch *w = j->watch;

    if (unlikely(log_enabled(LOG_OUT_ASM)))
        jit_show_code(j, r, code);
    if (w && (w->map || w->dump)) {
        g_autoptr(GString) name = g_string_new(NULL);
        uint64_t offset;
        const char *symbol = symbol_at(r->head->pc, &offset);

        if (symbol && offset)
            g_string_append_printf(name, "%s+0x%" PRIx64, symbol, offset);
        else
            g_string_append(name, symbol ? symbol : "guest");
        g_string_append_printf(name, "@0x%" PRIx64, r->head->pc);
        add(j, name->str, code->start, code->size);
    }
    if (w && w->pieces)
        remember(w, r, code);
    g_clear_pointer(&code->marks, g_array_unref);
}

static bool opened(Jit *j, PerfFile *f)
{
    if (f)
        perf_file_add(f, "jit-common", j->code, j->code_keep);
    return f != NULL;
}

bool jit_watch(Jit *j, AccelObserve what, Error **errp)
{
    JitWatch *w;

    if (!j->watch)
        j->watch = g_new0(JitWatch, 1);
    w = j->watch;
    switch (what) {
    case ACCEL_PERFMAP:
        w->map = perf_map_open(errp);
        return opened(j, w->map);
    case ACCEL_JITDUMP:
        w->dump = perf_dump_open(errp);
        return opened(j, w->dump);
    case ACCEL_PROFILE:
        w->pieces = g_tree_new_full(piece_compare, NULL, NULL, piece_free);
        return true;
    }
    return true;
}

/* The last mark at or below; what is before the first one belongs to it. */
static vaddr find_mark(const Piece *p, uint32_t at)
{
    guint lo = 0, hi = p->marks->len;

    while (hi - lo > 1) {
        guint mid = lo + (hi - lo) / 2;

        if (g_array_index(p->marks, JitMark, mid).host <= at)
            lo = mid;
        else
            hi = mid;
    }
    return g_array_index(p->marks, JitMark, lo).pc;
}

bool jit_is_code(const Jit *j, uintptr_t host)
{
    return host - (uintptr_t)j->code < j->code_size;
}

bool jit_find_insn(TCGState *s, uintptr_t host, CPUNote *out)
{
    const Piece key = { .start = (const uint8_t *)host, .size = 1 };
    const Jit *j = s->jit;
    const Piece *p = NULL;

    g_mutex_lock(&s->lock);
    if (j && j->watch && j->watch->pieces)
        p = g_tree_lookup(j->watch->pieces, &key);
    if (p && (!p->marks || !p->marks->len))
        p = NULL;
    if (p)
        *out = (CPUNote){ find_mark(p, (uint32_t)(key.start - p->start)), p->mode };
    g_mutex_unlock(&s->lock);
    return p != NULL;
}

void jit_watch_free(Jit *j)
{
    JitWatch *w = j->watch;

    if (!w)
        return;
    /* A machine that never ran leaves no files behind. */
    perf_file_close(w->map, j->n_regions != 0);
    perf_file_close(w->dump, j->n_regions != 0);
    if (w->pieces)
        g_tree_destroy(w->pieces);
    g_clear_pointer(&j->watch, g_free);
}
