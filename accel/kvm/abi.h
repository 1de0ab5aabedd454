/*
 * The part of Linux's KVM interface, as it is on riscv64, that the project uses: numbers, and the
 * layout of what is passed. Our own definitions: the same on every host, so that all of the KVM code is
 * compiled and tested everywhere, and newer than the headers of any distribution.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_KVM_ABI_H
#define VIREO_ACCEL_KVM_ABI_H

#include <glib.h>
#include <stdint.h>

/* ---- ioctls. The number holds direction, size of the argument, 0xae, and which it is. ---- */

#define KVM_IO(nr) (0xae00ul | (nr))
#define KVM_IOW(nr, type) (1ul << 30 | (unsigned long)sizeof(type) << 16 | 0xae00ul | (nr))
#define KVM_IOR(nr, type) (2ul << 30 | (unsigned long)sizeof(type) << 16 | 0xae00ul | (nr))
#define KVM_IOWR(nr, type) (3ul << 30 | (unsigned long)sizeof(type) << 16 | 0xae00ul | (nr))

/* On /dev/kvm. */
#define KVM_GET_API_VERSION KVM_IO(0x00)
#define KVM_CREATE_VM KVM_IO(0x01)
#define KVM_CHECK_EXTENSION KVM_IO(0x03) /* on a VM too */
#define KVM_GET_VCPU_MMAP_SIZE KVM_IO(0x04)

/* On a VM. */
#define KVM_CREATE_VCPU KVM_IO(0x41)
#define KVM_GET_DIRTY_LOG KVM_IOW(0x42, struct kvm_dirty_log)
#define KVM_SET_USER_MEMORY_REGION KVM_IOW(0x46, struct kvm_userspace_memory_region)
#define KVM_IRQ_LINE KVM_IOW(0x61, struct kvm_irq_level)
#define KVM_REGISTER_COALESCED_MMIO KVM_IOW(0x67, struct kvm_coalesced_mmio_zone)
#define KVM_UNREGISTER_COALESCED_MMIO KVM_IOW(0x68, struct kvm_coalesced_mmio_zone)
#define KVM_SET_GSI_ROUTING KVM_IOW(0x6a, struct kvm_irq_routing)
#define KVM_IRQFD KVM_IOW(0x76, struct kvm_irqfd)
#define KVM_IOEVENTFD KVM_IOW(0x79, struct kvm_ioeventfd)
#define KVM_SIGNAL_MSI KVM_IOW(0xa5, struct kvm_msi)
#define KVM_ENABLE_CAP KVM_IOW(0xa3, struct kvm_enable_cap)
#define KVM_CLEAR_DIRTY_LOG KVM_IOWR(0xc0, struct kvm_clear_dirty_log)
#define KVM_CREATE_DEVICE KVM_IOWR(0xe0, struct kvm_create_device)

/* On a device of a VM. */
#define KVM_SET_DEVICE_ATTR KVM_IOW(0xe1, struct kvm_device_attr)
#define KVM_GET_DEVICE_ATTR KVM_IOW(0xe2, struct kvm_device_attr)
#define KVM_HAS_DEVICE_ATTR KVM_IOW(0xe3, struct kvm_device_attr)

/* On a vCPU. */
#define KVM_RUN KVM_IO(0x80)
#define KVM_INTERRUPT KVM_IOW(0x86, struct kvm_interrupt)
#define KVM_SET_SIGNAL_MASK KVM_IOW(0x8b, struct kvm_signal_mask)
#define KVM_GET_MP_STATE KVM_IOR(0x98, struct kvm_mp_state)
#define KVM_SET_MP_STATE KVM_IOW(0x99, struct kvm_mp_state)
#define KVM_SET_GUEST_DEBUG KVM_IOW(0x9b, struct kvm_guest_debug)
#define KVM_GET_ONE_REG KVM_IOW(0xab, struct kvm_one_reg)
#define KVM_SET_ONE_REG KVM_IOW(0xac, struct kvm_one_reg)
#define KVM_GET_REG_LIST KVM_IOWR(0xb0, struct kvm_reg_list)

#define KVM_API_VERSION 12

/* ---- What a kernel may be able to do ---- */

