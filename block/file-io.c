/*
 * I/O on what is below a back end. With O_DIRECT, requests that are not aligned as the host wants
 * go through a buffer that is; a write of a part of a block reads the rest of it first, and no other
 * write to the file goes on meanwhile.
 *
 * SPDX-License-Identifier: MIT
 */
#include "block/block-int.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/bits.h"

#define BOUNCE_SIZE MiB

static size_t bounce_copy(const struct iovec *iov, int cnt, uint64_t skip, uint8_t *buf, size_t len,
                   bool to_iov)
{
    size_t done = 0;

    for (int i = 0; i < cnt && done < len; i++) {
        if (skip >= iov[i].iov_len) {
            skip -= iov[i].iov_len;
            continue;
        }
        uint8_t *p = (uint8_t *)iov[i].iov_base + skip;
        size_t n = MIN(iov[i].iov_len - skip, len - done);

        memcpy(to_iov ? p : buf + done, to_iov ? buf + done : p, n);
        done += n;
        skip = 0;
    }
    return done;
}

static void *bounce_new(const BlockFile *f)
{
    void *p = NULL;

    return posix_memalign(&p, MAX(MAX(f->align, f->mem_align), 4096), BOUNCE_SIZE) ? NULL : p;
}

bool block_file_aligned(const BlockFile *f, const struct iovec *iov, int cnt, uint64_t offset)
{
    if (offset & (f->align - 1)) {
        return false;
    }
    for (int i = 0; i < cnt; i++) {
        if (((uintptr_t)iov[i].iov_base & (f->mem_align - 1)) ||
            (iov[i].iov_len & (f->align - 1))) {
            return false;
        }
    }
    return true;
}

/* All of an aligned range, zeroes behind the end of the file. */
static int read_blocks(BlockFile *f, uint8_t *buf, size_t len, uint64_t offset)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = pread(f->fd, buf + done, len - done, offset + done);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -errno;
        }
        done += n;
        if (n == 0 || (n & (f->align - 1))) { /* the end of the file */
            memset(buf + done, 0, len - done);
            return 0;
        }
    }
    return 0;
}

static int bounce_read(BlockFile *f, const struct iovec *iov, int cnt, uint64_t offset)
{
    uint64_t total = iov_bytes(iov, cnt), done = 0;
    uint8_t *buf = bounce_new(f);
    int r = buf ? 0 : -ENOMEM;

    while (!r && done < total) {
        uint64_t at = align_down(offset + done, f->align), skip = offset + done - at;
        uint64_t n = MIN(align_up(skip + total - done, f->align), BOUNCE_SIZE);

        r = read_blocks(f, buf, n, at);
        n = MIN(n - skip, total - done);
        bounce_copy(iov, cnt, done, buf + skip, n, true);
        done += n;
    }
    free(buf);
    return r;
}

/* One buffer's worth. The blocks at both ends are read first if the write covers them in part. */
static int bounce_write_part(BlockFile *f, uint8_t *buf, const struct iovec *iov, int cnt,
                             uint64_t done, uint64_t offset, uint64_t bytes)
{
    uint64_t at = align_down(offset, f->align), skip = offset - at;
    uint64_t len = align_up(skip + bytes, f->align);
    struct iovec all = { buf, len };
    int r = 0;

    if (skip) {
        r = read_blocks(f, buf, f->align, at);
    }
    if (!r && ((skip + bytes) & (f->align - 1)) && (len > f->align || !skip)) {
        r = read_blocks(f, buf + len - f->align, f->align, at + len - f->align);
    }
    if (!r) {
        bounce_copy(iov, cnt, done, buf + skip, bytes, false);
        r = raw_pwritev(f->fd, &all, 1, at);
    }
    return r;
}

static int bounce_write(BlockFile *f, const struct iovec *iov, int cnt, uint64_t offset)
{
    uint64_t total = iov_bytes(iov, cnt), done = 0, end = offset + total;
    uint8_t *buf = bounce_new(f);
    struct stat st;
    int r = !buf ? -ENOMEM : fstat(f->fd, &st) ? -errno : 0;

    while (!r && done < total) {
        uint64_t skip = (offset + done) & (f->align - 1);
        uint64_t n = MIN(total - done, BOUNCE_SIZE - skip);

        r = bounce_write_part(f, buf, iov, cnt, done, offset + done, n);
        done += n;
    }
    free(buf);
    /* Whole blocks may have made the file longer than it is to be. */
    if (!r && !f->is_blkdev && align_up(end, f->align) > (uint64_t)st.st_size &&
        ftruncate(f->fd, MAX((uint64_t)st.st_size, end))) {
        r = -errno;
    }
    return r;
}

int block_file_preadv(BlockFile *f, const struct iovec *iov, int cnt, uint64_t offset)
{
    int r;

    if (f->fd < 0) {
        for (int i = 0; i < cnt && f->read_zeroes; i++) {
            memset(iov[i].iov_base, 0, iov[i].iov_len);
        }
        g_usleep(f->latency_ns / 1000);
        return 0;
    }
    if (f->direct && !block_file_aligned(f, iov, cnt, offset)) {
        return bounce_read(f, iov, cnt, offset);
    }
    r = raw_preadv(f->fd, iov, cnt, offset);
    /* The end of the file, or a host that wants more than it said. */
    return f->direct && r == -EINVAL ? bounce_read(f, iov, cnt, offset) : r;
}

int block_file_pwritev(BlockFile *f, const struct iovec *iov, int cnt, uint64_t offset)
{
    int r = -EINVAL;

    if (f->fd < 0) {
        g_usleep(f->latency_ns / 1000);
        return 0;
    }
    if (!f->direct) {
        return raw_pwritev(f->fd, iov, cnt, offset);
    }
    if (block_file_aligned(f, iov, cnt, offset)) {
        pthread_rwlock_rdlock(&f->edges);
        r = raw_pwritev(f->fd, iov, cnt, offset);
        pthread_rwlock_unlock(&f->edges);
    }
    if (r == -EINVAL) {
        pthread_rwlock_wrlock(&f->edges);
        r = bounce_write(f, iov, cnt, offset);
        pthread_rwlock_unlock(&f->edges);
    }
    return r;
}

int block_file_discard(BlockFile *f, uint64_t offset, uint64_t bytes)
{
    int r;

    if (f->fd < 0) {
        return 0;
    }
    do {
        r = fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, bytes);
    } while (r && errno == EINTR);
    if (r && errno != EOPNOTSUPP && errno != ENOSYS && errno != ENODEV && errno != EINVAL) {
        return -errno;
    }
    return 0; /* a hint: where it cannot be followed, nothing is wrong */
}

int block_file_write_zeroes(BlockFile *f, uint64_t offset, uint64_t bytes, bool may_unmap)
{
    static const char zero[64 * 1024];
    int mode = may_unmap ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE;

    if (f->fd < 0 || fallocate(f->fd, mode | FALLOC_FL_KEEP_SIZE, offset, bytes) == 0) {
        return 0;
    }
    while (bytes) {
        struct iovec iov = { (void *)zero, MIN(bytes, sizeof(zero)) };
        uint64_t n = iov.iov_len;
        int r = block_file_pwritev(f, &iov, 1, offset);

        if (r) {
            return r;
        }
        offset += n;
        bytes -= n;
    }
    return 0;
}

int block_file_sync(BlockFile *f)
{
    return f->fd >= 0 && fdatasync(f->fd) ? -errno : 0;
}
