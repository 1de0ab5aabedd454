/*
 * virtio-gpu: what an output shows, and its pointer.
 *
 * Commands only note what has changed; virtio_gpu_refresh() draws it when somebody looks.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "hw/display/virtio-gpu.h"

#include "util/byteorder.h"

#define MIN_SIDE 16
/* A guest that flushes many small pieces between two looks gets one large one. */
#define MAX_DAMAGE_RECTS 64

void virtio_gpu_scanout_off(GPUScanout *o)
{
    o->res = NULL;
    pixman_region32_fini(&o->damage);
    pixman_region32_init(&o->damage);
}

static void damage_all(GPUScanout *o)
{
    pixman_region32_fini(&o->damage);
    pixman_region32_init_rect(&o->damage, 0, 0, o->rect.w, o->rect.h);
}

/* r, scanout_id, resource_id */
uint32_t virtio_gpu_set_scanout(VirtIOGPU *s, GPURequest *req)
{
    const uint8_t *c = req->cmd + GPU_HDR_BYTES;
    GPURect r = { ld32_le(c), ld32_le(c + 4), ld32_le(c + 8), ld32_le(c + 12) };
    uint32_t n = ld32_le(c + 16), id = ld32_le(c + 20);
    GPUResource *res;

    if (n >= s->max_outputs) {
        device_guest_error(s, "scanout %u does not exist", n);
        return GPU_RESP_ERR_INVALID_SCANOUT_ID;
    }
    if (!id) {
        virtio_gpu_scanout_off(&s->scanouts[n]);
        return GPU_RESP_OK_NODATA;
    }
    res = virtio_gpu_resource(s, id);
    if (!res) {
        device_guest_error(s, "resource %u does not exist", id);
        return GPU_RESP_ERR_INVALID_RESOURCE_ID;
    }
    if (r.w < MIN_SIDE || r.h < MIN_SIDE || !range_within(r.x, r.w, res->width) ||
        !range_within(r.y, r.h, res->height)) {
        device_guest_error(s, "scanout %u shows %ux%u at %u,%u of a resource of %ux%u", n, r.w, r.h,
                           r.x, r.y, res->width, res->height);
        return GPU_RESP_ERR_INVALID_PARAMETER;
    }
    s->scanouts[n].res = res;
    s->scanouts[n].rect = r;
    damage_all(&s->scanouts[n]);
    return GPU_RESP_OK_NODATA;
}

static void add_damage(GPUScanout *o, const GPURect *r)
{
    pixman_region32_union_rect(&o->damage, &o->damage, r->x, r->y, r->w, r->h);
    if (pixman_region32_n_rects(&o->damage) > MAX_DAMAGE_RECTS) {
        pixman_box32_t all = *pixman_region32_extents(&o->damage);

        pixman_region32_fini(&o->damage);
        pixman_region32_init_with_extents(&o->damage, &all);
    }
}

/* The part of r that the output shows, in its coordinates; false if there is none. */
static bool visible_part(const GPURect *shown, const GPURect *r, GPURect *out)
{
    uint32_t x0 = MAX(shown->x, r->x), x1 = MIN(shown->x + shown->w, r->x + r->w);
    uint32_t y0 = MAX(shown->y, r->y), y1 = MIN(shown->y + shown->h, r->y + r->h);

    if (x0 >= x1 || y0 >= y1) {
        return false;
    }
    *out = (GPURect){ x0 - shown->x, y0 - shown->y, x1 - x0, y1 - y0 };
    return true;
}

/* r, resource_id */
uint32_t virtio_gpu_flush(VirtIOGPU *s, GPURequest *req)
{
    const uint8_t *c = req->cmd + GPU_HDR_BYTES;
    GPURect r = { ld32_le(c), ld32_le(c + 4), ld32_le(c + 8), ld32_le(c + 12) }, part;
    uint32_t id = ld32_le(c + 16);
    GPUResource *res = virtio_gpu_resource(s, id);

    if (!res) {
        device_guest_error(s, "resource %u does not exist", id);
        return GPU_RESP_ERR_INVALID_RESOURCE_ID;
    }
    if (!range_within(r.x, r.w, res->width) || !range_within(r.y, r.h, res->height)) {
        device_guest_error(s, "resource %u: flush of %ux%u at %u,%u", id, r.w, r.h, r.x, r.y);
        return GPU_RESP_ERR_INVALID_PARAMETER;
    }
    for (unsigned i = 0; i < s->max_outputs; i++) {
        GPUScanout *o = &s->scanouts[i];

        if (o->res == res && visible_part(&o->rect, &r, &part)) {
            add_damage(o, &part);
        }
    }
    return GPU_RESP_OK_NODATA;
}

