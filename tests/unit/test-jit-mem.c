/*
 * The compiler's back end for this host: loads, stores and atomics; checks that are shared, windows that are guessed,
 * loads that lead to each other.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/unit/jit-fixture.h"

static uint64_t extended(uint64_t v, unsigned size, bool sign)
{
    unsigned bits = 8 * size;

    v &= MASK_ULL(bits);
    return sign && bits < 64 && v >> (bits - 1) ? v | ~MASK_ULL(bits) : v;
}

static void test_memory(void)
{
    static const uint8_t places[] = { REG_1, MEM_1, REG_2, MEM_2 };
    static const unsigned offsets[] = { 0, 1, 8, 100, 4088 };
    Fixture f;

    if (!set_up(&f))
        return;
    for (unsigned size = 1; size <= 8; size *= 2) {
        for (unsigned n = 0; n < 4 * 4 * 5 * 2; n++) {
            unsigned base = places[n & 3], v = places[n >> 2 & 3], off = offsets[(n >> 4) % 5];
            bool sign = n / 80;
            uint64_t want = 0xfedcba9876543210ULL, got = 0;
            if (base == v)
                continue;
            map_page(&f);
            fill(&f);
            f.env->x[base] = PAGE_VA;
            f.env->x[v] = want;
            memset(f.page, 0xa5, TARGET_PAGE_SIZE);
            IRBuilder b = begin(&f);
            ir_store(&b, base, off, v, size);
            ir_store(&b, base, off, v, size); /* through the window that the first opened */
            ir_const(&b, v, 0);
            ir_load(&b, v, base, off, size, sign);
            ir_load(&b, v, base, off, size, sign);
            run(&f, finish(&f, &b, false));
            g_assert_cmphex(f.env->x[v], ==, extended(want, size, sign));
            memcpy(&got, f.page + off, size);
            g_assert_cmphex(got, ==, extended(want, size, false));
            for (unsigned i = 0; i < TARGET_PAGE_SIZE; i++)
                g_assert_true(f.page[i] == 0xa5 || (i >= off && i < off + size));
        }
    }
    tear_down(&f);
}

/* A page behind the first, elsewhere on the host. */
static void map_second(Fixture *f, uint8_t *page)
{
    TLBEntry *e = tlb_entry(f->table, PAGE_VA + TARGET_PAGE_SIZE);

    e->tag[MMU_LOAD] = e->tag[MMU_STORE] = PAGE_VA + TARGET_PAGE_SIZE;
    e->addend = (uintptr_t)page - PAGE_VA - TARGET_PAGE_SIZE;
}

/* What an operation does between two accesses that share a check. */
static void check_shared(Fixture *f, IROp op, unsigned d, unsigned a, unsigned v, int64_t imm)
{
    enum { FIRST = 5, SECOND = 6 };
    uint64_t numbers[4] = { 0x1122334455667788, 0x99aabbccddeeff00, 0xfedcba9876543210, 3 };
    IRBuilder b = begin(f);
    uint64_t before[32], want;

    ir_load(&b, FIRST, REG_3, 8, 8, false);
    if (op == IR_const)
        ir_const(&b, d, imm);
    else if (form_is_op2[op] == 2)
        ir_op1(&b, op, d, a);
    else if (v == JIT_NONE)
        ir_op2i(&b, op, d, a, imm);
    else
        ir_op2(&b, op, d, a, v);
    ir_load(&b, SECOND, REG_3, 16, 8, false);
    ir_store(&b, REG_3, 24, FIRST, 8);
    const void *code = finish(f, &b, false);
    map_page(f);
    fill(f);
    f->env->x[REG_3] = PAGE_VA;
    memcpy(before, f->env->x, sizeof(before));
    memcpy(f->page, numbers, sizeof(numbers));
    run(f, code);
    want = op == IR_const ? (uint64_t)imm : ir_fold(op, a == FIRST ? numbers[1] : before[a], v == JIT_NONE ? (uint64_t)imm : before[v]);
    if (f->env->x[d] != want || f->env->x[FIRST] != numbers[1] || f->env->x[SECOND] != numbers[2])
        g_error("%s x%u, x%u, x%d between two loads", ir_name(op), d, a, (int)v);
    memcpy(numbers, f->page, sizeof(numbers));
    g_assert_cmphex(numbers[3], ==, numbers[1]);
}

