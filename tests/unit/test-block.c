/*
 * Back ends of disks: opening, locking, reading and writing, snapshot=on, flush and drain.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/block.h"
#include "qom/property.h"
#include "qom/user-creatable.h"
#include "util/bits.h"

static char *dir;

static char *path_of(const char *name)
{
    return g_build_filename(dir, name, NULL);
}

/* A file of `size` bytes, each sector filled with its number. */
static char *make_file(const char *name, uint64_t size)
{
    char *path = path_of(name);
    g_autofree uint8_t *buf = g_malloc(size + 1);

    for (uint64_t i = 0; i < size; i++) {
        buf[i] = i / 512 + 1;
    }
    g_assert_true(g_file_set_contents(path, (char *)buf, size, NULL));
    return path;
}

/* -drive with "key=value,..."; NULL and the text in *msg. */
static BlockBackend *open_drive(const char *options, char **msg)
{
    static unsigned n;
    g_autofree char *id = g_strdup_printf("d%u", n++);
    Error *err = NULL;
    g_autoptr(KeyVals) kv = keyval_parse(options, NULL, false, &err);
    Object *obj = kv ? user_creatable_new(TYPE_BLOCK_DRIVE, "/drives", id, kv, &err) : NULL;

    if (msg) {
        *msg = err ? g_strdup(error_get_pretty(err)) : NULL;
    } else if (err) {
        g_error("%s", error_get_pretty(err));
    }
    error_free(err);
    return obj ? BLOCK_BACKEND(obj) : NULL;
}

static BlockBackend *open_path(const char *path, const char *more)
{
    g_autofree char *o = g_strdup_printf("file=%s%s", path, more);

    return open_drive(o, NULL);
}

static void close_drive(BlockBackend *blk)
{
    object_unparent(blk);
}

static void expect_error(const char *path, const char *more, const char *text)
{
    g_autofree char *o = g_strdup_printf("file=%s%s", path, more);
    g_autofree char *msg = NULL;

    g_assert_null(open_drive(o, &msg));
    if (!strstr(msg, text)) {
        g_error("'%s' does not contain '%s'", msg, text);
    }
}

/* ---- One request, waited for ---- */

typedef struct Sync {
    BlockRequest req;
    bool done;
    int ret;
} Sync;

static void sync_done(BlockRequest *req, int ret)
{
    Sync *s = req->opaque;

    g_assert_false(s->done);
    s->done = true;
    s->ret = ret;
}

static int run(BlockBackend *blk, BlockOp op, uint64_t off, void *buf, uint64_t bytes)
{
    struct iovec iov = { buf, bytes };
    Sync s = { .req = { .op = op, .offset = off, .bytes = bytes, .iov = &iov, .iovcnt = 1,
                        .may_unmap = true, .done = sync_done } };

    s.req.opaque = &s;
    blk_submit(blk, &s.req);
    while (!s.done) {
        g_main_context_iteration(NULL, TRUE);
    }
    return s.ret;
}

static void expect_bytes(BlockBackend *blk, uint64_t off, uint64_t bytes, uint8_t value)
{
    g_autofree uint8_t *buf = g_malloc(bytes);

    memset(buf, ~value, bytes);
    g_assert_cmpint(run(blk, BLOCK_READ, off, buf, bytes), ==, 0);
    for (uint64_t i = 0; i < bytes; i++) {
        if (buf[i] != value) {
            g_error("byte %" G_GUINT64_FORMAT " is 0x%02x, expected 0x%02x", off + i, buf[i],
                    value);
        }
    }
}

static void write_bytes(BlockBackend *blk, uint64_t off, uint64_t bytes, uint8_t value)
{
    g_autofree uint8_t *buf = g_malloc(bytes);

    memset(buf, value, bytes);
    g_assert_cmpint(run(blk, BLOCK_WRITE, off, buf, bytes), ==, 0);
}

static uint64_t hash_file(const char *path)
{
    g_autofree char *data = NULL;
    gsize len, h = 14695981039346656037ull;

    g_assert_true(g_file_get_contents(path, &data, &len, NULL));
    for (gsize i = 0; i < len; i++) {
        h = (h ^ (uint8_t)data[i]) * 1099511628211ull;
    }
    return h ^ len;
}

/* ---- Tests ---- */

