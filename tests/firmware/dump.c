/*
 * Prints every file of fw_cfg as hexadecimal on the serial port: "file NAME SIZE", lines of bytes. Run on
 * the bare machine; test-tables reads what it prints.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lib/guest.h"

#define FW_CFG 0x10100000ul
#define FILE_DIR 0x19
#define MAX_SHOWN 0x40000

static u32 swap32(u32 v)
{
    return v << 24 | (v & 0xff00) << 8 | (v >> 8 & 0xff00) | v >> 24;
}

static void put(char c)
{
    while (!(ld8(UART + 5) & 0x20)) {
    }
    st8(UART, (u8)c);
}

static void put_byte(u8 b)
{
    put("0123456789abcdef"[b >> 4]);
    put("0123456789abcdef"[b & 15]);
}

static void choose(u32 item)
{
    st16(FW_CFG + 8, (u16)(item << 8 | item >> 8));
}

static struct file {
    u32 size, item;
    char name[57];
} files[64];

int main(void)
{
    choose(FILE_DIR);
    u32 count = swap32(ld32(FW_CFG));

    CHECK(count <= 64);
    for (u32 i = 0; i < count; i++) {
        files[i].size = swap32(ld32(FW_CFG));
        files[i].item = swap32(ld32(FW_CFG)) >> 16;
        for (u32 k = 0; k < 56; k++) {
            files[i].name[k] = (char)ld8(FW_CFG);
        }
    }
    for (u32 i = 0; i < count; i++) {
        u32 size = files[i].size < MAX_SHOWN ? files[i].size : MAX_SHOWN;

        puts("file ");
        puts(files[i].name);
        puts(" ");
        put_hex(size);
        puts("\n");
        choose(files[i].item);
        for (u32 k = 0; k < size; k++) {
            put_byte(ld8(FW_CFG));
            if (k % 32 == 31) {
                put('\n');
            }
        }
        puts("\nend\n");
    }
    pass();
    return 0;
}
