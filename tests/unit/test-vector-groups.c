/*
 * Element groups: the examples of the standards, built out of the vector instructions' steps, with the
 * loops in plain C and with the best that this host has.
 *
 * SPDX-License-Identifier: MIT
 */
#include <glib.h>
#include <string.h>

#include "target/riscv/vector/groups.h"

static const VecGroups plain = {
    .fn = { [VG_AESDM] = vec_aesdm, [VG_AESDF] = vec_aesdf, [VG_AESEM] = vec_aesem,
            [VG_AESEF] = vec_aesef, [VG_AESZ] = vec_aesz, [VG_AESKF1] = vec_aeskf1,
            [VG_AESKF2] = vec_aeskf2, [VG_GHSH] = vec_ghsh, [VG_SHA256MS] = vec_sha256ms,
            [VG_SHA256CL] = vec_sha256cl, [VG_SHA256CH] = vec_sha256ch,
            [VG_SHA512MS] = vec_sha512ms, [VG_SHA512CL] = vec_sha512cl,
            [VG_SHA512CH] = vec_sha512ch, [VG_SM4K] = vec_sm4k, [VG_SM4R] = vec_sm4r,
            [VG_SM3ME] = vec_sm3me, [VG_SM3C] = vec_sm3c },
    .clmul = vec_clmul,
    .clmulh = vec_clmulh,
};

static void from_hex(const char *hex, uint8_t *out)
{
    for (; hex[0]; hex += 2)
        *out++ = (uint8_t)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));
}

static void check_hex(const uint8_t *got, const char *hex)
{
    uint8_t want[64];

    from_hex(hex, want);
    g_assert_cmpmem(got, strlen(hex) / 2, want, strlen(hex) / 2);
}

/* FIPS 197, appendix C: rounds is 10 with a key of 16 bytes, 14 with one of 32. */
static void aes(const VecGroups *g, unsigned rounds, const char *cipher)
{
    uint8_t keys[15][16], s[2][16];

    for (unsigned i = 0; i < 32; i++)
        keys[i / 16][i % 16] = (uint8_t)i;
    for (unsigned r = rounds == 10 ? 1 : 2; r <= rounds; r++) {
        if (rounds == 14)
            memcpy(keys[r], keys[r - 2], 16);
        g->fn[rounds == 10 ? VG_AESKF1 : VG_AESKF2](keys[r], keys[r - 1], NULL, r, 1);
    }
    for (unsigned i = 0; i < 2; i++)
        from_hex("00112233445566778899aabbccddeeff", s[i]);
    g->fn[VG_AESZ](s, keys[0], NULL, 0, 2);
    for (unsigned r = 1; r < rounds; r++)
        g->fn[VG_AESEM](s, keys[r], NULL, 0, 2);
    g->fn[VG_AESEF](s, keys[rounds], NULL, 0, 2);
    check_hex(s[0], cipher);
    check_hex(s[1], cipher);
    g->fn[VG_AESZ](s, keys[rounds], NULL, 0, 2);
    for (unsigned r = rounds - 1; r > 0; r--)
        g->fn[VG_AESDM](s, keys[r], NULL, 0, 2);
    g->fn[VG_AESDF](s, keys[0], NULL, 0, 2);
    check_hex(s[0], "00112233445566778899aabbccddeeff");
    check_hex(s[1], "00112233445566778899aabbccddeeff");
}

/* SHA-256's constants are the upper halves of SHA-512's first ones. */
static const uint64_t k512[80] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
    0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
    0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
    0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
    0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
    0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
    0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
    0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
    0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
    0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
    0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
    0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
    0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
    0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
    0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
    0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
    0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};
static const uint64_t h512[8] = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

/* "abc" in one block (FIPS 180-4). w: 16 words, then 4 more with each round; TYPE words. */
#define SHA2(name, type, rounds, shift, bswap, MS, CL, CH, digest)                          \
    static void name(const VecGroups *g)                                                    \
    {                                                                                       \
        type w[rounds + 16] = { 0 }, ab[4], cd[4], old[4], out[8], mix[4];                  \
        type h[8];                                                                          \
        for (unsigned i = 0; i < 8; i++)                                                    \
            h[i] = (type)(h512[i] >> shift);                                                \
        w[0] = (type)((uint64_t)0x6162638000000000 >> shift);                               \
        w[15] = 24;                                                                         \
        memcpy(ab, (type[]){ h[5], h[4], h[1], h[0] }, sizeof(ab));                         \
        memcpy(cd, (type[]){ h[7], h[6], h[3], h[2] }, sizeof(cd));                         \
        for (unsigned r = 0; r < rounds; r += 4) {                                          \
            for (unsigned i = 0; i < 4; i++)                                                \
                mix[i] = w[r + i] + (type)(k512[r + i] >> shift);                           \
            g->fn[CL](cd, ab, mix, 0, 1);                                                   \
            g->fn[CH](ab, cd, mix, 0, 1);                                                   \
            memcpy(old, w + r, sizeof(old));                                                \
            g->fn[MS](old, (type[]){ w[r + 4], w[r + 9], w[r + 10], w[r + 11] }, w + r + 12, 0, 1); \
            memcpy(w + r + 16, old, sizeof(old));                                           \
        }                                                                                   \
        memcpy(out, (type[]){ ab[3], ab[2], cd[3], cd[2], ab[1], ab[0], cd[1], cd[0] },     \
               sizeof(out));                                                                \
        for (unsigned i = 0; i < 8; i++)                                                    \
            out[i] = bswap((type)(out[i] + h[i]));                                          \
        check_hex((uint8_t *)out, digest);                                                  \
    }