static void test_read_write(void)
{
    g_autofree char *path = make_file("rw", 64 * 512);
    BlockBackend *blk = open_path(path, "");
    uint8_t a[512], b[1024];
    struct iovec iov[3] = { { a, 512 }, { b, 100 }, { b + 100, 924 } };
    Sync s = { .req = { .op = BLOCK_READ, .offset = 512, .bytes = 1536, .iov = iov, .iovcnt = 3,
                        .done = sync_done } };

    g_assert_cmpuint(blk_size(blk), ==, 64 * 512);
    g_assert_false(blk_read_only(blk));
    g_assert_false(blk_discard_enabled(blk));
    g_assert_true(blk_write_cache(blk));
    s.req.opaque = &s;
    blk_submit(blk, &s.req);
    g_assert_false(s.done); /* never before the main loop runs */
    blk_drain(blk);
    g_assert_true(s.done);
    g_assert_cmpint(a[0], ==, 2);
    g_assert_cmpint(b[0], ==, 3);
    g_assert_cmpint(b[1023], ==, 4);
    write_bytes(blk, 512, 1024, 0xee);
    expect_bytes(blk, 0, 512, 1);
    expect_bytes(blk, 512, 1024, 0xee);
    expect_bytes(blk, 1536, 512, 4);
    g_assert_cmpint(run(blk, BLOCK_FLUSH, 0, NULL, 0), ==, 0);
    close_drive(blk);
    blk = open_path(path, ",format=raw,cache=writethrough");
    g_assert_false(blk_write_cache(blk));
    expect_bytes(blk, 512, 1024, 0xee);
    close_drive(blk);
}

static void test_bounds(void)
{
    g_autofree char *path = make_file("bounds", 8 * 512);
    BlockBackend *blk = open_path(path, "");
    uint8_t buf[1024] = { 0 };

    for (int op = BLOCK_READ; op <= BLOCK_WRITE_ZEROES; op++) {
        if (op == BLOCK_FLUSH) {
            continue;
        }
        g_assert_cmpint(run(blk, op, 8 * 512, buf, 512), ==, -EIO);
        g_assert_cmpint(run(blk, op, 7 * 512, buf, 1024), ==, -EIO);
        g_assert_cmpint(run(blk, op, UINT64_MAX - 511, buf, 512), ==, -EIO);
        g_assert_cmpint(run(blk, op, UINT64_MAX - 511, buf, 1024), ==, -EIO);
    }
    close_drive(blk);
    g_assert_cmpuint(hash_file(path), ==, ({
        g_autofree char *same = make_file("bounds2", 8 * 512);
        hash_file(same);
    }));
}

/* A last sector of which the file has only a part. */
static void test_ragged_end(void)
{
    g_autofree char *path = make_file("ragged", 1000);
    BlockBackend *blk = open_path(path, "");

    g_assert_cmpuint(blk_size(blk), ==, 1024);
    expect_bytes(blk, 512, 488, 2);
    expect_bytes(blk, 1000, 24, 0);
    write_bytes(blk, 512, 512, 7);
    expect_bytes(blk, 512, 512, 7);
    close_drive(blk);
}

static void test_read_only(void)
{
    g_autofree char *path = make_file("ro", 4096);
    uint64_t before = hash_file(path);
    BlockBackend *blk = open_path(path, ",readonly=on");
    uint8_t buf[512] = { 0 };

    g_assert_true(blk_read_only(blk));
    g_assert_cmpint(run(blk, BLOCK_WRITE, 0, buf, 512), ==, -EROFS);
    g_assert_cmpint(run(blk, BLOCK_DISCARD, 0, buf, 512), ==, -EROFS);
    g_assert_cmpint(run(blk, BLOCK_WRITE_ZEROES, 0, buf, 512), ==, -EROFS);
    g_assert_cmpint(run(blk, BLOCK_FLUSH, 0, NULL, 0), ==, 0);
    expect_bytes(blk, 0, 512, 1);
    close_drive(blk);
    g_assert_cmpuint(hash_file(path), ==, before);
}

