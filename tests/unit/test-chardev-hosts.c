/*
 * Character devices on what the host has: pseudo-terminals, pipes, memory, telnet, log files.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/unit/chardev-probe.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

/* Runs the main loop until text has been received, or for five seconds. */
static void await(const GString *got, const char *text)
{
    for (int i = 0; i < 250 && strcmp(got->str, text); i++) {
        settle();
        g_usleep(10000);
    }
    g_assert_cmpstr(got->str, ==, text);
}

/* Reads from fd until want bytes have come, or for five seconds. */
static void expect_bytes(int fd, const char *want, size_t len)
{
    char buf[256];
    size_t n = 0;

    for (int i = 0; i < 250 && n < len; i++) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        settle();
        if (poll(&p, 1, 10) > 0 && (p.revents & POLLIN)) {
            ssize_t r = read(fd, buf + n, len - n);

            n += r > 0 ? (size_t)r : 0;
        }
    }
    g_assert_cmpmem(buf, n, want, len);
}

static void test_pty(void)
{
    g_autofree char *link = temp_name("tty");
    g_autofree char *option = g_strdup_printf("pty,id=p,path=%s", link);
    Chardev *chr = chr_new(option);
    struct termios t;
    Probe p;

    probe_init(&p);
    g_assert_true(attach(chr, &p, NULL));
    settle();
    g_assert_cmpstr(p.events->str, ==, "");
    put(chr, "nobody looks");
    for (int round = 1; round <= 2; round++) { /* a terminal program may come back */
        int fd = open(link, O_RDWR | O_NOCTTY);

        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(tcgetattr(fd, &t), ==, 0);
        g_assert_cmpuint(t.c_lflag & (ECHO | ICANON), ==, 0);
        await(p.events, round == 1 ? "O" : "OCO");
        put(chr, "to you");
        expect_bytes(fd, "to you", 6);
        g_string_truncate(p.got, 0);
        g_assert_cmpint(write(fd, "to me", 5), ==, 5);
        await(p.got, "to me");
        close(fd);
        await(p.events, round == 1 ? "OC" : "OCOC");
    }
    drop("p");
    settle();
    g_assert_true(p.gone);
    g_assert_cmpint(access(link, F_OK), ==, -1);
    probe_clear(&p);
}

static void test_pipe(void)
{
    g_autofree char *base = temp_name("fifo");
    g_autofree char *in = g_strconcat(base, ".in", NULL), *out = g_strconcat(base, ".out", NULL);
    g_autofree char *option = g_strdup_printf("pipe,id=p,path=%s", base);
    Chardev *chr;
    int to, from;
    Probe p;

    g_assert_cmpint(mkfifo(in, 0600) | mkfifo(out, 0600), ==, 0);
    probe_init(&p);
    chr = chr_new(option);
    g_assert_true(attach(chr, &p, NULL));
    to = open(in, O_WRONLY | O_NONBLOCK);
    from = open(out, O_RDONLY | O_NONBLOCK);
    g_assert_cmpint(write(to, "in", 2), ==, 2);
    await(p.got, "in");
    put(chr, "out");
    expect_bytes(from, "out", 3);
    close(to);
    settle();
    to = open(in, O_WRONLY | O_NONBLOCK);
    g_assert_cmpint(write(to, "+", 1), ==, 1); /* another writer goes on */
    await(p.got, "in+");
    close(to);
    close(from);
    drop("p");
    settle();
    probe_clear(&p);
}

static void test_ringbuf(void)
{
    Chardev *chr = chr_new("ringbuf,id=r,size=8");
    uint8_t buf[16];

    put(chr, "abc");
    g_assert_cmpuint(chardev_ringbuf_read(chr, buf, 2), ==, 2);
    g_assert_cmpmem(buf, 2, "ab", 2);
    put(chr, "0123456789");
    g_assert_cmpuint(chardev_ringbuf_read(chr, buf, sizeof(buf)), ==, 8);
    g_assert_cmpmem(buf, 8, "23456789", 8);
    g_assert_cmpuint(chardev_ringbuf_read(chr, buf, sizeof(buf)), ==, 0);
    drop("r");
}

