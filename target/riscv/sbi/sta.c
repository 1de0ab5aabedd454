/*
 * STA: how long the hart was ready and did not run. That is what the host's scheduler says of the
 * hart's thread.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hw/core/clock.h"
#include "target/riscv/sbi/internal.h"
#include "util/byteorder.h"

#define SHMEM_SIZE 64
#define INTERVAL_NS 10000000

/* ns that this thread waited for a core, ever; 0 if the host does not say. */
static uint64_t waited_ns(void)
{
    int fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
    char text[96];
    uint64_t ns = 0;
    ssize_t n;

    if (fd < 0)
        return 0;
    n = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (n > 0) {
        text[n] = '\0';
        if (sscanf(text, "%*u %" SCNu64, &ns) != 1)
            ns = 0;
    }
    return ns;
}

void sbi_sta(RISCVCPU *cpu, SBICall *call)
{
    static const uint8_t zeros[SHMEM_SIZE];
    uint64_t lo = call->args[0], hi = call->args[1];

    if (call->fn != 0) {
        sbi_result(call, SBI_ERR_NOT_SUPPORTED, 0);
        return;
    }
    sbi_result(call, SBI_SUCCESS, 0);
    if (call->args[2]) {
        sbi_result(call, SBI_ERR_INVALID_PARAM, 0);
    } else if (lo == UINT64_MAX && hi == UINT64_MAX) {
        cpu->sbi.steal_shmem = UINT64_MAX;
    } else if (lo & (SHMEM_SIZE - 1)) {
        sbi_result(call, SBI_ERR_INVALID_PARAM, 0);
    } else if (!sbi_memory_writable(cpu, lo, hi, SHMEM_SIZE) ||
               !dma_write(cpu->parent_obj.as, lo, zeros, SHMEM_SIZE)) {
        sbi_result(call, SBI_ERR_INVALID_ADDRESS, 0);
    } else {
        cpu->sbi.steal_shmem = lo;
        cpu->sbi.steal_ns = 0;
        cpu->sbi.steal_base = waited_ns();
        cpu->sbi.steal_next = 0;
    }
}

void sbi_sta_update(RISCVCPU *cpu)
{
    RISCVSbi *sbi = &cpu->sbi;
    AddressSpace *as = cpu->parent_obj.as;
    uint64_t now = (uint64_t)clock_get_ns(CLOCK_MONO);
    uint64_t waited;
    uint8_t seq[4], steal[8];

    if (now < sbi->steal_next)
        return;
    sbi->steal_next = now + INTERVAL_NS;
    waited = waited_ns();
    /* A thread that was made anew (loaded state) counts from the start. */
    if (waited < sbi->steal_base)
        sbi->steal_base = 0;
    if (waited == sbi->steal_base || !dma_read(as, sbi->steal_shmem, seq, 4))
        return;
    sbi->steal_ns += waited - sbi->steal_base;
    sbi->steal_base = waited;
    st64_le(steal, sbi->steal_ns);
    st32_le(seq, ld32_le(seq) | 1);
    dma_write(as, sbi->steal_shmem, seq, 4);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    dma_write(as, sbi->steal_shmem + 8, steal, 8);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    st32_le(seq, ld32_le(seq) + 1);
    dma_write(as, sbi->steal_shmem, seq, 4);
}
