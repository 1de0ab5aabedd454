/*
 * Kernels: what kind of file it is, unpacking, Linux images and raw code.
 *
 * SPDX-License-Identifier: MIT
 */
#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "hw/core/loader-internal.h"
#include "util/bits.h"
#include "util/byteorder.h"

/* The header of a Linux Image, Documentation/arch/riscv/boot-image-header.rst. */
#define IMG_TEXT_OFFSET 8
#define IMG_SIZE 16
#define IMG_FLAGS 24
#define IMG_MAGIC 48  /* "RISCV\0\0\0", deprecated */
#define IMG_MAGIC2 56 /* "RSC\x05" */
#define IMG_HEADER 64
#define IMG_ALIGN (2 * MiB)

#define ZSTD_FRAME_MAGIC 0xfd2fb528

/* The header of a U-Boot legacy image: big-endian. */
#define UIMG_MAGIC 0x27051956
#define UIMG_HEADER 64
enum { UIMG_ARCH_RISCV = 26, UIMG_COMP_NONE = 0, UIMG_COMP_GZIP = 1 };

ImageFormat image_format(const uint8_t *data, uint64_t size)
{
    if (size >= SELFMAG && memcmp(data, ELFMAG, SELFMAG) == 0) {
        return IMAGE_ELF;
    }
    if (size >= 2 && data[0] == 0x1f && data[1] == 0x8b) {
        return IMAGE_GZIP;
    }
    if (size >= 4 && ld32_le(data) == ZSTD_FRAME_MAGIC) {
        return IMAGE_ZSTD;
    }
    if (size >= 8 && memcmp(data, "MZ", 2) == 0 && memcmp(data + 4, "zimg", 4) == 0) {
        return IMAGE_ZBOOT;
    }
    if (size >= 4 && ld32_be(data) == UIMG_MAGIC) {
        return IMAGE_UIMAGE;
    }
    if (size >= IMG_HEADER && (memcmp(data + IMG_MAGIC2, "RSC\x05", 4) == 0 ||
                               memcmp(data + IMG_MAGIC, "RISCV\0\0", 8) == 0)) {
        return IMAGE_LINUX;
    }
    return IMAGE_RAW;
}

static bool put_linux(ImageLoader *l, const char *name, GBytes *data, hwaddr addr, hwaddr limit,
                      LoadedImage *out, Error **errp)
{
    gsize file_size;
    const uint8_t *d = g_bytes_get_data(data, &file_size);
    uint64_t text_offset = ld64_le(d + IMG_TEXT_OFFSET);
    uint64_t size = ld64_le(d + IMG_SIZE);
    uint64_t base = align_down(addr, IMG_ALIGN) + text_offset % IMG_ALIGN;
    uint64_t end;

    if (ld64_le(d + IMG_FLAGS) & 1) {
        error_setg(errp, "%s: big-endian Linux image; a little-endian one is needed", name);
        return false;
    }
    if (text_offset & 0xfff) {
        error_setg(errp, "%s: damaged Linux image: load offset 0x%" PRIx64 " is not page aligned",
                   name, text_offset);
        return false;
    }
    if (base < addr && !u64_add(base, IMG_ALIGN, &base)) {
        base = UINT64_MAX;
    }
    size = MAX(size, file_size);
    if (!u64_add(base, size, &end) || end > limit) {
        error_setg(errp,
                   "%s: Linux image of 0x%" PRIx64 " bytes at 0x%" PRIx64
                   " does not fit in memory below 0x%" PRIx64,
                   name, size, base, limit);
        return false;
    }
    if (!loader_check_free(l, name, base, size, errp)) {
        return false;
    }
    *out = (LoadedImage){
        .name = loader_add(l, name, base, size, data),
        .addr = base,
        .size = size,
        .entry = base,
    };
    return true;
}

/* The payload of a U-Boot legacy image, unpacked, with the addresses its header gives. */
static GBytes *open_uimage(const char *name, GBytes *data, uint64_t max, hwaddr *load,
                           hwaddr *entry, Error **errp)
{
    gsize file_size;
    const uint8_t *d = g_bytes_get_data(data, &file_size);
    uint8_t header[UIMG_HEADER];
    uint32_t size, header_crc;
    g_autoptr(GBytes) payload = NULL;

    if (file_size < UIMG_HEADER) {
        error_setg(errp, "%s: truncated U-Boot image", name);
        return NULL;
    }
    memcpy(header, d, sizeof(header));
    header_crc = ld32_be(header + 4);
    st32_be(header + 4, 0);
    size = ld32_be(header + 12);
    *load = ld32_be(header + 16);
    *entry = ld32_be(header + 20);
    if (crc32(0, header, sizeof(header)) != header_crc) {
        error_setg(errp, "%s: damaged U-Boot image: wrong checksum of the header", name);
        return NULL;
    }
    if (header[29] != UIMG_ARCH_RISCV) {
        error_setg(errp, "%s: U-Boot image for another processor (%u), not for RISC-V", name,
                   header[29]);
        return NULL;
    }
    if (size > file_size - UIMG_HEADER) {
        error_setg(errp, "%s: truncated U-Boot image", name);
        return NULL;
    }
    if (crc32(0, d + UIMG_HEADER, size) != ld32_be(header + 24)) {
        error_setg(errp, "%s: damaged U-Boot image: wrong checksum", name);
        return NULL;
    }
    payload = g_bytes_new_from_bytes(data, UIMG_HEADER, size);
    if (header[31] == UIMG_COMP_GZIP) {
        return loader_gunzip(name, payload, max, errp);
    }
    if (header[31] != UIMG_COMP_NONE) {
        error_setg(errp, "%s: U-Boot image packed in a way that is not supported (%u); gzip is",
                   name, header[31]);
        return NULL;
    }
    return g_steal_pointer(&payload);
}

