/*
 * A compiler without a machine: its memory, a region made by hand, code of it. The "CPU" is a struct of the test's that
 * begins with CPUTCGState; a TCGJitOps says where it has its registers.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TESTS_JIT_RIG_H
#define VIREO_TESTS_JIT_RIG_H

#include <glib.h>

#include "accel/tcg/jit/jit.h"

/* NULL, with a message: there is no back end for this host, or none with vectors. */
static inline Jit *jit_rig_new(const TCGJitOps *model, int attention_offset, bool vectors)
{
    const char *reason = "no vectors";
    const JitBackend *backend = jit_backend(&reason);
    Jit *j;

    if (!backend || (vectors && !backend->has_vector)) {
        g_test_message("nothing to test: %s", reason);
        return NULL;
    }
    j = g_new0(Jit, 1);
    j->s = g_new0(TCGState, 1);
    j->backend = backend;
    j->model = model;
    j->attention_offset = attention_offset;
    g_assert_true(jit_cache_init(j, 4 * MiB));
    g_assert_true(backend->init(j));
    j->code_keep = j->code_used;
    j->data_keep = j->data_used;
    return j;
}

static inline void jit_rig_free(Jit *j)
{
    j->backend->done(j);
    jit_cache_free(j);
    g_free(j->s);
    g_free(j);
}

/* A block of four operations that are nothing yet. */
static inline TranslationBlock *jit_rig_tb(vaddr pc)
{
    TranslationBlock *tb = g_malloc0(sizeof(TranslationBlock) + 4 * sizeof(TCGOp));

    tb->pc = tb->key_pc = pc;
    return tb;
}

/* An empty region; the one before, and its code, are gone. */
static inline IRBuilder jit_rig_begin(Jit *j, Region *r, TranslationBlock *head)
{
    memset(r, 0, offsetof(Region, blocks));
    r->model = j->model;
    r->head = head;
    j->code_used = j->code_keep;
    j->data_used = j->data_keep;
    return (IRBuilder){ .r = r };
}

/* The operations that follow belong to a block of tb; all are of its second operation. */
static inline void jit_rig_block(IRBuilder *b, TranslationBlock *tb)
{
    Region *r = b->r;

    if (r->n_blocks)
        r->blocks[r->n_blocks - 1].end = r->n_insns;
    r->blocks[r->n_blocks++] = (RegionBlock){ .tb = tb, .first = r->n_insns };
    b->guest = r->n_guest;
    r->guest[r->n_guest++] = (GuestOp){ tb, &tb->ops[1] };
}

/* Code of the region: its entry. */
static inline const void *jit_rig_finish(Jit *j, Region *r, bool optimise)
{
    JitCode code = { 0 };

    r->blocks[r->n_blocks - 1].end = r->n_insns;
    r->used = r->written = ~0ULL;
    if (optimise)
        region_optimise(r);
    g_assert_true(j->backend->compile(j, r, &code));
    return code.entry;
}

#endif
