/*
 * virtio-9p: the protocol over a real directory under each security model, what a client must not
 * reach, messages of every wrong shape, caps, and resets with requests under way.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/unit/virtio-rig.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/fs.h"
#include "qom/user-creatable.h"

#define REQ RIG_FREE
#define REP (RIG_FREE + 1 * MiB)
#define REP_SIZE 65536

static char *top;

/* ---- A tree and a device ---- */

static void fresh_tree(void)
{
    g_autofree char *clear = g_strdup_printf("rm -rf '%s'/share '%s'/outside", top, top);
    g_autofree char *make = g_strdup_printf(
        "cd '%s' && mkdir -p share/dir/deep outside && echo secret > outside/file && "
        "printf hello > share/file && printf x > share/dir/deep/x && ln -s ../outside share/out && "
        "ln -s ../outside/file share/outfile && mkfifo share/pipe", top);

    g_assert_cmpint(system(clear), ==, 0);
    g_assert_cmpint(system(make), ==, 0);
}

typedef struct P9 {
    Rig *r;
    Ring q;
    GByteArray *msg;
    uint8_t rep[REP_SIZE];
    size_t rep_len, at;
} P9;

static P9 *p9_new(const char *model, bool readonly)
{
    P9 *p = g_new0(P9, 1);
    g_autofree char *text = g_strdup_printf("path=%s/share,security_model=%s%s", top, model,
                                            readonly ? ",readonly=on" : "");
    g_autoptr(KeyVals) kv = keyval_parse(text, NULL, false, NULL);

    fresh_tree();
    g_assert_nonnull(user_creatable_new("fsdev-local", "/fsdevs", "f0", kv, NULL));
    p->r = rig_new(false);
    rig_plug(p->r, "virtio-9p-device", (const char *[]){ "fsdev", "f0", "mount_tag", "tag", NULL });
    p->msg = g_byte_array_new();
    return p;
}

static void p9_free(P9 *p)
{
    rig_free(p->r);
    object_unparent(object_resolve_path("/fsdevs/f0"));
    g_byte_array_unref(p->msg);
    g_free(p);
}

/* ---- Messages, from a format: 1 2 4 8 for numbers, s for text ---- */

static void put(P9 *p, uint64_t v, unsigned n)
{
    uint8_t raw[8];

    st64_le(raw, v);
    g_byte_array_append(p->msg, raw, n);
}

static void build(P9 *p, unsigned type, const char *format, va_list ap)
{
    g_byte_array_set_size(p->msg, 0);
    put(p, 0, 4);
    put(p, type, 1);
    put(p, 77, 2);
    for (; *format; format++) {
        if (*format == 's') {
            const char *s = va_arg(ap, const char *);

            put(p, strlen(s), 2);
            g_byte_array_append(p->msg, (const uint8_t *)s, strlen(s));
        } else {
            put(p, va_arg(ap, uint64_t), *format - '0');
        }
    }
    st32_le(p->msg->data, p->msg->len);
}

static void send(P9 *p)
{
    Seg segs[] = { { REQ, p->msg->len, false }, { REP, REP_SIZE, true } };

    rig_poke(p->r, REQ, p->msg->data, p->msg->len);
    ring_add(&p->q, segs, 2);
    ring_kick(&p->q);
}

/* Sends and waits; 0, or the error. The answer's fields are read with get(). */
static int call(P9 *p, unsigned type, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    build(p, type, format, ap);
    va_end(ap);
    send(p);
    p->rep_len = ring_wait(&p->q, NULL);
    rig_peek(p->r, REP, p->rep, p->rep_len);
    g_assert_cmpuint(ld32_le(p->rep), ==, p->rep_len);
    g_assert_cmpuint(ld16_le(p->rep + 5), ==, 77);
    p->at = 7;
    if (p->rep[4] == 7) {
        return ld32_le(p->rep + 7);
    }
    g_assert_cmpuint(p->rep[4], ==, type + 1);
    return 0;
}

static uint64_t get(P9 *p, unsigned n)
{
    p->at += n;
    g_assert_cmpuint(p->at, <=, p->rep_len);
    return ldn_le(p->rep + p->at - n, n);
}