enum {
    KVM_CAP_IRQCHIP = 0, /* the host has AIA */
    KVM_CAP_USER_MEMORY = 3,
    KVM_CAP_NR_VCPUS = 9,   /* recommended */
    KVM_CAP_NR_MEMSLOTS = 10,
    KVM_CAP_MP_STATE = 14,
    KVM_CAP_COALESCED_MMIO = 15, /* page of the ring in the mapping of a vCPU */
    KVM_CAP_SYNC_MMU = 16,
    KVM_CAP_SET_GUEST_DEBUG = 23,
    KVM_CAP_IRQ_ROUTING = 25, /* most routes */
    KVM_CAP_IRQFD = 32,
    KVM_CAP_IOEVENTFD = 36,
    KVM_CAP_INTERNAL_ERROR_DATA = 40,
    KVM_CAP_MAX_VCPUS = 66,
    KVM_CAP_ONE_REG = 70,
    KVM_CAP_SIGNAL_MSI = 77,
    KVM_CAP_READONLY_MEM = 81,
    KVM_CAP_DEVICE_CTRL = 89,
    KVM_CAP_ENABLE_CAP_VM = 98,
    KVM_CAP_CHECK_EXTENSION_VM = 105,
    KVM_CAP_IOEVENTFD_ANY_LENGTH = 122,
    KVM_CAP_MAX_VCPU_ID = 128,
    KVM_CAP_IMMEDIATE_EXIT = 136,
    KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 = 168,
    KVM_CAP_VM_GPA_BITS = 207,
    KVM_CAP_SYSTEM_EVENT_DATA = 215,
    KVM_CAP_DIRTY_LOG_RING_ACQ_REL = 223,
    KVM_CAP_RISCV_MP_STATE_RESET = 242, /* enabled only: CHECK_EXTENSION does not know it */
};

struct kvm_enable_cap {
    uint32_t cap;
    uint32_t flags;
    uint64_t args[4];
    uint8_t pad[64];
};

/* ---- Memory ---- */

#define KVM_MEM_LOG_DIRTY_PAGES (1u << 0)
#define KVM_MEM_READONLY (1u << 1)

struct kvm_userspace_memory_region {
    uint32_t slot;
    uint32_t flags;
    uint64_t guest_phys_addr;
    uint64_t memory_size; /* 0: the slot goes */
    uint64_t userspace_addr;
};

/* A bit per page of the host. */
struct kvm_dirty_log {
    uint32_t slot;
    uint32_t padding;
    uint64_t dirty_bitmap; /* address */
};

struct kvm_clear_dirty_log {
    uint32_t slot;
    uint32_t num_pages;
    uint64_t first_page;
    uint64_t dirty_bitmap;
};

struct kvm_coalesced_mmio_zone {
    uint64_t addr;
    uint32_t size;
    uint32_t pio;
};

struct kvm_coalesced_mmio {
    uint64_t phys_addr;
    uint32_t len;
    uint32_t pio;
    uint8_t data[8];
};

struct kvm_coalesced_mmio_ring {
    uint32_t first, last;
    struct kvm_coalesced_mmio mmio[];
};

/* ---- Running a vCPU ---- */

enum {
    KVM_EXIT_UNKNOWN = 0,
    KVM_EXIT_DEBUG = 4,
    KVM_EXIT_MMIO = 6,
    KVM_EXIT_FAIL_ENTRY = 9,
    KVM_EXIT_INTR = 10,
    KVM_EXIT_INTERNAL_ERROR = 17,
    KVM_EXIT_SYSTEM_EVENT = 24,
    KVM_EXIT_DIRTY_RING_FULL = 31,
    KVM_EXIT_RISCV_SBI = 35,
    KVM_EXIT_RISCV_CSR = 36,
    KVM_EXIT_MEMORY_FAULT = 39,
};

enum {
    KVM_INTERNAL_ERROR_EMULATION = 1,
    KVM_INTERNAL_ERROR_SIMUL_EX = 2,
    KVM_INTERNAL_ERROR_DELIVERY_EV = 3,
    KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON = 4,
};

