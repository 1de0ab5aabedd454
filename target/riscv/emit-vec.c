/*
 * Fast forms of vector instructions: vsetvl, and what is known of vtype and vl.
 *
 * Code is made for one vtype: that of the last vset in the block, or the one there was when the code was made,
 * about which the block asks once. Operations work on all that vl may be and ask whether it is less,
 * unless a vset said how much it is.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/emit-vec.h"

#include "target/riscv/bits.h"
#include "target/riscv/fpu/fpu.h"
#include "target/riscv/insn-fn.h"
#include "target/riscv/isa.h"
#include "target/riscv/mode.h"
#include "target/riscv/vector/vector.h"

/* Facts. Bits 0 to 7: vtype; 32 to 63: vl. */
enum {
    GUESSED = 1 << 8,  /* vtype is probably this */
    VTYPE = 1 << 9,    /* it is */
    VSTART = 1 << 10,  /* vstart is 0 */
    VL = 1 << 11,      /* vl is known */
    CLAMPED = 1 << 12, /* the block has set it to what there is in a register, or all that fits */
};
#define VTYPE_BITS 255u
#define VL_SHIFT 32
#define VL_BITS (~0ULL << VL_SHIFT)

enum { CSR_VL = 0xc20, CSR_VLENB = 0xc22 };

#define OFFSET(field) ((unsigned)offsetof(CPURISCVState, field))

void riscv_emit_begin(IRBuilder *b)
{
    uint64_t *f = ir_facts(b);
    const CPURISCVState *env = ir_env(b);

    *f &= VTYPE_BITS | GUESSED;
    if (!(*f & GUESSED) && !(env->vtype & VTYPE_VILL))
        *f = (env->vtype & VTYPE_BITS) | GUESSED;
}

void riscv_emit_forget_vstart(IRBuilder *b)
{
    *ir_facts(b) &= ~(uint64_t)VSTART;
}

bool riscv_emit_vector_csr(IRBuilder *b, const TCGOp *op)
{
    CPURISCVState *env = ir_env(b);

    if (riscv_insn_body(op->row) != INSN_csrrs || op->rs1 || !(ir_mode(b) & MODE_VS) ||
        !riscv_ext_on(env, EXT_ZVE32X))
        return false;
    if ((op->imm & 0xfff) == CSR_VL)
        ir_get(b, D, OFFSET(vl), -1);
    else if ((op->imm & 0xfff) == CSR_VLENB && op->rd != TARGET_REG_SINK)
        ir_const(b, op->rd, env_cpu(env)->vlen / 8);
    else
        return false;
    return true;
}

static void dirty(IRBuilder *b, const TCGOp *op)
{
    ir_set_bits(b, OFFSET(mstatus), MSTATUS_VS | (riscv_insn_flags(op->row) & INSN_FSW ? MSTATUS_FS : 0));
}

/* ---- vsetvli and vsetivli ---- */

static void set_vtype(IRBuilder *b, const RISCVVecConfig *cfg, uint64_t vtype)
{
    uint64_t *f = ir_facts(b), word;
    uint16_t half;

    if (!(*f & VTYPE) || (*f & VTYPE_BITS) != vtype) {
        memcpy(&word, cfg, 8);
        memcpy(&half, (const uint8_t *)cfg + 8, 2);
        ir_unless(b, OFFSET(vtype), (uint32_t)vtype, 3);
        ir_set_env(b, OFFSET(vtype), 8, vtype);
        ir_set_env(b, OFFSET(vcfg), 8, word);
        ir_set_env(b, OFFSET(vcfg) + 8, 2, half);
    }
    if (!(*f & VSTART))
        ir_set_env(b, OFFSET(vstart), 8, 0);
    *f = (*f & (VL | VL_BITS)) | vtype | GUESSED | VTYPE | VSTART;
}

static void set_vl(IRBuilder *b, const TCGOp *op, uint64_t vl)
{
    uint64_t *f = ir_facts(b);

    ir_set_env(b, OFFSET(vl), 8, vl);
    if (op->rd != TARGET_REG_SINK)
        ir_const(b, op->rd, (int64_t)vl);
    *f = (*f & ~VL_BITS) | VL | vl << VL_SHIFT;
}

