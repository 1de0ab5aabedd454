/*
 * The translator's engine, driven by a CPU of eight instructions: chains and the jump cache under
 * changing mappings, TLB flushes, self-modifying code, pages crossed, counting, threads.
 *
 * SPDX-License-Identifier: MIT
 */
#include <glib.h>
#include <string.h>

#include "accel/debug.h"
#include "accel/exclusive.h"
#include "accel/tcg/internal.h"
#include "accel/tcg/ldst.h"
#include "accel/tcg/tlb.h"
#include "accel/tcg/translate.h"
#include "util/byteorder.h"
#include "util/host-fp.h"

#define RAM_SIZE (1 * MiB)
#define NR_PAGES 64 /* of toy virtual memory */

/* ---- The toy CPU. Instructions have 4 bytes (op, a, b, c), NOP2 has 2 (bit 7 of op set). ---- */
enum { ADDI = 1, LD, ST, BNZ, JMP, JR, HALT, SYNC, NOP2 = 0x80 };

typedef struct ToyPTE {
    uint32_t ppn;
    uint8_t prot;
    bool global;
    uint8_t page_bits;
} ToyPTE;

struct CPUArchState {
    CPUTCGState tcg;
    uint64_t x[8], pc;
    uint64_t asid;
    unsigned root;          /* which of the page tables */
    uint64_t exc_va;
    int exc_kind;           /* 0 none, 1 page fault, 2 bus error */
    uint64_t exc_pc;
    unsigned irq_taken;
    uint32_t irq;           /* atomic */
};

typedef struct ToyCPU {
    CPUState parent_obj;
    CPUArchState env;
} ToyCPU;

static ToyPTE tables[2][NR_PAGES];
static unsigned walks, translations;
/* Not 0: addresses from WIDE_VA on are one mapping of that many bits to the start of RAM (pieces of same bits). */
#define WIDE_VA 0x40000000ULL
static unsigned wide_bits, wide_same, wide_offset;
static uint8_t wide_prot;

static const TCGOp *op_addi(CPUArchState *env, const TCGOp *op)
{
    env->x[op->rd] = env->x[op->rs1] + op->imm;
    TCG_NEXT(env, op);
}

static const TCGOp *op_ld(CPUArchState *env, const TCGOp *op)
{
    env->tcg.cur = op;
    env->x[op->rd] = tcg_ld32(env, env->x[op->rs1] + op->imm);
    TCG_NEXT(env, op);
}

static const TCGOp *op_st(CPUArchState *env, const TCGOp *op)
{
    env->tcg.cur = op;
    tcg_st32(env, env->x[op->rs1] + op->imm, env->x[op->rd]);
    TCG_NEXT(env, op);
}

static const TCGOp *op_bnz(CPUArchState *env, const TCGOp *op)
{
    if (env->x[op->rd])
        TCG_TAKEN(env, op);
    TCG_NOT_TAKEN(env, op);
}

static const TCGOp *op_jmp(CPUArchState *env, const TCGOp *op)
{
    TCG_NEXT(env, op);
}

static const TCGOp *op_jr(CPUArchState *env, const TCGOp *op)
{
    env->tcg.pc = env->x[op->rd];
    TCG_EXIT_LOOKUP(env, op);
}

static const TCGOp *op_halt(CPUArchState *env, const TCGOp *op)
{
    __atomic_store_n(&env->tcg.cpu->halted, true, __ATOMIC_SEQ_CST);
    env->tcg.pc = op->imm;
    TCG_EXIT_MAIN(env, op);
}

static const TCGOp *op_sync(CPUArchState *env, const TCGOp *op)
{
    env->tcg.cur = op;
    tcg_fence_i(env);
    env->tcg.pc = op->imm;
    TCG_EXIT_LOOKUP(env, op);
}

static unsigned toy_len(uint16_t parcel)
{
    return parcel & 0x80 ? 2 : 4;
}

static void toy_translate(TBBuilder *b, uint32_t insn, unsigned len)
{
    static const TCGOpFn fns[] = { [ADDI] = op_addi, [LD] = op_ld,     [ST] = op_st,
                                   [BNZ] = op_bnz,   [JMP] = op_jmp,   [JR] = op_jr,
                                   [HALT] = op_halt, [SYNC] = op_sync };
    unsigned op = insn & 0xff;
    TCGOp *o;

    translations++;
    if (len == 2)
        return; /* a NOP needs no operation */
    o = tb_append(b, fns[op], insn, len);
    o->rd = insn >> 8 & 7;
    o->rs1 = insn >> 16 & 7;
    o->imm = (int8_t)(insn >> 24);
    switch (op) {
    case BNZ:
        tb_end_branch(b, b->pc + 4, b->pc + (int16_t)(insn >> 16));
        break;
    case JMP:
        tb_end_jump(b, b->pc + (int16_t)(insn >> 16));
        break;
    case HALT:
    case SYNC:
        o->imm = b->pc + 4;
        tb_end_exit(b);
        break;
    case JR:
        tb_end_exit(b);
        break;
    }
}

