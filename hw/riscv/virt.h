/*
 * The `virt` board: its memory map, its interrupt numbers, its fixed devices.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_RISCV_VIRT_H
#define VIREO_HW_RISCV_VIRT_H

#include "hw/core/cpu.h"
#include "hw/core/loader.h"
#include "hw/core/machine.h"

#define TYPE_VIRT_MACHINE "virt" MACHINE_TYPE_SUFFIX
OBJECT_DECLARE_SIMPLE(VirtMachineState, VIRT_MACHINE, TYPE_VIRT_MACHINE)

enum {
    VIRT_MAX_CPUS = 512,
    VIRT_TIMEBASE_HZ = 10000000,
    VIRT_IRQ_SOURCES = 96, /* PLIC sources, the missing source 0 included */
    VIRT_IRQ_PRIORITIES = 7,
    VIRT_NR_VIRTIO = 8,
    VIRT_NR_FLASH = 2,
    VIRT_MAX_SOCKETS = 4,
};

/* Interrupt numbers. Guests know them from QEMU's board even without a device tree. */
enum {
    VIRT_IRQ_VIRTIO = 1, /* 1 to 8 */
    VIRT_IRQ_UART0 = 10,
    VIRT_IRQ_RTC = 11,
    VIRT_IRQ_PCIE = 32,  /* 32 to 35 */
    VIRT_IRQ_IOMMU = 36, /* 36 to 39 */
    VIRT_IRQ_PLATFORM_BUS = 64,
};

typedef enum VirtMap {
    VIRT_DEBUG,
    VIRT_MROM,
    VIRT_TEST,
    VIRT_RTC,
    VIRT_CLINT,
    VIRT_ACLINT_SSWI,
    VIRT_PCIE_PIO,
    VIRT_IOMMU_SYS,
    VIRT_PLATFORM_BUS,
    VIRT_PLIC,
    VIRT_APLIC_S,
    VIRT_UART0,
    VIRT_VIRTIO,
    VIRT_FW_CFG,
    VIRT_FLASH,
    VIRT_IMSIC_M,
    VIRT_IMSIC_S,
    VIRT_PCIE_ECAM,
    VIRT_PCIE_MMIO,
    VIRT_DRAM,
    VIRT_MAP_ENTRIES,
} VirtMap;

typedef struct MemMapEntry {
    hwaddr base;
    uint64_t size;
} MemMapEntry;

extern const MemMapEntry virt_memmap[VIRT_MAP_ENTRIES];

/* One fixed device, or a row of equal ones. */
typedef struct VirtDevice {
    const char *type;
    const char *name;     /* in /machine; "[N]" follows if there are several */
    VirtMap map;
    hwaddr offset;        /* in the map entry */
    unsigned count;       /* of equal devices, map entries apart; 0 means 1 */
    bool per_socket;      /* count is that of the sockets, each serves the harts of its own */
    int irq;              /* of the first; 0: none */
    unsigned hart_irqs[2]; /* its output lines: these inputs of each hart; 0: none */
    /* Whether this machine has it. NULL: always. */
    bool (*wanted)(const VirtMachineState *s);
    /* Sets properties before realize. NULL: nothing to set. */
    bool (*setup)(VirtMachineState *s, DeviceState *dev, unsigned n, Error **errp);
} VirtDevice;

/* A device that was made from a row. */
typedef struct VirtInstance {
    DeviceState *dev;
    const VirtDevice *row;
    unsigned n;
} VirtInstance;

/* Harts with an interrupt controller and a CLINT of their own. */
typedef struct VirtSocket {
    unsigned first_hart, nr_harts;
    DeviceState *plic;
} VirtSocket;

struct VirtMachineState {
    MachineState parent_obj;
    Timebase timebase;
    MemoryRegion mrom;
    ImageLoader loader;
    GArray *devices;     /* of VirtInstance, in the order made */
    VirtSocket sockets[VIRT_MAX_SOCKETS];
    unsigned nr_sockets; /* the NUMA nodes, or 1 */
    bool no_mmode;       /* the guest starts in S-mode: nothing of the board is for M-mode */

    /* Properties. */
    bool aclint;
    int aia, acpi, iommu_sys;
    uint32_t aia_guests;
    char *dt_compatible;
    char *pflash[VIRT_NR_FLASH]; /* ids of drives, or NULL */
};

/* Where instance i's first window is. */
hwaddr virt_instance_base(const VirtInstance *i);

/* The socket whose interrupt controller takes the lines of the devices of a map entry. */
unsigned virt_irq_socket(const VirtMachineState *s, VirtMap map);

/* hw/riscv/virt-socket.c: sockets from the NUMA nodes. */
bool virt_make_sockets(VirtMachineState *s, Error **errp);

/* hw/riscv/virt-fdt.c: the tree as guests get it, without what depends on loaded images. NULL if
 * -dtb names a file that cannot be used. */
FDTBuilder *virt_create_fdt(VirtMachineState *s, Error **errp);

/* hw/riscv/boot.c: firmware, kernel, initrd, device tree and reset vector, into memory. */
bool virt_boot_setup(VirtMachineState *s, FDTBuilder *fdt, Error **errp);

/* hw/riscv/virt-fw-cfg.c: the items of fw_cfg, when every device exists. */
bool virt_fw_cfg_setup(VirtMachineState *s, Error **errp);

/* hw/riscv/virt-acpi.c: the tables, unless acpi=off. */
bool virt_acpi_setup(VirtMachineState *s, Error **errp);

#endif