enum {
    KVM_SYSTEM_EVENT_SHUTDOWN = 1,
    KVM_SYSTEM_EVENT_RESET = 2,
    KVM_SYSTEM_EVENT_CRASH = 3,
    KVM_SYSTEM_EVENT_SUSPEND = 5,
};

/* fail_entry: no interrupt file of the host is free for the vCPU. */
#define KVM_EXIT_FAIL_ENTRY_NO_VSFILE (1ull << 0)

struct kvm_run {
    uint8_t request_interrupt_window;
    uint8_t immediate_exit; /* KVM_RUN comes back with EINTR, when it has completed what is pending */
    uint8_t padding1[6];
    uint32_t exit_reason;
    uint8_t ready_for_interrupt_injection;
    uint8_t if_flag;
    uint16_t flags;
    uint64_t cr8;
    uint64_t apic_base;
    union {
        struct {
            uint64_t hardware_exit_reason;
        } hw;
        struct {
            uint64_t hardware_entry_failure_reason;
            uint32_t cpu;
        } fail_entry;
        struct {
            uint64_t phys_addr;
            uint8_t data[8];
            uint32_t len;
            uint8_t is_write;
        } mmio;
        struct {
            uint32_t suberror;
            uint32_t ndata;
            uint64_t data[16];
        } internal;
        struct {
            uint32_t type;
            uint32_t ndata;
            uint64_t data[16];
        } system_event;
        struct {
            uint64_t extension_id;
            uint64_t function_id;
            uint64_t args[6];
            uint64_t ret[2];
        } riscv_sbi;
        struct {
            uint64_t csr_num;
            uint64_t new_value;
            uint64_t write_mask;
            uint64_t ret_value;
        } riscv_csr;
        struct {
            uint64_t flags;
            uint64_t gpa;
            uint64_t size;
        } memory_fault;
        uint8_t padding[256];
    };
    uint64_t kvm_valid_regs;
    uint64_t kvm_dirty_regs;
    uint8_t sync_regs[2048];
};
G_STATIC_ASSERT(sizeof(struct kvm_run) == 2352);

struct kvm_interrupt {
    uint32_t irq;
};
#define KVM_INTERRUPT_SET ((uint32_t)-1)
#define KVM_INTERRUPT_UNSET ((uint32_t)-2)

struct kvm_signal_mask {
    uint32_t len; /* of the kernel's sigset_t: 8 */
    uint8_t sigset[];
};

struct kvm_mp_state {
    uint32_t mp_state;
};
enum {
    KVM_MP_STATE_RUNNABLE = 0,
    KVM_MP_STATE_INIT_RECEIVED = 2, /* set: the kernel resets the vCPU */
    KVM_MP_STATE_STOPPED = 5,
    KVM_MP_STATE_SUSPENDED = 10,
};

struct kvm_guest_debug {
    uint32_t control;
    uint32_t pad;
};
#define KVM_GUESTDBG_ENABLE (1u << 0)

/* ---- Interrupts ---- */

struct kvm_irq_level {
    uint32_t irq; /* the APLIC's source */
    uint32_t level;
};

struct kvm_irq_routing_irqchip {
    uint32_t irqchip;
    uint32_t pin;
};

struct kvm_irq_routing_msi {
    uint32_t address_lo;
    uint32_t address_hi;
    uint32_t data;
    uint32_t devid;
};

#define KVM_IRQ_ROUTING_IRQCHIP 1
#define KVM_IRQ_ROUTING_MSI 2

struct kvm_irq_routing_entry {
    uint32_t gsi;
    uint32_t type;
    uint32_t flags;
    uint32_t pad;
    union {
        struct kvm_irq_routing_irqchip irqchip;
        struct kvm_irq_routing_msi msi;
        uint32_t pad[8];
    } u;
};

struct kvm_irq_routing {
    uint32_t nr;
    uint32_t flags;
    struct kvm_irq_routing_entry entries[];
};

#define KVM_IRQFD_FLAG_DEASSIGN (1u << 0)
#define KVM_IRQFD_FLAG_RESAMPLE (1u << 1)

struct kvm_irqfd {
    uint32_t fd;
    uint32_t gsi;
    uint32_t flags;
    uint32_t resamplefd;
    uint8_t pad[16];
};

