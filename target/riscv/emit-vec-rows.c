/*
 * Fast forms of vector instructions, row by row. What they ask is what the bodies in vector/ ask.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/emit-vec.h"

#include "target/riscv/vector/vec.h"

#define FORM(name)                                                                          \
    static bool name(IRBuilder *b, const TCGOp *op, const VecShape *c, unsigned kind)

/* regs: those that begin groups of LMUL. A masked destination is not v0, nor any source. */
static bool legal(const TCGOp *op, const VecShape *c, unsigned regs, unsigned vs1)
{
    return !((regs | 32) & c->cfg.align) && (UNMASKED(op) || (op->rd && op->rs2 && vs1));
}

static void scalar(IRVec *v, unsigned from, int64_t imm)
{
    v->from = (uint8_t)from;
    v->imm = imm;
}

/* ---- Integers of one width ---- */

FORM(vv)
{
    IRVec v = riscv_vec(c, op, kind);

    return legal(op, c, op->rd | op->rs2 | op->rs1, op->rs1) && riscv_vec_emit(b, op, &v, JIT_NONE, JIT_NONE);
}

FORM(vx)
{
    IRVec v = riscv_vec(c, op, kind);

    scalar(&v, IRV_INT, 0);
    return legal(op, c, op->rd | op->rs2, 1) && riscv_vec_emit(b, op, &v, JIT_NONE, A);
}

FORM(vi)
{
    IRVec v = riscv_vec(c, op, kind);

    scalar(&v, IRV_IMM, op->imm);
    return legal(op, c, op->rd | op->rs2, 1) && riscv_vec_emit(b, op, &v, JIT_NONE, JIT_NONE);
}

FORM(extend)
{
    unsigned log = kind & 3, sew = c->cfg.sew;
    int lmul = c->cfg.lmul, slmul = lmul - (int)log;
    IRVec v = riscv_vec(c, op, kind & 4 ? IRV_sext : IRV_zext);

    v.narrow = (uint8_t)log;
    v.from = IRV_NONE;
    return sew >= log && vec_aligned(op->rd, lmul) && vec_aligned(op->rs2, slmul) &&
           vec_mask_ok(op, op->rd) && vec_mask_ok(op, op->rs2) &&
           vec_dest_ok(op->rd, lmul, sew, op->rs2, slmul, sew - log) &&
           riscv_vec_emit(b, op, &v, JIT_NONE, JIT_NONE);
}

/* ---- Comparisons: vd is a mask, which may be v0 ---- */

static bool legal_compare(const TCGOp *op, const VecShape *c, bool vector)
{
    int lmul = c->cfg.lmul;
    bool ok = vec_aligned(op->rs2, lmul) && vec_mask_ok(op, op->rs2) &&
              (op->rd == op->rs2 || !vec_overlap(op->rd, 1, op->rs2, vec_regs(lmul)));

    if (vector)
        ok = ok && vec_aligned(op->rs1, lmul) && vec_mask_ok(op, op->rs1) &&
             (op->rd == op->rs1 || !vec_overlap(op->rd, 1, op->rs1, vec_regs(lmul)));
    return ok;
}

/* The bits of a piece lie in the first one, which is read by then. */
static bool compare(IRBuilder *b, const TCGOp *op, const VecShape *c, const IRVec *v, unsigned a)
{
    return legal_compare(op, c, v->from == IRV_REG) && riscv_vec_emit(b, op, v, JIT_NONE, a);
}

FORM(compare_vv)
{
    IRVec v = riscv_vec(c, op, kind);

    return compare(b, op, c, &v, JIT_NONE);
}

FORM(compare_vx)
{
    IRVec v = riscv_vec(c, op, kind);

    scalar(&v, IRV_INT, 0);
    return compare(b, op, c, &v, A);
}

FORM(compare_vi)
{
    IRVec v = riscv_vec(c, op, kind);

    scalar(&v, IRV_IMM, op->imm);
    return compare(b, op, c, &v, JIT_NONE);
}

/* ---- Moves ---- */

FORM(move_v)
{
    IRVec v = riscv_vec(c, op, kind);

    return !((op->rd | op->rs1 | 32) & c->cfg.align) && riscv_vec_emit(b, op, &v, JIT_NONE, JIT_NONE);
}

FORM(move_x)
{
    IRVec v = riscv_vec(c, op, kind);

    scalar(&v, IRV_INT, 0);
    return !((op->rd | 32) & c->cfg.align) && riscv_vec_emit(b, op, &v, JIT_NONE, A);
}

