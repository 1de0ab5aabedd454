/*
 * Vector loads and stores. vstart names the element being moved whenever the next access may trap, so
 * that the instruction goes on there afterwards.
 *
 * Unit-stride ones move what lies in a page at once, through the TLB's entry for the page; where
 * there is none (a miss, a device, a page with code or a watchpoint) one element goes the scalar
 * way, which also brings the entry in.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/vector/vec.h"

#define NF (op->insn >> 29)

/* Which registers hold the elements, and how wide these are. */
typedef struct Shape {
    unsigned eew;  /* log2 of bytes */
    unsigned regs; /* of a field */
    unsigned nf;   /* fields, 1 to 8 */
} Shape;

static Shape shape(CPURISCVState *env, const TCGOp *op, unsigned eew)
{
    int emul = (int)eew - env->vcfg.sew + env->vcfg.lmul;
    Shape s = { .eew = eew, .regs = vec_regs(emul), .nf = NF + 1 };

    vec_require(env, op, env->vcfg.vlmax && vec_aligned(op->rd, emul) && s.nf * s.regs <= 8 &&
                             op->rd + s.nf * s.regs <= 32 && vec_mask_ok(op, op->rd));
    return s;
}

static inline void load_element(CPURISCVState *env, void *reg, unsigned eew, unsigned i, vaddr va)
{
    switch (eew) {
    case 0:
        ((uint8_t *)reg)[i] = tcg_ld8(env, va);
        break;
    case 1:
        ((uint16_t *)reg)[i] = tcg_ld16(env, va);
        break;
    case 2:
        ((uint32_t *)reg)[i] = tcg_ld32(env, va);
        break;
    default:
        ((uint64_t *)reg)[i] = tcg_ld64(env, va);
        break;
    }
}

static inline void store_element(CPURISCVState *env, const void *reg, unsigned eew, unsigned i,
                                 vaddr va)
{
    switch (eew) {
    case 0:
        tcg_st8(env, va, ((const uint8_t *)reg)[i]);
        break;
    case 1:
        tcg_st16(env, va, ((const uint16_t *)reg)[i]);
        break;
    case 2:
        tcg_st32(env, va, ((const uint32_t *)reg)[i]);
        break;
    default:
        tcg_st64(env, va, ((const uint64_t *)reg)[i]);
        break;
    }
}

/* Copies of the usual sizes are a few instructions, not a call. */
static inline void copy(void *d, const void *s, size_t n)
{
    switch (n) {
    case 16:
        memcpy(d, s, 16);
        break;
    case 32:
        memcpy(d, s, 32);
        break;
    case 64:
        memcpy(d, s, 64);
        break;
    default:
        memcpy(d, s, n);
        break;
    }
}

/* Elements from va on that lie in its page. */
static inline unsigned in_page(vaddr va, unsigned eew, unsigned n)
{
    unsigned room = (unsigned)((TARGET_PAGE_SIZE - (va & ~TARGET_PAGE_MASK)) >> eew);

    return MIN(room, n);
}

static inline void load_unit(CPURISCVState *env, uint8_t *reg, vaddr base, unsigned eew, unsigned n)
{
    for (unsigned i = (unsigned)env->vstart; i < n;) {
        vaddr va = base + ((vaddr)i << eew);
        unsigned count = in_page(va, eew, n - i);
        const TLBEntry *e = tlb_entry(env->tcg.tlb, va);

        if (likely(count && (va & TARGET_PAGE_MASK) == e->tag[MMU_LOAD])) {
            copy(reg + ((size_t)i << eew), (const void *)(uintptr_t)(va + e->addend),
                 (size_t)count << eew);
            i += count;
        } else {
            env->vstart = i;
            load_element(env, reg, eew, i++, va);
        }
    }
}

static inline void store_unit(CPURISCVState *env, const uint8_t *reg, vaddr base, unsigned eew,
                              unsigned n)
{
    for (unsigned i = (unsigned)env->vstart; i < n;) {
        vaddr va = base + ((vaddr)i << eew);
        unsigned count = in_page(va, eew, n - i);
        const TLBEntry *e = tlb_entry(env->tcg.tlb, va);

        if (likely(count && (va & TARGET_PAGE_MASK) == tlb_store_tag(e))) {
            copy((void *)(uintptr_t)(va + e->addend), reg + ((size_t)i << eew),
                 (size_t)count << eew);
            i += count;
        } else {
            env->vstart = i;
            store_element(env, reg, eew, i++, va);
        }
    }
}

