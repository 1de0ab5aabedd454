/*
 * Semihosting from the guest's side. The command line that it is given says what to do:
 *   files        every call about files, in the folder that the process runs in
 *   console      text in each way to standard output
 *   echo         reads lines from the console until "end" and writes them back
 *   bad          calls that must fail, and fail only
 *   user         calls from U mode, which are breakpoints
 *   exit N, extended N, short, stop    the ends of a program
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

enum {
    OPEN = 1, CLOSE, WRITEC, WRITE0, WRITE, READ, READC, ISERROR, ISTTY, SEEK, FLEN = 12, TMPNAM,
    REMOVE, RENAME, CLOCK, TIME, SYSTEM, ERRNO, GET_CMDLINE = 0x15, HEAPINFO, EXIT = 0x18,
    EXIT_EXTENDED = 0x20, ELAPSED = 0x30, TICKFREQ
};

/* The three instructions lie within a page wherever this is linked. */
__attribute__((noinline, aligned(16))) static u64 call(u64 number, u64 arg)
{
    register u64 a0 __asm__("a0") = number;
    register u64 a1 __asm__("a1") = arg;
    __asm__ volatile(".option push\n.option norvc\n.balign 16\n"
                     "slli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n.option pop"
                     : "+r"(a0) : "r"(a1) : "memory");
    return a0;
}

#define CALL(number, ...) call(number, (u64)(const u64[]){ __VA_ARGS__ })
#define FAILED (~0ul)

static u64 length(const char *s)
{
    u64 n = 0;
    while (s[n]) {
        n++;
    }
    return n;
}

static bool starts(const char *s, const char *with)
{
    while (*with && *s == *with) {
        s++;
        with++;
    }
    return !*with;
}

static u64 open(const char *name, u64 mode)
{
    return CALL(OPEN, (u64)name, mode, length(name));
}

static char buf[200000];

static void test_files(void)
{
    u64 f = open("semi-a", 6);

    CHECK(f != FAILED && f != 0);
    CHECK_EQ(CALL(WRITE, f, (u64)"hello, host", 11), 0);
    CHECK_EQ(CALL(FLEN, f), 11);
    CHECK_EQ(CALL(ISTTY, f), 0);
    CHECK_EQ(CALL(SEEK, f, 7), 0);
    CHECK_EQ(CALL(READ, f, (u64)buf, 100), 96);
    CHECK(starts(buf, "hosts")); /* the last from the command line */
    CHECK_EQ(CALL(READ, f, (u64)buf, 5), 5); /* the end */
    CHECK_EQ(CALL(CLOSE, f), 0);
    CHECK_EQ(CALL(CLOSE, f), FAILED);
    CHECK_EQ(call(ERRNO, 0), 9);
    f = open("semi-a", 8);
    for (u64 i = 0; i < sizeof(buf); i++) {
        buf[i] = (char)(i * 7);
    }
    CHECK_EQ(CALL(WRITE, f, (u64)buf, sizeof(buf)), 0);
    CHECK_EQ(CALL(CLOSE, f), 0);
    CHECK_EQ(CALL(RENAME, (u64)"semi-a", 6, (u64)"semi-b", 6), 0);
    CHECK_EQ(open("semi-a", 0), FAILED);
    CHECK_EQ(call(ERRNO, 0), 2);
    f = open("semi-b", 1);
    CHECK_EQ(CALL(FLEN, f), 11 + sizeof(buf));
    CHECK_EQ(CALL(SEEK, f, 11), 0);
    for (u64 i = 0; i < sizeof(buf); i++) {
        buf[i] = 0;
    }
    CHECK_EQ(CALL(READ, f, (u64)buf, sizeof(buf)), 0);
    for (u64 i = 0; i < sizeof(buf); i++) {
        CHECK_EQ((u8)buf[i], (u8)(i * 7));
    }
    CHECK_EQ(CALL(WRITE, f, (u64)buf, 10), 10); /* it was opened for reading */
    CHECK_EQ(CALL(CLOSE, f), 0);
    CHECK_EQ(CALL(REMOVE, (u64)"semi-b", 6), 0);
    CHECK_EQ(CALL(REMOVE, (u64)"semi-b", 6), FAILED);
    CHECK_EQ(CALL(TMPNAM, (u64)buf, 5, 100), 0);
    CHECK(buf[0] == '/' && length(buf) > 5);
    CHECK_EQ(CALL(TMPNAM, (u64)buf, 5, 3), FAILED);

    f = open(":semihosting-features", 0);
    CHECK_EQ(CALL(FLEN, f), 5);
    CHECK_EQ(CALL(READ, f, (u64)buf, 5), 0);
    CHECK(starts(buf, "SHFB\3"));
    CHECK_EQ(CALL(SEEK, f, 4), 0);
    CHECK_EQ(CALL(READ, f, (u64)buf, 5), 4);
    CHECK_EQ(CALL(CLOSE, f), 0);
    f = open(":tt", 4);
    CHECK_EQ(CALL(ISTTY, f), 1);
    CHECK_EQ(CALL(SEEK, f, 0), FAILED);

    CHECK_EQ(CALL(ISERROR, FAILED), 1);
    CHECK_EQ(CALL(ISERROR, 5), 0);
    CHECK(call(TIME, 0) > 1600000000);
    CHECK_EQ(call(TICKFREQ, 0), 1000000000);
    u64 ticks[2];
    CHECK_EQ(call(ELAPSED, (u64)&ticks[0]), 0);
    CHECK_EQ(call(ELAPSED, (u64)&ticks[1]), 0);
    CHECK(ticks[1] > ticks[0]);
    CHECK(call(CLOCK, 0) < 100 * 60);
    u64 heap[4] = { 0 };
    CHECK_EQ(CALL(HEAPINFO, (u64)heap), 0);
    CHECK(heap[0] > 0x80000000 && heap[1] > heap[0] && heap[2] > heap[3]);
    st64(heap[0], 1);
    st64(heap[2] - 8, 1);
}

