/*
 * SSE: software events, which come before every other trap. There are four: the local and the global
 * one that software injects, the overflow of a counter, and the double trap of S. The global one is
 * kept by the first hart. One lock for all of them, that of the first hart's device: events are rare.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/bits.h"
#include "target/riscv/cfi.h"
#include "target/riscv/causes.h"
#include "target/riscv/csr.h"
#include "target/riscv/ext.h"
#include "target/riscv/mmu.h"
#include "target/riscv/mode.h"
#include "target/riscv/sbi/firmware.h"
#include "target/riscv/sbi/internal.h"
#include "target/riscv/trap.h"
#include "util/bits.h"
#include "util/byteorder.h"

enum { SSE_UNUSED, SSE_REGISTERED, SSE_ENABLED, SSE_RUNNING };
enum { LOCAL_PMU, LOCAL_SOFTWARE, LOCAL_DOUBLE_TRAP };
enum {
    ATTR_STATUS, ATTR_PRIORITY, ATTR_CONFIG, ATTR_HART, ATTR_ENTRY_PC, ATTR_ENTRY_ARG, ATTR_SEPC,
    ATTR_FLAGS, ATTR_A6, ATTR_A7, NR_ATTRS,
};

#define ID_DOUBLE_TRAP 0x00000001u
#define ID_PMU 0x00010000u
#define ID_LOCAL 0xffff0000u
#define ID_GLOBAL 0xffff8000u

/* What the flags say of the interrupted state. */
enum { FLAG_SPP = 1, FLAG_SPIE = 2, FLAG_SPV = 4, FLAG_SPVP = 8, FLAG_SPELP = 16, FLAG_SDT = 32 };

static RISCVCPU *first_hart(void)
{
    return (RISCVCPU *)cpu_list()->cpus[0];
}

static void lock(void)
{
    g_mutex_lock(&DEVICE(first_hart())->lock);
}

static void unlock(void)
{
    g_mutex_unlock(&DEVICE(first_hart())->lock);
}

static SBIEvent *global_event(void)
{
    return &first_hart()->sbi.global_event;
}

/* Events that the standard names and this machine has no source for. */
static bool known_elsewhere(uint32_t id)
{
    static const uint32_t ids[] = { 0x00000000, ID_DOUBLE_TRAP, 0x00008000, 0x00100000, 0x00108000,
                                    ID_PMU };

    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        if (ids[i] == id)
            return true;
    }
    return false;
}

static SBIEvent *find(RISCVCPU *cpu, uint32_t id, int64_t *error)
{
    *error = SBI_SUCCESS;
    if (id == ID_LOCAL)
        return &cpu->sbi.event[LOCAL_SOFTWARE];
    if (id == ID_GLOBAL)
        return global_event();
    if (id == ID_PMU && riscv_ext_on(&cpu->env, EXT_SSCOFPMF))
        return &cpu->sbi.event[LOCAL_PMU];
    if (id == ID_DOUBLE_TRAP && riscv_ext_on(&cpu->env, EXT_SSDBLTRP))
        return &cpu->sbi.event[LOCAL_DOUBLE_TRAP];
    *error = known_elsewhere(id) ? SBI_ERR_NOT_SUPPORTED : SBI_ERR_INVALID_PARAM;
    return NULL;
}

/* ---- Which event comes first ---- */

/* The events of a hart with their numbers, which decide between equal priorities. */
static SBIEvent *event_at(RISCVCPU *cpu, unsigned i, uint32_t *id)
{
    static const uint32_t ids[] = { ID_PMU, ID_LOCAL, ID_DOUBLE_TRAP, ID_GLOBAL };

    *id = ids[i];
    return i < SBI_LOCAL_EVENTS ? &cpu->sbi.event[i] : global_event();
}

enum { NR_EVENTS = SBI_LOCAL_EVENTS + 1 };

