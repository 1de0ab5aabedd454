/*
 * Address translation as the accelerator, the debugger and people ask for it; the walk itself is in walk.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/mmu.h"

#include <inttypes.h>

#include "hw/core/symbols.h"
#include "target/riscv/bits.h"
#include "target/riscv/causes.h"
#include "target/riscv/cfi.h"
#include "target/riscv/mode.h"
#include "target/riscv/pmu.h"
#include "target/riscv/trap.h"
#include "target/riscv/trigger.h"
#include "target/riscv/walk.h"
#include "util/bits.h"

RISCVPriv riscv_data_priv(const CPURISCVState *env)
{
    if (unlikely(env->hlv & HLV_ON))
        return env->hstatus & HSTATUS_SPVP ? PRV_S : PRV_U;
    if (unlikely(env->mstatus & MSTATUS_MPRV) && likely(env->mnstatus & MNSTATUS_NMIE))
        return (env->mstatus & MSTATUS_MPP) >> MSTATUS_MPP_SHIFT;
    return env->priv;
}

bool riscv_data_virt(const CPURISCVState *env)
{
    if (unlikely(env->hlv & HLV_ON))
        return true;
    if (unlikely(env->mstatus & MSTATUS_MPRV) && likely(env->mnstatus & MNSTATUS_NMIE))
        return (env->mstatus & MSTATUS_MPV) && riscv_data_priv(env) != PRV_M;
    return env->virt;
}

static const char *const access_names[] = { "load", "store", "fetch" };

/* What the trap handler is told besides cause and address. */
static void note_guest(CPURISCVState *env, vaddr va, MMUAccess access, bool virt, const Walk *w)
{
    env->exc_gva = virt;
    env->exc_gpa = w ? w->gpa : 0;
    env->exc_tinst = w && w->tinst ? w->tinst
                     : virt && access != MMU_FETCH ? riscv_transformed_insn(env, va) : 0;
}

bool riscv_tlb_fill(CPURISCVState *env, vaddr va, MMUAccess access, unsigned size, TLBFill *out)
{
    static const uint8_t page_fault[] = { EXC_LOAD_PAGE_FAULT, EXC_STORE_PAGE_FAULT,
                                          EXC_INST_PAGE_FAULT };
    static const uint8_t guest_page_fault[] = { EXC_LOAD_GUEST_PAGE_FAULT,
                                                EXC_STORE_GUEST_PAGE_FAULT,
                                                EXC_INST_GUEST_PAGE_FAULT };
    Walk w = { .env = env, .access = access };
    WalkResult r;

    riscv_pmu_miss(env, access);
    w.priv = access == MMU_FETCH ? env->priv : riscv_data_priv(env);
    w.virt = access == MMU_FETCH ? env->virt : riscv_data_virt(env);
    if (access != MMU_FETCH)
        va = riscv_masked_address(env, w.priv, w.virt, va);
    w.hlvx = access == MMU_LOAD && env->hlv == HLV_EXECUTABLE;
    w.shadow = access != MMU_FETCH && unlikely(env->hlv & ACCESS_SHADOW);
    if (unlikely(log_enabled(LOG_MMU)))
        w.why = g_string_new(NULL);
    r = riscv_look_up(&w, va, size, out);
    if (unlikely(w.why)) {
        log_printf(LOG_MMU, "hart %" PRIu64 ": %s at %#" PRIx64 " from %s\n%s-> %#" PRIx64 "%s\n",
                   env_cpu(env)->hartid, access_names[access], va, riscv_mode_name(w.priv, w.virt),
                   w.why->str, out->pa, r == WALK_OK ? "" : " (fault)");
        g_string_free(w.why, TRUE);
    }
    if (r == WALK_OK)
        return true;
    /* A trigger on the address comes before its fault. */
    if (unlikely(env->trigger_data) && access != MMU_FETCH &&
        riscv_trigger_data(env, va, size, access == MMU_LOAD, access == MMU_STORE))
        return false;
    if (unlikely(w.shadow))
        access = MMU_STORE;
    if (r == WALK_ACCESS_FAULT) {
        riscv_bus_error(env, va, out->pa, access);
    } else {
        env->exc_cause = r == WALK_PAGE_FAULT ? page_fault[access] : guest_page_fault[access];
        env->exc_tval = va;
        note_guest(env, va, access, w.virt, &w);
    }
    env->exc_why = w.reason;
    return false;
}

/* What is behind a physical address, and whether it may take the access. */
static bool explain_memory(CPURISCVState *env, hwaddr pa, MMUAccess access, GString *out)
{
    CPUState *cpu = &env_cpu(env)->parent_obj;
    const FlatRange *r = flatview_lookup(address_space_view(cpu->as), pa, NULL);

    if (!r) {
        g_string_append_printf(out, "memory: nothing at %#" PRIx64 "\naccess fault\n", pa);
        return false;
    }
    g_string_append_printf(out, "memory: %s '%s' + %#" PRIx64 "%s\n",
                           !r->direct ? "device" : r->readonly ? "ROM" : "RAM",
                           r->mr->name ? r->mr->name : "?", r->offset + (pa - r->start),
                           !r->direct ? ", which decides itself" : "");
    if (r->direct && r->readonly && access == MMU_STORE) {
        g_string_append(out, "access fault: it cannot be written\n");
        return false;
    }
    return true;
}

