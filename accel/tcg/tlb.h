/*
 * The soft TLB behind the inline fast path: one context per translation regime, each with a direct-mapped
 * table, a few victims, and what the fast entries cannot hold.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_TCG_TLB_H
#define VIREO_ACCEL_TCG_TLB_H

#include "accel/tcg/tcg-cpu.h"

/* Tag bits. None below bit 3: a misaligned address must not match one. */
enum {
    TLB_INVALID = 1 << 11, /* not there, or not for this kind of access */
    TLB_SLOW = 1 << 10,    /* there, but not plain RAM: through the bus */
    TLB_CODE = 1 << 9,     /* store: must be noticed, see ram_block_page_watched() */
    TLB_WATCH = 1 << 8,    /* load, store: a watchpoint is on the page */
};
#define TLB_TAG_NONE (~0ULL & ~7ULL)

typedef struct TLBFull {
    hwaddr pa;          /* of the page */
    RAMBlock *block;    /* NULL unless plain RAM or ROM */
    uint64_t offset;    /* of the page in block */
    uint8_t page_bits;
    bool global;
    bool readonly;
} TLBFull;

#define TLB_VICTIMS 8
#define TLB_BITS_MIN 8   /* log2 of a table's entries */
#define TLB_BITS_FRESH 10 /* of one that held another address space, at most */
#define TLB_BITS_MAX 16

/* What one leaf says of more than a page: other pages of it are entered without a walk. */
typedef struct TLBLarge {
    vaddr va;            /* of the piece; TLB_TAG_NONE: there is none */
    hwaddr pa;
    unsigned bits;       /* log2 of its size */
    unsigned prot;
    unsigned page_bits;  /* of the mapping it is part of */
    bool global;
} TLBLarge;
#define TLB_LARGES 32
#define TLB_LARGE_BITS 21 /* pieces are this size at most, and found by these upper bits */

/* Bits by GiB, and by piece of TLB_LARGE_BITS, modulo their number. */
typedef struct TLBLargeMap {
    uint64_t gib;
    uint64_t piece[8];
} TLBLargeMap;

/* Pages that may be among some, by a hash of their address. */
#define TLB_PAGE_SET 4096
typedef struct TLBPageSet {
    uint64_t word[TLB_PAGE_SET / 64];
} TLBPageSet;

typedef struct TLBContext {
    TLBKey key;
    bool live;           /* key is valid */
    uint32_t gen;        /* since the last flush; 0: none given yet */
    uint64_t last_use;
    TLBEntry *fast;
    unsigned bits;       /* fast has 1 << bits entries */
    TLBFull *full;       /* parallel to fast */
    uint64_t *used;      /* which entries may be valid, by bit */
    uint64_t *global;    /* which of these are global for sure */
    unsigned n_evicted;  /* since this many instructions had retired: */
    uint64_t icount;
    TLBEntry victim[TLB_VICTIMS];
    TLBFull victim_full[TLB_VICTIMS];
    unsigned next_victim;
    bool any_victim, any_large;
    TLBLarge large[TLB_LARGES];
    TLBLargeMap large_at[2]; /* where mappings larger than a page may be, in each half of the addresses */
    bool any_huge;       /* larger than TLB_LARGE_BITS */
    /* Of mappings of one page: what was entered since all was flushed, and what of it is code. Wherever
     * such a page is remembered (entries, victims, windows, tags of the jump cache), it is here. */
    TLBPageSet seen, seen_code;
} TLBContext;

static inline unsigned tlb_index(const TLBContext *ctx, vaddr va)
{
    return (unsigned)(va >> TARGET_PAGE_BITS) & ((1u << ctx->bits) - 1);
}

static inline unsigned tlb_page_hash(vaddr va)
{
    uint64_t page = va >> TARGET_PAGE_BITS;

    return (unsigned)(page ^ page >> 12 ^ page >> 24) & (TLB_PAGE_SET - 1);
}

static inline void tlb_page_add(TLBPageSet *s, vaddr va)
{
    unsigned n = tlb_page_hash(va);

    s->word[n / 64] |= 1ULL << (n % 64);
}

static inline bool tlb_page_in(const TLBPageSet *s, vaddr va)
{
    unsigned n = tlb_page_hash(va);

    return s->word[n / 64] >> (n % 64) & 1;
}

static inline uint64_t *tlb_large_word(TLBLargeMap *map, vaddr va, uint64_t *bit)
{
    *bit = 1ULL << (va >> TLB_LARGE_BITS & 63);
    return &map->piece[(va >> TLB_LARGE_BITS >> 6 ^ va >> 30 >> 3) & 7];
}