#define KVM_IOEVENTFD_FLAG_DATAMATCH (1u << 0)
#define KVM_IOEVENTFD_FLAG_DEASSIGN (1u << 2)

struct kvm_ioeventfd {
    uint64_t datamatch;
    uint64_t addr;
    uint32_t len; /* 0: any */
    int32_t fd;
    uint32_t flags;
    uint8_t pad[36];
};
G_STATIC_ASSERT(sizeof(struct kvm_ioeventfd) == 64);

struct kvm_msi {
    uint32_t address_lo;
    uint32_t address_hi;
    uint32_t data;
    uint32_t flags;
    uint32_t devid;
    uint8_t pad[12];
};

/* ---- Devices ---- */

#define KVM_DEV_TYPE_RISCV_AIA 11
#define KVM_CREATE_DEVICE_TEST 1

struct kvm_create_device {
    uint32_t type;
    uint32_t fd; /* out */
    uint32_t flags;
};

struct kvm_device_attr {
    uint32_t flags;
    uint32_t group;
    uint64_t attr;
    uint64_t addr; /* of the value */
};

/* Groups of the AIA device, and their attributes. */
enum {
    KVM_AIA_GRP_CONFIG = 0, /* u32 */
    KVM_AIA_GRP_ADDR = 1,   /* u64 */
    KVM_AIA_GRP_CTRL = 2,
    KVM_AIA_GRP_APLIC = 3,  /* u32; attr: offset of the register */
    KVM_AIA_GRP_IMSIC = 4,  /* u64; attr: KVM_AIA_IMSIC_ATTR() */
};
enum {
    KVM_AIA_CONFIG_MODE = 0,
    KVM_AIA_CONFIG_IDS = 1,
    KVM_AIA_CONFIG_SRCS = 2,
    KVM_AIA_CONFIG_GROUP_BITS = 3,
    KVM_AIA_CONFIG_GROUP_SHIFT = 4,
    KVM_AIA_CONFIG_HART_BITS = 5,
    KVM_AIA_CONFIG_GUEST_BITS = 6,
};
enum {
    KVM_AIA_MODE_EMUL = 0,
    KVM_AIA_MODE_HWACCEL = 1,
    KVM_AIA_MODE_AUTO = 2,
};
#define KVM_AIA_ADDR_APLIC 0
#define KVM_AIA_ADDR_IMSIC(vcpu_index) (1 + (uint64_t)(vcpu_index))
#define KVM_AIA_CTRL_INIT 0
#define KVM_AIA_IMSIC_ATTR(vcpu_id, iselect) ((uint64_t)(vcpu_id) << 12 | (iselect))
#define KVM_AIA_IDS_MIN 63
#define KVM_AIA_IDS_MAX 2048
#define KVM_AIA_SRCS_MAX 1024
#define KVM_AIA_APLIC_SIZE 0x4000

/* ---- Registers ---- */

struct kvm_one_reg {
    uint64_t id;
    uint64_t addr; /* of the value */
};

struct kvm_reg_list {
    uint64_t n; /* in: room; out: how many there are */
    uint64_t reg[];
};

/*
 * A register's number: architecture, size (as a power of two, of bytes), then what RISC-V makes of it:
 * type, subtype, index.
 */
#define KVM_REG_RISCV 0x8000000000000000ull
#define KVM_REG_SIZE_SHIFT 52
#define KVM_REG_SIZE_MASK 0x00f0000000000000ull
#define KVM_REG_SIZE_U32 0x0020000000000000ull
#define KVM_REG_SIZE_U64 0x0030000000000000ull
#define KVM_REG_BYTES(id) (1u << (((id) & KVM_REG_SIZE_MASK) >> KVM_REG_SIZE_SHIFT))
#define KVM_REG_TYPE_SHIFT 24
#define KVM_REG_SUBTYPE_SHIFT 16
#define KVM_REG_TYPE(id) ((unsigned)((id) >> KVM_REG_TYPE_SHIFT) & 0xff)
#define KVM_REG_SUBTYPE(id) ((unsigned)((id) >> KVM_REG_SUBTYPE_SHIFT) & 0xff)
#define KVM_REG_INDEX(id) ((unsigned)(id) & 0xffff)
/* Of 64 bits, which most are. */
#define KVM_REG64(type, subtype, index)                                                     \
    (KVM_REG_RISCV | KVM_REG_SIZE_U64 | (uint64_t)(type) << KVM_REG_TYPE_SHIFT |            \
     (uint64_t)(subtype) << KVM_REG_SUBTYPE_SHIFT | (uint64_t)(index))
