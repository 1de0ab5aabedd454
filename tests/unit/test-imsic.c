/*
 * The IMSIC as its hart and its senders see it, and the CSRs that lead to it: top, claim, threshold,
 * guest files, indirect access, priorities of major interrupts, virtual interrupts, state.
 *
 * SPDX-License-Identifier: MIT
 */
#include "riscv-fixture.h"

#include "hw/intc/riscv_imsic.h"

enum { EIDELIVERY = 0x70, EITHRESHOLD = 0x72, EIP = 0x80, EIE = 0xC0 };
enum { MISELECT = 0x350, MIREG = 0x351, MTOPEI = 0x35C, MTOPI = 0xFB0, MVIEN = 0x308, MVIP = 0x309 };
enum { SISELECT = 0x150, SIREG = 0x151, STOPEI = 0x15C, STOPI = 0xDB0, SIE = 0x104, SIP = 0x144 };
enum { MIE = 0x304, MIP = 0x344, MIDELEG = 0x303, MSTATEEN0 = 0x30C };

static DeviceState *imsic_new(unsigned pages, bool mmode)
{
    g_autofree char *n = g_strdup_printf("%u", pages);
    DeviceState *dev = DEVICE(object_new(TYPE_RISCV_IMSIC, NULL));

    object_property_set_known(dev, "num-pages", n);
    object_property_set_known(dev, "mmode", mmode ? "on" : "off");
    g_assert_true(device_realize(dev, NULL));
    device_reset(dev);
    return dev;
}

static void imsic_free(DeviceState *dev)
{
    device_unrealize(dev);
    object_unref(dev);
}

static void test_file(void)
{
    DeviceState *dev = imsic_new(3, false);
    const IMSICLink *l = riscv_imsic_link(dev);

    g_assert_cmpuint(l->nr_files, ==, 3);
    g_assert_true(riscv_imsic_msi(dev, 0, 200));
    g_assert_true(riscv_imsic_msi(dev, 0, 3));
    g_assert_true(riscv_imsic_msi(dev, 0, 255));
    g_assert_false(riscv_imsic_msi(dev, 0, 0));
    g_assert_false(riscv_imsic_msi(dev, 0, 256));
    g_assert_false(riscv_imsic_msi(dev, 3, 1));
    g_assert_cmphex(l->access(l->opaque, 0, EIP, 0, 0), ==, 8);
    g_assert_cmpuint(l->top(l->opaque, 0), ==, 0);
    l->access(l->opaque, 0, EIE, ~0ULL, ~0ULL);
    g_assert_cmphex(l->access(l->opaque, 0, EIE, 0, 0), ==, ~1ULL); /* no identity 0 */
    l->access(l->opaque, 0, EIE + 6, 1ULL << 63, ~0ULL);
    l->access(l->opaque, 0, EIE + 8, ~0ULL, ~0ULL);
    g_assert_cmphex(l->access(l->opaque, 0, EIE + 8, 0, 0), ==, 0); /* 255 are all */
    g_assert_cmpuint(l->top(l->opaque, 0), ==, 3);
    g_assert_false(dev->irq_out[0].level);
    l->access(l->opaque, 0, EIDELIVERY, 0x40000000, ~0ULL); /* not supported */
    g_assert_cmphex(l->access(l->opaque, 0, EIDELIVERY, 1, ~0ULL), ==, 0);
    g_assert_true(dev->irq_out[0].level);
    g_assert_false(dev->irq_out[1].level);
    /* The threshold is the first that does not count. */
    l->access(l->opaque, 0, EITHRESHOLD, 3, ~0ULL);
    g_assert_cmpuint(l->top(l->opaque, 0), ==, 0);
    g_assert_false(dev->irq_out[0].level);
    l->access(l->opaque, 0, EITHRESHOLD, 4, ~0ULL);
    g_assert_true(dev->irq_out[0].level);
    l->access(l->opaque, 0, EITHRESHOLD, 0, ~0ULL);
    l->claim(l->opaque, 0, 3);
    g_assert_cmpuint(l->top(l->opaque, 0), ==, 255); /* 200 is not enabled */
    l->access(l->opaque, 0, EIP + 6, 0, 1ULL << 63); /* a bit alone */
    g_assert_false(dev->irq_out[0].level);
    g_assert_cmphex(l->access(l->opaque, 0, EIP + 6, 0, 0), ==, 1ULL << 8);
    /* A guest's file is its own. */
    l->access(l->opaque, 2, EIDELIVERY, 1, 1);
    l->access(l->opaque, 2, EIE, 2, 2);
    riscv_imsic_msi(dev, 2, 1);
    g_assert_true(dev->irq_out[2].level);
    g_assert_false(dev->irq_out[0].level);
    g_assert_cmphex(l->access(l->opaque, 0, 0x71, ~0ULL, ~0ULL), ==, 0);
    imsic_free(dev);
}

