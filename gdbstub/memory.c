/*
 * Guest memory for the debugger: RAM and ROM, never devices, whose registers change by being read. By
 * virtual address as the chosen hart sees it now, or by physical address.
 *
 * SPDX-License-Identifier: MIT
 */
#include "gdbstub/internal.h"

#include <string.h>

#define PAGE 4096

/* The physical address, and how many of len bytes there go on from it. */
static bool locate(GDBStub *stub, uint64_t va, uint64_t len, hwaddr *pa, uint64_t *n)
{
    CPUState *cpu = gdb_cpu(stub->cpu_g);

    *n = MIN(len, PAGE - va % PAGE);
    *pa = va;
    return stub->physical || CPU_GET_CLASS(cpu)->translate_debug(cpu, va, pa, NULL);
}

static uint64_t read_some(GDBStub *stub, uint64_t va, uint8_t *buf, uint64_t len)
{
    uint64_t done = 0, n;
    hwaddr pa;

    while (done < len && locate(stub, va + done, len - done, &pa, &n) &&
           address_space_read_ram(gdb_cpu(stub->cpu_g)->as, pa, buf + done, n)) {
        done += n;
    }
    return done;
}

/* All or nothing is not to be had across pages: what comes before one that is not there is written. */
static bool write_all(GDBStub *stub, uint64_t va, const uint8_t *buf, uint64_t len)
{
    uint64_t n;
    hwaddr pa;

    for (uint64_t done = 0; done < len; done += n) {
        if (!locate(stub, va + done, len - done, &pa, &n) ||
            !address_space_write_rom(gdb_cpu(stub->cpu_g)->as, pa, buf + done, n)) {
            return false;
        }
    }
    return true;
}

/* "ADDR,LENGTH" and what must follow it. */
static bool parse_range(const char **p, uint64_t *addr, uint64_t *len, char end)
{
    return gdb_hex_number(p, addr) && *(*p)++ == ',' && gdb_hex_number(p, len) && *(*p)++ == end;
}

bool gdb_read_memory(GDBStub *stub, const char *args, size_t len)
{
    uint8_t buf[GDB_PACKET_MAX / 2];
    uint64_t addr, want, got;

    if (!parse_range(&args, &addr, &want, 0)) {
        return gdb_error(stub, GDB_EINVAL);
    }
    got = read_some(stub, addr, buf, MIN(want, sizeof(buf)));
    if (!got && want) {
        return gdb_error(stub, GDB_EFAULT);
    }
    gdb_hex_append(stub->reply, buf, got);
    return true;
}

bool gdb_write_memory(GDBStub *stub, const char *args, size_t len)
{
    const char *end = args + len;
    uint8_t buf[GDB_PACKET_MAX / 2];
    uint64_t addr, want;

    if (!parse_range(&args, &addr, &want, ':') || want > sizeof(buf) ||
        (uint64_t)(end - args) != 2 * want || !gdb_hex_bytes(args, buf, want)) {
        return gdb_error(stub, GDB_EINVAL);
    }
    return write_all(stub, addr, buf, want) ? gdb_ok(stub) : gdb_error(stub, GDB_EFAULT);
}

bool gdb_write_binary(GDBStub *stub, const char *args, size_t len)
{
    const char *end = args + len;
    uint64_t addr, want;

    if (!parse_range(&args, &addr, &want, ':') || (uint64_t)(end - args) != want) {
        return gdb_error(stub, GDB_EINVAL);
    }
    return write_all(stub, addr, (const uint8_t *)args, want) ? gdb_ok(stub)
                                                              : gdb_error(stub, GDB_EFAULT);
}