FORM(move_i)
{
    IRVec v = riscv_vec(c, op, kind);

    scalar(&v, IRV_IMM, op->imm);
    return !((op->rd | 32) & c->cfg.align) && riscv_vec_emit(b, op, &v, JIT_NONE, JIT_NONE);
}

FORM(whole_move)
{
    IRVec v = riscv_vec(c, op, IRV_mov);

    v.b = v.a;
    v.size = 3;
    v.n = kind * c->cfg.vlenb / 8;
    v.vl = 0;
    return !((op->rd | op->rs2) & (kind - 1)) && riscv_vec_emit(b, op, &v, JIT_NONE, JIT_NONE);
}

/* Element 0; of no elements nothing is written. */
static void element(IRVec *v, const VecShape *c)
{
    v->n = 1;
    v->vl = 0;
    if (c->vl_known && c->n)
        v->vl_offset = 0;
}

FORM(to_x)
{
    IRVec v = riscv_vec(c, op, IRV_to_int);

    element(&v, c);
    return riscv_vec_emit(b, op, &v, D, JIT_NONE);
}

FORM(from_x)
{
    IRVec v = riscv_vec(c, op, IRV_from_int);

    element(&v, c);
    return riscv_vec_emit(b, op, &v, JIT_NONE, A);
}

/* ---- Memory ---- */

FORM(memory)
{
    unsigned eew = kind & 3;
    int emul = (int)eew - c->cfg.sew + c->cfg.lmul;
    IRVec v = riscv_vec(c, op, kind & 4 ? IRV_store : IRV_load);

    v.size = (uint8_t)eew;
    v.from = IRV_NONE;
    return op->insn >> 29 == 0 && vec_aligned(op->rd, emul) && vec_mask_ok(op, op->rd) &&
           riscv_vec_emit(b, op, &v, JIT_NONE, A);
}

/* kind: registers, and 64 for a store. */
FORM(whole_memory)
{
    unsigned regs = kind & 15;
    IRVec v = riscv_vec(c, op, kind & 64 ? IRV_store : IRV_load);

    v.size = 3;
    v.from = IRV_NONE;
    v.masked = false;
    v.n = regs * c->cfg.vlenb / 8;
    v.vl = 0;
    return !(op->rd & (regs - 1)) && riscv_vec_emit(b, op, &v, JIT_NONE, A);
}

FORM(strided)
{
    unsigned eew = kind & 3;
    int emul = (int)eew - c->cfg.sew + c->cfg.lmul;
    IRVec v = riscv_vec(c, op, kind & 4 ? IRV_sstride : IRV_lstride);

    v.size = (uint8_t)eew;
    v.from = IRV_NONE;
    v.stride = B;
    return op->insn >> 29 == 0 && vec_aligned(op->rd, emul) && vec_mask_ok(op, op->rd) &&
           riscv_vec_emit(b, op, &v, JIT_NONE, A);
}

/* kind: log2 of the indices' bytes, and 4 for a store. */
FORM(indexed)
{
    unsigned ieew = kind & 3, sew = c->cfg.sew;
    int lmul = c->cfg.lmul, imul = (int)ieew - (int)sew + lmul;
    bool store = kind & 4;
    IRVec v = riscv_vec(c, op, store ? IRV_scatter : IRV_gather);

    v.narrow = (uint8_t)ieew;
    v.from = IRV_NONE;
    return op->insn >> 29 == 0 && vec_aligned(op->rd, lmul) && vec_mask_ok(op, op->rd) &&
           vec_aligned(op->rs2, imul) && vec_mask_ok(op, op->rs2) &&
           (store ? sew == ieew || !vec_overlap(op->rd, vec_regs(lmul), op->rs2, vec_regs(imul))
                  : vec_dest_ok(op->rd, lmul, sew, op->rs2, imul, ieew)) &&
           riscv_vec_emit(b, op, &v, JIT_NONE, A);
}

/* ---- Reductions: vd and vs1 are single registers ---- */

FORM(reduce)
{
    IRVec v = riscv_vec(c, op, kind);

    return vec_aligned(op->rs2, c->cfg.lmul) && vec_mask_ok(op, op->rs2) && vec_mask_ok(op, op->rs1) &&
           riscv_vec_emit(b, op, &v, JIT_NONE, JIT_NONE);
}

/* ---- Masks ---- */

