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
#include "hw/core/msi.h"
#include "target/riscv/cpu.h"

#define TYPE_VIRT_MACHINE "virt" MACHINE_TYPE_SUFFIX
OBJECT_DECLARE_SIMPLE(VirtMachineState, VIRT_MACHINE, TYPE_VIRT_MACHINE)

enum {
    VIRT_MAX_CPUS = 512,
    VIRT_TIMEBASE_HZ = 10000000,
    VIRT_IRQ_SOURCES = 96, /* PLIC sources, the missing source 0 included */
    VIRT_IRQ_PRIORITIES = 7,
    VIRT_IRQ_PRIORITY_BITS = 3,
    VIRT_NR_VIRTIO = 8,
    VIRT_NR_FLASH = 2,
    VIRT_MAX_SOCKETS = 4,
    VIRT_MSI_IDS = 255, /* identities of each interrupt file */
    VIRT_APLIC_SIZE = 0x8000, /* of each socket's domain: room for 512 harts */
    VIRT_IMSIC_GROUP = 0x1000000, /* from one socket's interrupt files to the next's */
    VIRT_IMSIC_GROUP_SHIFT = 24,
};

/* -M aia= */
enum { VIRT_AIA_NONE, VIRT_AIA_APLIC, VIRT_AIA_APLIC_IMSIC };

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
    bool per_hart;        /* count is that of the harts; the other output lines are for guests */
    int irq;              /* of the first; 0: none */
    unsigned hart_irqs[2]; /* its output lines: these inputs of each hart; 0: none */
    /* Whether this machine has it. NULL: always. */
    bool (*wanted)(const VirtMachineState *s);
    /* Where device n is and its size. NULL: map entries follow each other. */
    MemMapEntry (*place)(const VirtMachineState *s, unsigned n);
    /* Sets properties before realize. NULL: nothing to set. */
    bool (*setup)(VirtMachineState *s, DeviceState *dev, unsigned n, Error **errp);
} VirtDevice;

/* A device that was made from a row. */
typedef struct VirtInstance {
    DeviceState *dev;
    const VirtDevice *row;
    unsigned n;
    MemMapEntry at; /* its first window, and what the device tree says of its size */
} VirtInstance;

/* Harts with an interrupt controller and a CLINT of their own. */
typedef struct VirtSocket {
    unsigned first_hart, nr_harts;
    DeviceState *irqchip; /* takes the devices' lines: PLIC, or the APLIC's root domain */
} VirtSocket;

struct VirtMachineState {
    MachineState parent_obj;
    Timebase timebase;
    MemoryRegion mrom;
    ImageLoader loader;
    GArray *devices;     /* of VirtInstance, in the order made */
    VirtSocket sockets[VIRT_MAX_SOCKETS];
    unsigned nr_sockets; /* the NUMA nodes, or 1 */
    MSITarget msi;       /* where messages go, with aia=aplic-imsic */
    LogLimit msi_limit;
    DeviceState *kernel_aia; /* the kernel's part, or NULL */
    DeviceState **imsic[2]; /* interrupt files by hart: of M (or NULL), of S */
    DeviceState *pcie;
    bool builtin;        /* -bios builtin: the firmware is ours, outside the machine */
    bool no_mmode;       /* the guest starts in S-mode: nothing of the board is for M-mode */

    /* Properties. */
    bool aclint;
    int aia, acpi, iommu_sys;
    uint32_t aia_guests;
    char *dt_compatible;
    char *pflash[VIRT_NR_FLASH]; /* ids of drives, or NULL */
};

/* The socket whose interrupt controller takes the lines of the devices of a map entry. */
unsigned virt_irq_socket(const VirtMachineState *s, VirtMap map);

/* hw/riscv/virt-socket.c: sockets from the NUMA nodes. */
bool virt_make_sockets(VirtMachineState *s, Error **errp);