static bool put_uimage(ImageLoader *l, const char *name, GBytes *data, hwaddr addr, hwaddr limit,
                       LoadedImage *out, Error **errp)
{
    hwaddr load, entry;
    g_autoptr(GBytes) payload = open_uimage(name, data, limit - addr, &load, &entry, errp);
    uint64_t size, end;

    if (!payload) {
        return false;
    }
    size = g_bytes_get_size(payload);
    if (load < addr || !u64_add(load, size, &end) || end > limit) {
        error_setg(errp,
                   "%s: U-Boot image of 0x%" PRIx64 " bytes at 0x%" PRIx64
                   " does not fit in memory (0x%" PRIx64 "-0x%" PRIx64 ")",
                   name, size, load, addr, limit - 1);
        return false;
    }
    if (entry < load || entry >= end) {
        error_setg(errp, "%s: damaged U-Boot image: the entry point 0x%" PRIx64 " is outside it",
                   name, entry);
        return false;
    }
    if (!loader_put_raw(l, name, load, payload, out, errp)) {
        return false;
    }
    out->entry = entry;
    return true;
}

/*
 * Anything may be raw code, but not this: text, and zeros, which are the defined illegal
 * instruction. Somebody gave the wrong file.
 */
static bool check_raw(const char *name, GBytes *data, Error **errp)
{
    gsize size;
    const uint8_t *d = g_bytes_get_data(data, &size);
    gsize look = MIN(size, 256), text = 0;

    for (gsize i = 0; i < look; i++) {
        text += (d[i] >= ' ' && d[i] < 0x7f) || d[i] == '\n' || d[i] == '\t' || d[i] == '\r';
    }
    if (look && text == look) {
        error_setg(errp, "%s: a text file, not a kernel", name);
        return false;
    }
    if (size < 2 || ld16_le(d) == 0) {
        error_setg(errp, "%s: not a kernel: it does not start with an instruction", name);
        return false;
    }
    return true;
}

/* Only ELF files with debug information and what is packed may be larger than the room for them;
 * of a raw file too large, nothing is read but its first bytes. */
static uint64_t largest_kernel(const char *path, uint64_t room)
{
    uint8_t head[IMG_HEADER];
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, head, sizeof(head)) : -1;

    if (fd >= 0) {
        close(fd);
    }
    if (n <= 0) {
        return 4 * GiB; /* load_file() will say what is wrong */
    }
    switch (image_format(head, (uint64_t)n)) {
    case IMAGE_ELF:
    case IMAGE_GZIP:
    case IMAGE_ZSTD:
    case IMAGE_ZBOOT:
    case IMAGE_UIMAGE:
        return 4 * GiB;
    default:
        return room;
    }
}

bool load_kernel(ImageLoader *l, const char *path, hwaddr addr, hwaddr limit, LoadedImage *out,
                 Error **errp)
{
    g_autofree char *name = g_strdup_printf("-kernel %s", path);
    uint64_t max = largest_kernel(path, addr < limit ? limit - addr : 4 * GiB);
    g_autoptr(GBytes) data = loader_read("-kernel", path, max, errp);
    gsize size;
    const uint8_t *d;

    if (!data) {
        return false;
    }
    if (!loader_unpack(name, &data, addr < limit ? limit - addr : 0, errp)) {
        return false;
    }
    d = g_bytes_get_data(data, &size);
    switch (image_format(d, size)) {
    case IMAGE_ELF:
        /* Below addr is the firmware's, but an overlap says that better than a limit. */
        return loader_put_elf(l, name, data, 0, limit, out, errp);
    case IMAGE_LINUX:
        return put_linux(l, name, data, addr, limit, out, errp);
    case IMAGE_UIMAGE:
        return put_uimage(l, name, data, addr, limit, out, errp);
    case IMAGE_GZIP:
    case IMAGE_ZSTD:
    case IMAGE_ZBOOT:
        error_setg(errp, "%s: a packed file inside a packed file", name);
        return false;
    case IMAGE_RAW:
        break;
    }
    if (!check_raw(name, data, errp)) {
        return false;
    }
    if (addr > limit || size > limit - addr) {
        error_setg(errp, "%s: 0x%" PRIx64 " bytes at 0x%" PRIx64
                   " do not fit in memory below 0x%" PRIx64, name, (uint64_t)size, addr, limit);
        return false;
    }
    return loader_put_raw(l, name, addr, data, out, errp);
}
