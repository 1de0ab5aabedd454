/*
 * The SBI, version 3.0: one implementation for both accelerators.
 *
 * KVM answers most calls in the kernel and hands a few to user space: riscv_sbi_user_call(). With
 * tcg and `-bios builtin` it is the whole firmware: firmware.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_SBI_SBI_H
#define VIREO_TARGET_RISCV_SBI_SBI_H

#include "target/riscv/cpu.h"

/* Extensions. 0 to 8 are the legacy calls, one each. */
enum SBIExtension {
    SBI_LEGACY_SET_TIMER = 0,
    SBI_LEGACY_PUTCHAR = 1,
    SBI_LEGACY_GETCHAR = 2,
    SBI_LEGACY_CLEAR_IPI = 3,
    SBI_LEGACY_SEND_IPI = 4,
    SBI_LEGACY_FENCE_I = 5,
    SBI_LEGACY_SFENCE_VMA = 6,
    SBI_LEGACY_SFENCE_VMA_ASID = 7,
    SBI_LEGACY_SHUTDOWN = 8,
    SBI_LEGACY_LAST = 0xf,
    SBI_BASE = 0x10,
    SBI_TIME = 0x54494d45,
    SBI_IPI = 0x735049,
    SBI_RFENCE = 0x52464e43,
    SBI_HSM = 0x48534d,
    SBI_SRST = 0x53525354,
    SBI_PMU = 0x504d55,
    SBI_DBCN = 0x4442434e,
    SBI_SUSP = 0x53555350,
    SBI_CPPC = 0x43505043,
    SBI_NACL = 0x4e41434c,
    SBI_STA = 0x535441,
    SBI_SSE = 0x535345,
    SBI_FWFT = 0x46574654,
    SBI_DBTR = 0x44425452,
    SBI_MPXY = 0x4d505859,
    /* Ranges, first and last. */
    SBI_EXPERIMENTAL = 0x08000000,
    SBI_EXPERIMENTAL_LAST = 0x08ffffff,
    SBI_VENDOR = 0x09000000,
    SBI_VENDOR_LAST = 0x09ffffff,
    SBI_FIRMWARE = 0x0a000000,
    SBI_FIRMWARE_LAST = 0x0affffff,
};

enum SBIError {
    SBI_SUCCESS = 0,
    SBI_ERR_FAILED = -1,
    SBI_ERR_NOT_SUPPORTED = -2,
    SBI_ERR_INVALID_PARAM = -3,
    SBI_ERR_DENIED = -4,
    SBI_ERR_INVALID_ADDRESS = -5,
    SBI_ERR_ALREADY_AVAILABLE = -6,
    SBI_ERR_ALREADY_STARTED = -7,
    SBI_ERR_ALREADY_STOPPED = -8,
    SBI_ERR_NO_SHMEM = -9,
    SBI_ERR_INVALID_STATE = -10,
    SBI_ERR_BAD_RANGE = -11,
    SBI_ERR_TIMEOUT = -12,
    SBI_ERR_IO = -13,
    SBI_ERR_DENIED_LOCKED = -14,
};

/* A call: what is in a7, a6 and a0 to a5, and what goes back into a0 and a1. */
typedef struct SBICall {
    uint64_t ext, fn, args[6];
    int64_t error;  /* a0; the result itself of a legacy call */
    uint64_t value; /* a1; a legacy call leaves it alone: args[1] */
} SBICall;

typedef enum SBIOutcome {
    SBI_RETURN, /* error and value go into a0 and a1, and the guest goes on */
    SBI_LEAVE,  /* the same, but the vCPU leaves exec() first: the machine is to stop or to suspend */
} SBIOutcome;

/* "DBCN.write" or "0x8.0"; for logs. */
void riscv_sbi_append_name(uint64_t ext, uint64_t fn, GString *out);
/* Logs a finished call under LOG_SBI. */
void riscv_sbi_log(const RISCVCPU *cpu, const SBICall *call);

/*
 * A call that KVM handed over (KVM_EXIT_RISCV_SBI): error and value become ret[0] and ret[1]. Never
 * blocks for long. vCPU thread, outside KVM_RUN. SBI_LEAVE: a request for the main loop was made and
 * attention set; the vCPU enters KVM_RUN again when the machine goes on.
 */
SBIOutcome riscv_sbi_user_call(RISCVCPU *cpu, SBICall *call);

#endif