static bool toy_fill(CPUArchState *env, vaddr va, MMUAccess access, unsigned size, TLBFill *out)
{
    const ToyPTE *pte = &tables[env->root][(va >> 12) % NR_PAGES];

    walks++;
    if (wide_bits && va >= WIDE_VA) {
        out->pa = wide_offset + (wide_bits > 12 ? va - WIDE_VA : va & 0xfffff) % RAM_SIZE;
        out->prot = wide_prot;
        out->page_bits = wide_bits;
        out->same_bits = wide_same;
        return true;
    }
    if ((va >> 12) >= NR_PAGES || !(pte->prot & (1 << access))) {
        env->exc_kind = 1;
        env->exc_va = va;
        return false;
    }
    out->pa = ((uint64_t)pte->ppn << 12) | (va & 0xfff);
    out->prot = pte->prot;
    out->page_bits = pte->page_bits ? pte->page_bits : 12;
    out->global = pte->global;
    return true;
}

static void toy_bus_error(CPUArchState *env, vaddr va, hwaddr pa, MMUAccess access)
{
    env->exc_kind = 2;
    env->exc_va = va;
}

static void toy_keys(CPUArchState *env, TLBKey *data, TLBKey *fetch)
{
    *data = *fetch = (TLBKey){ .root = env->root + 1, .asid = env->asid };
}

static void toy_exception(CPUArchState *env)
{
    env->exc_pc = env->tcg.pc;
    env->tcg.cpu->halted = true;
}

static bool toy_interrupt(CPUArchState *env)
{
    if (!__atomic_exchange_n(&env->irq, 0, __ATOMIC_SEQ_CST))
        return false;
    env->irq_taken++;
    env->x[7] = 0; /* what the spinning test waits for */
    return true;
}

static CPUArchState *toy_env(CPUState *cpu)
{
    return &((ToyCPU *)cpu)->env;
}

static const TCGCPUOps toy_ops = {
    .get_env = toy_env,
    .translate_insn = toy_translate,
    .insn_len = toy_len,
    .tlb_fill = toy_fill,
    .bus_error = toy_bus_error,
    .tlb_keys = toy_keys,
    .deliver_exception = toy_exception,
    .take_interrupt = toy_interrupt,
};

static vaddr toy_get_pc(CPUState *cpu)
{
    return toy_env(cpu)->pc;
}

static void toy_set_pc(CPUState *cpu, vaddr pc)
{
    toy_env(cpu)->pc = pc;
}

static void toy_class_init(ObjectClass *klass, const void *data)
{
    CPUClass *cc = CPU_CLASS(klass);

    cc->tcg_ops = &toy_ops;
    cc->get_pc = toy_get_pc;
    cc->set_pc = toy_set_pc;
}

static const TypeInfo toy_types[] = {
    { .name = "toy-cpu", .parent = TYPE_CPU, .instance_size = sizeof(ToyCPU),
      .class_init = toy_class_init },
    { .name = "toy-machine", .parent = TYPE_MACHINE, .instance_size = sizeof(MachineState) },
};
type_init_array(toy_types);

/* ---- A machine of one such CPU ---- */
static MachineState *ms;
static AccelClass *ac;
static CPUState *cpu;
static CPUArchState *env;
static uint8_t *ram;

static MemTxResult io_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    volatile double third = 1.0;

    third /= 3.0; /* inexact: none of the guest's business */
    (void)third;
    *value = 0x10 + addr;
    return MEMTX_OK;
}

static MemTxResult io_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    return MEMTX_ERROR;
}

static const MemoryRegionOps io_ops = { .read = io_read, .write = io_write };
static MemoryRegion io;

static void map(unsigned root, unsigned va_page, unsigned pa_page, uint8_t prot)
{
    tables[root][va_page] = (ToyPTE){ .ppn = pa_page, .prot = prot };
}

static void setup(unsigned tb_mib)
{
    static const char *const spec[] = { "tcg", NULL };
    Error *err = NULL;
    unsigned failed;

    if (!ms) {
        ms = (MachineState *)object_new_known("toy-machine");
        object_add_child(object_root(), "machine", ms, NULL);
        g_assert_true(memory_region_init_ram(&ms->ram, ms, "ram", RAM_SIZE, &err));
        memory_region_add_subregion(&ms->system_memory, 0, &ms->ram);
        memory_region_init_io(&io, ms, &io_ops, NULL, NULL, "io", 0x1000);
        memory_region_add_subregion(&ms->system_memory, 0x200000, &io);
        ms->accel = accel_choose(spec, ms, &failed, &err);
        g_assert_nonnull(ms->accel);
        ac = ACCEL_CLASS(((Object *)ms->accel)->klass);
        cpu = (CPUState *)object_new_known("toy-cpu");
        cpu->as = &ms->as;
        cpu_list_add(cpu);
        cpu->accel = ac;
        this_cpu = cpu;
        g_assert_true(ac->cpu_create(cpu, &err));
        env = toy_env(cpu);
        ram = ms->ram.ram->host;
    }
    for (unsigned r = 0; r < 2; r++)
        for (unsigned i = 0; i < NR_PAGES; i++)
            map(r, i, i, PAGE_READ | PAGE_WRITE | PAGE_EXEC);
    /* As a loader would: code that was there is stale. */
    g_autofree uint8_t *zero = g_malloc0(RAM_SIZE);
    address_space_write_rom(&ms->as, 0, zero, RAM_SIZE);
    tcg_tlb_flush_all(env);
    memset(env->x, 0, sizeof(env->x));
    env->root = 0;
    env->asid = 0;
    env->exc_kind = 0;
    env->irq_taken = 0;
    walks = translations = 0;
}