#define U(x) ((uint64_t)(x))
#define NOFID U(UINT32_MAX)
enum { STATFS = 8, LOPEN = 12, LCREATE = 14, SYMLINK = 16, MKNOD = 18, RENAME = 20, READLINK = 22,
       GETATTR = 24, SETATTR = 26, XATTRWALK = 30, XATTRCREATE = 32, READDIR = 40, FSYNC = 50,
       LOCK = 52, GETLOCK = 54, LINK = 70, MKDIR = 72, RENAMEAT = 74, UNLINKAT = 76, VERSION = 100,
       AUTH = 102, ATTACH = 104, FLUSH = 108, WALK = 110, READ = 116, WRITE = 118, CLUNK = 120,
       REMOVE = 122 };

static void start(P9 *p)
{
    rig_negotiate(p->r, 0);
    ring_setup(&p->q, p->r, 0, 16);
    rig_driver_ok(p->r);
    g_assert_cmpint(call(p, VERSION, "4s", U(65536), "9P2000.L"), ==, 0);
    g_assert_cmpuint(get(p, 4), ==, 65536);
    g_assert_cmpint(call(p, ATTACH, "44ss4", U(0), NOFID, "root", "", U(0)), ==, 0);
}

static int walk1(P9 *p, unsigned from, unsigned to, const char *name)
{
    return call(p, WALK, "442s", U(from), U(to), U(1), name);
}

static char *read_all(P9 *p, unsigned fid)
{
    uint32_t n;

    g_assert_cmpint(call(p, READ, "484", U(fid), U(0), U(1000)), ==, 0);
    n = get(p, 4);
    return g_strndup((char *)p->rep + p->at, n);
}

/* Mode, owner and group as the guest sees them. */
static void attr(P9 *p, unsigned fid, uint32_t *mode, uint32_t *uid, uint32_t *gid)
{
    g_assert_cmpint(call(p, GETATTR, "48", U(fid), U(0x7ff)), ==, 0);
    g_assert_cmphex(get(p, 8), ==, 0x7ff);
    p->at += 13;
    *mode = get(p, 4);
    *uid = get(p, 4);
    *gid = get(p, 4);
}

/* ---- What works ---- */

static const char *const models[] = { "passthrough", "mapped-xattr", "mapped-file", "none" };

static bool usable(const char *model)
{
    /* Owners that are not ours need root; some file systems for tests have no attributes. */
    return !g_str_equal(model, "passthrough") || getuid() == 0;
}

