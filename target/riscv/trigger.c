/*
 * Debug triggers: what matches, and what fires. Clauses are of the debug specification, chapter Sdtrig.
 *
 * The only action is the breakpoint exception: there is no Debug Mode to enter. Every trigger fires
 * before the instruction that it matches.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/trigger.h"

#include "target/riscv/bits.h"
#include "target/riscv/causes.h"
#include "target/riscv/mode.h"
#include "target/riscv/trap.h"

/* ---- Modes ---- */

static unsigned mode_bits(uint64_t v, unsigned m, unsigned s, unsigned u, unsigned vs, unsigned vu)
{
    return (unsigned)((v >> u & 1) << PRV_U | (v >> s & 1) << PRV_S | (v >> m & 1) << PRV_M |
                      (v >> vu & 1) << (4 + PRV_U) | (v >> vs & 1) << (4 + PRV_S));
}

unsigned riscv_trigger_modes(uint64_t v)
{
    switch (trigger_type(v)) {
    case TRIGGER_MCONTROL:
        return mode_bits(v, 6, 4, 3, 63, 63) & 0xF;
    case TRIGGER_MCONTROL6:
        return mode_bits(v, 6, 4, 3, 24, 23);
    case TRIGGER_ICOUNT:
        return mode_bits(v, 9, 7, 6, 26, 25);
    case TRIGGER_ITRIGGER:
    case TRIGGER_ETRIGGER:
        return mode_bits(v, 9, 7, 6, 12, 11);
    default:
        return 0;
    }
}

static unsigned mode_index(RISCVPriv priv, bool virt)
{
    return priv + (virt ? 4 : 0);
}

/*
 * A breakpoint exception in a handler that cannot be interrupted would destroy what it is about to
 * save. So a mode that handles it itself gets none while its interrupts are off. The other way that the
 * specification has for M, tcontrol, is the only one without S; with S either lets them through, and in
 * a handler that has just begun both are off (section Native Triggers).
 */
static bool guarded(const CPURISCVState *env)
{
    uint64_t bit = 1ULL << EXC_BREAKPOINT;

    if (env->priv == PRV_M)
        return !(env->tcontrol & TCONTROL_MTE) &&
               !(riscv_ext_on(env, EXT_S) && (env->mstatus & MSTATUS_MIE));
    if (env->priv != PRV_S || !(env->medeleg & bit))
        return false;
    if (env->virt)
        return (env->hedeleg & bit) && !(env->vsstatus & MSTATUS_SIE);
    return !(env->mstatus & MSTATUS_SIE);
}

/* The contexts that textra names. */
static bool context_matches(const CPURISCVState *env, uint64_t extra)
{
    unsigned mhselect = (extra >> 48) & 7, sselect = extra & 3;
    uint64_t mhvalue = extra >> 51, svalue = (extra >> 2) & MASK_ULL(32), mask = MASK_ULL(32);

    if (mhselect & 3)
        mhvalue = mhvalue << 1 | mhselect >> 2;
    if ((mhselect & 3) == 2) {
        if (HGATP_VMID(env->hgatp) != mhvalue)
            return false;
    } else if (mhselect && env->mcontext != mhvalue) {
        return false;
    }
    switch (sselect) {
    case 1:
        for (unsigned i = 0; i < 4; i++)
            if ((extra >> (36 + i)) & 1)
                mask &= ~(0xFFULL << (8 * i));
        return ((env->scontext ^ svalue) & mask) == 0;
    case 2:
        return SATP_ASID(env->virt ? env->vsatp : env->satp) == (svalue & 0xFFFF);
    default:
        return true;
    }
}

/* ---- Address and data matches ---- */

/* What happens, as mcontrol and mcontrol6 see it. */
typedef struct Event {
    uint64_t kind;      /* MC_LOAD, MC_STORE, MC_EXECUTE */
    vaddr first, last;  /* of the bytes accessed; of an instruction its address only */
    unsigned size;
    uint32_t insn;      /* executed */
    bool has_insn;
} Event;

static bool match_masked(unsigned match, uint64_t value, uint64_t data)
{
    uint32_t half = (uint32_t)(match == 5 ? value >> 32 : value);

    return (half & (uint32_t)(data >> 32)) == (uint32_t)data;
}

/* Whether any of the compare values from first to last matches. */
static bool match_range(unsigned match, uint64_t data, uint64_t first, uint64_t last)
{
    uint64_t low;

    switch (match) {
    case 0:
        return first <= data && data <= last;
    case 1:
        low = data ^ (data + 1);
        return first <= (data | low) && (data & ~low) <= last;
    case 2:
        return last >= data;
    case 3:
        return first < data;
    case 4:
    case 5:
        for (uint64_t v = first;; v++) {
            if (match_masked(match, v, data))
                return true;
            if (v == last)
                return false;
        }
    case 8:
    case 9:
    case 12:
    case 13:
        return !match_range(match & 7, data, first, last);
    default:
        return false;
    }
}

