/*
 * Loops that a compiler or a library writes with the vector extension: in assembly for a guest that has it,
 * in C, which the compiler may vectorise, elsewhere. The emulators want -cpu rv64,v=on.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stddef.h>
#include <string.h>

#include "bench.h"

#ifdef __riscv
#include <sys/auxv.h>
static int have_v(void)
{
    return getauxval(AT_HWCAP) >> ('v' - 'a') & 1;
}
#define VECTOR(text, ...) __asm__ volatile(".option push\n.option arch,+v\n" text ".option pop" __VA_ARGS__)
#define CLOBBER : "memory", "t0", "t1", "t2", "t3", "t4", "t5"
#else
static int have_v(void)
{
    return 0;
}
#define VECTOR(text, ...) (void)0
#endif

enum { N = 4096 };
static uint8_t bytes[2][N + 64];
static float singles[3][N];
static double doubles[3][N];
static int32_t words[2][N];
static uint32_t indices[N];

static uint64_t sum_of(const void *data, size_t size)
{
    const uint8_t *p = data;
    uint64_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + p[i];
    return sum;
}

static void fill(void)
{
    uint32_t seed = 77;

    for (int i = 0; i < N; i++) {
        bytes[0][i] = (uint8_t)(bench_rand(&seed) | 1);
        singles[0][i] = singles[1][i] = singles[2][i] = (float)(bench_rand(&seed) % 1000) / 512;
        doubles[0][i] = doubles[1][i] = doubles[2][i] = (double)(bench_rand(&seed) % 1000) / 512;
        words[0][i] = (int32_t)bench_rand(&seed);
        indices[i] = bench_rand(&seed) % N * 4;
    }
    bytes[0][N] = 0;
}

static uint64_t vcopy(unsigned scale)
{
    fill();
    for (unsigned round = 0; round < 60000 * scale; round++) {
        if (!have_v()) {
            __asm__ volatile("" : : "r"(bytes[0]) : "memory");
            memcpy(bytes[1], bytes[0], N);
            continue;
        }
        VECTOR("mv t0, %0\nmv t1, %1\nmv t2, %2\n"
               "1: vsetvli t3, t2, e8, m8, ta, ma\n"
               "vle8.v v8, (t0)\nadd t0, t0, t3\nsub t2, t2, t3\n"
               "vse8.v v8, (t1)\nadd t1, t1, t3\nbnez t2, 1b\n",
               : : "r"(bytes[0]), "r"(bytes[1]), "r"(N) CLOBBER);
    }
    return sum_of(bytes[1], N);
}

static uint64_t vstrlen(unsigned scale)
{
    uint64_t sum = 0;

    fill();
    for (unsigned round = 0; round < 10000 * scale; round++) {
        size_t len = 0;
        if (!have_v()) {
            __asm__ volatile("" : : "r"(bytes[0]) : "memory");
            len = strlen((const char *)bytes[0]);
        }
        VECTOR("mv t0, %1\n"
               "1: vsetvli t1, zero, e8, m2, ta, ma\n"
               "vle8ff.v v8, (t0)\ncsrr t1, vl\nvmseq.vi v0, v8, 0\nvfirst.m t2, v0\n"
               "add t0, t0, t1\nbltz t2, 1b\nsub t0, t0, t1\nadd t0, t0, t2\nsub %0, t0, %1\n",
               : "=&r"(len) : "r"(bytes[0]) CLOBBER);
        sum += len;
    }
    return sum;
}

static uint64_t vadd8(unsigned scale)
{
    fill();
    for (unsigned round = 0; round < 30000 * scale; round++) {
        if (!have_v()) {
            __asm__ volatile("" : : "r"(bytes[0]) : "memory");
            for (int i = 0; i < N; i++)
                bytes[1][i] = (uint8_t)(bytes[0][i] + bytes[1][i]);
            continue;
        }
        VECTOR("mv t0, %0\nmv t1, %1\nmv t2, %2\n"
               "1: vsetvli t3, t2, e8, m4, ta, ma\n"
               "vle8.v v8, (t0)\nvle8.v v16, (t1)\nvadd.vv v8, v8, v16\nsub t2, t2, t3\n"
               "vse8.v v8, (t1)\nadd t0, t0, t3\nadd t1, t1, t3\nbnez t2, 1b\n",
               : : "r"(bytes[0]), "r"(bytes[1]), "r"(N) CLOBBER);
    }
    return sum_of(bytes[1], N);
}

static uint64_t vsaxpy(unsigned scale)
{
    float a = 0.0001f;

    fill();
    for (unsigned round = 0; round < 4000 * scale; round++) {
        if (!have_v()) {
            __asm__ volatile("" : : "r"(singles) : "memory");
            for (int i = 0; i < N; i++)
                singles[1][i] += a * singles[0][i];
            continue;
        }
        VECTOR("mv t0, %0\nmv t1, %1\nmv t2, %2\n"
               "1: vsetvli t3, t2, e32, m8, ta, ma\n"
               "vle32.v v8, (t0)\nvle32.v v16, (t1)\nvfmacc.vf v16, %3, v8\nsub t2, t2, t3\n"
               "vse32.v v16, (t1)\nslli t3, t3, 2\nadd t0, t0, t3\nadd t1, t1, t3\nbnez t2, 1b\n",
               : : "r"(singles[0]), "r"(singles[1]), "r"(N), "f"(a) CLOBBER);
    }
    return (uint64_t)singles[1][17];
}

static uint64_t vtriad(unsigned scale)
{
    double a = 3;

    fill();
    for (unsigned round = 0; round < 3000 * scale; round++) {
        if (!have_v()) {
            __asm__ volatile("" : : "r"(doubles) : "memory");
            for (int i = 0; i < N; i++)
                doubles[2][i] = doubles[0][i] + a * doubles[1][i];
            continue;
        }
        VECTOR("mv t0, %0\nmv t1, %1\nmv t2, %2\nmv t4, %4\n"
               "1: vsetvli t3, t2, e64, m1, ta, ma\n"
               "vle64.v v8, (t0)\nvle64.v v9, (t1)\nvfmacc.vf v8, %3, v9\nsub t2, t2, t3\n"
               "slli t3, t3, 3\nadd t0, t0, t3\nadd t1, t1, t3\n"
               "vse64.v v8, (t4)\nadd t4, t4, t3\nbnez t2, 1b\n",
               : : "r"(doubles[0]), "r"(doubles[1]), "r"(N), "f"(a), "r"(doubles[2]) CLOBBER);
    }
    return (uint64_t)doubles[2][17];
}

static uint64_t vdot(unsigned scale)
{
    double sum = 0;

    fill();
    for (unsigned round = 0; round < 3000 * scale; round++) {
        double dot = 0;
        if (!have_v()) {
            __asm__ volatile("" : : "r"(doubles) : "memory");
            for (int i = 0; i < N; i++)
                dot += doubles[0][i] * doubles[1][i];
        }
        VECTOR("mv t0, %1\nmv t1, %2\nmv t2, %3\n"
               "vsetvli t3, zero, e64, m4, ta, ma\nvmv.v.i v16, 0\nvmv.s.x v24, zero\n"
               "1: vsetvli t3, t2, e64, m4, tu, ma\n"
               "vle64.v v8, (t0)\nvle64.v v12, (t1)\nvfmacc.vv v16, v8, v12\nsub t2, t2, t3\n"
               "slli t3, t3, 3\nadd t0, t0, t3\nadd t1, t1, t3\nbnez t2, 1b\n"
               "vsetvli t3, zero, e64, m4, ta, ma\nvfredusum.vs v24, v16, v24\nvfmv.f.s %0, v24\n",
               : "=f"(dot) : "r"(doubles[0]), "r"(doubles[1]), "r"(N) CLOBBER);
        sum += dot;
    }
    return (uint64_t)sum;
}

/* Four rows of a product of matrices at once. */
static uint64_t vsgemm(unsigned scale)
{
    enum { SIZE = 32 };

    fill();
    for (unsigned round = 0; round < 600 * scale; round++)
        for (int i = 0; i < SIZE; i++) {
            const float *a = &singles[0][i * SIZE], *b = singles[1];
            float *c = &singles[2][i * SIZE];
            if (!have_v()) {
                for (int j = 0; j < SIZE; j++)
                    c[j] = 0;
                for (int k = 0; k < SIZE; k++)
                    for (int j = 0; j < SIZE; j++)
                        c[j] += a[k] * b[k * SIZE + j];
                continue;
            }
            VECTOR("mv t0, %0\nmv t1, %1\nmv t2, %3\n"
                   "vsetvli t3, %3, e32, m8, ta, ma\nvmv.v.i v16, 0\n"
                   "1: flw ft0, (t0)\nvle32.v v8, (t1)\naddi t0, t0, 4\naddi t1, t1, 128\n"
                   "addi t2, t2, -1\nvfmacc.vf v16, ft0, v8\nbnez t2, 1b\nvse32.v v16, (%2)\n",
                   : : "r"(a), "r"(b), "r"(c), "r"(SIZE) CLOBBER, "ft0");
        }
    return sum_of(singles[2], SIZE * SIZE * 4);
}