static void test_files(gconstpointer data)
{
    const char *model = data;
    bool mapped = g_str_has_prefix(model, "mapped");
    P9 *p;
    uint32_t mode, uid, gid;
    g_autofree char *text = NULL, *again = NULL;

    if (!usable(model)) {
        g_test_skip("needs root");
        return;
    }
    p = p9_new(model, false);
    start(p);
    g_assert_cmpint(rd(p->r, R_DEVICE_ID), ==, 9);
    g_assert_cmphex(rig_read(p->r, R_CONFIG, 4), ==, 3 | 't' << 16 | 'a' << 24);
    g_assert_cmpint(walk1(p, 0, 1, "file"), ==, 0);
    g_assert_cmpint(call(p, LOPEN, "44", U(1), U(2)), ==, 0);
    text = read_all(p, 1);
    g_assert_cmpstr(text, ==, "hello");
    g_assert_cmpint(call(p, WRITE, "4841111", U(1), U(3), U(4), U('1'), U('2'), U('3'), U('4')), ==, 0);
    g_assert_cmpuint(get(p, 4), ==, 4);
    again = read_all(p, 1);
    g_assert_cmpstr(again, ==, "hel1234");
    g_assert_cmpint(call(p, FSYNC, "44", U(1), U(0)), ==, 0);
    g_assert_cmpint(call(p, CLUNK, "4", U(1)), ==, 0);
    g_assert_cmpint(call(p, CLUNK, "4", U(1)), ==, EBADF);
    /* A new file, with an owner, a mode, and a name that changes while it is open. */
    g_assert_cmpint(call(p, WALK, "442ss", U(0), U(2), U(2), "dir", "deep"), ==, 0);
    g_assert_cmpint(call(p, WALK, "442", U(2), U(3), U(0)), ==, 0);
    g_assert_cmpint(call(p, LCREATE, "4s444", U(3), "new", U(0302), U(0641), U(5)), ==, 0);
    g_assert_cmpint(walk1(p, 0, 4, "dir"), ==, 0);
    g_assert_cmpint(call(p, RENAMEAT, "4s4s", U(4), "deep", U(0), "moved"), ==, 0);
    attr(p, 3, &mode, &uid, &gid);
    g_assert_cmphex(mode, ==, S_IFREG | 0641);
    if (mapped || getuid() == 0) {
        g_assert_cmpuint(gid, ==, 5);
    }
    g_assert_cmpint(call(p, SETATTR, "4444488888", U(3), U(7), U(04711), U(8), U(9), U(0), U(0), U(0),
                         U(0), U(0)), ==, 0);
    attr(p, 3, &mode, &uid, &gid);
    g_assert_cmphex(mode, ==, S_IFREG | 04711);
    g_assert_cmpint(walk1(p, 2, 5, "new"), ==, 0); /* fid 2 has moved too */
    g_assert_cmpint(call(p, RENAME, "44s", U(5), U(0), "top"), ==, 0);
    g_assert_cmpint(walk1(p, 0, 6, "top"), ==, 0);
    attr(p, 6, &mode, &uid, &gid);
    g_assert_cmphex(mode, ==, S_IFREG | 04711);
    g_assert_cmpint(call(p, LINK, "44s", U(0), U(6), "second"), ==, 0);
    g_assert_cmpint(call(p, UNLINKAT, "4s4", U(0), "top", U(0)), ==, 0);
    g_assert_cmpint(walk1(p, 0, 7, "second"), ==, 0);
    attr(p, 7, &mode, &uid, &gid);
    g_assert_cmphex(mode, ==, S_IFREG | 04711);
    /* Open without a name: it can still be asked, cut and read, and is not what took its name. */
    g_assert_cmpint(call(p, REMOVE, "4", U(7)), ==, 0);
    g_assert_cmpint(call(p, MKDIR, "4s44", U(0), "second", U(0700), U(0)), ==, 0);
    attr(p, 3, &mode, &uid, &gid);
    g_assert_cmphex(mode & S_IFMT, ==, S_IFREG);
    g_assert_cmpint(call(p, SETATTR, "4444488888", U(3), U(8 | 0x20), U(0), U(0), U(0), U(3), U(0), U(0),
                         U(0), U(0)), ==, 0);
    g_clear_pointer(&text, g_free);
    text = read_all(p, 3);
    g_assert_cmpstr(text, ==, ""); /* three zeros */
    g_assert_cmpuint(ld32_le(p->rep + 7), ==, 3);
    g_assert_cmpint(call(p, UNLINKAT, "4s4", U(0), "second", U(0x200)), ==, 0);
    g_assert_cmpint(walk1(p, 0, 8, "second"), ==, ENOENT);
    p9_free(p);
}

