/*
 * Runs the programs that its arguments name and prints "BENCH name nanoseconds checksum" for each.
 * As process 1 of a guest it takes the names from the kernel command line (bench=a,b,c), and powers
 * the machine off at the end.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

static const struct {
    const char *name;
    const BenchProgram *programs;
} groups[] = {
    { "integer", bench_integer }, { "jumps", bench_jumps },     { "float", bench_float },
    { "memory", bench_memory },   { "atomics", bench_atomics }, { "system", bench_system },
    { "code", bench_code },       { "harts", bench_harts },     { "vector", bench_vector },
};

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Runs one program, every program of a group, or all; returns how many matched. */
static unsigned run(const char *name)
{
    unsigned found = 0;

    for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
        for (const BenchProgram *p = groups[g].programs; p->name; p++) {
            if (strcmp(name, "all") && strcmp(name, groups[g].name) && strcmp(name, p->name))
                continue;
            uint64_t start = now_ns(), sum = p->run(1);
            printf("BENCH %s %llu %llx\n", p->name, (unsigned long long)(now_ns() - start),
                   (unsigned long long)sum);
            fflush(stdout);
            found++;
        }
    return found;
}

static void list(void)
{
    for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
        for (const BenchProgram *p = groups[g].programs; p->name; p++)
            printf("%s %s %s\n", groups[g].name, p->name, p->what);
}

static void as_init(void)
{
    static char cmdline[4096];

    printf("BENCH-INIT\n");
    fflush(stdout);
    mkdir("/proc", 0755);
    mount("proc", "/proc", "proc", 0, NULL);
    int fd = open("/proc/cmdline", O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, cmdline, sizeof(cmdline) - 1);
    cmdline[n > 0 ? n : 0] = 0;
    char *names = strstr(cmdline, "bench=");
    if (names) {
        names += strlen("bench=");
        names[strcspn(names, " \n")] = 0;
        for (char *name = strtok(names, ","); name; name = strtok(NULL, ","))
            if (!run(name))
                printf("BENCH-UNKNOWN %s\n", name);
    }
    printf("BENCH-END\n");
    fflush(stdout);
    reboot(RB_POWER_OFF);
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "exit"))
        return 0;
    if (getpid() == 1) {
        as_init();
        return 0;
    }
    if (argc == 2 && !strcmp(argv[1], "list")) {
        list();
        return 0;
    }
    for (int i = 1; i < argc; i++)
        if (!run(argv[i])) {
            fprintf(stderr, "bench: no program or group called '%s'\n", argv[i]);
            return 1;
        }
    return 0;
}
