/*
 * A guest that talks: it echoes what it receives in capitals. After a '!' it sends 200,000
 * numbered lines, looking at nothing but THRE; after a '.' it ends.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

static void put(u8 c)
{
    while (!(ld8(UART + 5) & 0x20)) {
    }
    st8(UART, c);
}

static u8 get(void)
{
    while (!(ld8(UART + 5) & 1)) {
    }
    return ld8(UART);
}

int main(void)
{
    st8(UART + 2, 7); /* FIFO on */
    put('>');
    for (;;) {
        u8 c = get();
        if (c == '.')
            pass();
        if (c == '!') {
            for (u32 i = 0; i < 200000; i++) {
                for (u32 d = 100000; d; d /= 10)
                    put((u8)('0' + i / d % 10));
                put('\n');
            }
        } else {
            put(c >= 'a' && c <= 'z' ? (u8)(c - 32) : c);
        }
    }
}