/* hw/riscv/virt-aia.c: interrupt controllers of the advanced interrupt architecture. */
extern const EnumName virt_aia_names[];
/* Whether the options fit together; then what the harts must have for them. */
bool virt_aia_check(const VirtMachineState *s, Error **errp);
bool virt_aia_setup_cpu(const VirtMachineState *s, RISCVCPU *cpu, Error **errp);
bool virt_has_plic(const VirtMachineState *s);
bool virt_has_aplic(const VirtMachineState *s);
bool virt_has_aplic_m(const VirtMachineState *s);
bool virt_has_imsic(const VirtMachineState *s);
bool virt_has_imsic_m(const VirtMachineState *s);
/* Supervisor level: whether they are devices of ours. */
bool virt_makes_aplic_s(const VirtMachineState *s);
bool virt_makes_imsic_s(const VirtMachineState *s);
bool virt_setup_aplic_m(VirtMachineState *s, DeviceState *dev, unsigned n, Error **errp);
bool virt_setup_aplic_s(VirtMachineState *s, DeviceState *dev, unsigned n, Error **errp);
bool virt_setup_imsic_m(VirtMachineState *s, DeviceState *dev, unsigned n, Error **errp);
bool virt_setup_imsic_s(VirtMachineState *s, DeviceState *dev, unsigned n, Error **errp);
MemMapEntry virt_place_aplic_m(const VirtMachineState *s, unsigned n);
MemMapEntry virt_place_aplic_s(const VirtMachineState *s, unsigned n);
MemMapEntry virt_place_imsic_m(const VirtMachineState *s, unsigned n);
MemMapEntry virt_place_imsic_s(const VirtMachineState *s, unsigned n);
/* After every device is realized: the harts get their interrupt files. */
void virt_aia_connect(VirtMachineState *s);
void virt_aia_finalize(VirtMachineState *s);
/* Bits of an address that tell a hart's guest files apart. */
unsigned virt_guest_bits(const VirtMachineState *s);
/* Bits that number the harts of a socket, and the sockets. */
unsigned virt_hart_bits(const VirtMachineState *s);
unsigned virt_group_bits(const VirtMachineState *s);

/* hw/riscv/virt-kernel-aia.c: what of it is in the accelerator's kernel. */
bool virt_kernel_aia_check(const VirtMachineState *s, Error **errp);
bool virt_has_kernel_imsic(const VirtMachineState *s);
bool virt_has_kernel_aplic(const VirtMachineState *s);
bool virt_setup_kernel_aia(VirtMachineState *s, DeviceState *dev, unsigned n, Error **errp);
MemMapEntry virt_place_kernel_aia(const VirtMachineState *s, unsigned n);
/* The highest identity of each interrupt file. */
unsigned virt_msi_ids(const VirtMachineState *s);

/* hw/riscv/virt-aia-fdt.c: the nodes, in the order that QEMU numbers them; before the devices'. */
void virt_aia_fdt(VirtMachineState *s, FDTBuilder *fdt);
/* Path of the controller that takes the lines of a socket's devices; g_free(). */
char *virt_irqchip_path(const VirtMachineState *s, unsigned socket);
unsigned virt_irq_cells(const VirtMachineState *s);
/* phandle of the S level's MSI controller; 0: none. */
uint32_t virt_msi_parent(const VirtMachineState *s, FDTBuilder *fdt);

/* hw/riscv/virt-pci.c: the windows of the PCI host bridge, before and after it is realized. */
bool virt_setup_pcie(VirtMachineState *s, DeviceState *dev, unsigned n, Error **errp);
void virt_map_pcie(VirtMachineState *s);

/* hw/riscv/virt-fdt.c: the tree as guests get it, without what depends on loaded images. NULL if
 * -dtb names a file that cannot be used. */
FDTBuilder *virt_create_fdt(VirtMachineState *s, Error **errp);

/* hw/riscv/boot.c: firmware, kernel, initrd, device tree and reset vector, into memory. */
bool virt_boot_setup(VirtMachineState *s, FDTBuilder *fdt, Error **errp);

/* -bios builtin, and what cannot go together with it. */
bool virt_check_builtin(VirtMachineState *s, Error **errp);

/* hw/riscv/virt-fw-cfg.c: the items of fw_cfg, when every device exists. */
bool virt_fw_cfg_setup(VirtMachineState *s, Error **errp);

/* hw/riscv/virt-acpi.c: the tables, unless acpi=off. */
bool virt_acpi_setup(VirtMachineState *s, Error **errp);

#endif