static void test_nodes(gconstpointer data)
{
    const char *model = data;
    bool mapped = g_str_has_prefix(model, "mapped");
    g_autofree char *host = g_strdup_printf("%s/share/link", top);
    uint32_t mode, uid, gid;
    struct stat st;
    P9 *p;

    if (!usable(model)) {
        g_test_skip("needs root");
        return;
    }
    p = p9_new(model, false);
    start(p);
    g_assert_cmpint(call(p, SYMLINK, "4ss4", U(0), "link", "anywhere/at all", U(0)), ==, 0);
    g_assert_cmpint(walk1(p, 0, 1, "link"), ==, 0);
    g_assert_cmpint(call(p, READLINK, "4", U(1)), ==, 0);
    g_assert_cmpuint(get(p, 2), ==, 15);
    g_assert_cmpint(memcmp(p->rep + p->at, "anywhere/at all", 15), ==, 0);
    g_assert_cmpint(lstat(host, &st), ==, 0);
    g_assert_cmpint(S_ISLNK(st.st_mode), ==, !mapped);
    attr(p, 1, &mode, &uid, &gid);
    g_assert_cmphex(mode & S_IFMT, ==, S_IFLNK);
    g_assert_cmpint(call(p, MKNOD, "4s4444", U(0), "fifo", U(S_IFIFO | 0600), U(0), U(0), U(0)), ==, 0);
    g_assert_cmpint(walk1(p, 0, 2, "fifo"), ==, 0);
    attr(p, 2, &mode, &uid, &gid);
    g_assert_cmphex(mode, ==, S_IFIFO | 0600);
    g_assert_cmpint(call(p, LOPEN, "44", U(2), U(0)), ==, ENXIO);
    g_assert_cmpint(call(p, MKDIR, "4s44", U(0), "d", U(0750), U(0)), ==, 0);
    g_assert_cmpint(call(p, MKDIR, "4s44", U(0), "d", U(0750), U(0)), ==, EEXIST);
    g_assert_cmpint(walk1(p, 0, 3, "d"), ==, 0);
    attr(p, 3, &mode, &uid, &gid);
    g_assert_cmphex(mode, ==, S_IFDIR | 0750);
    /* A directory that held files is empty when they are gone, whatever was kept beside them. */
    g_assert_cmpint(call(p, MKDIR, "4s44", U(3), "e", U(0700), U(0)), ==, 0);
    g_assert_cmpint(call(p, UNLINKAT, "4s4", U(0), "d", U(0x200)), ==, ENOTEMPTY);
    g_assert_cmpint(call(p, UNLINKAT, "4s4", U(3), "e", U(0x200)), ==, 0);
    g_assert_cmpint(call(p, UNLINKAT, "4s4", U(0), "d", U(0x200)), ==, 0);
    g_assert_cmpint(call(p, STATFS, "4", U(0)), ==, 0);
    g_assert_cmphex(get(p, 4), ==, 0x01021997);
    p9_free(p);
}

static void test_readdir(void)
{
    P9 *p = p9_new("mapped-file", false);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    uint64_t offset = 0;

    start(p);
    for (unsigned i = 0; i < 300; i++) {
        g_autofree char *name = g_strdup_printf("entry-%03u", i);

        g_assert_cmpint(call(p, MKNOD, "4s4444", U(0), name, U(S_IFREG | 0600), U(0), U(0), U(0)), ==, 0);
    }
    g_assert_cmpint(call(p, WALK, "442", U(0), U(1), U(0)), ==, 0);
    g_assert_cmpint(call(p, LOPEN, "44", U(1), U(0)), ==, 0);
    g_assert_cmpint(call(p, READDIR, "484", U(1), U(0), U(10)), ==, EINVAL);
    for (;;) {
        size_t end;

        g_assert_cmpint(call(p, READDIR, "484", U(1), offset, U(900)), ==, 0);
        end = get(p, 4);
        if (!end) {
            break;
        }
        g_assert_cmpuint(end, <=, 900);
        for (end += p->at; p->at < end;) {
            unsigned len;

            p->at += 13;
            offset = get(p, 8);
            get(p, 1);
            len = get(p, 2);
            g_assert_true(g_hash_table_add(seen, g_strndup((char *)p->rep + p->at, len)));
            p->at += len;
        }
    }
    /* ".", "..", dir, file, out, outfile, pipe; and nothing of ours. */
    g_assert_cmpuint(g_hash_table_size(seen), ==, 307);
    g_assert_true(g_hash_table_contains(seen, "entry-299"));
    g_assert_cmpint(walk1(p, 0, 2, ".virtfs_metadata"), ==, ENOENT);
    g_assert_cmpint(call(p, MKDIR, "4s44", U(0), ".virtfs_metadata", U(0700), U(0)), ==, EINVAL);
    p9_free(p);
}