static void test_bad(void)
{
    u64 f = open("semi-c", 4);

    CHECK(f != FAILED);
    CHECK_EQ(call(0x99, 0), FAILED);
    CHECK_EQ(call(FAILED, 0), FAILED);
    CHECK_EQ(call(OPEN, 0), FAILED);
    CHECK_EQ(call(OPEN, FAILED - 7), FAILED);
    CHECK_EQ(call(OPEN, 0x10000000), FAILED); /* a device is no memory */
    CHECK_EQ(CALL(OPEN, (u64)"semi-d", 12, 6), FAILED);
    CHECK_EQ(CALL(OPEN, (u64)"semi-d", FAILED, 6), FAILED);
    CHECK_EQ(CALL(OPEN, (u64)"semi-d", 4, FAILED), FAILED);
    CHECK_EQ(CALL(OPEN, (u64)"semi-d", 4, 7), FAILED); /* a zero within the name */
    CHECK_EQ(CALL(OPEN, 0x100, 4, 6), FAILED);
    CHECK_EQ(CALL(WRITE, f, 0x100, 5), 5);
    CHECK_EQ(call(ERRNO, 0), 14);
    /* To the end of RAM, and not beyond. */
    CHECK_EQ(CALL(WRITE, f, 0x87fffff0, 1 << 20), 1 << 20);
    CHECK_EQ(CALL(WRITE, 77777, (u64)buf, 5), 5);
    CHECK_EQ(CALL(READ, f, (u64)buf, 5), 5);
    CHECK_EQ(CALL(READ, 0, (u64)buf, 5), 5);
    CHECK_EQ(CALL(SEEK, f, FAILED), FAILED);
    CHECK_EQ(CALL(SEEK, FAILED, 0), FAILED);
    CHECK_EQ(CALL(FLEN, 64), FAILED);
    CHECK_EQ(CALL(RENAME, (u64)"semi-c", 6, 0, 5), FAILED);
    CHECK_EQ(call(WRITE0, 0x100), FAILED);
    CHECK_EQ(call(WRITEC, FAILED), FAILED);
    CHECK_EQ(call(ELAPSED, 0x100), FAILED);
    CHECK_EQ(CALL(HEAPINFO, 0x100), FAILED);
    CHECK_EQ(CALL(GET_CMDLINE, (u64)buf, 1), FAILED);
    CHECK_EQ(CALL(SYSTEM, (u64)"touch semi-e", 12), FAILED);
    CHECK_EQ(call(ERRNO, 0), 1);
    /* As many as there are handles, and no more. */
    unsigned n = 1;
    while (n < 1000 && open("semi-c", 0) != FAILED) {
        n++;
    }
    CHECK_EQ(n, 63);
    CHECK_EQ(call(ERRNO, 0), 24);
    for (u64 i = 1; i < 64; i++) {
        CHECK_EQ(CALL(CLOSE, i), 0);
    }
    CHECK_EQ(CALL(REMOVE, (u64)"semi-c", 6), 0);
    /* What is not the sequence is a breakpoint. */
    EXPECT_TRAP(3, __asm__ volatile(".option push\n.option norvc\nslli x0, x0, 0x1f\nebreak\n"
                                    "srai x0, x0, 6\n.option pop" : : : "memory"));
    EXPECT_TRAP(3, __asm__ volatile(".option push\n.option norvc\nslli x0, x0, 0x1e\nebreak\n"
                                    "srai x0, x0, 7\n.option pop" : : : "memory"));
    EXPECT_TRAP(3, __asm__ volatile("slli x0, x0, 0x1f\nc.ebreak\n" : : : "memory"));
}