/* ---- Pointer ---- */

static void take_shape(VirtIOGPU *s, GPUCursor *cur, uint32_t id)
{
    GPUResource *res = id ? virtio_gpu_resource(s, id) : NULL;
    pixman_image_t *to;

    cur->shape_changed = true;
    cur->w = cur->h = 0;
    if (!res) {
        if (id) {
            device_guest_error(s, "cursor: resource %u does not exist", id);
        }
        return;
    }
    if (res->width > DISPLAY_CURSOR_MAX || res->height > DISPLAY_CURSOR_MAX) {
        device_guest_error(s, "cursor of %ux%u", res->width, res->height);
        return;
    }
    to = pixman_image_create_bits_no_clear(PIXMAN_a8r8g8b8, res->width, res->height, cur->argb,
                                           res->width * 4);
    if (to) {
        cur->w = res->width;
        cur->h = res->height;
        pixman_image_composite32(PIXMAN_OP_SRC, res->image, NULL, to, 0, 0, 0, 0, 0, 0, cur->w,
                                 cur->h);
        pixman_image_unref(to);
    }
}

/* pos (scanout_id, x, y, padding), resource_id, hot_x, hot_y */
void virtio_gpu_update_cursor(VirtIOGPU *s, const uint8_t *cmd, bool shape)
{
    const uint8_t *c = cmd + GPU_HDR_BYTES;
    uint32_t n = ld32_le(c);
    GPUCursor *cur;

    if (n >= s->max_outputs) {
        device_guest_error(s, "cursor: scanout %u does not exist", n);
        return;
    }
    cur = &s->scanouts[n].cursor;
    cur->x = (int32_t)ld32_le(c + 4);
    cur->y = (int32_t)ld32_le(c + 8);
    cur->moved = true;
    if (shape) {
        cur->hot_x = ld32_le(c + 20);
        cur->hot_y = ld32_le(c + 24);
        take_shape(s, cur, ld32_le(c + 16));
    }
}

/* ---- Showing ---- */

static void draw(GPUScanout *o, const DisplaySurface *surface)
{
    pixman_image_t *to = pixman_image_create_bits_no_clear(PIXMAN_x8r8g8b8, surface->width,
                                                           surface->height, surface->pixels,
                                                           surface->stride);
    int n;
    const pixman_box32_t *box = pixman_region32_rectangles(&o->damage, &n);

    for (int i = 0; to && i < n; i++, box++) {
        int32_t w = box->x2 - box->x1, h = box->y2 - box->y1;

        pixman_image_composite32(PIXMAN_OP_SRC, o->res->image, NULL, to, o->rect.x + box->x1,
                                 o->rect.y + box->y1, 0, 0, box->x1, box->y1, w, h);
        console_draw_damage(o->con, box->x1, box->y1, w, h);
    }
    if (to) {
        pixman_image_unref(to);
    }
}

static void show_cursor(GPUScanout *o)
{
    GPUCursor *cur = &o->cursor;

    if (cur->shape_changed) {
        console_cursor(o->con, cur->w ? cur->argb : NULL, cur->w, cur->h, cur->hot_x, cur->hot_y);
        cur->shape_changed = false;
        cur->moved = true;
    }
    if (cur->moved) {
        console_cursor_move(o->con, cur->x, cur->y, cur->w > 0);
        cur->moved = false;
    }
}

void virtio_gpu_refresh(void *opaque)
{
    GPUScanout *o = opaque;
    VirtIODevice *vdev = &o->gpu->parent_obj;
    DisplaySurface *surface;
    bool fresh;

    virtio_lock(vdev);
    if (!o->res) {
        console_off(o->con);
    } else {
        surface = console_draw_begin(o->con, o->rect.w, o->rect.h, &fresh);
        if (surface) {
            if (fresh) {
                damage_all(o);
            }
            draw(o, surface);
            console_draw_end(o->con);
            pixman_region32_fini(&o->damage);
            pixman_region32_init(&o->damage);
        }
        show_cursor(o);
    }
    virtio_unlock(vdev);
}