static void test_pages(void)
{
    DeviceState *dev = imsic_new(2, false);
    const IMSICLink *l = riscv_imsic_link(dev);
    MemoryRegion root;
    AddressSpace as;
    uint64_t v;

    memory_region_init(&root, NULL, "root", UINT64_MAX);
    device_map(dev, 0, &root, 0x1000);
    address_space_init(&as, &root, "test");
    g_assert_cmpint(address_space_st(&as, 0x1000, 5, 4), ==, MEMTX_OK);
    g_assert_cmpint(address_space_st(&as, 0x2000, 6, 4), ==, MEMTX_OK);
    g_assert_cmpint(address_space_st(&as, 0x1004, 7, 4), ==, MEMTX_OK); /* big-endian port */
    g_assert_cmpint(address_space_st(&as, 0x1008, 7, 4), ==, MEMTX_OK);
    g_assert_cmpint(address_space_st(&as, 0x1000, 0x01000000, 4), ==, MEMTX_OK);
    g_assert_cmpint(address_space_st(&as, 0x1000, 9, 8), !=, MEMTX_OK);
    g_assert_cmpint(address_space_st(&as, 0x1000, 9, 2), !=, MEMTX_OK);
    g_assert_cmphex(l->access(l->opaque, 0, EIP, 0, 0), ==, 1 << 5);
    g_assert_cmphex(l->access(l->opaque, 1, EIP, 0, 0), ==, 1 << 6);
    g_assert_cmpint(address_space_ld(&as, 0x1000, &v, 4), ==, MEMTX_OK);
    g_assert_cmphex(v, ==, 0);
    address_space_destroy(&as);
    imsic_free(dev);
    memory_region_destroy(&root);
}

/* ---- The hart ---- */

typedef struct Rig {
    Hart h;
    DeviceState *m, *s;
} Rig;

static void rig_init(Rig *r, const char *spec)
{
    hart_init(&r->h, spec);
    r->m = imsic_new(1, true);
    r->s = imsic_new(4, false);
    r->h.cpu->imsic_m = riscv_imsic_link(r->m);
    r->h.cpu->imsic_s = riscv_imsic_link(r->s);
    device_connect_irq(r->m, 0, DEVICE(r->h.cpu), IRQ_M_EXT);
    device_connect_irq(r->s, 0, DEVICE(r->h.cpu), IRQ_S_EXT);
    for (unsigned n = 1; n < 4; n++)
        device_connect_irq(r->s, n, DEVICE(r->h.cpu), IRQ_GUEST0 + (int)n);
    r->h.cpu->geilen = 3;
}

static void rig_done(Rig *r)
{
    r->h.cpu->imsic_m = r->h.cpu->imsic_s = NULL;
    imsic_free(r->m);
    imsic_free(r->s);
    hart_done(&r->h);
}

static bool legal(Rig *r, unsigned csr, CSRKind kind, uint64_t v, uint64_t *old)
{
    if (sigsetjmp(r->h.unwind, 0))
        return false;
    *old = riscv_csr_insn(r->h.env, &r->h.op, csr, kind, v, true, kind == CSR_WRITE || v).old;
    return true;
}

static uint64_t get(Rig *r, unsigned csr)
{
    uint64_t v = 0;
    g_assert_true(legal(r, csr, CSR_SET, 0, &v));
    return v;
}

static uint64_t put(Rig *r, unsigned csr, uint64_t v)
{
    uint64_t old = 0;
    g_assert_true(legal(r, csr, CSR_WRITE, v, &old));
    return old;
}

static bool refused(Rig *r, unsigned csr)
{
    uint64_t v;
    return !legal(r, csr, CSR_SET, 0, &v) && r->h.env->exc_cause == EXC_ILLEGAL_INST;
}

static void put_ind(Rig *r, unsigned select, unsigned reg, uint64_t v)
{
    put(r, select, reg);
    put(r, select + 1, v);
}

