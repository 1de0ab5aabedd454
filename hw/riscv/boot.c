/*
 * What stands in memory when the first hart starts: firmware, kernel, initrd, device tree, and the
 * reset vector in the mask ROM that ties them together. Placement is that of QEMU's board.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/riscv/virt.h"

#include <inttypes.h>

#include "accel/kvm/kvm-cpu.h"
#include "config-host.h"
#include "hw/core/fdt.h"
#include "target/riscv/cpu.h"
#include "util/bits.h"
#include "util/byteorder.h"

#define PLACE_ALIGN (2 * MiB) /* of the kernel after the firmware, and of the device tree */
#define FW_DYNAMIC_MAGIC 0x4942534full /* "OSBI" */

/* Where a distribution puts OpenSBI, the first that is there wins. */
static const char *const firmware_paths[] = {
    "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin",
    "/usr/share/opensbi/lp64/generic/firmware/fw_dynamic.bin",
    "/usr/share/qemu/opensbi-riscv64-generic-fw_dynamic.bin",
    CONFIG_DATADIR "/qemu/opensbi-riscv64-generic-fw_dynamic.bin",
};

/* The file that -bios names; *path is NULL for none. */
static bool find_firmware(const char *bios, const char **path, Error **errp)
{
    *path = NULL;
    if (bios && g_str_equal(bios, "builtin")) {
        return true;
    }
    if (bios && !g_str_equal(bios, "default")) {
        *path = g_str_equal(bios, "none") ? NULL : bios;
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(firmware_paths); i++) {
        if (g_file_test(firmware_paths[i], G_FILE_TEST_IS_REGULAR)) {
            *path = firmware_paths[i];
            return true;
        }
    }
    error_setg(errp, "no firmware found (looked for %s and in %zu more places): install OpenSBI "
               "(Debian package 'opensbi') or give -bios FILE or -bios none",
               firmware_paths[0], G_N_ELEMENTS(firmware_paths) - 1);
    return false;
}

static bool check_width(const char *what, const char *path, const LoadedImage *image,
                        Error **errp)
{
    if (image->is_elf32) {
        error_setg(errp, "%s %s: 32-bit ELF file; the board's CPUs are 64-bit", what, path);
    }
    return !image->is_elf32;
}

static bool load_firmware(VirtMachineState *s, LoadedImage *fw, bool *present, Error **errp)
{
    MachineState *ms = MACHINE(s);
    hwaddr base = virt_memmap[VIRT_DRAM].base;
    const char *path;

    if (ms->smode) {
        *present = false; /* its firmware is not a program of the guest */
        return true;
    }
    if (!find_firmware(ms->firmware, &path, errp)) {
        return false;
    }
    *present = path != NULL;
    if (!path) {
        return true;
    }
    uint8_t *data;
    uint64_t size;
    if (!load_file(path, ms->ram_size, &data, &size, errp)) {
        error_prepend(errp, "-bios ");
        return false;
    }
    ImageFormat format = image_format(data, size);
    g_free(data);
    if (format == IMAGE_ELF) {
        return load_elf(&s->loader, "-bios", path, base, base + ms->ram_size, fw, errp) &&
               check_width("-bios", path, fw, errp);
    }
    return load_raw(&s->loader, "-bios", path, base, ms->ram_size, fw, errp);
}

/* The initrd goes half the RAM, at most 512 MiB, above the kernel: far enough for the kernel to
 * unpack itself, low enough for the device tree above it. */
static bool load_initrd(VirtMachineState *s, FDTBuilder *fdt, const LoadedImage *kernel,
                        Error **errp)
{
    MachineState *ms = MACHINE(s);
    hwaddr end = virt_memmap[VIRT_DRAM].base + ms->ram_size;
    hwaddr start = kernel->addr + MIN(ms->ram_size / 2, 512 * MiB);
    LoadedImage initrd;

    if (start >= end) {
        error_setg(errp, "-initrd %s: no room in %" PRIu64 " MiB of RAM", ms->initrd,
                   ms->ram_size >> 20);
        return false;
    }
    if (!load_raw(&s->loader, "-initrd", ms->initrd, start, end - start, &initrd, errp)) {
        return false;
    }
    fdt_set_u64(fdt, "/chosen", "linux,initrd-start", initrd.addr);
    fdt_set_u64(fdt, "/chosen", "linux,initrd-end", initrd.addr + initrd.size);
    return true;
}

/* The device tree at the top of RAM. */
static bool place_fdt(VirtMachineState *s, FDTBuilder *fdt, hwaddr *addr, Error **errp)
{
    MachineState *ms = MACHINE(s);

    ms->fdt = fdt_builder_finish(fdt, &ms->fdt_size, errp);
    if (!ms->fdt) {
        return false;
    }
    if ((uint64_t)ms->fdt_size > ms->ram_size) {
        error_setg(errp, "-m: no room for the device tree of %d bytes", ms->fdt_size);
        return false;
    }
    *addr = align_down(virt_memmap[VIRT_DRAM].base + ms->ram_size - (uint64_t)ms->fdt_size,
                       PLACE_ALIGN);
    return load_bytes(&s->loader, "device tree", *addr, ms->fdt, (uint64_t)ms->fdt_size, errp);
}

