/*
 * The console of the SBI: the legacy calls and DBCN. It is the board's first UART, as it is for
 * firmware in M-mode: bytes go to the same character device, and come from the UART's FIFO.
 *
 * Nothing here waits for a reader that does not read: a write takes what the character device's ring
 * takes, and the calls for single bytes, which are to block, give up after a moment.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/sbi/internal.h"

#include "hw/core/machine.h"
#include "util/bits.h"

#define CALL_MAX (64 * KiB) /* what one call moves; a short count is no error */
#define CHUNK 1024
#define WAIT_US 500
#define WAIT_TRIES 20

/* Without a console the byte is gone, which is no error. */
static bool put_byte(RISCVCPU *cpu, uint8_t byte)
{
    const FirmwareConsole *con = cpu->console;

    if (!con)
        return true;
    for (unsigned i = 0;; i++) {
        if (con->write(con->opaque, &byte, 1) == 1) {
            cpu->sbi.console_stuck = false;
            return true;
        }
        if (cpu->sbi.console_stuck || i == WAIT_TRIES)
            break;
        g_usleep(WAIT_US);
    }
    cpu->sbi.console_stuck = true;
    return false;
}

void sbi_legacy_putchar(RISCVCPU *cpu, SBICall *call)
{
    call->error = put_byte(cpu, (uint8_t)call->args[0]) ? SBI_SUCCESS : SBI_ERR_FAILED;
}

void sbi_legacy_getchar(RISCVCPU *cpu, SBICall *call)
{
    const FirmwareConsole *con = cpu->console;
    uint8_t byte;

    call->error = con && con->read(con->opaque, &byte, 1) == 1 ? byte : -1;
}

static void dbcn_write(RISCVCPU *cpu, SBICall *call)
{
    const FirmwareConsole *con = cpu->console;
    AddressSpace *as = cpu->parent_obj.as;
    uint64_t len = call->args[0], addr = call->args[1], done = 0;
    uint8_t buf[CHUNK];

    if (!sbi_memory_ok(cpu, addr, call->args[2], len)) {
        sbi_result(call, SBI_ERR_INVALID_PARAM, 0);
        return;
    }
    len = MIN(len, CALL_MAX);
    while (con && done < len) {
        uint64_t n = MIN(len - done, CHUNK);
        size_t taken;

        /* The region may have gone in between: then this is the end of what is there. */
        if (!address_space_read_ram(as, addr + done, buf, n))
            break;
        taken = con->write(con->opaque, buf, n);
        done += taken;
        if (taken < n)
            break;
    }
    sbi_result(call, SBI_SUCCESS, con ? done : len);
}

static void dbcn_read(RISCVCPU *cpu, SBICall *call)
{
    const FirmwareConsole *con = cpu->console;
    uint64_t len = call->args[0], addr = call->args[1], done = 0;
    uint8_t buf[CHUNK];

    if (!sbi_memory_writable(cpu, addr, call->args[2], len)) {
        sbi_result(call, SBI_ERR_INVALID_PARAM, 0);
        return;
    }
    len = MIN(len, CALL_MAX);
    while (con && done < len) {
        size_t n = con->read(con->opaque, buf, MIN(len - done, CHUNK));

        if (!n || !dma_write(cpu->parent_obj.as, addr + done, buf, n))
            break;
        done += n;
    }
    sbi_result(call, SBI_SUCCESS, done);
}

void sbi_dbcn(RISCVCPU *cpu, SBICall *call)
{
    switch (call->fn) {
    case 0:
        dbcn_write(cpu, call);
        break;
    case 1:
        dbcn_read(cpu, call);
        break;
    case 2:
        sbi_result(call, put_byte(cpu, (uint8_t)call->args[0]) ? SBI_SUCCESS : SBI_ERR_FAILED, 0);
        break;
    default:
        sbi_result(call, SBI_ERR_NOT_SUPPORTED, 0);
        break;
    }
}
