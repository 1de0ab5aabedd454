/*
 * A CPU of eight instructions with page tables that tests write, and a machine of one such CPU, for tests of the
 * translator's engine.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TESTS_TOY_CPU_H
#define VIREO_TESTS_TOY_CPU_H

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

static inline unsigned toy_len(uint16_t parcel)
{
    return parcel & 0x80 ? 2 : 4;
}

static inline void toy_translate(TBBuilder *b, uint32_t insn, unsigned len)
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

static inline bool toy_fill(CPUArchState *env, vaddr va, MMUAccess access, unsigned size, TLBFill *out)
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

static inline void toy_bus_error(CPUArchState *env, vaddr va, hwaddr pa, MMUAccess access)
{
    env->exc_kind = 2;
    env->exc_va = va;
}

static inline void toy_keys(CPUArchState *env, TLBKey *data, TLBKey *fetch)
{
    *data = *fetch = (TLBKey){ .root = env->root + 1, .asid = env->asid };
}

static inline void toy_exception(CPUArchState *env)
{
    env->exc_pc = env->tcg.pc;
    env->tcg.cpu->halted = true;
}

static inline bool toy_interrupt(CPUArchState *env)
{
    if (!__atomic_exchange_n(&env->irq, 0, __ATOMIC_SEQ_CST))
        return false;
    env->irq_taken++;
    env->x[7] = 0; /* what the spinning test waits for */
    return true;
}

static inline CPUArchState *toy_env(CPUState *cpu)
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

static inline vaddr toy_get_pc(CPUState *cpu)
{
    return toy_env(cpu)->pc;
}

static inline void toy_set_pc(CPUState *cpu, vaddr pc)
{
    toy_env(cpu)->pc = pc;
}

static inline void toy_class_init(ObjectClass *klass, const void *data)
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

static inline MemTxResult io_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    volatile double third = 1.0;

    third /= 3.0; /* inexact: none of the guest's business */
    (void)third;
    *value = 0x10 + addr;
    return MEMTX_OK;
}

static inline MemTxResult io_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    return MEMTX_ERROR;
}

static const MemoryRegionOps io_ops = { .read = io_read, .write = io_write };
static MemoryRegion io;

static inline void map(unsigned root, unsigned va_page, unsigned pa_page, uint8_t prot)
{
    tables[root][va_page] = (ToyPTE){ .ppn = pa_page, .prot = prot };
}

static inline void setup(unsigned tb_mib)
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

static inline void put(uint64_t pa, uint8_t op, uint8_t a, uint8_t b, uint8_t c)
{
    uint8_t bytes[4] = { op, a, b, c };

    address_space_write_rom(&ms->as, pa, bytes, op & 0x80 ? 2 : 4);
}

static inline void put_rel(uint64_t pa, uint8_t op, uint8_t a, int16_t off)
{
    put(pa, op, a, off & 0xff, off >> 8 & 0xff);
}

/* Runs until HALT or an exception; returns the instructions retired. */
static inline uint64_t run(vaddr pc)
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

static inline void load_once(vaddr va)
{
    put(0x1000, LD, 1, 2, 0);
    put(0x1004, HALT, 0, 0, 0);
    env->x[2] = va;
    env->exc_kind = 0;
    run(0x1000);
}

#endif
