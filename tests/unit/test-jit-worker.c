/*
 * The thread that compiles: the order of its work, a full queue, what is dropped or stopped meanwhile. Everything but
 * the back end is the emulator's own; that one writes down what it is given, and waits where a test wants it to.
 *
 * SPDX-License-Identifier: MIT
 */
#include <glib.h>

#include "accel/tcg/jit/jit.h"

#define PC 0x12345000ULL
#define MANY 1024      /* more than ever wait */
#define WAIT_US 60000000

typedef struct Rig {
    Jit *j;
    TCGState *s;
    GMutex lock;       /* of the rest */
    GCond cond;
    bool shut;         /* compile() waits */
    bool refuses;
    unsigned inside, begun;
    vaddr order[MANY]; /* heads, as they came */
    TranslationBlock *tb[MANY];
} Rig;

static bool compile(Jit *j, const Region *r, JitCode *out)
{
    Rig *g = j->emit;
    bool good;

    g_mutex_lock(&g->lock);
    g->inside++;
    g->order[g->begun++ % MANY] = r->head->pc;
    g_cond_broadcast(&g->cond);
    while (g->shut)
        g_cond_wait(&g->cond, &g->lock);
    g->inside--;
    good = !g->refuses;
    g_mutex_unlock(&g->lock);
    out->entry = j->code + j->code_used;
    j->code_used += 64;
    j->data_used += 64;
    return good;
}

static const JitBackend backend = { .name = "writes down", .compile = compile };
static const TCGJitOps model = { .x_offset = 512, .f_offset = 1024 };

static void set_up(Rig *g)
{
    memset(g, 0, sizeof(*g));
    g_mutex_init(&g->lock);
    g_cond_init(&g->cond);
    g->s = g_new0(TCGState, 1);
    g->s->pages = code_pages_new();
    g->j = g->s->jit = g_new0(Jit, 1);
    g->j->s = g->s;
    g->j->backend = &backend;
    g->j->model = &model;
    g->j->emit = g;
    g_assert_true(jit_cache_init(g->j, 4 * MiB));
    for (unsigned n = 0; n < TCG_GENERATIONS; n++)
        g->j->gen[n].codes = g_ptr_array_new_with_free_func(g_free);
    jit_flush(g->s);
    for (unsigned n = 0; n < MANY; n++) {
        g->tb[n] = g_malloc0(sizeof(TranslationBlock) + 2 * sizeof(TCGOp));
        g->tb[n]->pc = g->tb[n]->key_pc = PC + 4 * n;
        g->tb[n]->hits = 64;
        g->tb[n]->n_insns = 1;
        g->tb[n]->ram_page[0] = g->tb[n]->ram_page[1] = TB_NO_PAGE;
    }
    g->j->worker = jit_worker_new(g->j);
}

static void stop(Rig *g)
{
    jit_worker_free(g->j->worker);
    g->j->worker = NULL;
}

static void tear_down(Rig *g)
{
    stop(g);
    for (unsigned n = 0; n < TCG_GENERATIONS; n++)
        g_ptr_array_unref(g->j->gen[n].codes);
    for (unsigned n = 0; n < MANY; n++)
        g_free(g->tb[n]);
    jit_cache_free(g->j);
    code_pages_free(g->s->pages);
    g_free(g->j);
    g_free(g->s);
    g_cond_clear(&g->cond);
    g_mutex_clear(&g->lock);
}

/* ---- What a vCPU does ---- */

/* A region of the block n, and of n + 1 if there are two. Lock held. False: too many wait. */
static bool push_locked(Rig *g, unsigned n, unsigned blocks)
{
    Region *r = jit_worker_slot(g->j->worker);

    if (!r)
        return false;
    memset(r, 0, offsetof(Region, blocks));
    r->model = &model;
    r->head = g->tb[n];
    for (unsigned k = 0; k < blocks; k++) {
        r->blocks[k] = (RegionBlock){ .tb = g->tb[n + k], .first = k, .end = k + 1 };
        r->insns[k] = (IRInsn){ .op = IR_interpret, .d = JIT_NONE, .a = JIT_NONE, .b = JIT_NONE,
                                .c = JIT_NONE, .guest = (uint16_t)k };
        r->guest[k] = (GuestOp){ g->tb[n + k], g->tb[n + k]->ops };
    }
    r->n_blocks = r->n_insns = r->n_guest = blocks;
    jit_worker_push(g->j->worker);
    return true;
}