static void test_shared_checks(void)
{
    static const uint8_t places[] = { REG_1, REG_2, MEM_1, MEM_2, 0 };
    static const int64_t imms[] = { 1, 33, -7, 0x123456789abcdef0 };
    Fixture f;

    if (!set_up(&f))
        return;
    for (unsigned op = 0; op < IR_NR; op++) {
        if (!form_is_op2[op] && op != IR_const)
            continue;
        for (unsigned n = 0; n < 4 * 5 * 5; n++) {
            unsigned d = places[n % 4], a = places[n / 4 % 5], v = places[n / 20];
            if (form_is_op2[op] == 1 && op != IR_slli_uw)
                check_shared(&f, op, d, a, v, 0);
            check_shared(&f, op, d, a, JIT_NONE, imms[n / 20 % 4]);
        }
    }
    tear_down(&f);
}

/* Accesses off one register on both sides of a page's end, through windows and not, registers and env; the
 * register goes on between them, or not. */
static void test_shared_across(void)
{
    static const int steps[] = { 0, 8, -16, 400 };
    static const uint8_t bases[] = { REG_1, MEM_1, REG_3 /* sp: a window */ };
    Fixture f;

    if (!set_up(&f))
        return;
    uint8_t *second = g_malloc0(TARGET_PAGE_SIZE);
    for (unsigned n = 0; n < 3 * 2 * G_N_ELEMENTS(steps); n++) {
        unsigned base = bases[n % 3];
        bool stores = n / 3 % 2;
        int step = steps[n / 6];
        IRBuilder b = begin(&f);
        for (int k = 0; k < 4; k++) {
            if (stores)
                ir_store(&b, base, (8 - step) * k, 20 + k + (20 + k >= MEM_1), 8);
            else
                ir_load(&b, k ? 20 + k : 12, base, (8 - step) * k, 8, false);
            if (step)
                ir_op2i(&b, IR_add, base, base, step);
        }
        if (step)
            ir_op2i(&b, IR_add, base, base, -4 * step);
        ir_store(&b, REG_3, 64, REG_2, 4);
        const void *code = finish(&f, &b, false);
        map_page(&f);
        map_second(&f, second);
        for (unsigned off = 4096 - 160; off <= 4096; off += 8) {
            uint64_t want[4], got[4];
            fill(&f);
            f.env->x[REG_3] = PAGE_VA + 256;
            f.env->x[base] = PAGE_VA + off;
            for (unsigned k = 0; k < 4; k++) {
                unsigned at = off + 8 * k;
                uint8_t *p = at < 4096 ? f.page + at : second + at - 4096;
                want[k] = 0x0101010101010101ULL * (at / 8 & 0xff);
                if (stores)
                    f.env->x[20 + k + (20 + k >= MEM_1)] = want[k];
                else
                    memcpy(p, &want[k], 8);
            }
            run(&f, code);
            for (unsigned k = 0; k < 4; k++) {
                unsigned at = off + 8 * k;
                uint8_t *p = at < 4096 ? f.page + at : second + at - 4096;
                memcpy(&got[k], p, 8);
                g_assert_cmphex(got[k], ==, want[k]);
                if (!stores)
                    g_assert_cmphex(f.env->x[k ? 20 + k : 12], ==, want[k]);
            }
        }
    }
    g_free(second);
    tear_down(&f);
}

