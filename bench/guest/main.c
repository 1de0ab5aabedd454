/*
 * Runs the programs that its arguments name and prints "BENCH name nanoseconds checksum" for each.
 * As process 1 of a guest, or if its argument is "init", it takes the names from the kernel command line (bench=a,b,c), runs what is
 * none of its own as /programs/NAME, and powers the machine off at the end.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

static const struct {
    const char *name;
    const BenchProgram *programs;
    unsigned scale; /* vectors: starting and translating a program would be most of it */
} groups[] = {
    { "integer", bench_integer, 1 }, { "jumps", bench_jumps, 1 },     { "float", bench_float, 1 },
    { "memory", bench_memory, 1 },   { "atomics", bench_atomics, 1 }, { "system", bench_system, 1 },
    { "code", bench_code, 1 },       { "harts", bench_harts, 1 },     { "vector", bench_vector, 5 },
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
            uint64_t start = now_ns(), sum = p->run(groups[g].scale);
            printf("BENCH %s %llu %llx\n", p->name, (unsigned long long)(now_ns() - start),
                   (unsigned long long)sum);
            fflush(stdout);
            found++;
        }
    return found;
}

/* Becomes /programs/NAME with the arguments that NAME.args has, one in a line; output is thrown away. */
static _Noreturn void become(const char *name)
{
    static char path[256], args[4096];
    char *argv[64] = { (char *)name };
    int null = open("/dev/null", O_RDWR);

    snprintf(path, sizeof(path), "/programs/%s.args", name);
    int fd = open(path, O_RDONLY);
    if (fd >= 0 && read(fd, args, sizeof(args) - 1) > 0) {
        int n = 1;
        for (char *arg = strtok(args, "\n"); arg && n < 63; arg = strtok(NULL, "\n"))
            argv[n++] = arg;
    }
    dup2(null, 0);
    dup2(null, 1);
    path[strlen(path) - strlen(".args")] = 0;
    execv(path, argv);
    _exit(127);
}

/* Runs /programs/NAME; false if there is none or it fails. */
static bool run_file(const char *name)
{
    uint64_t start = now_ns();
    int status = -1;
    pid_t child = fork();

    if (!child)
        become(name);
    if (child < 0 || waitpid(child, &status, 0) != child || status)
        return false;
    printf("BENCH %s %llu 0\n", name, (unsigned long long)(now_ns() - start));
    fflush(stdout);
    return true;
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
    sleep(1); /* the kernel is still checking certificates on a thread of its own */
    mkdir("/proc", 0755);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
    setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
    int fd = open("/proc/cmdline", O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, cmdline, sizeof(cmdline) - 1);
    cmdline[n > 0 ? n : 0] = 0;
    char *names = strstr(cmdline, "bench=");
    if (names) {
        names += strlen("bench=");
        names[strcspn(names, " \n")] = 0;
        for (char *name = strtok(names, ","); name; name = strtok(NULL, ","))
            if (!run(name) && !run_file(name))
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
    if (getpid() == 1 || (argc == 2 && !strcmp(argv[1], "init"))) {
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