static void test_discard_and_zeroes(void)
{
    static const char *const modes[] = { "", ",discard=unmap", ",detect-zeroes=on",
                                         ",discard=on,detect-zeroes=unmap", ",snapshot=on" };

    for (unsigned i = 0; i < G_N_ELEMENTS(modes); i++) {
        g_autofree char *path = make_file("zeroes", 256 * 1024);
        BlockBackend *blk = open_path(path, modes[i]);
        struct stat before, after;

        write_bytes(blk, 0, 256 * 1024, 0x55);
        g_assert_cmpint(run(blk, BLOCK_FLUSH, 0, NULL, 0), ==, 0);
        g_assert_cmpint(stat(path, &before), ==, 0);
        g_assert_cmpint(run(blk, BLOCK_WRITE_ZEROES, 512, NULL, 100 * 1024), ==, 0);
        expect_bytes(blk, 0, 512, 0x55);
        expect_bytes(blk, 512, 100 * 1024, 0);
        expect_bytes(blk, 512 + 100 * 1024, 512, 0x55);
        write_bytes(blk, 128 * 1024, 4096, 0);
        expect_bytes(blk, 128 * 1024, 4096, 0);
        expect_bytes(blk, 132 * 1024, 4096, 0x55);
        g_assert_cmpint(run(blk, BLOCK_DISCARD, 192 * 1024, NULL, 64 * 1024), ==, 0);
        if (i == 1 || i == 3) {
            expect_bytes(blk, 192 * 1024, 64 * 1024, 0);
            g_assert_cmpint(stat(path, &after), ==, 0);
            g_assert_cmpint(after.st_blocks, <, before.st_blocks);
        } else {
            expect_bytes(blk, 192 * 1024, 64 * 1024, 0x55);
        }
        g_assert_cmpint(run(blk, BLOCK_WRITE_ZEROES, 0, NULL, 0), ==, 0);
        g_assert_cmpint(run(blk, BLOCK_DISCARD, 0, NULL, 0), ==, 0);
        g_assert_cmpint(stat(path, &after), ==, 0);
        g_assert_cmpint(after.st_size, ==, 256 * 1024);
        close_drive(blk);
    }
}

/* Random writes on a snapshot against a copy in memory; the file must not change. */
static void test_snapshot(void)
{
    const unsigned sectors = 333;
    g_autofree char *path = make_file("snap", sectors * 512 - 100);
    uint64_t before = hash_file(path);
    BlockBackend *blk = open_path(path, ",snapshot=on");
    g_autofree uint8_t *model = g_malloc0(sectors * 512), *buf = g_malloc(sectors * 512);
    GRand *rand = g_rand_new_with_seed(77);
    g_autofree char *now = NULL;

    g_assert_cmpuint(blk_size(blk), ==, sectors * 512);
    g_assert_true(g_file_get_contents(path, &now, NULL, NULL));
    memcpy(model, now, sectors * 512 - 100);
    for (int i = 0; i < 3000; i++) {
        unsigned first = g_rand_int_range(rand, 0, sectors);
        unsigned n = g_rand_int_range(rand, 1, MIN(sectors - first, 40) + 1);

        switch (g_rand_int_range(rand, 0, 4)) {
        case 0:
            memset(buf, i, n * 512);
            g_assert_cmpint(run(blk, BLOCK_WRITE, first * 512, buf, n * 512), ==, 0);
            memset(model + first * 512, i, n * 512);
            break;
        case 1:
            g_assert_cmpint(run(blk, BLOCK_WRITE_ZEROES, first * 512, NULL, n * 512), ==, 0);
            memset(model + first * 512, 0, n * 512);
            break;
        default:
            g_assert_cmpint(run(blk, BLOCK_READ, first * 512, buf, n * 512), ==, 0);
            g_assert_cmpmem(buf, n * 512, model + first * 512, n * 512);
            break;
        }
    }
    g_rand_free(rand);
    close_drive(blk);
    g_assert_cmpuint(hash_file(path), ==, before);
}

/* Many requests at once, done() exactly once each. */
static unsigned completed;

static void count_done(BlockRequest *req, int ret)
{
    g_assert_cmpint(ret, ==, 0);
    completed++;
}

static void many(const char *more)
{
    enum { N = 512 };
    g_autofree char *path = make_file("many", N * 4096);
    BlockBackend *blk = open_path(path, more);
    g_autofree BlockRequest *req = g_new0(BlockRequest, N);
    g_autofree struct iovec *iov = g_new(struct iovec, N);
    g_autofree uint8_t *buf = g_malloc(N * 4096);

    completed = 0;
    for (unsigned i = 0; i < N; i++) {
        memset(buf + i * 4096, i * 7, 4096);
        iov[i] = (struct iovec){ buf + i * 4096, 4096 };
        req[i] = (BlockRequest){ .op = BLOCK_WRITE, .offset = i * 4096, .bytes = 4096,
                                 .iov = &iov[i], .iovcnt = 1, .done = count_done };
        blk_submit(blk, &req[i]);
    }
    blk_drain_all();
    g_assert_cmpuint(completed, ==, N);
    for (unsigned i = 0; i < N; i++) {
        expect_bytes(blk, i * 4096, 4096, (uint8_t)(i * 7));
    }
    blk_flush_all();
    close_drive(blk);
}