static void test_xattr(void)
{
    P9 *p = p9_new("mapped-xattr", false);

    start(p);
    g_assert_cmpint(walk1(p, 0, 1, "file"), ==, 0);
    g_assert_cmpint(call(p, WALK, "442", U(1), U(2), U(0)), ==, 0);
    g_assert_cmpint(call(p, XATTRCREATE, "4s84", U(2), "user.test", U(4), U(0)), ==, 0);
    g_assert_cmpint(call(p, WRITE, "48411111", U(2), U(0), U(5), U(1), U(2), U(3), U(4), U(5)), ==, ENOSPC);
    g_assert_cmpint(call(p, WRITE, "4841111", U(2), U(0), U(4), U('a'), U('b'), U('c'), U('d')), ==, 0);
    g_assert_cmpint(call(p, CLUNK, "4", U(2)), ==, 0);
    g_assert_cmpint(call(p, XATTRWALK, "44s", U(1), U(3), "user.test"), ==, 0);
    g_assert_cmpuint(get(p, 8), ==, 4);
    g_assert_cmpint(call(p, READ, "484", U(3), U(1), U(100)), ==, 0);
    g_assert_cmpuint(get(p, 4), ==, 3);
    g_assert_cmpint(memcmp(p->rep + p->at, "bcd", 3), ==, 0);
    /* What the back end keeps for itself is neither listed nor changed. */
    g_assert_cmpint(call(p, SETATTR, "4444488888", U(1), U(1), U(0600), U(0), U(0), U(0), U(0), U(0),
                         U(0), U(0)), ==, 0);
    g_assert_cmpint(call(p, XATTRWALK, "44s", U(1), U(4), ""), ==, 0);
    g_assert_cmpuint(get(p, 8), ==, 10); /* "user.test" */
    g_assert_cmpint(call(p, XATTRWALK, "44s", U(1), U(5), "user.virtfs.mode"), ==, EOPNOTSUPP);
    g_assert_cmpint(call(p, XATTRWALK, "44s", U(1), U(5), "security.capability"), ==, EOPNOTSUPP);
    g_assert_cmpint(call(p, XATTRCREATE, "4s84", U(1), "user.big", U(1) << 40, U(0)), ==, E2BIG);
    g_assert_cmpint(call(p, XATTRCREATE, "4s84", U(1), "user.virtfs.uid", U(4), U(0)), ==, 0);
    g_assert_cmpint(call(p, WRITE, "484" "4", U(1), U(0), U(4), U(0)), ==, 0);
    g_assert_cmpint(call(p, CLUNK, "4", U(1)), ==, EOPNOTSUPP);
    p9_free(p);
}

/* ---- What must not work ---- */