/*
 * The reset vector: a0 = hart id, a1 = device tree, a2 = what fw_dynamic wants to know, then on to
 * the firmware. The data behind the six instructions is where they look for it.
 */
static bool write_reset_vector(VirtMachineState *s, hwaddr start, hwaddr kernel_entry,
                               hwaddr fdt_addr, Error **errp)
{
    static const uint32_t code[6] = {
        0x00000297, /* auipc t0, 0 */
        0x02828613, /* addi  a2, t0, 0x28 */
        0xf1402573, /* csrr  a0, mhartid */
        0x0202b583, /* ld    a1, 0x20(t0) */
        0x0182b283, /* ld    t0, 0x18(t0) */
        0x00028067, /* jr    t0 */
    };
    uint8_t rom[0x28], info[0x30] = { 0 };
    hwaddr base = virt_memmap[VIRT_MROM].base;

    for (size_t i = 0; i < G_N_ELEMENTS(code); i++) {
        st32_le(rom + i * 4, code[i]);
    }
    st64_le(rom + 0x18, start);
    st64_le(rom + 0x20, fdt_addr);

    st64_le(info + 0x00, FW_DYNAMIC_MAGIC);
    st64_le(info + 0x08, 2); /* version */
    st64_le(info + 0x10, kernel_entry);
    st64_le(info + 0x18, 1); /* the next stage runs in S-mode */
    /* options and boot hart stay 0 */
    return load_bytes(&s->loader, "mrom.reset", base, rom, sizeof(rom), errp) &&
           load_bytes(&s->loader, "mrom.finfo", base + sizeof(rom), info, sizeof(info), errp);
}

/* Harts of a guest that starts in S-mode: the first at its kernel, the others when it starts them. */
static void start_in_smode(hwaddr start, hwaddr fdt_addr)
{
    CPUState *cpu;

    CPU_FOREACH(cpu) {
        RISCV_CPU(cpu)->start = (RISCVSModeStart){
            .entry = start, .fdt = fdt_addr, .boot = cpu->cpu_index == 0,
        };
    }
}

static bool covers(const LoadedImage *image, hwaddr addr)
{
    return addr >= image->addr && addr - image->addr < image->size;
}

bool virt_check_builtin(VirtMachineState *s, Error **errp)
{
    const char *bios = MACHINE(s)->firmware;

    if (!bios || !g_str_equal(bios, "builtin")) {
        return true;
    }
    if (s->aclint) {
        error_setg(errp, "-bios builtin: -M aclint=on has no effect on a guest that starts in "
                   "S-mode; leave one of the two out");
        return false;
    }
    /* KVM is itself what builtin stands for. */
    s->builtin = !MACHINE(s)->smode;
    MACHINE(s)->smode = true;
    return true;
}

bool virt_boot_setup(VirtMachineState *s, FDTBuilder *fdt, Error **errp)
{
    MachineState *ms = MACHINE(s);
    hwaddr base = virt_memmap[VIRT_DRAM].base, end = base + ms->ram_size;
    hwaddr start = base, entry = 0, fdt_addr;
    LoadedImage fw = { 0 }, kernel = { 0 };
    bool have_fw;

    /* With a first flash bank, that is where to go on: after the firmware, or from reset without it. */
    const hwaddr flash = s->pflash[0] ? virt_memmap[VIRT_FLASH].base : 0;

    if ((ms->initrd || ms->append) && !ms->kernel) {
        error_setg(errp, "%s only allowed with -kernel option",
                   ms->initrd ? "-initrd" : "-append");
        return false;
    }
    if (!load_firmware(s, &fw, &have_fw, errp)) {
        return false;
    }
    if (have_fw && fw.is_elf64) {
        start = fw.entry;
    }
    if (ms->kernel && !(flash && (have_fw || ms->smode))) {
        hwaddr at = have_fw ? align_up(fw.addr + fw.size, PLACE_ALIGN) : base;

        /* Where raw images are linked that firmware of this board starts. */
        if (s->builtin) {
            at = base + PLACE_ALIGN;
        }
        if (!load_kernel(&s->loader, ms->kernel, at, end, &kernel, errp) ||
            !check_width("-kernel", ms->kernel, &kernel, errp)) {
            return false;
        }
        /* A kernel linked for virtual addresses has an entry where nothing was loaded. */
        entry = covers(&kernel, kernel.entry) ? kernel.entry : kernel.addr;
        if (!have_fw && (ms->smode || !covers(&kernel, base))) {
            start = entry;
        }
        if (ms->initrd && !load_initrd(s, fdt, &kernel, errp)) {
            return false;
        }
        if (ms->append && *ms->append) {
            fdt_set_str(fdt, "/chosen", "bootargs", ms->append);
        }
    }
    if (flash) {
        *(have_fw ? &entry : &start) = flash;
    }
    if (ms->smode && !ms->kernel && !flash) {
        error_setg(errp, "a guest that starts in S-mode (%s) needs -kernel, or code in -M pflash0=",
                   kvm_enabled() ? "-accel kvm" : "-bios builtin");
        return false;
    }
    if (!place_fdt(s, fdt, &fdt_addr, errp)) {
        return false;
    }
    if (ms->smode) {
        start_in_smode(start, fdt_addr);
        return true;
    }
    return write_reset_vector(s, start, entry, fdt_addr, errp);
}
