/*
 * Which variables hold the sign extension of their low 32 bits. Compilers extend what they do not know to be
 * extended: arguments, what logic made of two words. It often is.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/tcg/jit/ir.h"

static bool fits32(int64_t v)
{
    return v == (int32_t)v;
}

static bool narrow(uint64_t set, unsigned v)
{
    return v < JIT_VARS && (set >> v & 1);
}

/* Of operations that compute: a, b: whether the operands are narrow. */
static bool computes(const IRInsn *i, bool a, bool b)
{
    bool imm = i->b == JIT_NONE;
    unsigned n = (unsigned)i->imm & 63;

    switch (i->op) {
    case IR_and:
        return (a && b) || (imm && i->imm >= 0 && fits32(i->imm));
    case IR_or ... IR_xnor:
    case IR_min ... IR_maxu:
        return a && b;
    case IR_srl:
        return imm && n > 32;
    case IR_sra:
        return a || (imm && n >= 32);
    case IR_slt ... IR_rorw:
    case IR_mulw:
    case IR_divw ... IR_remuw:
    case IR_bext:
    case IR_sext_b ... IR_zext_h:
    case IR_clz ... IR_cpopw:
        return true;
    case IR_czero_eqz ... IR_czero_nez:
    case IR_mov:
        return a;
    default:
        return false;
    }
}

static bool result(const IRInsn *i, uint64_t set)
{
    switch (i->op) {
    case IR_const:
    case IR_link:
        return fits32(i->imm);
    case IR_load:
        return i->size < 4 || (i->size == 4 && i->sign);
    case IR_amo:
    case IR_load_reserved:
        return i->size == 4;
    case IR_store_conditional:
        return true;
    default:
        return i->op <= IR_cpopw &&
               computes(i, narrow(set, i->a), i->b == JIT_NONE ? fits32(i->imm) : narrow(set, i->b));
    }
}

void ir_narrow(IRInsn *i, uint64_t *set)
{
    *set |= 1; /* x0 */
    if (i->op == IR_addw && i->b == JIT_NONE && i->imm == 0 && narrow(*set, i->a)) {
        i->op = IR_mov;
        if (i->a == i->d) {
            i->op = IR_nothing;
            i->d = i->a = JIT_NONE;
        }
    }
    if (i->op == IR_call) /* its body writes what it likes */
        *set = 1;
    if (i->d >= JIT_FP || !i->d)
        return;
    if (result(i, *set))
        *set |= 1ULL << i->d;
    else
        *set &= ~(1ULL << i->d);
}