static void test_many(void)
{
    many("");
    many(",snapshot=on");
    many(",cache=unsafe");
}

static void test_locks(void)
{
    g_autofree char *path = make_file("lock", 4096);
    BlockBackend *a = open_path(path, "");
    BlockBackend *b;

    expect_error(path, "", "another drive or process writes it");
    expect_error(path, ",readonly=on", "is in use");
    expect_error(path, ",snapshot=on", "is in use");
    close_drive(a);
    /* Readers share; a writer then is refused. */
    a = open_path(path, ",readonly=on");
    b = open_path(path, ",snapshot=on");
    expect_error(path, "", "another drive or process reads it");
    close_drive(a);
    expect_error(path, "", "another drive or process reads it");
    close_drive(b);
    a = open_path(path, "");
    close_drive(a);
}

static void test_attach(void)
{
    g_autofree char *path = make_file("attach", 4096);
    BlockBackend *blk = open_path(path, "");
    Error *err = NULL;

    g_assert_true(blk_attach(blk, "first", NULL));
    g_assert_false(blk_attach(blk, "second", &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "in use by 'first'"));
    error_free(err);
    blk_detach(blk);
    g_assert_true(blk_attach(blk, "third", NULL));
    blk_detach(blk);
    close_drive(blk);
}

static void test_refused(void)
{
    g_autofree char *none = path_of("none"), *empty = path_of("empty"), *fifo = path_of("fifo");
    g_autofree char *qcow = path_of("q"), *vdi = path_of("v"), *plain = make_file("p", 512);
    g_autofree char *msg = NULL;
    char head[128] = "QFI\xfb";
    BlockBackend *blk;

    g_assert_null(open_drive("format=raw", &msg));
    g_assert_nonnull(strstr(msg, "'file' is missing"));
    expect_error(none, "", "No such file or directory");
    expect_error(dir, "", "is a directory");
    expect_error(dir, ",readonly=on", "is a directory");
    expect_error("/dev/zero", "", "is a character device");
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    expect_error(fifo, ",readonly=on", "is a pipe");
    expect_error(fifo, "", "is a pipe");
    g_assert_true(g_file_set_contents(empty, "", 0, NULL));
    expect_error(empty, "", "is empty");
    g_assert_true(g_file_set_contents(qcow, head, sizeof(head), NULL));
    expect_error(qcow, "", "looks like a qcow2 image");
    expect_error(qcow, ",format=qcow2", "format 'qcow2' is not supported");
    memset(head, 0, sizeof(head));
    memcpy(head + 64, "\x7f\x10\xda\xbe", 4);
    g_assert_true(g_file_set_contents(vdi, head, sizeof(head), NULL));
    expect_error(vdi, "", "looks like a vdi image");
    expect_error(plain, ",format=rwa", "did you mean 'raw'");
    expect_error(plain, ",cache=writeback2", "writeback");
    expect_error(plain, ",frmat=raw", "format");
    blk = open_path(qcow, ",format=raw"); /* as asked */
    close_drive(blk);
    blk = open_path(plain, "");
    close_drive(blk);
}

static void test_shrunk(void)
{
    g_autofree char *path = make_file("limit", 512);
    BlockBackend *blk;
    uint8_t buf[512] = { 1 };

    g_assert_cmpint(truncate(path, 1 << 20), ==, 0);
    blk = open_path(path, "");
    g_assert_cmpint(truncate(path, 0), ==, 0); /* behind its back */
    g_assert_cmpint(run(blk, BLOCK_READ, 4096, buf, 512), ==, 0);
    g_assert_cmpint(buf[0], ==, 0);
    close_drive(blk);
}

/* ---- O_DIRECT, io_uring, parts, nodes ---- */

