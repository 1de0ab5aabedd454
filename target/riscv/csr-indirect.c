/*
 * The windows of Smcsrind and Sscsrind: miselect, siselect and vsiselect choose a register, mireg to
 * mireg6 and their like are it. What there is to choose comes as ranges of numbers, each from the file
 * of its extension.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/aia.h"
#include "target/riscv/csr-impl.h"
#include "target/riscv/mode.h"
#include "util/bits.h"

/* sireg is 1, sireg2 2; the number 4 in between is RV32's siph, so that sireg4 is 5. */
static unsigned alias_of(unsigned csr)
{
    unsigned n = csr & 7;

    return n > 3 ? n - 1 : n;
}

static const IndirectRange *range_of(uint64_t select)
{
    static const IndirectRange *const ranges[] = {
        &riscv_indirect_iprio, &riscv_indirect_counters, &riscv_indirect_imsic, &riscv_indirect_ctr,
    };

    for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
        if (select >= ranges[i]->first && select <= ranges[i]->last)
            return ranges[i];
    return NULL;
}

/* Numbers that nobody has: illegal, so that M-mode can emulate them (Sscsrind recommends it). */
static CSRAccess check(CPURISCVState *env, uint64_t select, unsigned csr, bool vs)
{
    const IndirectRange *r = range_of(select);

    return r ? r->check(env, (unsigned)select, alias_of(csr), vs) : CSR_ILLEGAL;
}

static uint64_t access_read(CPURISCVState *env, uint64_t select, unsigned csr, bool vs)
{
    const IndirectRange *r = range_of(select);

    return r ? r->read(env, (unsigned)select, alias_of(csr), vs) : 0;
}

static unsigned access_write(CPURISCVState *env, uint64_t select, unsigned csr, bool vs,
                             uint64_t value, uint64_t mask)
{
    const IndirectRange *r = range_of(select);

    return r ? r->write(env, (unsigned)select, alias_of(csr), vs, value, mask) : 0;
}

CSR_CHECK(sireg)
{
    CSRAccess access = check_siselect(env, csr);

    if (access != CSR_OK)
        return access;
    return check(env, env->virt ? env->vsiselect : env->siselect, csr, env->virt);
}

CSR_READ(sireg)
{
    return access_read(env, env->siselect, csr, false);
}

CSR_WRITE_FN(sireg)
{
    return access_write(env, env->siselect, csr, false, value, mask);
}

CSR_CHECK(vsireg)
{
    return check_vsiselect(env, csr) == CSR_OK ? check(env, env->vsiselect, csr, true) : CSR_ILLEGAL;
}

CSR_READ(vsireg)
{
    return access_read(env, env->vsiselect, csr, true);
}

CSR_WRITE_FN(vsireg)
{
    return access_write(env, env->vsiselect, csr, true, value, mask);
}

/* M's window has the AIA's registers only: the others are to be found in S's. */
CSR_CHECK(mireg)
{
    return riscv_ext_on(env, EXT_SMAIA) && alias_of(csr) == 1 && riscv_aia_has_mireg(env);
}

CSR_READ(mireg)
{
    return riscv_aia_mireg(env, 0, 0);
}

CSR_WRITE_FN(mireg)
{
    riscv_aia_mireg(env, value, mask);
    return 0;
}
