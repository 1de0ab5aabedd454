/*
 * What the image loaders share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_CORE_LOADER_INTERNAL_H
#define VIREO_HW_CORE_LOADER_INTERNAL_H

#include "hw/core/loader.h"

/* The file's bytes; the error names option and file. */
GBytes *loader_read(const char *what, const char *path, uint64_t max, Error **errp);

/* Whether [addr, addr+size) is memory and nobody else's. */
bool loader_check_free(const ImageLoader *l, const char *name, hwaddr addr, uint64_t size,
                       Error **errp);

/* Registers and writes a checked segment: data, then zeros up to size. Returns its name. */
const char *loader_add(ImageLoader *l, const char *name, hwaddr addr, uint64_t size, GBytes *data);

bool loader_put_raw(ImageLoader *l, const char *name, hwaddr addr, GBytes *data, LoadedImage *out,
                    Error **errp);
bool loader_put_elf(ImageLoader *l, const char *name, GBytes *data, hwaddr lo, hwaddr hi,
                    LoadedImage *out, Error **errp);

/* Replaces packed data (gzip, zstd, EFI zboot) by what is in it; anything else stays. */
bool loader_unpack(const char *name, GBytes **data, uint64_t max, Error **errp);

/* Unpacks gzip data of at most max bytes of output. */
GBytes *loader_gunzip(const char *name, GBytes *packed, uint64_t max, Error **errp);

#endif
