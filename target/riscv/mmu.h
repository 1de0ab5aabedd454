/*
 * Address translation and physical memory protection, inside the CPU model.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_MMU_H
#define VIREO_TARGET_RISCV_MMU_H

#include "target/riscv/cpu.h"

/* TCGCPUOps. */
bool riscv_tlb_fill(CPURISCVState *env, vaddr va, MMUAccess access, unsigned size, TLBFill *out);
void riscv_tlb_keys(CPURISCVState *env, TLBKey *data, TLBKey *fetch);
void riscv_bus_error(CPURISCVState *env, vaddr va, hwaddr pa, MMUAccess access);
/* CPUClass. */
bool riscv_translate_debug(CPUState *cpu, vaddr va, hwaddr *pa, GString *why);
/* The same for loads from a mode that it is not in, perhaps. */
bool riscv_translate_as(CPUState *cpu, RISCVPriv priv, bool virt, vaddr va, hwaddr *pa);
void riscv_dump_mappings(CPUState *cpu, GString *out);
bool riscv_explain_access(CPUState *cpu, vaddr va, CPUAccessKind kind, char mode, GString *out);

/* tcg_tlb_switch() and tcg_tlb_flush_all(), doing nothing while no translator runs the hart. */
void riscv_tlb_switch(CPURISCVState *env);
void riscv_tlb_flush(CPURISCVState *env);

/* Privilege that explicit loads and stores have now: MPP with MPRV. */
RISCVPriv riscv_data_priv(const CPURISCVState *env);
/* And whether they are translated as a guest's: V, MPV with MPRV, or during hlv and hsv. */
bool riscv_data_virt(const CPURISCVState *env);

/* Upper bits that pointer masking ignores in addresses of loads and stores from that mode; and the address
 * that one goes to. */
unsigned riscv_masked_bits(const CPURISCVState *env, RISCVPriv priv, bool virt);
vaddr riscv_masked_address(const CPURISCVState *env, RISCVPriv priv, bool virt, vaddr va);
/* Debug triggers before a cbo.clean, cbo.flush or cbo.inval of the block at va; raises. */
void riscv_cbo_trigger(CPURISCVState *env, vaddr va);
/* The same from the present mode. TCGCPUOps. */
vaddr riscv_data_address(CPURISCVState *env, vaddr va);

/* CPURISCVState.hlv: for the instruction being run loads and stores are a guest's, or a shadow stack's. */
enum {
    HLV_OFF = 0,
    HLV_ON = 1,
    HLV_EXECUTABLE = 2 | HLV_ON, /* hlvx: loads need X instead of R */
    ACCESS_SHADOW = 4,
};

/* TLBKey.asid of a guest: ASID, VMID above it, and a bit that no host's ASID has. */
enum { ASID_VMID_SHIFT = 16, ASID_VIRT = 1 << 30 };
/* With the present VMID. */
uint32_t riscv_guest_asid(const CPURISCVState *env, uint32_t asid);

/* The instruction being run as mtinst and htinst show one that touched guest memory: its address operand
 * replaced by the distance of va from it. 0 if there is no such form. */
uint32_t riscv_transformed_insn(CPURISCVState *env, vaddr va);

/*
 * Whether PMP allows an access of size bytes at pa with that privilege. *prot receives what is
 * allowed there (PAGE_*), and *page_bits (NULL: not asked) is set below 12 if the answer does not
 * hold for all of the 4 KiB page around pa.
 */
bool riscv_pmp_check(CPURISCVState *env, hwaddr pa, uint64_t size, RISCVPriv priv, unsigned need,
                     unsigned *prot, unsigned *page_bits);
/* log2 of the aligned piece around pa that is known to get the same answer as pa did; 0: no more than
 * was asked. */
unsigned riscv_pmp_same_bits(const CPURISCVState *env, hwaddr pa, RISCVPriv priv);
/* Writes down each entry that is on, which of them decides and what comes of it. */
void riscv_pmp_explain(CPURISCVState *env, hwaddr pa, uint64_t size, RISCVPriv priv, unsigned need,
                       GString *out);
/* Decodes pmpcfg and pmpaddr again. */
void riscv_pmp_update(CPURISCVState *env);

#endif
