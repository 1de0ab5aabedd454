/*
 * The instruction tables and the decoder made from them: every row with random operands is encoded
 * from the table's data, bit by bit, and must decode to the same row and operands; extensions that
 * are off make their rows illegal; the disassembler knows its aliases.
 *
 * SPDX-License-Identifier: MIT
 */
#include <ctype.h>
#include <string.h>

#include "target/riscv/ext.h"
#include "target/riscv/insn-fn.h"
#include "target/riscv/insn-rows.h"
#include "target/riscv/isa.h"

#define N_RANDOM 400

static int64_t read_field(const InsnRowField *f, uint32_t insn)
{
    int64_t value = 0;
    unsigned width = 0;

    for (unsigned i = 0; i < f->n_ranges; i++) {
        for (int bit = f->ranges[i].high; bit >= f->ranges[i].low; bit--, width++)
            value = value * 2 + (insn >> bit & 1);
    }
    if (f->kind == 's' && (value >> (width - 1) & 1))
        value -= (int64_t)1 << width;
    return value * ((int64_t)1 << f->shift) + f->bias;
}

static int64_t operand(const RISCVOperands *o, unsigned which)
{
    const int64_t all[] = { o->rd, o->rs1, o->rs2, o->rs3, o->imm, o->aux };

    return all[which];
}

static bool excluded(const InsnRow *r, uint32_t insn)
{
    for (unsigned i = 0; i < r->n_excludes; i++) {
        for (unsigned k = 0; k < r->n_fields; k++) {
            if (r->fields[k].operand == r->excludes[i].operand &&
                read_field(&r->fields[k], insn) == r->excludes[i].value)
                return true;
        }
    }
    return false;
}

/* Bits that fit a row; false if this try hit an excluded value or a reserved rounding mode. */
static bool encode(unsigned row, uint32_t *insn)
{
    const InsnRow *r = &riscv_insn_rows[row];
    uint32_t v = r->bits | (g_test_rand_int() & ~r->mask);

    if (r->width == 16)
        v &= 0xffff;
    *insn = v;
    if ((riscv_insn_flags(row) & INSN_RM) && ((v >> 12 & 7) == 5 || (v >> 12 & 7) == 6))
        return false;
    return !excluded(r, v);
}

static void test_round_trip(void)
{
    for (unsigned row = 1; row < INSN_NR; row++) {
        const InsnRow *r = &riscv_insn_rows[row];
        for (unsigned n = 0; n < N_RANDOM; n++) {
            RISCVOperands o;
            uint32_t insn;
            if (!encode(row, &insn))
                continue;
            uint64_t ext[4];
            memcpy(ext, RISCV_EXT_ALL, sizeof(ext));
            if (strstr(r->requires, "Zcmp") || strstr(r->requires, "Zcmt"))
                memset(ext, 0xff, sizeof(ext)); /* they go before Zcd */
            unsigned got = riscv_decode(insn, ext, &o);
            if (got != row && riscv_insn_rows[got].over == row)
                continue;
            if (got != row)
                g_error("%08x of %s decodes as %s", insn, riscv_insn_name(row),
                        riscv_insn_name(got));
            for (unsigned i = 0; i < r->n_fields; i++)
                g_assert_cmpint(operand(&o, r->fields[i].operand), ==,
                                read_field(&r->fields[i], insn));
        }
    }
}

static const char *const ext_names[EXT_NR] = {
#define EXT(id, name, version, status, models, requires, implies, help) [EXT_##id] = name,
#include "target/riscv/ext.def"
#undef EXT
};

/* A small reader of extension expressions, so that the generator's C is compared with something. */
static bool eval_or(const char **p, const uint64_t *ext);

