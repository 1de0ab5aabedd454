/*
 * The files by which Linux's perf knows code that was made at run time: the map, which is text, and the
 * dump, whose layout tools/perf/Documentation/jitdump-specification.txt of the kernel's source describes.
 *
 * perf learns of the dump by seeing its first page mapped to run, so that is done, and not used.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/perf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define DUMP_MAGIC 0x4a695444 /* "JiTD" */
#define DUMP_VERSION 1

enum { DUMP_CODE_LOAD = 0, DUMP_CODE_CLOSE = 3 };

typedef struct DumpHeader {
    uint32_t magic, version, total_size, elf_mach, pad, pid;
    uint64_t timestamp, flags;
} DumpHeader;

typedef struct DumpRecord {
    uint32_t id, total_size;
    uint64_t timestamp;
} DumpRecord;

typedef struct DumpLoad {
    DumpRecord r;
    uint32_t pid, tid;
    uint64_t vma, code_addr, code_size, code_index; /* then the name, a zero, the code */
} DumpLoad;

struct PerfFile {
    char *path;
    int fd;
    bool dump;
    uint64_t n_codes;
    void *marker;        /* dump: the mapped page */
    size_t marker_size;
};

/* The clock of `perf record -k mono`. */
static uint64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* A file of this name may be there from a process that had our number; a link of somebody else's must
 * not be followed. */
static PerfFile *open_file(char *path, Error **errp)
{
    PerfFile *f;
    int fd;

    unlink(path);
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) {
        error_setg(errp, "cannot make '%s': %s", path, g_strerror(errno));
        g_free(path);
        return NULL;
    }
    f = g_new0(PerfFile, 1);
    f->path = path;
    f->fd = fd;
    return f;
}

/* A record is written whole or the file ends before it. */
static void put(PerfFile *f, const GByteArray *b)
{
    gsize done = 0;

    while (f->fd >= 0 && done < b->len) {
        ssize_t n = write(f->fd, b->data + done, b->len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            warn_report("'%s': %s; it ends here", f->path, g_strerror(errno));
            close(f->fd);
            f->fd = -1;
            return;
        }
        done += (gsize)n;
    }
}

static void append(GByteArray *b, const void *p, size_t n)
{
    g_byte_array_append(b, p, (guint)n);
}

PerfFile *perf_map_open(Error **errp)
{
    return open_file(g_strdup_printf("/tmp/perf-%d.map", (int)getpid()), errp);
}

static void write_header(PerfFile *f)
{
    g_autoptr(GByteArray) b = g_byte_array_new();
    DumpHeader h = { .magic = DUMP_MAGIC, .version = DUMP_VERSION, .total_size = sizeof(h),
                     .pid = (uint32_t)getpid(), .timestamp = now() };

#if defined(__x86_64__)
    h.elf_mach = EM_X86_64;
#elif defined(__aarch64__)
    h.elf_mach = EM_AARCH64;
#else
    h.elf_mach = EM_RISCV;
#endif
    append(b, &h, sizeof(h));
    put(f, b);
}

PerfFile *perf_dump_open(Error **errp)
{
    PerfFile *f = open_file(g_strdup_printf("jit-%d.dump", (int)getpid()), errp);

    if (!f)
        return NULL;
    f->dump = true;
    f->marker_size = (size_t)sysconf(_SC_PAGESIZE);
    write_header(f);
    f->marker = mmap(NULL, f->marker_size, PROT_READ | PROT_EXEC, MAP_PRIVATE, f->fd, 0);
    if (f->marker == MAP_FAILED) {
        error_setg(errp, "'%s' cannot be mapped to be run (is its file system mounted noexec?): %s", f->path,
                   g_strerror(errno));
        f->marker = NULL;
        perf_file_close(f, false);
        return NULL;
    }
    return f;
}

static void add_load(PerfFile *f, GByteArray *b, const char *name, const void *addr, size_t size)
{
    size_t name_size = strlen(name) + 1;
    DumpLoad l = {
        .r = { .id = DUMP_CODE_LOAD, .total_size = (uint32_t)(sizeof(l) + name_size + size),
               .timestamp = now() },
        .pid = (uint32_t)getpid(), .tid = (uint32_t)syscall(SYS_gettid),
        .vma = (uintptr_t)addr, .code_addr = (uintptr_t)addr, .code_size = size, .code_index = f->n_codes++,
    };

    append(b, &l, sizeof(l));
    append(b, name, name_size);
    append(b, addr, size);
}

void perf_file_add(PerfFile *f, const char *name, const void *addr, size_t size)
{
    g_autoptr(GByteArray) b = g_byte_array_new();

    if (!size)
        return;
    if (f->dump) {
        add_load(f, b, name, addr, size);
    } else {
        g_autofree char *line = g_strdup_printf("%" PRIxPTR " %zx %s\n", (uintptr_t)addr, size, name);
        append(b, line, strlen(line));
    }
    put(f, b);
}

void perf_file_close(PerfFile *f, bool keep)
{
    if (!f)
        return;
    if (f->dump && keep) {
        g_autoptr(GByteArray) b = g_byte_array_new();
        DumpRecord r = { .id = DUMP_CODE_CLOSE, .total_size = sizeof(r), .timestamp = now() };

        append(b, &r, sizeof(r));
        put(f, b);
    }
    if (f->marker)
        munmap(f->marker, f->marker_size);
    if (f->fd >= 0)
        close(f->fd);
    if (!keep)
        unlink(f->path);
    g_free(f->path);
    g_free(f);
}
