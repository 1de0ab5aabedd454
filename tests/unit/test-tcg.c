/*
 * The translator's engine, driven by the toy CPU: chains and the jump cache under changing mappings, pages
 * crossed, counting, threads, the debugger.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/unit/toy-cpu.h"

static void test_loop(void)
{
    setup(2);
    put(0x1000, ADDI, 1, 0, 100);
    put(0x1004, ADDI, 2, 2, 3);
    put(0x1008, ADDI, 1, 1, -1);
    put_rel(0x100c, BNZ, 1, -8);
    put(0x1010, HALT, 0, 0, 0);
    g_assert_cmpuint(run(0x1000), ==, 1 + 3 * 100 + 1);
    g_assert_cmpuint(env->x[2], ==, 300);
    g_assert_cmphex(env->pc, ==, 0x1014);
}

/* Straight code over pages that are not neighbours in physical memory. */
static void test_cross_page(void)
{
    setup(2);
    map(0, 2, 7, 7);
    put(0x1ff8, ADDI, 1, 1, 1);
    put_rel(0x1ffc, JMP, 0, 8);
    put(0x7004, ADDI, 1, 1, 2);
    put(0x7008, HALT, 0, 0, 0);
    for (int i = 1; i <= 3; i++) {
        g_assert_cmpuint(run(0x1ff8), ==, 4);
        g_assert_cmpuint(env->x[1], ==, 3 * i);
    }
    /* The same virtual page now shows another frame: the chain must not lead to the old one. */
    map(0, 2, 8, 7);
    put(0x8004, ADDI, 1, 0, 77);
    put(0x8008, HALT, 0, 0, 0);
    tcg_tlb_flush_page(env, 0x2000, -1);
    run(0x1ff8);
    g_assert_cmpuint(env->x[1], ==, 77);
    /* And back again, by another address space. */
    env->root = 1;
    map(1, 2, 7, 7);
    tcg_tlb_switch(env);
    env->x[1] = 0;
    run(0x1ff8);
    g_assert_cmpuint(env->x[1], ==, 3);
    env->root = 0;
    tcg_tlb_switch(env);
    run(0x1ff8);
    g_assert_cmpuint(env->x[1], ==, 77);
}

/* An instruction whose halves lie on two pages, and a fault on the second. */
static void test_crossing_insn(void)
{
    setup(2);
    map(0, 2, 9, 7);
    put(0x1ffc, NOP2, 0, 0, 0);
    put(0x1ffe, ADDI, 1, 0, 0); /* second half is on 0x2000 physically; overwritten below */
    uint8_t half[2] = { 0, 55 };
    address_space_write_rom(&ms->as, 0x9000, half, 2);
    put(0x9002, HALT, 0, 0, 0);
    g_assert_cmpuint(run(0x1ffc), ==, 3);
    g_assert_cmpuint(env->x[1], ==, 55);
    half[1] = 66;
    address_space_write_rom(&ms->as, 0x9000, half, 2);
    run(0x1ffc);
    g_assert_cmpuint(env->x[1], ==, 66);
    /* Another frame behind the second half. */
    map(0, 2, 10, 7);
    half[1] = 77;
    address_space_write_rom(&ms->as, 0xa000, half, 2);
    put(0xa002, HALT, 0, 0, 0);
    tcg_tlb_flush_page(env, 0x2000, 0);
    run(0x1ffc);
    g_assert_cmpuint(env->x[1], ==, 77);
    /* No second half: precise, and the instruction before it has retired. */
    map(0, 2, 10, PAGE_READ);
    tcg_tlb_flush_page(env, 0x2000, 0);
    env->x[1] = 5;
    g_assert_cmpuint(run(0x1ffc), ==, 1);
    g_assert_cmpint(env->exc_kind, ==, 1);
    g_assert_cmphex(env->exc_pc, ==, 0x1ffe);
    g_assert_cmphex(env->exc_va, ==, 0x2000);
    g_assert_cmpuint(env->x[1], ==, 5);
}

/* Indirect jumps follow the mapping. */
static void test_jump_cache(void)
{
    setup(2);
    put(0x1000, JR, 2, 0, 0);
    put(0x3000, ADDI, 1, 1, 1);
    put(0x3004, HALT, 0, 0, 0);
    put(0x4000, ADDI, 1, 1, 10);
    put(0x4004, HALT, 0, 0, 0);
    env->x[2] = 0x3000;
    run(0x1000);
    run(0x1000);
    g_assert_cmpuint(env->x[1], ==, 2);
    map(0, 3, 4, 7);
    tcg_tlb_flush_asid(env, 0);
    run(0x1000);
    g_assert_cmpuint(env->x[1], ==, 12);
}