static void put(uint64_t pa, uint8_t op, uint8_t a, uint8_t b, uint8_t c)
{
    uint8_t bytes[4] = { op, a, b, c };

    address_space_write_rom(&ms->as, pa, bytes, op & 0x80 ? 2 : 4);
}

static void put_rel(uint64_t pa, uint8_t op, uint8_t a, int16_t off)
{
    put(pa, op, a, off & 0xff, off >> 8 & 0xff);
}

/* Runs until HALT or an exception; returns the instructions retired. */
static uint64_t run(vaddr pc)
{
    uint64_t before = env->tcg.icount;
    CPUExit why;

    env->pc = pc;
    cpu->halted = false;
    do {
        why = ac->exec(cpu);
    } while (why == CPU_EXIT_ATTENTION);
    g_assert_cmpint(why, ==, CPU_EXIT_HALTED);
    return env->tcg.icount - before;
}

/* ---- Tests ---- */

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

/* A program stores over its own code, beside it, and over another block. */
static void test_self_modifying(void)
{
    setup(2);
    /* x2 = address, x3 = new instruction; store; sync; call it */
    put(0x1000, ST, 3, 2, 0);
    put(0x1004, SYNC, 0, 0, 0);
    put_rel(0x1008, JMP, 0, 0x100 - 8);
    put(0x1100, ADDI, 1, 0, 1);
    put(0x1104, HALT, 0, 0, 0);
    env->x[2] = 0x1100;
    for (int i = 1; i < 20; i++) {
        env->x[3] = ADDI | 1 << 8 | i << 24;
        run(0x1000);
        g_assert_cmpint(env->x[1], ==, i);
    }
    /* Data beside code, in another 64 bytes: nothing is translated again. */
    env->x[2] = 0x1800;
    env->x[3] = 1;
    run(0x1000);
    unsigned before = translations;
    for (int i = 0; i < 100; i++)
        run(0x1000);
    g_assert_cmpuint(translations, ==, before);
    g_assert_cmpuint(ldn_le(ram + 0x1800, 4), ==, 1);
}

/* Stores value to va by a program on a page of its own. */
static void store_by_guest(vaddr va, uint32_t value)
{
    env->x[2] = va;
    env->x[3] = value;
    run(0x3000);
}

/* Whether stores to the page are noticed. */
static bool is_watched(uint64_t offset)
{
    return !ram_block_page_dirty(ms->ram.ram, DIRTY_CODE, offset);
}

static void run_5000(int expected)
{
    run(0x5000);
    g_assert_cmpint(env->x[1], ==, expected);
}

/* How long a page is watched: what was freed is let go, what becomes code again and again is not, and
 * a page of code and data stays right whichever it is. */
static void test_page_patience(void)
{
    unsigned before, lost = 0;

    setup(2);
    put(0x3000, ST, 3, 2, 0);
    put(0x3004, SYNC, 0, 0, 0);
    put(0x3008, HALT, 0, 0, 0);
    put(0x5000, ADDI, 1, 0, 1);
    put(0x5004, HALT, 0, 0, 0);
    run_5000(1);
    g_assert_true(is_watched(0x5000));
    store_by_guest(0x5000, ADDI | 1 << 8 | 2 << 24);
    g_assert_false(is_watched(0x5000)); /* the first time at once */
    run_5000(2);
    for (int i = 3; i < 100; i++) {
        store_by_guest(0x5000, ADDI | 1 << 8 | i << 24);
        g_assert_true(is_watched(0x5000));
        run_5000(i);
    }
    for (int i = 0; i < 16; i++)
        store_by_guest(0x5000 + 8 * i, 0);
    g_assert_false(is_watched(0x5000));
    /* Data beside code: now and then the code is made again, and less and less often. */
    store_by_guest(0x5000, ADDI | 1 << 8 | 5 << 24);
    put(0x5004, HALT, 0, 0, 0);
    run_5000(5);
    before = translations;
    for (int i = 0; i < 20000; i++) {
        store_by_guest(0x5800, i);
        run_5000(5);
        g_assert_cmpuint(ldn_le(ram + 0x5800, 4), ==, i);
        lost += translations != before;
        before = translations;
    }
    g_assert_cmpuint(lost, >, 1);
    g_assert_cmpuint(lost, <, 10);
    store_by_guest(0x5000, ADDI | 1 << 8 | 6 << 24);
    run_5000(6);
}