static bool eval_atom(const char **p, const uint64_t *ext)
{
    char name[32];
    unsigned len = 0;

    *p += strspn(*p, " ");
    if (**p == '(') {
        (*p)++;
        bool v = eval_or(p, ext);
        *p += strspn(*p, " )");
        return v;
    }
    while (isalnum((unsigned char)**p) && len < sizeof(name) - 1)
        name[len++] = *(*p)++;
    name[len] = 0;
    *p += strspn(*p, " ");
    for (unsigned e = 0; e < EXT_NR; e++) {
        if (!g_ascii_strcasecmp(ext_names[e], name))
            return ext_get(ext, e);
    }
    g_error("no extension %s", name);
}

static bool eval_and(const char **p, const uint64_t *ext)
{
    bool v = eval_atom(p, ext);
    while (**p == '&') {
        (*p)++;
        v = eval_atom(p, ext) && v;
    }
    return v;
}

static bool eval_or(const char **p, const uint64_t *ext)
{
    bool v = eval_and(p, ext);
    while (**p == '|') {
        (*p)++;
        v = eval_and(p, ext) || v;
    }
    return v;
}

static bool row_on(unsigned row, const uint64_t *ext)
{
    const char *p = riscv_insn_rows[row].requires;

    return !*p || eval_or(&p, ext);
}