static void test_pages_and_bus(void)
{
    setup(2);
    /* Misaligned, within a page and across two that are not neighbours. */
    map(0, 21, 0xd, 7);
    map(0, 22, 0x30, 7);
    stn_le(ram + 0xdffe, 2, 0x1122);
    stn_le(ram + 0x30000, 2, 0x3344);
    load_once(0x15ffe);
    g_assert_cmphex(env->x[1], ==, 0x33441122);
    load_once(0x15ffd);
    g_assert_cmphex(env->x[1], ==, 0x44112200);
    /* A store across two of which the second may not be written changes nothing. */
    map(0, 22, 0x30, PAGE_READ);
    tcg_tlb_flush_all(env);
    put(0x1000, ST, 3, 2, 0);
    env->x[2] = 0x15ffe;
    env->x[3] = 0xffffffff;
    g_assert_cmpuint(run(0x1000), ==, 0);
    g_assert_cmpint(env->exc_kind, ==, 1);
    g_assert_cmphex(env->exc_va, ==, 0x16000);
    g_assert_cmphex(ldn_le(ram + 0xdffe, 2), ==, 0x1122);
    /* Devices, and their refusal. */
    map(0, 23, 0x200, 7);
#if HOST_FP_CONTROL
    host_fp_write(MXCSR_DEFAULT | 0x6000);
#endif
    load_once(0x17004);
    g_assert_cmphex(env->x[1], ==, 0x14);
#if HOST_FP_CONTROL
    g_assert_cmphex(host_fp_read(), ==, MXCSR_DEFAULT | 0x6000);
    host_fp_write(MXCSR_DEFAULT);
#endif
    put(0x1000, ST, 3, 2, 0);
    run(0x1000);
    g_assert_cmpint(env->exc_kind, ==, 2);
    g_assert_cmphex(env->exc_va, ==, 0x17004);
    /* Nothing there at all; and code from there. */
    map(0, 24, 0x300, 7);
    load_once(0x18000);
    g_assert_cmpint(env->exc_kind, ==, 2);
    run(0x18000);
    g_assert_cmpint(env->exc_kind, ==, 2);
    g_assert_cmphex(env->exc_pc, ==, 0x18000);
}

/* A page that is good for one access at a time: nothing of it is cached, yet it works. */
static void test_cut_page(void)
{
    setup(2);
    tables[0][6].page_bits = 4;
    put(0x6000, ADDI, 1, 0, 4);
    put(0x6004, ADDI, 2, 2, 1);
    put(0x6008, ADDI, 1, 1, -1);
    put_rel(0x600c, BNZ, 1, -8);
    put(0x6010, HALT, 0, 0, 0);
    g_assert_cmpuint(run(0x6000), ==, 1 + 12 + 1);
    g_assert_cmpuint(env->x[2], ==, 4);
}

static void *interrupter(void *opaque)
{
    g_usleep(20000);
    __atomic_store_n(&env->irq, 1, __ATOMIC_SEQ_CST);
    cpu_attention(cpu, CPU_ATTN_IRQ);
    return NULL;
}

/* A loop that only an interrupt ends, which another thread brings. */
static void loop_until(GThreadFunc fn)
{
    setup(2);
    put(0x1000, ADDI, 7, 0, 1);
    put_rel(0x1004, BNZ, 7, 0);
    put(0x1008, HALT, 0, 0, 0);
    GThread *t = g_thread_new("other", fn, NULL);
    run(0x1000);
    g_thread_join(t);
}

static void test_interrupt(void)
{
    loop_until(interrupter);
    g_assert_cmpuint(env->irq_taken, ==, 1);
}

static unsigned inside_exclusive;

static void *excluder(void *opaque)
{
    for (int i = 0; i < 50; i++) {
        g_usleep(200);
        start_exclusive();
        uint64_t before = env->tcg.icount;
        g_usleep(100);
        g_assert_cmpuint(env->tcg.icount, ==, before);
        inside_exclusive++;
        end_exclusive();
    }
    __atomic_store_n(&env->irq, 1, __ATOMIC_SEQ_CST);
    cpu_attention(cpu, CPU_ATTN_IRQ);
    return NULL;
}

static void test_exclusive(void)
{
    loop_until(excluder);
    g_assert_cmpuint(inside_exclusive, ==, 50);
}

static void choose_fails(const char *a, const char *b, const char *want)
{
    const char *specs[] = { a, b, NULL };
    Error *err = NULL;
    unsigned failed = 99;

    g_assert_null(accel_choose(specs, ms, &failed, &err));
    g_assert_cmpuint(failed, ==, b ? 1 : 0);
    g_assert_cmpstr(error_get_pretty(err), ==, want);
    error_free(err);
}

