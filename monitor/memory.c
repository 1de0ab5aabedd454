/*
 * Monitor commands that look at memory and numbers: x, xp, gva2gpa, print, and expressions.
 *
 * SPDX-License-Identifier: MIT
 */
#include "monitor/internal.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "accel/accel.h"
#include "hw/core/symbols.h"
#include "util/byteorder.h"

#define MAX_DUMP 65536 /* elements of one command */

/* ---- Work on the vCPU's thread ---- */

typedef struct Ask {
    uint64_t va, pa;
    bool ok;
    GString *why;
} Ask;

static void ask_pc(CPUState *cpu, void *data)
{
    ((Ask *)data)->va = CPU_GET_CLASS(cpu)->get_pc(cpu);
}

static void ask_translate(CPUState *cpu, void *data)
{
    Ask *a = data;
    a->ok = CPU_GET_CLASS(cpu)->translate_debug(cpu, a->va, &a->pa, a->why);
}

/* ---- Expressions ---- */

typedef struct Expr {
    Monitor *mon;
    const char *p;
    const char *error;
    unsigned depth;
} Expr;

static uint64_t expr_sum(Expr *e);

/* The first thing that is wrong counts; what follows from it does not. */
static void fail(Expr *e, const char *error)
{
    if (!e->error) {
        e->error = error;
    }
}

static void skip_space(Expr *e)
{
    e->p += strspn(e->p, " ");
}

static uint64_t expr_register(Expr *e)
{
    Ask a = { 0 };
    size_t n = 0;

    while (isalnum((unsigned char)e->p[n])) {
        n++;
    }
    CPUState *cpu = n == 2 && memcmp(e->p, "pc", 2) == 0 ? monitor_cpu(e->mon) : NULL;
    if (!cpu) {
        fail(e, "unknown register, only $pc is known");
        return 0;
    }
    e->p += n;
    accel_run_on(cpu, ask_pc, &a);
    return a.va;
}

/* A name from the ELF files that were loaded. */
static uint64_t expr_symbol(Expr *e)
{
    size_t n = 0;
    uint64_t v = 0;

    while (isalnum((unsigned char)e->p[n]) || (e->p[n] && strchr("_.$", e->p[n]))) {
        n++;
    }
    g_autofree char *name = g_strndup(e->p, n);
    if (!symbol_find(name, &v)) {
        fail(e, "number or known symbol expected");
    }
    e->p += n;
    return v;
}

static uint64_t expr_unary(Expr *e)
{
    uint64_t v = 0;
    char *end;

    skip_space(e);
    if (++e->depth > 100) {
        fail(e, "expression too deep");
    } else if (*e->p == '(') {
        e->p++;
        v = expr_sum(e);
        skip_space(e);
        if (*e->p == ')') {
            e->p++;
        } else {
            fail(e, "')' expected");
        }
    } else if (*e->p == '-') {
        e->p++;
        v = -expr_unary(e);
    } else if (*e->p == '~') {
        e->p++;
        v = ~expr_unary(e);
    } else if (*e->p == '$') {
        e->p++;
        v = expr_register(e);
    } else if (!*e->p) {
        fail(e, "unexpected end of expression");
    } else if (isalpha((unsigned char)*e->p) || *e->p == '_') {
        v = expr_symbol(e);
    } else if (!isdigit((unsigned char)*e->p)) {
        fail(e, "number expected");
    } else {
        v = g_ascii_strtoull(e->p, &end, 0);
        if (end == e->p || isalnum((unsigned char)*end)) {
            fail(e, "invalid number");
        }
        e->p = end;
    }
    e->depth--;
    return v;
}

static uint64_t expr_product(Expr *e)
{
    uint64_t v = expr_unary(e);

    for (;;) {
        skip_space(e);
        char op = *e->p;
        if (e->error || (op != '*' && op != '/' && op != '%' && op != '&')) {
            return v;
        }
        e->p++;
        uint64_t r = expr_unary(e);
        if ((op == '/' || op == '%') && r == 0) {
            fail(e, "division by zero");
            return 0;
        }
        v = op == '*' ? v * r : op == '&' ? (v & r) : op == '/' ? v / r : v % r;
    }
}