/* Writes that do not come from a vCPU's TLB. */
static void test_dma_over_code(void)
{
    uint8_t insn[4] = { ADDI, 1, 0, 9 };

    setup(2);
    put(0x5000, ADDI, 1, 0, 8);
    put(0x5004, HALT, 0, 0, 0);
    run(0x5000);
    g_assert_true(dma_write(&ms->as, 0x5000, insn, 4));
    run(0x5000);
    g_assert_cmpuint(env->x[1], ==, 9);
    insn[3] = 10;
    void *host = dma_map(&ms->as, 0x5000, 4, true);
    memcpy(host, insn, 4);
    dma_unmap(&ms->as, host, 4, true, 4);
    run(0x5000);
    g_assert_cmpuint(env->x[1], ==, 10);
}

/* A store that passed its check before the page became code: fence.i finds what nobody noticed. */
static void test_recheck(void)
{
    TCGState *s;
    uint8_t insn[4] = { ADDI, 1, 0, 9 };

    setup(2);
    s = TCG_STATE(ms->accel);
    put(0x1000, SYNC, 0, 0, 0);
    put(0x1004, JR, 2, 0, 0);
    put(0x5000, ADDI, 1, 0, 8);
    put(0x5004, HALT, 0, 0, 0);
    env->x[2] = 0x5000;
    run(0x1000);
    g_mutex_lock(&s->lock);
    recheck_add(s, ms->ram.ram, 0x5000);
    g_mutex_unlock(&s->lock);
    memcpy(ram + 0x5000, insn, 4);
    run(0x5000);
    g_assert_cmpuint(env->x[1], ==, 8); /* without fence.i nothing is promised */
    run(0x1000);
    g_assert_cmpuint(env->x[1], ==, 9);
    g_assert_cmpuint(s->n_suspects, ==, 0);
}

static void load_once(vaddr va)
{
    put(0x1000, LD, 1, 2, 0);
    put(0x1004, HALT, 0, 0, 0);
    env->x[2] = va;
    env->exc_kind = 0;
    run(0x1000);
}

static void test_tlb_flushes(void)
{
    setup(2);
    stn_le(ram + 0xb000, 4, 0xb);
    stn_le(ram + 0xc000, 4, 0xc);
    map(0, 20, 0xb, 7);
    load_once(0x14000);
    g_assert_cmphex(env->x[1], ==, 0xb);
    map(0, 20, 0xc, 7);
    unsigned w = walks;
    load_once(0x14000);
    g_assert_cmphex(env->x[1], ==, 0xb); /* still cached */
    g_assert_cmpuint(walks, ==, w);
    tcg_tlb_flush_page(env, 0x14000, 5); /* another ASID */
    load_once(0x14000);
    g_assert_cmphex(env->x[1], ==, 0xb);
    tcg_tlb_flush_page(env, 0x14000, 0);
    load_once(0x14000);
    g_assert_cmphex(env->x[1], ==, 0xc);
    /* Globals survive a flush by ASID, not one of every ASID. */
    map(0, 20, 0xb, 7);
    tables[0][20].global = true;
    tcg_tlb_flush_asid(env, 0);
    load_once(0x14000);
    g_assert_cmphex(env->x[1], ==, 0xb);
    map(0, 20, 0xc, 7);
    tcg_tlb_flush_asid(env, 0);
    tcg_tlb_flush_page(env, 0x14000, 0);
    load_once(0x14000);
    g_assert_cmphex(env->x[1], ==, 0xb);
    tcg_tlb_flush_page(env, 0x14000, -1);
    load_once(0x14000);
    g_assert_cmphex(env->x[1], ==, 0xc);
    /* One address of a large page flushes all of it. */
    for (unsigned i = 32; i < 48; i++)
        tables[0][i] = (ToyPTE){ .ppn = 0xb, .prot = 7, .page_bits = 16 };
    tcg_tlb_flush_all(env);
    load_once(0x21000);
    load_once(0x25000);
    g_assert_cmphex(env->x[1], ==, 0xb);
    for (unsigned i = 32; i < 48; i++)
        tables[0][i].ppn = 0xc;
    tcg_tlb_flush_page(env, 0x2f000, 0);
    load_once(0x25000);
    g_assert_cmphex(env->x[1], ==, 0xc);
}

/* Contexts: coming back to an address space costs no walk. */
static void test_tlb_contexts(void)
{
    setup(2);
    load_once(0x14000);
    env->root = 1;
    env->asid = 1;
    tcg_tlb_switch(env);
    load_once(0x14000);
    unsigned w = walks;
    for (int i = 0; i < 10; i++) {
        env->root = i & 1;
        env->asid = i & 1;
        tcg_tlb_switch(env);
        load_once(0x14000);
    }
    g_assert_cmpuint(walks, ==, w);
}

static uint8_t *probe(vaddr va, MMUAccess access)
{
    TLBProbe p;

    g_assert_true(tlb_probe(env, va, access, 8, &p));
    return p.host;
}

/* Walks that it takes to come to n pages, first to last. */
static unsigned sweep(vaddr va, unsigned n)
{
    unsigned before = walks;

    for (unsigned i = 0; i < n; i++)
        g_assert_true(probe(va + i * 4096ULL, MMU_LOAD) == ram + ((va & 0xff000) + i * 4096ULL) % RAM_SIZE);
    return walks - before;
}