static bool push(Rig *g, unsigned n, unsigned blocks)
{
    bool ok;

    g_mutex_lock(&g->s->lock);
    ok = push_locked(g, n, blocks);
    g_mutex_unlock(&g->s->lock);
    return ok;
}

static void kill_block(Rig *g, unsigned n)
{
    g_mutex_lock(&g->s->lock);
    __atomic_store_n(&g->tb[n]->key_pc, TB_DEAD_PC, __ATOMIC_RELEASE);
    jit_kill(g->s, g->tb[n]);
    g_mutex_unlock(&g->s->lock);
}

/* ---- What a test looks at ---- */

static void set_shut(Rig *g, bool shut)
{
    g_mutex_lock(&g->lock);
    g->shut = shut;
    g_cond_broadcast(&g->cond);
    g_mutex_unlock(&g->lock);
}

static unsigned begun(Rig *g)
{
    unsigned n;

    g_mutex_lock(&g->lock);
    n = g->begun;
    g_mutex_unlock(&g->lock);
    return n;
}

/* Waits until so many were begun in all. */
static void wait_begun(Rig *g, unsigned n)
{
    gint64 until = g_get_monotonic_time() + WAIT_US;

    g_mutex_lock(&g->lock);
    while (g->begun < n)
        g_assert_true(g_cond_wait_until(&g->cond, &g->lock, until));
    g_mutex_unlock(&g->lock);
}

/* Whether there is code of the block: all of what says so agrees. */
static bool is_compiled(Rig *g, unsigned n)
{
    const TranslationBlock *tb = g->tb[n];
    bool compiled;

    g_mutex_lock(&g->s->lock);
    compiled = tb->jit != NULL;
    g_assert_true(compiled == (__atomic_load_n(&tb->jit_code, __ATOMIC_ACQUIRE) != NULL));
    g_assert_true(compiled == (__atomic_load_n(&tb->ops[0].fn, __ATOMIC_ACQUIRE) != NULL));
    if (compiled)
        g_assert_true(tb->jit->head == tb && tb->jit->entry == tb->jit_code && !tb->jit->dead);
    g_mutex_unlock(&g->s->lock);
    return compiled;
}

static void wait_compiled(Rig *g, unsigned n)
{
    gint64 until = g_get_monotonic_time() + WAIT_US;

    while (!is_compiled(g, n)) {
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        g_usleep(200);
    }
}

/* The thread is inside compile() with block 0, and stays there. */
static void hold_with_first(Rig *g)
{
    set_shut(g, true);
    g_assert_true(push(g, 0, 1));
    wait_begun(g, 1);
}

/* Fills the queue with the blocks from n on. Behind the last one. */
static unsigned fill(Rig *g, unsigned n)
{
    while (n < MANY / 2 && push(g, n, 1))
        n++;
    g_assert_cmpuint(n, <, MANY / 2);
    return n;
}

/* ---- Tests ---- */

static void test_order(void)
{
    Rig g;
    unsigned n;

    set_up(&g);
    hold_with_first(&g);
    n = fill(&g, 1);
    g_assert_cmpuint(n, >, 2);
    g_assert_false(is_compiled(&g, 0));
    set_shut(&g, false);
    wait_compiled(&g, n - 1);
    for (unsigned k = 0; k < n; k++) {
        g_assert_true(is_compiled(&g, k));
        g_assert_cmphex(g.order[k], ==, PC + 4 * k);
    }
    /* It sleeps meanwhile, or not: work is found either way. */
    for (unsigned k = n; k < n + 20; k++) {
        if (k % 4 == 0)
            g_usleep(k % 8 ? 3000 : 40000);
        g_assert_true(push(&g, k, 1));
        wait_compiled(&g, k);
    }
    g_assert_cmpuint(begun(&g), ==, n + 20);
    g_assert_cmpuint(g.j->n_regions, ==, n + 20);
    tear_down(&g);
}

