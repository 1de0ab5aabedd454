/*
 * virtio-input (VIRTIO 1.3, 5.8): configuration queries, the event queue, the status queue.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/input/virtio-input.h"

#include <linux/input-event-codes.h>
#include <string.h>

#include "util/byteorder.h"

#define VIRTIO_ID_INPUT 18
#define QUEUE_SIZE 64
#define EVENT_BYTES 8

/* Configuration space: select, subsel, size, five reserved bytes, the answer. */
enum { CFG_SELECT = 0, CFG_SUBSEL = 1, CFG_LEN = 2, CFG_DATA = 8,
       CFG_SIZE = CFG_DATA + VIRTIO_INPUT_DATA_MAX };
enum { SEL_NAME = 0x01, SEL_SERIAL = 0x02, SEL_DEVIDS = 0x03, SEL_PROP_BITS = 0x10,
       SEL_EV_BITS = 0x11, SEL_ABS_INFO = 0x12 };

/* What a USB keyboard of QEMU's says, too. */
#define BUS_VIRTUAL 0x06
#define VENDOR 0x0627

/* ---- Configuration ---- */

static unsigned put_text(uint8_t *data, const char *text)
{
    size_t len = text ? strlen(text) : 0;

    len = MIN(len, VIRTIO_INPUT_DATA_MAX);
    if (len) {
        memcpy(data, text, len);
    }
    return len;
}

/* Bytes up to the last that is not zero. */
static unsigned bitmap_length(const uint8_t *data)
{
    unsigned n = VIRTIO_INPUT_DATA_MAX;

    while (n && !data[n - 1]) {
        n--;
    }
    return n;
}

/* The answer to what is selected; returns its length, 0 if there is none. */
static unsigned answer(VirtIOInput *s, uint8_t *data)
{
    VirtIOInputClass *ic = VIRTIO_INPUT_GET_CLASS(s);

    if (s->select == SEL_EV_BITS) {
        ic->event_bits(s, s->subsel, data);
        return bitmap_length(data);
    }
    if (s->select == SEL_ABS_INFO) {
        if (!(ic->kinds & INPUT_ABS) || s->subsel > ABS_Y) {
            return 0;
        }
        st32_le(data + 4, INPUT_ABS_MAX); /* min, max, fuzz, flat, res */
        return 20;
    }
    if (s->subsel) {
        return 0;
    }
    switch (s->select) {
    case SEL_NAME:
        return put_text(data, ic->name);
    case SEL_SERIAL:
        return put_text(data, s->serial);
    case SEL_DEVIDS:
        st16_le(data, BUS_VIRTUAL);
        st16_le(data + 2, VENDOR);
        st16_le(data + 4, ic->product);
        st16_le(data + 6, ic->version);
        return 8;
    default: /* UNSET, and PROP_BITS of devices without any */
        return 0;
    }
}

static void input_get_config(VirtIODevice *vdev, uint8_t *c)
{
    VirtIOInput *s = VIRTIO_INPUT(vdev);

    c[CFG_SELECT] = s->select;
    c[CFG_SUBSEL] = s->subsel;
    c[CFG_LEN] = answer(s, c + CFG_DATA);
}

static void input_set_config(VirtIODevice *vdev, unsigned off, const uint8_t *buf, unsigned size)
{
    VirtIOInput *s = VIRTIO_INPUT(vdev);

    for (unsigned i = 0; i < size; i++) {
        if (off + i == CFG_SELECT) {
            s->select = buf[i];
        } else if (off + i == CFG_SUBSEL) {
            s->subsel = buf[i];
        } else {
            device_guest_error(s, "write at 0x%x of the configuration", off + i);
        }
    }
}

/* ---- Events ---- */