static uint64_t vmax(unsigned scale)
{
    uint64_t sum = 0;

    fill();
    for (unsigned round = 0; round < 8000 * scale; round++) {
        long best = INT32_MIN;
        if (!have_v()) {
            __asm__ volatile("" : : "r"(words) : "memory");
            for (int i = 0; i < N; i++)
                best = words[0][i] > best ? words[0][i] : best;
        }
        VECTOR("mv t0, %1\nmv t2, %2\nvsetvli t3, zero, e32, m4, ta, ma\nvle32.v v16, (t0)\n"
               "1: vsetvli t3, t2, e32, m4, tu, ma\n"
               "vle32.v v8, (t0)\nvmax.vv v16, v16, v8\nsub t2, t2, t3\n"
               "slli t3, t3, 2\nadd t0, t0, t3\nbnez t2, 1b\n"
               "vsetvli t3, zero, e32, m4, ta, ma\nvredmax.vs v24, v16, v16\nvmv.x.s %0, v24\n",
               : "=r"(best) : "r"(words[0]), "r"(N) CLOBBER);
        sum += (uint64_t)best;
    }
    return sum;
}

static uint64_t vstride(unsigned scale)
{
    fill();
    for (unsigned round = 0; round < 3000 * scale; round++) {
        if (!have_v()) {
            __asm__ volatile("" : : "r"(words) : "memory");
            for (int i = 0; i < N / 4; i++)
                words[1][i] = words[0][i * 4];
            continue;
        }
        VECTOR("mv t0, %0\nmv t1, %1\nmv t2, %2\nli t4, 16\n"
               "1: vsetvli t3, t2, e32, m4, ta, ma\n"
               "vlse32.v v8, (t0), t4\nsub t2, t2, t3\nvse32.v v8, (t1)\n"
               "slli t3, t3, 2\nadd t1, t1, t3\nslli t3, t3, 2\nadd t0, t0, t3\nbnez t2, 1b\n",
               : : "r"(words[0]), "r"(words[1]), "r"(N / 4) CLOBBER);
    }
    return sum_of(words[1], N);
}