static void test_topei(void)
{
    Rig r;

    rig_init(&r, "max");
    put_ind(&r, MISELECT, EIE, ~0ULL);
    put_ind(&r, MISELECT, EIDELIVERY, 1);
    riscv_imsic_msi(r.m, 0, 40);
    g_assert_cmphex(get(&r, MIP), ==, MIP_MEIP);
    g_assert_cmphex(get(&r, MTOPEI), ==, 40 << 16 | 40);
    g_assert_cmphex(get(&r, MTOPEI), ==, 40 << 16 | 40); /* a read claims nothing */
    riscv_imsic_msi(r.m, 0, 2);
    g_assert_cmphex(put(&r, MTOPEI, 0), ==, 2 << 16 | 2);
    /* Without a read it is the top of now, not that of an earlier read. */
    g_assert_cmphex(get(&r, MTOPEI), ==, 40 << 16 | 40);
    riscv_imsic_msi(r.m, 0, 1);
    riscv_csr_insn(r.h.env, &r.h.op, MTOPEI, CSR_WRITE, 0, false, true);
    g_assert_cmphex(put(&r, MTOPEI, 12345), ==, 40 << 16 | 40);
    g_assert_cmphex(get(&r, MIP), ==, 0);
    g_assert_cmphex(put(&r, MTOPEI, ~0ULL), ==, 0);
    rig_done(&r);
}

static void test_indirect(void)
{
    Rig r;

    rig_init(&r, "max");
    for (unsigned reg = 0; reg <= 0xFFF; reg++) {
        bool iprio = reg >= 0x30 && reg < 0x40 && !(reg & 1);
        bool file = (reg >= 0x70 && reg < 0x80) || (reg >= 0x80 && reg < 0x100 && !(reg & 1));
        bool ctr = reg >= 0x200 && reg < 0x300; /* control transfer records, which M has not */

        put(&r, MISELECT, reg);
        put(&r, SISELECT, reg);
        g_assert_cmpuint(get(&r, SISELECT), ==, reg);
        g_assert_cmpint(refused(&r, MIREG), ==, !iprio && !file);
        g_assert_cmpint(refused(&r, SIREG), ==, !iprio && !file && !ctr);
        for (unsigned csr = MIREG + 1; csr <= MIREG + 6; csr++)
            g_assert_true(refused(&r, csr));
    }
    r.h.cpu->imsic_m = NULL;
    put(&r, MISELECT, EIDELIVERY);
    g_assert_true(refused(&r, MIREG));
    g_assert_true(refused(&r, MTOPEI));
    r.h.cpu->imsic_m = riscv_imsic_link(r.m);
    /* S reaches what mstateen0 lets it. */
    r.h.env->priv = PRV_S;
    g_assert_true(refused(&r, SISELECT) && refused(&r, SIREG) && refused(&r, STOPEI) &&
                  refused(&r, STOPI));
    r.h.env->mstateen[0] = STATEEN_CSRIND;
    put(&r, SISELECT, 0x30);
    g_assert_true(refused(&r, SIREG) && refused(&r, STOPI));
    r.h.env->mstateen[0] |= STATEEN_AIA;
    g_assert_cmphex(get(&r, SIREG), ==, 0);
    g_assert_cmphex(get(&r, STOPI), ==, 0);
    put(&r, SISELECT, EIDELIVERY);
    g_assert_true(refused(&r, SIREG) && refused(&r, STOPEI));
    r.h.env->mstateen[0] |= STATEEN_IMSIC;
    g_assert_cmphex(get(&r, SIREG), ==, 0);
    g_assert_cmphex(get(&r, STOPEI), ==, 0);
    r.h.env->mvien = MIP_SEIP; /* the file is M's */
    g_assert_true(refused(&r, SIREG) && refused(&r, STOPEI));
    rig_done(&r);
}