/* What the size field allows: log2 of bytes, plus 1; 4 is 48 bits, 5 is 64. */
static bool size_matches(uint64_t tdata1, unsigned size)
{
    static const uint8_t bytes[] = { 0, 1, 2, 4, 6, 8, 16, 0 };
    unsigned field;

    if (trigger_type(tdata1) == TRIGGER_MCONTROL)
        field = ((tdata1 >> MC_SIZE_SHIFT) & 3) | ((tdata1 >> MC2_SIZE_HIGH_SHIFT) & 3) << 2;
    else
        field = (tdata1 >> MC_SIZE_SHIFT) & 7;
    return field == 0 || (field < 8 && bytes[field] == size);
}

static bool is_mcontrol(uint64_t tdata1)
{
    return trigger_type(tdata1) == TRIGGER_MCONTROL || trigger_type(tdata1) == TRIGGER_MCONTROL6;
}

static bool selects_data(uint64_t tdata1)
{
    return tdata1 & (trigger_type(tdata1) == TRIGGER_MCONTROL ? MC2_SELECT : MC6_SELECT);
}

static bool one_matches(CPURISCVState *env, unsigned i, const Event *e)
{
    uint64_t t = env->tdata1[i];

    if (!is_mcontrol(t) || !(t & e->kind) || !size_matches(t, e->size) ||
        !((riscv_trigger_modes(t) >> mode_index((RISCVPriv)env->priv, env->virt)) & 1) ||
        !context_matches(env, env->tdata3[i]))
        return false;
    if (selects_data(t))
        return e->has_insn && match_range(MC_MATCH(t), env->tdata2[i], e->insn, e->insn);
    return match_range(MC_MATCH(t), env->tdata2[i], e->first, e->last);
}

/* Triggers i to the one returned are a chain. */
static unsigned chain_end(const CPURISCVState *env, unsigned i)
{
    while (i + 1 < RISCV_TRIGGERS && is_mcontrol(env->tdata1[i]) && (env->tdata1[i] & MC_CHAIN))
        i++;
    return i;
}

static bool event_fires(CPURISCVState *env, const Event *e)
{
    bool fires = false;

    if (guarded(env))
        return false;
    for (unsigned i = 0, end; i < RISCV_TRIGGERS; i = end + 1) {
        bool all = true;

        end = chain_end(env, i);
        for (unsigned j = i; j <= end; j++)
            all = all && one_matches(env, j, e);
        if (!all)
            continue;
        fires = true;
        for (unsigned j = i; j <= end; j++) {
            uint64_t *t = &env->tdata1[j];

            *t = trigger_type(*t) == TRIGGER_MCONTROL ? *t | MC2_HIT
                                                      : (*t & ~MC6_HIT) | MC6_HIT_BEFORE;
        }
    }
    return fires;
}

/* The exception, for the caller to raise or deliver. */
static void set_breakpoint(CPURISCVState *env, vaddr addr, bool is_address)
{
    env->exc_cause = EXC_BREAKPOINT;
    env->exc_tval = addr;
    env->exc_why = "a debug trigger fired";
    env->exc_gva = is_address && env->virt;
    env->exc_gpa = env->exc_tinst = 0;
}

bool riscv_trigger_fetch(CPURISCVState *env, vaddr pc)
{
    Event e = { .kind = MC_EXECUTE, .first = pc, .last = pc };

    if (!event_fires(env, &e))
        return false;
    set_breakpoint(env, pc, true);
    return true;
}

bool riscv_trigger_data(CPURISCVState *env, vaddr va, unsigned size, bool load, bool store)
{
    Event e = { .kind = (load ? MC_LOAD : 0) | (store ? MC_STORE : 0), .first = va,
                .last = va + (size - 1), .size = size };

    if (e.last < va)
        e.last = UINT64_MAX;
    if (!event_fires(env, &e))
        return false;
    set_breakpoint(env, va, true);
    return true;
}

void riscv_trigger_access(CPURISCVState *env, vaddr va, unsigned size, bool load, bool store)
{
    if (env->trigger_data && riscv_trigger_data(env, va, size, load, store))
        cpu_loop_exit_exception(env);
}

/* Whether the trigger may match in these bytes (a page of them, say). */
static bool may_watch(const CPURISCVState *env, unsigned i, vaddr first, vaddr last)
{
    uint64_t t = env->tdata1[i];
    unsigned match = MC_MATCH(t);

    if (!is_mcontrol(t) || !(t & (MC_LOAD | MC_STORE)) || !riscv_trigger_modes(t) || selects_data(t))
        return false;
    return match > 3 || match_range(match, env->tdata2[i], first, last);
}

