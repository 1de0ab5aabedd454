/*
 * Scalar double precision.
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <string.h>

#include "bench.h"

static uint64_t bits_of(double d)
{
    uint64_t u;

    memcpy(&u, &d, sizeof(u));
    return u;
}

static uint64_t nbody(unsigned scale)
{
    enum { N = 5 };
    double p[N][3] = { { 0, 0, 0 }, { 4.8, -1.2, -.1 }, { 8.3, 4.1, -.4 }, { 12.9, -15.1, -.2 },
                       { 15.4, -25.9, .2 } };
    double v[N][3] = { { 0, 0, 0 }, { .6, 2.8, 0 }, { -1.0, 1.8, 0 }, { 1.1, .9, 0 }, { 1.0, .6, 0 } };
    const double m[N] = { 39.5, .038, .011, .0017, .002 };

    for (unsigned step = 0; step < 240000 * scale; step++) {
        for (int i = 0; i < N; i++)
            for (int j = i + 1; j < N; j++) {
                double d[3], d2 = 0;
                for (int k = 0; k < 3; k++) {
                    d[k] = p[i][k] - p[j][k];
                    d2 += d[k] * d[k];
                }
                double mag = .001 / (d2 * sqrt(d2));
                for (int k = 0; k < 3; k++) {
                    v[i][k] -= d[k] * m[j] * mag;
                    v[j][k] += d[k] * m[i] * mag;
                }
            }
        for (int i = 0; i < N; i++)
            for (int k = 0; k < 3; k++)
                p[i][k] += .001 * v[i][k];
    }
    return bits_of(p[0][0] + p[4][2]);
}

static uint64_t mandelbrot(unsigned scale)
{
    uint64_t sum = 0;

    for (int y = 0; y < (int)(480 * scale); y++)
        for (int x = 0; x < 160; x++) {
            double cr = x / 80.0 - 1.5, ci = y / (240.0 * scale) - 1.0, zr = 0, zi = 0;
            int i = 0;
            while (i < 200 && zr * zr + zi * zi < 4) {
                double t = zr * zr - zi * zi + cr;
                zi = 2 * zr * zi + ci;
                zr = t;
                i++;
            }
            sum += (unsigned)i;
        }
    return sum;
}

static uint64_t lu(unsigned scale)
{
    enum { N = 100 };
    static double a[N][N];
    uint32_t seed = 17;
    uint64_t sum = 0;

    for (unsigned round = 0; round < 40 * scale; round++) {
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++)
                a[i][j] = (double)(bench_rand(&seed) & 0xffff) / 65536 + (i == j ? N : 0);
        for (int k = 0; k < N; k++)
            for (int i = k + 1; i < N; i++) {
                double f = a[i][k] / a[k][k];
                for (int j = k; j < N; j++)
                    a[i][j] -= f * a[k][j];
            }
        sum ^= bits_of(a[N - 1][N - 1]);
    }
    return sum;
}

static uint64_t fft(unsigned scale)
{
    enum { BITS = 12, N = 1 << BITS };
    static double re[N], im[N];

    for (int i = 0; i < N; i++) {
        re[i] = i % 17;
        im[i] = i % 5;
    }
    for (unsigned round = 0; round < 120 * scale; round++) {
        for (int half = N / 2; half; half /= 2) {
            double wr = cos(M_PI / half), wi = -sin(M_PI / half);
            for (int s = 0; s < N; s += 2 * half) {
                double cr = 1, ci = 0;
                for (int i = s; i < s + half; i++) {
                    double ar = re[i], ai = im[i], br = re[i + half], bi = im[i + half];
                    re[i] = (ar + br) * .5;
                    im[i] = (ai + bi) * .5;
                    double dr = (ar - br) * .5, di = (ai - bi) * .5;
                    re[i + half] = dr * cr - di * ci;
                    im[i + half] = dr * ci + di * cr;
                    double t = cr * wr - ci * wi;
                    ci = cr * wi + ci * wr;
                    cr = t;
                }
            }
        }
        re[round % N] += 1;
    }
    return bits_of(re[1] + im[2]);
}

const BenchProgram bench_float[] = {
    { "nbody", "five bodies under gravitation", nbody },
    { "mandelbrot", "escape times", mandelbrot },
    { "lu", "LU decomposition of 100x100", lu },
    { "fft", "4,096-point transforms", fft },
    { 0 },
};
