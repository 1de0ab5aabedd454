/*
 * What verify=on tells the user: what differs, which instructions ran, and how they were compiled.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>

#include "accel/tcg/jit/verify.h"
#include "hw/core/machine.h"
#include "hw/core/symbols.h"

static void report_block(TCGCPU *c, const TranslationBlock *tb, GString *out)
{
    const CPUClass *cc = CPU_GET_CLASS(c->cpu);

    g_string_append_printf(out, "block 0x%" PRIx64 ", mode %x", tb->pc, tb->mode);
    symbol_append(out, tb->pc);
    g_string_append_c(out, '\n');
    for (unsigned i = 0; i < tb->n_ops; i++) {
        const TCGOp *op = &tb->ops[i];
        uint8_t bytes[4] = { op->insn & 0xff, op->insn >> 8 & 0xff, op->insn >> 16 & 0xff,
                             op->insn >> 24 };
        if (tcg_op_is_chain(op) || !op->row)
            continue;
        g_string_append_printf(out, "0x%08" PRIx64 ":  ", tb->pc + op->pc_off);
        if (cc->disas)
            cc->disas(c->cpu, tb->pc + op->pc_off, bytes, op->len, out);
        else
            g_string_append_printf(out, "%08x", op->insn);
        g_string_append_c(out, '\n');
    }
}

/* The operations that compiled code was made of, of each region whose head was come to. */
static void report_region(TCGState *s, const TranslationBlock *tb, GString *out)
{
    g_mutex_lock(&s->lock);
    if (tb->jit && tb->jit->text)
        g_string_append_printf(out, "region at 0x%" PRIx64 ":\n%s", tb->pc, tb->jit->text);
    g_mutex_unlock(&s->lock);
}

void verify_report(TCGCPU *c, const TranslationBlock *tb, uint64_t insns)
{
    Verify *v = c->verify;
    const CPUTCGState *t = env_tcg(c->env);
    g_autoptr(GString) out = g_string_new(NULL);
    unsigned n = MIN(v->n_trail, VERIFY_TRAIL);

    error_report("verify=on: cpu %d: compiled code and the interpreter do not agree, from 0x%" PRIx64
                 " on, after %" PRIu64 " instructions", c->cpu->cpu_index, tb->pc, insns);
    g_string_append_printf(out, "%-13s %-16s  %s\n%s\n", "", "compiled", "interpreted", v->wrong->str);
    g_string_append(out, "The interpreter came through these blocks, the last ones if there were more:\n");
    for (unsigned i = v->n_trail - n; i < v->n_trail; i++)
        report_block(c, v->trail[i % VERIFY_TRAIL], out);
    g_string_append(out, "\nCompiled as:\n");
    report_region(c->s, tb, out);
    for (unsigned i = v->n_trail - n; i < v->n_trail; i++) {
        if (v->trail[i % VERIFY_TRAIL] != tb)
            report_region(c->s, v->trail[i % VERIFY_TRAIL], out);
    }
    g_string_append(out, "\nState after compiled code:\n");
    t->ops->dump(c->env, out);
    g_string_append(out, "State after the interpreter:\n");
    t->ops->dump(v->shadow, out);
    fputs(out->str, stderr);
    machine_request_shutdown(SHUTDOWN_HOST_ERROR, 1);
}