/* A mapping larger than a page was entered. */
static inline void tlb_note_large(TLBContext *ctx, vaddr va, unsigned page_bits)
{
    TLBLargeMap *map = &ctx->large_at[va >> 63];
    uint64_t bit, *word = tlb_large_word(map, va, &bit);

    map->gib |= 1ULL << (va >> 30 & 63);
    *word |= bit;
    if (page_bits > TLB_LARGE_BITS) {
        memset(map->piece, 0xff, sizeof(map->piece));
        ctx->any_huge = true;
    }
    if (page_bits > 30)
        memset(ctx->large_at, 0xff, sizeof(ctx->large_at));
}

/* Whether one may be that covers va. Halves have maps of their own, or a kernel, which is mapped by large
 * pages, would be found at all that programs flush. */
static inline bool tlb_large_near(TLBContext *ctx, vaddr va)
{
    TLBLargeMap *map = &ctx->large_at[va >> 63];
    uint64_t bit, *word = tlb_large_word(map, va, &bit);

    if (ctx->key.ignored)
        return (ctx->large_at[0].gib | ctx->large_at[1].gib) != 0;
    return (map->gib >> (va >> 30 & 63) & 1) && (*word & bit);
}

/* An entry comes into being: what flushes have to know of it. */
static inline void tlb_note_entry(TLBContext *ctx, vaddr va, const TLBEntry *e, unsigned page_bits)
{
    if (page_bits > TARGET_PAGE_BITS) {
        tlb_note_large(ctx, va, page_bits);
        return;
    }
    tlb_page_add(&ctx->seen, va);
    if (!(e->tag[MMU_FETCH] & TLB_INVALID))
        tlb_page_add(&ctx->seen_code, va);
}

/* fast and full of an entry were set. */
static inline void tlb_mark_used(TLBContext *ctx, unsigned index)
{
    uint64_t bit = 1ULL << (index % 64);

    ctx->used[index / 64] |= bit;
    ctx->global[index / 64] = (ctx->global[index / 64] & ~bit) | (ctx->full[index].global ? bit : 0);
}

#define TLB_CONTEXTS 16
#define TLB_ASID_BITS 16 /* of TLBKey.asid; above them is the VMID */
#define TLB_ROOT_MODE 60 /* of TLBKey.root: from this bit on it says how many levels there are */

struct CPUTLB {
    /* Taken by the owner to change entries, by other harts to mark store tags. A spin lock: both
     * hold it for a few hundred instructions at most. */
    uint32_t lock;
    TLBContext ctx[TLB_CONTEXTS];
    uint8_t hint[32];         /* indices into ctx: where to look first */
    unsigned nr_ctx;          /* allowed; fewer on machines with many harts */
    TLBContext *data, *fetch; /* current */
    uint64_t use_clock;
    uint32_t gen_clock;
    uint64_t n_fills, n_flushes, n_large, n_victim, n_resized;
    unsigned bits_max;        /* of a table; fewer on machines with many harts */
};

static inline void tlb_lock(CPUTLB *t)
{
    while (__atomic_exchange_n(&t->lock, 1, __ATOMIC_ACQUIRE)) {
        /* The holder may have lost its host CPU: do not burn ours. */
        for (unsigned i = 0; __atomic_load_n(&t->lock, __ATOMIC_RELAXED); i++) {
            if (i > 100)
                g_thread_yield();
        }
    }
}

static inline void tlb_unlock(CPUTLB *t)
{
    __atomic_store_n(&t->lock, 0, __ATOMIC_RELEASE);
}

/* The page an entry stands for, whichever of its tags is valid. TLB_TAG_NONE if none is. */
static inline uint64_t tlb_entry_page(const TLBEntry *e)
{
    for (int i = 0; i < 3; i++) {
        if (!(e->tag[i] & TLB_INVALID))
            return e->tag[i] & TARGET_PAGE_MASK;
    }
    return TLB_TAG_NONE;
}

/*
 * Windows of compiled code, in front of the table: the page that a base register was last used with. An
 * address less page is below room if up to 8 bytes may be accessed at the address plus addend. Only the
 * owner sets one; other threads may set room to 0. Whatever flushes entries closes windows, but an entry
 * that is evicted leaves its window open.
 */