/* The address of element i. */
typedef struct Walk {
    vaddr base;
    uint64_t stride;
    const void *index; /* NULL: by the stride */
    unsigned index_eew;
} Walk;

static inline vaddr walk_at(const Walk *w, unsigned i)
{
    return w->base + (w->index ? vec_get(w->index, w->index_eew, i) : i * w->stride);
}

static inline void each(CPURISCVState *env, const TCGOp *op, const Shape *s, const Walk *w, bool store)
{
    unsigned n = (unsigned)env->vl, step = s->regs * env->vcfg.vlenb;
    uint8_t *reg = VRD;

    for (unsigned i = (unsigned)env->vstart; i < n; i++) {
        if (!vec_active(env, op, i))
            continue;
        env->vstart = i;
        vaddr va = walk_at(w, i);
        for (unsigned f = 0; f < s->nf; f++, va += 1ULL << s->eew) {
            if (store)
                store_element(env, reg + f * step, s->eew, i, va);
            else
                load_element(env, reg + f * step, s->eew, i, va);
        }
    }
}

/* One copy of the loop for each width. */
static void each_load(CPURISCVState *env, const TCGOp *op, const Shape *s, const Walk *w)
{
    Shape k = *s;

    switch (s->eew) {
    case 0:
        k.eew = 0;
        each(env, op, &k, w, false);
        break;
    case 1:
        k.eew = 1;
        each(env, op, &k, w, false);
        break;
    case 2:
        k.eew = 2;
        each(env, op, &k, w, false);
        break;
    default:
        k.eew = 3;
        each(env, op, &k, w, false);
        break;
    }
    vec_done(env);
}

static void each_store(CPURISCVState *env, const TCGOp *op, const Shape *s, const Walk *w)
{
    Shape k = *s;

    switch (s->eew) {
    case 0:
        k.eew = 0;
        each(env, op, &k, w, true);
        break;
    case 1:
        k.eew = 1;
        each(env, op, &k, w, true);
        break;
    case 2:
        k.eew = 2;
        each(env, op, &k, w, true);
        break;
    default:
        k.eew = 3;
        each(env, op, &k, w, true);
        break;
    }
    vec_done(env);
}

/* ---- Segments that follow one another: those that lie in a page at once ---- */

/* count segments between memory and the elements at reg of nf fields, step bytes apart. */
#define SEGMENTS(bits)                                                                      \
    static inline void segments##bits(uint8_t *reg, uint8_t *mem, unsigned nf, unsigned step, \
                                      unsigned count, bool store)                           \
    {                                                                                       \
        for (unsigned f = 0; f < nf; f++) {                                                 \
            uint##bits##_t *r = (uint##bits##_t *)(reg + f * step);                         \
            uint##bits##_t *m = (uint##bits##_t *)mem + f;                                  \
            for (unsigned i = 0; i < count; i++)                                            \
                if (store)                                                                  \
                    m[(size_t)i * nf] = r[i];                                               \
                else                                                                        \
                    r[i] = m[(size_t)i * nf];                                               \
        }                                                                                   \
    }                                                                                       \
    static void all_segments##bits(uint8_t *reg, uint8_t *mem, unsigned nf, unsigned step,  \
                                   unsigned count, bool store)                              \
    {                                                                                       \
        if (nf == 2 && store)                                                               \
            segments##bits(reg, mem, 2, step, count, true);                                 \
        else if (nf == 2)                                                                   \
            segments##bits(reg, mem, 2, step, count, false);                                \
        else if (nf == 3 && store)                                                          \
            segments##bits(reg, mem, 3, step, count, true);                                 \
        else if (nf == 3)                                                                   \
            segments##bits(reg, mem, 3, step, count, false);                                \
        else if (nf == 4 && store)                                                          \
            segments##bits(reg, mem, 4, step, count, true);                                 \
        else if (nf == 4)                                                                   \
            segments##bits(reg, mem, 4, step, count, false);                                \
        else                                                                                \
            segments##bits(reg, mem, nf, step, count, store);                               \
    }
SEGMENTS(8)
SEGMENTS(16)
SEGMENTS(32)
SEGMENTS(64)

