/*
 * Runs in the guest, without a C library: counts and samples with perf_event_open(), and prints
 * "NAME count N samples N" for each event.
 *
 * SPDX-License-Identifier: MIT
 */
#include <linux/perf_event.h>

enum {
    SYS_fcntl = 25, SYS_ioctl = 29, SYS_read = 63, SYS_write = 64, SYS_exit = 93,
    SYS_sigaction = 134, SYS_getpid = 172, SYS_mmap = 222, SYS_perf_event_open = 241,
};
enum { F_SETFL = 4, F_SETOWN = 8, F_SETSIG = 10, O_ASYNC = 020000, SIGUSR1 = 10 };

static long call(long nr, long a, long b, long c, long d, long e, long f)
{
    register long a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d, a4 __asm__("a4") = e, a5 __asm__("a5") = f;
    register long a7 __asm__("a7") = nr;

    __asm__ volatile("ecall" : "+r"(a0)
                     : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7) : "memory");
    return a0;
}

static volatile unsigned long samples;

static void on_signal(int signal)
{
    (void)signal;
    samples++;
}

static void print(const char *s)
{
    unsigned long n = 0;

    while (s[n])
        n++;
    call(SYS_write, 1, (long)s, n, 0, 0, 0);
}

static void print_number(unsigned long v)
{
    char text[24], *p = text + sizeof(text) - 1;

    *p = 0;
    do {
        *--p = '0' + v % 10;
        v /= 10;
    } while (v);
    print(p);
}

static void work(void)
{
    for (unsigned long i = 1000000; i; i--)
        __asm__ volatile("nop");
}

static void measure(const char *name, unsigned type, unsigned long config, unsigned long period)
{
    struct perf_event_attr attr = {
        .type = type, .size = sizeof(attr), .config = config, .sample_period = period,
        .disabled = 1, .exclude_kernel = 1, .wakeup_events = 1, .sample_type = PERF_SAMPLE_IP,
    };
    long fd = call(SYS_perf_event_open, (long)&attr, 0, -1, -1, 0, 0);
    unsigned long count = 0;

    print(name);
    if (fd < 0) {
        print(" refused\n");
        return;
    }
    samples = 0;
    call(SYS_mmap, 0, 9 * 4096, 3, 1, fd, 0);
    call(SYS_fcntl, fd, F_SETFL, O_ASYNC, 0, 0, 0);
    call(SYS_fcntl, fd, F_SETSIG, SIGUSR1, 0, 0, 0);
    call(SYS_fcntl, fd, F_SETOWN, call(SYS_getpid, 0, 0, 0, 0, 0, 0), 0, 0, 0);
    call(SYS_ioctl, fd, PERF_EVENT_IOC_ENABLE, 0, 0, 0, 0);
    work();
    call(SYS_ioctl, fd, PERF_EVENT_IOC_DISABLE, 0, 0, 0, 0);
    call(SYS_read, fd, (long)&count, 8, 0, 0, 0);
    print(" count ");
    print_number(count);
    print(" samples ");
    print_number(samples);
    print("\n");
}

void _start(void)
{
    struct {
        void (*handler)(int);
        unsigned long flags, mask;
    } action = { on_signal, 0, 0 };

    call(SYS_sigaction, SIGUSR1, (long)&action, 0, 8, 0, 0);
    measure("instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, 0);
    measure("instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, 100000);
    measure("cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, 0);
    call(SYS_exit, 0, 0, 0, 0, 0, 0);
}
