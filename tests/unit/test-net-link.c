/*
 * Networks over sockets: two back ends with a card each, in one process; peers that talk nonsense,
 * do not read, or come back; options; and filter-dump.
 *
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/net-int.h"
#include "qom/property.h"
#include "qom/user-creatable.h"
#include "util/byteorder.h"

static char *dir;

static Object *netdev(const char *type, const char *id, const char *options, char **msg)
{
    g_autofree char *full = g_strconcat("netdev-", type, NULL);
    Error *err = NULL;
    g_autoptr(KeyVals) kv = keyval_parse_list(options, NULL, false, &err);
    Object *o = kv ? user_creatable_new(full, "/netdevs", id, kv, &err) : NULL;

    if (msg) {
        *msg = err ? g_strdup(error_get_pretty(err)) : NULL;
    } else if (err) {
        g_error("%s: %s", options, error_get_pretty(err));
    }
    error_free(err);
    return o;
}

/* ---- A card that keeps what it gets ---- */

typedef struct Card {
    NetBackend *nb;
    GPtrArray *got; /* GBytes */
    bool full, writable;
} Card;

static bool card_receive(void *opaque, unsigned queue, const NetOffload *off, const uint8_t *frame,
                         size_t len)
{
    Card *c = opaque;

    g_assert_cmpint(off->gso | off->flags, ==, 0);
    if (!c->full) {
        g_ptr_array_add(c->got, g_bytes_new(frame, len));
    }
    return !c->full;
}

static void card_writable(void *opaque)
{
    ((Card *)opaque)->writable = true;
}

static Card *card_new(Object *netdev)
{
    Card *c = g_new0(Card, 1);
    NetFrontend fe = { .receive = card_receive, .writable = card_writable, .opaque = c,
                       .name = "test" };

    c->nb = NETDEV(netdev);
    c->got = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_assert_true(net_attach(c->nb, &fe, NULL));
    return c;
}

static void card_free(Card *c)
{
    Error *err = NULL;
    g_autofree char *id = g_strdup(c->nb->parent_obj.name);

    g_assert_false(user_creatable_delete("/netdevs", id, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "in use by 'test'"));
    error_free(err);
    net_detach(c->nb, c);
    g_assert_true(user_creatable_delete("/netdevs", id, NULL));
    g_ptr_array_unref(c->got);
    g_free(c);
}

static bool card_send(Card *c, const NetOffload *off, const void *data, size_t len)
{
    struct iovec iov[2] = { { (void *)data, len / 2 }, { (char *)data + len / 2, len - len / 2 } };

    return net_send(c->nb, 0, off, iov, 2);
}

static void wait_until(bool (*done)(void *), void *opaque)
{
    int64_t end = g_get_monotonic_time() + 100 * G_USEC_PER_SEC;

    while (!done(opaque)) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        if (!g_main_context_iteration(NULL, FALSE)) {
            g_usleep(200);
        }
    }
}

static void settle(int ms)
{
    int64_t end = g_get_monotonic_time() + ms * 1000;

    while (g_get_monotonic_time() < end) {
        if (!g_main_context_iteration(NULL, FALSE)) {
            g_usleep(200);
        }
    }
}

static bool got_some(void *opaque)
{
    return ((Card *)opaque)->got->len > 0;
}

static void make(uint8_t *f, size_t len, unsigned seed)
{
    for (size_t i = 0; i < len; i++) {
        f[i] = i * 7 + seed;
    }
}

static void expect(Card *c, const uint8_t *f, size_t len)
{
    gsize n;
    const void *data;

    wait_until(got_some, c);
    data = g_bytes_get_data(c->got->pdata[0], &n);
    g_assert_cmpmem(data, n, f, len);
    g_ptr_array_remove_index(c->got, 0);
}

/* ---- Tests ---- */

static void exchange(Card *a, Card *b)
{
    g_autofree uint8_t *f = g_malloc(NET_MAX_FRAME);
    static const size_t sizes[] = { 1, 14, 60, 1514, 9000, 60000 };

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        make(f, sizes[i], i);
        g_assert_true(card_send(a, NULL, f, sizes[i]));
        expect(b, f, sizes[i]);
        g_assert_true(card_send(b, NULL, f, sizes[i]));
        expect(a, f, sizes[i]);
    }
}

