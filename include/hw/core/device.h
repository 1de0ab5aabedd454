/*
 * Devices and the buses they sit on.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_CORE_DEVICE_H
#define VIREO_HW_CORE_DEVICE_H

#include "hw/core/irq.h"
#include "qom/object.h"
#include "qom/property.h"
#include "qom/state.h"
#include "softmmu/memory.h"

typedef struct BusState BusState;
typedef struct FDTBuilder FDTBuilder;
typedef struct DeviceFDTContext DeviceFDTContext;
struct Aml;               /* hw/acpi/aml.h */
struct DeviceACPIContext;

#define TYPE_DEVICE "device"
OBJECT_DECLARE(DeviceState, DeviceClass, DEVICE, TYPE_DEVICE)

#define DEVICE_MAX_MMIO 4

typedef enum DeviceCategory {
    DEVICE_CATEGORY_MISC,
    DEVICE_CATEGORY_BRIDGE,
    DEVICE_CATEGORY_USB,
    DEVICE_CATEGORY_STORAGE,
    DEVICE_CATEGORY_NETWORK,
    DEVICE_CATEGORY_INPUT,
    DEVICE_CATEGORY_DISPLAY,
    DEVICE_CATEGORY_CPU,
} DeviceCategory;

/*
 * Life: object_new, set properties, device_realize, map and wire, device_reset, run, and at the end
 * device_unrealize (drain, detach, free), unref.
 */
struct DeviceState {
    Object parent_obj;
    char *id;             /* of -device id=, or NULL */
    bool realized;
    BusState *parent_bus; /* NULL: on the board itself */
    GMutex lock;          /* taken by dispatch around every register access */
    AddressSpace *dma_as; /* what the device's DMA sees; set before realize by board or bus */
    LogLimit limit;
    int32_t bootindex;    /* see hw/core/bootorder.h */

    /* Register windows, made by instance_init or realize with device_init_mmio(). */
    MemoryRegion *mmio[DEVICE_MAX_MMIO];
    hwaddr mmio_addr[DEVICE_MAX_MMIO]; /* UINT64_MAX: not mapped */
    unsigned nr_mmio;

    IRQ *irq_out;         /* output lines, made with device_init_irqs() */
    unsigned nr_irq_out;

    GPtrArray *buses;     /* BusState it provides */
};

struct DeviceClass {
    ObjectClass parent_class;
    const char *bus_type;   /* the type of bus it needs; NULL: placed by the board only */
    DeviceCategory category;
    bool user_creatable;    /* -device may make one */
    bool hotpluggable;

    /* Checks properties, allocates, makes windows and lines. False leaves nothing behind. */
    bool (*realize)(DeviceState *dev, Error **errp);
    /* Drains what is in flight, then frees. Main thread, vCPUs paused or device unmapped. */
    void (*unrealize)(DeviceState *dev);
    /* After the state table's reset values are set; lowers lines, recomputes. Lock held. */
    void (*reset)(DeviceState *dev);
    /* An input line changed; see device_irq_in(). Called with the driver's lock held. */
    void (*irq_in)(void *dev, int n, bool level);
    /* Writes the device's own node(s) of the device tree. NULL: it has none. */
    void (*fdt)(DeviceState *dev, FDTBuilder *fdt, const DeviceFDTContext *ctx);
    /* Writes the device's description in ACPI's namespace. NULL: it has none. */
    void (*acpi)(DeviceState *dev, struct Aml *aml, const struct DeviceACPIContext *ctx);
    /* What firmware calls it in boot paths, "disk@0,0"; g_free(). NULL: it has no part of them. */
    char *(*boot_name)(DeviceState *dev);
    /* One line for "info qtree", g_free(); or NULL. */
    char *(*describe)(DeviceState *dev);
    /* Interrupt controllers: appends lines for "info interrupts", what is pending where and what
     * becomes of it. NULL: none. */
    void (*explain_irqs)(DeviceState *dev, GString *out);
};

/* What a device needs to know of its surroundings to write its node. */
struct DeviceFDTContext {
    const char *parent;      /* path of the node to write under, e.g. "/soc" */
    hwaddr base;             /* of its first window */
    uint64_t size;           /* bytes, as the memory map says */
    uint32_t irq_phandle;    /* interrupt parent; 0: none */
    unsigned irq_cells;      /* of the interrupt parent: 1 (PLIC) or 2 (APLIC) */
    int irq;                 /* first interrupt number, 0: none */
    uint32_t msi_phandle;    /* of who takes messages; 0: nobody */
    int numa_node;           /* plus 1; 0: the machine has no NUMA */
    void *board;             /* MachineState */
};

bool device_realize(DeviceState *dev, Error **errp);
void device_unrealize(DeviceState *dev);
/* State table, then the class's reset, then the buses' devices. Takes the lock. */
void device_reset(DeviceState *dev);

/* Adds a register window of `size` bytes, guarded by the device's lock; returns its index. */
unsigned device_init_mmio(DeviceState *dev, MemoryRegion *mr, const MemoryRegionOps *ops,
                          const char *name, uint64_t size);
/* Adds a region that the device initialised itself. */
unsigned device_add_mmio(DeviceState *dev, MemoryRegion *mr);
/* Maps window n into parent at addr. */
void device_map(DeviceState *dev, unsigned n, MemoryRegion *parent, hwaddr addr);

/* Makes count output lines; called once, by realize or instance_init. */
void device_init_irqs(DeviceState *dev, unsigned count);
/* Connects output line n to input `in` of `to`, whose class has irq_in. */
void device_connect_irq(DeviceState *dev, unsigned n, DeviceState *to, int in);

/* Guest error or unimplemented register, in the device's name. */
#define device_guest_error(dev, ...) \
    log_guest_error(&DEVICE(dev)->limit, object_type_name(dev), __VA_ARGS__)
#define device_unimp(dev, ...) log_unimp(&DEVICE(dev)->limit, object_type_name(dev), __VA_ARGS__)

/* ---- Buses ---- */
#define TYPE_BUS "bus"

struct BusState {
    Object parent_obj;
    DeviceState *owner;
    char *name;           /* "virtio-mmio-bus.0" */
    GPtrArray *devices;   /* DeviceState */
    unsigned max_devices; /* 0: no limit */
};

typedef struct BusClass BusClass;
struct BusClass {
    ObjectClass parent_class;
    /* A device is about to be realized on it. NULL: anything of the right type may come. */
    bool (*plug)(BusState *bus, DeviceState *dev, Error **errp);
    void (*unplug)(BusState *bus, DeviceState *dev);
};

static inline BusClass *BUS_CLASS(const void *klass)
{
    return (BusClass *)object_class_check_cast(klass, TYPE_BUS, __FILE__, __LINE__);
}

static inline BusState *BUS(const void *obj)
{
    return (BusState *)object_check_cast(obj, TYPE_BUS, __FILE__, __LINE__);
}

/* A bus of type_name that dev provides; freed with dev. */
BusState *bus_new(const char *type_name, DeviceState *dev, const char *name);
/* Puts dev on bus (before realize). Fails if the bus is full or of the wrong type. */
bool bus_attach(BusState *bus, DeviceState *dev, Error **errp);
void bus_detach(DeviceState *dev);
/* The first bus of the type with room, or the one named; searched under root. NULL + errp. */
BusState *bus_find(Object *root, const char *type_name, const char *name, Error **errp);

#endif