static void segments(CPURISCVState *env, const TCGOp *op, const Shape *s, vaddr base, bool store)
{
    static void (*const move[4])(uint8_t *, uint8_t *, unsigned, unsigned, unsigned, bool) = {
        all_segments8, all_segments16, all_segments32, all_segments64,
    };
    unsigned n = (unsigned)env->vl, step = s->regs * env->vcfg.vlenb, size = s->nf << s->eew;

    for (unsigned i = (unsigned)env->vstart; i < n;) {
        vaddr va = base + (vaddr)i * size;
        unsigned room = (unsigned)(TARGET_PAGE_SIZE - (va & ~TARGET_PAGE_MASK)) / size;
        const TLBEntry *e = tlb_entry(env->tcg.tlb, va);
        uint8_t *reg = VRD + ((size_t)i << s->eew);

        if (likely(room && !(va & ((1u << s->eew) - 1)) &&
                   (va & TARGET_PAGE_MASK) == (store ? tlb_store_tag(e) : e->tag[MMU_LOAD]))) {
            unsigned count = MIN(room, n - i);
            move[s->eew](reg, (uint8_t *)(uintptr_t)(va + e->addend), s->nf, step, count, store);
            i += count;
            continue;
        }
        env->vstart = i++;
        for (unsigned f = 0; f < s->nf; f++, va += 1ULL << s->eew) {
            if (store)
                store_element(env, reg + f * step, s->eew, 0, va);
            else
                load_element(env, reg + f * step, s->eew, 0, va);
        }
    }
    vec_done(env);
}

/* ---- Unit stride ---- */

static inline void unit_load(CPURISCVState *env, const TCGOp *op, unsigned eew)
{
    Shape s = shape(env, op, eew);

    if (likely(UNMASKED(op) && s.nf == 1)) {
        load_unit(env, VRD, RS1, eew, (unsigned)env->vl);
        vec_done(env);
        return;
    }
    if (UNMASKED(op))
        segments(env, op, &s, RS1, false);
    else
        each_load(env, op, &s, &(Walk){ .base = RS1, .stride = (uint64_t)s.nf << eew });
}

static inline void unit_store(CPURISCVState *env, const TCGOp *op, unsigned eew)
{
    Shape s = shape(env, op, eew);

    if (likely(UNMASKED(op) && s.nf == 1)) {
        store_unit(env, VRD, RS1, eew, (unsigned)env->vl);
        vec_done(env);
        return;
    }
    if (UNMASKED(op))
        segments(env, op, &s, RS1, true);
    else
        each_store(env, op, &s, &(Walk){ .base = RS1, .stride = (uint64_t)s.nf << eew });
}

/* All fields are there before any is written: a segment that traps leaves what was. The manual lets a part
 * of it be loaded, too (norm:vector_ff_seg_partial_access). */
static void load_whole(CPURISCVState *env, uint8_t *reg, const Shape *s, unsigned step, vaddr va)
{
    uint64_t field[8];

    for (unsigned f = 0; f < s->nf; f++)
        load_element(env, &field[f], s->eew, 0, va + ((vaddr)f << s->eew));
    for (unsigned f = 0; f < s->nf; f++)
        memcpy(reg + f * step, &field[f], 1u << s->eew);
}

/* Whether a segment can be loaded. Only an entry of the TLB says something about a whole page: PMP may
 * have cut it. What it answers depends on an access' size, so fields are asked for one by one. */
static bool loadable(CPURISCVState *env, const Shape *s, vaddr va)
{
    vaddr last = va + (s->nf << s->eew) - 1;

    if (likely((va & TARGET_PAGE_MASK) == tlb_entry(env->tcg.tlb, va)->tag[MMU_LOAD] &&
               (va & TARGET_PAGE_MASK) == (last & TARGET_PAGE_MASK)))
        return true;
    for (unsigned f = 0; f < s->nf; f++)
        if (!tcg_probe_load(env, va + ((vaddr)f << s->eew), 1u << s->eew))
            return false;
    return true;
}

/* Fault-only-first: an element after the first that would trap ends the load, and vl says where. */
static void first_load(CPURISCVState *env, const TCGOp *op, unsigned eew)
{
    Shape s = shape(env, op, eew);
    unsigned n = (unsigned)env->vl, step = s.regs * env->vcfg.vlenb, size = s.nf << eew;

    for (unsigned i = (unsigned)env->vstart; i < n; i++) {
        vaddr va = RS1 + (vaddr)i * size;

        if (!vec_active(env, op, i))
            continue;
        env->vstart = i;
        if (i == 0) {
            load_whole(env, VRD, &s, step, va);
            continue;
        }
        if (!loadable(env, &s, va)) {
            env->vl = i;
            break;
        }
        for (unsigned f = 0; f < s.nf; f++)
            load_element(env, VRD + f * step, eew, i, va + ((vaddr)f << eew));
    }
    vec_done(env);
}

