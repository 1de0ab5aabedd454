/*
 * Programs that write code: a function made anew for every call, a page of functions of which one is made
 * anew at a time while the others run, and hot code that stores to its own page.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <sys/mman.h>

#include "bench.h"

#define PAGE 4096

static uint8_t *code_page(void)
{
    void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return p == MAP_FAILED ? NULL : p;
}

/* From here on what was written is what runs. */
static void code_ready(void)
{
#ifdef __riscv
    __asm__ volatile("fence.i" ::: "memory");
#else
    __asm__ volatile("" ::: "memory");
#endif
}

/* uint64_t f(uint64_t n) gives n + add; add is below 2,048. */
static void write_function(uint8_t *p, uint32_t add)
{
#if defined(__riscv)
    const uint32_t code[] = { add << 20 | 0x00050513, 0x00008067 };
#elif defined(__x86_64__)
    uint8_t code[] = { 0x48, 0x8d, 0x87, 0, 0, 0, 0, 0xc3 };
    memcpy(code + 3, &add, sizeof(add));
#endif
    memcpy(p, code, sizeof(code));
}

typedef uint64_t (*Function)(uint64_t);

static uint64_t selfmod(unsigned scale)
{
    uint8_t *p = code_page();
    uint64_t sum = 1;

    if (!p)
        return 0;
    for (unsigned i = 0; i < 50000 * scale; i++) {
        write_function(p, i & 1023);
        code_ready();
        sum = ((Function)(void *)p)(sum) * 3;
    }
    munmap(p, PAGE);
    return sum;
}

enum { FUNCTIONS = 32, STEP = PAGE / FUNCTIONS };

static uint64_t patch(unsigned scale)
{
    uint8_t *p = code_page();
    uint64_t sum = 1;

    if (!p)
        return 0;
    for (unsigned n = 0; n < FUNCTIONS; n++)
        write_function(p + n * STEP, n);
    for (unsigned i = 0; i < 5000 * scale; i++) {
        write_function(p + (i * 7 % FUNCTIONS) * STEP, i & 1023);
        code_ready();
        for (unsigned n = 0; n < 8 * FUNCTIONS; n++)
            sum = ((Function)(void *)(p + (n % FUNCTIONS) * STEP))(sum) * 3;
    }
    munmap(p, PAGE);
    return sum;
}

/* Stores n, n - 1, ... 1 to *p. */
#if defined(__riscv)
static const uint32_t store_loop[] = { 0x00b53023, 0xfff58593, 0xfe059ce3, 0x00008067 };
#elif defined(__x86_64__)
static const uint8_t store_loop[] = { 0x48, 0x89, 0x37, 0x48, 0xff, 0xce, 0x75, 0xf8, 0xc3 };
#endif

static uint64_t code_and_data(unsigned scale)
{
    uint8_t *p = code_page();
    volatile uint64_t *data = (volatile uint64_t *)(void *)(p + PAGE / 2);

    if (!p)
        return 0;
    memcpy(p, store_loop, sizeof(store_loop));
    code_ready();
    ((void (*)(volatile uint64_t *, uint64_t))(void *)p)(data, 3000000ull * scale);
    uint64_t sum = data[0];
    munmap(p, PAGE);
    return sum;
}

const BenchProgram bench_code[] = {
    { "selfmod", "a function written anew for every call", selfmod },
    { "patch", "one of 32 functions written anew, all called", patch },
    { "codedata", "hot code that stores to its own page", code_and_data },
    { 0 },
};
