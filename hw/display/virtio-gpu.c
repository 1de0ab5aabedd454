/*
 * virtio-gpu (VIRTIO 1.3, 5.7) in two dimensions: queues, configuration, life cycle.
 *
 * Every command is done when its notification returns, so nothing is in flight between two of them,
 * and a fence is reached at once.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/display/virtio-gpu.h"

#include <string.h>

#include "util/byteorder.h"

#define VIRTIO_ID_GPU 16
#define F_EDID 1
#define CTRL_QUEUE_SIZE 64
#define CURSOR_QUEUE_SIZE 16

enum { CFG_EVENTS_READ = 0, CFG_EVENTS_CLEAR = 4, CFG_NUM_SCANOUTS = 8, CFG_NUM_CAPSETS = 12,
       CFG_SIZE = 16 };
#define EVENT_DISPLAY 1u

#define FLAG_FENCE 1u
#define CURSOR_COMMAND_BYTES 56

/* ---- Commands ---- */

/* 24 bytes for each of 16 outputs: r, enabled, flags. */
static uint32_t get_display_info(VirtIOGPU *s, GPURequest *req)
{
    for (unsigned i = 0; i < s->max_outputs; i++) {
        uint8_t *p = req->resp + 24 * i;

        if (s->scanouts[i].enabled) {
            st32_le(p + 8, s->scanouts[i].width);
            st32_le(p + 12, s->scanouts[i].height);
            st32_le(p + 16, 1);
        }
    }
    req->resp_len = 24 * GPU_MAX_SCANOUTS;
    return GPU_RESP_OK_DISPLAY_INFO;
}

/* scanout; the answer is size, padding, 1024 bytes */
static uint32_t get_edid(VirtIOGPU *s, GPURequest *req)
{
    uint32_t n = ld32_le(req->cmd + GPU_HDR_BYTES);

    if (!virtio_has_feature(&s->parent_obj, F_EDID)) {
        return GPU_RESP_ERR_UNSPEC;
    }
    if (n >= s->max_outputs) {
        device_guest_error(s, "EDID of scanout %u, which does not exist", n);
        return GPU_RESP_ERR_INVALID_PARAMETER;
    }
    st32_le(req->resp, EDID_BYTES);
    edid_make(req->resp + 8, s->scanouts[n].width, s->scanouts[n].height);
    req->resp_len = 8 + 1024;
    return GPU_RESP_OK_EDID;
}

static const struct {
    uint32_t type;
    uint32_t bytes; /* the least that it has, header included */
    uint32_t (*run)(VirtIOGPU *s, GPURequest *req);
} commands[] = {
    { GPU_CMD_GET_DISPLAY_INFO, 24, get_display_info },
    { GPU_CMD_RESOURCE_CREATE_2D, 40, virtio_gpu_create_2d },
    { GPU_CMD_RESOURCE_UNREF, 32, virtio_gpu_unref },
    { GPU_CMD_SET_SCANOUT, 48, virtio_gpu_set_scanout },
    { GPU_CMD_RESOURCE_FLUSH, 48, virtio_gpu_flush },
    { GPU_CMD_TRANSFER_TO_HOST_2D, 56, virtio_gpu_transfer },
    { GPU_CMD_RESOURCE_ATTACH_BACKING, 32, virtio_gpu_attach_backing },
    { GPU_CMD_RESOURCE_DETACH_BACKING, 32, virtio_gpu_detach_backing },
    { GPU_CMD_GET_EDID, 32, get_edid },
};

static uint32_t run_command(VirtIOGPU *s, GPURequest *req)
{
    uint32_t type = ld32_le(req->cmd);

    if (req->cmd_len < GPU_HDR_BYTES) {
        device_guest_error(s, "command of %zu bytes", req->cmd_len);
        return GPU_RESP_ERR_UNSPEC;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (commands[i].type == type) {
            if (req->cmd_len < commands[i].bytes) {
                device_guest_error(s, "command 0x%x of %zu bytes", type, req->cmd_len);
                return GPU_RESP_ERR_UNSPEC;
            }
            return commands[i].run(s, req);
        }
    }
    device_guest_error(s, "command 0x%x is unknown", type);
    return GPU_RESP_ERR_UNSPEC;
}

static void read_command(GPURequest *req, VirtQueueElement *e)
{
    memset(req, 0, sizeof(*req));
    req->elem = e;
    req->cmd_len = e->out_len;
    iov_copy_out(e->out_sg, e->out_num, 0, req->cmd, sizeof(req->cmd));
}

