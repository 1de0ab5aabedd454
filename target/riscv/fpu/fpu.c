/*
 * Keeping the host's FPU in step with a hart's fcsr.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/fpu/fpu.h"

#include "target/riscv/fpu/host.h"

#if FP_HOST

/* MXCSR accrues IE, DE, ZE, OE, UE, PE from bit 0 up; DE (a subnormal operand) has no fflag. */
static unsigned flags_of_mxcsr(uint32_t v)
{
    return (v & 1) << 4 | (v & 4) << 1 | (v & 8) >> 1 | (v & 16) >> 3 | (v & 32) >> 5;
}

static void take_host(CPURISCVState *env)
{
    /* Rounding control by frm: nearest 0, down 1, up 2, to zero 3. RMM and the reserved values
     * leave it at nearest, which instructions with a static RNE can still use. */
    static const uint8_t control[8] = { 0, 3, 1, 2, 0, 0, 0, 0 };
    bool native = env->frm <= FP_RUP;
    unsigned mode = native ? env->frm : FP_RNE;

    host_fp_write(MXCSR_DEFAULT | (uint32_t)control[mode] << 13);
    env->fp_fast = (uint8_t)(1u << mode | 1u << FP_ANY | (unsigned)native << FP_DYN);
    env->fp_fast_fma = host_has_fma() ? env->fp_fast : 0;
}

void fp_exec_enter(CPURISCVState *env)
{
    env->fp_host_control = host_fp_read();
    take_host(env);
}

void fp_exec_leave(CPURISCVState *env)
{
    fp_get_fflags(env);
    env->fp_fast = env->fp_fast_fma = 0;
    host_fp_write(env->fp_host_control);
}

unsigned fp_get_fflags(CPURISCVState *env)
{
    if (env->fp_fast) {
        env->fflags |= (uint8_t)flags_of_mxcsr(host_fp_read());
    }
    return env->fflags;
}

/* Takes the host's FPU anew, which forgets its sticky flags. */
static void restart_host(CPURISCVState *env)
{
    if (env->fp_fast) {
        take_host(env);
    }
}

#else

void fp_exec_enter(CPURISCVState *env)
{
}

void fp_exec_leave(CPURISCVState *env)
{
}

unsigned fp_get_fflags(CPURISCVState *env)
{
    return env->fflags;
}

static void restart_host(CPURISCVState *env)
{
}

#endif

void fp_set_fflags(CPURISCVState *env, unsigned flags)
{
    env->fflags = flags & FP_FLAGS;
    restart_host(env);
}

void fp_set_frm(CPURISCVState *env, unsigned frm)
{
    fp_get_fflags(env);
    env->frm = frm & 7;
    restart_host(env);
}