static void test_escape(gconstpointer data)
{
    static const char *const names[] = { "..", "../outside", "/", "/etc", "a/b", "", ".", "out/file" };
    const char *model = data;
    g_autofree char *swap = g_strdup_printf("cd '%s'/share/dir && rm -rf deep && ln -s ../../outside deep",
                                            top);
    P9 *p;

    if (!usable(model)) {
        g_test_skip("needs root");
        return;
    }
    p = p9_new(model, false);
    start(p);
    /* Up from the root is the root. */
    g_assert_cmpint(call(p, WALK, "442sss", U(0), U(1), U(3), "..", "..", "file"), ==, 0);
    g_assert_cmpint(call(p, WALK, "442sss", U(0), U(2), U(3), "..", "outside", "file"), ==, 0);
    g_assert_cmpuint(get(p, 2), ==, 1); /* one step, and no further */
    g_assert_cmpint(call(p, CLUNK, "4", U(2)), ==, EBADF);
    /* Through links: found, but never followed. */
    g_assert_cmpint(walk1(p, 0, 3, "out"), ==, 0);
    g_assert_cmpint(walk1(p, 3, 4, "file"), !=, 0);
    g_assert_cmpint(call(p, LOPEN, "44", U(3), U(0)), !=, 0);
    g_assert_cmpint(call(p, LCREATE, "4s444", U(3), "new", U(0101), U(0644), U(0)), !=, 0);
    g_assert_cmpint(call(p, MKDIR, "4s44", U(3), "new", U(0755), U(0)), !=, 0);
    g_assert_cmpint(call(p, UNLINKAT, "4s4", U(3), "file", U(0)), !=, 0);
    g_assert_cmpint(call(p, RENAMEAT, "4s4s", U(0), "file", U(3), "file"), !=, 0);
    g_assert_cmpint(walk1(p, 0, 5, "outfile"), ==, 0);
    g_assert_cmpint(call(p, LOPEN, "44", U(5), U(01001)), !=, 0);
    g_assert_cmpint(call(p, SETATTR, "4444488888", U(5), U(8), U(0), U(0), U(0), U(0), U(0), U(0), U(0),
                         U(0)), !=, 0);
    g_assert_cmpint(call(p, LCREATE, "4s444", U(0), "outfile", U(01102), U(0644), U(0)), !=, 0);
    /* Names that are paths. */
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        g_assert_cmpint(call(p, MKDIR, "4s44", U(0), names[i], U(0755), U(0)), !=, 0);
        g_assert_cmpint(call(p, SYMLINK, "4ss4", U(0), names[i], "t", U(0)), !=, 0);
        g_assert_cmpint(call(p, LINK, "44s", U(0), U(1), names[i]), !=, 0);
        g_assert_cmpint(call(p, RENAMEAT, "4s4s", U(0), names[i], U(0), "x"), !=, 0);
        g_assert_cmpint(call(p, RENAMEAT, "4s4s", U(0), "file", U(0), names[i]), !=, 0);
        g_assert_cmpint(call(p, UNLINKAT, "4s4", U(0), names[i], U(0)), !=, 0);
        g_assert_cmpint(call(p, UNLINKAT, "4s4", U(0), names[i], U(0x200)), !=, 0);
        g_assert_cmpint(call(p, LCREATE, "4s444", U(0), names[i], U(0101), U(0644), U(0)), !=, 0);
    }
    /* A pipe of the host is seen and not opened. */
    g_assert_cmpint(walk1(p, 0, 6, "pipe"), ==, 0);
    g_assert_cmpint(call(p, LOPEN, "44", U(6), U(0)), ==, ENXIO);
    /* A directory that turns into a link while the guest has it. */
    g_assert_cmpint(call(p, WALK, "442sss", U(0), U(7), U(3), "dir", "deep", "x"), ==, 0);
    g_assert_cmpint(call(p, WALK, "442ss", U(0), U(8), U(2), "dir", "deep"), ==, 0);
    g_assert_cmpint(system(swap), ==, 0);
    g_assert_cmpint(call(p, LOPEN, "44", U(7), U(0)), !=, 0);
    g_assert_cmpint(walk1(p, 8, 9, "file"), !=, 0);
    g_assert_cmpint(call(p, LCREATE, "4s444", U(8), "new", U(0101), U(0644), U(0)), !=, 0);
    g_assert_cmpint(call(p, LOPEN, "44", U(8), U(0)), !=, 0);
    p9_free(p);
    {
        g_autofree char *outside = g_strdup_printf("%s/outside", top), *file = NULL, *text = NULL;
        g_autoptr(GDir) dir = g_dir_open(outside, 0, NULL);

        g_assert_cmpstr(g_dir_read_name(dir), ==, "file");
        g_assert_null(g_dir_read_name(dir));
        file = g_strdup_printf("%s/file", outside);
        g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
        g_assert_cmpstr(text, ==, "secret\n");
    }
}

static void test_readonly(void)
{
    P9 *p = p9_new("none", true);

    start(p);
    g_assert_cmpint(walk1(p, 0, 1, "file"), ==, 0);
    g_assert_cmpint(call(p, LOPEN, "44", U(1), U(1)), ==, EROFS);
    g_assert_cmpint(call(p, LOPEN, "44", U(1), U(01000)), ==, EROFS);
    g_assert_cmpint(call(p, LINK, "44s", U(0), U(1), "l"), ==, EROFS);
    g_assert_cmpint(call(p, RENAME, "44s", U(1), U(0), "l"), ==, EROFS);
    g_assert_cmpint(call(p, MKDIR, "4s44", U(0), "d", U(0755), U(0)), ==, EROFS);
    g_assert_cmpint(call(p, LCREATE, "4s444", U(0), "n", U(0101), U(0644), U(0)), ==, EROFS);
    g_assert_cmpint(call(p, UNLINKAT, "4s4", U(0), "file", U(0)), ==, EROFS);
    g_assert_cmpint(call(p, SETATTR, "4444488888", U(1), U(1), U(0600), U(0), U(0), U(0), U(0), U(0),
                         U(0), U(0)), ==, EROFS);
    g_assert_cmpint(call(p, LOPEN, "44", U(1), U(0)), ==, 0);
    p9_free(p);
}