static SBIEvent *first_of(RISCVCPU *cpu, bool running, uint64_t *rank)
{
    SBIEvent *best = NULL;

    *rank = UINT64_MAX;
    for (unsigned i = 0; i < NR_EVENTS; i++) {
        uint32_t id;
        SBIEvent *e = event_at(cpu, i, &id);
        uint64_t mine = (uint64_t)e->priority << 32 | id;
        bool fits = running ? e->state == SSE_RUNNING && e->hart == cpu->hartid
                            : e->state == SSE_ENABLED && e->pending;

        if (fits && mine < *rank) {
            best = e;
            *rank = mine;
        }
    }
    return best;
}

bool sbi_sse_ready(const RISCVCPU *cpu)
{
    return cpu->sbi.sse_unmasked;
}

/* ---- Into a handler and out ---- */

static void enter(RISCVCPU *cpu, SBIEvent *e)
{
    CPURISCVState *env = &cpu->env;
    uint64_t s = env->mstatus;

    e->state = SSE_RUNNING;
    e->pending = false;
    e->hart = cpu->hartid;
    e->flags = (s & MSTATUS_SPP ? FLAG_SPP : 0) | (s & MSTATUS_SPIE ? FLAG_SPIE : 0) |
               (s & MSTATUS_SPELP ? FLAG_SPELP : 0) | (s & MSTATUS_SDT ? FLAG_SDT : 0);
    e->sepc = env->sepc;
    e->a6 = env->x[16];
    e->a7 = env->x[17];
    if (riscv_ext_on(env, EXT_H)) {
        e->flags |= (env->hstatus & HSTATUS_SPV ? FLAG_SPV : 0) |
                    (env->hstatus & HSTATUS_SPVP ? FLAG_SPVP : 0);
        env->hstatus = (env->hstatus & ~HSTATUS_SPV) | (env->virt ? HSTATUS_SPV : 0);
        if (env->virt)
            env->hstatus = (env->hstatus & ~HSTATUS_SPVP) | (env->priv ? HSTATUS_SPVP : 0);
    }
    env->x[16] = cpu->hartid;
    env->x[17] = e->entry_arg;
    env->sepc = env->tcg.pc;
    s = deposit64(s, 8, 1, env->priv == PRV_S);
    s = deposit64(s, 5, 1, (s >> 1) & 1);
    if (env->menvcfg & MENVCFG_DTE)
        s |= MSTATUS_SDT;
    s = deposit64(s, 23, 1, env->elp); /* SPELP */
    env->mstatus = s & ~MSTATUS_SIE;
    env->elp = false;
    env->virt = false;
    riscv_set_priv(env, PRV_S);
    env->tcg.pc = e->entry_pc;
    riscv_mode_update(env);
    riscv_tlb_switch(env);
    __atomic_store_n(&cpu->parent_obj.halted, false, __ATOMIC_RELAXED);
}

static void leave(RISCVCPU *cpu, SBIEvent *e)
{
    CPURISCVState *env = &cpu->env;
    uint64_t s = env->mstatus;

    e->state = e->config & 1 ? SSE_REGISTERED : SSE_ENABLED;
    env->tcg.pc = env->sepc;
    riscv_set_priv(env, s & MSTATUS_SPP ? PRV_S : PRV_U);
    if (riscv_ext_on(env, EXT_H)) {
        env->virt = env->hstatus & HSTATUS_SPV;
        env->hstatus &= ~(HSTATUS_SPV | HSTATUS_SPVP);
        env->hstatus |= (e->flags & FLAG_SPV ? HSTATUS_SPV : 0) |
                        (e->flags & FLAG_SPVP ? HSTATUS_SPVP : 0);
    }
    riscv_elp_return(env, env->priv, env->virt, s & MSTATUS_SPELP);
    s = deposit64(s, 23, 1, (e->flags & FLAG_SPELP) != 0);
    s = deposit64(s, 1, 1, (s >> 5) & 1);
    s = deposit64(s, 5, 1, (e->flags & FLAG_SPIE) != 0);
    s = deposit64(s, 8, 1, (e->flags & FLAG_SPP) != 0);
    s &= ~MSTATUS_SDT;
    if ((env->menvcfg & MENVCFG_DTE) && (e->flags & FLAG_SDT))
        s |= MSTATUS_SDT;
    env->mstatus = s;
    env->x[17] = e->a7;
    env->x[16] = e->a6;
    env->sepc = e->sepc;
    riscv_mode_update(env);
    riscv_tlb_switch(env);
    riscv_update_interrupts(env);
}

