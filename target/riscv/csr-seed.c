/*
 * Zkr: the entropy source behind the seed CSR.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "target/riscv/csr-impl.h"
#include "util/random.h"

/* seed.OPST */
#define SEED_WAIT (1ULL << 30)
#define SEED_ES16 (2ULL << 30)
#define SEED_DEAD (3ULL << 30)

/* Granted by M to S and U, and never by S to a guest, whose hypervisor is to emulate it (priv. spec,
 * table of mseccfg.SSEED and USEED). That the instruction also writes is checked by FX_RW. */
CSR_CHECK(seed)
{
    if (env->virt)
        return env->mseccfg & MSECCFG_SSEED ? CSR_VIRTUAL : CSR_ILLEGAL;
    if (env->priv == PRV_S)
        return (env->mseccfg & MSECCFG_SSEED) != 0;
    return env->priv == PRV_M || (env->mseccfg & MSECCFG_USEED);
}

/* The host's bytes go through its generator: they are as good as any source's. It has none yet (early
 * in the host's life): wait. It never will: dead. */
CSR_READ(seed)
{
    uint16_t bits;

    errno = 0;
    if (guest_random(&bits, sizeof(bits)) == sizeof(bits))
        return SEED_ES16 | bits;
    return errno == EAGAIN ? SEED_WAIT : SEED_DEAD;
}
