/*
 * virtio-gpu in two dimensions: what its files share. Numbers are those of VIRTIO 1.3, 5.7.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_DISPLAY_VIRTIO_GPU_H
#define VIREO_HW_DISPLAY_VIRTIO_GPU_H

#include "backend/display.h"
#include "config-host.h"
#include "hw/virtio/virtio.h"

#ifdef CONFIG_PIXMAN
#include <pixman.h>

#define TYPE_VIRTIO_GPU "virtio-gpu-device"
OBJECT_DECLARE_SIMPLE(VirtIOGPU, VIRTIO_GPU, TYPE_VIRTIO_GPU)

#define GPU_MAX_SCANOUTS 16
#define GPU_HDR_BYTES 24      /* type, flags, fence_id, ctx_id, ring_idx, padding */
#define GPU_MAX_COMMAND 64    /* the longest command, without the list of ATTACH_BACKING */
#define GPU_MAX_RESPONSE 1056 /* the EDID's */
#define GPU_MAX_BACKING 16384 /* entries of one resource's list */

enum {
    GPU_CMD_GET_DISPLAY_INFO = 0x0100, GPU_CMD_RESOURCE_CREATE_2D, GPU_CMD_RESOURCE_UNREF,
    GPU_CMD_SET_SCANOUT, GPU_CMD_RESOURCE_FLUSH, GPU_CMD_TRANSFER_TO_HOST_2D,
    GPU_CMD_RESOURCE_ATTACH_BACKING, GPU_CMD_RESOURCE_DETACH_BACKING, GPU_CMD_GET_CAPSET_INFO,
    GPU_CMD_GET_CAPSET, GPU_CMD_GET_EDID,
    GPU_CMD_UPDATE_CURSOR = 0x0300, GPU_CMD_MOVE_CURSOR,
    GPU_RESP_OK_NODATA = 0x1100, GPU_RESP_OK_DISPLAY_INFO, GPU_RESP_OK_EDID = 0x1104,
    GPU_RESP_ERR_UNSPEC = 0x1200, GPU_RESP_ERR_OUT_OF_MEMORY, GPU_RESP_ERR_INVALID_SCANOUT_ID,
    GPU_RESP_ERR_INVALID_RESOURCE_ID, GPU_RESP_ERR_INVALID_CONTEXT_ID,
    GPU_RESP_ERR_INVALID_PARAMETER,
};

typedef struct GPURect {
    uint32_t x, y, w, h;
} GPURect;

typedef struct GPUBacking {
    uint64_t addr;
    uint64_t start; /* of this piece in the whole, bytes */
    uint32_t len;
} GPUBacking;

/* A picture of the guest's. Its pixels are ours; the guest's copy is at `backing`. */
typedef struct GPUResource {
    uint32_t id;
    uint32_t width, height, stride;
    uint32_t format;
    pixman_image_t *image;
    uint8_t *pixels;
    GPUBacking *backing;
    uint32_t nr_backing;
    uint64_t charge; /* bytes counted against max_hostmem */
} GPUResource;

typedef struct GPUCursor {
    uint32_t w, h, hot_x, hot_y; /* w 0: none */
    int32_t x, y;
    bool shape_changed, moved;
    uint32_t argb[DISPLAY_CURSOR_MAX * DISPLAY_CURSOR_MAX];
} GPUCursor;

/* One output. */
typedef struct GPUScanout {
    VirtIOGPU *gpu;
    DisplayConsole *con;
    bool enabled;          /* as GET_DISPLAY_INFO says */
    uint32_t width, height; /* what we would like to see */
    GPUResource *res;      /* shown; NULL: off */
    GPURect rect;          /* the part of it */
    pixman_region32_t damage; /* in the rectangle, not shown to viewers yet */
    GPUCursor cursor;
} GPUScanout;

struct VirtIOGPU {
    VirtIODevice parent_obj;
    uint32_t max_outputs, xres, yres;
    uint64_t max_hostmem;
    bool edid;

    VirtQueue *ctrl, *cursor;
    uint32_t events;
    uint64_t hostmem;      /* sum of the resources' charges */
    GHashTable *resources; /* id to GPUResource */
    GPUScanout scanouts[GPU_MAX_SCANOUTS];
};

/* A command, copied once, with zeros behind its end; and where its response goes. */
typedef struct GPURequest {
    VirtQueueElement *elem;
    uint8_t cmd[GPU_MAX_COMMAND];
    size_t cmd_len;        /* that the driver sent, may be more than GPU_MAX_COMMAND */
    uint8_t resp[GPU_MAX_RESPONSE]; /* behind the header */
    size_t resp_len;
} GPURequest;

/* virtio-gpu-2d.c: commands about pictures. Each returns the type of the response. */
uint32_t virtio_gpu_create_2d(VirtIOGPU *s, GPURequest *req);
uint32_t virtio_gpu_unref(VirtIOGPU *s, GPURequest *req);
uint32_t virtio_gpu_attach_backing(VirtIOGPU *s, GPURequest *req);
uint32_t virtio_gpu_detach_backing(VirtIOGPU *s, GPURequest *req);
uint32_t virtio_gpu_transfer(VirtIOGPU *s, GPURequest *req);
GPUResource *virtio_gpu_resource(VirtIOGPU *s, uint32_t id);
void virtio_gpu_resource_free(void *res);

/* virtio-gpu-scanout.c: commands about what is shown, and showing it. */
uint32_t virtio_gpu_set_scanout(VirtIOGPU *s, GPURequest *req);
uint32_t virtio_gpu_flush(VirtIOGPU *s, GPURequest *req);
void virtio_gpu_update_cursor(VirtIOGPU *s, const uint8_t *cmd, bool shape);
void virtio_gpu_scanout_off(GPUScanout *o);
/* The DisplayDevice callbacks; opaque is the GPUScanout. */
void virtio_gpu_refresh(void *opaque);

/* edid.c: the 128 bytes that tell a driver of a monitor whose best mode this is. */
#define EDID_BYTES 128
void edid_make(uint8_t *edid, uint32_t width, uint32_t height);

#endif /* CONFIG_PIXMAN */
#endif