static bool has_direct(void)
{
    g_autofree char *path = make_file("direct", 4096);
    int fd = open(path, O_RDWR | O_DIRECT);

    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

/* Random requests at any alignment of memory and disk, against a copy in memory. */
static void random_io(const char *more, uint64_t size)
{
    g_autofree char *path = make_file("rand", size);
    BlockBackend *blk = open_path(path, more);
    unsigned sectors = blk_size(blk) / 512;
    g_autofree uint8_t *model = g_malloc0(sectors * 512), *buf = g_malloc(sectors * 512 + 64);
    g_autofree char *now = NULL;
    GRand *rand = g_rand_new_with_seed(3);
    gsize len;

    g_assert_true(g_file_get_contents(path, &now, &len, NULL));
    memcpy(model, now, len);
    for (int i = 0; i < 1500; i++) {
        unsigned first = g_rand_int_range(rand, 0, sectors);
        unsigned n = g_rand_int_range(rand, 1, MIN(sectors - first, 60) + 1);
        uint8_t *p = buf + g_rand_int_range(rand, 0, 40);

        switch (g_rand_int_range(rand, 0, 5)) {
        case 0:
        case 1:
            for (unsigned k = 0; k < n * 512; k++) {
                p[k] = i + k;
            }
            g_assert_cmpint(run(blk, BLOCK_WRITE, first * 512, p, n * 512), ==, 0);
            memcpy(model + first * 512, p, n * 512);
            break;
        case 2:
            g_assert_cmpint(run(blk, BLOCK_FLUSH, 0, NULL, 0), ==, 0);
            break;
        default:
            g_assert_cmpint(run(blk, BLOCK_READ, first * 512, p, n * 512), ==, 0);
            g_assert_cmpmem(p, n * 512, model + first * 512, n * 512);
            break;
        }
    }
    g_rand_free(rand);
    close_drive(blk);
    if (strstr(more, "snapshot")) {
        return;
    }
    /* What is in the file is what was written, and nothing beyond. */
    g_clear_pointer(&now, g_free);
    g_assert_true(g_file_get_contents(path, &now, &len, NULL));
    g_assert_cmpuint(len, <=, sectors * 512);
    g_assert_cmpmem(now, len, model, len);
}

static void test_modes(void)
{
    static const char *const caches[] = { "writeback", "writethrough", "unsafe", "none",
                                          "directsync" };
    static const char *const aios[] = { "threads", "io_uring", "native" };
    unsigned n = has_direct() ? 5 : 3;

    for (unsigned i = 0; i < n; i++) {
        for (unsigned k = 0; k < G_N_ELEMENTS(aios); k++) {
            g_autofree char *o = g_strdup_printf(",format=raw,cache=%s,aio=%s", caches[i],
                                                 aios[k]);

            random_io(o, 300 * 512);
            random_io(o, 100 * 512 + 77); /* a last sector that is not whole */
        }
    }
    many(",aio=io_uring");
    if (n == 5) {
        many(",aio=io_uring,cache=none");
        random_io(",format=raw,cache=none,snapshot=on,aio=io_uring,readonly=off", 512 * 512 + 5);
    }
}

static void test_cache_switches(void)
{
    static const struct {
        const char *options;
        bool write_cache;
    } rows[] = {
        { "", true }, { ",cache=writethrough", false }, { ",cache=unsafe", true },
        { ",cache=writethrough,cache.writeback=on", true }, { ",cache.writeback=off", false },
        { ",cache.no-flush=on", true },
    };
    g_autofree char *path = make_file("switches", 4096);

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        BlockBackend *blk = open_path(path, rows[i].options);

        g_assert_cmpint(blk_write_cache(blk), ==, rows[i].write_cache);
        close_drive(blk);
    }
}

static void test_parts(void)
{
    g_autofree char *path = make_file("part", 64 * 512);
    BlockBackend *blk = open_path(path, ",offset=4096,size=8192,aio=io_uring");

    g_assert_cmpuint(blk_size(blk), ==, 8192);
    expect_bytes(blk, 0, 512, 9);
    write_bytes(blk, 8192 - 512, 512, 0x77);
    g_assert_cmpint(run(blk, BLOCK_READ, 8192, (uint8_t[512]){ 0 }, 512), ==, -EIO);
    close_drive(blk);
    blk = open_path(path, ",offset=12K");
    g_assert_cmpuint(blk_size(blk), ==, 64 * 512 - 12288);
    expect_bytes(blk, 0, 512, 25);
    close_drive(blk);
    blk = open_path(path, "");
    expect_bytes(blk, 12288 - 512, 512, 0x77);
    close_drive(blk);
    expect_error(path, ",offset=100", "multiples of 512");
    expect_error(path, ",offset=32K", "outside");
    expect_error(path, ",offset=31K,size=2K", "outside");
}