static uint64_t amo_result(IRAmo amo, uint64_t old, uint64_t v, bool w)
{
    int64_t so = w ? (int64_t)old : (int32_t)old, sv = w ? (int64_t)v : (int32_t)v;
    uint64_t uo = w ? old : (uint32_t)old, uv = w ? v : (uint32_t)v;

    switch (amo) {
    case IR_AMO_SWAP:
        return v;
    case IR_AMO_ADD:
        return old + v;
    case IR_AMO_AND:
        return old & v;
    case IR_AMO_OR:
        return old | v;
    case IR_AMO_XOR:
        return old ^ v;
    case IR_AMO_MIN:
        return so < sv ? old : v;
    case IR_AMO_MAX:
        return so > sv ? old : v;
    case IR_AMO_MINU:
        return uo < uv ? old : v;
    default:
        return uo > uv ? old : v;
    }
}

static void check_amo(Fixture *f, IRAmo amo, unsigned size, unsigned d, unsigned v)
{
    IRBuilder b = begin(f);
    const void *code;

    ir_amo(&b, amo, d, REG_3, v, size);
    code = finish(f, &b, false);
    for (unsigned m = 0; m < G_N_ELEMENTS(corners); m++) {
        for (unsigned n = 0; n < G_N_ELEMENTS(corners); n++) {
            uint64_t got = 0, operand = v ? corners[n] : 0;
            map_page(f);
            fill(f);
            f->env->x[REG_3] = PAGE_VA + 16;
            if (v)
                f->env->x[v] = operand;
            memcpy(f->page + 16, &corners[m], 8);
            run(f, code);
            if (d != JIT_NONE)
                g_assert_cmphex(f->env->x[d], ==, extended(corners[m], size, true));
            memcpy(&got, f->page + 16, size);
            g_assert_cmphex(got, ==, extended(amo_result(amo, corners[m], operand, size == 8), size,
                                              false));
        }
    }
}

static void test_atomics(void)
{
    Fixture f;

    if (!set_up(&f))
        return;
    for (unsigned amo = IR_AMO_SWAP; amo <= 2 * IR_AMO_MAXU + 1; amo++) {
        f.j->alone = amo > IR_AMO_MAXU;
        for (unsigned size = 4; size <= 8; size += 4) {
            check_amo(&f, amo % (IR_AMO_MAXU + 1), size, REG_1, REG_2);
            check_amo(&f, amo % (IR_AMO_MAXU + 1), size, REG_1, REG_1);
            check_amo(&f, amo % (IR_AMO_MAXU + 1), size, MEM_1, MEM_2);
            check_amo(&f, amo % (IR_AMO_MAXU + 1), size, REG_1, 0);
            check_amo(&f, amo % (IR_AMO_MAXU + 1), size, JIT_NONE, MEM_1);
        }
    }
    tear_down(&f);
}

/* What happens between LR and SC: nothing; the value read is overwritten in its register; the base is; the
 * word in memory is. */
enum { PAIR_PLAIN, PAIR_VALUE, PAIR_BASE, PAIR_STORE, PAIRS };