static void test_logfile(void)
{
    g_autofree char *log = temp_name("log"), *text = NULL;
    g_autofree char *option = g_strdup_printf("null,id=l,logappend=on,logfile=%s", log);
    Chardev *chr;

    g_assert_true(g_file_set_contents(log, "old ", -1, NULL));
    chr = chr_new(option);
    put(chr, "new");
    settle();
    g_assert_true(g_file_get_contents(log, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "old new");
    drop("l");
}

static int tcp_port(int *listener)
{
    struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(sa);

    *listener = socket(AF_INET, SOCK_STREAM, 0);
    g_assert_cmpint(bind(*listener, (struct sockaddr *)&sa, sizeof(sa)), ==, 0);
    g_assert_cmpint(listen(*listener, 1), ==, 0);
    g_assert_cmpint(getsockname(*listener, (struct sockaddr *)&sa, &len), ==, 0);
    return ntohs(sa.sin_port);
}

static void test_telnet(void)
{
    static const char hello[] = "\xff\xfb\x01\xff\xfb\x03\xff\xfb\x00\xff\xfd\x00";
    static const char keys[] = "a\xff\xfd\x01" "b\xff\xff" "c\xff\xfa\x18x\xff\xf0" "d\xff\xf3";
    int listener, fd, port = tcp_port(&listener);
    g_autofree char *option = g_strdup_printf("socket,id=t,host=127.0.0.1,port=%d,telnet=on", port);
    Chardev *chr = chr_new(option);
    Probe p;

    probe_init(&p);
    g_assert_true(attach(chr, &p, NULL));
    fd = accept(listener, NULL, NULL);
    expect_bytes(fd, hello, sizeof(hello) - 1);
    for (size_t i = 0; i < sizeof(keys) - 1; i++) { /* commands may be cut anywhere */
        g_assert_cmpint(send(fd, keys + i, 1, MSG_NOSIGNAL), ==, 1);
        settle();
    }
    await(p.got, "ab\xff" "cd");
    g_assert_cmpstr(p.events->str, ==, "OB");
    put(chr, "x\xff\xffy");
    expect_bytes(fd, "x\xff\xff\xff\xffy", 6);
    close(fd);
    close(listener);
    drop("t");
    settle();
    probe_clear(&p);
}

/* A client with reconnect= may be started before its server. */
static void test_server_comes_later(void)
{
    g_autofree char *path = temp_name("late");
    g_autofree char *option = g_strdup_printf("socket,id=c,path=%s,reconnect-ms=20", path);
    struct sockaddr_un sa = { .sun_family = AF_UNIX };
    Chardev *chr = chr_new(option);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    Probe p;

    probe_init(&p);
    g_assert_true(attach(chr, &p, NULL));
    settle();
    g_assert_cmpstr(p.events->str, ==, "");
    g_strlcpy(sa.sun_path, path, sizeof(sa.sun_path));
    g_assert_cmpint(bind(listener, (struct sockaddr *)&sa, sizeof(sa)), ==, 0);
    g_assert_cmpint(listen(listener, 1), ==, 0);
    await(p.events, "O");
    close(accept(listener, NULL, NULL));
    await(p.events, "OCO");
    close(listener);
    drop("c");
    settle();
    probe_clear(&p);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/chardev/pty", test_pty);
    g_test_add_func("/chardev/pipe", test_pipe);
    g_test_add_func("/chardev/ringbuf", test_ringbuf);
    g_test_add_func("/chardev/logfile", test_logfile);
    g_test_add_func("/chardev/telnet", test_telnet);
    g_test_add_func("/chardev/server-comes-later", test_server_comes_later);
    return g_test_run();
}
