/*
 * The accelerator "tcg": its properties, and the set-up of a machine and its vCPUs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/accel.h"
#include "accel/exclusive.h"
#include "accel/tcg/internal.h"
#include "accel/tcg/tlb.h"

#define DEFAULT_TB_MIB 512 /* address space; memory is taken as blocks are made */

static bool always_available(char **reason)
{
    return true;
}

static void flush_tlb_work(CPUState *cpu, void *data)
{
    TCGCPU *c = cpu->accel_state;

    if (c)
        tcg_tlb_flush_all(c->env);
}

/* No vCPU runs: nobody can still be looking at the views that were replaced. */
static void reclaim_work(CPUState *cpu, void *data)
{
    flatview_reclaim();
}

/* The memory map changed: whatever the TLBs remember of it may be wrong. */
static void map_changed(MemoryListener *l)
{
    TCGState *s = container_of(l, TCGState, listener);

    for (unsigned i = 0; i < s->nr_cpus; i++) {
        TCGCPU *c = __atomic_load_n(&s->cpus[i], __ATOMIC_ACQUIRE);
        if (!c)
            continue;
        if (this_cpu == c->cpu)
            tcg_tlb_flush_all(c->env);
        else
            cpu_run_on_async(c->cpu, flush_tlb_work, NULL);
    }
    /* A guest may change the map as often as it likes (a flash chip does on every command); what
     * that leaves behind must not pile up. */
    if (this_cpu && ++s->nr_map_changes % 64 == 0)
        cpu_run_exclusive_async(this_cpu, reclaim_work, NULL);
}

static bool tcg_init_machine(AccelState *accel, MachineState *ms, Error **errp)
{
    TCGState *s = TCG_STATE(accel);

    s->nr_cpus = MAX(ms->smp.max_cpus, ms->smp.cpus);
    s->cpus = g_new0(TCGCPU *, s->nr_cpus);
    s->tb_size = s->arena_size = s->tb_size_mib * MiB;
    jit_init(s);
    if (!tb_init(s, errp))
        return false;
    if (s->verify_runs && !s->want_verify) {
        error_setg(errp, "verify-runs=%u: nothing is compared without verify=on", s->verify_runs);
        return false;
    }
    if (s->want_verify && !s->jit) {
        error_setg(errp, "verify=on: nothing is compiled, so there is nothing to compare");
        return false;
    }
    if (s->want_verify)
        s->thread_mode = TCG_THREAD_SINGLE; /* what another vCPU stores would be a difference */
    if (s->thread_mode == TCG_THREAD_SINGLE)
        s->rr = rr_new();
    ram_set_code_write_hook(code_pages_write_hook);
    ram_set_protect_hooks(&code_pages_protect_hooks);
    return true;
}

/* Only who waits for a turn needs more than the attention word. */
static void tcg_kick(CPUState *cpu)
{
    TCGCPU *c = __atomic_load_n((TCGCPU **)&cpu->accel_state, __ATOMIC_ACQUIRE);

    if (c && c->s->icount)
        icount_wake(c->s->icount, true);
}

static void icount_attention(CPUState *cpu)
{
    icount_wake(((TCGCPU *)cpu->accel_state)->s->icount, false);
}

bool tcg_cpu_init(CPUState *cpu, CPUArchState *env, Error **errp)
{
    TCGState *s = TCG_STATE(current_machine()->accel);
    CPUTCGState *t = env_tcg(env);
    TCGCPU *c;

    if ((unsigned)cpu->cpu_index >= s->nr_cpus) {
        error_setg(errp, "vCPU %d is more than the machine was made for (%u)", cpu->cpu_index,
                   s->nr_cpus);
        return false;
    }
    c = g_new0(TCGCPU, 1);
    c->s = s;
    c->cpu = cpu;
    c->index = cpu->cpu_index;
    c->env = env;
    t->cpu = cpu;
    t->attention = &cpu->attention;
    t->ops = CPU_GET_CLASS(cpu)->tcg_ops;
    if (!tlb_init(env, s->nr_cpus, errp)) {
        g_free(c);
        return false;
    }
    if (!jit_cpu_init(s, cpu, env, errp)) {
        tlb_finalize(env);
        g_free(c);
        return false;
    }
    if (!verify_cpu_init(c, errp)) {
        tlb_finalize(env);
        g_free(c);
        return false;
    }
    t->jit_threshold = s->jit && t->ops->jit && !s->icount ? s->jit_threshold : 0;
    if (t->jit_threshold)
        c->targets = jump_targets_new();
    c->build = tb_build_new();
    t->jump_cache = jump_cache_new(s->dummy);
    tcg_jump_cache_clear(c);
    t->tb = s->dummy;
    t->cur = s->dummy->ops;
    cpu->accel_waits = s->icount != NULL;
    __atomic_store_n(&cpu->accel_state, c, __ATOMIC_RELEASE);
    __atomic_store_n(&s->cpus[cpu->cpu_index], c, __ATOMIC_RELEASE);
    if (s->icount)
        __atomic_store_n(&cpu->accel_attention, icount_attention, __ATOMIC_RELEASE);
    /* The memory map counts from the first vCPU on: all of them see the same. */
    g_mutex_lock(&s->lock);
    bool first = !s->has_listener;
    s->has_listener = true;
    g_mutex_unlock(&s->lock);
    if (first)
        memory_listener_register(&s->listener, cpu->as);
    return true;
}

