/*
 * What the `virt` board tells its firmware through fw_cfg.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/riscv/virt.h"

#include <string.h>

#include "hw/core/bootorder.h"
#include "hw/nvram/fw_cfg.h"
#include "hw/smbios/smbios.h"
#include "util/bits.h"
#include "util/byteorder.h"

#define SPLASH_MAX (16 * MiB)
#define IMAGE_MAX (2 * GiB)

/* A file with a little-endian number. */
static bool add_number(FWCfgState *fw, const char *name, uint64_t v, uint32_t len, Error **errp)
{
    uint8_t *bytes = g_malloc(8);

    stn_le(bytes, 8, v);
    return fw_cfg_add_file(fw, name, bytes, len, errp);
}

/* The picture's kind is told by its file name. */
static bool add_splash(FWCfgState *fw, const char *path, Error **errp)
{
    uint8_t *data;
    uint64_t len;
    const char *name;

    if (!load_file(path, SPLASH_MAX, &data, &len, errp)) {
        error_prepend(errp, "-boot splash: ");
        return false;
    }
    if (len >= 2 && !memcmp(data, "BM", 2)) {
        name = "bootsplash.bmp";
    } else if (len >= 2 && !memcmp(data, "\xff\xd8", 2)) {
        name = "bootsplash.jpg";
    } else {
        error_setg(errp, "-boot splash=%s: neither a BMP nor a JPEG picture", path);
        g_free(data);
        return false;
    }
    return fw_cfg_add_file(fw, name, data, (uint32_t)len, errp);
}

static bool add_boot(MachineState *ms, FWCfgState *fw, Error **errp)
{
    const BootConfig *boot = &ms->boot;
    uint32_t len;
    char *order;

    if (!boot_order_text(&ms->parent_obj, boot->strict, &order, &len, errp)) {
        return false;
    }
    fw_cfg_add_u16(fw, FW_CFG_BOOT_MENU, boot->menu == ON_OFF_AUTO_ON);
    return fw_cfg_add_file(fw, "bootorder", order, len, errp) &&
           (boot->splash_time < 0 ||
            add_number(fw, "etc/boot-menu-wait", (uint64_t)boot->splash_time, 2, errp)) &&
           add_number(fw, "etc/boot-fail-wait", (uint64_t)boot->reboot_timeout, 4, errp) &&
           (!boot->splash || add_splash(fw, boot->splash, errp));
}

/* A size and the bytes of an image. */
static bool add_image(FWCfgState *fw, const char *option, const char *path, uint16_t size_key,
                      uint16_t data_key, Error **errp)
{
    uint8_t *data;
    uint64_t len;

    if (!path) {
        return true;
    }
    if (!load_file(path, IMAGE_MAX, &data, &len, errp)) {
        error_prepend(errp, "%s ", option);
        return false;
    }
    fw_cfg_add_u32(fw, size_key, (uint32_t)len);
    fw_cfg_add_bytes(fw, data_key, data, (uint32_t)len);
    return true;
}

/* Firmware in flash loads the kernel itself: see virt_boot_setup(). */
static bool add_kernel(VirtMachineState *s, FWCfgState *fw, Error **errp)
{
    MachineState *ms = MACHINE(s);

    if (!s->pflash[0] || g_strcmp0(ms->firmware, "none") == 0) {
        return true;
    }
    if (ms->append) {
        uint32_t len = (uint32_t)strlen(ms->append) + 1;
        fw_cfg_add_u32(fw, FW_CFG_CMDLINE_SIZE, len);
        fw_cfg_add_bytes(fw, FW_CFG_CMDLINE_DATA, g_strdup(ms->append), len);
    }
    return add_image(fw, "-kernel", ms->kernel, FW_CFG_KERNEL_SIZE, FW_CFG_KERNEL_DATA, errp) &&
           add_image(fw, "-initrd", ms->initrd, FW_CFG_INITRD_SIZE, FW_CFG_INITRD_DATA, errp);
}

static bool add_smbios(MachineState *ms, FWCfgState *fw, Error **errp)
{
    const SmbiosBoard board = {
        .product = "QEMU Virtual Machine",
        .version = "virt",
        .processor_family = 0x201, /* RV64 */
        .ram_base = virt_memmap[VIRT_DRAM].base,
    };

    return smbios_publish(smbios_get(ms), &board, ms, fw, errp);
}

bool virt_fw_cfg_setup(VirtMachineState *s, Error **errp)
{
    MachineState *ms = MACHINE(s);
    FWCfgState *fw = fw_cfg_find();

    fw_cfg_add_bytes(fw, FW_CFG_UUID, g_memdup2(ms->uuid, sizeof(ms->uuid)), sizeof(ms->uuid));
    fw_cfg_add_u64(fw, FW_CFG_RAM_SIZE, ms->ram_size);
    fw_cfg_add_u16(fw, FW_CFG_NOGRAPHIC, !ms->graphics);
    fw_cfg_add_u16(fw, FW_CFG_NB_CPUS, (uint16_t)ms->smp.cpus);
    fw_cfg_add_u16(fw, FW_CFG_MAX_CPUS, (uint16_t)ms->smp.max_cpus);
    return add_kernel(s, fw, errp) && add_boot(ms, fw, errp) && add_smbios(ms, fw, errp) &&
           virt_acpi_setup(s, errp);
}
