/*
 * Character devices: the output ring, files, sockets, the multiplexer.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/unit/chardev-probe.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void test_file(void)
{
    g_autofree char *out = temp_name("out"), *in = temp_name("in"), *text = NULL;
    g_autofree char *option = g_strdup_printf("file,id=f,path=%s,input-path=%s", out, in);
    Probe p;
    Chardev *chr;

    probe_init(&p);
    g_assert_true(g_file_set_contents(in, "hello", 5, NULL));
    chr = chr_new(option);
    p.room = 3;
    g_assert_true(attach(chr, &p, NULL));
    put(chr, "one ");
    put(chr, "two");
    settle();
    g_assert_cmpstr(p.got->str, ==, "hel"); /* the rest waits for room */
    p.room = 100;
    chr_accept_input(chr);
    settle();
    g_assert_cmpstr(p.got->str, ==, "hello");
    g_assert_true(g_file_get_contents(out, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "one two");
    g_assert_cmpstr(p.events->str, ==, "O");
    g_assert_false(p.gone);
    drop("f");
    settle();
    g_assert_true(p.gone);
    probe_clear(&p);
    g_unlink(out);
    g_unlink(in);
}

static void test_attach_once(void)
{
    Chardev *chr = chr_new("file,id=f,path=/dev/null");
    Probe a, b;
    Error *err = NULL;

    probe_init(&a);
    probe_init(&b);
    g_assert_true(attach(chr, &a, NULL));
    g_assert_false(attach(chr, &b, &err));
    g_assert_cmpstr(error_get_pretty(err), ==, "chardev 'f' is in use already");
    error_free(err);
    chr_detach(chr, &b); /* not attached: no effect */
    g_assert_false(attach(chr, &b, NULL));
    chr_detach(chr, &a);
    g_assert_true(attach(chr, &b, NULL));
    drop("f");
    settle();
    probe_clear(&a);
    probe_clear(&b);
}

static int client(const char *path)
{
    struct sockaddr_un sa = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    g_strlcpy(sa.sun_path, path, sizeof(sa.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), ==, 0);
    return fd;
}

static size_t read_all(int fd, char *buf, size_t len)
{
    size_t n = 0;
    ssize_t r;

    while (n < len && (r = recv(fd, buf + n, len - n, MSG_DONTWAIT)) > 0) {
        n += r;
    }
    return n;
}

static void test_socket(void)
{
    g_autofree char *path = temp_name("sock");
    g_autofree char *option = g_strdup_printf("socket,id=s,path=%s,server=on,wait=off", path);
    Chardev *chr = chr_new(option);
    Probe p;
    char buf[64] = "";
    int a, b;

    probe_init(&p);
    g_assert_true(attach(chr, &p, NULL));
    put(chr, "lost: nobody is there");
    a = client(path);
    settle();
    g_assert_cmpstr(p.events->str, ==, "O");
    put(chr, "to a");
    g_assert_cmpint(write(a, "from a", 6), ==, 6);
    settle();
    g_assert_cmpuint(read_all(a, buf, sizeof(buf)), ==, 4);
    g_assert_cmpmem(buf, 4, "to a", 4);
    g_assert_cmpstr(p.got->str, ==, "from a");

    /* A second peer waits until the first has gone. */
    b = client(path);
    g_assert_cmpint(write(b, " from b", 7), ==, 7);
    settle();
    g_assert_cmpstr(p.got->str, ==, "from a");
    close(a);
    settle();
    g_assert_cmpstr(p.got->str, ==, "from a from b");
    g_assert_cmpstr(p.events->str, ==, "OCO");
    close(b);
    settle();
    drop("s");
    settle();
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    probe_clear(&p);
}

/* A peer that does not read: the ring fills, nothing blocks, and nothing is lost. */
static void test_slow_peer(void)
{
    g_autofree char *path = temp_name("slow");
    g_autofree char *option = g_strdup_printf("socket,id=s,path=%s,server=on,wait=off", path);
    Chardev *chr = chr_new(option);
    g_autofree char *back = g_malloc(4 << 20);
    size_t sent = 0, got = 0;
    Probe p;
    int fd;

    probe_init(&p);
    g_assert_true(attach(chr, &p, NULL));
    fd = client(path);
    settle();
    for (int i = 0; i < 3000; i++) {
        uint8_t block[1000];
        size_t n;

        for (size_t k = 0; k < sizeof(block); k++) {
            block[k] = (uint8_t)((sent + k) % 251);
        }
        n = chr_write(chr, block, sizeof(block));
        sent += n;
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        if (n < sizeof(block)) {
            break;
        }
    }
    g_assert_cmpuint(sent, <, 3000000); /* it did fill */
    g_assert_cmpuint(p.writable, ==, 0);
    for (int i = 0; i < 200 && got < sent; i++) {
        got += read_all(fd, back + got, (4 << 20) - got);
        settle();
    }
    g_assert_cmpuint(got, ==, sent);
    g_assert_cmpuint(p.writable, ==, 1);
    for (size_t k = 0; k < got; k++) {
        g_assert_cmpuint((uint8_t)back[k], ==, k % 251);
    }
    close(fd);
    settle();
    drop("s");
    settle();
    probe_clear(&p);
}