static void test_extensions(void)
{
    for (unsigned row = 1; row < INSN_NR; row++) {
        for (unsigned n = 0; n < 64; n++) {
            uint64_t ext[4];
            RISCVOperands o;
            uint32_t insn;
            for (unsigned i = 0; i < 4; i++)
                ext[i] = (uint64_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int();
            if (!encode(row, &insn))
                continue;
            unsigned got = riscv_decode(insn, ext, &o);
            if (got == row)
                g_assert_true(row_on(row, ext));
            else if (row_on(row, ext))
                g_assert_cmpuint(riscv_insn_rows[got].over, ==, row);
            else if (riscv_insn_rows[row].over && row_on(riscv_insn_rows[row].over, ext))
                g_assert_cmpuint(got, ==, riscv_insn_rows[row].over);
            else if (got != INSN_illegal && riscv_insn_rows[got].over == row)
                g_assert_true(row_on(got, ext)); /* packw rd,rs1,x0 is zext.h of Zbb, too */
            else
                g_assert_cmpuint(got, ==, INSN_illegal);
        }
    }
}

/* Every row has a handler, and one that ends blocks as its own flags say. */
static void test_handlers(void)
{
    g_assert_null(riscv_insn_fn(INSN_illegal));
    g_assert_null(riscv_insn_fn(INSN_NR));
    for (unsigned row = 1; row < INSN_NR; row++)
        g_assert_nonnull(riscv_insn_fn(row));
    g_assert_true(riscv_insn_fn(INSN_c_beqz) == riscv_insn_fn(INSN_beq));
    g_assert_true(riscv_insn_flags(INSN_c_beqz) & INSN_BRANCH);
    g_assert_true(riscv_insn_flags(INSN_c_lw) & INSN_LOAD);
    /* What runs as a row with an integer destination redirects x0 like it. */
    for (unsigned row = 1; row < INSN_NR; row++)
        g_assert_cmpuint(riscv_insn_flags(row) & INSN_RD_X, ==,
                         riscv_insn_flags(riscv_insn_body(row)) & INSN_RD_X);
}

static void test_reserved(void)
{
    static const uint32_t words[] = {
        0x0000,     /* all zeros */
        0xffffffff, /* all ones */
        0x0004,     /* c.addi4spn with immediate 0 */
        0x2001,     /* c.addiw to x0 */
        0x6101,     /* c.addi16sp with immediate 0 */
        0x6801,     /* c.lui with immediate 0 */
        0x8002,     /* c.jr x0 */
        0x4002,     /* c.lwsp to x0 */
        0x6002,     /* c.ldsp to x0 */
        0x9000,     /* quadrant 0, funct3 4: what Zcb leaves */
        0x9c79,     /* quadrant 1: the same */
        0x0205151b, /* slliw by 32 */
        0x30200173, /* mret with a destination */
        0x1005202f | 0x100000, /* lr.w with rs2 */
    };
    RISCVOperands o;

    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
        g_assert_cmpuint(riscv_decode(words[i], RISCV_EXT_ALL, &o), ==, INSN_illegal);
    g_assert_cmpuint(riscv_decode(0x00b57553, RISCV_EXT_ALL, &o), ==, INSN_fadd_s);
    g_assert_cmpuint(riscv_decode(0x00b55553, RISCV_EXT_ALL, &o), ==, INSN_illegal);
    g_assert_cmpuint(riscv_decode(0x00b56553, RISCV_EXT_ALL, &o), ==, INSN_illegal);
}

static void test_disas(void)
{
    static const struct {
        uint32_t insn;
        const char *text;
    } rows[] = {
        { 0x00000013, "nop" },
        { 0x00500513, "li\ta0,5" },
        { 0x00050593, "mv\ta1,a0" },
        { 0x00008067, "ret" },
        { 0x8082, "ret" },
        { 0x0000006f, "j\t0x1000" },
        { 0xfe0518e3, "bnez\ta0,0xff0" },
        { 0xfff54513, "not\ta0,a0" },
        { 0x12345537, "lui\ta0,0x12345" },
        { 0x0ff0000f, "fence\tiorw,iorw" },
        { 0x0ec5d533, "czero.eqz\ta0,a1,a2" },
        { 0x0ec5f533, "czero.nez\ta0,a1,a2" },
        { 0x00200033, "ntl.p1" },
        { 0x100525af, "lr.w\ta1,(a0)" },
        { 0x1ec5262f, "sc.w.aqrl\ta2,a2,(a0)" },
        { 0x00c57553, "fadd.s\tfa0,fa0,fa2" },
        { 0x00c51553, "fadd.s\tfa0,fa0,fa2,rtz" },
        { 0x8000, "lbu\ts0,0(s0)" },
        { 0x8060, "lbu\ts0,3(s0)" },
        { 0x8478, "lh\ta4,2(s0)" },
        { 0x8c34, "sh\ta3,2(s0)" },
        { 0x9c61, "zext.b\ts0,s0" },
        { 0x9c75, "not\ts0,s0" },
        { 0x9c45, "mul\ts0,s0,s1" },
        { 0x6181, "c.mop.3" },
        { 0x6081, "c.sspush\tra" },
        { 0x6281, "c.sspopchk\tt0" },
        { 0xCE104073, "sspush\tra" },
        { 0xCE204073, "mop.rr.7\tzero,zero,sp" },
        { 0xCDC2C073, "sspopchk\tt0" },
        { 0xCDC04573, "ssrdp\ta0" },
        { 0xCDC04073, "mop.r.28\tzero,zero" },
        { 0x485535AF, "ssamoswap.d\ta1,t0,(a0)" },
        { 0x12345017, "lpad\t0x12345" },
        { 0x6781, "c.mop.15" },
        { 0xcdf5c573, "mop.r.31\ta0,a1" },
        { 0x81c5c573, "mop.r.0\ta0,a1" },
        { 0x86c5c573, "mop.rr.1\ta0,a1,a2" },
        { 0x40259553, "fcvt.s.h\tfa0,fa1,rtz" },
        { 0x0000, "unimp" },
        { 0xffffffff, ".4byte\t0xffffffff" },
    };
    g_autoptr(GString) out = g_string_new(NULL);

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_string_truncate(out, 0);
        riscv_disas_insn(rows[i].insn, 0x1000, RISCV_EXT_ALL, out);
        g_assert_cmpstr(out->str, ==, rows[i].text);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/isa/round-trip", test_round_trip);
    g_test_add_func("/isa/extensions", test_extensions);
    g_test_add_func("/isa/handlers", test_handlers);
    g_test_add_func("/isa/reserved", test_reserved);
    g_test_add_func("/isa/disas", test_disas);
    return g_test_run();
}
