/*
 * Fast forms of accesses to control and status registers: those that are nothing but their value, the
 * addresses of traps, sstatus. Who may access them is known from the block's mode; whatever else there
 * is to ask is asked by the body.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/emit.h"

#include "target/riscv/bits.h"
#include "target/riscv/csr.h"
#include "target/riscv/insn-fn.h"
#include "target/riscv/mode.h"

enum { CSR_FFLAGS = 0x001, CSR_FRM = 0x002, CSR_SSTATUS = 0x100 };

#define IN_ENV(field) ((unsigned)offsetof(CPURISCVState, field))

const JitStatus riscv_jit_sstatus = {
    .offset = IN_ENV(mstatus),
    .visible = SSTATUS_READ & ~MSTATUS_SD,
    .dirty = 1u << 14 | 1u << 10, /* FS, VS */
    .writable = SSTATUS_WRITE,
    .quick = MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP,
    .enable = MSTATUS_SIE,
    .barred = MSTATUS_SDT,
    /* Whatever riscv_next_interrupt() may find for S. */
    .idle = { IN_ENV(mip), IN_ENV(mip_sw), IN_ENV(mvip), IN_ENV(hvip), IN_ENV(hgeip) },
};

/* What an instruction asks for. */
typedef struct Access {
    unsigned csr;
    IRStatus how;
    unsigned d, v;   /* variables; JIT_NONE: not read; the operand is imm */
    int64_t imm;
} Access;

static bool decode(const TCGOp *op, Access *x)
{
    *x = (Access){ .csr = op->imm & 0xFFF, .d = D, .v = A, .imm = op->aux };
    switch (riscv_insn_body(op->row)) {
    case INSN_csrrwi:
        x->v = JIT_NONE;
        /* fall through */
    case INSN_csrrw:
        x->how = IR_STATUS_WRITE;
        return true;
    case INSN_csrrsi:
        x->v = JIT_NONE;
        /* fall through */
    case INSN_csrrs:
        x->how = IR_STATUS_SET;
        break;
    case INSN_csrrci:
        x->v = JIT_NONE;
        /* fall through */
    case INSN_csrrc:
        x->how = IR_STATUS_CLEAR;
        break;
    default:
        return false;
    }
    if (x->v == JIT_NONE ? !op->aux : !op->rs1)
        x->how = IR_STATUS_READ;
    return true;
}

/* Where the value is, and which of its bits can be read and written. False: the body knows more. */
typedef struct Place {
    unsigned offset;
    int64_t read_mask, write_mask;
} Place;

/* The addresses of traps: bit 0 is no bit of theirs, bit 1 is hidden without compressed instructions. */
static bool trap_address(const IRBuilder *b, unsigned offset, Place *p)
{
    bool compressed = ext_get(env_cpu(ir_env(b))->ext, EXT_ZCA) && !(ir_mode(b) & MODE_MISA_OFF_C);

    *p = (Place){ offset, compressed ? ~1LL : ~3LL, ~1LL };
    return true;
}

static bool find(const IRBuilder *b, unsigned csr, bool writes, Place *p)
{
    uint32_t mode = ir_mode(b);
    bool virt = mode & MODE_VIRT;

    /* A mode's own registers only: S and M have such. */
    if (((csr >> 8) & 3) != mode_priv(mode) || !mode_priv(mode))
        return false;
    if (csr == ((unsigned)mode_priv(mode) << 8 | 0x41))
        return trap_address(b, mode_priv(mode) == PRV_M ? IN_ENV(mepc)
                               : virt                   ? IN_ENV(vsepc)
                                                        : IN_ENV(sepc), p);
    *p = (Place){ riscv_csr_plain(csr, virt, writes), -1, -1 };
    return p->offset;
}

/* Flags are read and written, the rounding mode only read. What is the same stays as it is in the host. */
static bool float_csr(IRBuilder *b, const Access *x)
{
    bool reads = x->how == IR_STATUS_READ;

    if (!(ir_mode(b) & MODE_FS) || (ir_mode(b) & MODE_MISA_OFF_F) ||
        !ext_get(env_cpu(ir_env(b))->ext, EXT_F))
        return false;
    if (x->csr == CSR_FRM) {
        if (!reads || x->d == JIT_NONE)
            return false;
        ir_get(b, x->d, IN_ENV(frm), 7);
        return true;
    }
    if (reads && x->d != JIT_NONE) {
        riscv_emit_fflags(b, x->d, JIT_NONE);
        return true;
    }
    /* With V = 1 two registers have an FS. The old flags are written first. */
    if (x->how != IR_STATUS_WRITE || x->v == JIT_NONE || x->v == x->d || (ir_mode(b) & MODE_VIRT))
        return false;
    riscv_emit_fflags(b, x->d, x->v);
    return true;
}

bool riscv_emit_csr(IRBuilder *b, const TCGOp *op)
{
    Access x;
    Place p;

    if (!decode(op, &x))
        return false;
    if (x.csr == CSR_SSTATUS && (ir_mode(b) & (MODE_PRIV_MASK | MODE_VIRT)) == PRV_S) {
        if (x.how != IR_STATUS_READ || x.d != JIT_NONE)
            ir_status(b, x.how, x.d, x.v, x.imm);
        else
            ir_nothing(b);
        return true;
    }
    if (x.csr == CSR_FFLAGS || x.csr == CSR_FRM)
        return float_csr(b, &x);
    if (!find(b, x.csr, x.how != IR_STATUS_READ, &p))
        return false;
    if (x.how == IR_STATUS_READ) {
        if (x.d == JIT_NONE)
            ir_nothing(b);
        ir_get(b, x.d, p.offset, p.read_mask);
        return true;
    }
    if (x.how != IR_STATUS_WRITE)
        return false;
    if (x.v == JIT_NONE)
        x.imm &= p.write_mask;
    else
        x.imm = p.write_mask;
    if (x.d == JIT_NONE)
        ir_put(b, p.offset, x.v, x.imm);
    else
        ir_swap(b, x.d, p.offset, x.v, x.imm);
    return true;
}