static void check_pair(Fixture *f, unsigned kind, unsigned size, unsigned base, unsigned read, unsigned v)
{
    const uint64_t old = 0x80000000fedcba98;
    IRBuilder b = begin(f);
    uint64_t got;
    bool stored = kind == PAIR_PLAIN || kind == PAIR_VALUE;

    ir_load_reserved(&b, read, base, size);
    if (kind == PAIR_VALUE)
        ir_op2i(&b, IR_add, read, read, 5);
    if (kind == PAIR_BASE)
        ir_op2i(&b, IR_add, base, base, 16);
    if (kind == PAIR_STORE)
        ir_store(&b, REG_3, 16, v, size);
    ir_store_conditional(&b, 12, base, v, size);
    const void *code = finish(f, &b, false);
    map_page(f);
    fill(f);
    f->env->x[base] = PAGE_VA + 32;
    f->env->x[REG_3] = PAGE_VA + 16; /* 16 off it is the same word */
    memcpy(f->page + 32, &old, 8);
    f->env->bodies = 0;
    run(f, code);
    memcpy(&got, f->page + 32, 8);
    if (stored || kind == PAIR_STORE)
        g_assert_cmphex(got, ==, size == 8 ? f->env->x[v] : (old & ~0xffffffffULL) | (uint32_t)f->env->x[v]);
    else
        g_assert_cmphex(got, ==, old);
    g_assert_cmpuint(f->env->bodies, ==, kind == PAIR_BASE);
    if (kind != PAIR_BASE) {
        g_assert_cmphex(f->env->x[12], ==, kind == PAIR_STORE);
        g_assert_cmphex(f->env->reserve_addr, ==, ~0ULL);
        g_assert_cmphex(f->env->x[read], ==,
                        (size == 8 ? old : (uint64_t)(int32_t)old) + 5 * (kind == PAIR_VALUE));
    }
}

static void test_pairs(void)
{
    Fixture f;

    if (!set_up(&f))
        return;
    for (unsigned n = 0; n < PAIRS * 2 * 2; n++) {
        unsigned size = n & 1 ? 8 : 4;
        f.j->alone = n & 2;
        check_pair(&f, n / 4, size, REG_2, 13, 14);
        check_pair(&f, n / 4, size, MEM_2, MEM_1, 22);
        check_pair(&f, n / 4, size, REG_2, MEM_1, 14);
    }
    tear_down(&f);
}

/* A ring of places on two pages, whose host addresses have nothing to do with each other; all in one page or
 * here and there; some loads share a check. What is loaded is not the next address itself: that would not guess. */
static void test_guesses(void)
{
    enum { NEXT = 11, SUM = 12, SLOTS = 64, ROUNDS = 40000 };
    Fixture f;

    if (!set_up(&f))
        return;
    uint8_t *second = g_malloc0(TARGET_PAGE_SIZE);
    for (unsigned kind = 0; kind < 4; kind++) {
        bool both = kind & 1, shared = kind & 2;
        IRBuilder b = begin(&f);
        uint64_t sum = 0, slot[SLOTS], at = 0;
        f.r->n_edges = 1;
        f.r->edges[0] = (RegionEdge){ .pc = 0x4000, .block = 0, .retired = 4, .backward = true };
        if (shared)
            ir_load(&b, 13, NEXT, 8, 8, false);
        ir_load(&b, NEXT, NEXT, 0, 8, false);
        ir_op2i(&b, IR_and, NEXT, NEXT, -2);
        ir_op2(&b, IR_add, SUM, SUM, shared ? 13 : NEXT);
        ir_op2i(&b, IR_add, REG_1, REG_1, -1);
        ir_branch(&b, IR_NE, REG_1, 0);
        const void *code = finish(&f, &b, true);
        map_page(&f);
        map_second(&f, second);
        for (unsigned n = 0; n < SLOTS; n++) {
            unsigned off = 4096 - 56 * (n + 1) + (both ? 4096 * (g_test_rand_int() & 1) : 0);
            slot[n] = PAGE_VA + off;
        }
        for (unsigned n = 0; n < SLOTS; n++) {
            unsigned off = (unsigned)(slot[n] - PAGE_VA);
            uint8_t *p = off < 4096 ? f.page + off : second + off - 4096;
            uint64_t number = n * 77, next = slot[(n + 1) % SLOTS] | 1;
            memcpy(p, &next, 8);
            memcpy(p + 8, &number, 8);
        }
        for (unsigned n = 0; n < ROUNDS; n++) {
            sum += shared ? at * 77 : slot[(at + 1) % SLOTS];
            at = (at + 1) % SLOTS;
        }
        fill(&f);
        f.env->x[REG_1] = ROUNDS;
        f.env->x[NEXT] = slot[0];
        f.env->x[SUM] = 0;
        run(&f, code);
        g_assert_cmphex(f.env->x[NEXT], ==, slot[at]);
        g_assert_cmphex(f.env->x[SUM], ==, sum);
        unsigned open = 0;
        for (unsigned n = 0; n < TLB_GUESSES; n++)
            open += tlb_windows(f.table)[n].room != 0;
        if (!both) /* and flushes are told */
            g_assert_true(open == 1 && tlb_front(f.table)->any_guess);
    }
    g_free(second);
    tear_down(&f);
}