static uint64_t expr_sum(Expr *e)
{
    uint64_t v = expr_product(e);

    for (;;) {
        skip_space(e);
        char op = *e->p;
        if (e->error || (op != '+' && op != '-' && op != '|' && op != '^')) {
            return v;
        }
        e->p++;
        uint64_t r = expr_product(e);
        v = op == '+' ? v + r : op == '-' ? v - r : op == '|' ? (v | r) : (v ^ r);
    }
}

bool monitor_eval(Monitor *mon, const char *expr, uint64_t *value)
{
    Expr e = { .mon = mon, .p = expr };

    *value = expr_sum(&e);
    skip_space(&e);
    if (*e.p) {
        fail(&e, "unexpected text after the expression");
    }
    if (e.error) {
        monitor_printf(mon, "'%s': %s\n", expr, e.error);
    }
    return !e.error;
}

/* ---- Formats ---- */

typedef struct Format {
    unsigned count;
    char fmt, size;
} Format;

/* Takes "/4xw" off *args; what is not given stays as it was last. */
static bool parse_format(Monitor *mon, const char **args, Format *f)
{
    const char *p = *args;
    uint64_t count = 0;

    *f = (Format){ 1, mon->fmt, mon->size };
    if (*p != '/') {
        return true;
    }
    p++;
    if (isdigit((unsigned char)*p)) {
        char *end;
        count = g_ascii_strtoull(p, &end, 10);
        p = end;
        if (count == 0 || count > MAX_DUMP) {
            monitor_printf(mon, "/%.*s: the count is 1 to %d\n", (int)strcspn(*args + 1, " "),
                           *args + 1, MAX_DUMP);
            return false;
        }
        f->count = (unsigned)count;
    }
    for (; *p && *p != ' '; p++) {
        if (strchr("xduoci", *p)) {
            f->fmt = *p;
        } else if (strchr("bhwg", *p)) {
            f->size = *p;
        } else {
            monitor_printf(mon, "'%c': a format is one of x d u o c i, a size one of b h w g\n",
                           *p);
            return false;
        }
    }
    *args = p + strspn(p, " ");
    return true;
}

static unsigned size_bytes(char size)
{
    return size == 'b' ? 1 : size == 'h' ? 2 : size == 'w' ? 4 : 8;
}

static void append_char(GString *out, uint8_t c)
{
    const char *special = strchr("n\nr\rt\t\\\\''", c);

    if (isprint(c) && c != '\'' && c != '\\') {
        g_string_append_printf(out, "'%c'", c);
    } else if (c && special && (c == '\\' || c == '\'' || c < ' ')) {
        g_string_append_printf(out, "'\\%c'", c == '\n' ? 'n' : c == '\r' ? 'r' :
                               c == '\t' ? 't' : c);
    } else {
        g_string_append_printf(out, "'\\x%02x'", c);
    }
}

/* One value, as wide as the widest of its size, so that columns line up. */
static void append_value(GString *out, char fmt, unsigned bytes, uint64_t v)
{
    int bits = (int)bytes * 8;
    int64_t sv = (int64_t)(v << (64 - bits)) >> (64 - bits);

    switch (fmt) {
    case 'o':
        g_string_append_printf(out, "%#*" PRIo64, (bits + 2) / 3, v);
        break;
    case 'd':
        g_string_append_printf(out, "%*" PRId64, (bits * 10 + 32) / 33, sv);
        break;
    case 'u':
        g_string_append_printf(out, "%*" PRIu64, (bits * 10 + 32) / 33, v);
        break;
    case 'c':
        append_char(out, (uint8_t)v);
        break;
    default:
        g_string_append_printf(out, "0x%0*" PRIx64, bits / 4, v);
        break;
    }
}

/* ---- Memory ---- */

/* Bytes at addr, up to the end of the page; 0 if nothing can be read there. */
static unsigned read_some(CPUState *cpu, bool virtual, uint64_t addr, uint8_t *buf, unsigned len)
{
    Ask a = { .va = addr, .pa = addr, .ok = true };

    len = MIN(len, 4096 - (unsigned)(addr & 4095));
    if (virtual) {
        accel_run_on(cpu, ask_translate, &a);
    }
    return a.ok && address_space_read_ram(cpu->as, a.pa, buf, len) ? len : 0;
}