bool riscv_explain_access(CPUState *cpu, vaddr va, CPUAccessKind kind, char mode, GString *out)
{
    CPURISCVState *env = riscv_env(cpu);
    Walk w = { .env = env, .access = (MMUAccess)kind, .dry = true, .why = out };
    TLBFill fill = { 0 };
    WalkResult r;

    w.priv = mode == 'u' || mode == 'U' ? PRV_U : mode == 's' || mode == 'S' ? PRV_S
             : mode == 'm' ? PRV_M : w.access == MMU_FETCH ? env->priv : riscv_data_priv(env);
    w.virt = mode ? mode == 'U' || mode == 'S'
                  : w.access == MMU_FETCH ? env->virt : riscv_data_virt(env);
    if (w.virt && !riscv_ext_on(env, EXT_H)) {
        g_string_append(out, "the hart has no VS and VU: the hypervisor extension (h) is off\n");
        return false;
    }
    g_string_append_printf(out, "%s at %#" PRIx64 " from %s mode", access_names[w.access], va,
                           riscv_mode_name(w.priv, w.virt));
    symbol_append(out, va);
    if (!mode && w.access != MMU_FETCH && (env->mstatus & MSTATUS_MPRV) &&
        (env->mnstatus & MNSTATUS_NMIE))
        g_string_append(out, " (mstatus.MPRV=1, MPP)");
    g_string_append_c(out, '\n');
    if (w.access != MMU_FETCH && riscv_masked_bits(env, w.priv, w.virt)) {
        va = riscv_masked_address(env, w.priv, w.virt, va);
        g_string_append_printf(out, "pointer masking ignores %u upper bits: %#" PRIx64 "\n",
                               riscv_masked_bits(env, w.priv, w.virt), va);
    }
    r = riscv_look_up(&w, va, 1, &fill);
    if (r != WALK_OK)
        return false;
    return explain_memory(env, fill.pa, w.access, out);
}

void riscv_bus_error(CPURISCVState *env, vaddr va, hwaddr pa, MMUAccess access)
{
    static const uint8_t cause[] = { EXC_LOAD_ACCESS_FAULT, EXC_STORE_ACCESS_FAULT,
                                     EXC_INST_ACCESS_FAULT };

    if (access != MMU_FETCH)
        va = riscv_data_address(env, va);
    if (unlikely(env->hlv & ACCESS_SHADOW))
        access = MMU_STORE;
    env->exc_cause = cause[access];
    env->exc_tval = va;
    note_guest(env, va, access, access == MMU_FETCH ? env->virt : riscv_data_virt(env), NULL);
    env->exc_why = "nothing answers at the physical address, or the device refused";
}

void riscv_cbo_shadow_check(CPURISCVState *env, vaddr va)
{
    Walk w = { .env = env, .access = MMU_LOAD, .cbo = true, .dry = true };
    TLBFill fill;

    w.priv = riscv_data_priv(env);
    w.virt = riscv_data_virt(env);
    va = riscv_masked_address(env, w.priv, w.virt, va);
    if (riscv_look_up(&w, va, 1, &fill) != WALK_ACCESS_FAULT)
        return;
    riscv_bus_error(env, va, fill.pa, MMU_STORE);
    env->exc_why = w.reason;
    cpu_loop_exit_exception(env);
}

/* To triggers all of them are stores, though none stores (Sdtrig, "Cache Operations"). */
void riscv_cbo_trigger(CPURISCVState *env, vaddr va)
{
    va = riscv_masked_address(env, riscv_data_priv(env), riscv_data_virt(env), va);
    riscv_trigger_access(env, va, env_cpu(env)->cbom_blocksize, false, true);
}

bool riscv_translate_as(CPUState *cpu, RISCVPriv priv, bool virt, vaddr va, hwaddr *pa)
{
    Walk w = { .env = riscv_env(cpu), .access = MMU_LOAD, .debug = true, .priv = priv, .virt = virt };
    TLBFill fill;

    if (riscv_walk(&w, va, &fill) != WALK_OK)
        return false;
    *pa = fill.pa;
    return true;
}

bool riscv_translate_debug(CPUState *cpu, vaddr va, hwaddr *pa, GString *why)
{
    CPURISCVState *env = riscv_env(cpu);
    Walk w = { .env = env, .access = MMU_LOAD, .debug = true, .why = why };
    TLBFill fill;

    w.priv = riscv_data_priv(env);
    w.virt = riscv_data_virt(env);
    if (riscv_walk(&w, va, &fill) != WALK_OK)
        return false;
    *pa = fill.pa;
    EXPLAIN(&w, "-> %#" PRIx64 "\n", fill.pa);
    return true;
}
