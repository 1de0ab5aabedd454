/*
 * snapshot=on: writes go to a file that nobody else sees and that vanishes with the process; reads
 * take each granule from where it is.
 *
 * A bit is set after the granule is whole in the overlay, so a reader that sees it set finds all of
 * the granule there; one that sees it clear reads the base, which never changes. Writers exclude
 * each other: two that share a granule could otherwise undo one another's fill.
 *
 * SPDX-License-Identifier: MIT
 */
#include "block/block-int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/bits.h"

#define WORD_BITS (8 * sizeof(unsigned long))

static bool present(const Overlay *o, uint64_t granule)
{
    return __atomic_load_n(&o->present[granule / WORD_BITS], __ATOMIC_ACQUIRE) &
           (1UL << (granule % WORD_BITS));
}

static void set_present(Overlay *o, uint64_t first, uint64_t last)
{
    for (uint64_t g = first; g <= last; g++) {
        __atomic_fetch_or(&o->present[g / WORD_BITS], 1UL << (g % WORD_BITS), __ATOMIC_RELEASE);
    }
}

static int open_unlinked(Error **errp)
{
    const char *dir = g_getenv("TMPDIR");
    g_autofree char *path = NULL;
    int fd;

    if (!dir || !dir[0]) {
        dir = "/var/tmp"; /* on disk, unlike many a /tmp */
    }
    fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0) {
        return fd;
    }
    path = g_strdup_printf("%s/vireo-snapshot-XXXXXX", dir);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) {
        error_setg_errno(errp, errno, "snapshot=on: cannot make a temporary file in '%s'", dir);
        return -1;
    }
    unlink(path);
    return fd;
}

Overlay *overlay_new(uint64_t size, Error **errp)
{
    uint64_t words = size / OVERLAY_GRANULE / WORD_BITS + 1;
    Overlay *o = g_new0(Overlay, 1);

    o->size = size;
    o->fd = open_unlinked(errp);
    if (o->fd < 0) {
        g_free(o);
        return NULL;
    }
    /* calloc: untouched pages of a large map cost nothing. */
    o->present = words <= SIZE_MAX / sizeof(unsigned long) ? calloc(words, sizeof(unsigned long))
                                                           : NULL;
    if (!o->present) {
        error_setg(errp, "snapshot=on: no memory for the map of the changes");
        close(o->fd);
        g_free(o);
        return NULL;
    }
    g_mutex_init(&o->write_lock);
    return o;
}

void overlay_free(Overlay *o)
{
    if (o) {
        close(o->fd);
        free(o->present);
        g_mutex_clear(&o->write_lock);
        g_free(o);
    }
}

/* The part [off, off+len) of a list, in `part`, which has room for cnt. */
static int slice(struct iovec *part, const struct iovec *iov, int cnt, uint64_t off, uint64_t len)
{
    int n = 0;

    for (int i = 0; i < cnt && len; i++) {
        uint64_t here = iov[i].iov_len;

        if (off >= here) {
            off -= here;
            continue;
        }
        here = MIN(here - off, len);
        part[n].iov_base = (char *)iov[i].iov_base + off;
        part[n++].iov_len = here;
        len -= here;
        off = 0;
    }
    return n;
}

int overlay_preadv(Overlay *o, BlockBackend *blk, struct iovec *iov, int cnt, uint64_t offset)
{
    g_autofree struct iovec *part = g_new(struct iovec, cnt ? cnt : 1);
    uint64_t total = 0, done = 0;

    for (int i = 0; i < cnt; i++) {
        total += iov[i].iov_len;
    }
    while (done < total) {
        uint64_t pos = offset + done;
        bool mine = present(o, pos / OVERLAY_GRANULE);
        uint64_t run = OVERLAY_GRANULE - pos % OVERLAY_GRANULE;
        int n, r;

        while (run < total - done && present(o, (pos + run) / OVERLAY_GRANULE) == mine) {
            run += OVERLAY_GRANULE;
        }
        run = MIN(run, total - done);
        n = slice(part, iov, cnt, done, run);
        r = mine ? raw_preadv(o->fd, part, n, pos)
                 : block_file_preadv(blk->node, part, n, blk->offset + pos);
        if (r) {
            return r;
        }
        done += run;
    }
    return 0;
}

/* A granule of the base; behind the end of the disk it is zeroes. */
static int read_base(BlockBackend *blk, char *buf, uint64_t pos)
{
    uint64_t n = MIN(OVERLAY_GRANULE, blk->overlay->size - MIN(pos, blk->overlay->size));
    struct iovec iov = { buf, n };

    memset(buf + n, 0, OVERLAY_GRANULE - n);
    return n ? block_file_preadv(blk->node, &iov, 1, blk->offset + pos) : 0;
}

/* Copies a granule from the base, unless it is here already. Write lock held. */
static int fill(Overlay *o, BlockBackend *blk, uint64_t granule)
{
    char buf[OVERLAY_GRANULE];
    struct iovec iov = { buf, sizeof(buf) };
    int r;

    if (present(o, granule)) {
        return 0;
    }
    r = read_base(blk, buf, granule * OVERLAY_GRANULE);
    if (r) {
        return r;
    }
    r = raw_pwritev(o->fd, &iov, 1, granule * OVERLAY_GRANULE);
    if (r == 0) {
        set_present(o, granule, granule);
    }
    return r;
}

/* Fills the granules that a write covers only in part. */
static int fill_edges(Overlay *o, BlockBackend *blk, uint64_t offset, uint64_t bytes)
{
    uint64_t end = offset + bytes;
    int r = 0;

    if (offset % OVERLAY_GRANULE) {
        r = fill(o, blk, offset / OVERLAY_GRANULE);
    }
    if (r == 0 && end % OVERLAY_GRANULE) {
        r = fill(o, blk, end / OVERLAY_GRANULE);
    }
    return r;
}

int overlay_pwritev(Overlay *o, BlockBackend *blk, struct iovec *iov, int cnt, uint64_t offset,
                    uint64_t bytes)
{
    int r;

    if (bytes == 0) {
        return 0;
    }
    g_mutex_lock(&o->write_lock);
    r = fill_edges(o, blk, offset, bytes);
    if (r == 0) {
        r = raw_pwritev(o->fd, iov, cnt, offset);
    }
    if (r == 0) {
        set_present(o, offset / OVERLAY_GRANULE, (offset + bytes - 1) / OVERLAY_GRANULE);
    }
    g_mutex_unlock(&o->write_lock);
    return r;
}

static int zero_range(int fd, uint64_t offset, uint64_t bytes)
{
    BlockFile f = { .fd = fd, .align = 1, .mem_align = 1 };

    return block_file_write_zeroes(&f, offset, bytes, true);
}

int overlay_write_zeroes(Overlay *o, BlockBackend *blk, uint64_t offset, uint64_t bytes)
{
    int r;

    if (bytes == 0) {
        return 0;
    }
    g_mutex_lock(&o->write_lock);
    r = fill_edges(o, blk, offset, bytes);
    if (r == 0) {
        r = zero_range(o->fd, offset, bytes);
    }
    if (r == 0) {
        set_present(o, offset / OVERLAY_GRANULE, (offset + bytes - 1) / OVERLAY_GRANULE);
    }
    g_mutex_unlock(&o->write_lock);
    return r;
}