/* What finds no room is not compiled; there is room again when something was. */
static void test_full(void)
{
    Rig g;
    unsigned n, room;

    set_up(&g);
    hold_with_first(&g);
    n = fill(&g, 1);
    room = n - 1;
    for (unsigned k = 0; k < 10; k++)
        g_assert_false(push(&g, n, 1));
    set_shut(&g, false);
    wait_compiled(&g, n - 1);
    g_assert_cmpuint(begun(&g), ==, n);
    /* Round and round the ring. */
    for (unsigned k = 0; k < 5 * room; k++) {
        while (!push(&g, n + k, 1))
            g_usleep(100);
    }
    wait_compiled(&g, n + 5 * room - 1);
    for (unsigned k = 0; k < n + 5 * room; k++)
        g_assert_cmphex(g.order[k], ==, PC + 4 * k);
    g_assert_cmpuint(begun(&g), ==, n + 5 * room);
    tear_down(&g);
}

/* Blocks go while their region waits, while it is compiled, and afterwards. */
static void test_dropped(void)
{
    size_t code, data;
    Rig g;

    set_up(&g);
    code = g.j->code_used;
    data = g.j->data_used;
    set_shut(&g, true);
    g_assert_true(push(&g, 0, 2));
    wait_begun(&g, 1);
    g_assert_true(push(&g, 10, 1));
    g_assert_true(push(&g, 20, 2));
    g_assert_true(push(&g, 30, 2));
    g_assert_true(push(&g, 30, 1)); /* by another vCPU, which knew nothing of the first */
    kill_block(&g, 1);  /* being compiled */
    kill_block(&g, 10); /* waits: the head, */
    kill_block(&g, 21); /* and another block */
    set_shut(&g, false);
    wait_compiled(&g, 30);
    g_assert_true(push(&g, 40, 1));
    wait_compiled(&g, 40);
    g_assert_false(is_compiled(&g, 0) || is_compiled(&g, 10) || is_compiled(&g, 20));
    g_assert_cmpuint(begun(&g), ==, 3); /* 0, 30, 40 */
    g_assert_cmphex(g.order[1], ==, PC + 4 * 30);
    g_assert_cmphex(g.order[2], ==, PC + 4 * 40);
    g_assert_cmpuint(g.j->n_regions, ==, 2);
    g_assert_cmpuint(g.j->code_used, ==, code + 2 * 64); /* what came to nothing takes nothing */
    g_assert_cmpuint(g.j->data_used, ==, data + 2 * 64);
    kill_block(&g, 31);
    g_assert_false(is_compiled(&g, 30));
    g_assert_true(push(&g, 30, 1));
    wait_compiled(&g, 30);
    tear_down(&g);
}

/* The back end has no room for a region, or nobody has: others go on, and the block may try again. */
static void test_refused(void)
{
    size_t end;
    Rig g;

    set_up(&g);
    hold_with_first(&g);
    g.refuses = true;
    set_shut(&g, false);
    g_assert_true(push(&g, 1, 1));
    wait_begun(&g, 2);
    jit_pause(g.s);
    g.refuses = false;
    g_assert_cmpuint(g.j->n_refused, ==, 2);
    g_assert_cmpuint(g.j->n_regions, ==, 0);
    end = g.j->code_end;
    g.j->code_end = g.j->code_used;
    for (unsigned n = 1; n < g.j->gens.n; n++)
        g.j->gens.used[n] = g.j->gens.part;
    jit_resume(g.s);
    g_assert_true(push(&g, 2, 1));
    while (__atomic_load_n(&g.tb[2]->hits, __ATOMIC_RELAXED))
        g_usleep(200);
    jit_pause(g.s);
    g.j->code_end = end;
    jit_resume(g.s);
    g_assert_true(push(&g, 3, 1));
    wait_compiled(&g, 3);
    g_assert_false(is_compiled(&g, 2));
    g_assert_cmpuint(begun(&g), ==, 3);
    tear_down(&g);
}