/* A table that is too small grows, what it holds comes along, and programs that are slow do not count. */
static void test_tlb_grows(void)
{
    setup(2);
    env->root = 1;
    env->asid = 77;
    tcg_tlb_switch(env);
    wide_bits = 12;
    wide_prot = PAGE_READ | PAGE_WRITE;
    uint64_t first = tlb_mask(env->tcg.tlb), resized = env->tcg.tlbs->n_resized;
    for (unsigned n = 0; n < 20 * 700; n++) {
        sweep(WIDE_VA + n % 700 * 4096, 1);
        env->tcg.icount += 10000;
    }
    g_assert_cmpuint(tlb_mask(env->tcg.tlb), ==, first);
    for (unsigned round = 0; round < 6; round++)
        sweep(WIDE_VA, 4000);
    g_assert_cmpuint(tlb_mask(env->tcg.tlb), >, first);
    g_assert_cmpuint(env->tcg.tlbs->n_resized, >, resized);
    g_assert_true(env->tcg.tlb == env->tcg.tlb_fetch);
    g_assert_cmpuint(tlb_mask(env->tcg.tlb), ==, env->tcg.tlb_fetch_mask);
    g_assert_cmpuint(sweep(WIDE_VA, 4000), ==, 0);
    /* Flushes find what is in a large one. */
    tcg_tlb_flush_page(env, WIDE_VA + 3999 * 4096ULL, 77);
    g_assert_cmpuint(sweep(WIDE_VA, 4000), ==, 1);
    tcg_tlb_flush_asid(env, 77);
    g_assert_cmpuint(sweep(WIDE_VA, 4000), ==, 4000);
    /* So does who protects pages. */
    probe(WIDE_VA + 5 * 4096, MMU_STORE);
    g_assert_true(tlb_protect_page(env->tcg.tlbs, (uintptr_t)ram + 5 * 4096));
    tcg_tlb_flush_all(env);
    g_assert_cmpuint(sweep(WIDE_VA, 4000), ==, 4000);
    wide_bits = 0;
    env->root = 0;
    env->asid = 0;
    tcg_tlb_switch(env);
}

/* A leaf of many pages is flushed as one, and what lies beside it stays. */
static void test_tlb_flush_near_large(void)
{
    setup(2);
    env->root = 1;
    env->asid = 78;
    tcg_tlb_switch(env);
    wide_prot = PAGE_READ | PAGE_WRITE;
    wide_bits = 12;
    for (unsigned round = 0; round < 6; round++)
        sweep(WIDE_VA, 4000);
    tcg_tlb_flush_all(env);
    g_assert_cmpuint(tlb_mask(env->tcg.tlb) / sizeof(TLBEntry), >=, 2047);
    g_assert_cmpuint(sweep(WIDE_VA, 512), ==, 512);
    wide_bits = 21; /* two pieces, each page of them asked for */
    g_assert_cmpuint(sweep(WIDE_VA + 512 * 4096, 1024), ==, 1024);
    wide_bits = 12;
    tcg_tlb_flush_page(env, WIDE_VA + 100 * 4096, 78);
    g_assert_cmpuint(sweep(WIDE_VA, 1536), ==, 1);
    tcg_tlb_flush_page(env, WIDE_VA + 700 * 4096, 78);
    g_assert_cmpuint(sweep(WIDE_VA, 1536), ==, 512);
    /* A GiB: all of it, wherever it is flushed. */
    wide_bits = 30;
    tcg_tlb_flush_page(env, WIDE_VA + 100 * 4096, 78);
    g_assert_cmpuint(sweep(WIDE_VA, 1536), ==, 1);
    wide_bits = 12;
    tcg_tlb_flush_page(env, WIDE_VA + 1400 * 4096, 78);
    g_assert_cmpuint(sweep(WIDE_VA, 1536), ==, 513);
    wide_bits = 0;
    env->root = 0;
    env->asid = 0;
    tcg_tlb_switch(env);
}

/* What was remembered of code goes with a page of code, in the table still or not, and stays with any other. */
static void test_tlb_flush_keeps_code(void)
{
    setup(2);
    wide_bits = 12;
    wide_prot = PAGE_READ | PAGE_EXEC;
    uint64_t apart = (tlb_mask(env->tcg.tlb) / sizeof(TLBEntry) + 1) * 4096;
    for (unsigned n = 0; n < 12; n++) /* more than an entry and its victims */
        probe(WIDE_VA + n * apart, MMU_FETCH);
    wide_prot = PAGE_READ | PAGE_WRITE;
    probe(WIDE_VA + 0x5000, MMU_STORE);
    uint64_t gen = env->tcg.fetch_gen;
    tcg_tlb_flush_page(env, WIDE_VA + 0x7000, 0); /* never seen */
    tcg_tlb_flush_page(env, WIDE_VA + 0x5000, 0);
    g_assert_cmpuint(env->tcg.fetch_gen, ==, gen);
    g_assert_cmpuint(sweep(WIDE_VA + 0x5000, 1), ==, 1);
    tcg_tlb_flush_page(env, WIDE_VA, 0);
    g_assert_cmpuint(env->tcg.fetch_gen, !=, gen);
    wide_bits = 0;
}

