/*
 * Notifications of a queue by event descriptor.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/virtio/queue-bell.h"

#include <glib-unix.h>

#include "util/event-notifier.h"

struct QueueBell {
    VirtIODevice *vdev;
    uint32_t queue;
    MemoryRegion *mr;    /* under the device's lock; NULL: over */
    MemoryEventfd at;
    EventNotifier event;
    GSource *source;
};

static void notify(VirtIODevice *vdev, uint32_t queue)
{
    VirtQueue *vq = virtio_queue(vdev, queue);

    if (vq && vq->handle && virtio_queue_live(vq)) {
        vq->handle(vdev, vq);
    }
}

static gboolean rung(gint fd, GIOCondition condition, gpointer opaque)
{
    QueueBell *bell = opaque;
    VirtIODevice *vdev = bell->vdev;

    event_notifier_test_and_clear(&bell->event);
    virtio_lock(vdev);
    if (bell->mr) { /* else freed meanwhile by a thread that had the lock */
        if (bell->queue == QUEUE_BELL_ALL) {
            for (uint32_t i = 0; bell->mr && i < vdev->nr_vq; i++) {
                notify(vdev, i);
            }
        } else {
            notify(vdev, bell->queue);
        }
    }
    virtio_unlock(vdev);
    return G_SOURCE_CONTINUE;
}

/* With the source, whose callback may still be running when the bell is freed. */
static void bell_destroy(gpointer opaque)
{
    QueueBell *bell = opaque;

    event_notifier_destroy(&bell->event);
    object_unref(bell->vdev);
    g_free(bell);
}

QueueBell *queue_bell_new(VirtIODevice *vdev, uint32_t queue, MemoryRegion *mr, MemoryEventfd at)
{
    QueueBell *bell;
    EventNotifier event;
    AddressSpace *as = vdev->parent_obj.dma_as;

    if (!as || !address_space_takes_eventfds(as) || !event_notifier_init(&event, NULL)) {
        return NULL;
    }
    bell = g_new0(QueueBell, 1);
    bell->vdev = vdev;
    object_ref(vdev);
    bell->queue = queue;
    bell->mr = mr;
    bell->event = event;
    bell->at = at;
    bell->at.fd = event.fd;
    bell->source = g_unix_fd_source_new(event.fd, G_IO_IN);
    g_source_set_callback(bell->source, G_SOURCE_FUNC(rung), bell, bell_destroy);
    g_source_attach(bell->source, vdev->context);
    memory_region_add_eventfd(mr, &bell->at);
    return bell;
}

void queue_bell_free(QueueBell *bell)
{
    GSource *source = bell->source;

    memory_region_del_eventfd(bell->mr, &bell->at);
    bell->mr = NULL;
    g_source_destroy(source); /* may free the bell */
    g_source_unref(source);
}

void queue_bell_want(QueueBell **bell, bool want, VirtIODevice *vdev, uint32_t queue,
                     MemoryRegion *mr, MemoryEventfd at)
{
    if (want && !*bell) {
        *bell = queue_bell_new(vdev, queue, mr, at);
    } else if (!want && *bell) {
        queue_bell_free(*bell);
        *bell = NULL;
    }
}
