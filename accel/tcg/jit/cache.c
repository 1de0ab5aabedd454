/*
 * Memory for compiled code: the same pages mapped twice, to run and to write, never both through one
 * mapping; and plain memory near it for what code reads by distances of 32 bits.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sys/mman.h>

#include "accel/tcg/jit/jit.h"

bool jit_cache_init(Jit *j, size_t size)
{
    size_t data = size / 2;
    uint8_t *space = mmap(NULL, size + data, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                          -1, 0);
    void *rw = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE,
                    -1, 0);

    /* An old size of 0 makes a second mapping of shared pages. A file in memory would do as well, but
     * counts against the limit of file sizes. */
    if (space == MAP_FAILED || rw == MAP_FAILED ||
        mremap(rw, 0, size, MREMAP_MAYMOVE | MREMAP_FIXED, space) == MAP_FAILED ||
        mprotect(space, size, PROT_READ | PROT_EXEC) != 0 ||
        mprotect(space + size, data, PROT_READ | PROT_WRITE) != 0) {
        if (space != MAP_FAILED)
            munmap(space, size + data);
        if (rw != MAP_FAILED)
            munmap(rw, size);
        return false;
    }
    j->code = space;
    j->code_rw = rw;
    j->data = space + size;
    j->code_size = size;
    j->data_size = data;
    j->code_end = size;
    j->data_end = data;
    return true;
}

void jit_cache_free(Jit *j)
{
    if (!j->code)
        return;
    munmap(j->code, j->code_size + j->data_size);
    munmap(j->code_rw, j->code_size);
    j->code = NULL;
}

void *jit_data(Jit *j, size_t size)
{
    void *p = j->data + j->data_used;

    size = align_up(size, 16);
    if (size > j->data_end - j->data_used)
        return NULL;
    j->data_used += size;
    memset(p, 0, size);
    return p;
}
