/*
 * Images from files: read whole, checked whole, then copied into guest memory. A file is untrusted;
 * nothing is written to guest memory until everything about it has been checked.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_CORE_LOADER_H
#define VIREO_HW_CORE_LOADER_H

#include "softmmu/memory.h"

/* A blob that is to stand at addr; kept so that a reset can restore it. */
typedef struct LoadedImage {
    const char *name; /* option and file, for overlap errors; owned by the ImageLoader */
    hwaddr addr;      /* first byte, guest physical */
    uint64_t size;    /* bytes that it occupies, including zero fill */
    hwaddr entry;     /* where to start */
    bool is_elf64, is_elf32;
} LoadedImage;

/* Everything that was loaded; owned by the machine. Overlaps are errors that name both. */
typedef struct ImageLoader {
    AddressSpace *as;
    GPtrArray *segments; /* private: name, addr, bytes; replayed by reset */
} ImageLoader;

void image_loader_init(ImageLoader *l, AddressSpace *as);
void image_loader_destroy(ImageLoader *l);
/* Writes every segment again: RAM as it was at power-on. */
void image_loader_reset(ImageLoader *l);

/* Appends a line for everything that was loaded: address, size, what it is. */
void image_loader_print(const ImageLoader *l, GString *out);

/* Reads a regular file of at most max bytes. The error says why (missing, directory, too large). */
bool load_file(const char *path, uint64_t max, uint8_t **data, uint64_t *size, Error **errp);

/* A raw file at addr, at most max bytes. */
bool load_raw(ImageLoader *l, const char *what, const char *path, hwaddr addr, uint64_t max,
              LoadedImage *out, Error **errp);
/* Bytes that the program made; copied. */
bool load_bytes(ImageLoader *l, const char *name, hwaddr addr, const void *data, uint64_t size,
                Error **errp);

/* ELF64/ELF32 little-endian RISC-V executables: every PT_LOAD is checked against [lo, hi). */
bool load_elf(ImageLoader *l, const char *what, const char *path, hwaddr lo, hwaddr hi,
              LoadedImage *out, Error **errp);

/* What a file is, by its first bytes. */
typedef enum ImageFormat {
    IMAGE_ELF,
    IMAGE_LINUX,
    IMAGE_GZIP,
    IMAGE_ZSTD,
    IMAGE_ZBOOT,  /* Linux in an EFI program that unpacks it: vmlinuz */
    IMAGE_UIMAGE,
    IMAGE_RAW,
} ImageFormat;
ImageFormat image_format(const uint8_t *data, uint64_t size);

/* A kernel of any format (gzip, zstd and EFI zboot are unpacked first) at or above addr, below limit:
 * ELF where it wants to be, Linux Image at the first address whose offset in 2 MiB is that of its
 * text_offset, raw at addr. A file that cannot be code (text, zeros) is refused. */
bool load_kernel(ImageLoader *l, const char *path, hwaddr addr, hwaddr limit, LoadedImage *out,
                 Error **errp);

#endif