static bool emit_vset(IRBuilder *b, const TCGOp *op, bool immediate)
{
    CPURISCVState *env = ir_env(b);
    uint64_t *f = ir_facts(b), vtype = (uint64_t)op->imm, vl = UINT64_MAX;
    bool keep = !immediate && !op->rs1 && op->rd == TARGET_REG_SINK, known = immediate || !op->rs1;
    RISCVVecConfig cfg;

    if (vtype > VTYPE_BITS || riscv_vtype_legal(env, vtype) != vtype) {
        *f = 0;
        return false;
    }
    cfg = riscv_vector_config(env, vtype);
    set_vtype(b, &cfg, vtype);
    if (immediate)
        vl = op->aux;
    else if (keep && (known = *f & VL))
        vl = *f >> VL_SHIFT;
    if (known) {
        set_vl(b, op, MIN(vl, cfg.vlmax));
    } else {
        ir_clamp(b, D, keep ? JIT_NONE : A, cfg.vlmax, OFFSET(vl));
        *f |= CLAMPED;
        *f &= ~(VL | VL_BITS);
    }
    dirty(b, op);
    return true;
}

/* ---- The others ---- */

uint32_t riscv_vec_reg(const VecShape *c, unsigned n)
{
    return OFFSET(vreg) + n * c->cfg.vlenb;
}

IRVec riscv_vec(const VecShape *c, const TCGOp *op, unsigned kind)
{
    return (IRVec){
        .op = (uint8_t)kind,
        .size = c->cfg.sew,
        .from = IRV_REG,
        .masked = !(op->insn >> 25 & 1),
        .d = riscv_vec_reg(c, op->rd & 31),
        .a = riscv_vec_reg(c, op->rs2),
        .b = riscv_vec_reg(c, op->rs1),
        .mask = riscv_vec_reg(c, 0),
        .n = c->n,
        .vl = c->vl_known ? 0 : c->n,
        .likely = c->likely,
        .vl_offset = OFFSET(vl),
        .start_offset = OFFSET(vstart),
        .bit = FP_DYN,
    };
}

bool riscv_vec_emit(IRBuilder *b, const TCGOp *op, const IRVec *v, unsigned d, unsigned a)
{
    uint64_t *f = ir_facts(b);

    if (!v->n || !ir_has_vector(b, v))
        return false;
    if (!(*f & VTYPE))
        ir_expect(b, OFFSET(vtype), (uint32_t)(*f & VTYPE_BITS));
    if (!(*f & VSTART))
        ir_expect(b, OFFSET(vstart), 0);
    *f |= VTYPE | VSTART;
    ir_vector(b, v, d, a);
    dirty(b, op);
    return true;
}

/* What a body leaves behind: vstart is 0. */
static void forget(IRBuilder *b, unsigned row)
{
    uint64_t *f = ir_facts(b);

    *f |= VSTART;
    if (row == INSN_vsetvl)
        *f &= ~(VTYPE | VL | VL_BITS);
}

/* A loop that goes by a register takes all that fits, but for its last round; one that sets vl before it begins
 * has the one that there is. */
static uint32_t likely_vl(const IRBuilder *b, uint64_t f, uint32_t vlmax)
{
    const CPURISCVState *env = ir_env(b);

    return f & CLAMPED || env->vtype != (f & VTYPE_BITS) || !env->vl ? vlmax : MIN(env->vl, vlmax);
}

static bool first_fault(unsigned row)
{
    return row == INSN_vle8ff_v || row == INSN_vle16ff_v || row == INSN_vle32ff_v || row == INSN_vle64ff_v;
}

bool riscv_emit_vector(IRBuilder *b, const TCGOp *op)
{
    unsigned row = riscv_insn_body(op->row);
    uint64_t *f = ir_facts(b);
    EmitVecRow r = riscv_emit_vec_row(row);
    VecShape c;
    bool done = false;

    if (row == INSN_vsetvli || row == INSN_vsetivli)
        return emit_vset(b, op, row == INSN_vsetivli);
    if (r.fn && (*f & GUESSED)) {
        c.cfg = riscv_vector_config(ir_env(b), *f & VTYPE_BITS);
        c.vl_known = *f & VL;
        c.n = c.vl_known ? (uint32_t)(*f >> VL_SHIFT) : c.cfg.vlmax;
        c.likely = c.vl_known ? c.n : likely_vl(b, *f, c.cfg.vlmax);
        done = r.fn(b, op, &c, r.kind);
    }
    if (!done)
        forget(b, row);
    if (first_fault(row))
        *f &= ~(VL | VL_BITS);
    return done;
}
