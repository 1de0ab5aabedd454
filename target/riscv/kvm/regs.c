/*
 * The registers of a vCPU: what KVM lists, and how each kind of them stands in our own state. What is
 * listed and not known here is kept as it is.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/kvm/kvm-impl.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "target/riscv/bits.h"
#include "target/riscv/causes.h"
#include "target/riscv/csr.h"
#include "target/riscv/vector/vector.h"
#include "util/bits.h"

static uint64_t get64(const uint8_t *bytes, unsigned size)
{
    uint64_t v = 0;

    memcpy(&v, bytes, MIN(size, 8));
    return v;
}

static bool put64(uint8_t *bytes, unsigned size, uint64_t v)
{
    memcpy(bytes, &v, MIN(size, 8));
    return true;
}

/* ---- Core ---- */

static void load_core(RISCVCPU *cpu, unsigned index, const uint8_t *bytes, unsigned size)
{
    uint64_t v = get64(bytes, size);

    if (index == KVM_REG_CORE_PC)
        cpu->env.pc = v;
    else if (index == KVM_REG_CORE_MODE)
        cpu->env.priv = v == KVM_MODE_S ? PRV_S : PRV_U;
    else
        cpu->env.x[index] = v;
}

static bool store_core(RISCVCPU *cpu, unsigned index, uint8_t *bytes, unsigned size)
{
    const CPURISCVState *env = &cpu->env;

    return put64(bytes, size,
                 index == KVM_REG_CORE_PC     ? env->pc
                 : index == KVM_REG_CORE_MODE ? (env->priv == PRV_U ? KVM_MODE_U : KVM_MODE_S)
                                              : env->x[index]);
}

/* ---- CSRs. Those that are a field of their own have their offset here. ---- */

enum { CSR_SSTATUS, CSR_SIE, CSR_SIP = 7, CSR_GENERAL_NR = 11 };

static const struct {
    const char *name;
    uint16_t offset; /* in CPURISCVState; 0: see below */
} general[CSR_GENERAL_NR] = {
#define FIELD(name_) { #name_, offsetof(CPURISCVState, name_) }
    [CSR_SSTATUS] = { "sstatus", 0 }, [CSR_SIE] = { "sie", 0 }, FIELD(stvec), FIELD(sscratch),
    FIELD(sepc), FIELD(scause), FIELD(stval), [CSR_SIP] = { "sip", 0 }, FIELD(satp),
    FIELD(scounteren), FIELD(senvcfg),
#undef FIELD
};

/* Interrupts of S mode. The external one is a line of ours, which put_interrupts() tells the kernel of. */
#define SIE_BITS (MIP_SSIP | MIP_STIP | MIP_SEIP | MIP_LCOFIP)
#define SIP_SOFT (MIP_SSIP | MIP_STIP | MIP_LCOFIP)

static void load_csr(RISCVCPU *cpu, unsigned index, const uint8_t *bytes, unsigned size)
{
    CPURISCVState *env = &cpu->env;
    uint64_t v = get64(bytes, size);

    switch (index) {
    case CSR_SSTATUS:
        env->mstatus = (env->mstatus & ~SSTATUS_READ) | (v & SSTATUS_READ & ~MSTATUS_SD);
        break;
    case CSR_SIE:
        __atomic_store_n(&env->mie, v & SIE_BITS, __ATOMIC_RELAXED);
        break;
    case CSR_SIP:
        __atomic_fetch_and(&env->mip, ~(SIP_SOFT & ~v), __ATOMIC_ACQ_REL);
        __atomic_fetch_or(&env->mip, SIP_SOFT & v, __ATOMIC_ACQ_REL);
        break;
    default:
        *(uint64_t *)((char *)env + general[index].offset) = v;
    }
}