static int free_port(int type)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(in);
    int fd = socket(AF_INET, type, 0);

    g_assert_cmpint(bind(fd, (struct sockaddr *)&in, sizeof(in)), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&in, &len), ==, 0);
    close(fd);
    return ntohs(in.sin_port);
}

static void pair(const char *type_a, const char *options_a, const char *type_b,
                 const char *options_b)
{
    Card *a = card_new(netdev(type_a, "a", options_a, NULL));
    Card *b = card_new(netdev(type_b, "b", options_b, NULL));
    g_autofree char *text = net_describe(a->nb);

    g_assert_true(g_str_has_prefix(text, type_a));
    settle(20);
    exchange(a, b);
    card_free(b);
    card_free(a);
}

static void test_pairs(void)
{
    int p = free_port(SOCK_STREAM), q = free_port(SOCK_DGRAM), r = free_port(SOCK_DGRAM);
    int sv[2], dv[2];

#define T(...) (g_strdup_printf(__VA_ARGS__))
    struct {
        const char *type_a;
        char *a;
        const char *type_b;
        char *b;
    } pairs[] = {
        { "stream", T("server=on,addr.type=unix,addr.path=%s/s", dir),
          "stream", T("addr.type=unix,addr.path=%s/s", dir) },
        { "stream", T("server=on,addr.type=unix,addr.path=vireo-%d,addr.abstract=on", getpid()),
          "stream", T("addr.type=unix,addr.path=vireo-%d,addr.abstract=on", getpid()) },
        { "stream", T("server=on,addr.type=inet,addr.host=127.0.0.1,addr.port=%d", p),
          "stream", T("addr.type=inet,addr.host=127.0.0.1,addr.port=%d,reconnect-ms=50", p) },
        { "socket", T("listen=127.0.0.1:%d", p), "socket", T("connect=127.0.0.1:%d", p) },
        { "socket", T("listen=:%d", p),
          "stream", T("addr.type=inet,addr.host=127.0.0.1,addr.port=%d,addr.ipv6=off", p) },
        { "dgram", T("local.type=unix,local.path=%s/1,remote.type=unix,remote.path=%s/2", dir, dir),
          "dgram", T("local.type=unix,local.path=%s/2,remote.type=unix,remote.path=%s/1", dir,
                     dir) },
        { "dgram", T("local.type=inet,local.host=127.0.0.1,local.port=%d,"
                     "remote.type=inet,remote.host=127.0.0.1,remote.port=%d", q, r),
          "socket", T("udp=127.0.0.1:%d,localaddr=127.0.0.1:%d", q, r) },
        { "socket", NULL, "stream", NULL },
        { "dgram", NULL, "dgram", NULL },
    };

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), ==, 0);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_DGRAM, 0, dv), ==, 0);
    pairs[7].a = T("fd=%d", sv[0]);
    pairs[7].b = T("addr.type=fd,addr.str=%d", sv[1]);
    pairs[8].a = T("local.type=fd,local.str=%d", dv[0]);
    pairs[8].b = T("local.type=fd,local.str=%d", dv[1]);
    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
        pair(pairs[i].type_a, pairs[i].a, pairs[i].type_b, pairs[i].b);
        g_free(pairs[i].a);
        g_free(pairs[i].b);
    }
    g_autofree char *gone = g_build_filename(dir, "s", NULL);
    g_assert_false(g_file_test(gone, G_FILE_TEST_EXISTS));
}

/* All of a group hear each frame. */
static void test_multicast(void)
{
    g_autofree char *o = T("mcast=230.0.0.1:%d,localaddr=127.0.0.1", free_port(SOCK_DGRAM));
    g_autofree char *msg = NULL;
    Object *first = netdev("socket", "a", o, &msg);
    uint8_t f[500];

    if (!first) {
        g_test_skip(msg);
        return;
    }
    Card *a = card_new(first), *b = card_new(netdev("socket", "b", o, NULL));

    make(f, sizeof(f), 3);
    card_send(a, NULL, f, sizeof(f));
    expect(b, f, sizeof(f));
    card_free(b);
    card_free(a);
}


