/*
 * Memory backends: merging, dumping, allocation in advance, and the host's own NUMA nodes.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/core/hostmem-internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "util/bits.h"
#include "util/keyval.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

#define HOST_NODES_MAX 1024

typedef struct Populate {
    uint8_t *host;
    uint64_t size;
    int error;
} Populate;

/* Takes the memory now, so that the guest cannot run into its lack. */
static gpointer populate(gpointer data)
{
    Populate *p = data;
    const long page = sysconf(_SC_PAGESIZE);

    if (madvise(p->host, p->size, MADV_POPULATE_WRITE) == 0) {
        return NULL;
    }
    p->error = errno;
    if (p->error == EINVAL) { /* an older kernel */
        p->error = 0;
        for (uint64_t i = 0; i < p->size; i += (uint64_t)page) {
            volatile uint8_t *byte = p->host + i;

            *byte = *byte;
        }
    }
    return NULL;
}

static bool preallocate(MemoryBackend *mb, Error **errp)
{
    const RAMBlock *ram = mb->mr.ram;
    const unsigned n = mb->prealloc_threads;
    g_autofree Populate *parts = g_new0(Populate, n);
    g_autofree GThread **threads = g_new0(GThread *, n);
    uint64_t step = align_up(ram->size / n + 1, 2 * MiB), at = 0;
    int error = 0;
    struct sysinfo host;

    /* Linux would end the process, or another one, when it finds out. Files can be paged out. */
    if (!mb->mem_path && !mb->hugetlb && sysinfo(&host) == 0 &&
        ram->size / host.mem_unit > (uint64_t)host.totalram + host.totalswap) {
        error_setg_errno(errp, ENOMEM, "cannot allocate all of the memory");
        return false;
    }
    for (unsigned i = 0; i < n && at < ram->size; i++, at += step) {
        parts[i] = (Populate){ .host = ram->host + at, .size = MIN(step, ram->size - at) };
        threads[i] = i ? g_thread_try_new("prealloc", populate, &parts[i], NULL) : NULL;
        if (!threads[i]) {
            populate(&parts[i]);
        }
    }
    for (unsigned i = 0; i < n; i++) {
        if (threads[i]) {
            g_thread_join(threads[i]);
        }
        error = error ? error : parts[i].error;
    }
    if (error) {
        error_setg_errno(errp, error == EFAULT ? ENOMEM : error, "cannot allocate all of the memory");
    }
    return !error;
}

bool memory_backend_advise(MemoryBackend *mb, Error **errp)
{
    const RAMBlock *ram = mb->mr.ram;

    /* These are wishes: a host without them runs the guest as well. */
    madvise(ram->host, ram->size, mb->merge ? MADV_MERGEABLE : MADV_UNMERGEABLE);
    madvise(ram->host, ram->size, mb->dump ? MADV_DODUMP : MADV_DONTDUMP);
    return !mb->prealloc || preallocate(mb, errp);
}

/* ---- NUMA nodes of the host ---- */

static bool parse_nodes(MemoryBackend *mb, unsigned long *mask, Error **errp)
{
    for (char **text = mb->host_nodes; text && *text; text++) {
        g_auto(GStrv) ends = g_strsplit(*text, "-", 2);
        uint64_t from, to;

        if (!parse_u64("host-nodes", ends[0] ? ends[0] : "", 0, HOST_NODES_MAX - 1, &from, errp)) {
            return false;
        }
        to = from;
        if (ends[1] && !parse_u64("host-nodes", ends[1], from, HOST_NODES_MAX - 1, &to, errp)) {
            return false;
        }
        for (uint64_t n = from; n <= to; n++) {
            mask[n / 64] |= 1ul << (n % 64);
        }
    }
    return true;
}

bool memory_backend_bind(MemoryBackend *mb, Error **errp)
{
    /* MPOL_DEFAULT, MPOL_PREFERRED, MPOL_BIND, MPOL_INTERLEAVE: the same numbers. */
    unsigned long mask[HOST_NODES_MAX / 64 + 1] = { 0 };
    const RAMBlock *ram = mb->mr.ram;

    if (mb->host_nodes && mb->policy == MEMORY_POLICY_DEFAULT) {
        error_setg(errp, "'host-nodes' needs a 'policy' (preferred, bind, interleave)");
        return false;
    }
    if (!mb->host_nodes && mb->policy != MEMORY_POLICY_DEFAULT) {
        error_setg(errp, "'policy' needs 'host-nodes'");
        return false;
    }
    if (mb->policy == MEMORY_POLICY_DEFAULT) {
        return true;
    }
    if (!parse_nodes(mb, mask, errp)) {
        return false;
    }
    if (syscall(SYS_mbind, ram->host, ram->size, mb->policy, mask, (unsigned long)HOST_NODES_MAX + 1,
                1u /* MPOL_MF_STRICT */) != 0) {
        g_autofree char *nodes = g_strjoinv(",", mb->host_nodes);

        error_setg_errno(errp, errno, "cannot bind the memory to nodes %s of the host", nodes);
        return false;
    }
    return true;
}
