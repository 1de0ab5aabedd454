/*
 * Parallel NOR flash with the Intel command set: the register machine.
 *
 * Operations take no time: the chip is ready whenever it is asked. A word that is programmed
 * replaces what was there, bits that were 0 included. Real chips only clear bits; but QEMU's do what
 * ours do, and a guest that erases first, as it must, sees no difference. Locks of blocks are taken
 * and given, and hinder nobody.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/block/pflash-core.h"

#include <glib.h>
#include <string.h>

#include "util/bits.h"
#include "util/byteorder.h"

/* Commands, in the low byte of what is written. */
enum {
    CMD_READ_ARRAY = 0xff,
    CMD_READ_ARRAY_AMD = 0xf0, /* probes of the other command set; and 0x00 below */
    CMD_READ_ID = 0x90,
    CMD_READ_CFI = 0x98,
    CMD_READ_STATUS = 0x70,
    CMD_CLEAR_STATUS = 0x50,
    CMD_PROGRAM = 0x40,
    CMD_PROGRAM_ALT = 0x10,
    CMD_BUFFER = 0xe8,
    CMD_ERASE = 0x20,
    CMD_LOCK = 0x60,
    CMD_CONFIRM = 0xd0, /* after ERASE and BUFFER; after LOCK: unlock */
    CMD_LOCK_SET = 0x01,
    CMD_LOCK_DOWN = 0x2f,
};

enum { ID_MAKER = 0x89, ID_DEVICE = 0x18 };

#define LOG2_BUFFER_1 8 /* bytes in the write buffer of a bank one byte wide */
#define LOG2_BUFFER 11  /* of each chip otherwise */

static void put_cfi(PflashCore *c, unsigned at, const uint8_t *bytes, unsigned n)
{
    memcpy(c->cfi + at, bytes, n);
}

/* What QEMU's chips answer: Linux and EDK2 derive how they program from it. */
void pflash_core_init(PflashCore *c)
{
    unsigned chips = c->width / c->device_width;
    uint64_t chip_size = c->size / chips;
    uint32_t chip_sector = c->sector_len / chips;
    uint32_t last_sector = (uint32_t)(c->size / c->sector_len) - 1;
    unsigned log2_buffer = c->width == 1 ? LOG2_BUFFER_1 : LOG2_BUFFER;

    memset(c->cfi, 0, sizeof(c->cfi));
    /* "QRY", primary command set 1 (Intel), its table at 0x31; no alternative. */
    put_cfi(c, 0x10, (const uint8_t[]){ 'Q', 'R', 'Y', 1, 0, 0x31 }, 6);
    /* 4.5 to 5.5 V, no programming voltage. */
    put_cfi(c, 0x1b, (const uint8_t[]){ 0x45, 0x55 }, 2);
    /* Typical times as powers of two (word, buffer: us, sector, chip: ms), and their maxima as
     * powers of two of those. */
    put_cfi(c, 0x1f, (const uint8_t[]){ 7, 7, 10, 0, 4, 4, 4, 0 }, 8);
    c->cfi[0x27] = (uint8_t)__builtin_ctzll(chip_size);
    c->cfi[0x28] = 2; /* 8 and 16 bits wide */
    c->cfi[0x2a] = (uint8_t)log2_buffer;
    c->cfi[0x2c] = 1; /* region of equal sectors */
    st16_le(c->cfi + 0x2d, (uint16_t)last_sector);
    st16_le(c->cfi + 0x2f, (uint16_t)(chip_sector >> 8));
    put_cfi(c, 0x31, (const uint8_t[]){ 'P', 'R', 'I', '1', '0' }, 5);
    c->cfi[0x3f] = 1; /* protection register */
    c->buffer_size = chips << log2_buffer;
    pflash_core_reset(c);
}

void pflash_core_reset(PflashCore *c)
{
    c->mode = PFLASH_ARRAY;
    c->status = PFLASH_STATUS_READY;
    c->buffer_left = 0;
    c->buffer_begun = c->buffer_bad = false;
    c->buffer_at = 0;
    memset(c->buffer, 0, sizeof(c->buffer));
    memset(c->buffer_valid, 0, sizeof(c->buffer_valid));
}

/* ---- Reads ---- */

/* What one chip shows where the bank's word `index` is. */
static uint8_t chip_value(const PflashCore *c, uint64_t index)
{
    switch (c->mode) {
    case PFLASH_ID:
        /* The address in the block: maker, device, and whether the block is locked (never). */
        index &= 0xff;
        return index == 0 ? ID_MAKER : index == 1 ? ID_DEVICE : 0;
    case PFLASH_CFI:
        return index < PFLASH_CFI_SIZE ? c->cfi[index] : 0;
    default:
        return c->status;
    }
}

uint64_t pflash_core_read(const PflashCore *c, uint64_t addr, unsigned size)
{
    uint64_t v = 0;

    if (c->mode == PFLASH_ARRAY) {
        return ldn_le(c->array + addr, size);
    }
    /* Every chip of the bank answers in its own lane; a lane that is not read from its start gives
     * what its start would. */
    for (unsigned i = 0; i < size; i += c->device_width) {
        v |= (uint64_t)chip_value(c, (addr + i) / c->width) << (i * 8);
    }
    return v;
}

/* ---- Writes ---- */

static bool sequence_error(PflashCore *c)
{
    c->status |= PFLASH_STATUS_SEQUENCE_ERROR;
    c->mode = PFLASH_STATUS;
    return false;
}