/* A fresh address space has what is global in another, of the same guest and with the same levels; and nothing else. */
static void test_tlb_inherits(void)
{
    setup(2);
    env->asid = 1;
    env->root = 1;
    for (unsigned i = 20; i < 24; i++) {
        map(0, i, 0xb, 7);
        map(1, i, 0xb, 7);
        tables[0][i].global = tables[1][i].global = i < 22;
    }
    tcg_tlb_switch(env);
    for (unsigned i = 20; i < 24; i++)
        load_once(i * 4096);
    unsigned w = walks;
    env->asid = 3;
    tcg_tlb_switch(env);
    load_once(20 * 4096);
    load_once(21 * 4096);
    unsigned code = walks - w; /* what the program itself needs */
    load_once(22 * 4096);
    g_assert_cmpuint(walks - w, ==, code + 1);
    /* Flushes of the one and of all find them. */
    w = walks;
    tcg_tlb_flush_page(env, 20 * 4096, 3); /* leaves what is global */
    load_once(20 * 4096);
    g_assert_cmpuint(walks, ==, w);
    tcg_tlb_flush_page(env, 20 * 4096, -1);
    load_once(20 * 4096);
    g_assert_cmpuint(walks, ==, w + 1);
    /* Another guest has nothing of it. */
    env->asid = 4 << 16;
    tcg_tlb_switch(env);
    w = walks;
    load_once(20 * 4096);
    load_once(21 * 4096);
    g_assert_cmpuint(walks - w, >=, 2 + code);
    env->root = 0;
    env->asid = 0;
    tcg_tlb_switch(env);
}

/* Two pages that want the same entry: the victims have the other. */
static void test_tlb_victims(void)
{
    setup(2);
    wide_bits = 12;
    wide_prot = PAGE_READ | PAGE_WRITE;
    uint64_t apart = (tlb_mask(env->tcg.tlb) / sizeof(TLBEntry) + 1) * 4096;
    for (unsigned round = 0; round < 10; round++)
        for (unsigned n = 0; n < 4; n++)
            g_assert_true(probe(WIDE_VA + n * apart, MMU_LOAD) == ram + n * apart % RAM_SIZE);
    g_assert_cmpuint(walks, ==, 4);
    tcg_tlb_flush_page(env, WIDE_VA + 2 * apart, 0);
    for (unsigned n = 0; n < 4; n++)
        probe(WIDE_VA + n * apart, MMU_LOAD);
    g_assert_cmpuint(walks, ==, 5);
    wide_bits = 0;
}

/* What one leaf says of many pages is asked once, as far as it holds, and flushed as one. */
static void test_tlb_large(void)
{
    setup(2);
    wide_bits = wide_same = 21;
    wide_prot = PAGE_READ;
    g_assert_cmpuint(sweep(WIDE_VA, 256), ==, 1);
    g_assert_cmpuint(env->tcg.tlbs->n_large, >=, 255);
    /* The next piece is another one; pieces may be smaller than the mapping. */
    g_assert_cmpuint(sweep(WIDE_VA + (2 << 20), 256), ==, 1);
    wide_same = 16;
    tcg_tlb_flush_page(env, WIDE_VA + 0x77000, 0);
    g_assert_cmpuint(sweep(WIDE_VA, 256), ==, 16);
    /* A store was not allowed: the walk says so, or what has changed since. */
    wide_prot |= PAGE_WRITE;
    unsigned before = walks;
    g_assert_nonnull(probe(WIDE_VA + 0x3000, MMU_STORE));
    g_assert_nonnull(probe(WIDE_VA + 0x4000, MMU_STORE));
    g_assert_cmpuint(walks - before, ==, 1);
    /* Another mapping, seen after a flush of any of its addresses. */
    wide_offset = 0x10000;
    g_assert_true(probe(WIDE_VA + 0x5000, MMU_STORE) == ram + 0x5000);
    tcg_tlb_flush_page(env, WIDE_VA + 0x1ff000, 0);
    g_assert_true(probe(WIDE_VA + 0x5000, MMU_STORE) == ram + 0x15000);
    g_assert_true(probe(WIDE_VA + 0x6000, MMU_LOAD) == ram + 0x16000);
    /* And by address space. */
    wide_offset = 0;
    tcg_tlb_flush_asid(env, 0);
    g_assert_true(probe(WIDE_VA + 0x6000, MMU_LOAD) == ram + 0x6000);
    wide_bits = wide_same = 0;
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

/* More code than the arena holds: everything is dropped and made again. */
static void test_arena_full(void)
{
    setup(2);
    for (int round = 0; round < 200; round++) {
        for (unsigned i = 0; i < 400; i++) {
            put(0x10000 + i * 8, ADDI, 1, 1, round & 1 ? 1 : 2);
            put_rel(0x10004 + i * 8, JMP, 0, 4);
        }
        put(0x10000 + 400 * 8, HALT, 0, 0, 0);
        env->x[1] = 0;
        g_assert_cmpuint(run(0x10000), ==, 801);
        g_assert_cmpuint(env->x[1], ==, round & 1 ? 400 : 800);
    }
}

/* The oldest blocks go while others stay, and nothing leads from one to the other afterwards. */
static void test_generations(void)
{
    enum { BLOCKS = 400, ROUNDS = 250 };
    TCGState *s;
    TranslationBlock *tb;
    uint64_t links = 0, size, flushes;

    setup(2);
    s = TCG_STATE(ms->accel);
    size = s->arena_size;
    s->arena_size = 4 * MiB;
    tb_flush(s);
    flushes = s->n_flushes;
    g_assert_cmpuint(s->blocks.n, ==, 4);
    put(0x9000, ADDI, 2, 2, 1);
    put(0x9004, HALT, 0, 0, 0);
    env->x[2] = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int step = round % 2 + 1;
        for (unsigned i = 0; i < BLOCKS; i++) {
            put(0x10000 + i * 8, ADDI, 1, 1, step);
            put_rel(0x10004 + i * 8, JMP, 0, 4);
        }
        put_rel(0x10000 + BLOCKS * 8, JMP, 0, 0x9000 - (0x10000 + BLOCKS * 8));
        env->x[1] = 0;
        run(0x10000);
        g_assert_cmpuint(env->x[1], ==, step * BLOCKS);
        g_assert_cmpuint(env->x[2], ==, round + 1);
        g_assert_cmpuint(s->n_tbs, <, 2 * BLOCKS);
        tb = tb_lookup(s, (ms->ram.ram->ram_addr + 0x9000) >> TARGET_PAGE_BITS, 0x9000, 0, TB_NO_PAGE,
                       (uintptr_t)ram);
        for (TCGOp *op = tb ? tb->jmp_in : NULL; op; op = op->link) {
            g_assert_true(chain_load(op) == tb);
            links++;
        }
    }
    g_assert_cmpuint(links, >, ROUNDS);
    g_assert_cmpuint(s->blocks.n_emptied, >, 4);
    g_assert_cmpuint(s->n_flushes, ==, flushes);
    s->arena_size = size;
    tb_flush(s);
}

