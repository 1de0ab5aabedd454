/*
 * The machine: what a board type is and what the command line decides about it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_CORE_MACHINE_H
#define VIREO_HW_CORE_MACHINE_H

#include "hw/core/clock.h"
#include "hw/core/device.h"
#include "hw/core/numa.h"

#define TYPE_MACHINE "machine"
#define MACHINE_TYPE_SUFFIX "-machine"
OBJECT_DECLARE(MachineState, MachineClass, MACHINE, TYPE_MACHINE)

/* -smp, after defaults and checks. */
typedef struct CPUTopology {
    unsigned cpus;     /* present at power-on */
    unsigned max_cpus;
    unsigned sockets, clusters, cores, threads;
} CPUTopology;

/* smp.* and memory.* of -M as written: the same as -smp and -m. */
typedef struct MachineTexts {
    char *smp[6], *memory[3];
} MachineTexts;

/* -boot: what the firmware is told. */
typedef struct BootConfig {
    char *order, *once;     /* letters of devices; for firmware of other boards */
    int menu;               /* OnOffAuto */
    char *splash;           /* picture file */
    int64_t splash_time;    /* ms that the menu waits; -1: not given */
    int64_t reboot_timeout; /* ms until a reset if nothing can be booted; -1: none */
    bool strict;            /* only devices with a bootindex */
} BootConfig;

/*
 * The console of a firmware that is not a guest's program: the first UART, whose bytes it may take
 * and to which it adds. Any thread; neither blocks. read returns what was there, write what fitted.
 */
typedef struct FirmwareConsole {
    size_t (*write)(void *opaque, const uint8_t *buf, size_t len);
    size_t (*read)(void *opaque, uint8_t *buf, size_t len);
    void *opaque;
} FirmwareConsole;

struct MachineState {
    Object parent_obj;

    /* Properties of -M, and options that QEMU made properties of the machine. */
    char *kernel, *initrd, *append, *dtb, *dumpdtb, *firmware; /* NULL: not given */
    char *memory_backend, *mem_path; /* NULL: not given */
    bool mem_prealloc, mem_merge, dump_guest_core;
    uint32_t phandle_start;
    MachineTexts texts;
    bool usb, ignored; /* what is accepted without effect */
    char *unsupported;
    uint64_t ram_size;  /* bytes, -m */
    bool ram_size_given;
    char *cpu_spec;     /* -cpu as written, NULL: the class's default */
    CPUTopology smp;
    NumaState numa;
    BootConfig boot;
    /* The guest starts in S-mode at its kernel: KVM, or -bios builtin. Set before the board's init by the
     * accelerator, or by the board. The board then shows nothing that belongs to M-mode. */
    bool smode;
    FirmwareConsole console; /* the board's; write is NULL: none */
    bool graphics;      /* off with -nographic */
    uint8_t uuid[16];   /* as written, first digits first; zeros: not given */
    void *accel;        /* AccelState, set before init */
    const struct HostAIA *host_aia; /* hw/core/host-aia.h; NULL: the accelerator has none */

    MemoryRegion system_memory; /* the root */
    AddressSpace as;
    MemoryRegion ram;
    struct ImageLoader *loader; /* the board's, for what -device puts into memory; NULL: none */
    void *fdt;          /* the finished tree, g_malloc; NULL before init */
    int fdt_size;
    GPtrArray *serial;  /* Object * of chardevs for the board's UARTs, in order; may hold NULL */
};

struct MachineClass {
    ObjectClass parent_class;
    const char *name;          /* for -M, without the suffix */
    const char *desc;
    unsigned max_cpus;
    uint64_t default_ram_size; /* bytes */
    uint64_t max_ram_size;
    const char *default_cpu;   /* type name's short form: "rv64" */
    const char *cpu_type;      /* base type that -cpu must name a child of */
    const char *default_nic;   /* for -nic without model= */
    unsigned nr_serial;        /* UARTs; more -serial are an error */
    const char *block_if_virtio; /* device type for -drive if=virtio */

    /* Builds everything; devices of -device follow, then machine_done. */
    bool (*init)(MachineState *ms, Error **errp);
    /* All devices exist: load images, write the device tree. */
    bool (*done)(MachineState *ms, Error **errp);
    /* Puts the whole machine into its power-on state. Main thread, vCPUs paused. */
    void (*reset)(MachineState *ms);
};

/* When the objects of -object are there: sizes from memory backends, checked against -m. */
bool machine_find_ram(MachineState *ms, Error **errp);
/* Fills ms->ram, named like QEMU names it. For the board's init. */
bool machine_init_ram(MachineState *ms, const char *name, Error **errp);

/* The machine of the process, or NULL before it is made: the object "/machine". */
MachineState *current_machine(void);

/* Why a guest's run ended; system/ decides what follows (-no-reboot, -action). Any thread. */
typedef enum ShutdownCause {
    SHUTDOWN_GUEST_SHUTDOWN,
    SHUTDOWN_GUEST_RESET,
    SHUTDOWN_GUEST_PANIC,
    SHUTDOWN_HOST_QMP,   /* monitor */
    SHUTDOWN_HOST_SIGNAL,
    SHUTDOWN_HOST_UI,
    SHUTDOWN_HOST_ERROR, /* we are wrong: see -accel tcg,verify=on */
} ShutdownCause;

/* Layer 8 installs these before the machine runs; devices call the wrappers. */
typedef struct MachineRunOps {
    void (*request_shutdown)(ShutdownCause cause, int exit_code);
    void (*request_reset)(ShutdownCause cause);
    void (*request_io_stop)(void);
    void (*request_suspend)(void);
    void (*request_wakeup)(void);
} MachineRunOps;
void machine_set_run_ops(const MachineRunOps *ops);
void machine_request_shutdown(ShutdownCause cause, int exit_code);
void machine_request_reset(ShutdownCause cause);
/* A back end failed in a way that the user is to mend: the machine stops as soon as may be. */
void machine_request_io_stop(void);
/* The machine sleeps (suspend to RAM): vCPUs and virtual time stand until something wakes it. The vCPU that
 * asks leaves exec() and does not run on before. */
void machine_request_suspend(void);
/* An event that ends the sleep, if the machine sleeps or is about to. Any thread. */
void machine_request_wakeup(void);

#endif
