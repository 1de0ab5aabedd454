/*
 * Names of causes and modes, and what the log says of traps.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/trap-impl.h"

#include <inttypes.h>

#include "hw/core/symbols.h"
#include "target/riscv/explain.h"
#include "util/bits.h"
#include "util/log.h"

const char *riscv_cause_name(unsigned long long cause)
{
    static const char *const exceptions[] = {
        [EXC_INST_MISALIGNED] = "instruction address misaligned",
        [EXC_INST_ACCESS_FAULT] = "instruction access fault",
        [EXC_ILLEGAL_INST] = "illegal instruction",
        [EXC_BREAKPOINT] = "breakpoint",
        [EXC_LOAD_MISALIGNED] = "load address misaligned",
        [EXC_LOAD_ACCESS_FAULT] = "load access fault",
        [EXC_STORE_MISALIGNED] = "store address misaligned",
        [EXC_STORE_ACCESS_FAULT] = "store access fault",
        [EXC_ECALL_U] = "call from U",
        [EXC_ECALL_S] = "call from S",
        [EXC_ECALL_VS] = "call from VS",
        [EXC_ECALL_M] = "call from M",
        [EXC_INST_PAGE_FAULT] = "instruction page fault",
        [EXC_LOAD_PAGE_FAULT] = "load page fault",
        [EXC_STORE_PAGE_FAULT] = "store page fault",
        [EXC_DOUBLE_TRAP] = "double trap",
        [EXC_SOFTWARE_CHECK] = "software check",
        [EXC_INST_GUEST_PAGE_FAULT] = "instruction guest-page fault",
        [EXC_LOAD_GUEST_PAGE_FAULT] = "load guest-page fault",
        [EXC_VIRTUAL_INST] = "virtual instruction",
        [EXC_STORE_GUEST_PAGE_FAULT] = "store guest-page fault",
    };
    static const char *const interrupts[] = {
        [IRQ_S_SOFT] = "supervisor software", [IRQ_M_SOFT] = "machine software",
        [IRQ_S_TIMER] = "supervisor timer",   [IRQ_M_TIMER] = "machine timer",
        [IRQ_S_EXT] = "supervisor external",  [IRQ_M_EXT] = "machine external",
        [IRQ_VS_SOFT] = "virtual supervisor software",
        [IRQ_VS_TIMER] = "virtual supervisor timer",
        [IRQ_VS_EXT] = "virtual supervisor external",
        [IRQ_S_GUEST_EXT] = "supervisor guest external",
        [IRQ_LCOF] = "counter overflow",
    };
    const char *name = NULL;

    if (cause & CAUSE_INTERRUPT) {
        cause &= ~CAUSE_INTERRUPT;
        if (cause < ARRAY_SIZE(interrupts))
            name = interrupts[cause];
    } else if (cause < ARRAY_SIZE(exceptions)) {
        name = exceptions[cause];
    }
    return name ? name : "reserved";
}

/* Appends the rule that refused, if it is known. */
static void append_why(CPURISCVState *env, uint64_t cause, uint64_t tval, GString *out)
{
    if ((cause == EXC_ILLEGAL_INST || cause == EXC_VIRTUAL_INST) && !env->exc_why) {
        g_string_append(out, ": ");
        riscv_explain_illegal(env, (uint32_t)tval, out);
    } else if (!(cause & CAUSE_INTERRUPT) && env->exc_why) {
        g_string_append_printf(out, ": %s", env->exc_why);
    }
}

const char *riscv_mode_name(RISCVPriv priv, bool virt)
{
    static const char *const names[2][4] = { { "U", "S", "-", "M" }, { "VU", "VS", "-", "M" } };

    return names[virt][priv & 3];
}

void riscv_log_trap(CPURISCVState *env, uint64_t cause, uint64_t tval, TrapMode to)
{
    RISCVCPU *cpu = env_cpu(env);
    g_autoptr(GString) out = g_string_new(NULL);

    g_string_append_printf(out, "hart %" PRIu64 ": %s %" PRIu64 " (%s) pc %016" PRIx64, cpu->hartid,
                           cause & CAUSE_INTERRUPT ? "interrupt" : "exception",
                           (uint64_t)(cause & ~CAUSE_INTERRUPT), riscv_cause_name(cause),
                           env->tcg.pc);
    symbol_append(out, env->tcg.pc);
    g_string_append_printf(out, " tval %016" PRIx64, tval);
    if (env->exc_gpa && !(cause & CAUSE_INTERRUPT))
        g_string_append_printf(out, " gpa %016" PRIx64, env->exc_gpa);
    g_string_append_printf(out, " %s -> %s", riscv_mode_name(env->priv, env->virt),
                           riscv_mode_name(to.priv, to.virt));
    append_why(env, cause, tval, out);
    log_printf(LOG_INT, "%s\n", out->str);
}

void riscv_log_refused(CPURISCVState *env, uint64_t cause, uint64_t tval)
{
    RISCVCPU *cpu = env_cpu(env);
    g_autoptr(GString) out = g_string_new(NULL);

    if (cause != EXC_ILLEGAL_INST && cause != EXC_INST_ACCESS_FAULT &&
        cause != EXC_LOAD_ACCESS_FAULT && cause != EXC_STORE_ACCESS_FAULT &&
        cause != EXC_SOFTWARE_CHECK)
        return;
    g_string_append_printf(out, "%" PRIu64 ": %s at pc %#" PRIx64, cpu->hartid,
                           riscv_cause_name(cause), env->tcg.pc);
    symbol_append(out, env->tcg.pc);
    g_string_append_printf(out, " in %s, %s %#" PRIx64, riscv_mode_name(env->priv, env->virt),
                           cause == EXC_ILLEGAL_INST ? "bits" : "address", tval);
    append_why(env, cause, tval, out);
    log_guest_error(&cpu->parent_obj.exec_limit, "hart", "%s", out->str);
}
