/*
 * Reading and writing all of a list of buffers, on a descriptor.
 *
 * SPDX-License-Identifier: MIT
 */
#include "block/block-int.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/uio.h>

uint64_t iov_bytes(const struct iovec *iov, int cnt)
{
    uint64_t n = 0;

    for (int i = 0; i < cnt; i++) {
        n += iov[i].iov_len;
    }
    return n;
}

/* Drops the first n bytes of the list. */
static void advance(struct iovec **iov, int *cnt, size_t n)
{
    while (*cnt && n >= (*iov)->iov_len) {
        n -= (*iov)->iov_len;
        (*iov)++;
        (*cnt)--;
    }
    if (*cnt) {
        (*iov)->iov_base = (char *)(*iov)->iov_base + n;
        (*iov)->iov_len -= n;
    }
}

static int read_all(int fd, struct iovec *iov, int cnt, uint64_t offset)
{
    advance(&iov, &cnt, 0);
    while (cnt) {
        ssize_t n = preadv(fd, iov, MIN(cnt, IOV_MAX), offset);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -errno;
        }
        if (n == 0) { /* behind the end of the file */
            for (int i = 0; i < cnt; i++) {
                memset(iov[i].iov_base, 0, iov[i].iov_len);
            }
            return 0;
        }
        offset += n;
        advance(&iov, &cnt, n);
    }
    return 0;
}

static int write_all(int fd, struct iovec *iov, int cnt, uint64_t offset)
{
    advance(&iov, &cnt, 0);
    while (cnt) {
        ssize_t n = pwritev(fd, iov, MIN(cnt, IOV_MAX), offset);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? -errno : -ENOSPC;
        }
        offset += n;
        advance(&iov, &cnt, n);
    }
    return 0;
}

int raw_preadv(int fd, const struct iovec *iov, int cnt, uint64_t offset)
{
    g_autofree struct iovec *copy = g_memdup2(iov, cnt * sizeof(*iov));

    return read_all(fd, copy, cnt, offset);
}

int raw_pwritev(int fd, const struct iovec *iov, int cnt, uint64_t offset)
{
    g_autofree struct iovec *copy = g_memdup2(iov, cnt * sizeof(*iov));

    return write_all(fd, copy, cnt, offset);
}
