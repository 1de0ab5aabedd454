/*
 * The virtio devices as PCI functions: one row each.
 *
 * SPDX-License-Identifier: MIT
 */
#include "config-host.h"
#include "hw/virtio/virtio-pci.h"

typedef struct VirtIOPCIRow {
    const char *part;
    uint32_t class_code; /* of PCI */
    DeviceCategory category;
} VirtIOPCIRow;

static void row_class_init(ObjectClass *klass, const void *data)
{
    const VirtIOPCIRow *row = data;

    klass->part_type = row->part;
    PCI_DEVICE_CLASS(klass)->class_code = row->class_code;
    DEVICE_CLASS(klass)->category = row->category;
    DEVICE_CLASS(klass)->user_creatable = true;
}

#define TYPE(name_, parent_, part_, class_, category_, desc_)                           \
    {                                                                                   \
        .name = (name_), .parent = (parent_), .desc = (desc_),                          \
        .class_init = row_class_init,                                                   \
        .class_data = &(const VirtIOPCIRow){ (part_), (class_), DEVICE_CATEGORY_##category_ }, \
    }
/* A device that is younger than the legacy interface. */
#define MODERN(name_, part_, class_, category_, desc_) \
    TYPE(name_, TYPE_VIRTIO_PCI_ANY, part_, class_, category_, desc_)
/* One that has both, and types of it that say so in their name. */
#define ROW(name_, part_, class_, category_, desc_)                                     \
    TYPE(name_, TYPE_VIRTIO_PCI_ANY, part_, class_, category_, desc_),                  \
    TYPE(name_ "-transitional", TYPE_VIRTIO_PCI_TRANSITIONAL, part_, class_, category_, \
         desc_ ", with the legacy interface"),                                          \
    TYPE(name_ "-non-transitional", TYPE_VIRTIO_PCI_MODERN, part_, class_, category_,   \
         desc_ ", without the legacy interface")

static const TypeInfo rows[] = {
    ROW("virtio-blk-pci", "virtio-blk-device", 0x010000, STORAGE, "virtio disk on PCI"),
    ROW("virtio-net-pci", "virtio-net-device", 0x020000, NETWORK, "virtio network card on PCI"),
    ROW("virtio-rng-pci", "virtio-rng-device", 0x00ff00, MISC, "virtio source of random bytes on PCI"),
    ROW("virtio-balloon-pci", "virtio-balloon-device", 0x00ff00, MISC, "virtio memory balloon on PCI"),
    ROW("virtio-serial-pci", "virtio-serial-device", 0x078000, BRIDGE,
        "virtio consoles and serial ports on PCI"),
    ROW("virtio-9p-pci", "virtio-9p-device", 0x000200, STORAGE, "virtio shared directory on PCI"),
    MODERN("virtio-keyboard-pci", "virtio-keyboard-device", 0x090000, INPUT, "virtio keyboard on PCI"),
    MODERN("virtio-mouse-pci", "virtio-mouse-device", 0x090200, INPUT, "virtio mouse on PCI"),
    MODERN("virtio-tablet-pci", "virtio-tablet-device", 0x090000, INPUT,
           "virtio pointer with absolute coordinates on PCI"),
#ifdef CONFIG_PIXMAN
    MODERN("virtio-gpu-pci", "virtio-gpu-device", 0x038000, DISPLAY,
           "virtio graphics card, two dimensions, on PCI"),
#endif
};
type_init_array(rows);
