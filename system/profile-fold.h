/*
 * From samples to lines of folded stacks: names of processes and functions.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_SYSTEM_PROFILE_FOLD_H
#define VIREO_SYSTEM_PROFILE_FOLD_H

#include "hw/core/cpu.h"
#include "hw/core/symbols.h"

typedef struct Fold {
    SymbolTable *kernel, *user; /* NULL: what was loaded is all that is known */
    /* Linux: where a task_struct has the program's name; -1: not found, 0: not looked for yet. */
    int comm_offset;
    unsigned comm_tries;
    GHashTable *stacks;         /* folded text: GINT_TO_POINTER of how often */
    uint64_t n_samples, n_lost;
} Fold;

void fold_init(Fold *f);
void fold_clear(Fold *f);
/* Forgets the samples. */
void fold_reset(Fold *f);
/* Counts a sample; on the vCPU's thread, outside exec(), calls of one Fold not at once. note: as of
 * CPUClass.sample; s is changed. */
void fold_add(Fold *f, CPUState *cpu, const CPUNote *note, CPUSample *s);
/* Appends "frame;frame;frame count" lines, sorted. */
void fold_print(const Fold *f, GString *out);

#endif
