/*
 * What every virtio device shares: feature negotiation, status, configuration space, queues with
 * split or packed rings.
 * Names of clauses are those of the VIRTIO specification, version 1.3.
 *
 * Threads and locks: a virtio device and its transport share one lock, the transport's. Everything
 * here is called with it held unless the comment says otherwise: register accesses come with it,
 * callbacks of back ends and timers take it through virtio_lock(). Lock order: this lock, then the
 * interrupt controller's.
 *
 * Guest memory: each descriptor is copied once and checked before it is used; buffers are RAM only.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_VIRTIO_VIRTIO_H
#define VIREO_HW_VIRTIO_VIRTIO_H

#include <sys/uio.h>

#include "hw/core/device.h"
#include "util/bits.h"

#define TYPE_VIRTIO_DEVICE "virtio-device"
#define TYPE_VIRTIO_BUS "virtio-bus"
OBJECT_DECLARE(VirtIODevice, VirtIODeviceClass, VIRTIO_DEVICE, TYPE_VIRTIO_DEVICE)

typedef struct VirtQueue VirtQueue;
typedef struct VirtQueueUsed VirtQueueUsed; /* private to the rings */

/* Device status. */
#define VIRTIO_S_ACKNOWLEDGE 0x01
#define VIRTIO_S_DRIVER 0x02
#define VIRTIO_S_DRIVER_OK 0x04
#define VIRTIO_S_FEATURES_OK 0x08
#define VIRTIO_S_NEEDS_RESET 0x40
#define VIRTIO_S_FAILED 0x80

/* Interrupt status, as virtio-mmio and virtio-pci show it. */
#define VIRTIO_ISR_QUEUE 0x01
#define VIRTIO_ISR_CONFIG 0x02

/* Feature bits that do not belong to a device type. */
#define VIRTIO_F_NOTIFY_ON_EMPTY 24
#define VIRTIO_F_ANY_LAYOUT 27
#define VIRTIO_F_INDIRECT_DESC 28
#define VIRTIO_F_EVENT_IDX 29
#define VIRTIO_F_VERSION_1 32
#define VIRTIO_F_ACCESS_PLATFORM 33
#define VIRTIO_F_RING_PACKED 34
#define VIRTIO_F_IN_ORDER 35
#define VIRTIO_F_NOTIFICATION_DATA 38
#define VIRTIO_F_RING_RESET 40

/* Largest ring, and most segments in one chain: an indirect table may be longer than the ring. */
#define VIRTQUEUE_MAX_SIZE 1024
/* Most bytes in one chain. */
#define VIRTQUEUE_MAX_BYTES (1 * GiB)
#define VIRTIO_MAX_QUEUES 1024
#define VIRTIO_CONFIG_MAX 256

struct VirtQueue {
    VirtIODevice *vdev;
    void (*handle)(VirtIODevice *vdev, VirtQueue *vq);
    uint16_t index;
    uint16_t num_max;

    /* Layout. Once `ready` is set it does not change until the queue is reset. */
    bool ready;
    bool packed, in_order;
    uint16_t num;         /* a power of two when ready and not packed */
    uint64_t desc, avail, used; /* packed: the ring, the driver's and the device's event area */
    uint32_t align;       /* legacy transport */

    /* Indices of split rings, which count on over the end; places in packed ones. */
    uint16_t last_avail;  /* next entry of the available ring to take */
    uint16_t seen_avail;  /* the driver's index when last looked at; split only */
    uint16_t used_idx;
    bool avail_wrap, used_wrap; /* wrap counters of a packed ring for the two */
    uint16_t signalled;   /* used_idx when the driver was last interrupted */
    bool signalled_valid;
    bool unsignalled;     /* something was returned since the last virtqueue_notify() */
    uint32_t inflight;    /* slots taken and not yet returned, at most num */
    uint64_t taken, returned; /* chains since the queue was enabled */
    VirtQueueUsed *pending;   /* num entries: returned and not yet shown */

    uint32_t epoch;       /* counts resets; an element of an older epoch is not returned */
    bool kick_later;      /* a main loop source will call handle */
};

/*
 * A chain taken from a queue, with its buffers mapped: `out` is what the device reads, `in` what it
 * writes. First member of the device's request; one allocation, freed with g_free() after
 * virtqueue_push() or virtqueue_drop().
 */