static bool store_csr(RISCVCPU *cpu, unsigned index, uint8_t *bytes, unsigned size)
{
    CPURISCVState *env = &cpu->env;
    uint64_t v;

    switch (index) {
    case CSR_SSTATUS:
        v = env->mstatus & SSTATUS_READ;
        if ((v & MSTATUS_FS) == MSTATUS_FS || (v & MSTATUS_VS) == MSTATUS_VS)
            v |= MSTATUS_SD;
        break;
    case CSR_SIE:
        v = env->mie & SIE_BITS;
        break;
    case CSR_SIP:
        /* The kernel keeps the line in this register as well; it goes on being told so. */
        v = __atomic_load_n(&env->mip, __ATOMIC_ACQUIRE) & SIP_SOFT;
        if (cpu->kvm->line_known && cpu->kvm->line)
            v |= MIP_SEIP;
        break;
    default:
        v = *(const uint64_t *)((const char *)env + general[index].offset);
    }
    return put64(bytes, size, v);
}

/* ---- Timer ---- */

static void load_timer(RISCVCPU *cpu, unsigned index, const uint8_t *bytes, unsigned size)
{
    uint64_t v = get64(bytes, size);

    if (index == KVM_REG_TIMER_TIME)
        cpu->kvm_saved.time = v;
    else if (index == KVM_REG_TIMER_COMPARE)
        cpu->env.stimecmp = v;
    else if (index == KVM_REG_TIMER_STATE)
        cpu->kvm_saved.timer_on = v != 0;
}

static bool store_timer(RISCVCPU *cpu, unsigned index, uint8_t *bytes, unsigned size)
{
    switch (index) {
    case KVM_REG_TIMER_TIME:
        /* One time for the whole VM: its first vCPU sets it. */
        return cpu->parent_obj.cpu_index == 0 && put64(bytes, size, cpu->kvm_saved.time);
    case KVM_REG_TIMER_COMPARE:
        return put64(bytes, size, cpu->env.stimecmp);
    case KVM_REG_TIMER_STATE:
        return put64(bytes, size, cpu->kvm_saved.timer_on);
    default: /* the frequency is the host's */
        return false;
    }
}

/* ---- Floating point; fcsr has 32 bits beside registers of 64. ---- */

static void load_fp(RISCVCPU *cpu, unsigned index, const uint8_t *bytes, unsigned size)
{
    uint64_t v = get64(bytes, size);

    if (index == 32) {
        cpu->env.fflags = v & 31;
        cpu->env.frm = (v >> 5) & 7;
    } else {
        cpu->env.f[index] = size == 4 ? v | 0xffffffff00000000ULL : v;
    }
}

static bool store_fp(RISCVCPU *cpu, unsigned index, uint8_t *bytes, unsigned size)
{
    const CPURISCVState *env = &cpu->env;

    return put64(bytes, size, index == 32 ? (uint64_t)env->frm << 5 | env->fflags : env->f[index]);
}

/* ---- Vectors ---- */

static void load_vector(RISCVCPU *cpu, unsigned index, const uint8_t *bytes, unsigned size)
{
    CPURISCVState *env = &cpu->env;
    uint64_t v = get64(bytes, size);

    switch (index) {
    case KVM_REG_VECTOR_VSTART:
        env->vstart = v;
        break;
    case KVM_REG_VECTOR_VL:
        env->vl = v;
        break;
    case KVM_REG_VECTOR_VTYPE:
        env->vtype = v;
        break;
    case KVM_REG_VECTOR_VCSR:
        env->vxsat = v & 1;
        env->vxrm = (v >> 1) & 3;
        break;
    default:
        if (index >= KVM_REG_VECTOR_V0 && size == cpu->vlen / 8u)
            memcpy((uint8_t *)env->vreg + (index - KVM_REG_VECTOR_V0) * size, bytes, size);
    }
}

static bool store_vector(RISCVCPU *cpu, unsigned index, uint8_t *bytes, unsigned size)
{
    const CPURISCVState *env = &cpu->env;

    switch (index) {
    case KVM_REG_VECTOR_VSTART:
        return put64(bytes, size, env->vstart);
    case KVM_REG_VECTOR_VL:
        return put64(bytes, size, env->vl);
    case KVM_REG_VECTOR_VTYPE:
        return put64(bytes, size, env->vtype);
    case KVM_REG_VECTOR_VCSR:
        return put64(bytes, size, env->vxrm << 1 | env->vxsat);
    default:
        /* vlenb is the host's. */
        if (index < KVM_REG_VECTOR_V0 || size != cpu->vlen / 8u)
            return false;
        memcpy(bytes, (const uint8_t *)env->vreg + (index - KVM_REG_VECTOR_V0) * size, size);
        return true;
    }
}

