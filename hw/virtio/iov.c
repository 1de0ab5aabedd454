/*
 * Copies between segment lists and buffers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/virtio/virtio.h"

#include <string.h>

static size_t iov_copy(const struct iovec *iov, unsigned n, size_t off, char *buf, size_t len,
                       bool out)
{
    size_t done = 0;

    for (unsigned i = 0; i < n && done < len; i++) {
        size_t here = iov[i].iov_len;
        char *base = iov[i].iov_base;

        if (off >= here) {
            off -= here;
            continue;
        }
        here = MIN(here - off, len - done);
        if (out) {
            memcpy(buf + done, base + off, here);
        } else {
            memcpy(base + off, buf + done, here);
        }
        done += here;
        off = 0;
    }
    return done;
}

size_t iov_copy_out(const struct iovec *iov, unsigned n, size_t off, void *buf, size_t len)
{
    return iov_copy(iov, n, off, buf, len, true);
}

size_t iov_copy_in(const struct iovec *iov, unsigned n, size_t off, const void *buf, size_t len)
{
    return iov_copy(iov, n, off, (char *)buf, len, false);
}

unsigned iov_slice(struct iovec *dst, const struct iovec *src, unsigned n, size_t off, size_t len)
{
    unsigned used = 0;

    for (unsigned i = 0; i < n && len; i++) {
        size_t here = src[i].iov_len;

        if (off >= here) {
            off -= here;
            continue;
        }
        here = MIN(here - off, len);
        dst[used].iov_base = (char *)src[i].iov_base + off;
        dst[used++].iov_len = here;
        len -= here;
        off = 0;
    }
    return used;
}