static BlockBackend *open_node(const char *name, const char *options, char **msg)
{
    Error *err = NULL;
    g_autoptr(KeyVals) kv = keyval_parse(options, "driver", false, &err);
    Object *obj = kv ? user_creatable_new(TYPE_BLOCK_NODE, "/drives", name, kv, &err) : NULL;

    if (msg) {
        *msg = err ? g_strdup(error_get_pretty(err)) : NULL;
    } else if (err) {
        g_error("%s", error_get_pretty(err));
    }
    error_free(err);
    return obj ? BLOCK_BACKEND(obj) : NULL;
}

static void test_nodes(void)
{
    g_autofree char *path = make_file("node", 64 * 512);
    g_autofree char *file = g_strdup_printf("file,filename=%s", path);
    g_autofree char *raw = g_strdup_printf("raw,file.driver=file,file.filename=%s,"
                                           "file.locking=off,file.cache.direct=off", path);
    g_autofree char *json = g_strdup_printf(
        "{\"driver\":\"raw\",\"file\":{\"driver\":\"file\",\"filename\":\"%s\"},"
        "\"read-only\":true,\"offset\":512}", path);
    static const struct {
        const char *options, *text;
    } bad[] = {
        { "qcow2,file.filename=x", "driver 'qcow2' is not supported yet" },
        { "rwa,filename=x", "did you mean 'raw'" },
        { "file", "'filename' is missing" },
        { "file,filename=/nope/nope", "No such file" },
        { "file,file=f0", "has no 'file'" },
        { "raw,file=nope", "no node of that name" },
        { "host_device,filename=/etc/hostname", "is no block device" },
        { "filename=x", "'driver' is missing" },
        { "raw,file=f0,filename=x", "exclude each other" },
        { "raw,cache=none,file=f0", "no property 'cache'" },
        { "file,filename=/etc/hostname,force-share=on", "needs read-only=on" },
    };
    BlockBackend *f, *r;
    Error *err = NULL;

    f = open_node("f0", file, NULL);
    r = open_node("d0", "raw,file=f0,offset=512,size=1024", NULL);
    g_assert_cmpuint(blk_size(r), ==, 1024);
    expect_bytes(r, 0, 512, 2);
    g_assert_cmpstr(blk_owner(f), ==, "d0");
    g_assert_false(blk_attach(f, "disk", &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "in use by 'd0'"));
    g_clear_pointer(&err, error_free);
    g_assert_false(user_creatable_delete("/drives", "f0", NULL));
    g_assert_true(user_creatable_delete("/drives", "d0", NULL));
    g_assert_true(user_creatable_delete("/drives", "f0", NULL));
    close_drive(open_node("d1", raw, NULL));
    r = open_node("d2", json, NULL);
    g_assert_true(blk_read_only(r));
    expect_bytes(r, 0, 512, 2);
    close_drive(r);
    r = open_node("n0", "null-co,size=1M,read-zeroes=on,latency-ns=1000", NULL);
    g_assert_cmpuint(blk_size(r), ==, MiB);
    write_bytes(r, 0, 4096, 9);
    expect_bytes(r, 0, 4096, 0);
    close_drive(r);
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *msg = NULL;

        f = strstr(bad[i].options, "f0") ? open_node("f0", file, NULL) : NULL;
        g_assert_null(open_node("x", bad[i].options, &msg));
        if (!strstr(msg, bad[i].text)) {
            g_error("%s: '%s' does not contain '%s'", bad[i].options, msg, bad[i].text);
        }
        if (f) {
            close_drive(f);
        }
    }
}

static void test_sharing(void)
{
    g_autofree char *path = make_file("share", 4096);
    BlockBackend *a = open_path(path, ""), *b;

    b = open_path(path, ",read-only=on,force-share=on");
    expect_bytes(b, 0, 512, 1);
    close_drive(b);
    b = open_path(path, ",file.locking=off");
    close_drive(b);
    close_drive(a);
    a = open_path(path, ",file.locking=off");
    b = open_path(path, ",file.locking=on");
    close_drive(b);
    close_drive(a);
}

static unsigned resized;

static void on_resized(void *opaque)
{
    resized++;
}