static bool first_cycle(PflashCore *c, uint8_t cmd)
{
    switch (cmd) {
    case CMD_READ_ARRAY:
    case CMD_READ_ARRAY_AMD:
    case 0x00:
        c->mode = PFLASH_ARRAY;
        return true;
    case CMD_READ_ID:
        c->mode = PFLASH_ID;
        return true;
    case CMD_READ_CFI:
        c->mode = PFLASH_CFI;
        return true;
    case CMD_READ_STATUS:
        c->mode = PFLASH_STATUS;
        return true;
    case CMD_CLEAR_STATUS:
        c->status = PFLASH_STATUS_READY;
        c->mode = PFLASH_ARRAY;
        return true;
    case CMD_PROGRAM:
    case CMD_PROGRAM_ALT:
        c->mode = PFLASH_PROGRAM;
        return true;
    case CMD_ERASE:
        c->mode = PFLASH_ERASE;
        return true;
    case CMD_LOCK:
        c->mode = PFLASH_LOCK;
        return true;
    case CMD_BUFFER:
        c->mode = PFLASH_BUFFER_COUNT;
        c->buffer_begun = c->buffer_bad = false;
        memset(c->buffer_valid, 0, sizeof(c->buffer_valid));
        return true;
    default:
        c->mode = PFLASH_ARRAY;
        return false;
    }
}

static void program_word(PflashCore *c, uint64_t addr, uint64_t value, unsigned size,
                         PflashChange *change)
{
    c->mode = PFLASH_STATUS;
    if (c->read_only) {
        c->status |= PFLASH_STATUS_PROGRAM_ERROR;
        return;
    }
    stn_le(c->array + addr, size, value);
    *change = (PflashChange){ addr, size };
}

static void erase(PflashCore *c, uint64_t addr, PflashChange *change)
{
    uint64_t at = align_down(addr, c->sector_len);

    c->mode = PFLASH_STATUS;
    if (c->read_only) {
        c->status |= PFLASH_STATUS_ERASE_ERROR;
        return;
    }
    memset(c->array + at, 0xff, c->sector_len);
    *change = (PflashChange){ at, c->sector_len };
}

static bool buffer_count(PflashCore *c, uint64_t value)
{
    /* Each chip is told in its lane; they cannot differ. */
    uint64_t words = (value & MASK_ULL(c->device_width * 8)) + 1;

    if (words > c->buffer_size / c->width) {
        return sequence_error(c);
    }
    c->buffer_left = (uint32_t)words;
    c->mode = PFLASH_BUFFER_DATA;
    return true;
}

/* The first word says which block the buffer stands for; others may come in any order. */
static void buffer_word(PflashCore *c, uint64_t addr, uint64_t value, unsigned size)
{
    if (!c->buffer_begun) {
        c->buffer_at = align_down(addr, c->buffer_size);
        c->buffer_begun = true;
    }
    if (addr < c->buffer_at || addr + size > c->buffer_at + c->buffer_size) {
        c->buffer_bad = true;
    } else {
        for (unsigned i = 0; i < size; i++) {
            uint64_t at = addr - c->buffer_at + i;

            c->buffer[at] = (uint8_t)(value >> (i * 8));
            c->buffer_valid[at / 8] |= 1 << (at % 8);
        }
    }
    /* An access wider than the bank is several words to it. */
    c->buffer_left -= MIN(c->buffer_left, MAX(size / c->width, 1u));
    if (!c->buffer_left) {
        c->mode = PFLASH_BUFFER_CONFIRM;
    }
}

static void buffer_program(PflashCore *c, PflashChange *change)
{
    c->mode = PFLASH_STATUS;
    if (c->read_only || c->buffer_bad) {
        c->status |= PFLASH_STATUS_PROGRAM_ERROR;
        return;
    }
    for (uint32_t i = 0; i < c->buffer_size; i++) {
        if (c->buffer_valid[i / 8] & (1 << (i % 8))) {
            c->array[c->buffer_at + i] = c->buffer[i];
        }
    }
    *change = (PflashChange){ c->buffer_at, c->buffer_size };
}

/* After ERASE and LOCK: what is not the confirmation ends the command; READ ARRAY does so quietly. */
static bool not_confirmed(PflashCore *c, uint8_t cmd)
{
    if (cmd == CMD_READ_ARRAY) {
        c->mode = PFLASH_ARRAY;
        return true;
    }
    return sequence_error(c);
}

bool pflash_core_write(PflashCore *c, uint64_t addr, uint64_t value, unsigned size,
                       PflashChange *change)
{
    uint8_t cmd = (uint8_t)value;

    *change = (PflashChange){ 0, 0 };
    switch (c->mode) {
    case PFLASH_PROGRAM:
        program_word(c, addr, value, size, change);
        return true;
    case PFLASH_ERASE:
        if (cmd != CMD_CONFIRM) {
            return not_confirmed(c, cmd);
        }
        erase(c, addr, change);
        return true;
    case PFLASH_LOCK:
        if (cmd != CMD_CONFIRM && cmd != CMD_LOCK_SET && cmd != CMD_LOCK_DOWN) {
            return not_confirmed(c, cmd);
        }
        c->mode = PFLASH_STATUS;
        return true;
    case PFLASH_BUFFER_COUNT:
        return buffer_count(c, value);
    case PFLASH_BUFFER_DATA:
        buffer_word(c, addr, value, size);
        return true;
    case PFLASH_BUFFER_CONFIRM:
        if (cmd != CMD_CONFIRM) {
            return not_confirmed(c, cmd);
        }
        buffer_program(c, change);
        return true;
    default:
        return first_cycle(c, cmd);
    }
}
