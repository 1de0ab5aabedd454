/*
 * Images in guest memory: who put what where, overlaps, and doing it again on reset.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/core/loader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hw/core/loader-internal.h"
#include "hw/core/symbols.h"
#include "util/bits.h"

typedef struct Segment {
    char *name;
    hwaddr addr;
    uint64_t size;  /* in guest memory; what data does not fill is zero */
    GBytes *data;
} Segment;

static void segment_free(void *p)
{
    Segment *s = p;

    g_free(s->name);
    g_bytes_unref(s->data);
    g_free(s);
}

void image_loader_init(ImageLoader *l, AddressSpace *as)
{
    l->as = as;
    l->segments = g_ptr_array_new_with_free_func(segment_free);
}

void image_loader_destroy(ImageLoader *l)
{
    g_clear_pointer(&l->segments, g_ptr_array_unref);
    symbols_clear();
}

void image_loader_print(const ImageLoader *l, GString *out)
{
    for (guint i = 0; i < l->segments->len; i++) {
        const Segment *s = g_ptr_array_index(l->segments, i);

        g_string_append_printf(out, "addr=%016" PRIx64 " size=0x%06" PRIx64 " name=\"%s\"\n", s->addr,
                               s->size, s->name);
    }
}

static void fill_zeros(AddressSpace *as, hwaddr addr, uint64_t len)
{
    static const uint8_t zeros[64 * KiB];

    while (len) {
        uint64_t n = MIN(len, sizeof(zeros));
        address_space_write_rom(as, addr, zeros, n);
        addr += n;
        len -= n;
    }
}

void image_loader_reset(ImageLoader *l)
{
    for (guint i = 0; i < l->segments->len; i++) {
        const Segment *s = g_ptr_array_index(l->segments, i);
        gsize len;
        const void *data = g_bytes_get_data(s->data, &len);

        address_space_write_rom(l->as, s->addr, data, len);
        fill_zeros(l->as, s->addr + len, s->size - len);
    }
}

bool loader_check_free(const ImageLoader *l, const char *name, hwaddr addr, uint64_t size,
                       Error **errp)
{
    uint64_t end;

    if (!u64_add(addr, size, &end) || !address_space_has_ram(l->as, addr, size)) {
        error_setg(errp, "%s: 0x%" PRIx64 " bytes at 0x%" PRIx64 " do not fit in memory", name,
                   size, addr);
        return false;
    }
    for (guint i = 0; size && i < l->segments->len; i++) {
        const Segment *s = g_ptr_array_index(l->segments, i);

        if (s->size && addr < s->addr + s->size && s->addr < end) {
            error_setg(errp,
                       "%s (0x%" PRIx64 "-0x%" PRIx64 ") overlaps %s (0x%" PRIx64 "-0x%" PRIx64 ")",
                       name, addr, end - 1, s->name, s->addr, s->addr + s->size - 1);
            return false;
        }
    }
    return true;
}

const char *loader_add(ImageLoader *l, const char *name, hwaddr addr, uint64_t size, GBytes *data)
{
    Segment *s = g_new0(Segment, 1);
    gsize len;
    const void *bytes = g_bytes_get_data(data, &len);

    s->name = g_strdup(name);
    s->addr = addr;
    s->size = size;
    s->data = g_bytes_ref(data);
    g_ptr_array_add(l->segments, s);
    /* What follows the bytes is not touched now: fresh RAM is zero, and stays unallocated so. */
    address_space_write_rom(l->as, addr, bytes, len);
    return s->name;
}

bool load_bytes(ImageLoader *l, const char *name, hwaddr addr, const void *data, uint64_t size,
                Error **errp)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);

    if (!loader_check_free(l, name, addr, size, errp)) {
        return false;
    }
    loader_add(l, name, addr, size, bytes);
    return true;
}

bool loader_put_raw(ImageLoader *l, const char *name, hwaddr addr, GBytes *data, LoadedImage *out,
                    Error **errp)
{
    uint64_t size = g_bytes_get_size(data);

    if (!loader_check_free(l, name, addr, size, errp)) {
        return false;
    }
    *out = (LoadedImage){
        .name = loader_add(l, name, addr, size, data),
        .addr = addr,
        .size = size,
        .entry = addr,
    };
    return true;
}

GBytes *loader_read(const char *what, const char *path, uint64_t max, Error **errp)
{
    uint8_t *data;
    uint64_t size;

    if (!load_file(path, max, &data, &size, errp)) {
        error_prepend(errp, "%s ", what);
        return NULL;
    }
    return g_bytes_new_take(data, size);
}

bool load_raw(ImageLoader *l, const char *what, const char *path, hwaddr addr, uint64_t max,
              LoadedImage *out, Error **errp)
{
    g_autofree char *name = g_strdup_printf("%s %s", what, path);
    g_autoptr(GBytes) data = loader_read(what, path, max, errp);

    return data && loader_put_raw(l, name, addr, data, out, errp);
}

/* Reads exactly size bytes; the file may have become shorter meanwhile. */
static bool read_all(int fd, uint8_t *p, uint64_t size)
{
    while (size) {
        ssize_t n = read(fd, p, MIN(size, 1 * GiB));

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            errno = n == 0 ? EIO : errno;
            return false;
        }
        p += n;
        size -= n;
    }
    return true;
}

static bool load_open_file(int fd, const char *path, uint64_t max, uint8_t **data, uint64_t *size,
                           Error **errp)
{
    struct stat st;

    if (fstat(fd, &st) != 0) {
        error_setg_errno(errp, errno, "%s", path);
        return false;
    }
    if (!S_ISREG(st.st_mode)) {
        error_setg(errp, "%s: %s, not a regular file", path,
                   S_ISDIR(st.st_mode) ? "a directory" : S_ISFIFO(st.st_mode) ? "a pipe"
                   : S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode) ? "a device node" : "a special file");
        return false;
    }
    if (st.st_size == 0) {
        error_setg(errp, "%s: the file is empty", path);
        return false;
    }
    if ((uint64_t)st.st_size > max) {
        error_setg(errp, "%s: the file has %" PRIu64 " bytes, there is room for %" PRIu64, path,
                   (uint64_t)st.st_size, max);
        return false;
    }
    *size = st.st_size;
    *data = g_try_malloc(*size);
    if (!*data || !read_all(fd, *data, *size)) {
        error_setg_errno(errp, *data ? errno : ENOMEM, "%s", path);
        g_clear_pointer(data, g_free);
        return false;
    }
    return true;
}

bool load_file(const char *path, uint64_t max, uint8_t **data, uint64_t *size, Error **errp)
{
    /* Not blocking, so that a FIFO without a writer gets its answer too. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    bool ok;

    *data = NULL;
    *size = 0;
    if (fd < 0) {
        error_setg_errno(errp, errno, "%s", path);
        return false;
    }
    ok = load_open_file(fd, path, max, data, size, errp);
    close(fd);
    return ok;
}