static void put_event(VirtIOInput *s, const VirtIOInputEvent *ev, VirtQueueElement *e)
{
    uint8_t raw[EVENT_BYTES];

    st16_le(raw, ev->type);
    st16_le(raw + 2, ev->code);
    st32_le(raw + 4, ev->value);
    virtqueue_push(s->evt, e, iov_copy_in(e->in_sg, e->in_num, 0, raw, sizeof(raw)));
}

/* Hands the driver what waits, as far as its buffers go. Lock held. */
static void send_pending(VirtIOInput *s)
{
    VirtIODevice *vdev = &s->parent_obj;
    unsigned done = 0;

    while (done < s->nr_pending) {
        VirtQueueElement *e = virtqueue_pop(s->evt, sizeof(*e));

        if (!e) {
            break;
        }
        if (e->out_num || e->in_len < EVENT_BYTES) {
            virtio_error(vdev, "event buffer of %u bytes", (unsigned)e->in_len);
            virtqueue_drop(s->evt, e);
            g_free(e);
            return;
        }
        put_event(s, &s->pending[done++], e);
        g_free(e);
    }
    if (done) {
        s->nr_pending -= done;
        memmove(s->pending, s->pending + done, s->nr_pending * sizeof(s->pending[0]));
        virtqueue_notify(s->evt);
    }
}

static void evt_handle(VirtIODevice *vdev, VirtQueue *vq)
{
    send_pending(VIRTIO_INPUT(vdev));
}

static void queue_event(VirtIOInput *s, uint16_t type, uint16_t code, int32_t value)
{
    s->pending[s->nr_pending++] = (VirtIOInputEvent){ type, code, (uint32_t)value };
}

static void queue_input(VirtIOInput *s, const InputEvent *e)
{
    switch (e->kind) {
    case INPUT_KEY:
    case INPUT_BUTTON:
        queue_event(s, EV_KEY, e->code, e->value != 0);
        break;
    case INPUT_REL:
        queue_event(s, EV_REL, e->code, e->value);
        break;
    case INPUT_ABS:
        queue_event(s, EV_ABS, e->code, CLAMP(e->value, 0, INPUT_ABS_MAX));
        break;
    case INPUT_WHEEL:
        if (s->wheel_axis) {
            queue_event(s, EV_REL, e->code, e->value);
        } else if (e->code == REL_WHEEL) {
            /* A wheel that pretends to be two buttons. */
            uint16_t button = e->value > 0 ? BTN_GEAR_UP : BTN_GEAR_DOWN;

            queue_event(s, EV_KEY, button, 1);
            queue_event(s, EV_SYN, SYN_REPORT, 0);
            queue_event(s, EV_KEY, button, 0);
        }
        break;
    }
}

/* A group comes whole or, if the driver has not taken the earlier ones, not at all. */
static void input_events(void *opaque, const InputEvent *events, unsigned count)
{
    VirtIOInput *s = opaque;
    VirtIODevice *vdev = &s->parent_obj;

    virtio_lock(vdev);
    if (virtio_queue_live(s->evt) && s->nr_pending + 3 * count + 1 <= VIRTIO_INPUT_PENDING) {
        for (unsigned i = 0; i < count; i++) {
            queue_input(s, &events[i]);
        }
        queue_event(s, EV_SYN, SYN_REPORT, 0);
        send_pending(s);
    }
    virtio_unlock(vdev);
}

/* ---- Status: the lights ---- */

static void take_status(VirtIOInput *s, const uint8_t *raw)
{
    uint16_t type = ld16_le(raw), code = ld16_le(raw + 2);
    uint32_t value = ld32_le(raw + 4);

    /* Bits as the codes: LED_NUML, LED_CAPSL, LED_SCROLLL. */
    if (type == EV_LED && code <= LED_SCROLLL) {
        s->leds = deposit64(s->leds, code, 1, value != 0);
        input_set_leds(s->input, s->leds);
    }
}

