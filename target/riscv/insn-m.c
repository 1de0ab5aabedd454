/*
 * M: multiplication and division. Division by zero and overflow have defined results and do not trap.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/exec.h"

EXEC(mul) { RD = RS1 * RS2; }
EXEC(mulh) { RD = (uint64_t)(((__int128)(int64_t)RS1 * (int64_t)RS2) >> 64); }
EXEC(mulhu) { RD = (uint64_t)(((unsigned __int128)RS1 * RS2) >> 64); }
EXEC(mulhsu) { RD = (uint64_t)(((__int128)(int64_t)RS1 * (__int128)RS2) >> 64); }
EXEC(mulw) { RD = SEXT32((uint32_t)RS1 * (uint32_t)RS2); }

/* -2^63 / -1 does not fit: the quotient is the dividend, the remainder 0. Dividing by -1 as a
 * negation gives just that. */
EXEC(div)
{
    int64_t a = RS1, b = RS2;
    RD = b == 0 ? ~0ULL : b == -1 ? -(uint64_t)a : (uint64_t)(a / b);
}

EXEC(rem)
{
    int64_t a = RS1, b = RS2;
    RD = b == 0 ? (uint64_t)a : b == -1 ? 0 : (uint64_t)(a % b);
}

EXEC(divu)
{
    uint64_t a = RS1, b = RS2;
    RD = b == 0 ? ~0ULL : a / b;
}

EXEC(remu)
{
    uint64_t a = RS1, b = RS2;
    RD = b == 0 ? a : a % b;
}

EXEC(divw)
{
    int32_t a = RS1, b = RS2;
    RD = b == 0 ? ~0ULL : b == -1 ? SEXT32(-(uint32_t)a) : SEXT32(a / b);
}

EXEC(remw)
{
    int32_t a = RS1, b = RS2;
    RD = b == 0 ? SEXT32(a) : b == -1 ? 0 : SEXT32(a % b);
}

EXEC(divuw)
{
    uint32_t a = RS1, b = RS2;
    RD = b == 0 ? ~0ULL : SEXT32(a / b);
}

EXEC(remuw)
{
    uint32_t a = RS1, b = RS2;
    RD = SEXT32(b == 0 ? a : a % b);
}