static bool read_all(CPUState *cpu, bool virtual, uint64_t addr, uint8_t *buf, unsigned len)
{
    while (len) {
        unsigned n = read_some(cpu, virtual, addr, buf, len);
        if (!n) {
            return false;
        }
        addr += n;
        buf += n;
        len -= n;
    }
    return true;
}

static void dump_insns(Monitor *mon, CPUState *cpu, bool virtual, uint64_t addr, unsigned count)
{
    while (count--) {
        uint8_t buf[8];
        unsigned len = read_some(cpu, virtual, addr, buf, sizeof(buf));
        if (len == 2) { /* the end of a page: the rest may be on the next */
            len += read_some(cpu, virtual, addr + 2, buf + 2, 2);
        }
        g_autoptr(GString) text = g_string_new(NULL);
        unsigned n = len ? CPU_GET_CLASS(cpu)->disas(cpu, addr, buf, len, text) : 0;
        if (!len) {
            monitor_printf(mon, "0x%08" PRIx64 ":  Cannot access memory\n", addr);
            return;
        }
        n = n ? n : MIN(len, 2);
        monitor_printf(mon, "0x%08" PRIx64 ":  %0*" PRIx64 "%*s  %s\n", addr, (int)n * 2,
                       ldn_le(buf, n == 2 ? 2 : 4), n == 2 ? 4 : 0, "",
                       text->len ? text->str : "illegal");
        addr += n;
    }
}

static void dump(Monitor *mon, const char *args, bool virtual)
{
    Format f;
    uint64_t addr;
    CPUState *cpu = monitor_cpu(mon);

    if (!cpu || !parse_format(mon, &args, &f) || !monitor_eval(mon, args, &addr)) {
        return;
    }
    mon->fmt = f.fmt;
    mon->size = f.size;
    if (f.fmt == 'i') {
        dump_insns(mon, cpu, virtual, addr, f.count);
        return;
    }
    unsigned bytes = f.fmt == 'c' ? 1 : size_bytes(f.size);
    unsigned per_line = (bytes == 1 ? 8 : 16) / bytes;
    for (unsigned done = 0; done < f.count;) {
        uint8_t buf[16];
        unsigned n = MIN(per_line, f.count - done);
        g_autoptr(GString) out = g_string_new(NULL);

        g_string_printf(out, "%016" PRIx64 ":", addr);
        if (!read_all(cpu, virtual, addr, buf, n * bytes)) {
            monitor_printf(mon, "%s Cannot access memory\n", out->str);
            return;
        }
        for (unsigned i = 0; i < n; i++) {
            g_string_append_c(out, ' ');
            append_value(out, f.fmt, bytes, ldn_le(buf + i * bytes, bytes));
        }
        monitor_printf(mon, "%s\n", out->str);
        addr += n * bytes;
        done += n;
    }
}

void monitor_cmd_x(Monitor *mon, const char *args)
{
    dump(mon, args, true);
}

void monitor_cmd_xp(Monitor *mon, const char *args)
{
    dump(mon, args, false);
}

void monitor_cmd_gva2gpa(Monitor *mon, const char *args)
{
    CPUState *cpu = monitor_cpu(mon);
    Ask a = { .why = g_string_new(NULL) };

    if (cpu && monitor_eval(mon, args, &a.va)) {
        accel_run_on(cpu, ask_translate, &a);
        if (a.why->len) {
            monitor_printf(mon, "%s%s", a.why->str,
                           g_str_has_suffix(a.why->str, "\n") ? "" : "\n");
        }
        if (a.ok) {
            monitor_printf(mon, "gpa: 0x%" PRIx64 "\n", a.pa);
        } else {
            monitor_printf(mon, "Unmapped\n");
        }
    }
    g_string_free(a.why, TRUE);
}

void monitor_cmd_print(Monitor *mon, const char *args)
{
    Format f;
    uint64_t v;

    if (!parse_format(mon, &args, &f) || !monitor_eval(mon, args, &v)) {
        return;
    }
    switch (f.fmt) {
    case 'o':
        monitor_printf(mon, "%#" PRIo64 "\n", v);
        break;
    case 'd':
        monitor_printf(mon, "%" PRId64 "\n", (int64_t)v);
        break;
    case 'u':
        monitor_printf(mon, "%" PRIu64 "\n", v);
        break;
    default:
        monitor_printf(mon, "%#" PRIx64 "\n", v);
        break;
    }
}