static gpointer open_soon(gpointer opaque)
{
    g_usleep(20000);
    set_shut(opaque, false);
    return NULL;
}

/* Nothing is compiled between the two, whatever is asked for. */
static void test_pause(void)
{
    GThread *other;
    Rig g;

    set_up(&g);
    jit_pause(g.s); /* there is no thread yet */
    jit_resume(g.s);
    for (unsigned k = 0; k < 5; k++) {
        set_shut(&g, true);
        g_assert_true(push(&g, 2 * k, 1));
        wait_begun(&g, 2 * k + 1);
        other = g_thread_new("open", open_soon, &g);
        jit_pause(g.s);
        g_mutex_lock(&g.lock);
        g_assert_cmpuint(g.inside, ==, 0); /* what was begun has come to its end */
        g_mutex_unlock(&g.lock);
        g_assert_true(is_compiled(&g, 2 * k));
        g_thread_join(other);
        g_assert_true(push(&g, 2 * k + 1, 1));
        g_usleep(k * 2000);
        g_assert_cmpuint(begun(&g), ==, 2 * k + 1);
        jit_resume(g.s);
        wait_compiled(&g, 2 * k + 1);
    }
    tear_down(&g);
}

/* What waits is given up, and may prove itself again. */
static void test_forget(void)
{
    Rig g;
    unsigned n;

    set_up(&g);
    for (unsigned k = 0; k < 3; k++) {
        jit_pause(g.s);
        g_mutex_lock(&g.s->lock);
        jit_forget_waiting(g.s); /* nothing */
        for (n = 0; push_locked(&g, 100 * k + n, 1); n++)
            g.tb[100 * k + n]->hits = 64;
        g_assert_cmpuint(n, <, 100);
        jit_forget_waiting(g.s);
        for (unsigned i = 0; i < n; i++)
            g_assert_cmpuint(__atomic_load_n(&g.tb[100 * k + i]->hits, __ATOMIC_RELAXED), ==, 0);
        g_mutex_unlock(&g.s->lock);
        jit_resume(g.s);
        /* All of the queue is there again. */
        jit_pause(g.s);
        for (unsigned i = 0; i < n - k; i++)
            g_assert_true(push(&g, 500 + 100 * k + i, 1));
        jit_resume(g.s);
        wait_compiled(&g, 500 + 100 * k + n - k - 1);
    }
    for (unsigned i = 0; i < 500; i++)
        g_assert_false(is_compiled(&g, i));
    tear_down(&g);
}

/* It stops behind what it is at; what waits is given up. */
static void test_stop(void)
{
    GThread *other;
    unsigned n;
    Rig g;

    set_up(&g); /* nothing was ever asked for */
    tear_down(&g);

    set_up(&g);
    hold_with_first(&g);
    n = fill(&g, 1);
    other = g_thread_new("open", open_soon, &g);
    stop(&g);
    g_thread_join(other);
    g_assert_true(is_compiled(&g, 0));
    g_assert_cmpuint(g.inside, ==, 0);
    g_assert_cmpuint(g.begun, >=, 1);
    g_assert_cmpuint(g.begun, <=, n);
    for (unsigned k = 0; k < g.begun; k++) {
        g_assert_cmphex(g.order[k], ==, PC + 4 * k);
        g_assert_true(is_compiled(&g, k));
    }
    for (unsigned k = g.begun; k < n; k++)
        g_assert_false(is_compiled(&g, k));
    tear_down(&g);

    set_up(&g); /* idle */
    g_assert_true(push(&g, 0, 1));
    wait_compiled(&g, 0);
    stop(&g);
    tear_down(&g);
}

