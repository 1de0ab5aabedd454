/*
 * Memory for compiled code, and plain memory near it for what code reads by distances of 32 bits.
 *
 * No mapping is both writable and executable. Code is drafted in memory of its own, and then put where it
 * runs in one of two ways:
 *
 * - through /proc/self/mem, by which a process may write to private memory that is mapped to read and run
 *   only. Such memory can have huge pages: guests like compilers run tens of MiB of code, and with pages of
 *   4 KiB wait for the host's TLB a fifth of their time;
 * - where there is no such file or the kernel forbids that, through a second mapping of shared pages.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "accel/tcg/jit/jit.h"

static bool write_mem(int fd, const uint8_t *to, const uint8_t *bytes, size_t size)
{
    while (size) {
        ssize_t n = pwrite(fd, bytes, size, (off_t)(uintptr_t)to);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        to += n;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

static bool map_private(Jit *j, uint8_t *code, size_t size)
{
    static const uint8_t probe[] = { 0xf4 };

    j->code_fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
    if (j->code_fd < 0)
        return false;
    if (mprotect(code, size, PROT_READ | PROT_EXEC) != 0)
        return false;
    tcg_want_huge_pages(code, size);
    return write_mem(j->code_fd, code, probe, sizeof(probe)) && *(volatile uint8_t *)code == probe[0];
}

/* An old size of 0 makes a second mapping of shared pages. A file in memory would do as well, but counts
 * against the limit of file sizes. */
static bool map_shared(Jit *j, uint8_t *code, size_t size)
{
    void *rw = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (rw == MAP_FAILED)
        return false;
    j->code_rw = rw;
    return mremap(rw, 0, size, MREMAP_MAYMOVE | MREMAP_FIXED, code) != MAP_FAILED &&
           mprotect(code, size, PROT_READ | PROT_EXEC) == 0;
}

static void unmap(Jit *j)
{
    if (j->code_fd >= 0)
        close(j->code_fd);
    if (j->code_rw)
        munmap(j->code_rw, j->code_size);
    j->code_fd = -1;
    j->code_rw = NULL;
}

bool jit_cache_init(Jit *j, size_t size)
{
    size_t data = size / 2;

    j->space_size = size + data + TCG_HUGE_PAGE;
    j->space = mmap(NULL, j->space_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    j->code_fd = -1;
    j->code_size = j->code_end = size;
    j->data_size = j->data_end = data;
    if (j->space == MAP_FAILED) {
        j->space = NULL;
        return false;
    }
    j->code = (uint8_t *)(uintptr_t)align_up((uintptr_t)j->space, TCG_HUGE_PAGE);
    j->data = j->code + size;
    j->draft = g_malloc(JIT_ROOM);
    if (mprotect(j->data, data, PROT_READ | PROT_WRITE) != 0)
        return false;
    tcg_want_huge_pages(j->data, data);
    if (map_private(j, j->code, size))
        return true;
    unmap(j);
    return map_shared(j, j->code, size);
}

void jit_cache_free(Jit *j)
{
    if (!j->space)
        return;
    unmap(j);
    munmap(j->space, j->space_size);
    g_free(j->draft);
    j->space = j->code = NULL;
}

bool jit_code_put(Jit *j, size_t at, size_t size)
{
    if (j->code_rw)
        memcpy(j->code_rw + at, j->draft, size);
    return j->code_rw || write_mem(j->code_fd, j->code + at, j->draft, size);
}

void *jit_data(Jit *j, size_t size)
{
    size_t at = align_up(j->data_used, 16);

    size = align_up(size, 16);
    if (at > j->data_end || size > j->data_end - at)
        return NULL;
    j->data_used = at + size;
    return memset(j->data + at, 0, size);
}

JitExit *jit_exit_new(Jit *j, vaddr pc)
{
    JitExit *x = (JitExit *)(j->data + j->data_used);

    if (j->data_used > j->data_end || sizeof(*x) > j->data_end - j->data_used)
        return NULL;
    j->data_used += sizeof(*x);
    *x = (JitExit){ .jump = j->exit_unlinked, .target = pc };
    return x;
}
