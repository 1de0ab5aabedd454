/*
 * For the profiler: where in the guest a vCPU was when a signal came.
 *
 * exec() goes on to the next look at attention, which is a loop's end or a jump away, perhaps in another
 * function. So the handler notes the place: an address of compiled code, or the block being interpreted.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/internal.h"

void tcg_note(CPUState *cpu, uintptr_t host_pc)
{
    TCGCPU *c = cpu->accel_state;
    const TranslationBlock *tb = env_tcg(c->env)->tb;

    c->note_host = c->s->jit && jit_is_code(c->s->jit, host_pc) ? host_pc : 0;
    /* Between blocks it is where it says it goes on. */
    c->noted = tb != c->s->dummy;
    c->note = (CPUNote){ tb->pc, tb->mode };
}

bool tcg_noted(CPUState *cpu, CPUNote *out)
{
    TCGCPU *c = cpu->accel_state;

    if (c->note_host)
        return jit_find_insn(c->s, c->note_host, out);
    *out = c->note;
    return c->noted;
}