static bool is_writable(void *opaque)
{
    return ((Card *)opaque)->writable;
}

/* A card without buffers stops the sender in the end; nothing is lost on the way. */
static void test_back_pressure(void)
{
    g_autofree char *s = T("server=on,addr.type=unix,addr.path=%s/s", dir);
    g_autofree char *k = T("addr.type=unix,addr.path=%s/s", dir);
    Card *a = card_new(netdev("stream", "a", s, NULL)), *b = card_new(netdev("stream", "b", k, NULL));
    g_autofree uint8_t *f = g_malloc0(60000);
    unsigned sent = 0, i = 0;

    settle(20);
    b->full = true;
    for (;;) {
        st32_le(f, sent);
        if (!card_send(a, NULL, f, 60000)) {
            break;
        }
        sent++;
        g_assert_cmpuint(sent, <, 5000);
        g_main_context_iteration(NULL, FALSE);
    }
    settle(20);
    g_assert_cmpuint(b->got->len, ==, 0);
    b->full = false;
    net_can_receive(b->nb);
    wait_until(is_writable, a);
    while (i < sent) {
        wait_until(got_some, b);
        g_assert_cmpuint(ld32_le(g_bytes_get_data(b->got->pdata[0], NULL)), ==, i);
        g_ptr_array_remove_index(b->got, 0);
        i++;
    }
    card_free(b);
    card_free(a);
}

static int call(const char *path)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    g_strlcpy(un.sun_path, path, sizeof(un.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&un, sizeof(un)), ==, 0);
    return fd;
}

/* A stranger on the line: frames in pieces are taken, nonsense is hung up on, the next may call. */
static void test_nonsense(void)
{
    static const uint8_t bad[][4] = { { 0, 0, 0, 0 }, { 0xff, 0xff, 0xff, 0xff }, { 0, 2, 0, 0 } };
    g_autofree char *path = g_build_filename(dir, "n", NULL);
    g_autofree char *s = T("server=on,addr.type=unix,addr.path=%s", path);
    Card *a = card_new(netdev("stream", "a", s, NULL));
    uint8_t f[104] = { 0, 0, 0, 100 }, end;

    make(f + 4, 100, 9);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        int fd = call(path);

        for (size_t k = 0; k < sizeof(f); k += 13) {
            g_assert_cmpint(write(fd, f + k, MIN(13, sizeof(f) - k)), >, 0);
            settle(2);
        }
        expect(a, f + 4, 100);
        g_assert_cmpint(write(fd, bad[i], 4), ==, 4);
        settle(20);
        g_assert_cmpint(read(fd, &end, 1), ==, 0);
        close(fd);
        settle(5);
    }
    /* Half a frame and gone. */
    int fd = call(path);
    g_assert_cmpint(write(fd, f, 50), ==, 50);
    settle(5);
    close(fd);
    settle(5);
    fd = call(path);
    g_assert_cmpint(write(fd, f, sizeof(f)), ==, sizeof(f));
    expect(a, f + 4, 100);
    close(fd);
    card_free(a);
}

static void test_reconnect(void)
{
    g_autofree char *s = T("server=on,addr.type=unix,addr.path=%s/r", dir);
    g_autofree char *k = T("addr.type=unix,addr.path=%s/r,reconnect-ms=20", dir);
    Card *b = card_new(netdev("stream", "b", k, NULL)); /* nobody is there yet */

    for (int i = 0; i < 2; i++) {
        Card *a = card_new(netdev("stream", "a", s, NULL));

        settle(100);
        exchange(a, b);
        card_free(a);
        settle(50);
    }
    card_free(b);
}

