/*
 * The SBI from S-mode: each extension, and each error code that it can give. Runs on -bios builtin with
 * up to four harts, and on OpenSBI, whose answers must be the same wherever the specification leaves no
 * choice. Resets the machine once on its way.
 *
 * SPDX-License-Identifier: MIT
 */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

#define UART ((volatile u8 *)0x10000000)
#define FINISHER ((volatile u32 *)0x100000)
#define MARKER ((volatile u64 *)0x84000000) /* survives a reset */
#define MAGIC 0x7265626f6f746564ul
#define RAM_END_FAR 0x7ffffffffffff000ul

enum {
    OK = 0, FAILED = -1, NOT_SUPPORTED = -2, INVALID_PARAM = -3, DENIED = -4, INVALID_ADDRESS = -5,
    ALREADY_AVAILABLE = -6, ALREADY_STARTED = -7, ALREADY_STOPPED = -8, NO_SHMEM = -9,
    INVALID_STATE = -10, BAD_RANGE = -11, DENIED_LOCKED = -14,
};
enum {
    BASE = 0x10, TIME = 0x54494d45, IPI = 0x735049, RFENCE = 0x52464e43, HSM = 0x48534d,
    SRST = 0x53525354, PMU = 0x504d55, DBCN = 0x4442434e, SUSP = 0x53555350, STA = 0x535441,
    SSE = 0x535345, FWFT = 0x46574654, MPXY = 0x4d505859, CPPC = 0x43505043, NACL = 0x4e41434c,
};

struct ret {
    long error;
    u64 value;
};

static struct ret sbi(u64 ext, u64 fn, u64 x0, u64 x1, u64 x2, u64 x3, u64 x4)
{
    register u64 a0 __asm__("a0") = x0;
    register u64 a1 __asm__("a1") = x1;
    register u64 a2 __asm__("a2") = x2;
    register u64 a3 __asm__("a3") = x3;
    register u64 a4 __asm__("a4") = x4;
    register u64 a6 __asm__("a6") = fn;
    register u64 a7 __asm__("a7") = ext;

    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7)
                     : "memory");
    return (struct ret){ (long)a0, a1 };
}
#define SBI5(e, f, a, b, c, d, g, ...) sbi(e, f, (u64)(a), (u64)(b), (u64)(c), (u64)(d), (u64)(g))
#define CALL(e, f, ...) SBI5(e, f, ##__VA_ARGS__, 0, 0, 0, 0, 0)

#define csr_read(csr)                                                         \
    ({                                                                        \
        u64 v_;                                                               \
        __asm__ volatile("csrr %0, " csr : "=r"(v_) : : "memory");            \
        v_;                                                                   \
    })
#define csr_write(csr, v) __asm__ volatile("csrw " csr ", %0" : : "r"((u64)(v)) : "memory")
#define csr_set(csr, v) __asm__ volatile("csrs " csr ", %0" : : "r"((u64)(v)) : "memory")
#define csr_clear(csr, v) __asm__ volatile("csrc " csr ", %0" : : "r"((u64)(v)) : "memory")
#define SSIP (1ul << 1)
#define STIP (1ul << 5)
#define SIE (1ul << 1)

static u64 nr_harts;
static _Bool ours; /* our own firmware: also what the specification leaves open */

/* ---- Output and outcome ---- */

static void puts(const char *s)
{
    for (; *s; s++) {
        while (!(UART[5] & 0x20)) {
        }
        UART[0] = (u8)*s;
    }
}

static void put_hex(u64 v)
{
    puts("0x");
    for (int shift = 60; shift >= 0; shift -= 4) {
        char text[2] = { "0123456789abcdef"[v >> shift & 15], 0 };
        puts(text);
    }
}

static _Noreturn void fail(int line, const char *what, u64 got, u64 want)
{
    puts("sbi.c:");
    put_hex((u64)line);
    puts(": ");
    puts(what);
    puts(" is ");
    put_hex(got);
    puts(", not ");
    put_hex(want);
    puts("\nFAIL\n");
    *FINISHER = 1 << 16 | 0x3333;
    for (;;) {
    }
}