bool sbi_sse_deliver(RISCVCPU *cpu)
{
    SBIEvent *e = NULL;
    uint64_t rank, running;

    if (!cpu->sbi.sse_unmasked)
        return false;
    lock();
    first_of(cpu, true, &running);
    e = first_of(cpu, false, &rank);
    if (e && rank < running)
        enter(cpu, e);
    else
        e = NULL;
    unlock();
    return e != NULL;
}

/* ---- Sources ---- */

static void look_again(RISCVCPU *cpu)
{
    sbi_notify(cpu, SBI_TODO_SSE);
}

static bool ready(const RISCVCPU *cpu)
{
    return cpu->sbi.sse_unmasked &&
           __atomic_load_n(&cpu->sbi.hsm, __ATOMIC_ACQUIRE) == SBI_HART_STARTED;
}

/* The global event goes to the hart that the guest prefers, or to whoever looks first. */
static void route_global(void)
{
    RISCVCPU *preferred = sbi_hart(global_event()->hart);
    CPUState *cpu;

    if (preferred && ready(preferred)) {
        look_again(preferred);
        return;
    }
    CPU_FOREACH(cpu) {
        if (ready((RISCVCPU *)cpu))
            look_again((RISCVCPU *)cpu);
    }
}

void sbi_sse_overflow(RISCVCPU *cpu)
{
    lock();
    cpu->sbi.event[LOCAL_PMU].pending = true;
    unlock();
    look_again(cpu);
}

bool riscv_sbi_double_trap(RISCVCPU *cpu)
{
    SBIEvent *e = &cpu->sbi.event[LOCAL_DOUBLE_TRAP];

    lock();
    e->pending = true;
    unlock();
    return sbi_sse_deliver(cpu);
}

/* While the guest wants overflows as events they are not delegated. */
static void route_overflow(RISCVCPU *cpu)
{
    CPURISCVState *env = &cpu->env;
    bool event = cpu->sbi.event[LOCAL_PMU].state >= SSE_ENABLED;

    if (!riscv_ext_on(env, EXT_SSCOFPMF))
        return;
    env->mideleg = event ? env->mideleg & ~MIP_LCOFIP : env->mideleg | MIP_LCOFIP;
    __atomic_store_n(&env->mie, event ? env->mie | MIP_LCOFIP : env->mie & ~MIP_LCOFIP,
                     __ATOMIC_RELAXED);
    riscv_update_interrupts(env);
}

void sbi_sse_reset(RISCVCPU *cpu)
{
    for (unsigned i = 0; i < SBI_LOCAL_EVENTS; i++)
        cpu->sbi.event[i] = (SBIEvent){ .hart = cpu->hartid };
    cpu->sbi.sse_unmasked = false;
}

/* ---- Attributes ---- */

static uint64_t attr_get(const SBIEvent *e, unsigned attr)
{
    switch (attr) {
    case ATTR_STATUS:
        return e->state | (e->pending ? 4 : 0) | 8; /* all of them can be injected */
    case ATTR_PRIORITY:
        return e->priority;
    case ATTR_CONFIG:
        return e->config;
    case ATTR_HART:
        return e->hart;
    case ATTR_ENTRY_PC:
        return e->entry_pc;
    case ATTR_ENTRY_ARG:
        return e->entry_arg;
    case ATTR_SEPC:
        return e->sepc;
    case ATTR_FLAGS:
        return e->flags;
    case ATTR_A6:
        return e->a6;
    default:
        return e->a7;
    }
}

