/*
 * The hypervisor extension's instructions. What they mean is in hyp.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/exec.h"
#include "target/riscv/hyp.h"

#define HLV(name, bits, executable, convert)                                                \
    EXEC(name)                                                                              \
    {                                                                                       \
        riscv_hlv_begin(env, op, executable);                                               \
        uint##bits##_t value = tcg_ld##bits(env, RS1);                                      \
        riscv_hlv_end(env);                                                                 \
        RD = convert;                                                                       \
    }

#define HSV(name, bits)                                                                     \
    EXEC(name)                                                                              \
    {                                                                                       \
        riscv_hlv_begin(env, op, false);                                                    \
        tcg_st##bits(env, RS1, RS2);                                                        \
        riscv_hlv_end(env);                                                                 \
    }

HLV(hlv_b, 8, false, (int64_t)(int8_t)value)
HLV(hlv_bu, 8, false, value)
HLV(hlv_h, 16, false, (int64_t)(int16_t)value)
HLV(hlv_hu, 16, false, value)
HLV(hlv_w, 32, false, SEXT32(value))
HLV(hlv_wu, 32, false, value)
HLV(hlv_d, 64, false, value)
HLV(hlvx_hu, 16, true, value)
HLV(hlvx_wu, 32, true, value)
HSV(hsv_b, 8)
HSV(hsv_h, 16)
HSV(hsv_w, 32)
HSV(hsv_d, 64)

EXEC(hfence_vvma) { riscv_hfence_vvma(env, op); }
EXEC(hfence_gvma) { riscv_hfence_gvma(env, op); }
EXEC(hinval_vvma) { riscv_hfence_vvma(env, op); }
EXEC(hinval_gvma) { riscv_hfence_gvma(env, op); }