/* Sessions: what is refused before a version, and what a new version forgets. */
static void test_session(void)
{
    P9 *p = p9_new("none", false);

    start(p);
    g_assert_cmpint(call(p, ATTACH, "44ss4", U(1), U(0), "root", "", U(0)), ==, EINVAL);
    g_assert_cmpint(call(p, ATTACH, "44ss4", U(0), NOFID, "root", "", U(0)), ==, EINVAL);
    g_assert_cmpint(call(p, AUTH, "4ss4", U(1), "root", "", U(0)), ==, EOPNOTSUPP);
    g_assert_cmpint(call(p, FLUSH, "2", U(1)), ==, 0);
    g_assert_cmpint(call(p, 200, ""), ==, EOPNOTSUPP);
    g_assert_cmpint(call(p, VERSION, "4s", U(100), "9P2000.L"), ==, EMSGSIZE);
    g_assert_cmpint(call(p, VERSION, "4s", U(8192), "9P2000.u"), ==, 0);
    g_assert_cmpuint(get(p, 4), ==, 8192);
    g_assert_cmpuint(get(p, 2), ==, 7);
    g_assert_cmpint(call(p, CLUNK, "4", U(0)), ==, EINVAL);
    g_assert_cmpint(call(p, VERSION, "4s", U(UINT32_MAX), "9P2000.L"), ==, 0);
    g_assert_cmpuint(get(p, 4), ==, 512 * 1024);
    g_assert_cmpint(call(p, CLUNK, "4", U(0)), ==, EBADF);
    /* A reset by the driver forgets too. */
    start(p);
    g_assert_cmpint(walk1(p, 0, 1, "file"), ==, 0);
    start(p);
    g_assert_cmpint(call(p, CLUNK, "4", U(1)), ==, EBADF);
    p9_free(p);
}

/* As many fids as a client cares to make, until it is told to stop. */
static void test_caps(void)
{
    P9 *p = p9_new("none", false);
    int ret = 0;
    unsigned n;

    start(p);
    for (n = 1; n < 70000 && !ret; n++) {
        ret = call(p, WALK, "442", U(0), U(n), U(0));
    }
    g_assert_cmpint(ret, ==, ENFILE);
    g_assert_cmpuint(n, ==, 65537);
    for (n = 1, ret = 0; n < 65536 && !ret; n++) {
        ret = call(p, LOPEN, "44", U(n), U(0));
    }
    g_assert_cmpint(ret, ==, EMFILE);
    start(p);
    g_assert_cmpint(walk1(p, 0, 1, "file"), ==, 0);
    g_assert_cmpint(call(p, LOPEN, "44", U(1), U(0)), ==, 0);
    p9_free(p);
}

