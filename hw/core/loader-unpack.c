/*
 * Packed kernels: gzip, zstd, and the EFI images of Linux that hold either. What comes out is bounded
 * by the room there is for it, whatever the file says.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/core/loader-internal.h"

#include <inttypes.h>
#include <string.h>
#include <zlib.h>

#include "config-host.h"
#include "util/bits.h"
#include "util/byteorder.h"

#ifdef CONFIG_ZSTD
#include <zstd.h>
#endif

GBytes *loader_gunzip(const char *name, GBytes *packed, uint64_t max, Error **errp)
{
    gsize in_size;
    const uint8_t *in = g_bytes_get_data(packed, &in_size);
    /* One byte more than allowed, to tell "just fits" from "goes on". */
    uint64_t most = MIN(max, UINT64_MAX - 1) + 1;
    uint64_t room = MIN(most, MAX(4 * (uint64_t)in_size, 64 * KiB)), done = 0;
    uint8_t *out = g_try_malloc(room);
    z_stream z = { .next_in = (Bytef *)in, .avail_in = MIN(in_size, UINT32_MAX) };
    int status = Z_OK;

    if (in_size > UINT32_MAX || !out || inflateInit2(&z, 15 + 16) != Z_OK) {
        error_setg(errp, "%s: not enough memory to unpack it", name);
        g_free(out);
        return NULL;
    }
    while (status == Z_OK) {
        uint64_t chunk = MIN(room - done, 1 * GiB);

        if (chunk == 0) {
            uint8_t *more = room < most ? g_try_realloc(out, MIN(most, 2 * room)) : NULL;
            if (!more) {
                break;
            }
            out = more;
            room = MIN(most, 2 * room);
            continue;
        }
        z.next_out = out + done;
        z.avail_out = chunk;
        status = inflate(&z, Z_NO_FLUSH);
        done += chunk - z.avail_out;
        if (status == Z_BUF_ERROR || (status == Z_OK && z.avail_in == 0 && z.avail_out > 0)) {
            status = Z_BUF_ERROR; /* wants input that is not there */
        }
    }
    inflateEnd(&z);
    if (status == Z_STREAM_END && done <= max) {
        return g_bytes_new_take(out, done);
    }
    g_free(out);
    if (status == Z_OK || status == Z_STREAM_END) {
        error_setg(errp, "%s: unpacks to more than the %" PRIu64 " bytes there is room for", name,
                   max);
    } else {
        error_setg(errp, "%s: %s gzip file", name,
                   status == Z_BUF_ERROR ? "truncated" : "damaged");
    }
    return NULL;
}

/* ---- zstd ---- */

#ifdef CONFIG_ZSTD

/* Makes *out larger, up to most bytes; false if it has them or there is no memory. */
static bool grow(uint8_t **out, uint64_t *room, uint64_t most)
{
    uint64_t more = MIN(most, 2 * *room);
    uint8_t *p = more > *room ? g_try_realloc(*out, more) : NULL;

    if (p) {
        *out = p;
        *room = more;
    }
    return p != NULL;
}

static GBytes *unzstd(const char *name, GBytes *packed, uint64_t max, Error **errp)
{
    ZSTD_inBuffer in = { 0 };
    uint64_t most = MIN(max, UINT64_MAX - 1) + 1, room, done = 0;
    ZSTD_DCtx *z = ZSTD_createDCtx();
    size_t left = 1;
    uint8_t *out;

    in.src = g_bytes_get_data(packed, &in.size);
    room = MIN(most, MAX(4 * (uint64_t)in.size, 64 * KiB));
    out = g_try_malloc(room);
    if (!z || !out) {
        error_setg(errp, "%s: not enough memory to unpack it", name);
        goto fail;
    }
    while (left) {
        ZSTD_outBuffer o = { out, room, done };
        size_t in_before = in.pos;

        left = ZSTD_decompressStream(z, &o, &in);
        if (ZSTD_isError(left)) {
            error_setg(errp, "%s: damaged zstd file", name);
            goto fail;
        }
        if (o.pos == o.size && left && !grow(&out, &room, most)) {
            break;
        }
        if (o.pos == done && in.pos == in_before && o.pos < o.size && left) {
            error_setg(errp, "%s: truncated zstd file", name);
            goto fail;
        }
        done = o.pos;
    }
    if (left || done > max) {
        error_setg(errp, "%s: unpacks to more than the %" PRIu64 " bytes there is room for", name,
                   max);
        goto fail;
    }
    ZSTD_freeDCtx(z);
    return g_bytes_new_take(out, done);

fail:
    ZSTD_freeDCtx(z);
    g_free(out);
    return NULL;
}

#else

static GBytes *unzstd(const char *name, GBytes *packed, uint64_t max, Error **errp)
{
    error_setg(errp, "%s: packed with zstd, which this build does not have (package libzstd-dev, "
               "configure --enable-zstd)", name);
    return NULL;
}

#endif

/* ---- EFI images ---- */

/* linux/drivers/firmware/efi/libstub/zboot-header.S */
#define ZBOOT_OFFSET 8
#define ZBOOT_SIZE 12
#define ZBOOT_METHOD 24
#define ZBOOT_HEADER 56

static GBytes *open_zboot(const char *name, GBytes *image, uint64_t max, Error **errp)
{
    gsize file_size;
    const uint8_t *d = g_bytes_get_data(image, &file_size);
    g_autofree char *method = NULL;
    uint32_t offset, size;

    if (file_size < ZBOOT_HEADER) {
        error_setg(errp, "%s: truncated EFI image", name);
        return NULL;
    }
    offset = ld32_le(d + ZBOOT_OFFSET);
    size = ld32_le(d + ZBOOT_SIZE);
    method = g_strndup((const char *)d + ZBOOT_METHOD, ZBOOT_HEADER - ZBOOT_METHOD);
    if (!range_within(offset, size, file_size) || !size) {
        error_setg(errp, "%s: damaged EFI image: the kernel of 0x%x bytes at 0x%x is outside the "
                   "file", name, size, offset);
        return NULL;
    }
    g_autoptr(GBytes) payload = g_bytes_new_from_bytes(image, offset, size);
    if (!strcmp(method, "gzip")) {
        return loader_gunzip(name, payload, max, errp);
    }
    if (g_str_has_prefix(method, "zstd")) {
        return unzstd(name, payload, max, errp);
    }
    g_autofree char *shown = g_strescape(method, NULL);
    error_setg(errp, "%s: EFI image packed with '%s', which is not supported (gzip and zstd are)",
               name, shown);
    return NULL;
}

bool loader_unpack(const char *name, GBytes **data, uint64_t max, Error **errp)
{
    gsize size;
    const uint8_t *d = g_bytes_get_data(*data, &size);
    GBytes *unpacked;

    switch (image_format(d, size)) {
    case IMAGE_GZIP:
        unpacked = loader_gunzip(name, *data, max, errp);
        break;
    case IMAGE_ZSTD:
        unpacked = unzstd(name, *data, max, errp);
        break;
    case IMAGE_ZBOOT:
        unpacked = open_zboot(name, *data, max, errp);
        break;
    default:
        return true;
    }
    if (unpacked) {
        g_bytes_unref(*data);
        *data = unpacked;
    }
    return unpacked != NULL;
}
