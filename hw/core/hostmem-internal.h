/*
 * What the files of memory backends share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_CORE_HOSTMEM_INTERNAL_H
#define VIREO_HW_CORE_HOSTMEM_INTERNAL_H

#include "hw/core/hostmem.h"

typedef enum MemoryPolicy {
    MEMORY_POLICY_DEFAULT,
    MEMORY_POLICY_PREFERRED,
    MEMORY_POLICY_BIND,
    MEMORY_POLICY_INTERLEAVE,
} MemoryPolicy;

struct MemoryBackend {
    Object parent_obj;
    MemoryRegion mr;
    bool ready;      /* complete() has made mr */
    bool taken;

    /* properties of all kinds */
    uint64_t size;
    bool share, prealloc, merge, dump, reserve;
    uint32_t prealloc_threads;
    int policy;      /* MemoryPolicy */
    char **host_nodes;

    /* of files */
    char *mem_path;
    bool discard_data, pmem, readonly;
    uint64_t align, offset;
    int rom;         /* OnOffAuto */
    /* of memfds */
    bool hugetlb, seal;
    uint64_t hugetlb_size;
};

/* hostmem-host.c: what the host is told about memory that is mapped. */
bool memory_backend_advise(MemoryBackend *mb, Error **errp);
bool memory_backend_bind(MemoryBackend *mb, Error **errp);

/* hostmem-file.c: the open file (the caller closes it) and how to map it; -1 + errp. */
int memory_backend_open_file(MemoryBackend *mb, RAMSource *source, Error **errp);
int memory_backend_open_memfd(MemoryBackend *mb, RAMSource *source, Error **errp);

#endif
