/*
 * What can be seen of compiled code from outside: the log, files for the host's profiler, where in the
 * guest an address of the host is.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_TCG_JIT_SHOW_H
#define VIREO_ACCEL_TCG_JIT_SHOW_H

#include "accel/tcg/jit/jit.h"

/* ---- show.c: -d; the lock of TCGState is held ---- */
/* The region was collected, optimised, compiled: whatever of that is to be logged. */
void jit_show_built(CPUState *cpu, const Region *r);
void jit_show_optimised(const Region *r);
void jit_show_code(const Jit *j, const Region *r, const JitCode *code);

/* ---- watch.c ---- */
typedef struct JitWatch JitWatch;

/* Whether somebody wants to know which code belongs to which instruction: then JitCode.marks is made. */
static inline bool jit_marks_wanted(const Jit *j)
{
    return unlikely(log_enabled(LOG_OUT_ASM)) || unlikely(j->watch != NULL);
}
/* The region was compiled and is about to be published: tells who wants to know. Lock held. Takes
 * code->marks. */
void jit_watch_code(Jit *j, const Region *r, JitCode *code);
/* From now on perf's files are written, or addresses remembered. vCPUs exist, nothing is compiled yet. */
bool jit_watch(Jit *j, AccelObserve what, Error **errp);
void jit_watch_free(Jit *j);

#endif
