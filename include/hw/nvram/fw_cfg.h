/*
 * "fw_cfg": named and numbered items that the guest's firmware reads (tables, boot order, what the
 * user gave with -fw_cfg), and files that it writes to configure a device.
 *
 * Items are added while the machine is built, until the first reset.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_NVRAM_FW_CFG_H
#define VIREO_HW_NVRAM_FW_CFG_H

#include "hw/core/device.h"

#define TYPE_FW_CFG "fw_cfg_mem"
OBJECT_DECLARE_SIMPLE(FWCfgState, FW_CFG, TYPE_FW_CFG)

#define FW_CFG_MAX_FILE_NAME 55 /* characters */

/* The items with numbers of their own. */
enum {
    FW_CFG_SIGNATURE = 0x00,
    FW_CFG_ID = 0x01,
    FW_CFG_UUID = 0x02,
    FW_CFG_RAM_SIZE = 0x03,
    FW_CFG_NOGRAPHIC = 0x04,
    FW_CFG_NB_CPUS = 0x05,
    FW_CFG_KERNEL_SIZE = 0x08,
    FW_CFG_INITRD_SIZE = 0x0b,
    FW_CFG_BOOT_MENU = 0x0e,
    FW_CFG_MAX_CPUS = 0x0f,
    FW_CFG_KERNEL_DATA = 0x11,
    FW_CFG_INITRD_DATA = 0x12,
    FW_CFG_CMDLINE_SIZE = 0x14,
    FW_CFG_CMDLINE_DATA = 0x15,
    FW_CFG_FILE_DIR = 0x19,
    FW_CFG_FILE_FIRST = 0x20,
};

/* The guest wrote bytes [first, first+count) of a file, whose contents are now data[0..len). Called
 * on the hart's thread with fw_cfg's lock held; it may take its own device's lock. */
typedef void (*FWCfgWritten)(void *opaque, const uint8_t *data, uint32_t len, uint32_t first,
                             uint32_t count);

/* The board's fw_cfg, or NULL if it has none. */
FWCfgState *fw_cfg_find(void);

/* A numbered item; takes data (g_malloc, may be NULL if len is 0). A second call replaces it. */
void fw_cfg_add_bytes(FWCfgState *s, uint16_t key, void *data, uint32_t len);
/* The same with a little-endian number. */
void fw_cfg_add_u16(FWCfgState *s, uint16_t key, uint16_t v);
void fw_cfg_add_u32(FWCfgState *s, uint16_t key, uint32_t v);
void fw_cfg_add_u64(FWCfgState *s, uint16_t key, uint64_t v);

/* A named file; takes data in any case. Fails if the name is empty or too long or in use, or if
 * there are too many files. */
bool fw_cfg_add_file(FWCfgState *s, const char *name, void *data, uint32_t len, Error **errp);

/* A file of len bytes, zero after a reset, that the guest may write by DMA. written may be NULL. */
bool fw_cfg_add_writable(FWCfgState *s, const char *name, uint32_t len, FWCfgWritten written,
                         void *opaque, Error **errp);

/* What a file holds now, or NULL; for tests and for devices that look at their file. Valid until the
 * next file is added. A writable file: with fw_cfg's lock held, or from its FWCfgWritten. */
const uint8_t *fw_cfg_file(FWCfgState *s, const char *name, uint32_t *len);

#endif