FORM(mask_logic)
{
    IRVec v = riscv_vec(c, op, kind);

    v.size = 0;
    v.masked = false;
    return riscv_vec_emit(b, op, &v, JIT_NONE, JIT_NONE);
}

FORM(mask_count)
{
    IRVec v = riscv_vec(c, op, kind);

    v.size = 0;
    return riscv_vec_emit(b, op, &v, D, JIT_NONE);
}

/* ---- Floating point ---- */

static IRVec fp(const VecShape *c, const TCGOp *op, unsigned kind)
{
    IRVec v = riscv_vec(c, op, kind);

    v.fast_offset = offsetof(CPURISCVState, fp_fast);
    _Static_assert(offsetof(CPURISCVState, fp_fast_fma) == offsetof(CPURISCVState, fp_fast) + 1,
                   "IRVec.fast_offset is of both");
    return v;
}

static bool has_fp(const VecShape *c)
{
    return c->cfg.sew >= 2 && (c->cfg.fp >> c->cfg.sew & 1);
}

FORM(fp_vv)
{
    IRVec v = fp(c, op, kind);

    return has_fp(c) && legal(op, c, op->rd | op->rs2 | op->rs1, op->rs1) &&
           riscv_vec_emit(b, op, &v, JIT_NONE, JIT_NONE);
}

FORM(fp_vf)
{
    IRVec v = fp(c, op, kind);

    scalar(&v, IRV_FLOAT, 0);
    return has_fp(c) && legal(op, c, op->rd | op->rs2, 1) && riscv_vec_emit(b, op, &v, JIT_NONE, FA);
}

FORM(fp_v)
{
    IRVec v = fp(c, op, kind);

    v.from = IRV_NONE;
    return has_fp(c) && legal(op, c, op->rd | op->rs2, 1) && riscv_vec_emit(b, op, &v, JIT_NONE, JIT_NONE);
}

FORM(fp_compare_vv)
{
    IRVec v = fp(c, op, kind);

    return has_fp(c) && compare(b, op, c, &v, JIT_NONE);
}

FORM(fp_compare_vf)
{
    IRVec v = fp(c, op, kind);

    scalar(&v, IRV_FLOAT, 0);
    return has_fp(c) && compare(b, op, c, &v, FA);
}

FORM(fp_reduce)
{
    IRVec v = fp(c, op, kind);

    return has_fp(c) && vec_aligned(op->rs2, c->cfg.lmul) && vec_mask_ok(op, op->rs2) &&
           vec_mask_ok(op, op->rs1) && riscv_vec_emit(b, op, &v, JIT_NONE, JIT_NONE);
}

FORM(fp_move)
{
    IRVec v = fp(c, op, kind);

    scalar(&v, IRV_FLOAT, 0);
    return has_fp(c) && legal(op, c, op->rd | op->rs2, 1) && riscv_vec_emit(b, op, &v, JIT_NONE, FA);
}

FORM(to_f)
{
    IRVec v = fp(c, op, IRV_to_float);

    element(&v, c);
    return has_fp(c) && riscv_vec_emit(b, op, &v, FD, JIT_NONE);
}

FORM(from_f)
{
    IRVec v = fp(c, op, IRV_from_float);

    v.from = IRV_FLOAT;
    element(&v, c);
    return has_fp(c) && riscv_vec_emit(b, op, &v, JIT_NONE, FA);
}

/* ---- The rows ---- */

