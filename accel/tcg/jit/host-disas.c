/*
 * Disassembling the host's code, which is x86-64's, with Capstone.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/host-disas.h"

#include <capstone/capstone.h>

struct HostDisas {
    csh handle;
    cs_insn *insn;
};

HostDisas *host_disas_new(const char **why)
{
    csh handle;
    HostDisas *d;

    if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK) {
        *why = "Capstone does not know this host";
        return NULL;
    }
    d = g_new0(HostDisas, 1);
    d->handle = handle;
    d->insn = cs_malloc(handle);
    return d;
}

size_t host_disas(HostDisas *d, const uint8_t *p, size_t size, uint64_t addr, GString *out)
{
    const uint8_t *at = p;

    if (!cs_disasm_iter(d->handle, &at, &size, &addr, d->insn))
        return 0;
    g_string_append_printf(out, "%s %s", d->insn->mnemonic, d->insn->op_str);
    g_string_truncate(out, strlen(g_strchomp(out->str)));
    return (size_t)(at - p);
}

void host_disas_free(HostDisas *d)
{
    if (!d)
        return;
    cs_free(d->insn, 1);
    cs_close(&d->handle);
    g_free(d);
}
