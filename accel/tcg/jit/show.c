/*
 * What -d in_asm, op, op_opt and out_asm show of a region while it is compiled.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/show.h"

#include <inttypes.h>

#include "accel/tcg/jit/host-disas.h"
#include "hw/core/symbols.h"

#define HEX_BYTES 16 /* a line without a disassembler */

static void head_line(GString *out, const char *what, const Region *r)
{
    const TranslationBlock *tb = r->head;

    g_string_append_printf(out, "%s: region at 0x%08" PRIx64, what, tb->pc);
    symbol_append(out, tb->pc);
    g_string_append_printf(out, ", mode %x, %u blocks\n", tb->mode, r->n_blocks);
}

static void append_guest_insn(GString *out, CPUState *cpu, const TranslationBlock *tb, const TCGOp *op)
{
    CPUClass *cc = CPU_GET_CLASS(cpu);
    uint8_t bytes[4];

    for (unsigned n = 0; n < sizeof(bytes); n++)
        bytes[n] = (uint8_t)(op->insn >> (8 * n));
    g_string_append_printf(out, "0x%08" PRIx64 ":  ", tb->pc + op->pc_off);
    if (cc->disas)
        cc->disas(cpu, tb->pc + op->pc_off, bytes, op->len, out);
    g_string_append_c(out, '\n');
}

/* An operation that an instruction begins with: chains and guards are none, some have several. */
static bool begins_insn(const Region *r, unsigned n)
{
    const GuestOp *g = &r->guest[n], *before = g - 1;

    if (tcg_op_is_chain(g->op) || !g->op->len)
        return false;
    return n == 0 || before->tb != g->tb || before->op->pc_off != g->op->pc_off;
}

static void show_guest(CPUState *cpu, const Region *r)
{
    g_autoptr(GString) out = g_string_new(NULL);
    unsigned k = 0;

    head_line(out, "in", r);
    for (unsigned n = 0; n < r->n_guest; n++) {
        const GuestOp *g = &r->guest[n];
        if (n == 0 || g->tb != g[-1].tb) {
            g_string_append_printf(out, "block %u:", k++);
            symbol_append(out, g->tb->pc);
            g_string_append_c(out, '\n');
        }
        if (begins_insn(r, n))
            append_guest_insn(out, cpu, g->tb, g->op);
    }
    log_printf(LOG_IN_ASM, "%s\n", out->str);
}

static void show_operations(unsigned item, const char *name, const Region *r)
{
    g_autoptr(GString) out = g_string_new(NULL);

    head_line(out, name, r);
    ir_dump(r, out);
    log_printf(item, "%s\n", out->str);
}

void jit_show_built(CPUState *cpu, const Region *r)
{
    if (log_enabled(LOG_IN_ASM))
        show_guest(cpu, r);
    if (log_enabled(LOG_OP))
        show_operations(LOG_OP, "op", r);
}

void jit_show_optimised(const Region *r)
{
    if (log_enabled(LOG_OP_OPT))
        show_operations(LOG_OP_OPT, "op_opt", r);
}

/* ---- Host code ---- */

static void append_bytes(GString *out, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        g_string_append_printf(out, "%02x", p[i]);
}

/* One line for an instruction, or for so many bytes. */
static void append_code(GString *out, HostDisas *d, const uint8_t *p, size_t size)
{
    while (size) {
        g_autoptr(GString) text = g_string_new(NULL);
        size_t n = d ? host_disas(d, p, size, (uintptr_t)p, text) : 0;

        if (!n)
            n = MIN(size, d ? 1 : HEX_BYTES);
        g_string_append_printf(out, "  %p:  ", (const void *)p);
        append_bytes(out, p, n);
        if (text->len)
            g_string_append_printf(out, "%*s%s", (int)(n < 10 ? 2 * (10 - n) + 1 : 1), "", text->str);
        g_string_append_c(out, '\n');
        p += n;
        size -= n;
    }
}

void jit_show_code(const Jit *j, const Region *r, const JitCode *code)
{
    g_autoptr(GString) out = g_string_new(NULL);
    const char *why = NULL;
    HostDisas *d = host_disas_new(&why);
    size_t at = 0;

    head_line(out, "out", r);
    g_string_append_printf(out, "%u bytes at %p%s%s\n", code->size, code->start,
                           why ? "; not disassembled: " : "", why ? why : "");
    for (unsigned n = 0; code->marks && n <= code->marks->len; n++) {
        const JitMark *m = &g_array_index(code->marks, JitMark, n);
        bool end = n == code->marks->len;
        size_t to = end ? code->size : m->host;

        append_code(out, d, code->start + at, to - at);
        at = to;
        if (!end) {
            g_string_append_printf(out, " -- 0x%08" PRIx64, m->pc);
            symbol_append(out, m->pc);
            g_string_append_c(out, '\n');
        }
    }
    host_disas_free(d);
    log_printf(LOG_OUT_ASM, "%s\n", out->str);
}