#define STRIDED(env, op, eew, how)                                                          \
    {                                                                                       \
        Shape s = shape(env, op, eew);                                                      \
        how(env, op, &s, &(Walk){ .base = RS1, .stride = RS2 });                            \
    }

#define UNIT_BODIES(bits, eew)                                                              \
    EXEC(vle##bits##_v) { unit_load(env, op, eew); }                                        \
    EXEC(vse##bits##_v) { unit_store(env, op, eew); }                                       \
    EXEC(vle##bits##ff_v) { first_load(env, op, eew); }                                     \
    EXEC(vlse##bits##_v) STRIDED(env, op, eew, each_load)                                   \
    EXEC(vsse##bits##_v) STRIDED(env, op, eew, each_store)
UNIT_BODIES(8, 0)
UNIT_BODIES(16, 1)
UNIT_BODIES(32, 2)
UNIT_BODIES(64, 3)

/* ---- Indexed: elements of SEW, indices of the width that the instruction names ---- */

static Shape indexed(CPURISCVState *env, const TCGOp *op, unsigned ieew, bool load)
{
    Shape s = shape(env, op, env->vcfg.sew);
    int imul = (int)ieew - env->vcfg.sew + env->vcfg.lmul;

    vec_require(env, op, vec_aligned(op->rs2, imul) && vec_mask_ok(op, op->rs2));
    if (load && s.nf > 1)
        vec_require(env, op, !vec_overlap(op->rd, s.nf * s.regs, op->rs2, vec_regs(imul)));
    else if (load)
        vec_require(env, op, vec_dest_ok(op->rd, env->vcfg.lmul, s.eew, op->rs2, imul, ieew));
    else /* a register is read with one width only */
        vec_require(env, op, s.eew == ieew || !vec_overlap(op->rd, s.nf * s.regs, op->rs2,
                                                           vec_regs(imul)));
    return s;
}

#define INDEXED(bits, ieew, order)                                                          \
    EXEC(vl##order##xei##bits##_v)                                                          \
    {                                                                                       \
        Shape s = indexed(env, op, ieew, true);                                             \
        each_load(env, op, &s, &(Walk){ .base = RS1, .index = VRS2, .index_eew = ieew });   \
    }                                                                                       \
    EXEC(vs##order##xei##bits##_v)                                                          \
    {                                                                                       \
        Shape s = indexed(env, op, ieew, false);                                            \
        each_store(env, op, &s, &(Walk){ .base = RS1, .index = VRS2, .index_eew = ieew });  \
    }
#define INDEXED_BODIES(bits, ieew) INDEXED(bits, ieew, u) INDEXED(bits, ieew, o)
INDEXED_BODIES(8, 0)
INDEXED_BODIES(16, 1)
INDEXED_BODIES(32, 2)
INDEXED_BODIES(64, 3)

/* ---- Masks and whole registers: lengths of their own ---- */

EXEC(vlm_v)
{
    vec_require(env, op, env->vcfg.vlmax);
    load_unit(env, VRD, RS1, 0, (unsigned)(env->vl + 7) / 8);
    vec_done(env);
}

EXEC(vsm_v)
{
    vec_require(env, op, env->vcfg.vlmax);
    store_unit(env, VRD, RS1, 0, (unsigned)(env->vl + 7) / 8);
    vec_done(env);
}

/* Not even vtype matters; the width is that of vstart's elements. */
#define WHOLE_LOAD(n, bits, eew)                                                            \
    EXEC(vl##n##re##bits##_v)                                                               \
    {                                                                                       \
        vec_require(env, op, !(op->rd & (n - 1)));                                          \
        load_unit(env, VRD, RS1, eew, n * env->vcfg.vlenb >> eew);                          \
        vec_done(env);                                                                      \
    }
#define WHOLE_BODIES(n)                                                                     \
    WHOLE_LOAD(n, 8, 0)                                                                     \
    WHOLE_LOAD(n, 16, 1)                                                                    \
    WHOLE_LOAD(n, 32, 2)                                                                    \
    WHOLE_LOAD(n, 64, 3)                                                                    \
    EXEC(vs##n##r_v)                                                                        \
    {                                                                                       \
        vec_require(env, op, !(op->rd & (n - 1)));                                          \
        store_unit(env, VRD, RS1, 0, n * env->vcfg.vlenb);                                  \
        vec_done(env);                                                                      \
    }
WHOLE_BODIES(1)
WHOLE_BODIES(2)
WHOLE_BODIES(4)
WHOLE_BODIES(8)