bool riscv_trigger_watches(CPURISCVState *env, vaddr first, vaddr last)
{
    if (!env->trigger_data)
        return false;
    for (unsigned i = 0, end; i < RISCV_TRIGGERS; i = end + 1) {
        bool all = true;

        end = chain_end(env, i);
        for (unsigned j = i; j <= end; j++)
            all = all && may_watch(env, j, first, last);
        if (all)
            return true;
    }
    return false;
}

/* ---- Instruction counts ---- */

/* Each icount trigger that is armed in this mode: fires if it is pending, and otherwise counts. */
static bool count_insn(CPURISCVState *env, bool may_fire)
{
    bool fires = false;

    if (guarded(env))
        return false;
    for (unsigned i = 0; i < RISCV_TRIGGERS; i++) {
        uint64_t *t = &env->tdata1[i];
        uint64_t count = (*t & ICOUNT_COUNT) >> ICOUNT_COUNT_SHIFT;

        if (trigger_type(*t) != TRIGGER_ICOUNT ||
            !((riscv_trigger_modes(*t) >> mode_index((RISCVPriv)env->priv, env->virt)) & 1) ||
            !context_matches(env, env->tdata3[i]))
            continue;
        if ((*t & ICOUNT_PENDING) && may_fire) {
            *t = (*t & ~ICOUNT_PENDING) | ICOUNT_HIT;
            fires = true;
        } else if (count) {
            *t = (*t & ~ICOUNT_COUNT) | (count - 1) << ICOUNT_COUNT_SHIFT;
            if (count == 1)
                *t |= ICOUNT_PENDING;
        }
    }
    return fires;
}

void riscv_trigger_count_trap(CPURISCVState *env)
{
    count_insn(env, false);
}

void riscv_trigger_insn(CPURISCVState *env, uint32_t insn, unsigned len)
{
    vaddr pc = tcg_current_pc(env);
    uint64_t now = tcg_current_icount(env) + 1;
    Event e = { .kind = MC_EXECUTE, .first = pc, .last = pc, .size = len, .insn = insn,
                .has_insn = true };

    /* An instruction that is begun again (see op_dirty_first()) has been counted. */
    if (env->trigger_counted != now) {
        if (count_insn(env, true)) {
            set_breakpoint(env, 0, false);
            cpu_loop_exit_exception(env);
        }
        if (event_fires(env, &e)) {
            set_breakpoint(env, pc, true);
            cpu_loop_exit_exception(env);
        }
        env->trigger_counted = now;
    }
}

/* ---- Traps ---- */

bool riscv_trigger_trap(CPURISCVState *env, uint64_t cause, RISCVPriv priv, bool virt)
{
    TriggerType type = cause & CAUSE_INTERRUPT ? TRIGGER_ITRIGGER : TRIGGER_ETRIGGER;
    bool fires = false;

    if (guarded(env))
        return false;
    for (unsigned i = 0; i < RISCV_TRIGGERS; i++) {
        uint64_t *t = &env->tdata1[i];

        if (trigger_type(*t) != type || !((env->tdata2[i] >> (cause & 63)) & 1) ||
            !((riscv_trigger_modes(*t) >> mode_index(priv, virt)) & 1) ||
            !context_matches(env, env->tdata3[i]))
            continue;
        *t |= TRAP_HIT;
        fires = true;
    }
    if (fires)
        set_breakpoint(env, 0, false);
    return fires;
}

/* ---- What follows from the registers ---- */

static void watch_insns(CPURISCVState *env, unsigned i, unsigned modes)
{
    uint64_t t = env->tdata1[i];

    env->trigger_modes |= (uint8_t)modes;
    if (is_mcontrol(t) && MC_MATCH(t) == 0 && !selects_data(t))
        env->trigger_pc[i] = env->tdata2[i];
    else
        env->trigger_insns = true;
}

bool riscv_trigger_derive(CPURISCVState *env)
{
    bool data = env->trigger_data;

    env->trigger_modes = 0;
    env->trigger_data = env->trigger_traps = env->trigger_insns = false;
    for (unsigned i = 0; i < RISCV_TRIGGERS; i++) {
        uint64_t t = env->tdata1[i];
        unsigned modes = riscv_trigger_modes(t);

        env->trigger_pc[i] = 1; /* no instruction is there */
        if (!modes)
            continue;
        if (is_mcontrol(t) ? t & MC_EXECUTE
                           : trigger_type(t) == TRIGGER_ICOUNT &&
                                 (t & (ICOUNT_COUNT | ICOUNT_PENDING)))
            watch_insns(env, i, modes);
        if (is_mcontrol(t) && (t & (MC_LOAD | MC_STORE)))
            env->trigger_data = true;
        if (trigger_type(t) == TRIGGER_ITRIGGER || trigger_type(t) == TRIGGER_ETRIGGER)
            env->trigger_traps = true;
    }
    return data || env->trigger_data;
}
