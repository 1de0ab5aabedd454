/*
 * Memory backends: files and memfds.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/core/hostmem-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "qom/property.h"
#include "util/bits.h"

#define HUGETLBFS_MAGIC 0x958458f6
#ifndef MFD_HUGE_SHIFT
#define MFD_HUGE_SHIFT 26
#endif

static bool check_size(const MemoryBackend *mb, uint64_t page, Error **errp)
{
    if (mb->size % page || mb->offset % page) {
        error_setg(errp, "'%s' must be a multiple of the page size, %" PRIu64 " KiB",
                   mb->size % page ? "size" : "offset", page >> 10);
        return false;
    }
    return true;
}

/* A file without a name in a directory, as for hugetlbfs. */
static int open_in_folder(MemoryBackend *mb, Error **errp)
{
    g_autofree char *name = g_build_filename(mb->mem_path, "vireo-ram-XXXXXX", NULL);
    int fd = g_mkstemp_full(name, O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0) {
        error_setg_errno(errp, errno, "cannot make a file in '%s'", mb->mem_path);
        return -1;
    }
    unlink(name);
    return fd;
}

static int open_path(MemoryBackend *mb, Error **errp)
{
    int flags = (mb->readonly ? O_RDONLY : O_RDWR | O_CREAT) | O_CLOEXEC | O_NONBLOCK;
    int fd;

    if (g_file_test(mb->mem_path, G_FILE_TEST_IS_DIR)) {
        return open_in_folder(mb, errp);
    }
    fd = open(mb->mem_path, flags, 0600);
    if (fd < 0) {
        error_setg_errno(errp, errno, "cannot open '%s'", mb->mem_path);
    }
    return fd;
}

/* A new or empty file becomes as long as it must be, any other has to be. */
static bool fit(MemoryBackend *mb, int fd, Error **errp)
{
    uint64_t need;
    struct stat st;

    if (!u64_add(mb->offset, mb->size, &need) || need > INT64_MAX) {
        error_setg(errp, "'offset' and 'size' are too large");
        return false;
    }
    if (fstat(fd, &st) != 0) {
        error_setg_errno(errp, errno, "cannot look at '%s'", mb->mem_path);
        return false;
    }
    if (!S_ISREG(st.st_mode)) {
        error_setg(errp, "'%s' is neither a file nor a directory", mb->mem_path);
        return false;
    }
    if (st.st_size == 0 && !mb->readonly) {
        if (ftruncate(fd, (off_t)need) != 0) {
            error_setg_errno(errp, errno, "cannot make '%s' %" PRIu64 " bytes long", mb->mem_path,
                             need);
            return false;
        }
        return true;
    }
    /* Access behind the end of a mapped file would be a signal. */
    if ((uint64_t)st.st_size < need) {
        error_setg(errp, "'%s' has %" PRIu64 " bytes, %" PRIu64 " are needed", mb->mem_path,
                   (uint64_t)st.st_size, need);
        return false;
    }
    return true;
}

int memory_backend_open_file(MemoryBackend *mb, RAMSource *source, Error **errp)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    struct statfs fs;
    int fd;

    if (!mb->mem_path || !*mb->mem_path) {
        error_setg(errp, "property 'mem-path' is missing");
        return -1;
    }
    if (mb->pmem) {
        error_setg(errp, "pmem=on: persistent memory is not supported");
        return -1;
    }
    if (mb->rom == ON_OFF_AUTO_ON) {
        error_setg(errp, "rom=on: there is no use for read-only memory");
        return -1;
    }
    if (mb->readonly && mb->share) {
        error_setg(errp, "readonly=on and share=on: the guest writes to its RAM");
        return -1;
    }
    if (mb->align && !is_pow2(mb->align)) {
        error_setg(errp, "'align' must be a power of two");
        return -1;
    }
    fd = open_path(mb, errp);
    if (fd < 0) {
        return -1;
    }
    if (fstatfs(fd, &fs) == 0 && fs.f_type == (__typeof__(fs.f_type))HUGETLBFS_MAGIC) {
        page = (uint64_t)fs.f_bsize;
    }
    if (!check_size(mb, page, errp) || !fit(mb, fd, errp)) {
        close(fd);
        return -1;
    }
    source->offset = mb->offset;
    source->page_size = MAX(page, mb->align);
    return fd;
}

int memory_backend_open_memfd(MemoryBackend *mb, RAMSource *source, Error **errp)
{
    const uint64_t huge = mb->hugetlb_size ? mb->hugetlb_size : 2 * MiB;
    unsigned flags = MFD_CLOEXEC | (mb->seal ? MFD_ALLOW_SEALING : 0);
    int fd;

    if (mb->hugetlb_size && !mb->hugetlb) {
        error_setg(errp, "'hugetlbsize' needs hugetlb=on");
        return -1;
    }
    if (mb->hugetlb) {
        if (!is_pow2(huge)) {
            error_setg(errp, "'hugetlbsize' must be a power of two");
            return -1;
        }
        flags |= MFD_HUGETLB | (unsigned)__builtin_ctzll(huge) << MFD_HUGE_SHIFT;
    }
    if (!check_size(mb, mb->hugetlb ? huge : (uint64_t)sysconf(_SC_PAGESIZE), errp)) {
        return -1;
    }
    fd = memfd_create(mb->parent_obj.name, flags);
    if (fd < 0 || ftruncate(fd, (off_t)mb->size) != 0) {
        error_setg_errno(errp, errno, "cannot make a memfd of %" PRIu64 " MiB%s", mb->size >> 20,
                         mb->hugetlb ? " of huge pages" : "");
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    if (mb->seal && fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
        error_setg_errno(errp, errno, "cannot seal the memfd");
        close(fd);
        return -1;
    }
    source->page_size = mb->hugetlb ? huge : 0;
    return fd;
}
