/*
 * virtio-gpu: resources, their backing in guest memory, transfers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/display/virtio-gpu.h"

#include "util/byteorder.h"

#define BYTES_PER_PIXEL 4

/* 5.7.6.8: names give the bytes in memory; pixman's give a word of the host. */
static const struct {
    uint32_t format;
    pixman_format_code_t le, be;
} formats[] = {
    { 1, PIXMAN_a8r8g8b8, PIXMAN_b8g8r8a8 },   /* B8G8R8A8_UNORM */
    { 2, PIXMAN_x8r8g8b8, PIXMAN_b8g8r8x8 },   /* B8G8R8X8_UNORM */
    { 3, PIXMAN_b8g8r8a8, PIXMAN_a8r8g8b8 },   /* A8R8G8B8_UNORM */
    { 4, PIXMAN_b8g8r8x8, PIXMAN_x8r8g8b8 },   /* X8R8G8B8_UNORM */
    { 67, PIXMAN_a8b8g8r8, PIXMAN_r8g8b8a8 },  /* R8G8B8A8_UNORM */
    { 68, PIXMAN_r8g8b8x8, PIXMAN_x8b8g8r8 },  /* X8B8G8R8_UNORM */
    { 121, PIXMAN_r8g8b8a8, PIXMAN_a8b8g8r8 }, /* A8B8G8R8_UNORM */
    { 134, PIXMAN_x8b8g8r8, PIXMAN_r8g8b8x8 }, /* R8G8B8X8_UNORM */
};

/* False if there is no such format. */
static bool find_format(uint32_t format, pixman_format_code_t *code)
{
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (formats[i].format == format) {
            *code = G_BYTE_ORDER == G_LITTLE_ENDIAN ? formats[i].le : formats[i].be;
            return true;
        }
    }
    return false;
}

GPUResource *virtio_gpu_resource(VirtIOGPU *s, uint32_t id)
{
    return g_hash_table_lookup(s->resources, GUINT_TO_POINTER(id));
}

void virtio_gpu_resource_free(void *p)
{
    GPUResource *res = p;

    pixman_image_unref(res->image);
    g_free(res->pixels);
    g_free(res->backing);
    g_free(res);
}

static uint32_t unknown_resource(VirtIOGPU *s, uint32_t id)
{
    device_guest_error(s, "resource %u does not exist", id);
    return GPU_RESP_ERR_INVALID_RESOURCE_ID;
}

/* Counts bytes against the limit; false if they exceed it. */
static bool charge(VirtIOGPU *s, GPUResource *res, uint64_t bytes)
{
    if (bytes > s->max_hostmem - s->hostmem) {
        device_guest_error(s, "resource %u: out of the memory that max_hostmem allows", res->id);
        return false;
    }
    s->hostmem += bytes;
    res->charge += bytes;
    return true;
}

/* resource_id, format, width, height */
uint32_t virtio_gpu_create_2d(VirtIOGPU *s, GPURequest *req)
{
    const uint8_t *c = req->cmd + GPU_HDR_BYTES;
    uint32_t id = ld32_le(c), format = ld32_le(c + 4), w = ld32_le(c + 8), h = ld32_le(c + 12);
    pixman_format_code_t code;
    GPUResource *res;

    if (id == 0 || virtio_gpu_resource(s, id)) {
        device_guest_error(s, "resource %u cannot be created", id);
        return GPU_RESP_ERR_INVALID_RESOURCE_ID;
    }
    if (!find_format(format, &code) || !w || !h || w > DISPLAY_MAX_SIDE || h > DISPLAY_MAX_SIDE) {
        device_guest_error(s, "resource of format %u, %ux%u", format, w, h);
        return GPU_RESP_ERR_INVALID_PARAMETER;
    }
    res = g_new0(GPUResource, 1);
    *res = (GPUResource){ .id = id, .width = w, .height = h, .stride = w * BYTES_PER_PIXEL,
                          .format = format };
    /* Small ones count as a page: there is more to a resource than its pixels. */
    if (!charge(s, res, MAX((uint64_t)res->stride * h, 4096))) {
        g_free(res);
        return GPU_RESP_ERR_OUT_OF_MEMORY;
    }
    res->pixels = g_try_malloc0_n(h, res->stride);
    res->image = res->pixels ? pixman_image_create_bits_no_clear(code, w, h,
                                                                 (uint32_t *)res->pixels,
                                                                 res->stride) : NULL;
    if (!res->image) {
        s->hostmem -= res->charge;
        g_free(res->pixels);
        g_free(res);
        return GPU_RESP_ERR_OUT_OF_MEMORY;
    }
    g_hash_table_insert(s->resources, GUINT_TO_POINTER(id), res);
    return GPU_RESP_OK_NODATA;
}

uint32_t virtio_gpu_unref(VirtIOGPU *s, GPURequest *req)
{
    uint32_t id = ld32_le(req->cmd + GPU_HDR_BYTES);
    GPUResource *res = virtio_gpu_resource(s, id);

    if (!res) {
        return unknown_resource(s, id);
    }
    for (unsigned i = 0; i < s->max_outputs; i++) {
        if (s->scanouts[i].res == res) {
            virtio_gpu_scanout_off(&s->scanouts[i]);
        }
    }
    s->hostmem -= res->charge;
    g_hash_table_remove(s->resources, GUINT_TO_POINTER(id));
    return GPU_RESP_OK_NODATA;
}

/* ---- Backing ---- */