/* Returns the chain with the response's header, which repeats the fence, and what follows it. */
static void respond(VirtIOGPU *s, GPURequest *req, uint32_t type)
{
    VirtQueueElement *e = req->elem;
    uint8_t hdr[GPU_HDR_BYTES] = { 0 };
    size_t len;

    st32_le(hdr, type);
    if (ld32_le(req->cmd + 4) & FLAG_FENCE) {
        memcpy(hdr + 4, req->cmd + 4, GPU_HDR_BYTES - 4);
        st32_le(hdr + 4, FLAG_FENCE);
    }
    len = iov_copy_in(e->in_sg, e->in_num, 0, hdr, sizeof(hdr));
    len += iov_copy_in(e->in_sg, e->in_num, len, req->resp, req->resp_len);
    if (len < sizeof(hdr) + req->resp_len) {
        device_guest_error(s, "room for %zu bytes of a response of %zu", len,
                           sizeof(hdr) + req->resp_len);
    }
    virtqueue_push(s->ctrl, e, len);
}

static void ctrl_handle(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIOGPU *s = VIRTIO_GPU(vdev);
    VirtQueueElement *e;
    GPURequest req;

    for (unsigned n = 0;; n++) {
        if (n == vq->num) {
            virtqueue_kick_later(vq);
            break;
        }
        e = virtqueue_pop(vq, sizeof(*e));
        if (!e) {
            break;
        }
        read_command(&req, e);
        respond(s, &req, run_command(s, &req));
        g_free(e);
    }
    virtqueue_notify(vq);
}

static void cursor_handle(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIOGPU *s = VIRTIO_GPU(vdev);
    VirtQueueElement *e;
    GPURequest req;

    for (unsigned n = 0;; n++) {
        uint32_t type;

        if (n == vq->num) {
            virtqueue_kick_later(vq);
            break;
        }
        e = virtqueue_pop(vq, sizeof(*e));
        if (!e) {
            break;
        }
        read_command(&req, e);
        type = ld32_le(req.cmd);
        if (req.cmd_len < CURSOR_COMMAND_BYTES ||
            (type != GPU_CMD_UPDATE_CURSOR && type != GPU_CMD_MOVE_CURSOR)) {
            device_guest_error(s, "cursor command 0x%x of %zu bytes", type, req.cmd_len);
        } else {
            virtio_gpu_update_cursor(s, req.cmd, type == GPU_CMD_UPDATE_CURSOR);
        }
        virtqueue_push(vq, e, 0);
        g_free(e);
    }
    virtqueue_notify(vq);
}

/* ---- Configuration ---- */

static uint64_t gpu_features(VirtIODevice *vdev)
{
    return VIRTIO_GPU(vdev)->edid ? BIT_ULL(F_EDID) : 0;
}

static void gpu_get_config(VirtIODevice *vdev, uint8_t *c)
{
    VirtIOGPU *s = VIRTIO_GPU(vdev);

    st32_le(c + CFG_EVENTS_READ, s->events);
    st32_le(c + CFG_NUM_SCANOUTS, s->max_outputs);
}

static void gpu_set_config(VirtIODevice *vdev, unsigned off, const uint8_t *buf, unsigned size)
{
    VirtIOGPU *s = VIRTIO_GPU(vdev);

    if (off != CFG_EVENTS_CLEAR || size != 4) {
        device_guest_error(s, "write of %u bytes at 0x%x of the configuration", size, off);
        return;
    }
    s->events &= ~ld32_le(buf);
}

/* A viewer's window changed: the driver may follow. */
static void viewer_size(void *opaque, uint32_t width, uint32_t height)
{
    GPUScanout *o = opaque;
    VirtIODevice *vdev = &o->gpu->parent_obj;

    width = CLAMP(width, 64, DISPLAY_MAX_SIDE);
    height = CLAMP(height, 64, DISPLAY_MAX_SIDE);
    virtio_lock(vdev);
    if (!o->enabled || o->width != width || o->height != height) {
        o->enabled = true;
        o->width = width;
        o->height = height;
        o->gpu->events |= EVENT_DISPLAY;
        virtio_notify_config(vdev);
    }
    virtio_unlock(vdev);
}

/* ---- Life cycle ---- */

static void gpu_reset(VirtIODevice *vdev)
{
    VirtIOGPU *s = VIRTIO_GPU(vdev);

    for (unsigned i = 0; i < s->max_outputs; i++) {
        GPUScanout *o = &s->scanouts[i];

        virtio_gpu_scanout_off(o);
        memset(&o->cursor, 0, sizeof(o->cursor));
        o->cursor.shape_changed = true;
    }
    g_hash_table_remove_all(s->resources);
    s->hostmem = 0;
}