static void sts_handle(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIOInput *s = VIRTIO_INPUT(vdev);
    VirtQueueElement *e;

    for (unsigned n = 0;; n++) {
        uint8_t raw[EVENT_BYTES];

        if (n == vq->num) {
            virtqueue_kick_later(vq);
            break;
        }
        e = virtqueue_pop(vq, sizeof(*e));
        if (!e) {
            break;
        }
        if (iov_copy_out(e->out_sg, e->out_num, 0, raw, sizeof(raw)) == sizeof(raw)) {
            take_status(s, raw);
        } else {
            device_guest_error(s, "status event of %u bytes", (unsigned)e->out_len);
        }
        virtqueue_push(vq, e, 0);
        g_free(e);
    }
    virtqueue_notify(vq);
}

/* ---- Life cycle ---- */

static void input_reset(VirtIODevice *vdev)
{
    VirtIOInput *s = VIRTIO_INPUT(vdev);

    if (s->input) {
        input_set_leds(s->input, 0);
    }
}

static bool input_realize(VirtIODevice *vdev, Error **errp)
{
    VirtIOInput *s = VIRTIO_INPUT(vdev);
    VirtIOInputClass *ic = VIRTIO_INPUT_GET_CLASS(s);
    InputFrontend fe = { ic->name, ic->kinds, input_events, s };

    s->evt = virtio_add_queue(vdev, evt_handle);
    s->sts = virtio_add_queue(vdev, sts_handle);
    s->evt->num_max = s->evt->num = s->sts->num_max = s->sts->num = QUEUE_SIZE;
    s->input = input_register(&fe);
    return true;
}

static void input_unrealize(VirtIODevice *vdev)
{
    VirtIOInput *s = VIRTIO_INPUT(vdev);

    input_unregister(s->input);
    s->input = NULL;
}

static void input_post_load(Object *obj)
{
    VirtIOInput *s = VIRTIO_INPUT(obj);

    input_set_leds(s->input, s->leds);
}

static const StateField event_rows[] = {
    S_U16(VirtIOInputEvent, type),
    S_U16(VirtIOInputEvent, code),
    S_U32(VirtIOInputEvent, value),
    S_END
};

static const StateField input_rows[] = {
    S_U8(VirtIOInput, select),
    S_U8(VirtIOInput, subsel),
    S_U32(VirtIOInput, leds, .max = INPUT_LED_NUM | INPUT_LED_CAPS | INPUT_LED_SCROLL),
    S_U32(VirtIOInput, nr_pending, .max = VIRTIO_INPUT_PENDING),
    S_STRUCTS(VirtIOInput, pending, VIRTIO_INPUT_PENDING, VirtIOInputEvent, event_rows),
    S_END
};

static const StateTable input_state = {
    .name = TYPE_VIRTIO_INPUT, .fields = input_rows, .post_load = input_post_load,
};

static const Property input_props[] = {
    PROP_STR("serial", VirtIOInput, serial, NULL, "serial number that the guest sees"),
    PROP_END
};

static void input_class_init(ObjectClass *klass, const void *data)
{
    VirtIODeviceClass *vdc = VIRTIO_DEVICE_CLASS(klass);

    klass->props = input_props;
    klass->state = &input_state;
    vdc->parent_class.category = DEVICE_CATEGORY_INPUT;
    vdc->device_id = VIRTIO_ID_INPUT;
    vdc->modern_only = true;
    vdc->config_len = CFG_SIZE;
    vdc->realize = input_realize;
    vdc->unrealize = input_unrealize;
    vdc->get_config = input_get_config;
    vdc->set_config = input_set_config;
    vdc->reset = input_reset;
}

static const TypeInfo input_type = {
    .name = TYPE_VIRTIO_INPUT,
    .parent = TYPE_VIRTIO_DEVICE,
    .abstract = true,
    .instance_size = sizeof(VirtIOInput),
    .class_size = sizeof(VirtIOInputClass),
    .class_init = input_class_init,
};
type_init(input_type);