/* Whether the value may be written now. */
static int64_t attr_check(RISCVCPU *cpu, const SBIEvent *e, unsigned attr, uint64_t v)
{
    bool global = e == global_event();
    bool set_up = e->state < SSE_ENABLED;
    bool mine = e->state == SSE_RUNNING && e->hart == cpu->hartid;

    switch (attr) {
    case ATTR_PRIORITY:
        return set_up ? SBI_SUCCESS : SBI_ERR_INVALID_STATE;
    case ATTR_CONFIG:
        return v > 1 ? SBI_ERR_INVALID_PARAM : set_up ? SBI_SUCCESS : SBI_ERR_INVALID_STATE;
    case ATTR_HART:
        return !global ? SBI_ERR_DENIED : !sbi_hart(v) ? SBI_ERR_INVALID_PARAM
                       : set_up ? SBI_SUCCESS : SBI_ERR_INVALID_STATE;
    case ATTR_FLAGS:
        if (v & ~(uint64_t)(FLAG_SPP | FLAG_SPIE |
                            (riscv_ext_on(&cpu->env, EXT_SSDBLTRP) ? FLAG_SDT : 0) |
                            (riscv_ext_on(&cpu->env, EXT_ZICFILP) ? FLAG_SPELP : 0) |
                            (riscv_ext_on(&cpu->env, EXT_H) ? FLAG_SPV | FLAG_SPVP : 0)))
            return SBI_ERR_INVALID_PARAM;
        return mine ? SBI_SUCCESS : SBI_ERR_INVALID_STATE;
    case ATTR_SEPC:
    case ATTR_A6:
    case ATTR_A7:
        return mine ? SBI_SUCCESS : SBI_ERR_INVALID_STATE;
    default:
        return SBI_ERR_DENIED;
    }
}

static void attr_set(SBIEvent *e, unsigned attr, uint64_t v)
{
    switch (attr) {
    case ATTR_PRIORITY:
        e->priority = (uint32_t)v;
        break;
    case ATTR_CONFIG:
        e->config = (uint32_t)v;
        break;
    case ATTR_HART:
        e->hart = v;
        break;
    case ATTR_SEPC:
        e->sepc = v & ~1ULL;
        break;
    case ATTR_FLAGS:
        e->flags = v;
        break;
    case ATTR_A6:
        e->a6 = v;
        break;
    case ATTR_A7:
        e->a7 = v;
        break;
    default:
        break;
    }
}

static int64_t attrs(RISCVCPU *cpu, SBICall *call, SBIEvent *e)
{
    uint64_t base = (uint32_t)call->args[1], count = (uint32_t)call->args[2];
    uint64_t lo = call->args[3];
    AddressSpace *as = cpu->parent_obj.as;
    uint8_t words[8 * NR_ATTRS];
    bool write = call->fn == 1;

    if (count == 0)
        return SBI_ERR_INVALID_PARAM;
    if (base + count > NR_ATTRS)
        return SBI_ERR_BAD_RANGE;
    if (lo & 7)
        return SBI_ERR_INVALID_PARAM;
    if (!write) {
        for (unsigned i = 0; i < count; i++)
            st64_le(words + 8 * i, attr_get(e, (unsigned)base + i));
        return sbi_memory_writable(cpu, lo, call->args[4], 8 * count) &&
                       dma_write(as, lo, words, 8 * count)
                   ? SBI_SUCCESS : SBI_ERR_INVALID_ADDRESS;
    }
    if (!sbi_memory_ok(cpu, lo, call->args[4], 8 * count) ||
        !address_space_read_ram(as, lo, words, 8 * count))
        return SBI_ERR_INVALID_ADDRESS;
    for (unsigned i = 0; i < count; i++) {
        int64_t error = attr_check(cpu, e, (unsigned)base + i, ld64_le(words + 8 * i));

        if (error)
            return error;
    }
    for (unsigned i = 0; i < count; i++)
        attr_set(e, (unsigned)base + i, ld64_le(words + 8 * i));
    return SBI_SUCCESS;
}