#define R(name, form, what) [INSN_##name] = { form, what },
#define VX(n) R(v##n##_vv, vv, IRV_##n) R(v##n##_vx, vx, IRV_##n)
#define VXI(n) VX(n) R(v##n##_vi, vi, IRV_##n)
#define CMP_VX(n) R(vm##n##_vv, compare_vv, IRV_##n) R(vm##n##_vx, compare_vx, IRV_##n)
#define CMP_VXI(n) CMP_VX(n) R(vm##n##_vi, compare_vi, IRV_##n)
#define FVF(n) R(v##n##_vv, fp_vv, IRV_##n) R(v##n##_vf, fp_vf, IRV_##n)
#define FCMP(n) R(vm##n##_vv, fp_compare_vv, IRV_##n) R(vm##n##_vf, fp_compare_vf, IRV_##n)
#define MEMORY(bits, eew)                                                                   \
    R(vle##bits##_v, memory, eew) R(vle##bits##ff_v, memory, eew) R(vse##bits##_v, memory, 4 | eew) \
    R(vlse##bits##_v, strided, eew) R(vsse##bits##_v, strided, 4 | eew)                     \
    R(vluxei##bits##_v, indexed, eew) R(vloxei##bits##_v, indexed, eew)                     \
    R(vsuxei##bits##_v, indexed, 4 | eew) R(vsoxei##bits##_v, indexed, 4 | eew)
#define WHOLE(n)                                                                            \
    R(vl##n##re8_v, whole_memory, n) R(vl##n##re16_v, whole_memory, n)                      \
    R(vl##n##re32_v, whole_memory, n) R(vl##n##re64_v, whole_memory, n)                     \
    R(vs##n##r_v, whole_memory, 64 | n) R(vmv##n##r_v, whole_move, n)
#define RED(n) R(v##n##_vs, reduce, IRV_##n)
#define MASK(n) R(vm##n##_mm, mask_logic, IRV_m##n)

static const EmitVecRow rows[INSN_NR] = {
    MEMORY(8, 0) MEMORY(16, 1) MEMORY(32, 2) MEMORY(64, 3)
    WHOLE(1) WHOLE(2) WHOLE(4) WHOLE(8)
    VXI(add) VX(sub) R(vrsub_vx, vx, IRV_rsub) R(vrsub_vi, vi, IRV_rsub)
    VXI(and) VXI(or) VXI(xor) VX(minu) VX(min) VX(maxu) VX(max)
    VXI(sll) VXI(srl) VXI(sra) VX(mul) VX(mulh) VX(mulhu)
    VX(macc) VX(nmsac) VX(madd) VX(nmsub)
    CMP_VXI(seq) CMP_VXI(sne) CMP_VXI(sleu) CMP_VXI(sle) CMP_VX(sltu) CMP_VX(slt)
    R(vmsgtu_vx, compare_vx, IRV_sgtu) R(vmsgtu_vi, compare_vi, IRV_sgtu)
    R(vmsgt_vx, compare_vx, IRV_sgt) R(vmsgt_vi, compare_vi, IRV_sgt)
    R(vmv_v_v, move_v, IRV_mov) R(vmv_v_x, move_x, IRV_mov) R(vmv_v_i, move_i, IRV_mov)
    R(vmerge_vvm, vv, IRV_merge) R(vmerge_vxm, vx, IRV_merge) R(vmerge_vim, vi, IRV_merge)
    R(vzext_vf2, extend, 1) R(vzext_vf4, extend, 2) R(vzext_vf8, extend, 3)
    R(vsext_vf2, extend, 5) R(vsext_vf4, extend, 6) R(vsext_vf8, extend, 7)
    R(vmv_x_s, to_x, 0) R(vmv_s_x, from_x, 0)
    RED(redsum) RED(redand) RED(redor) RED(redxor) RED(redminu) RED(redmin) RED(redmaxu) RED(redmax)
    MASK(and) MASK(nand) MASK(andn) MASK(xor) MASK(or) MASK(nor) MASK(orn) MASK(xnor)
    R(vcpop_m, mask_count, IRV_mcount) R(vfirst_m, mask_count, IRV_mfirst)
    FVF(fadd) FVF(fsub) R(vfrsub_vf, fp_vf, IRV_frsub) FVF(fmul) FVF(fdiv) R(vfrdiv_vf, fp_vf, IRV_frdiv)
    R(vfsqrt_v, fp_v, IRV_fsqrt) FVF(fmin) FVF(fmax) FVF(fsgnj) FVF(fsgnjn) FVF(fsgnjx)
    FVF(fmacc) FVF(fmsac) FVF(fnmacc) FVF(fnmsac) FVF(fmadd) FVF(fmsub) FVF(fnmadd) FVF(fnmsub)
    FCMP(feq) FCMP(fne) FCMP(flt) FCMP(fle)
    R(vmfgt_vf, fp_compare_vf, IRV_fgt) R(vmfge_vf, fp_compare_vf, IRV_fge)
    R(vfredusum_vs, fp_reduce, IRV_fredsum) R(vfredosum_vs, fp_reduce, IRV_fredsum)
    R(vfmv_v_f, fp_move, IRV_mov) R(vfmerge_vfm, fp_move, IRV_merge)
    R(vfmv_f_s, to_f, 0) R(vfmv_s_f, from_f, 0)
};

EmitVecRow riscv_emit_vec_row(unsigned row)
{
    return row < INSN_NR ? rows[row] : (EmitVecRow){ NULL, 0 };
}