static bool tcg_cpu_create(CPUState *cpu, Error **errp)
{
    const TCGCPUOps *ops = CPU_GET_CLASS(cpu)->tcg_ops;

    return tcg_cpu_init(cpu, ops->get_env(cpu), errp);
}

static void tcg_cpu_destroy(CPUState *cpu)
{
    TCGCPU *c = cpu->accel_state;
    CPUTCGState *t;

    if (!c)
        return;
    t = env_tcg(c->env);
    if (c->s->icount) {
        __atomic_store_n(&cpu->accel_attention, NULL, __ATOMIC_RELEASE);
        icount_gone(c->s->icount, c);
    }
    /* Others may be marking our TLB: they hold the lock while they look at s->cpus. */
    g_mutex_lock(&c->s->lock);
    __atomic_store_n(&c->s->cpus[c->index], NULL, __ATOMIC_RELEASE);
    bool last = c->s->has_listener;
    for (unsigned i = 0; i < c->s->nr_cpus; i++)
        last = last && !c->s->cpus[i];
    if (last)
        c->s->has_listener = false;
    g_mutex_unlock(&c->s->lock);
    if (last)
        memory_listener_unregister(&c->s->listener, cpu->as);
    __atomic_store_n(&cpu->accel_state, NULL, __ATOMIC_RELEASE);
    verify_cpu_free(c);
    tlb_finalize(c->env);
    tb_build_free(c->build);
    jump_cache_free(t->jump_cache);
    t->jump_cache = NULL;
    g_free(c->uncached);
    g_free(c->targets);
    g_free(c);
}

/* Reset, debugger or load changed registers: the mapping may be another. */
static void tcg_state_in(CPUState *cpu)
{
    TCGCPU *c = cpu->accel_state;

    if (c)
        tcg_tlb_flush_all(c->env);
}

static bool tcg_observe(AccelState *accel, AccelObserve what, Error **errp)
{
    return jit_observe(TCG_STATE(accel), what, errp);
}

static void tcg_info_jit(AccelState *accel, GString *out)
{
    jit_info(TCG_STATE(accel), out);
}

static const EnumName thread_names[] = {
    { "multi", TCG_THREAD_MULTI, "a host thread per vCPU, in parallel" },
    { "single", TCG_THREAD_SINGLE, "one vCPU at a time, in turns" },
    { NULL },
};

static const Property tcg_props[] = {
    PROP_ENUM("thread", TCGState, thread_mode, TCG_THREAD_MULTI, thread_names,
              "how vCPUs share the host: multi or single"),
    PROP_U32("tb-size", TCGState, tb_size_mib, DEFAULT_TB_MIB, 2, 64 * 1024,
             "most memory for translated code, blocks and what is compiled, in MiB"),
    { PROP_(prop_on_off_auto, "jit", TCGState, jit_wanted), .def.i = ON_OFF_AUTO_AUTO,
      .help = "compile hot code; auto is where it can be" },
    PROP_BOOL("jit-stats", TCGState, jit_stats, false, "compiled code counts what it does, for info jit"),
    { PROP_(prop_on_off_auto, "jit-thread", TCGState, jit_thread), .def.i = ON_OFF_AUTO_AUTO,
      .help = "compile on a thread of its own; auto is where there is more than one processor" },
    PROP_U32("jit-threshold", TCGState, jit_threshold, 64, 1, UINT32_MAX / 2,
             "times that code is come to before it is compiled"),
    PROP_BOOL("verify", TCGState, want_verify, false,
              "do again in the interpreter what compiled code did, stop at the first difference"),
    PROP_U32("verify-runs", TCGState, verify_runs, 0, 0, UINT32_MAX,
             "with verify=on: how often each region is compared; 0: always"),
    PROP_END,
};

static void tcg_instance_init(Object *obj)
{
    TCGState *s = TCG_STATE(obj);

    g_mutex_init(&s->lock);
    g_mutex_init(&s->room_lock);
    s->listener.name = "tcg";
    s->listener.commit = map_changed;
}

static void tcg_instance_finalize(Object *obj)
{
    TCGState *s = TCG_STATE(obj);

    if (s->arena) {
        ram_set_code_write_hook(NULL);
        ram_set_protect_hooks(NULL);
    }
    jit_free(s);
    tb_finalize(s);
    rr_free(s->rr);
    icount_free(s->icount);
    g_free(s->cpus);
    g_mutex_clear(&s->lock);
    g_mutex_clear(&s->room_lock);
}

static void tcg_class_init(ObjectClass *klass, const void *data)
{
    AccelClass *ac = ACCEL_CLASS(klass);

    ac->name = "tcg";
    ac->available = always_available;
    ac->init_machine = tcg_init_machine;
    ac->cpu_create = tcg_cpu_create;
    ac->cpu_destroy = tcg_cpu_destroy;
    ac->exec = tcg_exec;
    ac->state_in = tcg_state_in;
    ac->debug_changed = tcg_debug_changed;
    ac->set_icount = tcg_set_icount;
    ac->kick = tcg_kick;
    ac->info_jit = tcg_info_jit;
    ac->observe = tcg_observe;
    ac->note = tcg_note;
    ac->noted = tcg_noted;
    klass->props = tcg_props;
}

static const TypeInfo tcg_type = {
    .name = TYPE_TCG_ACCEL,
    .parent = TYPE_ACCEL,
    .desc = "translates guest code; works on any host",
    .instance_size = sizeof(TCGState),
    .class_init = tcg_class_init,
    .instance_init = tcg_instance_init,
    .instance_finalize = tcg_instance_finalize,
};
type_init(tcg_type);
