/*
 * Copying to and from guest virtual memory, page by page.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/guest-mem.h"

#include <string.h>

#include "accel/tcg/internal.h"
#include "accel/tcg/tlb.h"

/* What is left of the page at va, or len. */
static size_t piece(vaddr va, size_t len)
{
    return MIN(len, TARGET_PAGE_SIZE - (va & ~TARGET_PAGE_MASK));
}

static bool copy_out(CPUArchState *env, vaddr va, void *buf, size_t len, MMUAccess access)
{
    uint8_t *to = buf;

    while (len) {
        size_t n = piece(va, len);
        TLBProbe p;

        if (!tlb_probe(env, va, access, (unsigned)n, &p) || !p.host)
            return false;
        memcpy(to, p.host, n);
        to += n;
        va += n;
        len -= n;
    }
    return true;
}

bool tcg_guest_read(CPUArchState *env, vaddr va, void *buf, size_t len)
{
    return copy_out(env, va, buf, len, MMU_LOAD);
}

bool tcg_guest_fetch(CPUArchState *env, vaddr va, void *buf, size_t len)
{
    return copy_out(env, va, buf, len, MMU_FETCH);
}

bool tcg_guest_write(CPUArchState *env, vaddr va, const void *buf, size_t len)
{
    const uint8_t *from = buf;

    while (len) {
        size_t n = piece(va, len);
        TLBProbe p;

        if (!tlb_probe(env, va, MMU_STORE, (unsigned)n, &p) || !p.host)
            return false;
        memcpy(p.host, from, n);
        if (p.code)
            code_page_written(env_tcgcpu(env)->s, p.block, p.offset, (unsigned)n);
        from += n;
        va += n;
        len -= n;
    }
    return true;
}