static bool gpu_realize(VirtIODevice *vdev, Error **errp)
{
    VirtIOGPU *s = VIRTIO_GPU(vdev);
    DeviceState *dev = &vdev->parent_obj;

    s->resources = g_hash_table_new_full(NULL, NULL, NULL, virtio_gpu_resource_free);
    s->ctrl = virtio_add_queue(vdev, ctrl_handle);
    s->cursor = virtio_add_queue(vdev, cursor_handle);
    s->ctrl->num_max = s->ctrl->num = CTRL_QUEUE_SIZE;
    s->cursor->num_max = s->cursor->num = CURSOR_QUEUE_SIZE;
    for (unsigned i = 0; i < s->max_outputs; i++) {
        GPUScanout *o = &s->scanouts[i];
        const DisplayDevice dd = { virtio_gpu_refresh, viewer_size, o };
        g_autofree char *name = g_strdup_printf("%s.%u", dev->id ? dev->id : TYPE_VIRTIO_GPU, i);

        o->gpu = s;
        o->enabled = i == 0;
        o->width = s->xres;
        o->height = s->yres;
        pixman_region32_init(&o->damage);
        o->con = console_new(name, &dd);
    }
    return true;
}

static void gpu_unrealize(VirtIODevice *vdev)
{
    VirtIOGPU *s = VIRTIO_GPU(vdev);

    for (unsigned i = 0; i < s->max_outputs; i++) {
        console_free(s->scanouts[i].con);
        pixman_region32_fini(&s->scanouts[i].damage);
    }
    g_hash_table_unref(s->resources);
    s->resources = NULL;
}

static const StateField scanout_rows[] = {
    S_BOOL(GPUScanout, enabled, .flags = STATE_NO_RESET),
    S_U32(GPUScanout, width, .max = DISPLAY_MAX_SIDE, .flags = STATE_NO_RESET),
    S_U32(GPUScanout, height, .max = DISPLAY_MAX_SIDE, .flags = STATE_NO_RESET),
    S_END
};

/* Pictures and what is shown of them have no rows: the driver makes them anew after a reset. */
static const StateField gpu_rows[] = {
    S_U32(VirtIOGPU, events, .max = EVENT_DISPLAY),
    S_U64(VirtIOGPU, hostmem, .flags = STATE_TRANSIENT | STATE_NO_RESET),
    S_STRUCTS(VirtIOGPU, scanouts, GPU_MAX_SCANOUTS, GPUScanout, scanout_rows),
    S_END
};

static const StateTable gpu_state = { .name = TYPE_VIRTIO_GPU, .fields = gpu_rows };

static const Property gpu_props[] = {
    PROP_U32("max_outputs", VirtIOGPU, max_outputs, 1, 1, GPU_MAX_SCANOUTS, "number of outputs"),
    PROP_SIZE("max_hostmem", VirtIOGPU, max_hostmem, 256 * MiB, 1 * MiB, 16 * GiB,
              "most memory for the guest's pictures"),
    PROP_U32("xres", VirtIOGPU, xres, 1280, 64, DISPLAY_MAX_SIDE, "preferred width"),
    PROP_U32("yres", VirtIOGPU, yres, 800, 64, DISPLAY_MAX_SIDE, "preferred height"),
    PROP_BOOL("edid", VirtIOGPU, edid, true, "a description of the monitor for the guest"),
    PROP_END
};

static void gpu_class_init(ObjectClass *klass, const void *data)
{
    VirtIODeviceClass *vdc = VIRTIO_DEVICE_CLASS(klass);

    klass->props = gpu_props;
    klass->state = &gpu_state;
    vdc->parent_class.category = DEVICE_CATEGORY_DISPLAY;
    vdc->device_id = VIRTIO_ID_GPU;
    vdc->modern_only = true;
    vdc->config_len = CFG_SIZE;
    vdc->realize = gpu_realize;
    vdc->unrealize = gpu_unrealize;
    vdc->get_features = gpu_features;
    vdc->get_config = gpu_get_config;
    vdc->set_config = gpu_set_config;
    vdc->reset = gpu_reset;
}

static const TypeInfo gpu_type = {
    .name = TYPE_VIRTIO_GPU,
    .parent = TYPE_VIRTIO_DEVICE,
    .desc = "virtio graphics card, two dimensions",
    .instance_size = sizeof(VirtIOGPU),
    .class_init = gpu_class_init,
};
type_init(gpu_type);
