/*
 * Breakpoints under KVM: ebreak instructions in guest memory; the accelerator has told the kernel to hand
 * the traps to us. RISC-V's KVM knows neither breakpoints in hardware nor watchpoints.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/kvm/kvm-impl.h"

#include <inttypes.h>
#include <string.h>

#include "softmmu/memory.h"
#include "target/riscv/translate.h"
#include "util/byteorder.h"

#define EBREAK 0x00100073u
#define C_EBREAK 0x9002u

typedef struct KVMPatch {
    vaddr va;
    hwaddr pa;
    uint8_t len;
    uint8_t old[4], new[4];
} KVMPatch;

static RISCVKVM *first_vcpu(void)
{
    return ((RISCVCPU *)cpu_list()->cpus[0])->kvm;
}

static bool insert_patch(CPUState *cpu, GArray *patches, vaddr va, Error **errp)
{
    AddressSpace *as = cpu_list()->cpus[0]->as;
    KVMPatch patch = { .va = va };

    if (!CPU_GET_CLASS(cpu)->translate_debug(cpu, va, &patch.pa, NULL) ||
        !address_space_read_ram(as, patch.pa, patch.old, 2)) {
        error_setg(errp, "no breakpoint at %#" PRIx64 ": no memory is mapped there now", va);
        return false;
    }
    patch.len = (uint8_t)riscv_insn_len((uint16_t)(patch.old[0] | patch.old[1] << 8));
    if (patch.len != 2)
        patch.len = 4;
    st32_le(patch.new, patch.len == 2 ? C_EBREAK : EBREAK);
    /* An instruction across two pages gets the short form in its first half. */
    if (patch.len == 4 && (va & 0xfff) == 0xffe) {
        patch.len = 2;
        st32_le(patch.new, C_EBREAK);
    }
    if (!address_space_read_ram(as, patch.pa, patch.old, patch.len) ||
        !address_space_write_rom(as, patch.pa, patch.new, patch.len)) {
        error_setg(errp, "no breakpoint at %#" PRIx64 ": the memory cannot be written", va);
        return false;
    }
    g_array_append_val(patches, patch);
    return true;
}

static void remove_patch(GArray *patches, vaddr va)
{
    AddressSpace *as = cpu_list()->cpus[0]->as;
    uint8_t now[4];

    for (unsigned i = 0; i < patches->len; i++) {
        const KVMPatch *p = &g_array_index(patches, KVMPatch, i);

        if (p->va != va)
            continue;
        /* The guest may have loaded something else there meanwhile. */
        if (address_space_read_ram(as, p->pa, now, p->len) && !memcmp(now, p->new, p->len))
            address_space_write_rom(as, p->pa, p->old, p->len);
        g_array_remove_index(patches, i);
        return;
    }
}

bool riscv_kvm_debug_point(CPUState *cpu, DebugKind kind, vaddr addr, bool insert, Error **errp)
{
    RISCVKVM *k = first_vcpu();

    if (kind != DEBUG_BREAK_SW) {
        error_setg(errp, "KVM on RISC-V has no %s: software breakpoints work",
                   kind == DEBUG_BREAK_HW ? "hardware breakpoints" : "watchpoints");
        return false;
    }
    if (!k->patches)
        k->patches = g_array_new(false, false, sizeof(KVMPatch));
    if (insert)
        return insert_patch(cpu, k->patches, addr, errp);
    remove_patch(k->patches, addr);
    return true;
}