/* ---- The calls ---- */

/* From the state that it must be in to the next. */
static int64_t change(RISCVCPU *cpu, SBIEvent *e, uint8_t from, uint8_t to)
{
    if (e->state != from)
        return SBI_ERR_INVALID_STATE;
    e->state = to;
    if (to == SSE_UNUSED)
        e->pending = false;
    return SBI_SUCCESS;
}

static int64_t change_state(RISCVCPU *cpu, SBICall *call, SBIEvent *e)
{
    int64_t error;

    switch (call->fn) {
    case 2:
        if (call->args[1] & 1)
            return SBI_ERR_INVALID_PARAM;
        error = change(cpu, e, SSE_UNUSED, SSE_REGISTERED);
        if (!error) {
            e->entry_pc = call->args[1];
            e->entry_arg = call->args[2];
        }
        return error;
    case 3:
        return change(cpu, e, SSE_REGISTERED, SSE_UNUSED);
    case 4:
        return change(cpu, e, SSE_REGISTERED, SSE_ENABLED);
    default:
        return change(cpu, e, SSE_ENABLED, SSE_REGISTERED);
    }
}

static int64_t inject(RISCVCPU *cpu, SBICall *call, SBIEvent *e)
{
    RISCVCPU *target = cpu;

    if (e == global_event()) {
        e->pending = true;
        return SBI_SUCCESS;
    }
    target = sbi_hart(call->args[1]);
    if (!target)
        return SBI_ERR_INVALID_PARAM;
    e = &target->sbi.event[e - cpu->sbi.event];
    e->pending = true;
    return SBI_SUCCESS;
}

static int64_t mask(RISCVCPU *cpu, bool unmask)
{
    if (cpu->sbi.sse_unmasked == unmask)
        return unmask ? SBI_ERR_ALREADY_STARTED : SBI_ERR_ALREADY_STOPPED;
    cpu->sbi.sse_unmasked = unmask;
    return SBI_SUCCESS;
}

static SBINext complete(RISCVCPU *cpu, SBICall *call)
{
    uint64_t rank;
    SBIEvent *e;

    lock();
    e = first_of(cpu, true, &rank);
    if (e)
        leave(cpu, e);
    unlock();
    sbi_result(call, SBI_SUCCESS, 0);
    if (!e)
        return SBI_NEXT_RETURN;
    route_overflow(cpu);
    look_again(cpu); /* another may have waited for this one's end */
    return SBI_NEXT_JUMPED;
}

/* A change after which an event may be due: here, or for the global one and for injection elsewhere. */
static void after(RISCVCPU *cpu, const SBICall *call, const SBIEvent *e)
{
    RISCVCPU *target = call->fn == 7 ? sbi_hart(call->args[1]) : cpu;

    route_overflow(cpu);
    if (e == global_event())
        route_global();
    else
        look_again(target);
}

SBINext sbi_sse(RISCVCPU *cpu, SBICall *call)
{
    int64_t error = SBI_ERR_NOT_SUPPORTED;
    SBIEvent *e;

    if (call->fn == 6)
        return complete(cpu, call);
    if (call->fn == 8 || call->fn == 9) {
        error = mask(cpu, call->fn == 8);
        look_again(cpu);
    } else if (call->fn < 8) {
        e = find(cpu, (uint32_t)call->args[0], &error);
        if (e) {
            lock();
            error = call->fn <= 1 ? attrs(cpu, call, e)
                                  : call->fn == 7 ? inject(cpu, call, e)
                                                  : change_state(cpu, call, e);
            unlock();
            if (!error)
                after(cpu, call, e);
        }
    }
    sbi_result(call, error, 0);
    return SBI_NEXT_RETURN;
}