/* What the card leaves to do is done before the frame is on its way. */
static void test_offload(void)
{
    g_autofree char *s = T("server=on,addr.type=unix,addr.path=%s/s", dir);
    g_autofree char *k = T("addr.type=unix,addr.path=%s/s", dir);
    Card *a = card_new(netdev("stream", "a", s, NULL)), *b = card_new(netdev("stream", "b", k, NULL));
    NetOffload off = { .flags = NET_F_NEEDS_CSUM, .gso = NET_GSO_TCPV4, .gso_size = 1000,
                       .csum_start = 34, .csum_offset = 16 };
    uint8_t f[14 + 40 + 3500] = { 0 };
    unsigned at = 0;

    settle(20);
    st16_be(f + 12, 0x0800);
    f[14] = 0x45;
    f[14 + 9] = 6;
    f[34 + 12] = 0x50;
    g_assert_true(card_send(a, &off, f, sizeof(f)));
    for (int i = 0; i < 4; i++) {
        gsize n;
        const uint8_t *p;

        wait_until(got_some, b);
        p = g_bytes_get_data(b->got->pdata[0], &n);
        g_assert_cmpuint(n, ==, 54 + (i < 3 ? 1000 : 500));
        g_assert_cmpuint(ld32_be(p + 38), ==, at);
        at += n - 54;
        g_ptr_array_remove_index(b->got, 0);
    }
    off.csum_start = 60000; /* nonsense is dropped, and the next frame comes through */
    g_assert_true(card_send(a, &off, f, sizeof(f)));
    g_assert_true(card_send(a, NULL, f, 60));
    expect(b, f, 60);
    card_free(b);
    card_free(a);
}

static void test_link(void)
{
    g_autofree char *s = T("server=on,addr.type=unix,addr.path=%s/s", dir);
    g_autofree char *k = T("addr.type=unix,addr.path=%s/s", dir);
    Card *a = card_new(netdev("stream", "a", s, NULL)), *b = card_new(netdev("stream", "b", k, NULL));
    uint8_t f[60];

    settle(20);
    make(f, 60, 1);
    net_set_link(a->nb, false);
    g_assert_false(net_link_up(a->nb));
    card_send(a, NULL, f, 60);
    card_send(b, NULL, f, 60);
    settle(50);
    g_assert_cmpuint(a->got->len + b->got->len, ==, 0);
    net_set_link(a->nb, true);
    exchange(a, b);
    card_free(b);
    card_free(a);
}

static void test_dump(void)
{
    g_autofree char *s = T("server=on,addr.type=unix,addr.path=%s/s", dir);
    g_autofree char *k = T("addr.type=unix,addr.path=%s/s", dir);
    g_autofree char *path = g_build_filename(dir, "d.pcap", NULL);
    g_autofree char *o = T("netdev=a,file=%s,maxlen=100", path);
    g_autoptr(KeyVals) kv = keyval_parse(o, NULL, false, NULL);
    Card *a = card_new(netdev("stream", "a", s, NULL)), *b = card_new(netdev("stream", "b", k, NULL));
    g_autofree char *data = NULL;
    Error *err = NULL;
    uint8_t f[300];
    gsize len;

    settle(20);
    g_assert_nonnull(user_creatable_new("filter-dump", "/objects", "f", kv, NULL));
    make(f, 300, 5);
    card_send(a, NULL, f, 60);
    expect(b, f, 60);
    card_send(b, NULL, f, 300);
    expect(a, f, 300);
    g_assert_true(g_file_get_contents(path, &data, &len, NULL)); /* all is there at any time */
    g_assert_cmpuint(len, ==, 24 + 16 + 60 + 16 + 100);
    g_assert_cmphex(*(uint32_t *)data, ==, 0xa1b2c3d4);
    g_assert_cmpuint(*(uint16_t *)(data + 4), ==, 2);
    g_assert_cmpuint(*(uint16_t *)(data + 6), ==, 4);
    g_assert_cmpuint(*(uint32_t *)(data + 16), ==, 100);
    g_assert_cmpuint(*(uint32_t *)(data + 20), ==, 1);
    g_assert_cmpuint(*(uint32_t *)(data + 24 + 8), ==, 60);
    g_assert_cmpuint(*(uint32_t *)(data + 24 + 12), ==, 60);
    g_assert_cmpmem(data + 40, 60, f, 60);
    g_assert_cmpuint(*(uint32_t *)(data + 100 + 8), ==, 100);
    g_assert_cmpuint(*(uint32_t *)(data + 100 + 12), ==, 300);
    g_assert_cmpmem(data + 116, 100, f, 100);
    net_detach(a->nb, a);
    g_assert_false(user_creatable_delete("/netdevs", "a", &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "in use by a filter"));
    error_free(err);
    g_assert_true(user_creatable_delete("/objects", "f", NULL));
    g_assert_true(user_creatable_delete("/netdevs", "a", NULL));
    g_ptr_array_unref(a->got);
    g_free(a);
    card_free(b);
}

