/*
 * Semihosting, the CPU's side: slli x0, x0, 0x1f; ebreak; srai x0, x0, 7, none of them compressed and
 * all on one page, so that what surrounds the ebreak can be looked at without a fault of its own. The
 * number of the call is in a0, its argument in a1, and the result comes in a0.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/semihost.h"

#include "accel/tcg/guest-mem.h"
#include "hw/core/semihosting.h"
#include "util/byteorder.h"
#include "util/host-fp.h"

#define BEFORE 0x01f01013u
#define AFTER 0x40705013u
enum { A0 = 10, A1 = 11 };

static bool read_mem(CPUState *cpu, vaddr va, void *buf, size_t len)
{
    return tcg_guest_read(riscv_env(cpu), va, buf, len);
}

static bool write_mem(CPUState *cpu, vaddr va, const void *buf, size_t len)
{
    return tcg_guest_write(riscv_env(cpu), va, buf, len);
}

static bool surrounded(CPURISCVState *env, vaddr pc)
{
    uint8_t code[12];

    return !(((pc - 4) ^ (pc + 7)) & TARGET_PAGE_MASK) &&
           tcg_guest_fetch(env, pc - 4, code, sizeof(code)) && ldn_le(code, 4) == BEFORE &&
           ldn_le(code + 8, 4) == AFTER;
}

bool riscv_semihost(CPURISCVState *env)
{
    const SemihostOps *ops = semihost_ops();
    SemihostGuest g = { env->tcg.cpu, read_mem, write_mem };
    vaddr pc;
    uint64_t result = 0;
    uint32_t fp;
    SemihostOutcome outcome;

    if (likely(!ops) || (env->priv == PRV_U && !ops->userspace))
        return false;
    pc = tcg_current_pc(env);
    if (!surrounded(env, pc))
        return false;
    fp = host_fp_aside();
    outcome = ops->call(&g, env->x[A0], env->x[A1], &result);
    host_fp_write(fp);
    if (outcome == SEMIHOST_AGAIN)
        cpu_loop_exit_restart(env);
    env->x[A0] = result;
    env->tcg.pc = pc + 4;
    return true;
}
