/*
 * Memory backends: host memory with properties, that a machine takes as its RAM.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_CORE_HOSTMEM_H
#define VIREO_HW_CORE_HOSTMEM_H

#include "qom/object.h"
#include "softmmu/memory.h"

#define TYPE_MEMORY_BACKEND "memory-backend"
#define TYPE_MEMORY_BACKEND_RAM "memory-backend-ram"
#define TYPE_MEMORY_BACKEND_FILE "memory-backend-file"
#define TYPE_MEMORY_BACKEND_MEMFD "memory-backend-memfd"
OBJECT_DECLARE_SIMPLE(MemoryBackend, MEMORY_BACKEND, TYPE_MEMORY_BACKEND)

uint64_t memory_backend_size(const MemoryBackend *mb);
/* The memory, for one user; NULL + errp if it has one already. */
MemoryRegion *memory_backend_take(MemoryBackend *mb, Error **errp);
/* The backend of -object with that id, or NULL + errp. */
MemoryBackend *memory_backend_find(const char *id, Error **errp);

#endif