static void test_options(void)
{
    static const struct {
        const char *type, *options, *text;
    } bad[] = {
        { "stream", "", "'addr.type' is missing" },
        { "stream", "addr.type=inet", "'addr.port' is missing" },
        { "stream", "addr.type=unix", "'addr.path' is missing" },
        { "stream", "addr.type=unix,addr.path=", "empty" },
        { "stream", "addr.type=fd,addr.str=0x", "addr.str" },
        { "stream", "addr.type=fd,addr.str=9999", "addr.str=9999" },
        { "stream", "addr.type=inet,addr.host=127.0.0.1,addr.port=99999", "port" },
        { "stream", "addr.type=inet,addr.host=127.0.0.1,addr.port=1", "cannot connect" },
        { "stream", "addr.type=unix,addr.path=/nope/nope", "cannot connect to '/nope/nope'" },
        { "stream", "addr.type=unix,addr.path=/nope/nope,server=on", "cannot listen on" },
        { "stream", "addr.type=unix,addr.path=a,server=on,reconnect-ms=5", "is for clients" },
        { "stream", "addr.type=unix,addr.path=a,reconnect=1,reconnect-ms=5", "exclude each other" },
        { "stream", "addr.type=inet,addr.port=1,addr.ipv4=off,addr.ipv6=off", "both off" },
        { "stream", "addr.tpe=inet", "did you mean 'addr.type'" },
        { "dgram", "", "'local.type' is missing" },
        { "dgram", "local.type=unix,local.path=/tmp/x", "'remote.type' is missing" },
        { "dgram", "local.type=unix,local.path=/tmp/x,remote.type=inet,remote.port=5,remote.host=127.0.0.1",
          "different kinds" },
        { "dgram", "remote.type=inet,remote.host=127.0.0.1,remote.port=5", "'local.type' is missing" },
        { "socket", "", "exactly one of" },
        { "socket", "listen=:1,connect=:2", "exactly one of" },
        { "socket", "listen=5", "expected [HOST]:PORT" },
        { "socket", "udp=127.0.0.1:5", "'localaddr' is missing" },
        { "socket", "connect=127.0.0.1:5,localaddr=127.0.0.1:6", "goes with" },
        { "socket", "mcast=127.0.0.1:5", "not a multicast address" },
        { "socket", "fd=0x", "fd" },
        { "tap", "vhost=on", "vhost=on is not supported" },
        { "tap", "fd=3,fds=4:5", "exclude each other" },
        { "tap", "fd=9999", "no tap interface" },
        { "tap", "fds=:", "fds" },
        { "tap", "fd=3,queues=2", "excludes" },
        { "tap", "ifname=abcdefghijklmnopq", "1 to 15 characters" },
        { "tap", "br=br0", "not supported" },
        { "tap", "queues=0", "queues" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *msg = NULL;

        g_assert_null(netdev(bad[i].type, "u", bad[i].options, &msg));
        if (!strstr(msg, bad[i].text)) {
            g_error("%s %s: '%s' does not contain '%s'", bad[i].type, bad[i].options, msg,
                    bad[i].text);
        }
    }
}

int main(int argc, char **argv)
{
    int r;

    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-link-XXXXXX", NULL);
    g_test_add_func("/net-link/pairs", test_pairs);
    g_test_add_func("/net-link/multicast", test_multicast);
    g_test_add_func("/net-link/back-pressure", test_back_pressure);
    g_test_add_func("/net-link/nonsense", test_nonsense);
    g_test_add_func("/net-link/reconnect", test_reconnect);
    g_test_add_func("/net-link/offload", test_offload);
    g_test_add_func("/net-link/link", test_link);
    g_test_add_func("/net-link/dump", test_dump);
    g_test_add_func("/net-link/options", test_options);
    r = g_test_run();
    g_autofree char *rm = T("rm -rf %s", dir);
    return system(rm) ? 1 : r;
}