#define CHECK_EQ(got, want)                                                   \
    do {                                                                      \
        u64 got_ = (u64)(got), want_ = (u64)(want);                           \
        if (got_ != want_)                                                    \
            fail(__LINE__, #got, got_, want_);                                \
    } while (0)
#define CHECK(cond)                                                           \
    do {                                                                      \
        if (!(cond))                                                          \
            fail(__LINE__, #cond, 0, 1);                                      \
    } while (0)
#define ERROR(code, ...) CHECK_EQ(CALL(__VA_ARGS__).error, code)
#define VALUE(want, ...)                                                      \
    do {                                                                      \
        struct ret r_ = CALL(__VA_ARGS__);                                    \
        CHECK_EQ(r_.error, OK);                                               \
        CHECK_EQ(r_.value, want);                                             \
    } while (0)

/* ---- Traps: exceptions are counted and skipped, interrupts masked off ---- */

static volatile u64 trap_cause, trap_epc, trap_tval, trap_count;

u64 s_trap(u64 cause, u64 epc, u64 tval);
u64 s_trap(u64 cause, u64 epc, u64 tval)
{
    trap_cause = cause;
    trap_epc = epc;
    trap_tval = tval;
    trap_count++;
    if (cause >> 63) {
        csr_clear("sie", 1ul << (cause & 63));
        return epc;
    }
    return epc + ((*(u8 *)epc & 3) == 3 ? 4 : 2);
}

extern char _start[], hart_entry[], event_entry[], resume_entry[];
u64 sleep_and_resume(u64 ext, u64 fn, u64 type, u64 opaque);

static u64 now(void)
{
    return csr_read("time");
}

static void wait_for(const volatile u64 *p, u64 v, int line)
{
    for (u64 end = now() + 200000000; *p != v;) {
        if (now() > end) {
            fail(line, "waited for", *p, v);
        }
    }
    __asm__ volatile("fence rw, rw" : : : "memory");
}
#define WAIT_FOR(p, v) wait_for(p, v, __LINE__)

/* ---- Other harts ---- */

enum { JOB_NONE, JOB_STOP, JOB_PAGING, JOB_EVENT };
static volatile u64 job[8], started[8], seen_a1[8], seen_satp[8], seen_status[8], paged[8];
static volatile u64 events, event_hart, event_arg, event_order[4];
static u8 page_a[4096] __attribute__((aligned(4096)));
static u8 page_b[4096] __attribute__((aligned(4096)));
static u64 root[512] __attribute__((aligned(4096)));
static u64 middle[512] __attribute__((aligned(4096)));
static u64 leaf[512] __attribute__((aligned(4096)));
static u8 shared[4096] __attribute__((aligned(4096)));
#define PAGE_VA 0x2000000000ul

void hart_main(u64 hart, u64 a1, u64 satp, u64 status);
void hart_main(u64 hart, u64 a1, u64 satp, u64 status)
{
    seen_a1[hart] = a1;
    seen_satp[hart] = satp;
    seen_status[hart] = status;
    started[hart]++;
    for (;;) {
        switch (job[hart]) {
        case JOB_STOP:
            job[hart] = JOB_NONE;
            CALL(HSM, 1);
            fail(__LINE__, "stop", 0, 1);
        case JOB_PAGING:
            csr_write("satp", 8ul << 60 | (u64)root >> 12);
            while (job[hart] == JOB_PAGING) {
                paged[hart] = *(volatile u64 *)PAGE_VA;
            }
            csr_write("satp", 0);
            __asm__ volatile("sfence.vma" : : : "memory");
            break;
        case JOB_EVENT:
            job[hart] = JOB_NONE;
            CALL(SSE, 2, 0xffff0000u, event_entry, 100 + hart);
            CALL(SSE, 4, 0xffff0000u);
            CALL(SSE, 8);
            started[hart]++;
            break;
        default:
            break;
        }
    }
}

static u64 status_of(u64 hart)
{
    struct ret r = CALL(HSM, 2, hart);

    CHECK_EQ(r.error, OK);
    return r.value;
}

static void stop_hart(u64 hart)
{
    job[hart] = JOB_STOP;
    while (status_of(hart) != 1) {
    }
}

static void start_hart(u64 hart)
{
    u64 n = started[hart];

    ERROR(OK, HSM, 0, hart, hart_entry, 0x1234 + hart);
    WAIT_FOR(&started[hart], n + 1);
    CHECK_EQ(seen_a1[hart], 0x1234 + hart);
    CHECK_EQ(seen_satp[hart], 0);
    CHECK_EQ(seen_status[hart] & SIE, 0);
}

/* ---- Extension by extension ---- */

static void test_base(void)
{
    static const u64 here[] = { BASE, TIME, IPI, RFENCE, HSM, SRST, PMU, DBCN, FWFT, SSE };
    static const u64 absent[] = { MPXY, CPPC, NACL, 0x08000000, 0x08ffffff, 0x09000000, 0x0affffff,
                                  0x12345, 0x11 };
    struct ret r = CALL(BASE, 1);

    CHECK_EQ(r.error, OK);
    ours = r.value == 0x56495245;
    CHECK_EQ(CALL(BASE, 0).error, OK);
    CHECK_EQ(CALL(BASE, 0).value >> 24, ours ? 3 : CALL(BASE, 0).value >> 24);
    for (unsigned i = 0; i < sizeof(here) / 8; i++) {
        CHECK(CALL(BASE, 3, here[i]).value != 0);
    }
    for (unsigned i = 0; i < sizeof(absent) / 8; i++) {
        VALUE(0, BASE, 3, absent[i]);
        ERROR(NOT_SUPPORTED, absent[i], 0);
    }
    for (unsigned fn = 4; fn < 7; fn++) {
        CHECK_EQ(CALL(BASE, fn).error, OK);
    }
    if (ours) {
        VALUE(1, BASE, 3, SUSP);
        VALUE(1, BASE, 3, STA);
    }
    ERROR(NOT_SUPPORTED, BASE, 7);
    ERROR(NOT_SUPPORTED, BASE, ~0ul);
}

/* What firmware leaves to S: the counters, and what is illegal comes here. */
static void test_view(void)
{
    csr_read("cycle");
    csr_read("time");
    csr_read("instret");
    CHECK_EQ(trap_count, 0);
    __asm__ volatile(".option push; .option norvc; csrr t0, mstatus; .option pop" : : : "t0");
    CHECK_EQ(trap_count, 1);
    CHECK_EQ(trap_cause, 2);
    trap_count = 0;
}

static void test_time(void)
{
    csr_write("sie", 0);
    ERROR(OK, TIME, 0, ~0ul);
    CHECK_EQ(csr_read("sip") & STIP, 0);
    ERROR(OK, TIME, 0, now() + 10000);
    CHECK_EQ(csr_read("sip") & STIP, 0);
    for (u64 end = now() + 100000000; !(csr_read("sip") & STIP);) {
        CHECK(now() < end);
    }
    ERROR(OK, TIME, 0, ~0ul);
    CHECK_EQ(csr_read("sip") & STIP, 0);
    ERROR(OK, TIME, 0, 0);
    for (u64 end = now() + 100000000; !(csr_read("sip") & STIP);) {
        CHECK(now() < end);
    }
    CHECK_EQ(CALL(0, 0, ~0ul).error, OK); /* legacy */
    CHECK_EQ(csr_read("sip") & STIP, 0);
    ERROR(NOT_SUPPORTED, TIME, 1);
}

static void wait_ssip(void)
{
    for (u64 end = now() + 100000000; !(csr_read("sip") & SSIP);) {
        CHECK(now() < end);
    }
    csr_clear("sip", SSIP);
}

static void test_ipi(void)
{
    static u64 mask = 1;

    ERROR(OK, IPI, 0, 1, 0);
    wait_ssip();
    ERROR(OK, IPI, 0, 0, 0);
    CHECK_EQ(csr_read("sip") & SSIP, 0);
    ERROR(OK, IPI, 0, 0, ~0ul);
    wait_ssip();
    if (ours) {
        ERROR(INVALID_PARAM, IPI, 0, 1, nr_harts);
        ERROR(INVALID_PARAM, IPI, 0, 1ul << 63, 0);
        ERROR(INVALID_PARAM, IPI, 0, 2, ~0ul - 1);
        CHECK_EQ(csr_read("sip") & SSIP, 0);
    }
    ERROR(NOT_SUPPORTED, IPI, 1);
    if (!ours) {
        return; /* OpenSBI may be built without the legacy calls */
    }
    CHECK_EQ(CALL(4, 0, &mask).error, OK);
    CHECK_EQ(CALL(3, 0).error, 1);
    CHECK_EQ(CALL(3, 0).error, 0);
    CHECK_EQ(CALL(4, 0, 0).error, OK);
    wait_ssip();
    /* A mask where there is no memory: the fault is ours, at the ecall. */
    trap_count = 0;
    CALL(4, 0, RAM_END_FAR);
    CHECK_EQ(trap_count, 1);
    CHECK(trap_cause == 13 || trap_cause == 5);
    CHECK_EQ(trap_tval, RAM_END_FAR);
    CHECK_EQ(*(u32 *)trap_epc, 0x73);
    trap_count = 0;
    CHECK_EQ(CALL(5, 0, &mask).error, OK);
    CHECK_EQ(CALL(6, 0, &mask, 0, 0).error, OK);
    CHECK_EQ(CALL(7, 0, &mask, 0, 4096, 1).error, OK);
    CHECK_EQ(CALL(1, 0, '.').error, OK);
    CHECK_EQ(CALL(1, 0, '\n').error, OK);
    CHECK_EQ(CALL(2, 0).error, -1);
    CHECK_EQ(CALL(9, 0).error, NOT_SUPPORTED);
}

static void test_hsm(void)
{
    CHECK_EQ(status_of(0), 0);
    ERROR(INVALID_PARAM, HSM, 2, nr_harts);
    ERROR(INVALID_PARAM, HSM, 2, ~0ul);
    ERROR(INVALID_PARAM, HSM, 0, nr_harts, hart_entry, 0);
    ERROR(ALREADY_AVAILABLE, HSM, 0, 0, hart_entry, 0);
    ERROR(NOT_SUPPORTED, HSM, 4);
    for (u64 h = 1; h < nr_harts; h++) {
        CHECK_EQ(status_of(h), 1);
        if (ours) {
            ERROR(INVALID_ADDRESS, HSM, 0, h, RAM_END_FAR, 0);
        }
        start_hart(h);
        CHECK_EQ(status_of(h), 0);
        ERROR(ALREADY_AVAILABLE, HSM, 0, h, hart_entry, 0);
        stop_hart(h);
        start_hart(h);
        stop_hart(h);
    }
}

static void test_suspend(void)
{
    ERROR(INVALID_PARAM, HSM, 3, 1, 0, 0);
    ERROR(INVALID_PARAM, HSM, 3, 0x80000001u, 0, 0);
    if (ours) {
        ERROR(INVALID_PARAM, HSM, 3, 0x10000000u, 0, 0);
        ERROR(INVALID_PARAM, HSM, 3, 0x90000000u, hart_entry, 0);
        ERROR(INVALID_ADDRESS, HSM, 3, 0x80000000u, RAM_END_FAR, 0);
    }
    csr_write("sie", STIP);
    CALL(TIME, 0, now() + 20000);
    u64 before = now();
    ERROR(OK, HSM, 3, 0, 0, 0);
    CHECK(now() - before >= 15000);
    CALL(TIME, 0, now() + 20000);
    before = now();
    CHECK_EQ(sleep_and_resume(HSM, 3, 0x80000000u, 77), 77);
    CHECK(now() - before >= 15000);
    CHECK_EQ(csr_read("satp"), 0);
    csr_write("sie", 0);
    CALL(TIME, 0, ~0ul);
}

static void test_rfence(void)
{
    for (u64 fn = 0; fn < 3; fn++) {
        ERROR(OK, RFENCE, fn, 1, 0, 0, 0, 0);
        ERROR(OK, RFENCE, fn, 0, ~0ul, 0x1000, 0x3000, 5);
        ERROR(OK, RFENCE, fn, 1, 0, 0x1000, ~0ul, 5);
        if (ours) {
            ERROR(INVALID_PARAM, RFENCE, fn, 1, nr_harts, 0, 0, 0);
        }
    }
    if (ours) {
        ERROR(INVALID_ADDRESS, RFENCE, 1, 1, 0, ~0ul - 4096, 8192);
        ERROR(INVALID_PARAM, RFENCE, 2, 1, 0, 0, 0, 1ul << 40);
    }
    ERROR(NOT_SUPPORTED, RFENCE, 7, 1, 0);
}

/* The other harts read a page whose translation changes under them. */
static void test_remote_fence(void)
{
    *(volatile u64 *)page_a = 0xa;
    *(volatile u64 *)page_b = 0xb;
    for (u64 i = 0; i < 4; i++) {
        root[i] = i << 28 | 0xcf; /* gigabytes where they are */
    }
    root[PAGE_VA >> 30 & 511] = (u64)middle >> 12 << 10 | 1;
    middle[0] = (u64)leaf >> 12 << 10 | 1;
    leaf[0] = (u64)page_a >> 12 << 10 | 0xc7;
    for (u64 h = 1; h < nr_harts; h++) {
        start_hart(h);
        job[h] = JOB_PAGING;
        WAIT_FOR(&paged[h], 0xa);
    }
    for (unsigned n = 0; n < 24; n++) {
        u8 *page = n & 1 ? page_a : page_b;

        *(volatile u64 *)&leaf[0] = (u64)page >> 12 << 10 | 0xc7;
        if (n % 3 == 0) {
            ERROR(OK, RFENCE, 1, 0, ~0ul, PAGE_VA, 4096);
        } else if (n % 3 == 1) {
            ERROR(OK, RFENCE, 2, (1ul << nr_harts) - 1, 0, PAGE_VA, 4096, 0);
        } else {
            ERROR(OK, RFENCE, 1, (1ul << nr_harts) - 1, 0, 0, 0);
        }
        for (u64 h = 1; h < nr_harts; h++) {
            paged[h] = 0;
        }
        for (u64 h = 1; h < nr_harts; h++) {
            for (u64 v = 0; !v;) {
                v = paged[h];
                /* A store that was under way may come after ours, once. */
                if (v && v != *(volatile u64 *)page) {
                    paged[h] = v = 0;
                    n |= 0x10000;
                    CHECK((n += 0x20000) < 0x1000000);
                }
            }
        }
        n &= 0xffff;
    }
    for (u64 h = 1; h < nr_harts; h++) {
        job[h] = JOB_NONE;
        stop_hart(h);
    }
}

static void test_dbcn(void)
{
    static const char text[] = "dbcn\n";

    VALUE(5, DBCN, 0, 5, text, 0);
    VALUE(0, DBCN, 0, 0, text, 0);
    VALUE(0, DBCN, 1, 8, shared, 0);
    ERROR(OK, DBCN, 2, '\n');
    if (ours) {
        ERROR(INVALID_PARAM, DBCN, 0, 5, text, 1);
        ERROR(INVALID_PARAM, DBCN, 0, 5, RAM_END_FAR, 0);
        ERROR(INVALID_PARAM, DBCN, 0, ~0ul, text, 0);
        ERROR(INVALID_PARAM, DBCN, 1, 0x100, 0x1000, 0); /* ROM */
        ERROR(INVALID_PARAM, DBCN, 0, 0x10000, 0x7ffff000, 0); /* up to RAM */
        ERROR(INVALID_PARAM, DBCN, 0, 16, UART, 0);
    }
    ERROR(NOT_SUPPORTED, DBCN, 3);
}

static void test_susp(void)
{
    if (!ours) {
        return;
    }
    ERROR(INVALID_PARAM, SUSP, 0, 1, resume_entry, 0);
    ERROR(INVALID_PARAM, SUSP, 0, 0x80000000u, resume_entry, 0);
    ERROR(INVALID_ADDRESS, SUSP, 0, 0, RAM_END_FAR, 0);
    ERROR(NOT_SUPPORTED, SUSP, 1);
    if (nr_harts > 1) {
        start_hart(1);
        ERROR(DENIED, SUSP, 0, 0, resume_entry, 0);
        stop_hart(1);
    }
    /* An interrupt is pending: the sleep is over at once. */
    CALL(IPI, 0, 1, 0);
    csr_write("sie", SSIP);
    CHECK_EQ(sleep_and_resume(SUSP, 0, 0, 99), 99);
    csr_write("sie", 0);
    csr_clear("sip", SSIP);
}

static void test_pmu(void)
{
    struct ret r = CALL(PMU, 0);
    u64 total = r.value, mask = 0, hw = 0;

    CHECK_EQ(r.error, OK);
    CHECK(total > 16);
    for (u64 n = 0; n < total; n++) {
        r = CALL(PMU, 1, n);
        if (r.error == OK) {
            mask |= 1ul << n;
            if (!(r.value >> 63)) {
                CHECK_EQ(r.value & 0xfff, 0xc00 + n);
                CHECK_EQ(r.value >> 12 & 63, 63);
                hw |= 1ul << n;
            }
        }
    }
    CHECK_EQ(mask >> (total - 16), 0xffff);
    ERROR(INVALID_PARAM, PMU, 1, total);
    ERROR(INVALID_PARAM, PMU, 1, 1);
    CALL(PMU, 4, 0, mask, 1);

    /* Cycles. */
    r = CALL(PMU, 2, 0, hw, 2, 1, 0);
    CHECK_EQ(r.error, OK);
    u64 n = r.value;
    CHECK(hw >> n & 1);
    ERROR(OK, PMU, 3, n, 1, 1, 1000);
    ERROR(ALREADY_STARTED, PMU, 3, n, 1, 0, 0);
    for (volatile int i = 0; i < 1000; i++) {
    }
    ERROR(OK, PMU, 4, n, 1, 0);
    ERROR(ALREADY_STOPPED, PMU, 4, n, 1, 0);
    CALL(PMU, 4, n, 1, 1);

    /* Firmware: timers set. */
    r = CALL(PMU, 2, 0, mask, 6, 0xf0005, 0);
    CHECK_EQ(r.error, OK);
    n = r.value;
    CHECK(n >= total - 16);
    VALUE(0, PMU, 5, n);
    CALL(TIME, 0, ~0ul);
    CALL(TIME, 0, ~0ul);
    VALUE(2, PMU, 5, n);
    VALUE(0, PMU, 6, n);
    ERROR(OK, PMU, 4, n, 1, 0);
    CALL(TIME, 0, ~0ul);
    VALUE(2, PMU, 5, n);
    CALL(PMU, 4, n, 1, 1);

    ERROR(INVALID_PARAM, PMU, 5, 0);
    ERROR(INVALID_PARAM, PMU, 5, total);
    ERROR(INVALID_PARAM, PMU, 2, total, 1, 0, 1, 0);
    ERROR(NOT_SUPPORTED, PMU, 2, 0, mask, 0, 0x10011, 0); /* last-level cache misses */
    ERROR(NOT_SUPPORTED, PMU, 9);
    if (!ours) {
        return;
    }
    ERROR(INVALID_PARAM, PMU, 3, total, 1, 0, 0);
    ERROR(INVALID_PARAM, PMU, 4, total, 1, 0);
    ERROR(INVALID_PARAM, PMU, 4, 0, 1, 4);
    ERROR(INVALID_PARAM, PMU, 3, 0, 1, 4);
    ERROR(INVALID_PARAM, PMU, 2, 0, mask, 1ul << 8, 1, 0);
    ERROR(NO_SHMEM, PMU, 3, 0, 1, 2, 0);
    ERROR(NO_SHMEM, PMU, 4, 0, 1, 2);
    ERROR(INVALID_PARAM, PMU, 7, shared + 8, 0, 0);
    ERROR(INVALID_PARAM, PMU, 7, shared, 0, 1);
    ERROR(INVALID_ADDRESS, PMU, 7, 0x2000, 0, 0);
    ERROR(INVALID_ADDRESS, PMU, 7, shared, 1, 0);
    ERROR(OK, PMU, 7, shared, 0, 0);
    u64 *words = (u64 *)shared;
    r = CALL(PMU, 2, 0, hw, 2, 2, 0); /* instructions, from the snapshot */
    CHECK_EQ(r.error, OK);
    n = r.value;
    words[1] = 5000;
    ERROR(OK, PMU, 3, n, 1, 2, 0);
    ERROR(OK, PMU, 4, n, 1, 3);
    CHECK_EQ(words[0], 0);
    CHECK(words[1] > 5000 && words[1] < 100000);
    ERROR(OK, PMU, 7, ~0ul, ~0ul, 0);
    ERROR(NO_SHMEM, PMU, 4, 0, 1, 2);

    u32 *info = (u32 *)shared;
    info[0] = 1;
    info[4] = 0x10019;
    info[8] = 0x1ffff;
    info[12] = 0xf0006;
    words[1] = words[3] = words[5] = words[7] = 0;
    ERROR(OK, PMU, 8, shared, 0, 4, 0);
    CHECK_EQ(info[1], 1);
    CHECK_EQ(info[5], 1);
    CHECK_EQ(info[9], 0);
    CHECK_EQ(info[13], 1);
    info[4] = 1u << 20;
    ERROR(INVALID_PARAM, PMU, 8, shared, 0, 2, 0);
    ERROR(INVALID_PARAM, PMU, 8, shared, 0, 2, 1);
    ERROR(INVALID_PARAM, PMU, 8, shared + 4, 0, 2, 0);
    ERROR(INVALID_ADDRESS, PMU, 8, shared, 0, ~0ul, 0);
    ERROR(INVALID_ADDRESS, PMU, 8, 0x2000, 0, 1, 0);
}

static void test_fwft(void)
{
    if (ours) {
        VALUE(1, FWFT, 1, 0);
        ERROR(OK, FWFT, 0, 0, 0, 0);
        VALUE(0, FWFT, 1, 0);
        ERROR(OK, FWFT, 0, 0, 1, 0);
        /* Landing pads, shadow stacks, pointer masking: there with -cpu max, or not at all. */
        for (u64 f = 1; f < 6; f++) {
            if (f == 4)
                continue;
            if (f == 3 && CALL(FWFT, 1, f).error == OK) { /* Ssdbltrp is there */
                VALUE(0, FWFT, 1, f);
                continue;
            }
            if (CALL(FWFT, 1, f).error) {
                ERROR(NOT_SUPPORTED, FWFT, 1, f);
                ERROR(NOT_SUPPORTED, FWFT, 0, f, 1, 0);
                continue;
            }
            VALUE(0, FWFT, 1, f);
            ERROR(INVALID_PARAM, FWFT, 0, f, f == 5 ? 1 : 2, 0);
            ERROR(OK, FWFT, 0, f, f == 5 ? 7 : 1, 0);
            VALUE(f == 5 ? 7 : 1, FWFT, 1, f);
            ERROR(OK, FWFT, 0, f, 0, 0);
            VALUE(0, FWFT, 1, f);
        }
        ERROR(INVALID_PARAM, FWFT, 0, 0, 2, 0);
        ERROR(INVALID_PARAM, FWFT, 0, 0, 1, 2);
        ERROR(OK, FWFT, 0, 4, 0, 0);
        VALUE(0, FWFT, 1, 4);
        ERROR(OK, FWFT, 0, 4, 1, 1);
        VALUE(1, FWFT, 1, 4);
        ERROR(DENIED_LOCKED, FWFT, 0, 4, 0, 0);
        VALUE(1, FWFT, 1, 4);
    }
    ERROR(DENIED, FWFT, 1, 6);
    ERROR(DENIED, FWFT, 0, 6, 1, 0);
    ERROR(DENIED, FWFT, 1, 0xc0000000u);
    ERROR(NOT_SUPPORTED, FWFT, 2);
}

/* ---- SSE ---- */

#define LOCAL 0xffff0000u
#define GLOBAL 0xffff8000u
#define DOUBLE_TRAP 1u
#define SDT (1ul << 24)

void event_handler(u64 hart, u64 arg);
void event_handler(u64 hart, u64 arg)
{
    if (events < 4) {
        event_order[events] = arg;
    }
    event_hart = hart;
    event_arg = arg;
    CHECK_EQ(csr_read("sstatus") & SIE, 0);
    events++;
    if (arg == 9) { /* goes on behind the instruction that was one trap too many */
        CHECK_EQ(csr_read("sstatus") & SDT, SDT);
        csr_write("sepc", csr_read("sepc") + 4);
    }
    /* From within the first one: one of higher priority comes at once. */
    if (arg == 7) {
        CALL(SSE, 7, LOCAL, 0);
        CHECK_EQ(events, 2);
    }
}

static u64 attr(u32 event, u64 id)
{
    ERROR(OK, SSE, 0, event, id, 1, shared, 0);
    return *(u64 *)shared;
}

static long set_attr(u32 event, u64 id, u64 value)
{
    *(u64 *)shared = value;
    return CALL(SSE, 1, event, id, 1, shared, 0).error;
}

static void test_sse_errors(void)
{
    ERROR(INVALID_PARAM, SSE, 2, 0x1234, event_entry, 0);
    ERROR(INVALID_PARAM, SSE, 2, LOCAL, event_entry + 1, 0);
    ERROR(INVALID_STATE, SSE, 3, LOCAL);
    ERROR(INVALID_STATE, SSE, 4, LOCAL);
    ERROR(INVALID_STATE, SSE, 5, LOCAL);
    ERROR(INVALID_PARAM, SSE, 0, LOCAL, 0, 0, shared, 0);
    ERROR(BAD_RANGE, SSE, 0, LOCAL, 0, 11, shared, 0);
    ERROR(BAD_RANGE, SSE, 0, LOCAL, 10, 1, shared, 0);
    if (ours) { /* OpenSBI 1.6 faults */
        ERROR(INVALID_ADDRESS, SSE, 0, LOCAL, 0, 1, RAM_END_FAR, 0);
    }
    if (ours) { /* OpenSBI 1.6 is older than the codes of the final text */
        CHECK_EQ(set_attr(LOCAL, 0, 0), DENIED);
        CHECK_EQ(set_attr(LOCAL, 4, 0), DENIED);
        CHECK_EQ(set_attr(LOCAL, 3, 0), DENIED);
        CHECK_EQ(set_attr(LOCAL, 2, 2), INVALID_PARAM);
        CHECK_EQ(set_attr(LOCAL, 6, 0), INVALID_STATE);
        CHECK_EQ(set_attr(GLOBAL, 3, nr_harts), INVALID_PARAM);
    }
    ERROR(INVALID_PARAM, SSE, 7, LOCAL, nr_harts);
    ERROR(NOT_SUPPORTED, SSE, 10);
    CHECK_EQ(attr(LOCAL, 0) & 7, 0);
    if (ours) {
        ERROR(NOT_SUPPORTED, SSE, 2, 0, event_entry, 0);
    }
}

static void test_sse(void)
{
    test_sse_errors();
    if (ours) {
        ERROR(ALREADY_STOPPED, SSE, 9);
    }
    ERROR(OK, SSE, 8);
    if (ours) {
        ERROR(ALREADY_STARTED, SSE, 8);
        ERROR(OK, SSE, 6); /* none is running */
    }

    ERROR(OK, SSE, 2, LOCAL, event_entry, 5);
    ERROR(INVALID_STATE, SSE, 2, LOCAL, event_entry, 5);
    CHECK_EQ(attr(LOCAL, 0) & 3, 1);
    CHECK_EQ(attr(LOCAL, 4), event_entry);
    CHECK_EQ(attr(LOCAL, 5), 5);
    ERROR(OK, SSE, 4, LOCAL);
    CHECK_EQ(attr(LOCAL, 0) & 3, 2);
    CHECK_EQ(set_attr(LOCAL, 1, 3), INVALID_STATE);
    ERROR(OK, SSE, 7, LOCAL, 0);
    WAIT_FOR(&events, 1);
    CHECK_EQ(event_arg, 5);
    CHECK_EQ(event_hart, 0);
    CHECK_EQ(attr(LOCAL, 0) & 7, 2);

    /* Masked, it waits. */
    ERROR(OK, SSE, 9);
    CHECK_EQ(CALL(SSE, 7, LOCAL, 0).error, OK);
    CHECK_EQ(events, 1);
    CHECK_EQ(attr(LOCAL, 0) & 7, 6);
    ERROR(OK, SSE, 8);
    WAIT_FOR(&events, 2);

    /* The global one with lower priority is interrupted by the local one. */
    events = 0;
    ERROR(OK, SSE, 5, LOCAL);
    CHECK_EQ(set_attr(LOCAL, 2, 1), OK); /* one-shot */
    ERROR(OK, SSE, 4, LOCAL);
    CHECK_EQ(set_attr(GLOBAL, 1, 9), OK);
    ERROR(OK, SSE, 2, GLOBAL, event_entry, 7);
    ERROR(OK, SSE, 4, GLOBAL);
    ERROR(OK, SSE, 7, GLOBAL, 0);
    WAIT_FOR(&events, 2);
    CHECK_EQ(event_order[0], 7);
    CHECK_EQ(event_order[1], 5);
    CHECK_EQ(attr(LOCAL, 0) & 3, 1);
    ERROR(OK, SSE, 5, GLOBAL);
    ERROR(OK, SSE, 3, GLOBAL);
    ERROR(OK, SSE, 3, LOCAL);
    CHECK_EQ(attr(LOCAL, 0) & 3, 0);

    /* On another hart. */
    if (nr_harts > 1) {
        events = 0;
        start_hart(1);
        u64 n = started[1];
        job[1] = JOB_EVENT;
        WAIT_FOR(&started[1], n + 1);
        ERROR(OK, SSE, 7, LOCAL, 1);
        WAIT_FOR(&events, 1);
        CHECK_EQ(event_hart, 1);
        CHECK_EQ(event_arg, 101);
        stop_hart(1);
    }
    ERROR(OK, SSE, 9);
}

static void test_double_trap(void)
{
    if (!ours || CALL(FWFT, 1, 3).error != OK) { /* Ssdbltrp is off */
        return;
    }
    events = 0;
    trap_count = 0;
    ERROR(OK, FWFT, 0, 3, 1, 0);
    ERROR(OK, SSE, 2, DOUBLE_TRAP, event_entry, 9);
    ERROR(OK, SSE, 4, DOUBLE_TRAP);
    ERROR(OK, SSE, 8);
    __asm__ volatile(".4byte 0xffffffff" : : : "memory");
    CHECK_EQ(trap_count, 1);
    CHECK_EQ(csr_read("sstatus") & SDT, 0);
    csr_set("sstatus", SDT);
    __asm__ volatile(".4byte 0xffffffff" : : : "memory");
    CHECK_EQ(trap_count, 1);
    CHECK_EQ(events, 1);
    CHECK_EQ(event_arg, 9);
    CHECK_EQ(csr_read("sstatus") & SDT, SDT);
    csr_clear("sstatus", SDT);
    ERROR(OK, SSE, 9);
    ERROR(OK, SSE, 5, DOUBLE_TRAP);
    ERROR(OK, SSE, 3, DOUBLE_TRAP);
    ERROR(OK, FWFT, 0, 3, 0, 0);
    trap_count = 0;
}

static void test_sta(void)
{
    if (!ours) {
        return;
    }
    for (unsigned i = 0; i < 128; i++) {
        shared[i] = 0xff;
    }
    ERROR(INVALID_PARAM, STA, 0, shared, 0, 1);
    ERROR(INVALID_PARAM, STA, 0, shared + 32, 0, 0);
    ERROR(INVALID_ADDRESS, STA, 0, shared, 1, 0);
    ERROR(INVALID_ADDRESS, STA, 0, 0x1000, 0, 0);
    ERROR(INVALID_ADDRESS, STA, 0, RAM_END_FAR, 0, 0);
    CHECK_EQ(shared[0], 0xff);
    ERROR(OK, STA, 0, shared, 0, 0);
    CHECK_EQ(*(volatile u32 *)shared & 1, 0);
    CHECK_EQ(shared[63], 0);
    CHECK_EQ(shared[64], 0xff);
    ERROR(OK, STA, 0, ~0ul, ~0ul, 0);
    ERROR(NOT_SUPPORTED, STA, 1);
}

/* Random calls: none may hurt the machine. Those that would stop or reset it are left out. */
static void test_hostile(void)
{
    static const u64 exts[] = { BASE, TIME, IPI, RFENCE, PMU, DBCN, STA, SSE, FWFT, HSM, SUSP, SRST,
                                MPXY, CPPC, NACL, 0x08000001, 1, 2, 3, 0x7fffffff, ~0ul };
    static const u64 values[] = { 0, 1, 2, 3, 7, 64, 4096, ~0ul, 1ul << 63, 0x80000000ul,
                                  0x80200000ul, 0x7ffffffful, LOCAL, GLOBAL, 0x10001, 0xf0005 };
    u64 seed = 88172645463325252ul, a[5];

    for (unsigned n = 0; n < 20000; n++) {
        u64 ext = exts[n % (sizeof(exts) / 8)], fn;

        for (unsigned i = 0; i < 5; i++) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            a[i] = seed & 1 ? values[seed >> 8 & 15] : seed & 2 ? (u64)shared : seed;
        }
        fn = seed >> 40 & 15;
        if (ext == HSM && (fn == 1 || fn == 3 || fn == 0)) {
            fn = 2;
        } else if (ext == SUSP) {
            a[0] = 5;
        } else if (ext == SRST) {
            a[0] |= 3;
        } else if (ext == DBCN && fn != 1) {
            fn = 9; /* no flood of output */
        } else if (ext == 1) {
            ext = 2;
        } else if (ext == SSE && (fn == 4 || fn == 6)) {
            fn = 7;
        } else if (ext == SSE && fn == 1) {
            fn = 0;
        } else if (ext == FWFT && fn == 0) {
            a[2] = 0;
        }
        sbi(ext, fn, a[0], a[1], a[2], a[3], a[4]);
    }
    trap_count = 0;
    csr_write("sip", 0);
    CALL(STA, 0, ~0ul, ~0ul, 0);
    CALL(PMU, 7, ~0ul, ~0ul, 0);
    CHECK_EQ(status_of(0), 0);
}

static void test_srst(void)
{
    ERROR(INVALID_PARAM, SRST, 0, 3, 0);
    ERROR(INVALID_PARAM, SRST, 0, 0xf0000000u, 0);
    ERROR(INVALID_PARAM, SRST, 0, 0, 2);
    ERROR(NOT_SUPPORTED, SRST, 1);
    if (*MARKER != MAGIC) {
        *MARKER = MAGIC;
        CALL(SRST, 0, 1, 0);
        fail(__LINE__, "reset", 0, 1);
    }
    *MARKER = 0;
    puts("PASS\n");
    CALL(SRST, 0, 0, 0);
    for (;;) {
    }
}

#define RUN(name) (puts(#name "\n"), test_##name())

void main(u64 hart, u64 fdt);
void main(u64 hart, u64 fdt)
{
    /* OpenSBI starts with whatever hart comes first. */
    if (hart) {
        CALL(HSM, 0, 0, _start, fdt);
        CALL(HSM, 1);
    }
    CHECK_EQ(*(u32 *)fdt, 0xedfe0dd0); /* a device tree */
    while (CALL(HSM, 2, nr_harts).error == OK) {
        nr_harts++;
    }
    RUN(base);
    RUN(view);
    RUN(time);
    RUN(ipi);
    RUN(hsm);
    RUN(suspend);
    RUN(rfence);
    RUN(remote_fence);
    RUN(dbcn);
    RUN(susp);
    RUN(pmu);
    RUN(fwft);
    RUN(sse);
    RUN(double_trap);
    RUN(sta);
    if (ours) {
        RUN(hostile);
    }
    RUN(srst);
}
