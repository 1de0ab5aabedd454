/*
 * Calls, returns and indirect jumps: what interpreters and object-oriented code spend their time on.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"

static __attribute__((noinline)) uint64_t fib_call(unsigned n)
{
    return n < 2 ? n : fib_call(n - 1) + fib_call(n - 2);
}

static uint64_t fib(unsigned scale)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < scale; i++)
        sum += fib_call(35);
    return sum;
}

/* A register machine: 8 instructions, a loop of 24 that computes a little. */
static uint64_t bytecode(unsigned scale)
{
    enum { ADD, SUB, XOR, SHL, LOAD, STORE, DEC, JNZ };
    static const uint8_t program[][3] = {
        { LOAD, 0, 4 }, { ADD, 0, 1 }, { XOR, 1, 0 }, { SHL, 1, 3 },  { STORE, 0, 4 }, { SUB, 2, 0 },
        { ADD, 3, 2 },  { XOR, 0, 3 }, { LOAD, 2, 5 }, { ADD, 2, 0 }, { STORE, 2, 5 }, { SHL, 3, 1 },
        { SUB, 1, 3 },  { XOR, 2, 1 }, { ADD, 0, 2 }, { STORE, 1, 6 }, { LOAD, 3, 6 }, { ADD, 3, 0 },
        { XOR, 3, 1 },  { SUB, 0, 3 }, { SHL, 2, 2 }, { ADD, 1, 2 },  { DEC, 7, 0 },  { JNZ, 7, 0 },
    };
    uint64_t r[8] = { 1, 2, 3, 4, 5, 6, 7, 0 }, mem[8] = { 0 };
    unsigned pc = 0;

    r[7] = 900000ull * scale;
    for (;;) {
        const uint8_t *i = program[pc++];
        switch (i[0]) {
        case ADD: r[i[1]] += r[i[2]]; break;
        case SUB: r[i[1]] -= r[i[2]]; break;
        case XOR: r[i[1]] ^= r[i[2]]; break;
        case SHL: r[i[1]] = r[i[1]] << i[2] | r[i[1]] >> (64 - i[2]); break;
        case LOAD: r[i[1]] = mem[i[2]]; break;
        case STORE: mem[i[2]] = r[i[1]]; break;
        case DEC: r[i[1]]--; break;
        case JNZ:
            if (!r[i[1]])
                return r[0] ^ r[1] ^ r[2] ^ r[3];
            pc = 0;
            break;
        }
    }
}

#define METHOD(n, expr)                                                    \
    static __attribute__((noinline)) uint64_t method##n(uint64_t x)        \
    {                                                                      \
        return expr;                                                       \
    }
METHOD(0, x + 1)
METHOD(1, x ^ 0x55)
METHOD(2, x * 3)
METHOD(3, x >> 1)
METHOD(4, x - 7)
METHOD(5, ~x)
METHOD(6, x + (x >> 3))
METHOD(7, x | 1)

static uint64_t calls(unsigned scale)
{
    static uint64_t (*volatile const table[8])(uint64_t) = { method0, method1, method2, method3,
                                                             method4, method5, method6, method7 };
    uint32_t seed = 11;
    uint64_t x = 1;

    for (uint64_t i = 0; i < 12000000ull * scale; i++)
        x = table[bench_rand(&seed) & 7](x);
    return x;
}

const BenchProgram bench_jumps[] = {
    { "fib", "recursive calls", fib },
    { "bytecode", "switch-driven bytecode loop", bytecode },
    { "calls", "random calls through a function table", calls },
    { 0 },
};