/* The book-keeping alone. */
static void test_generation_order(void)
{
    Generations g = { 0 };

    generations_init(&g, 5 * MiB, 128);
    g_assert_cmpuint(g.n, ==, 5);
    for (unsigned n = 0; n < 4; n++) {
        g_assert_cmpuint(g.current, ==, n);
        g_assert_cmpuint(generations_oldest(&g), ==, g.n);
        g.used[n] = g.part;
        g_assert_true(generations_next(&g));
    }
    /* In the last one: the first should go now, and has to when that is full. */
    g_assert_cmpuint(generations_oldest(&g), ==, 0);
    g.used[4] = g.part;
    g_assert_false(generations_next(&g));
    g_assert_true(g.full);
    g.going = generations_oldest(&g);
    g_assert_cmpuint(g.going, ==, 0);
    g_assert_cmpuint(generations_oldest(&g), ==, g.n); /* one at a time */
    g_assert_false(generations_next(&g));
    generations_emptied(&g);
    g_assert_cmpuint(g.used[0], ==, 128);
    g_assert_false(g.full);
    g_assert_true(generations_next(&g));
    g_assert_cmpuint(g.current, ==, 0);
    /* Too little for more than one: it goes as a whole. */
    generations_init(&g, 1 * MiB, 0);
    g_assert_cmpuint(g.n, ==, 1);
    g.used[0] = 1;
    g_assert_cmpuint(generations_oldest(&g), ==, 1);
    g_assert_false(generations_next(&g));
    g_assert_cmpuint(generations_oldest(&g), ==, 0);
}

static void *interrupter(void *opaque)
{
    g_usleep(20000);
    __atomic_store_n(&env->irq, 1, __ATOMIC_SEQ_CST);
    cpu_attention(cpu, CPU_ATTN_IRQ);
    return NULL;
}

/* A loop sees an interrupt from another thread. */
static void test_interrupt(void)
{
    setup(2);
    put(0x1000, ADDI, 7, 0, 1);
    put_rel(0x1004, BNZ, 7, 0);
    put(0x1008, HALT, 0, 0, 0);
    GThread *t = g_thread_new("irq", interrupter, NULL);
    run(0x1000);
    g_thread_join(t);
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
    setup(2);
    put(0x1000, ADDI, 7, 0, 1);
    put_rel(0x1004, BNZ, 7, 0);
    put(0x1008, HALT, 0, 0, 0);
    GThread *t = g_thread_new("exclusive", excluder, NULL);
    run(0x1000);
    g_thread_join(t);
    g_assert_cmpuint(inside_exclusive, ==, 50);
}