/* ---- All at once ---- */

#define ROUNDS 150

typedef struct Vcpu {
    Rig *g;
    unsigned from, pushed;
} Vcpu;

/* Regions are asked for, and every other one loses a block at any time. */
static gpointer vcpu(gpointer opaque)
{
    Vcpu *v = opaque;

    for (unsigned n = v->from; n < v->from + 2 * ROUNDS; n += 2) {
        v->pushed += push(v->g, n, 2);
        if (n & 2)
            kill_block(v->g, n + 1);
        if (n % 16 == 0)
            g_usleep(300);
    }
    return NULL;
}

static void test_all_at_once(void)
{
    GThread *thread[2];
    unsigned compiled = 0;
    Vcpu v[2];
    Rig g;

    set_up(&g);
    for (unsigned n = 0; n < 2; n++) {
        v[n] = (Vcpu){ &g, n * MANY / 2, 0 };
        thread[n] = g_thread_new("vcpu", vcpu, &v[n]);
    }
    for (unsigned k = 0; k < 50; k++) {
        jit_pause(g.s);
        g_mutex_lock(&g.s->lock);
        if (k % 5 == 0)
            jit_forget_waiting(g.s);
        g_mutex_unlock(&g.s->lock);
        g_mutex_lock(&g.lock);
        g_assert_cmpuint(g.inside, ==, 0);
        g_mutex_unlock(&g.lock);
        jit_resume(g.s);
        g_usleep(300);
    }
    for (unsigned n = 0; n < 2; n++)
        g_thread_join(thread[n]);
    while (!push(&g, MANY - 2, 1))
        g_usleep(100);
    wait_compiled(&g, MANY - 2);
    for (unsigned n = 0; n < MANY - 2; n++) {
        compiled += is_compiled(&g, n);
        g_assert_false(is_compiled(&g, n) && (n & 3)); /* a block of it went */
    }
    g_assert_cmpuint(compiled, <=, v[0].pushed + v[1].pushed);
    g_assert_cmpuint(begun(&g), <=, v[0].pushed + v[1].pushed + 1);
    tear_down(&g);
}

/* What it asks the host for beforehand: each piece once, in time, and nothing for what is small. */
static void test_memory(void)
{
    enum { BYTES = 32 * MiB, STEP = 128 * KiB, FREE = 2 * MiB };
    TCGState *s = g_new0(TCGState, 1);
    uint64_t asked = FREE;
    size_t size;

    s->arena = (uint8_t *)(uintptr_t)0x7f0000123000; /* nobody looks into it */
    s->arena_size = BYTES;
    generations_init(&s->blocks, BYTES, 0);
    for (uint64_t at = 0; at < BYTES; at += STEP) {
        s->blocks.current = (unsigned)(at / s->blocks.part);
        s->blocks.used[s->blocks.current] = at % s->blocks.part;
        uint8_t *p = tb_memory_ahead(s, &size);
        g_assert_true(p || asked > at || asked + FREE > BYTES);
        if (!p)
            continue;
        g_assert_cmpuint(at, >=, FREE / 2);
        g_assert_true(p == s->arena + asked && ((uintptr_t)p + size) % FREE == 0);
        asked += size;
        g_assert_cmpuint(asked, <=, BYTES);
        g_assert_null(tb_memory_ahead(s, &size));
    }
    g_assert_cmpuint(asked, >, BYTES - FREE);
    g_free(s);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jit-worker/order", test_order);
    g_test_add_func("/jit-worker/full", test_full);
    g_test_add_func("/jit-worker/dropped", test_dropped);
    g_test_add_func("/jit-worker/refused", test_refused);
    g_test_add_func("/jit-worker/pause", test_pause);
    g_test_add_func("/jit-worker/forget", test_forget);
    g_test_add_func("/jit-worker/stop", test_stop);
    g_test_add_func("/jit-worker/all-at-once", test_all_at_once);
    g_test_add_func("/jit-worker/memory", test_memory);
    return g_test_run();
}