static void test_priorities(void)
{
    CPURISCVState *env;
    Rig r;

    rig_init(&r, "max");
    env = r.h.env;
    put(&r, MIE, ~0ULL);
    riscv_mip_change(env, MIP_MSIP | MIP_MTIP | MIP_SSIP, 0);
    g_assert_cmphex(get(&r, MTOPI), ==, 3 << 16 | 255); /* below MEI: the lowest number there is */
    put_ind(&r, MISELECT, 0x30, ~0ULL);
    g_assert_cmphex(get(&r, MIREG), ==, 0xFF00FF00FF00FF00); /* 1, 3, 5, 7 */
    put_ind(&r, MISELECT, 0x32, ~0ULL);
    g_assert_cmphex(get(&r, MIREG), ==, 0x0000FF000000FF00); /* 9 and 13, not MEI */
    put_ind(&r, MISELECT, 0x32, 0);
    put_ind(&r, MISELECT, 0x30, 0x0A00000003000700); /* SSI 7, MSI 3, MTI 10 */
    g_assert_cmphex(get(&r, MTOPI), ==, 3 << 16 | 3);
    put_ind(&r, MISELECT, 0x30, 0x0A00000000000700);
    g_assert_cmphex(get(&r, MTOPI), ==, 1 << 16 | 7);
    g_assert_cmpint(riscv_pending_interrupt(env), ==, -1);
    env->mstatus |= MSTATUS_MIE;
    g_assert_cmpint(riscv_pending_interrupt(env), ==, IRQ_S_SOFT);
    /* The external interrupt has the number of its identity. */
    put_ind(&r, MISELECT, EIE, ~0ULL);
    put_ind(&r, MISELECT, EIDELIVERY, 1);
    riscv_imsic_msi(r.m, 0, 8);
    g_assert_cmphex(get(&r, MTOPI), ==, 1 << 16 | 7);
    riscv_imsic_msi(r.m, 0, 7);
    g_assert_cmphex(get(&r, MTOPI), ==, 11 << 16 | 7); /* equal: the default order */
    rig_done(&r);
}

static void test_virtual(void)
{
    RISCVIrqLevel level;
    CPURISCVState *env;
    Rig r;

    rig_init(&r, "max");
    env = r.h.env;
    put(&r, MVIEN, ~0ULL);
    g_assert_cmphex(get(&r, MVIEN), ==, MIP_SSIP | MIP_SEIP | ~0x1FFFULL);
    put(&r, MVIP, 1ULL << 40 | MIP_SSIP);
    g_assert_cmphex(get(&r, SIP), ==, 1ULL << 40 | MIP_SSIP);
    g_assert_cmphex(get(&r, MIP), ==, 0);
    g_assert_cmphex(get(&r, STOPI), ==, 0);
    put(&r, SIE, ~0ULL);
    g_assert_cmphex(get(&r, SIE), ==, MIP_SSIP | MIP_SEIP | ~0x1FFFULL);
    g_assert_cmphex(get(&r, MIE), ==, 0);
    g_assert_cmphex(get(&r, STOPI), ==, 40 << 16); /* above SEI in the default order */
    env->priv = PRV_U;
    g_assert_cmpint(riscv_next_interrupt(env, &level), ==, 40);
    g_assert_cmpint(level, ==, IRQ_LEVEL_S);
    g_assert_true(riscv_has_work(&r.h.cpu->parent_obj));
    env->priv = PRV_M;
    /* S clears what is its own, and SEIP is what M says. */
    put(&r, SIP, 0);
    g_assert_cmphex(get(&r, MVIP), ==, 0);
    put(&r, MVIP, MIP_SEIP);
    g_assert_cmphex(get(&r, SIP), ==, MIP_SEIP);
    g_assert_cmphex(get(&r, MIP), ==, 0);
    put(&r, MIP, 0); /* there SEIP is the line alone */
    g_assert_cmphex(get(&r, SIP), ==, MIP_SEIP);
    /* Without mvien, mvip's SSIP, STIP and SEIP are mip's. */
    put(&r, MVIEN, 0);
    put(&r, MVIP, MIP_SSIP | MIP_STIP | MIP_SEIP);
    g_assert_cmphex(get(&r, MIP), ==, MIP_SSIP | MIP_STIP | MIP_SEIP);
    g_assert_cmphex(get(&r, SIP), ==, 0);
    put(&r, MIP, 0);
    g_assert_cmphex(get(&r, MVIP), ==, 0);
    rig_done(&r);
}

enum { HSTATUS = 0x600, HIDELEG = 0x603, HIE = 0x604, HGEIE = 0x607, HVIEN = 0x608, HVICTL = 0x609 };
enum { HSTATEEN0 = 0x60C, HVIP = 0x645, HVIPRIO1 = 0x646, HVIPRIO2 = 0x647, HGEIP = 0xE12 };
enum { VSISELECT = 0x250, VSIREG = 0x251, VSTOPEI = 0x25C, VSTOPI = 0xEB0, STIMECMP = 0x14D };