typedef struct VirtQueueElement {
    VirtQueue *vq;
    uint32_t epoch;
    uint16_t head;   /* what the driver knows it by: head of the chain, or id of a packed ring */
    uint16_t slots;  /* ring entries that it takes up */
    uint64_t turn;   /* its number since the queue was enabled */
    unsigned out_num, in_num;
    uint64_t out_len, in_len;
    struct iovec *out_sg, *in_sg;
} VirtQueueElement;

/* How a device tells its transport; called with the shared lock held. The event is in vdev->isr. */
typedef struct VirtIOTransportOps {
    void (*notify_queue)(void *transport, unsigned queue);
    void (*notify_config)(void *transport);
    /* Queues may have come to life, or died. NULL: of no interest. */
    void (*queues_changed)(void *transport);
} VirtIOTransportOps;

/* What a transport lets drivers speak. Of a transitional one the first thing that a driver does after
 * a reset tells which of the two it is. */
typedef enum VirtIOInterface { VIRTIO_MODERN, VIRTIO_LEGACY, VIRTIO_TRANSITIONAL } VirtIOInterface;

struct VirtIODevice {
    DeviceState parent_obj;

    /* Set by the bus before realize. */
    GMutex *lock;
    const VirtIOTransportOps *ops;
    void *transport;
    GMainContext *context;   /* where event descriptors are served; NULL: on the main thread */
    VirtIOInterface interface;
    bool legacy;             /* the driver speaks the interface from before version 1.0 */

    uint64_t offered[1];     /* properties: transport features wanted */
    uint64_t host_features;  /* offered to drivers; fixed at realize. See virtio_offers() */
    uint64_t guest_features; /* accepted by the driver */
    uint8_t status;
    uint8_t isr;
    bool broken;             /* ignores the driver until it resets the device */
    uint32_t generation;     /* of the configuration space */

    VirtQueue *vq;
    uint32_t nr_vq;
};

struct VirtIODeviceClass {
    DeviceClass parent_class;
    uint16_t device_id;
    uint32_t config_len;   /* bytes, at most VIRTIO_CONFIG_MAX */
    bool modern_only;      /* there is no legacy interface: its transport never speaks that */
    uint64_t legacy_features; /* of those that get_features gives, what only that interface has */

    /* Checks properties, attaches back ends, adds queues. False leaves nothing behind. */
    bool (*realize)(VirtIODevice *vdev, Error **errp);
    /* Drains and detaches. Called without the lock. */
    void (*unrealize)(VirtIODevice *vdev);
    /* Device feature bits to offer; after realize. */
    uint64_t (*get_features)(VirtIODevice *vdev);
    /* The driver has settled on vdev->guest_features. NULL: nothing to do. */
    void (*set_features)(VirtIODevice *vdev);
    /* Fills config_len bytes, zero on entry. */
    void (*get_config)(VirtIODevice *vdev, uint8_t *config);
    /* The driver wrote size bytes at off, inside config_len; NULL: read-only. */
    void (*set_config)(VirtIODevice *vdev, unsigned off, const uint8_t *buf, unsigned size);
    /* Returns when nothing touches guest memory any more on behalf of stale elements, those of an
     * epoch that is over. Their completions may still come. NULL: nothing is asynchronous. */
    void (*quiesce)(VirtIODevice *vdev);
    /* The rest of a reset, after the state table. NULL: nothing. */
    void (*reset)(VirtIODevice *vdev);
    /* The driver wrote the status; NULL: nothing to do. */
    void (*set_status)(VirtIODevice *vdev);
};

static inline void virtio_lock(VirtIODevice *vdev)
{
    g_mutex_lock(vdev->lock);
}

static inline void virtio_unlock(VirtIODevice *vdev)
{
    g_mutex_unlock(vdev->lock);
}

static inline bool virtio_has_feature(const VirtIODevice *vdev, unsigned bit)
{
    return vdev->guest_features & BIT_ULL(bit);
}

/* ---- For devices ---- */

/* In realize: the next queue. handle runs when the driver says there are buffers. */
VirtQueue *virtio_add_queue(VirtIODevice *vdev,
                            void (*handle)(VirtIODevice *vdev, VirtQueue *vq));

/* Whether the driver may expect this queue to be served now. */
bool virtio_queue_live(const VirtQueue *vq);