static void test_console(void)
{
    u64 out = open(":tt", 4), err = open(":tt", 8);

    call(WRITE0, (u64)"one ");
    call(WRITEC, (u64)"2");
    CHECK_EQ(CALL(WRITE, out, (u64)" three", 6), 0);
    CHECK_EQ(CALL(WRITE, err, (u64)" four\n", 6), 0);
}

static void test_echo(void)
{
    u64 in = open(":tt", 0), out = open(":tt", 4), n = 0;

    CHECK_EQ(call(READC, 0), '>');
    while (!starts(buf, "end\n")) {
        for (n = 0; !n || buf[n - 1] != '\n'; n++) {
            CHECK_EQ(CALL(READ, in, (u64)buf + n, 1), 0);
        }
        CHECK_EQ(CALL(WRITE, out, (u64)buf, n), 0);
    }
}

static u64 call_exit(u64 unused)
{
    static const u64 block[] = { 0x20026, 5 };
    call(EXIT, (u64)block);
    return unused;
}

static u64 number(const char *s)
{
    u64 n = 0;
    while (*s >= '0' && *s <= '9') {
        n = 10 * n + (u64)(*s++ - '0');
    }
    return n;
}

int main(void)
{
    u64 block[] = { (u64)buf, sizeof(buf) };

    CHECK_EQ(call(GET_CMDLINE, (u64)block), 0);
    CHECK_EQ(block[1], length(buf));
    if (starts(buf, "files")) {
        test_files();
    } else if (starts(buf, "bad")) {
        test_bad();
    } else if (starts(buf, "console")) {
        test_console();
    } else if (starts(buf, "echo")) {
        test_echo();
    } else if (starts(buf, "user")) {
        EXPECT_TRAP(3, run_in(MODE_U, call_exit, 0));
    } else if (starts(buf, "exit ")) {
        CALL(EXIT, 0x20026, number(buf + 5));
    } else if (starts(buf, "extended ")) {
        CALL(EXIT_EXTENDED, 0x20026, number(buf + 9));
    } else if (starts(buf, "from user")) {
        run_in(MODE_U, call_exit, 0);
    } else if (starts(buf, "short")) {
        call(EXIT, 0x20026);
    } else if (starts(buf, "stop")) {
        call(EXIT, 0x20023);
    } else {
        puts(buf);
    }
    return 0;
}
