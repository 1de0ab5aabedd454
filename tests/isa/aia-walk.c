/*
 * The AIA as software sees it: what the registers of both APLIC domains, of the interrupt files and of
 * the hart hold after walking ones and reserved values, what random sequences of legal operations do to
 * pending bits, messages and the top interrupt. aia-walk.py compares the output with another model's.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define APLIC_M 0xc000000ul
#define APLIC_S 0xd000000ul
#define SOURCECFG(d, n) ((d) + 4 * (n))
#define TARGET(d, n) ((d) + 0x3000 + 4 * (n))
#define MSIADDRCFG 0x1bc0
#define SETIP 0x1c00
#define SETIPNUM 0x1cdc
#define IN_CLRIP 0x1d00
#define CLRIPNUM 0x1ddc
#define SETIE 0x1e00
#define SETIENUM 0x1edc
#define CLRIE 0x1f00
#define CLRIENUM 0x1fdc
#define SETIPNUM_LE 0x2000
#define GENMSI 0x3000
#define IDC(d, hart) ((d) + 0x4000 + 32 * (hart))
#define DELEGATE 0x400
#define UART_SOURCE 10

#define IMSIC_M 0x24000000ul
#define IMSIC_S 0x28000000ul
#define GUEST_BITS 2 /* aia-guests=3 */
#define EIDELIVERY 0x70
#define EITHRESHOLD 0x72
#define EIP 0x80
#define EIE 0xc0

enum { FILE_M, FILE_S, FILE_1 }; /* FILE_1 and following: of guests */

/* aia-walk.py finds the first word in the file, and says what a model has not got. */
static volatile struct {
    u64 magic;
    u64 no_lcofi; /* in mie: QEMU 10 */
    u64 no_level; /* there pending bits of level-sensitive sources do not fall with the line */
} params = { .magic = 0x6b6c61772d616961 };

static bool has_imsic;
static u64 random_state;
static const char *domain; /* of the lines to come */

/* ---- Output: kept back, since the UART's line is an input of the APLIC ---- */

static char text[1 << 20];
static u64 used;

static void str(const char *s)
{
    while (*s && used < sizeof(text) - 1) {
        text[used++] = *s++;
    }
}

static void hex(const char *name, u64 v)
{
    char digits[20];
    unsigned n = 19;

    digits[n] = 0;
    do {
        digits[--n] = "0123456789abcdef"[v & 15];
        v >>= 4;
    } while (v);
    str(" ");
    str(name);
    str(digits + n);
}

static void flush(void)
{
    st8(UART + 1, 0);
    text[used] = 0;
    puts(text);
    used = 0;
}