/* ---- The kinds, in the order of writing. Types that are not here come before the timer. ---- */

enum { ORDER_OTHER = 90, ORDER_TIMER = 100 };

static const KVMRegKind kinds[] = {
    { KVM_REG_TYPE_CONFIG, 0, KVM_REG_SETTING, 0, 0xffff, "config", NULL, NULL },
    { KVM_REG_TYPE_ISA_EXT, 0, KVM_REG_SETTING, 10, 0xffff, "isa extension", NULL, NULL },
    { KVM_REG_TYPE_SBI_EXT, 0, KVM_REG_SETTING, 20, 0xffff, "sbi extension", NULL, NULL },
    { KVM_REG_TYPE_CORE, 0, KVM_REG_STATE, 30, 33, "core", load_core, store_core },
    { KVM_REG_TYPE_CSR, KVM_REG_CSR_GENERAL, KVM_REG_STATE, 40, CSR_GENERAL_NR, "csr", load_csr,
      store_csr },
    { KVM_REG_TYPE_FP_F, 0, KVM_REG_STATE, 50, 33, "fp f", load_fp, store_fp },
    { KVM_REG_TYPE_FP_D, 0, KVM_REG_STATE, 50, 33, "fp d", load_fp, store_fp },
    { KVM_REG_TYPE_VECTOR, 0, KVM_REG_STATE, 60, KVM_REG_VECTOR_V0 + 32, "vector", load_vector,
      store_vector },
    { KVM_REG_TYPE_CSR, KVM_REG_CSR_AIA, KVM_REG_KEPT, 70, 0xffff, "aia csr", NULL, NULL },
    { KVM_REG_TYPE_CSR, KVM_REG_CSR_SMSTATEEN, KVM_REG_KEPT, 71, 0xffff, "smstateen csr", NULL,
      NULL },
    { KVM_REG_TYPE_SBI_STATE, KVM_REG_SBI_STA, KVM_REG_KEPT, 80, 0xffff, "sbi sta", NULL, NULL },
    { KVM_REG_TYPE_SBI_STATE, KVM_REG_SBI_FWFT, KVM_REG_KEPT, 81, 0xffff, "sbi fwft", NULL, NULL },
    { KVM_REG_TYPE_TIMER, 0, KVM_REG_STATE, ORDER_TIMER, 4, "timer", load_timer, store_timer },
};

static const KVMRegKind *kind_of(uint64_t id)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (kinds[i].type == KVM_REG_TYPE(id) &&
            (kinds[i].subtype == KVM_REG_SUBTYPE(id) || kinds[i].use == KVM_REG_SETTING))
            return &kinds[i];
    return NULL;
}

void riscv_kvm_reg_name(uint64_t id, GString *out)
{
    const KVMRegKind *kind = kind_of(id);

    if (!kind)
        g_string_append_printf(out, "type %u subtype %u number %u", KVM_REG_TYPE(id),
                               KVM_REG_SUBTYPE(id), KVM_REG_INDEX(id));
    else if (kind->load == load_csr && KVM_REG_INDEX(id) < CSR_GENERAL_NR)
        g_string_append_printf(out, "csr %s", general[KVM_REG_INDEX(id)].name);
    else
        g_string_append_printf(out, "%s %u", kind->name, KVM_REG_INDEX(id));
}

/* ---- The list ---- */

static int by_order(const void *a, const void *b)
{
    const KVMReg *ra = a, *rb = b;

    if (ra->order != rb->order)
        return ra->order < rb->order ? -1 : 1;
    return ra->id < rb->id ? -1 : ra->id > rb->id;
}

static KVMReg reg_of(uint64_t id)
{
    KVMReg reg = { .id = id, .kind = kind_of(id), .use = KVM_REG_KEPT, .order = ORDER_OTHER,
                   .size = KVM_REG_BYTES(id) };

    if (reg.kind) {
        reg.order = reg.kind->order;
        reg.use = KVM_REG_INDEX(id) < reg.kind->count ? reg.kind->use : KVM_REG_KEPT;
    }
    return reg;
}