static void drop_backing(VirtIOGPU *s, GPUResource *res)
{
    uint64_t bytes = res->nr_backing * (uint64_t)sizeof(GPUBacking);

    s->hostmem -= bytes;
    res->charge -= bytes;
    g_clear_pointer(&res->backing, g_free);
    res->nr_backing = 0;
}

/* resource_id, nr_entries; then for each entry address (64 bits), length, padding */
uint32_t virtio_gpu_attach_backing(VirtIOGPU *s, GPURequest *req)
{
    const VirtQueueElement *e = req->elem;
    uint32_t id = ld32_le(req->cmd + GPU_HDR_BYTES), n = ld32_le(req->cmd + GPU_HDR_BYTES + 4);
    GPUResource *res = virtio_gpu_resource(s, id);
    size_t at = GPU_HDR_BYTES + 8;
    uint64_t start = 0;
    uint32_t i;

    if (!res) {
        return unknown_resource(s, id);
    }
    if (res->backing || n > GPU_MAX_BACKING || req->cmd_len < at + 16 * (uint64_t)n) {
        device_guest_error(s, "resource %u: backing of %u entries in %zu bytes%s", id, n,
                           req->cmd_len, res->backing ? ", and it has one" : "");
        return GPU_RESP_ERR_UNSPEC;
    }
    if (!charge(s, res, n * (uint64_t)sizeof(GPUBacking))) {
        return GPU_RESP_ERR_OUT_OF_MEMORY;
    }
    res->nr_backing = n;
    res->backing = g_new0(GPUBacking, MAX(n, 1));
    for (i = 0; i < n; i++) {
        GPUBacking *b = &res->backing[i];
        uint8_t raw[16];

        iov_copy_out(e->out_sg, e->out_num, at + 16 * (size_t)i, raw, sizeof(raw));
        *b = (GPUBacking){ .addr = ld64_le(raw), .len = ld32_le(raw + 8), .start = start };
        start += b->len;
        if (b->len && !address_space_has_ram(s->parent_obj.parent_obj.dma_as, b->addr, b->len)) {
            break;
        }
    }
    if (i < n) {
        device_guest_error(s, "resource %u: backing entry %u is not RAM", id, i);
        drop_backing(s, res);
        return GPU_RESP_ERR_UNSPEC;
    }
    return GPU_RESP_OK_NODATA;
}

uint32_t virtio_gpu_detach_backing(VirtIOGPU *s, GPURequest *req)
{
    uint32_t id = ld32_le(req->cmd + GPU_HDR_BYTES);
    GPUResource *res = virtio_gpu_resource(s, id);

    if (!res || !res->backing) {
        return unknown_resource(s, id);
    }
    drop_backing(s, res);
    return GPU_RESP_OK_NODATA;
}

/* The entry that holds byte `offset`, or the last before it. */
static uint32_t find_entry(const GPUResource *res, uint64_t offset)
{
    uint32_t lo = 0, hi = res->nr_backing;

    while (hi - lo > 1) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (res->backing[mid].start <= offset) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    return lo;
}

/* Copies from the backing; what lies beyond its end is left out. False: it is not RAM any more. */
static bool read_backing(VirtIOGPU *s, const GPUResource *res, uint64_t offset, uint8_t *to,
                         uint64_t len)
{
    for (uint32_t i = find_entry(res, offset); len && i < res->nr_backing; i++) {
        const GPUBacking *b = &res->backing[i];
        uint64_t skip = offset - b->start, here;

        if (skip >= b->len) {
            continue;
        }
        here = MIN(len, b->len - skip);
        if (!dma_read(s->parent_obj.parent_obj.dma_as, b->addr + skip, to, here)) {
            return false;
        }
        to += here;
        offset += here;
        len -= here;
    }
    return true;
}

/* r (x, y, width, height), offset (64 bits), resource_id */
uint32_t virtio_gpu_transfer(VirtIOGPU *s, GPURequest *req)
{
    const uint8_t *c = req->cmd + GPU_HDR_BYTES;
    GPURect r = { ld32_le(c), ld32_le(c + 4), ld32_le(c + 8), ld32_le(c + 12) };
    uint64_t offset = ld64_le(c + 16);
    uint32_t id = ld32_le(c + 24);
    GPUResource *res = virtio_gpu_resource(s, id);
    bool ok = true;

    if (!res || !res->backing) {
        return unknown_resource(s, id);
    }
    if (!range_within(r.x, r.w, res->width) || !range_within(r.y, r.h, res->height) ||
        offset > INT64_MAX) {
        device_guest_error(s, "resource %u: transfer of %ux%u at %u,%u", id, r.w, r.h, r.x, r.y);
        return GPU_RESP_ERR_INVALID_PARAMETER;
    }
    if (r.x == 0 && r.w == res->width) {
        ok = read_backing(s, res, offset, res->pixels + (size_t)r.y * res->stride,
                          (uint64_t)r.h * res->stride);
    } else {
        for (uint32_t y = 0; ok && y < r.h; y++) {
            ok = read_backing(s, res, offset + (uint64_t)y * res->stride,
                              res->pixels + (size_t)(r.y + y) * res->stride +
                                  (size_t)r.x * BYTES_PER_PIXEL,
                              (uint64_t)r.w * BYTES_PER_PIXEL);
        }
    }
    return ok ? GPU_RESP_OK_NODATA : GPU_RESP_ERR_UNSPEC;
}