static int refusal(Rig *r, unsigned csr)
{
    uint64_t v;
    return legal(r, csr, CSR_SET, 0, &v) ? -1 : (int)r->h.env->exc_cause;
}

/* A guest's file: for the hypervisor through vs*, for the guest in the place of its own. */
static void test_guest_file(void)
{
    CPURISCVState *env;
    Rig r;

    rig_init(&r, "max,h=on");
    env = r.h.env;
    put(&r, VSISELECT, EIDELIVERY);
    g_assert_true(refused(&r, VSIREG) && refused(&r, VSTOPEI)); /* VGEIN 0 */
    put(&r, HSTATUS, 2ULL << HSTATUS_VGEIN_SHIFT);
    put_ind(&r, VSISELECT, EIDELIVERY, 1);
    put_ind(&r, VSISELECT, EIE, ~0ULL);
    put(&r, VSISELECT, 0x30);
    g_assert_true(refused(&r, VSIREG)); /* no priorities there */
    riscv_imsic_msi(r.s, 2, 6);
    g_assert_cmphex(get(&r, HGEIP), ==, 4);
    g_assert_cmphex(get(&r, VSTOPEI), ==, 6 << 16 | 6);
    put(&r, HGEIE, ~0ULL);
    g_assert_cmphex(get(&r, HGEIE), ==, 0xE);
    g_assert_cmphex(get(&r, MIP) & MIP_H, ==, MIP_SGEIP | MIP_VSEIP);
    put(&r, HIDELEG, MIP_VS);
    put(&r, HIE, MIP_VSEIP);
    g_assert_cmphex(get(&r, VSTOPI), ==, 9 << 16 | 1);
    put(&r, HVICTL, 1 << 8); /* IPRIOM */
    g_assert_cmphex(get(&r, VSTOPI), ==, 9 << 16 | 6);
    /* As the guest has it. */
    put(&r, MSTATEEN0, ~0ULL);
    put(&r, HSTATEEN0, ~0ULL);
    env->priv = PRV_S;
    env->virt = true;
    g_assert_cmphex(get(&r, STOPI), ==, 9 << 16 | 6);
    g_assert_cmphex(put(&r, STOPEI, 0), ==, 6 << 16 | 6);
    g_assert_cmphex(get(&r, STOPI), ==, 0);
    put_ind(&r, SISELECT, EITHRESHOLD, 3);
    g_assert_cmphex(get(&r, SIREG), ==, 3);
    g_assert_cmphex(r.h.env->siselect, ==, 0);
    put(&r, SISELECT, 0x30);
    g_assert_cmpint(refusal(&r, SIREG), ==, EXC_VIRTUAL_INST);
    put(&r, SISELECT, EIE + 1);
    g_assert_cmpint(refusal(&r, SIREG), ==, EXC_VIRTUAL_INST);
    g_assert_cmpint(refusal(&r, HVICTL), ==, EXC_VIRTUAL_INST);
    put(&r, SISELECT, EIE);
    env->hstateen[0] &= ~STATEEN_IMSIC;
    g_assert_cmpint(refusal(&r, SIREG), ==, EXC_VIRTUAL_INST);
    g_assert_cmpint(refusal(&r, STOPEI), ==, EXC_VIRTUAL_INST);
    env->hstateen[0] &= ~(STATEEN_CSRIND | STATEEN_AIA);
    g_assert_cmpint(refusal(&r, SISELECT), ==, EXC_VIRTUAL_INST);
    g_assert_cmpint(refusal(&r, STOPI), ==, EXC_VIRTUAL_INST);
    env->mstateen[0] = 0;
    g_assert_cmpint(refusal(&r, SISELECT), ==, EXC_ILLEGAL_INST);
    rig_done(&r);
}

