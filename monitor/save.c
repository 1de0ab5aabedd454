/*
 * Monitor commands that write files: memory, the device tree, the log; and sums of memory.
 * SPDX-License-Identifier: MIT
 */
#include "monitor/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "accel/accel.h"
#include "softmmu/memory.h"
#include "util/log.h"

#define CHUNK 4096 /* a page: what one translation is good for */

/* Reads the bytes of one page or less; false if there is no RAM. */
typedef bool (*ReadFn)(Monitor *mon, uint64_t addr, uint8_t *buf, size_t len);

static bool read_physical(Monitor *mon, uint64_t addr, uint8_t *buf, size_t len)
{
    return address_space_read_ram(&current_machine()->as, addr, buf, len);
}

typedef struct Ask {
    uint64_t va;
    hwaddr pa;
    bool ok;
} Ask;

static void ask_translate(CPUState *cpu, void *data)
{
    Ask *a = data;

    a->ok = CPU_GET_CLASS(cpu)->translate_debug(cpu, a->va, &a->pa, NULL);
}

static bool read_virtual(Monitor *mon, uint64_t addr, uint8_t *buf, size_t len)
{
    CPUState *cpu = monitor_cpu(mon);
    Ask a = { .va = addr };

    if (cpu) {
        accel_run_on(cpu, ask_translate, &a);
    }
    return a.ok && read_physical(mon, a.pa, buf, len);
}

/* "addr size file": what is missing or wrong has been said when this returns false. */
static bool parse_range(Monitor *mon, const char *args, uint64_t *addr, uint64_t *size,
                        char **file)
{
    g_autofree char *a = monitor_next_word(&args), *s = monitor_next_word(&args);

    if (!a || !s || (file && !*args)) {
        monitor_printf(mon, "Error: expected ADDRESS SIZE%s\n", file ? " FILE" : "");
        return false;
    }
    if (!monitor_eval(mon, a, addr) || !monitor_eval(mon, s, size)) {
        return false;
    }
    if (!*size || *addr + (*size - 1) < *addr) {
        monitor_printf(mon, "Error: a size of %" PRIu64 " does not fit\n", *size);
        return false;
    }
    if (file) {
        size_t n = strlen(args);

        /* As shells do: "a file". */
        *file = n > 1 && args[0] == '"' && args[n - 1] == '"' ? g_strndup(args + 1, n - 2)
                                                              : g_strdup(args);
    }
    return true;
}

static void save(Monitor *mon, const char *args, ReadFn read)
{
    g_autofree char *path = NULL;
    uint64_t addr, size;
    uint8_t buf[CHUNK];
    FILE *f;

    if (!parse_range(mon, args, &addr, &size, &path)) {
        return;
    }
    f = fopen(path, "wbe");
    if (!f) {
        monitor_printf(mon, "Error: cannot open '%s': %s\n", path, g_strerror(errno));
        return;
    }
    while (size) {
        size_t n = (size_t)MIN(size, CHUNK - (addr & (CHUNK - 1)));

        if (!read(mon, addr, buf, n)) {
            monitor_printf(mon, "Error: there is no memory at 0x%" PRIx64 "\n", addr);
            break;
        }
        if (fwrite(buf, 1, n, f) != n) {
            monitor_printf(mon, "Error: cannot write '%s': %s\n", path, g_strerror(errno));
            break;
        }
        addr += n;
        size -= n;
    }
    if (fclose(f) != 0 && !size) {
        monitor_printf(mon, "Error: cannot write '%s': %s\n", path, g_strerror(errno));
    }
}

void monitor_cmd_memsave(Monitor *mon, const char *args)
{
    save(mon, args, read_virtual);
}

void monitor_cmd_pmemsave(Monitor *mon, const char *args)
{
    save(mon, args, read_physical);
}

/* The 16-bit sum of System V. */
void monitor_cmd_sum(Monitor *mon, const char *args)
{
    uint64_t addr, size;
    uint8_t buf[CHUNK];
    uint16_t sum = 0;

    if (!parse_range(mon, args, &addr, &size, NULL)) {
        return;
    }
    while (size) {
        size_t n = (size_t)MIN(size, CHUNK - (addr & (CHUNK - 1)));

        if (!read_physical(mon, addr, buf, n)) {
            monitor_printf(mon, "Error: there is no memory at 0x%" PRIx64 "\n", addr);
            return;
        }
        for (size_t i = 0; i < n; i++) {
            sum = (uint16_t)((sum >> 1 | sum << 15) + buf[i]);
        }
        addr += n;
        size -= n;
    }
    monitor_printf(mon, "%05d\n", sum);
}

void monitor_cmd_dumpdtb(Monitor *mon, const char *args)
{
    MachineState *ms = current_machine();
    GError *err = NULL;

    if (!*args) {
        monitor_printf(mon, "Error: the file is missing\n");
    } else if (!ms->fdt) {
        monitor_printf(mon, "Error: this machine has no device tree\n");
    } else if (!g_file_set_contents(args, ms->fdt, ms->fdt_size, &err)) {
        monitor_printf(mon, "Error: %s\n", err->message);
        g_error_free(err);
    }
}

void monitor_cmd_logfile(Monitor *mon, const char *args)
{
    Error *err = NULL;

    if (!log_set_file(*args ? args : NULL, &err)) {
        monitor_printf(mon, "Error: %s\n", error_get_pretty(err));
        error_free(err);
    }
}