#define TLB_GUESSES 32        /* the first: of loads that may stay on a page or not */
#define TLB_WINDOWS (TLB_GUESSES + 64)
#define TLB_WINDOW_ROOM 4089  /* 8 bytes fit below */
typedef struct TLBWindow {
    uint64_t page;
    uintptr_t addend;         /* as TLBEntry's */
    uint64_t room;            /* 0: closed */
    uint32_t left;            /* guesses: misses before it moves, closes or opens; by the host's clock, when */
    uint32_t time;            /* it last did */
} TLBWindow;

/* That of a base register, for loads or stores. Those of the stack pointer are nearest to the table, where
 * distances are short. */
static inline unsigned tlb_window_number(unsigned reg, bool store)
{
    enum { SP = 2 };

    return TLB_WINDOWS - 1 - 2 * ((reg - SP) & 31) - store;
}

static inline bool tlb_window_stores(unsigned number)
{
    return number >= TLB_GUESSES && number % 2 == 0;
}

/* What stands in front of a table. */
typedef struct TLBFront {
    TLBWindow window[TLB_WINDOWS];
    uint64_t pad[6];
    uint64_t any_guess;       /* one of the first TLB_GUESSES windows may be open */
    uint64_t mask;            /* tlb_mask() */
} TLBFront;

static inline TLBFront *tlb_front(TLBEntry *table)
{
    return (TLBFront *)table - 1;
}

static inline TLBWindow *tlb_windows(TLBEntry *table)
{
    return tlb_front(table)->window;
}

/* A table of 1 << bits entries, none valid, with full and used of a context behind it; NULL: the host
 * gives no memory. */
TLBEntry *tlb_table_new(unsigned bits);
void tlb_table_free(TLBEntry *table);
/* Gives ctx a table of that size with what the old one held. False: it keeps the old one. Lock held; the owner
 * calls tlb_use_tables() behind it. */
bool tlb_resize(CPUTLB *t, TLBContext *ctx, unsigned bits);
void tlb_use_tables(CPUArchState *env);

/* What an access found. */
typedef struct TLBProbe {
    uint8_t *host;      /* of va, or NULL: through the bus */
    hwaddr pa;          /* of va */
    RAMBlock *block;    /* with host */
    uint64_t offset;    /* of va in block */
    uintptr_t addend;   /* host minus va */
    TLBEntry *entry;    /* NULL: holds for this access only */
    bool code;          /* store to a page with code, or one that is logged */
    bool watch;         /* load or store on a page with a watchpoint */
} TLBProbe;

/* Translates one access that stays within a page, filling the TLB. False: the exception is
 * recorded in env. Owner's thread. */
bool tlb_probe(CPUArchState *env, vaddr va, MMUAccess access, unsigned size, TLBProbe *out);

/*
 * Where in TLBs the entries of a page of RAM may be: up to TLB_PLACES numbers of virtual pages, of which the
 * lower 16 bits are kept, and above them how many; one more than that means anywhere. 0: nowhere.
 */
typedef uint64_t TLBPlaces;
#define TLB_PLACES 3
#define TLB_ANYWHERE UINT64_MAX
_Static_assert(TLB_BITS_MAX <= 16, "TLBPlaces");

static inline unsigned tlb_places_nr(TLBPlaces p)
{
    return (unsigned)(p >> 16 * TLB_PLACES);
}

static inline TLBPlaces tlb_places_add(TLBPlaces p, vaddr va)
{
    uint64_t place = (uint16_t)(va >> TARGET_PAGE_BITS);
    unsigned n = tlb_places_nr(p);

    for (unsigned i = 0; i < n; i++) {
        if (n > TLB_PLACES || (uint16_t)(p >> 16 * i) == place)
            return p;
    }
    p += 1ULL << 16 * TLB_PLACES;
    return n < TLB_PLACES ? p | place << 16 * n : p;
}

/* Writes to this page of RAM must be noticed: marks the store tags of every entry that shows it.
 * Returns whether one did that let writes pass. Any thread. */
bool tlb_protect_page(CPUTLB *t, uintptr_t host_page, TLBPlaces places);
/* The same for a range of pages. */
void tlb_protect_range(CPUTLB *t, uintptr_t host, uint64_t len);
/* Unless writes to the page at out->block, out->offset are watched still, the owner's entry may be
 * quick again. */
void tlb_unprotect_entry(CPUArchState *env, const TLBProbe *out);

/* The next store to each page of the current context is to be noticed (verify=on). Owner's thread. */
void tlb_notice_stores(CPUArchState *env);

bool tlb_init(CPUArchState *env, unsigned nr_cpus, Error **errp);
void tlb_finalize(CPUArchState *env);

#endif
