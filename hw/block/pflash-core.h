/*
 * The register machine of a bank of parallel NOR flash with the Intel command set (CFI primary
 * command set 1): what a write does to the array and what a read shows while it is not the array.
 * No lock, no I/O, no objects.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_BLOCK_PFLASH_CORE_H
#define VIREO_HW_BLOCK_PFLASH_CORE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PFLASH_CFI_SIZE = 0x40,
    /* Of the largest buffered write, all chips together: four chips of 2 KiB each. */
    PFLASH_BUFFER_MAX = 0x2000,
};

/* Bits of the status register. */
enum {
    PFLASH_STATUS_READY = 0x80,
    PFLASH_STATUS_ERASE_ERROR = 0x20,
    PFLASH_STATUS_PROGRAM_ERROR = 0x10,
    /* Both together: a command that makes no sense where it stands. */
    PFLASH_STATUS_SEQUENCE_ERROR = 0x30,
};

typedef enum PflashMode {
    PFLASH_ARRAY,        /* reads show the array; all other modes show something else */
    PFLASH_STATUS,
    PFLASH_ID,
    PFLASH_CFI,
    /* Commands that wait for more writes; reads show the status. */
    PFLASH_PROGRAM,      /* for the word */
    PFLASH_ERASE,        /* for the confirmation */
    PFLASH_LOCK,         /* for what to do to the block's lock */
    PFLASH_BUFFER_COUNT, /* for the number of words less one */
    PFLASH_BUFFER_DATA,  /* for words */
    PFLASH_BUFFER_CONFIRM,
    PFLASH_NR_MODES,
} PflashMode;

typedef struct PflashCore {
    /* Set before pflash_core_init(). */
    uint8_t *array;         /* size bytes, the owner's */
    uint64_t size;          /* bytes, sectors * sector_len */
    uint32_t sector_len;    /* bytes, all chips together; a power of two */
    uint8_t width;          /* of the bank in bytes: 1, 2, 4 */
    uint8_t device_width;   /* of one chip in bytes, at most width */
    bool read_only;         /* programming and erasing fail */

    uint8_t mode;           /* PflashMode */
    uint8_t status;
    uint32_t buffer_left;   /* words that the buffered write waits for */
    bool buffer_begun;      /* buffer_at is known */
    bool buffer_bad;        /* a word was outside the buffer's block */
    uint64_t buffer_at;     /* start of the block that the buffer stands for */
    uint8_t buffer[PFLASH_BUFFER_MAX];
    uint8_t buffer_valid[PFLASH_BUFFER_MAX / 8]; /* a bit per byte that was written */

    uint32_t buffer_size;   /* bytes, all chips together */
    uint8_t cfi[PFLASH_CFI_SIZE]; /* the query table of one chip */
} PflashCore;

/* What a write did besides changing the mode. */
typedef struct PflashChange {
    uint64_t at, len; /* of the array; len 0: nothing */
} PflashChange;

/* Fills the query table and resets. */
void pflash_core_init(PflashCore *c);
void pflash_core_reset(PflashCore *c);

/* addr + size <= c->size; size 1, 2, 4 or 8. */
uint64_t pflash_core_read(const PflashCore *c, uint64_t addr, unsigned size);
/* False if it was no command or data that belongs there: the chip says so in its status too. */
bool pflash_core_write(PflashCore *c, uint64_t addr, uint64_t value, unsigned size,
                       PflashChange *change);

#endif