enum { CHASE_NODES = 40, CHASE_ROUNDS = 2000, CHASE_NUMBER = 13 };

/* Where the nodes of a ring are, on two pages, with field to field + 15 of none across their border. */
static void chase_places(uint64_t *at, int field)
{
    for (unsigned n = 0, k = 0; n < CHASE_NODES; k++) {
        uint64_t from = PAGE_VA + TARGET_PAGE_SIZE - CHASE_NODES / 2 * 16 + k * 16;
        if (((from + (uint64_t)field) ^ (from + (uint64_t)field + 15)) < TARGET_PAGE_SIZE)
            at[n++] = from;
    }
    for (unsigned n = CHASE_NODES - 1; n > 0; n--) {
        unsigned m = (unsigned)g_test_rand_int_range(0, (int)n);
        uint64_t t = at[n];
        at[n] = at[m];
        at[m] = t;
    }
}

/* Runs around a ring whose nodes have what leads to the next one and a number, from field on. */
static void chase_run(Fixture *f, IRBuilder *b, uint8_t *second, const uint64_t *at,
                      const uint64_t *next, int field, unsigned to, unsigned sum)
{
    const void *code;
    uint64_t want = 0;

    ir_op2(b, IR_add, sum, sum, CHASE_NUMBER);
    ir_op2i(b, IR_add, REG_1, REG_1, -1);
    ir_branch(b, IR_NE, REG_1, 0);
    f->r->n_edges = 1;
    f->r->edges[0] = (RegionEdge){ .pc = 0x4000, .block = 0, .retired = 4, .backward = true };
    code = finish(f, b, true);
    map_page(f);
    map_second(f, second);
    for (unsigned n = 0; n < CHASE_NODES; n++) {
        uint64_t off = at[n] + (uint64_t)field - PAGE_VA, number = n * 77 + 1;
        uint8_t *p = off < 4096 ? f->page + off : second + off - 4096;
        memcpy(p, &next[(n + 1) % CHASE_NODES], 8);
        memcpy(p + 8, &number, 8);
    }
    for (unsigned n = 0; n < CHASE_ROUNDS; n++)
        want += n % CHASE_NODES * 77 + 1;
    f->env->x[REG_1] = CHASE_ROUNDS;
    f->env->x[to] = next[0];
    f->env->x[sum] = 0;
    run(f, code);
    g_assert_cmphex(f->env->x[sum], ==, want);
    g_assert_cmphex(f->env->x[to], ==, next[CHASE_ROUNDS % CHASE_NODES]);
    for (unsigned n = 0; n < TLB_GUESSES; n++)
        g_assert_cmpuint(tlb_windows(f->table)[n].room, ==, 0);
}

/* Pointers to nodes, whose fields may be on the page behind; with a check for each load or for both. */
static void test_chased_pointers(void)
{
    static const uint8_t places[] = { REG_2, MEM_1, 11 };
    static const int fields[] = { 0, 8, 40, 64, 72, -8, -64 };
    Fixture f;

    if (!set_up(&f))
        return;
    uint8_t *second = g_malloc0(TARGET_PAGE_SIZE);
    for (unsigned n = 0; n < 3 * 2 * G_N_ELEMENTS(fields); n++) {
        unsigned next = places[n % 3];
        int field = fields[n / 6];
        uint64_t at[CHASE_NODES];
        IRBuilder b = begin(&f);
        chase_places(at, field);
        ir_load(&b, CHASE_NUMBER, next, field + 8, 8, false);
        if (n / 3 % 2) /* the other is on its own */
            ir_op2i(&b, IR_add, next, next, 0x100000000);
        ir_load(&b, next, next, field - (n / 3 % 2 ? 0x100000000 : 0), 8, false);
        fill(&f);
        chase_run(&f, &b, second, at, at, field, next, MEM_2);
    }
    g_free(second);
    tear_down(&f);
}