static uint64_t vgather(unsigned scale)
{
    fill();
    for (unsigned round = 0; round < 800 * scale; round++) {
        if (!have_v()) {
            __asm__ volatile("" : : "r"(words) : "memory");
            for (int i = 0; i < N; i++)
                words[1][i] = words[0][indices[i] / 4];
            continue;
        }
        VECTOR("mv t0, %0\nmv t1, %1\nmv t2, %2\nmv t4, %3\n"
               "1: vsetvli t3, t2, e32, m4, ta, ma\n"
               "vle32.v v4, (t4)\nvluxei32.v v8, (t0), v4\nsub t2, t2, t3\nvse32.v v8, (t1)\n"
               "slli t3, t3, 2\nadd t1, t1, t3\nadd t4, t4, t3\nbnez t2, 1b\n",
               : : "r"(words[0]), "r"(words[1]), "r"(N), "r"(indices) CLOBBER);
    }
    return sum_of(words[1], sizeof(words[1]));
}

/* Escape times of a row of points, those that have escaped masked off. */
static uint64_t vmandel(unsigned scale)
{
    uint64_t sum = 0;

    for (int y = 0; y < (int)(480 * scale); y++) {
        double ci = y / (240.0 * scale) - 1.0;
        uint64_t count[160];
        for (int x = 0; x < 160; x++)
            doubles[0][x] = x / 80.0 - 1.5;
        for (int x = 0; !have_v() && x < 160; x++) {
            double cr = doubles[0][x], zr = 0, zi = 0;
            uint64_t i = 0;
            for (; i < 200 && zr * zr + zi * zi < 4; i++) {
                double t = zr * zr - zi * zi + cr;
                zi = 2 * zr * zi + ci;
                zr = t;
            }
            count[x] = i;
        }
        VECTOR("mv t0, %0\nmv t1, %1\nli t2, 160\n"
               "1: vsetvli t3, t2, e64, m4, ta, ma\n"
               "vle64.v v4, (t0)\nvmv.v.i v8, 0\nvmv.v.i v12, 0\nvmv.v.i v28, 0\nli t4, 200\n"
               "2: vfmul.vv v16, v8, v8\nvfmul.vv v20, v12, v12\nvfadd.vv v24, v16, v20\n"
               "vmflt.vf v0, v24, %3\nvcpop.m t5, v0\nbeqz t5, 3f\nvadd.vi v28, v28, 1, v0.t\n"
               "vfmul.vv v12, v8, v12\nvfadd.vv v12, v12, v12\nvfadd.vf v12, v12, %2\n"
               "vfsub.vv v8, v16, v20\nvfadd.vv v8, v8, v4\naddi t4, t4, -1\nbnez t4, 2b\n"
               "3: vse64.v v28, (t1)\nsub t2, t2, t3\nslli t3, t3, 3\nadd t0, t0, t3\n"
               "add t1, t1, t3\nbnez t2, 1b\n",
               : : "r"(doubles[0]), "r"(count), "f"(ci), "f"(4.0) CLOBBER);
        sum += sum_of(count, sizeof(count));
    }
    return sum;
}

const BenchProgram bench_vector[] = {
    { "vcopy", "vector: copies of 4 KiB", vcopy },
    { "vstrlen", "vector: length of a string", vstrlen },
    { "vadd8", "vector: sums of bytes", vadd8 },
    { "vsaxpy", "vector: y += a * x, single precision", vsaxpy },
    { "vtriad", "vector: z = x + a * y, double precision", vtriad },
    { "vdot", "vector: scalar product", vdot },
    { "vsgemm", "vector: matrix product", vsgemm },
    { "vmax", "vector: greatest of words", vmax },
    { "vstride", "vector: every fourth word", vstride },
    { "vgather", "vector: words by index", vgather },
    { "vmandel", "vector: escape times, masked", vmandel },
    { 0 },
};