/* Kernels before 6.6 have no list: then it is what they had, and what of that answers. */
static uint64_t *list_of_old(unsigned *nr)
{
    GArray *ids = g_array_new(false, false, sizeof(uint64_t));
    uint64_t id;

#define ADD(id_) (id = (id_), g_array_append_val(ids, id))
    for (unsigned i = 0; i < 33; i++)
        ADD(KVM_REG64(KVM_REG_TYPE_CORE, 0, i));
    for (unsigned i = 0; i < CSR_GENERAL_NR; i++)
        ADD(KVM_REG64(KVM_REG_TYPE_CSR, 0, i));
    for (unsigned i = 0; i < 4; i++)
        ADD(KVM_REG64(KVM_REG_TYPE_TIMER, 0, i));
    for (unsigned i = 0; i < 32; i++)
        ADD(KVM_REG64(KVM_REG_TYPE_FP_D, 0, i));
    ADD(KVM_REG32(KVM_REG_TYPE_FP_D, 0, 32));
#undef ADD
    *nr = ids->len;
    return (uint64_t *)(void *)g_array_free(ids, false);
}

static uint64_t *list_ids(CPUState *cpu, unsigned *nr, Error **errp)
{
    struct kvm_reg_list none = { 0 }, *list;
    uint64_t *ids;
    int r = kvm_vcpu_ioctl(cpu, KVM_GET_REG_LIST, &none);

    if (r == -EINVAL || r == -ENOTTY)
        return list_of_old(nr);
    if ((r < 0 && r != -E2BIG) || none.n > 65536) {
        error_setg_errno(errp, r < 0 ? -r : E2BIG, "KVM does not list a vCPU's registers");
        return NULL;
    }
    list = g_malloc0(sizeof(*list) + none.n * sizeof(uint64_t));
    list->n = none.n;
    r = kvm_vcpu_ioctl(cpu, KVM_GET_REG_LIST, list);
    if (r < 0) {
        error_setg_errno(errp, -r, "KVM does not list a vCPU's registers");
        g_free(list);
        return NULL;
    }
    *nr = (unsigned)MIN(list->n, none.n);
    ids = g_memdup2(list->reg, MAX(*nr, 1) * sizeof(uint64_t));
    g_free(list);
    return ids;
}

bool riscv_kvm_regs_init(RISCVCPU *cpu, Error **errp)
{
    CPUState *cs = &cpu->parent_obj;
    RISCVKVM *k = cpu->kvm;
    bool d = ext_get(cpu->ext, EXT_D);
    uint32_t at = 0;
    unsigned nr;
    g_autofree uint64_t *ids = list_ids(cs, &nr, errp);

    if (!ids)
        return false;
    riscv_kvm_regs_free(k);
    k->regs = g_new0(KVMReg, nr);
    for (unsigned i = 0; i < nr; i++) {
        KVMReg reg = reg_of(ids[i]);

        /* The registers of F are the same storage seen in another way: with D they are not for us. */
        if (d && KVM_REG_TYPE(reg.id) == KVM_REG_TYPE_FP_F)
            continue;
        reg.at = at;
        at += (reg.size + 7) & ~7u;
        k->regs[k->nr_regs++] = reg;
    }
    qsort(k->regs, k->nr_regs, sizeof(*k->regs), by_order);
    k->values = g_malloc0(MAX(at, 8));
    for (unsigned i = 0; i < k->nr_regs; i++) {
        KVMReg *reg = &k->regs[i];
        int r = reg->use == KVM_REG_SETTING ? 0 : kvm_get_one_reg(cs, reg->id, k->values + reg->at);

        reg->gone = r < 0;
    }
    k->first = g_memdup2(k->values, MAX(at, 8));
    return true;
}

void riscv_kvm_regs_free(RISCVKVM *k)
{
    g_clear_pointer(&k->regs, g_free);
    g_clear_pointer(&k->values, g_free);
    g_clear_pointer(&k->first, g_free);
    k->nr_regs = 0;
}