/* Stores that take the fast path are seen by those who log dirty pages. */
static void test_dirty_log(void)
{
    RAMBlock *b = ms->ram.ram;
    unsigned long pages[1];

    setup(2);
    put(0x1000, ST, 3, 2, 0);
    put(0x1004, HALT, 0, 0, 0);
    env->x[2] = 0x9000;
    run(0x1000); /* the TLB knows the page, and lets stores pass */
    g_assert_true(ram_block_collect_dirty(b, DIRTY_DISPLAY, 0x8000, 0x4000, pages));
    for (int i = 0; i < 3; i++) {
        g_assert_false(ram_block_collect_dirty(b, DIRTY_DISPLAY, 0x8000, 0x4000, pages));
        run(0x1000);
        run(0x1000); /* quick again */
        g_assert_true(ram_block_collect_dirty(b, DIRTY_DISPLAY, 0x8000, 0x4000, pages));
        g_assert_cmphex(pages[0], ==, 2);
    }
    /* Two who want to know, and a page that is mapped elsewhere too. */
    map(0, 20, 9, PAGE_READ | PAGE_WRITE);
    g_assert_true(ram_block_collect_dirty(b, DIRTY_MIGRATION, 0x9000, 0x1000, pages));
    env->x[2] = 20 * 0x1000;
    run(0x1000);
    g_assert_true(ram_block_collect_dirty(b, DIRTY_DISPLAY, 0x9000, 0x1000, pages));
    run(0x1000);
    g_assert_true(ram_block_collect_dirty(b, DIRTY_MIGRATION, 0x9000, 0x1000, pages));
    g_assert_true(ram_block_collect_dirty(b, DIRTY_DISPLAY, 0x9000, 0x1000, pages));
    /* Nobody any more. */
    ram_block_set_dirty(b, DIRTY_DISPLAY, 0, RAM_SIZE);
    ram_block_set_dirty(b, DIRTY_MIGRATION, 0, RAM_SIZE);
    run(0x1000);
    g_assert_false(ram_block_page_watched(b, 0x9000));
}

static uint32_t copied;

static void *copier(void *opaque)
{
    unsigned long pages[1];

    for (int i = 0; i < 300; i++) {
        if (ram_block_collect_dirty(ms->ram.ram, DIRTY_DISPLAY, 0x9000, 0x1000, pages)) {
            uint32_t now = __atomic_load_n((uint32_t *)(ram + 0x9000), __ATOMIC_RELAXED);

            g_assert_cmpuint(now, >=, copied);
            copied = now;
        }
        g_usleep(50);
    }
    __atomic_store_n(&env->irq, 1, __ATOMIC_SEQ_CST);
    cpu_attention(cpu, CPU_ATTN_IRQ);
    return NULL;
}

/* A copy that is made from what was written is complete in the end, whenever it was looked. */
static void test_dirty_race(void)
{
    unsigned long pages[1];

    setup(2);
    put(0x1000, ADDI, 1, 1, 1);
    put(0x1004, ST, 1, 2, 0);
    put_rel(0x1008, BNZ, 7, -8);
    put(0x100c, HALT, 0, 0, 0);
    env->x[2] = 0x9000;
    env->x[7] = 1;
    copied = 0;
    GThread *t = g_thread_new("copier", copier, NULL);
    run(0x1000);
    g_thread_join(t);
    if (ram_block_collect_dirty(ms->ram.ram, DIRTY_DISPLAY, 0x9000, 0x1000, pages)) {
        copied = ldn_le(ram + 0x9000, 4);
    }
    g_assert_cmpuint(copied, ==, ldn_le(ram + 0x9000, 4));
    g_assert_cmpuint(copied, >, 0);
    ram_block_set_dirty(ms->ram.ram, DIRTY_DISPLAY, 0, RAM_SIZE);
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
    g_test_add_func("/tcg/self-modifying", test_self_modifying);
    g_test_add_func("/tcg/page-patience", test_page_patience);
    g_test_add_func("/tcg/dma-over-code", test_dma_over_code);
    g_test_add_func("/tcg/recheck", test_recheck);
    g_test_add_func("/tcg/tlb-flushes", test_tlb_flushes);
    g_test_add_func("/tcg/tlb-contexts", test_tlb_contexts);
    g_test_add_func("/tcg/tlb-grows", test_tlb_grows);
    g_test_add_func("/tcg/tlb-victims", test_tlb_victims);
    g_test_add_func("/tcg/tlb-large", test_tlb_large);
    g_test_add_func("/tcg/tlb-flush-near-large", test_tlb_flush_near_large);
    g_test_add_func("/tcg/tlb-flush-keeps-code", test_tlb_flush_keeps_code);
    g_test_add_func("/tcg/tlb-inherits", test_tlb_inherits);
    g_test_add_func("/tcg/pages-and-bus", test_pages_and_bus);
    g_test_add_func("/tcg/cut-page", test_cut_page);
    g_test_add_func("/tcg/arena-full", test_arena_full);
    g_test_add_func("/tcg/generations", test_generations);
    g_test_add_func("/tcg/generation-order", test_generation_order);
    g_test_add_func("/tcg/interrupt", test_interrupt);
    g_test_add_func("/tcg/exclusive", test_exclusive);
    g_test_add_func("/tcg/dirty-log", test_dirty_log);
    g_test_add_func("/tcg/dirty-race", test_dirty_race);
    g_test_add_func("/tcg/debug", test_debug);
    g_test_add_func("/tcg/choose", test_choose);
    return g_test_run();
}
