/*
 * Scalar cryptography by the examples of its standards: AES of FIPS 197 (appendix C), SHA-256 and SHA-512
 * of FIPS 180, SM3 and SM4 of GB/T 32905 and 32907; and the seed CSR of Zkr.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define ARCH(insn) ".option push\n.option arch, +zkn, +zks\n" insn "\n.option pop"
#define R3(name)                                                              \
    static inline u64 name(u64 a, u64 b)                                      \
    {                                                                         \
        u64 r;                                                                \
        __asm__(ARCH(#name " %0, %1, %2") : "=r"(r) : "r"(a), "r"(b));        \
        return r;                                                             \
    }
#define R2(name)                                                              \
    static inline u64 name(u64 a)                                             \
    {                                                                         \
        u64 r;                                                                \
        __asm__(ARCH(#name " %0, %1") : "=r"(r) : "r"(a));                    \
        return r;                                                             \
    }
R3(aes64es) R3(aes64esm) R3(aes64ds) R3(aes64dsm) R3(aes64ks2) R2(aes64im)
R2(sha256sum0) R2(sha256sum1) R2(sha256sig0) R2(sha256sig1)
R2(sha512sum0) R2(sha512sum1) R2(sha512sig0) R2(sha512sig1)
R2(sm3p0) R2(sm3p1)
R3(pack) R3(packh) R3(packw) R2(brev8) R3(xperm4) R3(xperm8) R3(clmul) R3(clmulh)

/* A constant in the instruction. */
#define aes64ks1i(a, n)                                                       \
    ({                                                                        \
        u64 r_;                                                               \
        __asm__(ARCH("aes64ks1i %0, %1, " #n) : "=r"(r_) : "r"(a));           \
        r_;                                                                   \
    })
#define sm4(insn, a, b)                                                       \
    ({                                                                        \
        u64 r_ = (a);                                                         \
        __asm__(ARCH(insn " %0, %0, %1, 0\n" insn " %0, %0, %1, 1\n"          \
                     insn " %0, %0, %1, 2\n" insn " %0, %0, %1, 3")           \
                : "+r"(r_) : "r"(b));                                         \
        r_;                                                                   \
    })

static u64 swap64(u64 v)
{
    u64 r = 0;
    for (unsigned i = 0; i < 64; i += 8)
        r |= (v >> i & 0xff) << (56 - i);
    return r;
}

/* Kept from the compiler, which would compute it otherwise. */
static u64 get(u64 v)
{
    __asm__ volatile("" : "+r"(v));
    return v;
}

/* ---- AES ---- */

static u64 keys[30];

#define STEP128(n)                                                            \
    do {                                                                      \
        keys[2 * n + 2] = aes64ks2(aes64ks1i(keys[2 * n + 1], n), keys[2 * n]); \
        keys[2 * n + 3] = aes64ks2(keys[2 * n + 2], keys[2 * n + 1]);         \
    } while (0)

static void expand128(u64 a, u64 b)
{
    keys[0] = a;
    keys[1] = b;
    STEP128(0);
    STEP128(1);
    STEP128(2);
    STEP128(3);
    STEP128(4);
    STEP128(5);
    STEP128(6);
    STEP128(7);
    STEP128(8);
    STEP128(9);
}

#define HALF256(n)                                                            \
    do {                                                                      \
        keys[4 * n + 4] = aes64ks2(aes64ks1i(keys[4 * n + 3], n), keys[4 * n]); \
        keys[4 * n + 5] = aes64ks2(keys[4 * n + 4], keys[4 * n + 1]);         \
    } while (0)
#define STEP256(n)                                                            \
    do {                                                                      \
        HALF256(n);                                                           \
        keys[4 * n + 6] = aes64ks2(aes64ks1i(keys[4 * n + 5], 10), keys[4 * n + 2]); \
        keys[4 * n + 7] = aes64ks2(keys[4 * n + 6], keys[4 * n + 3]);         \
    } while (0)

static void expand256(u64 a, u64 b, u64 c, u64 d)
{
    keys[0] = a;
    keys[1] = b;
    keys[2] = c;
    keys[3] = d;
    STEP256(0);
    STEP256(1);
    STEP256(2);
    STEP256(3);
    STEP256(4);
    STEP256(5);
    HALF256(6);
}

static void encrypt(u64 *s, unsigned rounds)
{
    u64 a = s[0] ^ keys[0], b = s[1] ^ keys[1];

    for (unsigned r = 1; r <= rounds; r++) {
        u64 c = r == rounds ? aes64es(a, b) : aes64esm(a, b);
        u64 d = r == rounds ? aes64es(b, a) : aes64esm(b, a);
        a = c ^ keys[2 * r];
        b = d ^ keys[2 * r + 1];
    }
    s[0] = a;
    s[1] = b;
}

/* The equivalent inverse cipher: the inner round keys are unmixed. */
static void decrypt(u64 *s, unsigned rounds)
{
    u64 a = s[0] ^ keys[2 * rounds], b = s[1] ^ keys[2 * rounds + 1];

    for (unsigned r = rounds; r-- > 0;) {
        u64 c = r ? aes64dsm(a, b) : aes64ds(a, b);
        u64 d = r ? aes64dsm(b, a) : aes64ds(b, a);
        a = c ^ (r ? aes64im(keys[2 * r]) : keys[0]);
        b = d ^ (r ? aes64im(keys[2 * r + 1]) : keys[1]);
    }
    s[0] = a;
    s[1] = b;
}

static void test_aes(void)
{
    u64 s[2] = { swap64(0x0011223344556677), swap64(0x8899aabbccddeeff) };
    u64 k[4] = { swap64(0x0001020304050607), swap64(0x08090a0b0c0d0e0f),
                 swap64(0x1011121314151617), swap64(0x18191a1b1c1d1e1f) };

    expand128(k[0], k[1]);
    encrypt(s, 10);
    CHECK_EQ(swap64(s[0]), 0x69c4e0d86a7b0430);
    CHECK_EQ(swap64(s[1]), 0xd8cdb78070b4c55a);
    decrypt(s, 10);
    CHECK_EQ(swap64(s[0]), 0x0011223344556677);
    CHECK_EQ(swap64(s[1]), 0x8899aabbccddeeff);

    expand256(k[0], k[1], k[2], k[3]);
    encrypt(s, 14);
    CHECK_EQ(swap64(s[0]), 0x8ea2b7ca516745bf);
    CHECK_EQ(swap64(s[1]), 0xeafc49904b496089);
    decrypt(s, 14);
    CHECK_EQ(swap64(s[0]), 0x0011223344556677);
    CHECK_EQ(swap64(s[1]), 0x8899aabbccddeeff);

    /* Round 11 of the key schedule is reserved. */
    EXPECT_TRAP(2, INSN(0x31b51513));
}

/* ---- SHA-2: one block, constants from the roots of primes, which are computed ---- */

static bool is_prime(unsigned n)
{
    for (unsigned d = 2; d * d <= n; d++)
        if (n % d == 0)
            return false;
    return true;
}

typedef unsigned __int128 u128;

/* Whether r^k <= p * 2^(64 k), k 2 or 3, for r of 68 bits: compared in pieces of 32 bits. */
static bool not_above(u128 r, unsigned k, u64 p)
{
    u32 a[10] = { (u32)r, (u32)(r >> 32), (u32)(r >> 64) }, b[10];

    for (unsigned n = 1; n < k; n++) {
        u64 x[10] = { 0 };
        for (unsigned i = 0; i < 7; i++) {
            u64 carry = 0;
            for (unsigned j = 0; j < 3 && i + j < 10; j++) {
                u64 t = (u64)a[i] * (u32)(r >> (32 * j)) + (u32)x[i + j] + carry;
                x[i + j] = (u32)t;
                carry = t >> 32;
            }
            for (unsigned j = i + 3; carry && j < 10; j++) {
                u64 t = x[j] + carry;
                x[j] = (u32)t;
                carry = t >> 32;
            }
        }
        for (unsigned i = 0; i < 10; i++)
            a[i] = (u32)x[i];
    }
    for (unsigned i = 0; i < 10; i++)
        b[i] = i == 2 * k ? (u32)p : 0;
    for (unsigned i = 10; i-- > 0;)
        if (a[i] != b[i])
            return a[i] < b[i];
    return true;
}

/* The first 64 bits of the fraction of p's root. */
static u64 root_fraction(u64 p, unsigned k)
{
    u128 r = 0;

    for (int bit = 68; bit-- > 0;)
        if (not_above(r | (u128)1 << bit, k, p))
            r |= (u128)1 << bit;
    return (u64)r;
}

static u64 sha_k[80], sha_h[8];

static void sha_constants(void)
{
    unsigned n = 0;

    for (unsigned p = 2; n < 80; p++) {
        if (!is_prime(p))
            continue;
        sha_k[n] = root_fraction(p, 3);
        if (n < 8)
            sha_h[n] = root_fraction(p, 2);
        n++;
    }
}

/* "abc" in one block. */
static void test_sha256(void)
{
    static u32 w[64] = { 0x61626380, [15] = 24 };
    u32 h[8], s[8];

    for (unsigned i = 0; i < 8; i++)
        s[i] = h[i] = (u32)(sha_h[i] >> 32);
    for (unsigned i = 16; i < 64; i++)
        w[i] = (u32)sha256sig1(w[i - 2]) + w[i - 7] + (u32)sha256sig0(w[i - 15]) + w[i - 16];
    for (unsigned i = 0; i < 64; i++) {
        u32 t1 = s[7] + (u32)sha256sum1(s[4]) + ((s[4] & s[5]) ^ (~s[4] & s[6])) +
                 (u32)(sha_k[i] >> 32) + w[i];
        u32 t2 = (u32)sha256sum0(s[0]) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        for (unsigned j = 7; j > 0; j--)
            s[j] = s[j - 1] + (j == 4 ? t1 : 0);
        s[0] = t1 + t2;
    }
    CHECK_EQ(s[0] + h[0], 0xba7816bf);
    CHECK_EQ(s[1] + h[1], 0x8f01cfea);
    CHECK_EQ(s[4] + h[4], 0xb00361a3);
    CHECK_EQ(s[7] + h[7], 0xf20015ad);
    CHECK_EQ(sha256sum0(get(0x4242424200000002)), 0xffffffff80100800); /* sign-extended */
}

static void test_sha512(void)
{
    static u64 w[80] = { 0x6162638000000000, [15] = 24 };
    u64 s[8];

    for (unsigned i = 0; i < 8; i++)
        s[i] = sha_h[i];
    for (unsigned i = 16; i < 80; i++)
        w[i] = sha512sig1(w[i - 2]) + w[i - 7] + sha512sig0(w[i - 15]) + w[i - 16];
    for (unsigned i = 0; i < 80; i++) {
        u64 t1 = s[7] + sha512sum1(s[4]) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + sha_k[i] + w[i];
        u64 t2 = sha512sum0(s[0]) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        for (unsigned j = 7; j > 0; j--)
            s[j] = s[j - 1] + (j == 4 ? t1 : 0);
        s[0] = t1 + t2;
    }
    CHECK_EQ(s[0] + sha_h[0], 0xddaf35a193617aba);
    CHECK_EQ(s[1] + sha_h[1], 0xcc417349ae204131);
    CHECK_EQ(s[7] + sha_h[7], 0x2a9ac94fa54ca49f);
}

/* ---- SM3 and SM4 ---- */

static u32 rol(u32 v, unsigned n)
{
    n &= 31;
    return n ? v << n | v >> (32 - n) : v;
}

static void test_sm3(void)
{
    static const u32 iv[8] = { 0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600,
                               0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e };
    static u32 w[68] = { 0x61626380, [15] = 24 };
    u32 s[8];

    for (unsigned i = 0; i < 8; i++)
        s[i] = iv[i];
    for (unsigned i = 16; i < 68; i++)
        w[i] = (u32)sm3p1(w[i - 16] ^ w[i - 9] ^ rol(w[i - 3], 15)) ^ rol(w[i - 13], 7) ^ w[i - 6];
    for (unsigned i = 0; i < 64; i++) {
        u32 t = i < 16 ? 0x79cc4519 : 0x7a879d8a;
        u32 ss1 = rol(rol(s[0], 12) + s[4] + rol(t, i), 7), ss2 = ss1 ^ rol(s[0], 12);
        u32 ff = i < 16 ? s[0] ^ s[1] ^ s[2] : (s[0] & s[1]) | (s[0] & s[2]) | (s[1] & s[2]);
        u32 gg = i < 16 ? s[4] ^ s[5] ^ s[6] : (s[4] & s[5]) | (~s[4] & s[6]);
        u32 t1 = ff + s[3] + ss2 + (w[i] ^ w[i + 4]), t2 = gg + s[7] + ss1 + w[i];
        s[3] = s[2];
        s[2] = rol(s[1], 9);
        s[1] = s[0];
        s[0] = t1;
        s[7] = s[6];
        s[6] = rol(s[5], 19);
        s[5] = s[4];
        s[4] = (u32)sm3p0(t2);
    }
    CHECK_EQ(s[0] ^ iv[0], 0x66c7f0f4);
    CHECK_EQ(s[1] ^ iv[1], 0x62eeedd9);
    CHECK_EQ(s[7] ^ iv[7], 0x8f4ba8e0);
}

static u32 swap32(u32 v)
{
    return (u32)(swap64(v) >> 32);
}

/* The example of the standard: key and text are the same. Registers hold words as loaded. */
static void test_sm4(void)
{
    static const u32 fk[4] = { 0xa3b1bac6, 0x56aa3350, 0x677d9197, 0xb27022dc };
    static const u32 text[4] = { 0x01234567, 0x89abcdef, 0xfedcba98, 0x76543210 };
    u32 k[36], x[36];

    for (unsigned i = 0; i < 4; i++) {
        k[i] = swap32(text[i] ^ fk[i]);
        x[i] = swap32(text[i]);
    }
    for (unsigned i = 0; i < 32; i++) {
        u32 ck = 0;
        for (unsigned j = 0; j < 4; j++)
            ck |= ((4 * i + j) * 7 & 0xff) << (8 * j);
        k[i + 4] = (u32)sm4("sm4ks", (u64)k[i], (u64)(k[i + 1] ^ k[i + 2] ^ k[i + 3] ^ ck));
        x[i + 4] = (u32)sm4("sm4ed", (u64)x[i],
                            (u64)(x[i + 1] ^ x[i + 2] ^ x[i + 3] ^ k[i + 4]));
    }
    CHECK_EQ(swap32(x[35]), 0x681edf34);
    CHECK_EQ(swap32(x[34]), 0xd206965e);
    CHECK_EQ(swap32(x[33]), 0x86b3e94f);
    CHECK_EQ(swap32(x[32]), 0x536e4246);
}

/* ---- Zbkb, Zbkc, Zbkx ---- */

static void test_bits(void)
{
    u64 a = get(0x0123456789abcdef), b = get(0xfedcba9876543210);

    CHECK_EQ(pack(a, b), 0x7654321089abcdef);
    CHECK_EQ(packh(a, b), 0x10ef);
    CHECK_EQ(packw(a, b), 0x3210cdef);
    CHECK_EQ(packw(b, a), 0xffffffffcdef3210);
    CHECK_EQ(brev8(a), 0x80c4a2e691d5b3f7);
    CHECK_EQ(xperm4(a, b), 0x0123456789abcdef);
    CHECK_EQ(xperm4(a, get(0xf0f0f0f0f0f0f0f1)), 0x0f0f0f0f0f0f0f0e);
    CHECK_EQ(xperm8(a, get(0x0706050403020100)), a);
    CHECK_EQ(xperm8(a, get(0x0008ff8007070700)), 0xef000000010101ef);
    CHECK_EQ(clmul(a, get(3)), a ^ a << 1);
    CHECK_EQ(clmulh(a, get(1ul << 63)), a >> 1);
}

/* ---- The seed CSR ---- */

#define SSEED (1ul << 9)
#define USEED (1ul << 8)
#define MSECCFG "0x747"
#define SEED "0x015"

static u64 seed_swap(u64 x)
{
    return csr_swap(SEED, x);
}

static u64 seed_read(u64 x)
{
    return csr_read(SEED);
}

static u64 seed_set(u64 x)
{
    u64 v;
    __asm__ volatile("csrrsi %0, " SEED ", 1" : "=r"(v));
    return v;
}

static u64 seed_clear_none(u64 x)
{
    u64 v = 0;
    __asm__ volatile("csrrci %0, " SEED ", 0" : "+r"(v));
    return v;
}

static void expect_seed(unsigned mode)
{
    u64 first = run_in(mode, seed_swap, 0), differ = 0;

    CHECK_EQ(first >> 16, 0x8000); /* ES16, and nothing else */
    for (unsigned i = 0; i < 16; i++)
        differ |= run_in(mode, i & 1 ? seed_set : seed_swap, ~0ul) ^ first;
    CHECK(differ != 0 && differ >> 16 == 0);
    EXPECT_TRAP(2, run_in(mode, seed_read, 0));
    EXPECT_TRAP(2, run_in(mode, seed_clear_none, 0));
}

static void test_seed(void)
{
    CHECK_EQ(csr_read(MSECCFG), SSEED); /* after reset */
    csr_write(MSECCFG, ~0ul << 3);
    CHECK_EQ(csr_read(MSECCFG) & (SSEED | USEED), SSEED | USEED);
    expect_seed(MODE_M);
    expect_seed(MODE_S);
    expect_seed(MODE_U);
    csr_clear(MSECCFG, USEED);
    expect_seed(MODE_S);
    EXPECT_TRAP(2, run_in(MODE_U, seed_swap, 0));
    csr_write(MSECCFG, USEED);
    EXPECT_TRAP(2, run_in(MODE_S, seed_swap, 0));
    expect_seed(MODE_U);
    csr_write(MSECCFG, 0);
    EXPECT_TRAP(2, run_in(MODE_S, seed_swap, 0));
    EXPECT_TRAP(2, run_in(MODE_U, seed_swap, 0));
    expect_seed(MODE_M);
}

int main(void)
{
    test_bits();
    test_aes();
    sha_constants();
    test_sha256();
    test_sha512();
    test_sm3();
    test_sm4();
    test_seed();
    return 0;
}