static u64 random64(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static u64 below(u64 n)
{
    return (random64() >> 16) % n;
}

/* ---- Registers in memory ---- */

/* What all ones, nothing, and each bit alone leave; f: which of them trapped. */
static void walk_word(const char *name, u64 index, u64 at)
{
    u32 start, zeroes, ones, set = 0, cleared = 0;

    hart()->trap.count = 0;
    start = ld32(at);
    st32(at, 0);
    zeroes = ld32(at);
    st32(at, ~0u);
    ones = ld32(at);
    for (unsigned bit = 0; bit < 32; bit++) {
        st32(at, 1u << bit);
        set |= ld32(at) & 1u << bit;
        st32(at, ~(1u << bit));
        cleared |= ~ld32(at) & 1u << bit;
    }
    st32(at, 0);
    str(domain);
    str(name);
    hex("", index);
    hex("start:", start);
    hex("0:", zeroes);
    hex("1:", ones);
    hex("set:", set);
    hex("cleared:", cleared);
    hex("traps:", hart()->trap.count);
    str("\n");
}

static void values(const char *name, u64 index, u64 at, const u32 *list, unsigned n)
{
    str(domain);
    str(name);
    hex("", index);
    for (unsigned i = 0; i < n; i++) {
        st32(at, list[i]);
        hex("", list[i]);
        hex("=", ld32(at));
    }
    st32(at, 0);
    str("\n");
}

static void walk_domain(u64 d, const char *which)
{
    static const u32 modes[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x400, 0x401, 0x406, 0x7ff, 0x800, ~0u };
    static const u16 holes[] = { 0x184, 0x1bb8, 0x1bd0, 0x1c0c, 0x1cd8, 0x1d0c, 0x1e0c, 0x1f0c, 0x2008,
                                 0x2ffc, 0x3184, 0x3ffc };

    domain = which;
    walk_word("domaincfg", 0, d);
    for (unsigned i = 0; i < 4; i++) {
        walk_word("msiaddrcfg", i, d + MSIADDRCFG + 4 * (i ^ 1)); /* the lock last: not before it must */
        if ((i ^ 1) == 1) {
            st32(d + MSIADDRCFG + 4, 0);
        }
    }
    walk_word("genmsi", 0, d + GENMSI);
    for (unsigned i = 0; i < sizeof(holes) / sizeof(holes[0]); i++) {
        walk_word("hole", holes[i], d + holes[i]);
    }
    for (u64 n = 94; n <= 98; n++) {
        values("sourcecfg", n, SOURCECFG(d, n), modes, sizeof(modes) / sizeof(modes[0]));
        walk_word("inactive-target", n, TARGET(d, n));
        st32(SOURCECFG(d, n), 1);
        walk_word("target", n, TARGET(d, n));
        st32(SOURCECFG(d, n), 0);
    }
    for (u64 n = 1; n <= 96; n++) {
        st32(SOURCECFG(d, n), n % 3 == 0 ? 0 : 1);
    }
    for (unsigned i = 0; i < 5; i++) {
        st32(d + SETIP + 4 * i, ~0u);
        st32(d + SETIE + 4 * i, ~0u);
        str(domain);
        str("bits");
        hex("", i);
        hex("ip:", ld32(d + SETIP + 4 * i));
        hex("ie:", ld32(d + SETIE + 4 * i));
        hex("in:", ld32(d + IN_CLRIP + 4 * i));
        hex("clrie:", ld32(d + CLRIE + 4 * i));
        st32(d + IN_CLRIP + 4 * i, 0x0ff0ff0f);
        st32(d + CLRIE + 4 * i, 0x00fffff0);
        hex("ip:", ld32(d + SETIP + 4 * i));
        hex("ie:", ld32(d + SETIE + 4 * i));
        str("\n");
    }
    for (u64 n = 1; n <= 96; n++) {
        st32(SOURCECFG(d, n), 0);
    }
    str(domain);
    str("after");
    for (unsigned i = 0; i < 4; i++) {
        hex("ip:", ld32(d + SETIP + 4 * i));
        hex("ie:", ld32(d + SETIE + 4 * i));
    }
    hex("num:", ld32(d + SETIPNUM) | ld32(d + CLRIPNUM) | ld32(d + SETIENUM) | ld32(d + CLRIENUM) |
                    ld32(d + SETIPNUM_LE));
    str("\n");
    if (!has_imsic) {
        for (u64 h = 0; h < 2; h++) {
            walk_word("idelivery", h, IDC(d, h));
            walk_word("iforce", h, IDC(d, h) + 4);
            walk_word("ithreshold", h, IDC(d, h) + 8);
            walk_word("topi", h, IDC(d, h) + 0x18);
            walk_word("claimi", h, IDC(d, h) + 0x1c);
        }
    }
    st32(d, 0);
}

/* ---- Interrupt files ---- */

static u64 reg(unsigned file, u64 select, bool write, u64 v)
{
    if (file == FILE_M) {
        csr_write("0x350", select);
        if (write) {
            csr_write("0x351", v);
        }
        return csr_read("0x351");
    }
    if (file == FILE_S) {
        csr_write("0x150", select);
        if (write) {
            csr_write("0x151", v);
        }
        return csr_read("0x151");
    }
    csr_clear("0x600", 63ul << 12);
    csr_set("0x600", (u64)(file - FILE_1 + 1) << 12);
    csr_write("0x250", select);
    if (write) {
        csr_write("0x251", v);
    }
    return csr_read("0x251");
}

static void walk_reg(unsigned file, u64 select)
{
    u64 zeroes, ones, set = 0, cleared = 0, traps;

    hart()->trap.count = 0;
    hart()->trap.cause = 0;
    zeroes = reg(file, select, true, 0);
    traps = hart()->trap.count;
    hex("", select);
    hex("traps:", traps);
    hex("cause:", hart()->trap.cause);
    if (!traps) {
        ones = reg(file, select, true, ~0ul);
        for (unsigned bit = 0; bit < 64; bit++) {
            set |= reg(file, select, true, 1ul << bit) & 1ul << bit;
            cleared |= ~reg(file, select, true, ~(1ul << bit)) & 1ul << bit;
        }
        reg(file, select, true, 0);
        hex("0:", zeroes);
        hex("1:", ones);
        hex("set:", set);
        hex("cleared:", cleared);
    }
    str("\n");
}

static void walk_files(void)
{
    static const u32 delivery[] = { 0, 1, 2, 3, 0x40000000, 0x40000001, 0x80000000, ~0u };

    for (unsigned file = FILE_M; file <= (has_imsic ? FILE_1 + 4 : FILE_S); file++) {
        for (u64 select = 0; select < 0x110; select++) {
            str("reg");
            hex("", file);
            walk_reg(file, select);
        }
        for (unsigned i = 0; has_imsic && i < sizeof(delivery) / sizeof(delivery[0]); i++) {
            str("eidelivery");
            hex("", file);
            hex("", delivery[i]);
            hex("=", reg(file, EIDELIVERY, true, delivery[i]));
            reg(file, EIDELIVERY, true, 0);
            str("\n");
        }
    }
    csr_clear("0x600", 63ul << 12);
}

static u64 page_of(unsigned file)
{
    return file == FILE_M ? IMSIC_M : IMSIC_S + 0x1000ul * (file - FILE_S);
}

static u64 top_of(unsigned file)
{
    if (file == FILE_M) {
        return csr_read("0x35c");
    }
    if (file == FILE_S) {
        return csr_read("0x15c");
    }
    csr_clear("0x600", 63ul << 12);
    csr_set("0x600", (u64)(file - FILE_1 + 1) << 12);
    return csr_read("0x25c");
}

static void claim(unsigned file)
{
    if (file == FILE_M) {
        csr_write("0x35c", 0);
    } else if (file == FILE_S) {
        csr_write("0x15c", 0);
    } else {
        csr_clear("0x600", 63ul << 12);
        csr_set("0x600", (u64)(file - FILE_1 + 1) << 12);
        csr_write("0x25c", 0);
    }
}

static void show_file(unsigned file)
{
    hex("top:", top_of(file));
    for (u64 i = 0; i < 8; i += 2) {
        hex("", reg(file, EIP + i, false, 0));
    }
    hex("mip:", csr_read("mip") & 0x1e00);
    hex("hgeip:", csr_read("0xe12"));
    str("\n");
}

/* Messages, identities that do not exist, and what the registers say then. */
static void random_files(unsigned rounds)
{
    csr_write("0x607", 0xc); /* hgeie: files 2 and 3 */
    for (unsigned i = 0; i < rounds; i++) {
        unsigned file = (unsigned)below(FILE_1 + 3), op = (unsigned)below(10);
        u64 v = below(20) ? 1 + below(255) : below(4096);
        u64 word = 2 * below(4);

        str("file");
        hex("", i);
        hex("", file);
        hex("op:", op);
        hex("", v);
        switch (op) {
        case 0:
            reg(file, EIDELIVERY, true, v & 1);
            break;
        case 1:
            reg(file, EITHRESHOLD, true, v & 255);
            break;
        case 2:
            reg(file, EIE + word, true, random64());
            break;
        case 3:
            reg(file, EIP + word, true, random64() & random64() & random64());
            break;
        case 4:
            claim(file);
            break;
        case 5:
            st32(page_of(file) + 4, (u32)v << 24); /* big-endian: need not work */
            break;
        default:
            st32(page_of(file), (u32)v);
            break;
        }
        show_file(file);
    }
    for (unsigned file = FILE_M; file < FILE_1 + 3; file++) {
        for (u64 i = 0; i < 8; i += 2) {
            reg(file, EIP + i, true, 0);
            reg(file, EIE + i, true, 0);
        }
        reg(file, EIDELIVERY, true, 0);
        reg(file, EITHRESHOLD, true, 0);
    }
    csr_write("0x607", 0);
    csr_clear("0x600", 63ul << 12);
}

/* ---- Sources ---- */

static const u64 sources[] = { UART_SOURCE, 20, 33, 96 };
#define N_SOURCES 4

static u32 bit_of(u64 d, u32 array, u64 n)
{
    return ld32(d + array + 4 * (n / 32)) >> (n % 32) & 1;
}

static void show_domains(void)
{
    for (u64 d = APLIC_M; d <= APLIC_S; d += APLIC_S - APLIC_M) {
        hex("d:", ld32(d));
        for (unsigned i = 0; i < N_SOURCES; i++) {
            u64 n = sources[i];
            u32 cfg = ld32(SOURCECFG(d, n));

            hex("", cfg);
            hex("", bit_of(d, SETIP, n) | bit_of(d, SETIE, n) << 1 | bit_of(d, IN_CLRIP, n) << 2);
            hex("", cfg && !(cfg & DELEGATE) ? ld32(TARGET(d, n)) : 0);
        }
        for (u64 h = 0; !has_imsic && h < 2; h++) {
            hex("idc:", ld32(IDC(d, h)) | ld32(IDC(d, h) + 4) << 1 | ld32(IDC(d, h) + 8) << 4);
            hex("", ld32(IDC(d, h) + 0x18));
        }
    }
    hex("mip:", csr_read("mip") & 0xa00);
    for (unsigned file = FILE_M; has_imsic && file < FILE_1 + 3; file++) {
        u64 seen = 0;

        for (u64 i = 0; i < 8; i += 2) {
            u64 v = reg(file, EIP + i, false, 0);
            seen = seen << 1 ^ seen >> 63 ^ v;
        }
        hex("", seen);
    }
    str("\n");
}

static void step(unsigned i, u64 delegated)
{
    static const u32 modes[] = { 0, 1, 4, 5, 6, 7 };
    unsigned op = (unsigned)below(22), source = (unsigned)below(N_SOURCES);
    u64 n = sources[source], h = below(2), own = delegated >> source & 1 ? APLIC_S : APLIC_M;
    u64 d = below(8) ? own : APLIC_M + APLIC_S - own;
    u32 word = (u32)random64(), mode = modes[below(6)], bit = 1u << (n % 32);

    str("step");
    hex("", i);
    hex(d == APLIC_M ? "M op:" : "S op:", op);
    hex("", n);
    switch (op) {
    case 0:
    case 1:
        if (n == UART_SOURCE && (mode == 1 || (mode >= 6 && params.no_level))) {
            mode = 4; /* a detached source has no input (4.5.2), but in QEMU */
        }
        hex("mode:", mode);
        if (mode >= 6) { /* a pending bit from before stays in QEMU, whatever the line says */
            st32(SOURCECFG(own, n), 0);
        }
        st32(SOURCECFG(own, n), mode);
        /* What a target holds that was inactive is free. */
        st32(TARGET(own, n), has_imsic ? 1 + word % 255 : 1);
        break;
    case 2:
    case 3:
    case 4:
        st32(TARGET(own, n), has_imsic ? (word & 0x40000) | (own == APLIC_S ? word & 0x3000 : 0) |
                                             (1 + word % 255)
                                       : (word & 0x40000) | (word & 7));
        break;
    case 5:
    case 6:
        st32(d + SETIPNUM, (u32)n);
        break;
    case 7:
        st32(d + CLRIPNUM, (u32)n);
        break;
    case 8:
    case 9:
        st32(d + SETIENUM, (u32)n);
        break;
    case 10:
        st32(d + CLRIENUM, (u32)n);
        break;
    case 11:
        st32(d + SETIP + 4 * (n / 32), bit);
        break;
    case 12:
        st32(d + IN_CLRIP + 4 * (n / 32), bit);
        break;
    case 13:
        st32(d + SETIE + 4 * (n / 32), bit);
        break;
    case 14:
        st32(d + CLRIE + 4 * (n / 32), bit);
        break;
    case 15:
        st32(d, word & 3 ? 0x100 : 0);
        break;
    case 16:
        st32(d + SETIPNUM_LE, word & 3 ? (u32)n : word % 2000);
        break;
    case 17:
        if (has_imsic) {
            st32(d + GENMSI, (word & 0x40000) | word % 300);
            while (ld32(d + GENMSI) & 0x1000) {
            }
        } else if (word & 3) {
            hex("claimi:", ld32(IDC(d, h) + 0x1c));
        } else {
            st32(IDC(d, h) + 4, word >> 8 & 1);
        }
        break;
    case 18:
        if (!has_imsic) {
            st32(IDC(d, h) + 8 * (word & 1), word & 1 ? word >> 8 & 7 : !!(word & 0x300));
        }
        break;
    default:
        hex("line:", word & 1);
        st8(UART + 1, word & 1 ? 2 : 0); /* the transmitter is empty */
        break;
    }
    show_domains();
}

static void random_domains(unsigned rounds)
{
    u64 delegated = 0;

    st32(APLIC_M + MSIADDRCFG, IMSIC_M >> 12);
    st32(APLIC_M + MSIADDRCFG + 4, 1 << 12);
    st32(APLIC_M + MSIADDRCFG + 8, IMSIC_S >> 12);
    st32(APLIC_M + MSIADDRCFG + 12, GUEST_BITS << 20);
    for (unsigned i = 0; i <= rounds; i++) {
        if (i % 250 == 0) { /* all of them lost, and divided anew */
            st8(UART + 1, 0);
            for (unsigned k = 0; k < N_SOURCES; k++) {
                st32(SOURCECFG(delegated >> k & 1 ? APLIC_S : APLIC_M, sources[k]), 0);
            }
            delegated = random64() >> 9 & 15;
            for (unsigned k = 0; k < N_SOURCES; k++) {
                st32(SOURCECFG(APLIC_M, sources[k]), delegated >> k & 1 ? DELEGATE : 0);
            }
        }
        if (i < rounds) {
            step(i, delegated);
        }
    }
    flush();
    st32(APLIC_M, 0);
    st32(APLIC_S, 0);
}

/* ---- The hart: priorities and the top interrupt ---- */

#define S_BITS 0x2222ul /* SSI, STI, SEI, LCOFI */
#define VS_BITS 0x0444ul

/* Priorities that are all different: QEMU does not break ties by the default order. */
static void random_priorities(u8 *p, u64 last)
{
    static u8 deck[254];

    for (u64 i = 0; i < last; i++) {
        deck[i] = (u8)(i + 2);
    }
    for (unsigned i = 0; i < 16; i++) {
        u64 k = i + below(last - i);
        u8 v = deck[k];

        deck[k] = deck[i];
        deck[i] = p[i] = v;
    }
    if (random64() & 1) {
        p[below(16)] = 0;
    }
}

static u64 eight(const u8 *p)
{
    u64 v = 0;

    for (unsigned i = 0; i < 8; i++) {
        v |= (u64)p[i] << (8 * i);
    }
    return v;
}

static void random_hart(unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        u64 s_bits = params.no_lcofi ? S_BITS & ~(1ul << 13) : S_BITS, ctl;
        u8 prio[3][16];

        csr_write("mideleg", random64() & s_bits);
        csr_write("mie", random64() & (s_bits | VS_BITS | 0x0888));
        csr_clear("mip", S_BITS);
        csr_write("0x645", 0); /* hvip */
        csr_write("0x603", random64() & VS_BITS); /* not of LCOFI, which QEMU 11 refuses */
        /* mvien: QEMU has mvip as an alias of what is delegated, too */
        csr_write("0x308", random64() & 0x2202 & s_bits & ~csr_read("mideleg"));
        csr_write("0x309", random64() & 0x0202);
        csr_write("0x645", random64() & VS_BITS);
        csr_set("mip", random64() & s_bits);
        *(volatile u32 *)CLINT_MSIP(0) = random64() & 1;
        *(volatile u64 *)CLINT_MTIMECMP(0) = random64() & 1 ? 0 : ~0ul;
        for (unsigned file = FILE_M; file <= FILE_S; file++) {
            random_priorities(prio[file], 253);
            reg(file, 0x30, true, eight(prio[file]));
            reg(file, 0x32, true, eight(prio[file] + 8));
        }
        random_priorities(prio[2], 253);
        csr_write("0x646", eight(prio[2]));
        csr_write("0x647", eight(prio[2] + 8));
        csr_write("0x204", random64() & s_bits);
        ctl = random64() & 0x400001ff; /* VTI, IPRIOM, IPRIO; no DPR, which QEMU has not got */
        if (ctl & 1ul << 30) {
            ctl |= (random64() & 0x1f) << 16;
        }
        csr_write("0x609", ctl);
        str("hart");
        hex("", i);
        hex("mip:", csr_read("mip") & ~0x1000ul);
        hex("mie:", csr_read("mie") & 0x2fff);
        hex("mideleg:", csr_read("mideleg") & 0x2fff);
        hex("mvien:", csr_read("0x308"));
        hex("mvip:", csr_read("0x309") & 0x0222); /* QEMU 11 has mip's LCOFIP there */
        hex("hvip:", csr_read("0x645") & VS_BITS);
        hex("hideleg:", csr_read("0x603") & 0x2fff);
        hex("sip:", csr_read("sip"));
        hex("sie:", csr_read("sie") & 0x2fff);
        hex("vsip:", csr_read("0x244"));
        hex("vsie:", csr_read("0x204") & 0x2fff);
        hex("hvictl:", csr_read("0x609"));
        hex("mtopi:", csr_read("0xfb0"));
        hex("stopi:", csr_read("0xdb0"));
        hex("vstopi:", csr_read("0xeb0"));
        hex("miprio:", eight(prio[FILE_M]));
        hex("", eight(prio[FILE_M] + 8));
        hex("siprio:", eight(prio[FILE_S]));
        hex("", eight(prio[FILE_S] + 8));
        hex("hviprio:", eight(prio[2]));
        hex("", eight(prio[2] + 8));
        str("\n");
    }
    csr_write("mie", 0);
    csr_write("0x645", 0);
    csr_clear("mip", S_BITS);
}

int main(void)
{
    has_imsic = ld32(APLIC_M) & 4;
    random_state = 0x9e3779b97f4a7c15;
    csr_clear("mstatus", 1ul << 42); /* MDT */
    csr_set("0x744", 8);             /* mnstatus.NMIE */
    csr_write("mie", 0);
    csr_write("mideleg", 0);
    csr_clear(MENVCFG, MENVCFG_STCE);
    csr_write("0x30c", ~0ul); /* mstateen0 */
    hart()->trap.count = 0;
    /* The child's sources are its own while it is walked. */
    walk_domain(APLIC_M, "M-");
    for (u64 n = 1; n <= 96; n++) {
        st32(SOURCECFG(APLIC_M, n), DELEGATE);
    }
    walk_domain(APLIC_S, "S-");
    for (u64 n = 1; n <= 96; n++) {
        st32(SOURCECFG(APLIC_M, n), 0);
    }
    flush();
    walk_files();
    flush();
    if (has_imsic) {
        random_files(1500);
        flush();
    }
    random_domains(2500);
    random_hart(2000);
    flush();
    pass();
}