static void test_resize(void)
{
    static const BlockDevOps ops = { .resized = on_resized };
    g_autofree char *path = make_file("size", 4096);
    BlockBackend *blk = open_path(path, "");
    struct stat st;
    Error *err = NULL;

    g_assert_true(blk_attach(blk, "disk", NULL));
    blk_set_dev_ops(blk, &ops, NULL);
    g_assert_true(blk_resize(blk, 1 << 20, NULL));
    g_assert_cmpuint(blk_size(blk), ==, 1 << 20);
    g_assert_cmpuint(resized, ==, 1);
    write_bytes(blk, (1 << 20) - 512, 512, 5);
    expect_bytes(blk, 4096, 512, 0);
    g_assert_true(blk_resize(blk, 2048, NULL));
    g_assert_cmpint(run(blk, BLOCK_READ, 2048, (uint8_t[512]){ 0 }, 512), ==, -EIO);
    g_assert_cmpint(stat(path, &st), ==, 0);
    g_assert_cmpint(st.st_size, ==, 2048);
    g_assert_false(blk_resize(blk, 100, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "multiple of 512"));
    error_free(err);
    blk_detach(blk);
    close_drive(blk);
}

static void test_error_policy(void)
{
    static const struct {
        const char *options;
        BlockOnError device;
        bool write;
        int err;
        BlockOnError want;
    } rows[] = {
        { "", BLOCK_ON_ERROR_AUTO, true, -EIO, BLOCK_ON_ERROR_REPORT },
        { "", BLOCK_ON_ERROR_AUTO, true, -ENOSPC, BLOCK_ON_ERROR_STOP },
        { "", BLOCK_ON_ERROR_AUTO, false, -ENOSPC, BLOCK_ON_ERROR_REPORT },
        { ",werror=report", BLOCK_ON_ERROR_AUTO, true, -ENOSPC, BLOCK_ON_ERROR_REPORT },
        { ",werror=stop", BLOCK_ON_ERROR_AUTO, true, -EIO, BLOCK_ON_ERROR_STOP },
        { ",werror=stop", BLOCK_ON_ERROR_AUTO, false, -EIO, BLOCK_ON_ERROR_REPORT },
        { ",rerror=ignore", BLOCK_ON_ERROR_AUTO, false, -EIO, BLOCK_ON_ERROR_IGNORE },
        { ",rerror=ignore", BLOCK_ON_ERROR_STOP, false, -EIO, BLOCK_ON_ERROR_STOP },
        { ",werror=stop", BLOCK_ON_ERROR_ENOSPC, true, -EIO, BLOCK_ON_ERROR_REPORT },
    };
    g_autofree char *path = make_file("policy", 4096);

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        BlockBackend *blk = open_path(path, rows[i].options);

        g_assert_cmpint(blk_error_action(blk, rows[i].device, rows[i].write, rows[i].err), ==,
                        rows[i].want);
        close_drive(blk);
    }
}

int main(int argc, char **argv)
{
    int r;

    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-block-XXXXXX", NULL);
    g_test_add_func("/block/read-write", test_read_write);
    g_test_add_func("/block/bounds", test_bounds);
    g_test_add_func("/block/ragged-end", test_ragged_end);
    g_test_add_func("/block/read-only", test_read_only);
    g_test_add_func("/block/discard-and-zeroes", test_discard_and_zeroes);
    g_test_add_func("/block/snapshot", test_snapshot);
    g_test_add_func("/block/many", test_many);
    g_test_add_func("/block/locks", test_locks);
    g_test_add_func("/block/modes", test_modes);
    g_test_add_func("/block/cache-switches", test_cache_switches);
    g_test_add_func("/block/parts", test_parts);
    g_test_add_func("/block/nodes", test_nodes);
    g_test_add_func("/block/sharing", test_sharing);
    g_test_add_func("/block/resize", test_resize);
    g_test_add_func("/block/error-policy", test_error_policy);
    g_test_add_func("/block/attach", test_attach);
    g_test_add_func("/block/refused", test_refused);
    g_test_add_func("/block/shrunk", test_shrunk);
    r = g_test_run();
    if (r == 0) {
        g_autoptr(GDir) d = g_dir_open(dir, 0, NULL);
        const char *name;

        while ((name = g_dir_read_name(d))) {
            g_autofree char *p = path_of(name);
            g_unlink(p);
        }
        g_rmdir(dir);
    }
    g_free(dir);
    return r;
}
