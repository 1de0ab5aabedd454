/*
 * What -d in_asm, op, exec and cpu show.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>

#include "accel/tcg/internal.h"
#include "hw/core/symbols.h"

void tcg_log_enter(TCGCPU *c, const TranslationBlock *tb)
{
    CPUTCGState *t = env_tcg(c->env);

    log_printf(LOG_EXEC, "cpu %d: block %016" PRIx64 " mode %x, %u instructions\n",
               c->cpu->cpu_index, tb->pc, tb->mode, tb->n_insns);
    if (log_enabled(LOG_CPU)) {
        g_autoptr(GString) out = g_string_new(NULL);
        t->ops->dump(c->env, out);
        log_printf(LOG_CPU, "%s", out->str);
    }
}

void tcg_log_translated(TCGCPU *c, const TranslationBlock *tb, const uint8_t *bytes)
{
    CPUClass *cc = CPU_GET_CLASS(c->cpu);
    g_autoptr(GString) out = g_string_new(NULL);

    g_string_append_printf(out, "in: cpu %d, mode %x", c->cpu->cpu_index, tb->mode);
    symbol_append(out, tb->pc);
    g_string_append_c(out, '\n');
    for (unsigned off = 0; off < tb->size;) {
        g_string_append_printf(out, "0x%08" PRIx64 ":  ", tb->pc + off);
        unsigned len = cc->disas ? cc->disas(c->cpu, tb->pc + off, bytes + off, tb->size - off, out)
                                 : 0;
        g_string_append_c(out, '\n');
        if (!len)
            break;
        off += len;
    }
    g_string_append_c(out, '\n');
    log_printf(LOG_IN_ASM, "%s", out->str);
    if (!log_enabled(LOG_OP))
        return;
    g_string_assign(out, "op:\n");
    for (unsigned i = 0; i < tb->n_ops; i++) {
        const TCGOp *op = &tb->ops[i];
        g_string_append_printf(out, " %3u +%03x #%-3u %p insn %08x imm %" PRIx64
                               " rd %u rs %u %u %u aux %x\n", i, op->pc_off, op->index,
                               (void *)op->fn, op->insn, (uint64_t)op->imm, op->rd, op->rs1,
                               op->rs2, op->rs3, op->aux);
    }
    log_printf(LOG_OP, "%s\n", out->str);
}
