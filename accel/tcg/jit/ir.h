/*
 * The intermediate form of a region: a list of operations over variables, cut into blocks, with the
 * guest operations that they came from beside it.
 *
 * A region is made of translation blocks that lead to each other. It is entered at its first block
 * only; it is left by exits to known places, by looking up a computed one, or into the interpreter.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_TCG_JIT_IR_H
#define VIREO_ACCEL_TCG_JIT_IR_H

#include "accel/tcg/internal.h"
#include "accel/tcg/jit.h"

#define REGION_BLOCKS 32
#define REGION_EDGES 256
#define REGION_GROWTH 400     /* guest instructions: no more blocks */
#define REGION_REPEATS 100    /* the same, with what is compiled already */
#define REGION_PAGES 8
#define REGION_GUEST_OPS 768
#define REGION_INSNS 2048
#define REGION_VECS 512

typedef struct IRInsn {
    uint8_t op;        /* IROp */
    uint8_t d, a, b, c; /* variables; JIT_NONE: none, or for b the immediate */
    uint8_t size;      /* load, store, floating point: bytes */
    uint8_t sign;      /* load: sign-extends; floating point to integer: rounds towards zero;
                          lookup: how many edges from target on are tried first */
    uint8_t cond;      /* branch: IRCond; amo: IRAmo; status: IRStatus; floating point: bit of the byte at
                          target; lookup: IRLookup */
    uint16_t guest;    /* index into Region.guest: the instruction this is part of */
    uint16_t target;   /* branch, jump, lookup: index into Region.edges; vector: into Region.vec;
                          get, put, swap, floating point and others: offset in env */
    int64_t imm;       /* also IR_ROUND_* */
} IRInsn;

/* Of floating point to integer: the number is rounded so first. */
enum { IR_ROUND_DOWN = 1, IR_ROUND_UP };

/* An indirect jump. size: instructions of the block that end with it; the edges have none of their own. */
typedef enum IRLookup {
    LOOKUP_PLAIN,
    LOOKUP_CALL,       /* imm: what it will return to */
    LOOKUP_RETURN,
} IRLookup;

/* A guest operation, for what must know which one is being run: exceptions, calls of bodies. */
typedef struct GuestOp {
    TranslationBlock *tb;
    const TCGOp *op;
} GuestOp;

/* A way from one block to the next, or out. */
typedef struct RegionEdge {
    vaddr pc;          /* where to */
    int block;         /* in this region, or -1 */
    unsigned from;     /* the block that it leaves */
    uint16_t retired;  /* instructions of the block that end here */
    bool backward;     /* attention is looked at */
    bool cross_page;   /* the fetch TLB is looked at, also on the way to a block of the region */
    bool paired;       /* of a return: the call that it belongs to has pushed nothing */
} RegionEdge;

/* Bits of the state that are set, ir_fast_bit() of what the host may do, variables that are boxed. */
typedef struct RegionKnown {
    uint32_t set, fast;
    uint64_t boxed;
} RegionKnown;

/* Bits of a word, or byte, of env that must be set where the region is entered. */
typedef struct RegionNeed {
    uint16_t offset;
    bool byte;
    uint32_t bits;
} RegionNeed;

typedef struct RegionBlock {
    TranslationBlock *tb;
    unsigned first, end; /* in insns */
    uint64_t facts;      /* of the model, where it was first led to */
    RegionKnown known;   /* where it begins; see known.c */
} RegionBlock;

typedef struct Region {
    const TCGJitOps *model;
    TranslationBlock *head;
    unsigned n_blocks, n_edges, n_guest, n_insns, n_vecs;
    uint64_t facts;              /* see ir_facts() */
    unsigned n_promised;         /* guest instructions of the blocks taken in */
    unsigned n_pages;            /* that the blocks are on */
    vaddr pages[REGION_PAGES];
    uint64_t used, written;      /* variables, by bit */
    uint32_t weight[JIT_VARS];   /* how often a variable is named */
    unsigned n_needs;
    RegionNeed needs[7];         /* else the interpreter takes over */
    bool full;                   /* something did not fit: give up */
    RegionBlock blocks[REGION_BLOCKS];
    RegionEdge edges[REGION_EDGES];
    GuestOp guest[REGION_GUEST_OPS];
    IRInsn insns[REGION_INSNS];
    IRVec vec[REGION_VECS];
} Region;

struct IRBuilder {
    Region *r;
    CPUArchState *env; /* see ir_env() */
    unsigned guest;    /* of the instruction being emitted */
    unsigned edge;     /* of the branch being emitted */
    bool back;         /* the indirect jump being emitted is a return */
    bool (*has_vector)(const IRVec *v); /* of the back end; NULL: no vectors */
};

static inline unsigned region_var_offset(const Region *r, unsigned var)
{
    return var < JIT_FP ? r->model->x_offset + 8 * var : r->model->f_offset + 8 * (var - JIT_FP);
}

/* The bit of floating point's `bit` in RegionKnown.fast: fused multiplication and addition are apart. */
static inline uint32_t ir_fast_bit(unsigned op, unsigned bit)
{
    return 1u << bit << (op >= IR_fmadd && op <= IR_fnmadd ? 8 : 0);
}

/* ---- ir.c ---- */
/* Appends an operation to be filled in; r->full is set when there is no room. */
IRInsn *ir_append(IRBuilder *b, IROp op);
const char *ir_name(IROp op);
const char *ir_vec_name(IRVecOp op);
/* For -d op: the region as text. */
void ir_dump(const Region *r, GString *out);

/* ---- fold.c ---- */
/* The value of an OP2 or OP1 of constants. */
uint64_t ir_fold(IROp op, uint64_t a, uint64_t b);

/* ---- narrow.c ---- */
/* Sign extension of what is extended becomes a move, or nothing. set: the variables that are, by bit; before
 * i, then behind it. */
void ir_narrow(IRInsn *i, uint64_t *set);

/* ---- region.c ---- */
/* Collects the blocks that can be reached from head and puts them into r. False: not worth it. */
bool region_build(Region *r, TCGCPU *c, TranslationBlock *head,
                  bool (*has_vector)(const IRVec *v));

/* ---- known.c ---- */
/* Finds RegionBlock.known and Region.needs. */
void region_know(Region *r);
/* Finds the edges to other pages on which nothing needs to be looked at: cross_page is set no more. */
void region_know_pages(Region *r);

/* ---- opt.c ---- */
/* Constants are computed now; counts how often variables are named. */
void region_optimise(Region *r);

#endif