SHA2(sha512, uint64_t, 80, 0, GUINT64_SWAP_LE_BE, VG_SHA512MS, VG_SHA512CL, VG_SHA512CH,
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")
SHA2(sha256, uint32_t, 64, 32, GUINT32_SWAP_LE_BE, VG_SHA256MS, VG_SHA256CL, VG_SHA256CH,
     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")

/* "abc" (GB/T 32905, example 1). */
static void sm3(const VecGroups *g)
{
    uint8_t w[80][4] = { { 0x61, 0x62, 0x63, 0x80 } }, s[32], h[32];

    w[15][3] = 24;
    for (unsigned i = 16; i < 72; i += 8)
        g->fn[VG_SM3ME](w[i], w[i - 8], w[i - 16], 0, 1);
    from_hex("7380166f4914b2b9172442d7da8a0600a96f30bc163138aae38dee4db0fb0e4e", h);
    memcpy(s, h, 32);
    for (unsigned r = 0; r < 32; r++)
        g->fn[VG_SM3C](s, w[2 * r], NULL, r, 1);
    for (unsigned i = 0; i < 32; i++)
        s[i] ^= h[i];
    check_hex(s, "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
}

static void swap_words(uint32_t *v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        v[i] = GUINT32_SWAP_LE_BE(v[i]);
}

/* GB/T 32907, example 1. */
static void sm4(const VecGroups *g)
{
    static const uint32_t fk[4] = { 0xa3b1bac6, 0x56aa3350, 0x677d9197, 0xb27022dc };
    uint32_t keys[9][4], x[4];

    from_hex("0123456789abcdeffedcba9876543210", (uint8_t *)x);
    swap_words(x, 4);
    for (unsigned i = 0; i < 4; i++)
        keys[0][i] = x[i] ^ fk[i];
    for (unsigned r = 0; r < 8; r++) {
        g->fn[VG_SM4K](keys[r + 1], keys[r], NULL, r, 1);
        g->fn[VG_SM4R](x, keys[r + 1], NULL, 0, 1);
    }
    uint32_t out[4] = { x[3], x[2], x[1], x[0] };
    swap_words(out, 4);
    check_hex((uint8_t *)out, "681edf34d206965e86b3e94f536e4246");
}

/* The Galois/Counter Mode's test case 2: one block, then the lengths. */
static void ghash(const VecGroups *g)
{
    uint8_t h[2][16], x[2][16] = { { 0 } }, y[16] = { 0 }, z[16];

    from_hex("66e94bd4ef8a2c3b884cfa59ca342b2e", h[0]);
    from_hex("0388dace60b6a392f328c2b971b2fe78", x[0]);
    x[1][15] = 128;
    g->fn[VG_GHSH](y, h, x, 0, 1);
    memcpy(z, x[0], 16); /* without anything added it is a product */
    g->fn[VG_GHSH](z, h, NULL, 0, 1);
    g_assert_cmpmem(y, 16, z, 16);
    g->fn[VG_GHSH](y, h, x[1], 0, 1);
    check_hex(y, "f38cbb1ad69223dcc3457ae5b6b0f885");
}

static void carryless(const VecGroups *g)
{
    uint64_t a[2] = { 0x8000000000000001, 0xffffffffffffffff }, b[2] = { 3, 0xffffffffffffffff }, d[2];

    g->clmul(d, a, b, 8, 2);
    g_assert_cmphex(d[0], ==, 0x8000000000000003);
    g_assert_cmphex(d[1], ==, 0x5555555555555555);
    g->clmulh(d, a, b, 8, 2);
    g_assert_cmphex(d[0], ==, 1);
    g_assert_cmphex(d[1], ==, 0x5555555555555555);
    g->clmulh(d, a, b, 0, 2); /* one for all */
    g_assert_cmphex(d[1], ==, 1);
}

static void test_standards(const void *arg)
{
    const VecGroups *g = arg;

    aes(g, 10, "69c4e0d86a7b0430d8cdb78070b4c55a");
    aes(g, 14, "8ea2b7ca516745bfeafc49904b496089");
    sha256(g);
    sha512(g);
    sm3(g);
    sm4(g);
    ghash(g);
    carryless(g);
}

/* The host's against plain C. */
static void test_same(void)
{
    const VecGroups *best = riscv_vec_groups();

    for (unsigned round = 0; round < 2000; round++) {
        uint32_t a[32], b[32], d[2][32];
        unsigned k = (unsigned)g_test_rand_int_range(0, VG_NR);
        size_t arg = (size_t)g_test_rand_int_range(0, 32);

        for (unsigned i = 0; i < 32; i++) {
            a[i] = (uint32_t)g_test_rand_int();
            b[i] = (uint32_t)g_test_rand_int();
            d[0][i] = d[1][i] = (uint32_t)g_test_rand_int();
        }
        if (k <= VG_AESZ || k == VG_SM4R)
            arg = arg & 1 ? 16 : 0;
        plain.fn[k](d[0], a, b, arg, 3);
        best->fn[k](d[1], a, b, arg, 3);
        g_assert_cmpmem(d[0], sizeof(d[0]), d[1], sizeof(d[1]));
        plain.clmul(d[0], a, b, arg & 8, 5);
        best->clmul(d[1], a, b, arg & 8, 5);
        g_assert_cmpmem(d[0], sizeof(d[0]), d[1], sizeof(d[1]));
        plain.clmulh(d[0], a, b, arg & 8, 5);
        best->clmulh(d[1], a, b, arg & 8, 5);
        g_assert_cmpmem(d[0], sizeof(d[0]), d[1], sizeof(d[1]));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/vector-groups/standards/plain", &plain, test_standards);
    g_test_add_data_func("/vector-groups/standards/host", riscv_vec_groups(), test_standards);
    g_test_add_func("/vector-groups/same", test_same);
    return g_test_run();
}