/* Chains that are no messages break the queue; messages cut anywhere are answered with errors. */
static void test_hostile(void)
{
    P9 *p = p9_new("none", false);
    static const struct {
        uint32_t size, chain, room;
    } bad[] = {
        { 7, 6, 100 }, { 6, 7, 100 }, { 0, 64, 100 }, { 65, 64, 100 }, { UINT32_MAX, 64, 100 },
        { 600000, 600000, 100 }, { 7, 7, 10 },
    };
    static const uint8_t types[] = { 8, 12, 14, 16, 18, 20, 22, 24, 26, 30, 32, 40, 50, 52, 54, 70, 72,
                                     74, 76, 100, 104, 108, 110, 116, 118, 120, 122 };
    GRand *rand = g_rand_new_with_seed(9);

    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        Seg segs[] = { { REQ, bad[i].chain, false }, { REP, bad[i].room, true } };
        uint8_t header[7] = { 0 };

        start(p);
        st32_le(header, bad[i].size);
        header[4] = 120;
        rig_poke(p->r, REQ, header, 7);
        ring_add(&p->q, segs, 2);
        ring_kick(&p->q);
        g_assert_true(rig_broken(p->r));
    }
    start(p);
    for (unsigned round = 0; round < 3000; round++) {
        unsigned len = 7 + g_rand_int_range(rand, 0, 60);

        g_byte_array_set_size(p->msg, 0);
        put(p, len, 4);
        put(p, types[g_rand_int_range(rand, 0, G_N_ELEMENTS(types))], 1);
        put(p, 77, 2);
        while (p->msg->len < len) {
            put(p, g_rand_int_range(rand, 0, 3) ? (unsigned)g_rand_int_range(rand, 0, 5) : g_rand_int(rand),
                g_rand_boolean(rand) ? 4 : 2);
        }
        g_byte_array_set_size(p->msg, len);
        if (p->msg->data[4] == 100) {
            p->msg->data[4] = 110; /* or the session is over */
        }
        send(p);
        p->rep_len = ring_wait(&p->q, NULL);
        g_assert_cmpuint(p->rep_len, >=, 7);
    }
    g_assert_false(rig_broken(p->r));
    start(p);
    g_assert_cmpint(walk1(p, 0, 1, "."), ==, 0);
    g_rand_free(rand);
    p9_free(p);
}

/* Requests under way while the driver resets, again and again: none is answered into the new life. */
static void test_reset_in_flight(void)
{
    P9 *p = p9_new("none", false);

    for (unsigned round = 0; round < 200; round++) {
        start(p);
        g_assert_cmpint(walk1(p, 0, 1, "file"), ==, 0);
        g_assert_cmpint(call(p, LOPEN, "44", U(1), U(0)), ==, 0);
        g_byte_array_set_size(p->msg, 0);
        put(p, 23, 4);
        put(p, READ, 1);
        put(p, 77, 2);
        put(p, 1, 4);
        put(p, 0, 8);
        put(p, 60000, 4);
        for (unsigned i = 0; i < 7; i++) {
            send(p);
        }
        wr(p->r, R_STATUS, 0);
    }
    start(p);
    p9_free(p);
    /* And removal with requests under way. */
    p = p9_new("none", false);
    start(p);
    for (unsigned i = 0; i < 7; i++) {
        send(p);
    }
    p9_free(p);
}

int main(int argc, char **argv)
{
    int ret;

    g_test_init(&argc, &argv, NULL);
    top = g_dir_make_tmp("vireo-9p-XXXXXX", NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(models); i++) {
        g_autofree char *files = g_strdup_printf("/virtio-9p/files/%s", models[i]);
        g_autofree char *nodes = g_strdup_printf("/virtio-9p/nodes/%s", models[i]);
        g_autofree char *escape = g_strdup_printf("/virtio-9p/escape/%s", models[i]);

        g_test_add_data_func(files, models[i], test_files);
        g_test_add_data_func(nodes, models[i], test_nodes);
        g_test_add_data_func(escape, models[i], test_escape);
    }
    g_test_add_func("/virtio-9p/readdir", test_readdir);
    g_test_add_func("/virtio-9p/xattr", test_xattr);
    g_test_add_func("/virtio-9p/readonly", test_readonly);
    g_test_add_func("/virtio-9p/session", test_session);
    if (!rig_again()) {
        g_test_add_func("/virtio-9p/caps", test_caps);
    }
    g_test_add_func("/virtio-9p/hostile", test_hostile);
    g_test_add_func("/virtio-9p/reset-in-flight", test_reset_in_flight);
    ret = g_test_run();
    {
        g_autofree char *clear = g_strdup_printf("rm -rf '%s'", top);

        g_assert_cmpint(system(clear), ==, 0);
    }
    g_free(top);
    return ret;
}