/* Goes on until the debugger is asked for, which must be at pc. */
static void run_to(CPUStopReason stop, vaddr pc)
{
    CPUExit why;

    cpu->debug.stop = CPU_STOP_NONE;
    do {
        why = ac->exec(cpu);
    } while (why == CPU_EXIT_ATTENTION);
    g_assert_cmpint(why, ==, CPU_EXIT_DEBUG);
    g_assert_cmpint(cpu->debug.stop, ==, stop);
    g_assert_cmphex(env->pc, ==, pc);
}

static void test_debug(void)
{
    Error *err = NULL;

    setup(2);
    put(0x1000, ADDI, 1, 0, 3);
    put(0x1004, ST, 1, 3, 0x20);
    put(0x1008, ADDI, 1, 1, -1);
    put(0x100c, LD, 4, 3, 0x20);
    put_rel(0x1010, BNZ, 1, -12);
    put(0x1014, HALT, 0, 0, 0);
    env->x[3] = 0x3000;
    run(0x1000); /* chained before anything is set */

    /* In the middle of a block, with the instructions before it done and counted. */
    uint64_t count = env->tcg.icount;
    g_assert_true(debug_insert(DEBUG_BREAK_SW, 0x1008, 4, &err));
    cpu->halted = false;
    env->pc = 0x1000;
    run_to(CPU_STOP_POINT, 0x1008);
    g_assert_cmpint(cpu->debug.kind, ==, DEBUG_BREAK_SW);
    g_assert_cmpuint(env->tcg.icount - count, ==, 2);
    run_to(CPU_STOP_POINT, 0x1008); /* it stays until it is removed */
    g_assert_true(debug_remove(DEBUG_BREAK_SW, 0x1008, 4, &err));
    g_assert_false(debug_remove(DEBUG_BREAK_SW, 0x1008, 4, NULL));

    /* One instruction, then those of a range, through the branch. */
    cpu->debug.step = CPU_STEP_ENABLE;
    cpu->debug.step_first = 1;
    cpu->debug.step_last = 0;
    run_to(CPU_STOP_STEP, 0x100c);
    g_assert_cmpuint(env->tcg.icount - count, ==, 3);
    run_to(CPU_STOP_STEP, 0x1010);
    run_to(CPU_STOP_STEP, 0x1004);
    cpu->debug.step_first = 0x1000;
    cpu->debug.step_last = 0x1013;
    run_to(CPU_STOP_STEP, 0x1014);
    cpu->debug.step = 0;

    /* Before the access, which is not made, whatever part of it is watched. */
    ram[0x3020] = 77;
    g_assert_true(debug_insert(DEBUG_WATCH_WRITE, 0x3022, 64, &err));
    env->pc = 0x1000;
    run_to(CPU_STOP_POINT, 0x1004);
    g_assert_cmphex(cpu->debug.addr, ==, 0x3022);
    g_assert_cmpuint(ram[0x3020], ==, 77);
    debug_remove_all();
    g_assert_true(debug_insert(DEBUG_WATCH_READ, 0x3023, 1, &err));
    run_to(CPU_STOP_POINT, 0x100c);
    debug_remove_all();
    g_assert_true(debug_insert(DEBUG_WATCH_ACCESS, 0x3024, 8, &err));
    g_assert_false(debug_insert(DEBUG_WATCH_ACCESS, UINT64_MAX, 2, NULL));
    run(env->pc); /* beside it */
    debug_remove_all();
}

static void test_choose(void)
{
    g_autoptr(GString) help = g_string_new(NULL);

    setup(2);
    choose_fails("tgc", NULL, "no accelerator 'tgc' (did you mean 'tcg'?)");
    choose_fails("kvm", "tcg,thread=x", "invalid value 'x' for 'thread': expected one of multi, "
                                        "single");
    accel_help(help);
    g_assert_nonnull(strstr(help->str, "translates guest code"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcg/loop", test_loop);
    g_test_add_func("/tcg/cross-page", test_cross_page);
    g_test_add_func("/tcg/crossing-insn", test_crossing_insn);
    g_test_add_func("/tcg/jump-cache", test_jump_cache);
    g_test_add_func("/tcg/pages-and-bus", test_pages_and_bus);
    g_test_add_func("/tcg/cut-page", test_cut_page);
    g_test_add_func("/tcg/interrupt", test_interrupt);
    g_test_add_func("/tcg/exclusive", test_exclusive);
    g_test_add_func("/tcg/debug", test_debug);
    g_test_add_func("/tcg/choose", test_choose);
    return g_test_run();
}