/* Indices, off a base of any alignment. */
static void test_chased_indices(void)
{
    static const uint8_t places[] = { REG_2, MEM_1, 11 };
    static const int fields[] = { 0, 8, -24, 400, 5000 };
    enum { BASE = 14, ADDRESS = 12 };
    Fixture f;

    if (!set_up(&f))
        return;
    uint8_t *second = g_malloc0(TARGET_PAGE_SIZE);
    for (unsigned n = 0; n < 3 * 2 * 2 * 3 * G_N_ELEMENTS(fields); n++) {
        unsigned next = places[n % 3], apart = n / 3 % 2, odd = n / 6 % 2, scale = n / 12 % 3 + 1;
        unsigned address = apart ? ADDRESS : next;
        int field = fields[n / 36];
        uint64_t at[CHASE_NODES], index[CHASE_NODES], base = PAGE_VA - 48 + 5 * odd;
        IRBuilder b = begin(&f);
        chase_places(at, 5 * (int)odd);
        for (unsigned k = 0; k < CHASE_NODES; k++) {
            index[k] = (at[k] - PAGE_VA + 48) >> scale;
            at[k] += 5 * odd - (uint64_t)field;
        }
        ir_op2(&b, IR_sh1add + scale - 1, address, next, BASE);
        ir_op2i(&b, IR_add, REG_3, REG_3, 1);
        ir_load(&b, CHASE_NUMBER, address, field + 8, 8, false);
        ir_load(&b, next, address, field, 8, false);
        fill(&f);
        f.env->x[BASE] = base - (uint64_t)field;
        chase_run(&f, &b, second, at, index, field, next, MEM_2);
    }
    g_free(second);
    tear_down(&f);
}

/* Misaligned, or no page that may be written: the body does it, and its results are seen. */
static void test_atomics_declined(void)
{
    Fixture f;

    if (!set_up(&f))
        return;
    IRBuilder b = begin(&f);
    ir_amo(&b, IR_AMO_ADD, REG_1, REG_3, REG_2, 8);
    ir_op2i(&b, IR_add, REG_1, REG_1, 1);
    const void *code = finish(&f, &b, false);
    map_page(&f);
    fill(&f);
    f.env->x[REG_3] = PAGE_VA + 4;
    run(&f, code);
    g_assert_cmpuint(f.env->bodies, ==, 1);
    g_assert_cmphex(f.env->x[REG_1], ==, 78);
    fill(&f);
    f.env->x[REG_3] = PAGE_VA + 0x1000;
    run(&f, code);
    g_assert_cmpuint(f.env->bodies, ==, 2);
    g_assert_cmphex(f.env->x[REG_2], ==, 0x1111111111111111ULL * REG_2);
    tear_down(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jit-mem/memory", test_memory);
    g_test_add_func("/jit-mem/shared-checks", test_shared_checks);
    g_test_add_func("/jit-mem/shared-checks/across", test_shared_across);
    g_test_add_func("/jit-mem/atomics", test_atomics);
    g_test_add_func("/jit-mem/atomics/declined", test_atomics_declined);
    g_test_add_func("/jit-mem/atomics/pairs", test_pairs);
    g_test_add_func("/jit-mem/guesses", test_guesses);
    g_test_add_func("/jit-mem/chased-pointers", test_chased_pointers);
    g_test_add_func("/jit-mem/chased-indices", test_chased_indices);
    return g_test_run();
}