/* The driver broke the rules: logs, stops serving it, sets NEEDS_RESET and tells it. */
void virtio_error(VirtIODevice *vdev, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* The configuration space has changed. */
void virtio_notify_config(VirtIODevice *vdev);

/*
 * Takes the next chain, in an allocation of `size` bytes (at least an element) that starts with the
 * VirtQueueElement; NULL if there is none, or if it is malformed, which ends in virtio_error().
 */
void *virtqueue_pop(VirtQueue *vq, size_t size);
/* Whether virtqueue_pop() would look at a chain. */
bool virtqueue_empty(VirtQueue *vq);
/* Gives the element taken last back to the queue, to be taken again, and frees it. */
void virtqueue_unpop(VirtQueue *vq, VirtQueueElement *elem);

/* Returns the chain with `len` bytes written to it, unmaps it. One of an older epoch is only
 * unmapped. The caller frees the element and calls virtqueue_notify() when it has pushed all. */
void virtqueue_push(VirtQueue *vq, VirtQueueElement *elem, uint32_t len);
/* The two halves, to make several chains visible at once: fill the n-th, then flush the count. */
void virtqueue_fill(VirtQueue *vq, VirtQueueElement *elem, uint32_t len, unsigned n);
void virtqueue_flush(VirtQueue *vq, unsigned count);
/* Unmaps without returning the chain: after virtio_error(). */
void virtqueue_drop(VirtQueue *vq, VirtQueueElement *elem);
static inline bool virtqueue_elem_stale(const VirtQueueElement *elem)
{
    return elem->epoch != elem->vq->epoch;
}

/* Interrupts the driver if it wants to know of what was pushed. */
void virtqueue_notify(VirtQueue *vq);
/* Calls the queue's handler from the main loop: to bound the work of one register access. */
void virtqueue_kick_later(VirtQueue *vq);

/* Copies between a segment list and a buffer, from byte `off` of the list; return the bytes. */
size_t iov_copy_out(const struct iovec *iov, unsigned n, size_t off, void *buf, size_t len);
size_t iov_copy_in(const struct iovec *iov, unsigned n, size_t off, const void *buf, size_t len);
/* Fills dst with the part [off, off+len) of src; dst has room for n. Returns the segments used. */
unsigned iov_slice(struct iovec *dst, const struct iovec *src, unsigned n, size_t off,
                   size_t len);

/* ---- For transports ---- */

/* The bus's plug and unplug: ties the device to the transport. */
void virtio_attach_transport(VirtIODevice *vdev, DeviceState *transport,
                             const VirtIOTransportOps *ops, VirtIOInterface interface);
/* Before a register of one interface is written, if the device has both: the first decides. False:
 * the driver has begun with the other, and the write is to be ignored. */
bool virtio_speak(VirtIODevice *vdev, bool legacy);
/* What drivers of an interface are offered. */
uint64_t virtio_offers(const VirtIODevice *vdev, bool legacy);

/* Power-on state, with nothing of the past able to touch guest memory. */
void virtio_reset(VirtIODevice *vdev);
/* A write of the status register; 0 resets. */
void virtio_set_status(VirtIODevice *vdev, uint8_t status);
/* Features by 32-bit word, as the registers of an interface have them. */
uint32_t virtio_features_word(const VirtIODevice *vdev, bool legacy, uint32_t sel);
void virtio_set_features_word(VirtIODevice *vdev, uint32_t sel, uint32_t value);

/* Configuration space; size 1, 2 or 4. Beyond its end reads give ones and writes are ignored. */
uint32_t virtio_config_read(VirtIODevice *vdev, uint32_t off, unsigned size);
void virtio_config_write(VirtIODevice *vdev, uint32_t off, uint32_t value, unsigned size);

/* The queue, or NULL. */
VirtQueue *virtio_queue(VirtIODevice *vdev, uint32_t n);
/* Enables the queue with the layout it has now. Nonsense in it ends in virtio_error(). */
void virtio_queue_enable(VirtQueue *vq);
/* Legacy: enables it with its three areas one after the other, from desc, the last one aligned to a
 * power of two; or stops it, with 0. */
void virtio_queue_set_page(VirtQueue *vq, uint64_t desc, uint32_t align);
/* Stops it; what it has in flight is forgotten. Its registers go back to their reset values. */
void virtio_queue_reset(VirtQueue *vq);
/* The driver's notification. */
void virtio_queue_notify(VirtIODevice *vdev, uint32_t n);

/* Private to hw/virtio: whether the layout makes sense, with the ring's format settled; virtio_error()
 * if not. */
bool virtqueue_open(VirtQueue *vq);
void virtqueue_alloc_pending(VirtQueue *vq);

#endif
