/*
 * The kernel's side: system calls, processes, faults, switches. And atomics, and two harts at work.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static uint64_t atomic_add(unsigned scale)
{
    static uint64_t counter;

    for (uint64_t i = 0; i < 20000000ull * scale; i++)
        __atomic_fetch_add(&counter, i, __ATOMIC_SEQ_CST);
    return counter;
}

static uint64_t compare_swap(unsigned scale)
{
    static uint64_t word;

    for (uint64_t i = 0; i < 10000000ull * scale; i++) {
        uint64_t old = __atomic_load_n(&word, __ATOMIC_RELAXED);
        while (!__atomic_compare_exchange_n(&word, &old, old * 5 + i, 0, __ATOMIC_ACQ_REL,
                                            __ATOMIC_RELAXED))
            ;
    }
    return word;
}

static uint64_t syscalls(unsigned scale)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < 500000ull * scale; i++)
        sum += (uint64_t)syscall(SYS_getppid);
    return sum;
}

static uint64_t fork_exit(unsigned scale)
{
    for (unsigned i = 0; i < 400 * scale; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(0);
        waitpid(pid, NULL, 0);
    }
    return scale;
}

static uint64_t fork_exec(unsigned scale)
{
    for (unsigned i = 0; i < 150 * scale; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            execl("/proc/self/exe", "bench", "exit", (char *)NULL);
            execl("/init", "bench", "exit", (char *)NULL);
            _exit(1);
        }
        waitpid(pid, NULL, 0);
    }
    return scale;
}

static uint64_t page_faults(unsigned scale)
{
    enum { PAGES = 2048 };
    long page = sysconf(_SC_PAGESIZE);
    uint64_t sum = 0;

    for (unsigned round = 0; round < 20 * scale; round++) {
        volatile uint8_t *p = mmap(NULL, (size_t)(PAGES * page), PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
            return 0;
        for (long i = 0; i < PAGES; i++)
            p[i * page] = 1;
        sum += p[page];
        munmap((void *)p, (size_t)(PAGES * page));
    }
    return sum;
}

static uint64_t switches(unsigned scale)
{
    int there[2], back[2];
    char byte = 0;

    if (pipe(there) || pipe(back))
        return 0;
    pid_t pid = fork();
    if (pid == 0) {
        close(there[1]);
        while (read(there[0], &byte, 1) == 1)
            if (write(back[1], &byte, 1) != 1)
                break;
        _exit(0);
    }
    close(there[0]);
    for (unsigned i = 0; i < 15000 * scale; i++)
        if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
            break;
    close(there[1]);
    close(back[0]);
    close(back[1]);
    waitpid(pid, NULL, 0);
    return scale;
}

static volatile sig_atomic_t signals_seen;

static void on_signal(int sig)
{
    (void)sig;
    signals_seen++;
}

static uint64_t signals(unsigned scale)
{
    signal(SIGUSR1, on_signal);
    for (unsigned i = 0; i < 40000 * scale; i++)
        raise(SIGUSR1);
    return (uint64_t)signals_seen;
}

static void *spin(void *arg)
{
    uint64_t x = (uintptr_t)arg;

    for (uint64_t i = 0; i < 60000000ull; i++)
        x = x * 6364136223846793005ull + (x >> 7);
    return (void *)(uintptr_t)x;
}

static uint64_t one_worker(unsigned scale)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < scale; i++)
        sum += (uintptr_t)spin((void *)3) + (uintptr_t)spin((void *)4);
    return sum;
}

static uint64_t two_workers(unsigned scale)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < scale; i++) {
        pthread_t t;
        void *r;
        if (pthread_create(&t, NULL, spin, (void *)3))
            return 0;
        sum += (uintptr_t)spin((void *)4);
        pthread_join(t, &r);
        sum += (uintptr_t)r;
    }
    return sum;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t shared;

static void *contend(void *arg)
{
    for (unsigned i = 0; i < 300000; i++) {
        pthread_mutex_lock(&lock);
        shared++;
        pthread_mutex_unlock(&lock);
    }
    return arg;
}

static uint64_t contended(unsigned scale)
{
    for (unsigned i = 0; i < scale; i++) {
        pthread_t t;
        if (pthread_create(&t, NULL, contend, NULL))
            return 0;
        contend(NULL);
        pthread_join(t, NULL);
    }
    return shared;
}

const BenchProgram bench_atomics[] = {
    { "amo", "atomic additions", atomic_add },
    { "cas", "compare and swap", compare_swap },
    { 0 },
};

const BenchProgram bench_system[] = {
    { "syscall", "getppid", syscalls },
    { "fork", "fork, exit, wait", fork_exit },
    { "exec", "fork, exec, exit, wait", fork_exec },
    { "faults", "first touch of fresh pages", page_faults },
    { "switch", "two processes and two pipes", switches },
    { "signal", "raise and handle", signals },
    { 0 },
};

const BenchProgram bench_harts[] = {
    { "work1", "two pieces of work, one after the other", one_worker },
    { "work2", "the same on two threads", two_workers },
    { "mutex", "one mutex, two threads", contended },
    { 0 },
};
