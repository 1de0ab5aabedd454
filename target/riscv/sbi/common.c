/*
 * What all calls of the SBI share: memory that the guest names, and the log.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>

#include "target/riscv/sbi/internal.h"
#include "util/bits.h"
#include "util/log.h"

bool sbi_memory_ok(const RISCVCPU *cpu, uint64_t lo, uint64_t hi, uint64_t len)
{
    if (hi || lo + len < lo)
        return false;
    return len == 0 || address_space_has_ram(cpu->parent_obj.as, lo, len);
}

/* A piece of RAM is told from one of ROM by mapping it for writing. */
static bool writable(const RISCVCPU *cpu, hwaddr addr, uint64_t len)
{
    void *host = dma_map(cpu->parent_obj.as, addr, len, true);

    if (host)
        dma_unmap(cpu->parent_obj.as, host, len, true, 0);
    return host != NULL;
}

bool sbi_memory_writable(const RISCVCPU *cpu, uint64_t lo, uint64_t hi, uint64_t len)
{
    if (!sbi_memory_ok(cpu, lo, hi, len))
        return false;
    if (len == 0 || writable(cpu, lo, len))
        return true;
    /* Perhaps it lies across two blocks of RAM. */
    if (len > MiB)
        return false;
    while (len) {
        uint64_t n = MIN(len, 4 * KiB - (lo & (4 * KiB - 1)));

        if (!writable(cpu, lo, n))
            return false;
        lo += n;
        len -= n;
    }
    return true;
}

/* ---- The log ---- */

typedef struct ExtensionNames {
    uint32_t ext;
    const char *name, *functions[10];
} ExtensionNames;

static const ExtensionNames names[] = {
    { SBI_LEGACY_SET_TIMER, "legacy.set_timer" },
    { SBI_LEGACY_PUTCHAR, "legacy.putchar" },
    { SBI_LEGACY_GETCHAR, "legacy.getchar" },
    { SBI_LEGACY_CLEAR_IPI, "legacy.clear_ipi" },
    { SBI_LEGACY_SEND_IPI, "legacy.send_ipi" },
    { SBI_LEGACY_FENCE_I, "legacy.remote_fence_i" },
    { SBI_LEGACY_SFENCE_VMA, "legacy.remote_sfence_vma" },
    { SBI_LEGACY_SFENCE_VMA_ASID, "legacy.remote_sfence_vma_asid" },
    { SBI_LEGACY_SHUTDOWN, "legacy.shutdown" },
    { SBI_BASE, "BASE", { "spec_version", "impl_id", "impl_version", "probe", "mvendorid",
                          "marchid", "mimpid" } },
    { SBI_TIME, "TIME", { "set_timer" } },
    { SBI_IPI, "IPI", { "send" } },
    { SBI_RFENCE, "RFENCE", { "fence_i", "sfence_vma", "sfence_vma_asid", "hfence_gvma_vmid",
                              "hfence_gvma", "hfence_vvma_asid", "hfence_vvma" } },
    { SBI_HSM, "HSM", { "start", "stop", "status", "suspend" } },
    { SBI_SRST, "SRST", { "reset" } },
    { SBI_PMU, "PMU", { "num_counters", "counter_info", "config_matching", "start", "stop",
                        "fw_read", "fw_read_hi", "snapshot_set_shmem", "event_info" } },
    { SBI_DBCN, "DBCN", { "write", "read", "write_byte" } },
    { SBI_SUSP, "SUSP", { "suspend" } },
    { SBI_CPPC, "CPPC" },
    { SBI_NACL, "NACL" },
    { SBI_STA, "STA", { "set_shmem" } },
    { SBI_SSE, "SSE", { "read_attrs", "write_attrs", "register", "unregister", "enable",
                        "disable", "complete", "inject", "unmask", "mask" } },
    { SBI_FWFT, "FWFT", { "set", "get" } },
    { SBI_DBTR, "DBTR" },
    { SBI_MPXY, "MPXY" },
};

static const char *const error_names[] = {
    "success", "failed", "not supported", "invalid parameter", "denied", "invalid address",
    "already available", "already started", "already stopped", "no shared memory",
    "invalid state", "bad range", "timeout", "I/O error", "denied, locked",
};

void riscv_sbi_append_name(uint64_t ext, uint64_t fn, GString *out)
{
    const ExtensionNames *row = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (names[i].ext == ext)
            row = &names[i];
    }
    if (row && ext <= SBI_LEGACY_LAST)
        g_string_append(out, row->name);
    else if (row && fn < ARRAY_SIZE(row->functions) && row->functions[fn])
        g_string_append_printf(out, "%s.%s", row->name, row->functions[fn]);
    else if (row)
        g_string_append_printf(out, "%s.%" PRIu64, row->name, fn);
    else
        g_string_append_printf(out, "%#" PRIx64 ".%" PRIu64, ext, fn);
}

void riscv_sbi_log(const RISCVCPU *cpu, const SBICall *call)
{
    g_autoptr(GString) out = g_string_new(NULL);

    g_string_append_printf(out, "hart %" PRIu64 ": sbi ", cpu->hartid);
    riscv_sbi_append_name(call->ext, call->fn, out);
    for (unsigned i = 0; i < ARRAY_SIZE(call->args); i++)
        g_string_append_printf(out, "%s%#" PRIx64, i ? ", " : "(", call->args[i]);
    g_string_append(out, ") = ");
    if (call->ext <= SBI_LEGACY_LAST)
        g_string_append_printf(out, "%" PRId64, call->error);
    else if (call->error)
        g_string_append_printf(out, "%s", -call->error < (int64_t)ARRAY_SIZE(error_names)
                                              ? error_names[-call->error] : "?");
    else
        g_string_append_printf(out, "%#" PRIx64, call->value);
    log_printf(LOG_SBI, "%s\n", out->str);
}