static void test_stale_socket(void)
{
    g_autofree char *path = temp_name("stale");
    g_autofree char *option = g_strdup_printf("socket,id=s,path=%s,server=on,wait=off", path);
    struct sockaddr_un sa = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    g_strlcpy(sa.sun_path, path, sizeof(sa.sun_path));
    g_assert_cmpint(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), ==, 0);
    close(fd); /* the file stays, as after a kill */
    chr_new(option);
    drop("s");
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

/* The back end of the multiplexer is a socket, the test holds its other end. */
static void test_mux(void)
{
    g_autofree char *path = temp_name("mux");
    g_autofree char *option =
        g_strdup_printf("socket,id=m,mux=on,path=%s,server=on,wait=off", path);
    Chardev *chr = chr_new(option);
    Probe con, mon;
    char buf[256] = "";
    int fd;

    probe_init(&con);
    probe_init(&mon);
    g_assert_true(attach(chr, &con, NULL));
    g_assert_true(attach(chr, &mon, NULL));
    fd = client(path);
    settle();
    g_assert_cmpint(write(fd, "abc", 3), ==, 3);
    settle();
    g_assert_cmpstr(con.got->str, ==, "abc");
    g_assert_cmpint(write(fd, "\001cinfo", 6), ==, 6);
    settle();
    g_assert_cmpstr(mon.got->str, ==, "info");
    g_assert_cmpstr(con.got->str, ==, "abc");

    /* A busy console keeps its keys for later, and Ctrl-A still works. */
    con.room = 0;
    g_assert_cmpint(write(fd, "\001cxyz\001\001\001cq", 10), ==, 10);
    settle();
    g_assert_cmpstr(con.got->str, ==, "abc");
    g_assert_cmpstr(mon.got->str, ==, "infoq");
    con.room = 2; /* what was typed for it goes there while the monitor has the keyboard */
    chr_accept_input(chr);
    settle();
    g_assert_cmpstr(con.got->str, ==, "abcxy");
    g_assert_cmpstr(mon.got->str, ==, "infoq");
    con.room = 100;
    g_assert_cmpint(write(fd, "\001c", 2), ==, 2);
    chr_accept_input(chr);
    settle();
    g_assert_cmpstr(con.got->str, ==, "abcxyz\001");

    g_string_truncate(con.events, 0);
    g_assert_cmpint(write(fd, "\001b", 2), ==, 2);
    put(chr, "both write");
    settle();
    g_assert_cmpstr(con.events->str, ==, "B");
    g_assert_cmpuint(read_all(fd, buf, sizeof(buf)), ==, 10);
    close(fd);
    settle();
    drop("m");
    drop("m-base");
    settle();
    g_assert_true(con.gone && mon.gone);
    probe_clear(&con);
    probe_clear(&mon);
}

static void test_short_forms(void)
{
    static const struct {
        const char *form, *type, *want_error;
        bool monitor;
    } rows[] = {
        { "null", TYPE_CHARDEV_NULL, NULL, false },
        { "mon:null", TYPE_CHARDEV_MUX, NULL, true },
        { "none", NULL, NULL, false },
        { "file:/dev/null", TYPE_CHARDEV_FILE, NULL, false },
        { "tcp::0,server=on,wait=off", TYPE_CHARDEV_SOCKET, NULL, false },
        { "tcp:[::1]:0,server,nowait", TYPE_CHARDEV_SOCKET, NULL, false },
        { "chardev:nope", NULL, "there is no chardev 'nope'", false },
        { "tcp:x", NULL, "'tcp:x' has no port (expected tcp:HOST:PORT)", false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Chardev *chr;
        Error *err = NULL;
        bool monitor;
        bool ok = chardev_new_short("x", rows[i].form, &chr, &monitor, &err);

        g_test_message("%s", rows[i].form);
        g_assert_cmpstr(err ? error_get_pretty(err) : NULL, ==, rows[i].want_error);
        g_assert_cmpint(ok, ==, !rows[i].want_error);
        error_free(err);
        if (!ok) {
            continue;
        }
        g_assert_cmpstr(chr ? object_type_name(chr) : NULL, ==, rows[i].type);
        g_assert_cmpint(monitor, ==, rows[i].monitor);
        if (chr) {
            drop("x");
        }
        if (monitor) {
            drop("x-base");
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/chardev/file", test_file);
    g_test_add_func("/chardev/attach-once", test_attach_once);
    g_test_add_func("/chardev/socket", test_socket);
    g_test_add_func("/chardev/slow-peer", test_slow_peer);
    g_test_add_func("/chardev/stale-socket", test_stale_socket);
    g_test_add_func("/chardev/mux", test_mux);
    g_test_add_func("/chardev/short-forms", test_short_forms);
    return g_test_run();
}
