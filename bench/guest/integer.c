/*
 * Integer work as compilers, checksums and sorting do it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static uint64_t sieve(unsigned scale)
{
    enum { N = 1 << 20 };
    static uint8_t composite[N];
    uint64_t sum = 0;

    for (unsigned round = 0; round < 6 * scale; round++) {
        memset(composite, 0, sizeof(composite));
        for (unsigned i = 2; i < N; i++) {
            if (composite[i])
                continue;
            sum += i;
            for (unsigned j = 2 * i; j < N; j += i)
                composite[j] = 1;
        }
    }
    return sum;
}

static uint64_t crc32_bytes(unsigned scale)
{
    uint32_t table[256], crc = ~0u, seed = 1;
    uint8_t buf[4096];

    for (unsigned i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++)
            c = (c >> 1) ^ (0xedb88320u & -(c & 1));
        table[i] = c;
    }
    for (unsigned i = 0; i < sizeof(buf); i++)
        buf[i] = (uint8_t)bench_rand(&seed);
    for (unsigned round = 0; round < 8000 * scale; round++)
        for (unsigned i = 0; i < sizeof(buf); i++)
            crc = table[(crc ^ buf[i]) & 0xff] ^ (crc >> 8);
    return crc;
}

static uint64_t matrix(unsigned scale)
{
    enum { N = 96 };
    static int32_t a[N][N], b[N][N], c[N][N];
    uint32_t seed = 7;
    uint64_t sum = 0;

    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (int16_t)bench_rand(&seed);
            b[i][j] = (int16_t)bench_rand(&seed);
        }
    for (unsigned round = 0; round < 40 * scale; round++) {
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                int32_t s = 0;
                for (int k = 0; k < N; k++)
                    s += (int32_t)((uint32_t)a[i][k] * (uint32_t)b[k][j]);
                c[i][j] = s;
            }
        a[round % N][0] ^= c[1][2] & 0xff;
        sum += (uint32_t)c[round % N][5];
    }
    return sum;
}

static int compare_u32(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return (a > b) - (a < b);
}

static uint64_t sort(unsigned scale)
{
    enum { N = 1 << 16 };
    static uint32_t v[N];
    uint32_t seed = 99;
    uint64_t sum = 0;

    for (unsigned round = 0; round < 12 * scale; round++) {
        for (int i = 0; i < N; i++)
            v[i] = bench_rand(&seed);
        qsort(v, N, sizeof(v[0]), compare_u32);
        sum += v[N / 2];
    }
    return sum;
}

static inline uint32_t rotr(uint32_t x, int n)
{
    return (x >> n) | (x << (32 - n));
}

/* SHA-256's compression with constants made from the cube roots' stand-in: a fixed sequence. The
 * digest is not the standard's; the work is. */
static uint64_t sha_rounds(unsigned scale)
{
    uint32_t k[64], w[64], h[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, seed = 5;

    for (int i = 0; i < 64; i++)
        k[i] = bench_rand(&seed);
    for (unsigned block = 0; block < 60000 * scale; block++) {
        for (int i = 0; i < 16; i++)
            w[i] = block * 16 + (uint32_t)i;
        for (int i = 16; i < 64; i++) {
            uint32_t s0 = rotr(w[i - 15], 7) ^ rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
            uint32_t s1 = rotr(w[i - 2], 17) ^ rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
            w[i] = w[i - 16] + s0 + w[i - 7] + s1;
        }
        uint32_t v[8];
        memcpy(v, h, sizeof(v));
        for (int i = 0; i < 64; i++) {
            uint32_t s1 = rotr(v[4], 6) ^ rotr(v[4], 11) ^ rotr(v[4], 25);
            uint32_t t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
            uint32_t s0 = rotr(v[0], 2) ^ rotr(v[0], 13) ^ rotr(v[0], 22);
            uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
            memmove(v + 1, v, 7 * sizeof(v[0]));
            v[4] += t1;
            v[0] = t1 + t2;
        }
        for (int i = 0; i < 8; i++)
            h[i] += v[i];
    }
    return h[0] ^ h[7];
}

struct node {
    struct node *next;
    int32_t key, value;
};

/* Linked lists, searches and a state machine over text: the mix that CoreMark made customary. */
static uint64_t lists(unsigned scale)
{
    enum { N = 400 };
    static struct node pool[N];
    static const char text[] = "12,-34.5e3,0x1f,abc,+77,1e,9.75,,.5,00012,";
    uint32_t seed = 3;
    uint64_t sum = 0;

    for (unsigned round = 0; round < 700 * scale; round++) {
        struct node *head = NULL;
        for (int i = 0; i < N; i++) {
            struct node *n = &pool[i], **p = &head;
            n->key = (int32_t)(bench_rand(&seed) & 0xffff);
            n->value = i;
            while (*p && (*p)->key < n->key && i % 8)
                p = &(*p)->next;
            n->next = *p;
            *p = n;
        }
        for (struct node *n = head; n; n = n->next)
            sum = sum * 31 + (uint64_t)(n->key ^ n->value);
        int state = 0;
        for (const char *c = text; *c; c++) {
            switch (state) {
            case 0: state = *c == ',' ? 0 : *c == '+' || *c == '-' ? 1 : *c <= '9' ? 2 : 5; break;
            case 1: state = *c == '.' ? 3 : *c >= '0' && *c <= '9' ? 2 : 5; break;
            case 2: state = *c == ',' ? 0 : *c == '.' ? 3 : *c == 'e' ? 4 : *c <= '9' ? 2 : 5; break;
            case 3: state = *c == ',' ? 0 : *c == 'e' ? 4 : *c <= '9' ? 3 : 5; break;
            case 4: state = *c == ',' ? 0 : *c <= '9' ? 4 : 5; break;
            default: state = *c == ',' ? 0 : 5; break;
            }
            sum += (unsigned)state;
        }
    }
    return sum;
}

const BenchProgram bench_integer[] = {
    { "sieve", "prime sieve over 1 MiB of bytes", sieve },
    { "crc32", "table-driven CRC", crc32_bytes },
    { "matrix", "96x96 integer matrix products", matrix },
    { "sort", "qsort of 65,536 numbers", sort },
    { "sha", "SHA-256 rounds", sha_rounds },
    { "lists", "list insertion and a text state machine", lists },
    { 0 },
};