#define KVM_REG32(type, subtype, index)                                                     \
    (KVM_REG_RISCV | KVM_REG_SIZE_U32 | (uint64_t)(type) << KVM_REG_TYPE_SHIFT |            \
     (uint64_t)(subtype) << KVM_REG_SUBTYPE_SHIFT | (uint64_t)(index))

enum {
    KVM_REG_TYPE_CONFIG = 1,
    KVM_REG_TYPE_CORE = 2,
    KVM_REG_TYPE_CSR = 3,
    KVM_REG_TYPE_TIMER = 4,
    KVM_REG_TYPE_FP_F = 5,
    KVM_REG_TYPE_FP_D = 6,
    KVM_REG_TYPE_ISA_EXT = 7,
    KVM_REG_TYPE_SBI_EXT = 8,
    KVM_REG_TYPE_VECTOR = 9,
    KVM_REG_TYPE_SBI_STATE = 10,
};

enum {
    KVM_REG_CONFIG_ISA = 0,
    KVM_REG_CONFIG_ZICBOM_BLOCK = 1,
    KVM_REG_CONFIG_MVENDORID = 2,
    KVM_REG_CONFIG_MARCHID = 3,
    KVM_REG_CONFIG_MIMPID = 4,
    KVM_REG_CONFIG_ZICBOZ_BLOCK = 5,
    KVM_REG_CONFIG_SATP_MODE = 6,
    KVM_REG_CONFIG_ZICBOP_BLOCK = 7,
};

/* Core: 0 is pc, 1 to 31 are x1 to x31. */
#define KVM_REG_CORE_PC 0
#define KVM_REG_CORE_MODE 32
#define KVM_MODE_S 1
#define KVM_MODE_U 0

enum { KVM_REG_CSR_GENERAL = 0, KVM_REG_CSR_AIA = 1, KVM_REG_CSR_SMSTATEEN = 2 };

enum {
    KVM_REG_TIMER_FREQUENCY = 0,
    KVM_REG_TIMER_TIME = 1,
    KVM_REG_TIMER_COMPARE = 2,
    KVM_REG_TIMER_STATE = 3,
};

/* Vectors: v0 to v31 from 6 on, each as large as the host's. */
enum {
    KVM_REG_VECTOR_VSTART = 0,
    KVM_REG_VECTOR_VL = 1,
    KVM_REG_VECTOR_VTYPE = 2,
    KVM_REG_VECTOR_VCSR = 3,
    KVM_REG_VECTOR_VLENB = 4,
    KVM_REG_VECTOR_V0 = 6,
};

/* ISA and SBI extensions: one by one, or as masks of what to switch on and off. */
enum { KVM_REG_EXT_SINGLE = 0, KVM_REG_EXT_MULTI_EN = 1, KVM_REG_EXT_MULTI_DIS = 2 };

/* KVM's numbers of what it answers of the SBI. Those from SUSP on came after Linux 6.12. */
enum {
    KVM_SBI_V01 = 0,
    KVM_SBI_TIME = 1,
    KVM_SBI_IPI = 2,
    KVM_SBI_RFENCE = 3,
    KVM_SBI_SRST = 4,
    KVM_SBI_HSM = 5,
    KVM_SBI_PMU = 6,
    KVM_SBI_EXPERIMENTAL = 7,
    KVM_SBI_VENDOR = 8,
    KVM_SBI_DBCN = 9,
    KVM_SBI_STA = 10,
    KVM_SBI_SUSP = 11,
    KVM_SBI_FWFT = 12,
    KVM_SBI_MPXY = 13,
};

enum { KVM_REG_SBI_STA = 0, KVM_REG_SBI_FWFT = 1 };

#endif