/* What the hypervisor makes up for a guest. */
static void test_guest_virtual(void)
{
    RISCVIrqLevel level;
    CPURISCVState *env;
    Rig r;

    rig_init(&r, "max,h=on");
    env = r.h.env;
    put(&r, HIDELEG, MIP_VS);
    put(&r, HIE, MIP_VS);
    put(&r, HVIEN, ~0ULL);
    g_assert_cmphex(get(&r, HVIEN), ==, ~0x1FFFULL);
    put(&r, HVIP, MIP_VSSIP | MIP_VSTIP | 1ULL << 35);
    g_assert_cmphex(get(&r, 0x244), ==, MIP_SSIP | MIP_STIP | 1ULL << 35);
    g_assert_cmphex(get(&r, MIP), ==, MIP_VSSIP | MIP_VSTIP);
    put(&r, 0x204, ~0ULL); /* vsie */
    g_assert_cmphex(get(&r, VSTOPI), ==, 1 << 16 | 1);
    put(&r, HVICTL, 1 << 8);
    put(&r, HVIPRIO2, ~0ULL);
    put(&r, HVIPRIO1, ~0ULL);
    g_assert_cmphex(get(&r, HVIPRIO1), ==, 0xFFFFFF00FF00FF00);
    put(&r, HVIPRIO1, 9ULL << 24 | 10ULL << 8); /* STI before SSI */
    g_assert_cmphex(get(&r, VSTOPI), ==, 5 << 16 | 9);
    put(&r, HVIP, MIP_VSSIP | MIP_VSTIP | MIP_VSEIP);
    put(&r, HVICTL, 1 << 8 | 9 << 16 | 8); /* SEI of an emulated controller */
    g_assert_cmphex(get(&r, VSTOPI), ==, 9 << 16 | 8);
    put(&r, HVICTL, 1 << 8 | 9 << 16 | 10);
    g_assert_cmphex(get(&r, VSTOPI), ==, 5 << 16 | 9);
    /* VTI: only what it says, and SEI. */
    put(&r, HVIP, 0);
    g_assert_cmphex(get(&r, VSTOPI), ==, 0);
    put(&r, HVICTL, HVICTL_VTI | 40ULL << 16 | 1 << 9);
    g_assert_cmphex(get(&r, VSTOPI), ==, 40 << 16 | 1);
    g_assert_true(riscv_has_work(&r.h.cpu->parent_obj));
    put(&r, HVICTL, HVICTL_VTI | 40ULL << 16 | 3 << 8);
    g_assert_cmphex(get(&r, VSTOPI), ==, 40 << 16 | 255);
    put(&r, HVICTL, HVICTL_VTI | 40ULL << 16 | 1 << 8);
    g_assert_cmphex(get(&r, VSTOPI), ==, 40 << 16);
    env->priv = PRV_U;
    env->virt = true;
    g_assert_cmpint(riscv_next_interrupt(env, &level), ==, 40);
    g_assert_cmpint(level, ==, IRQ_LEVEL_VS);
    env->priv = PRV_S;
    g_assert_cmpint(refusal(&r, SIP), ==, EXC_VIRTUAL_INST);
    g_assert_cmpint(refusal(&r, SIE), ==, EXC_VIRTUAL_INST);
    env->hvictl = HVICTL_VTI | 9ULL << 16;
    g_assert_cmpint(riscv_pending_interrupt(env), ==, -1);
    rig_done(&r);
}

static void test_state(void)
{
    DeviceState *a = imsic_new(2, false), *b = imsic_new(2, false);
    const IMSICLink *l = riscv_imsic_link(a);
    g_autoptr(GByteArray) saved = g_byte_array_new();
    Error *err = NULL;

    l->access(l->opaque, 1, EIE, 8, ~0ULL);
    l->access(l->opaque, 1, EIDELIVERY, 1, ~0ULL);
    riscv_imsic_msi(a, 1, 3);
    object_state_save(a, saved);
    g_assert_true(object_state_load(b, saved->data, saved->len, &err));
    g_assert_true(b->irq_out[1].level);
    g_assert_cmpuint(riscv_imsic_link(b)->top(b, 1), ==, 3);
    device_reset(b);
    g_assert_false(b->irq_out[1].level);
    g_assert_cmpuint(riscv_imsic_link(b)->top(b, 1), ==, 0);
    imsic_free(a);
    imsic_free(b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imsic/file", test_file);
    g_test_add_func("/imsic/pages", test_pages);
    g_test_add_func("/imsic/topei", test_topei);
    g_test_add_func("/imsic/indirect", test_indirect);
    g_test_add_func("/imsic/priorities", test_priorities);
    g_test_add_func("/imsic/virtual", test_virtual);
    g_test_add_func("/imsic/guest-file", test_guest_file);
    g_test_add_func("/imsic/guest-virtual", test_guest_virtual);
    g_test_add_func("/imsic/state", test_state);
    return g_test_run();
}
