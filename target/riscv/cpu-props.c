/*
 * CPU models and their properties: -cpu NAME,property=value,...
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/cpu.h"

#include <string.h>

#include "accel/kvm/kvm-cpu.h"
#include "target/riscv/cpu-impl.h"
#include "target/riscv/ext.h"
#include "target/riscv/profile.h"
#include "util/keyval.h"

/* An extension was switched by the user: remember that, so that a contradiction is an error. */
static bool ext_changed(Object *obj, const Property *prop, Error **errp)
{
    RISCVCPU *cpu = RISCV_CPU(obj);

    /* Under KVM it is the host that has it or not. */
    if (!kvm_enabled() && ext_get(cpu->ext, prop->bit) && !riscv_ext_check_done(prop->bit, errp))
        return false;
    ext_put(cpu->ext_chosen, prop->bit, true);
    return true;
}

static bool sv_changed(Object *obj, const Property *prop, Error **errp)
{
    RISCV_CPU(obj)->sv_chosen |= prop->name[2] == '3' ? 1 : prop->name[2] == '4' ? 2 : 4;
    return true;
}

#define PROP_SV(name_, field_, help_)                                                       \
    { .name = (name_), .type = &prop_bool, .offset = offsetof(RISCVCPU, field_),            \
      .def.u = true, .help = (help_), .changed = sv_changed }

/* A property of which the host has its own value under KVM. */
static bool given(Object *obj, const Property *prop, Error **errp)
{
    RISCV_CPU(obj)->given |= (uint8_t)prop->bit;
    return true;
}

#define PROP_GIVEN(name_, type_, field_, what_, def_, lo, hi, help_)                        \
    { .name = (name_), .type = &prop_##type_, .offset = offsetof(RISCVCPU, field_),         \
      .def.u = (def_), .min = (lo), .max = (hi), .help = (help_),                           \
      .bit = RISCV_GIVEN_##what_, .changed = given }

/* Ways of QEMU to set what is not there: refused with the reason rather than as unknown. */
static bool not_yet(Object *obj, const Property *prop, Error **errp)
{
    error_setg(errp, "property '%s' %s", prop->name, prop->help);
    return false;
}

#define PROP_NOT_YET(name_, why_)                                                           \
    { .name = (name_), .type = &prop_str, .offset = offsetof(RISCVCPU, not_yet),            \
      .help = (why_), .flags = PROP_HIDDEN, .changed = not_yet }
#define AGNOSTIC "is not offered: tail and masked-off elements are always left undisturbed"

/* The older way to say how many counters there are: from mhpmcounter3 on. */
static bool pmu_num_changed(Object *obj, const Property *prop, Error **errp)
{
    RISCVCPU *cpu = RISCV_CPU(obj);

    cpu->pmu_mask = (uint32_t)(((1ULL << cpu->pmu_num) - 1) << 3);
    return true;
}

static const EnumName vext_specs[] = {
    { "v1.0", 10, "vector specification 1.0" },
    { NULL, 0, NULL },
};

static const EnumName priv_specs[] = {
    { "v1.10.0", 10, "privileged specification 1.10" },
    { "v1.11.0", 11, "privileged specification 1.11" },
    { "v1.12.0", 12, "privileged specification 1.12" },
    { "v1.13.0", 13, "privileged specification 1.13" },
    { NULL, 0, NULL },
};

#define PROP_U8_(name_, field_, def_, lo, hi, help_)                                        \
    { .name = (name_), .type = &prop_u8, .offset = offsetof(RISCVCPU, field_),              \
      .def.u = (def_), .min = (lo), .max = (hi), .help = (help_) }

/* Rows of every model. The virtual-memory modes are on by default, so that rv64 has Sv57. */
const Property riscv_cpu_props[] = {
    PROP_BOOL("mmu", RISCVCPU, mmu, true, "Virtual memory"),
    PROP_BOOL("pmp", RISCVCPU, pmp, true, "Physical memory protection"),
    PROP_U8_("num-pmp-regions", num_pmp_regions, 16, 0, RISCV_MAX_PMP,
             "PMP entries: 0, 16 or 64"),
    PROP_SV("sv39", sv39, "Virtual addresses of up to 39 bits"),
    PROP_SV("sv48", sv48, "Virtual addresses of up to 48 bits"),
    PROP_SV("sv57", sv57, "Virtual addresses of up to 57 bits"),
    PROP_GIVEN("cbom_blocksize", u16, cbom_blocksize, CBOM, 64, 8, 4096,
               "Block size of Zicbom, bytes"),
    PROP_GIVEN("cbop_blocksize", u16, cbop_blocksize, CBOP, 64, 8, 4096,
               "Block size of Zicbop, bytes"),
    PROP_GIVEN("cboz_blocksize", u16, cboz_blocksize, CBOZ, 64, 8, 4096,
               "Block size of Zicboz, bytes"),
    PROP_U32("pmu-mask", RISCVCPU, pmu_mask, 0x7FFF8, 0, UINT32_MAX,
             "Performance counters that exist, a bit for each from 3 on"),
    { .name = "pmu-num", .type = &prop_u8, .offset = offsetof(RISCVCPU, pmu_num), .def.u = 16,
      .max = 29, .help = "Number of performance counters; pmu-mask says it more exactly",
      .changed = pmu_num_changed },
    PROP_GIVEN("mvendorid", u32, mvendorid, MVENDORID, 0, 0, UINT32_MAX, "Value of mvendorid"),
    PROP_GIVEN("marchid", u64, marchid, MARCHID, 0, 0, UINT64_MAX, "Value of marchid"),
    PROP_GIVEN("mimpid", u64, mimpid, MIMPID, 0, 0, UINT64_MAX, "Value of mimpid"),
    PROP_U64("resetvec", RISCVCPU, resetvec, 0x1000, 0, UINT64_MAX, "First address after reset"),
    PROP_U64("rnmi-interrupt-vector", RISCVCPU, rnmi_interrupt_vector, 0, 0, UINT64_MAX,
             "Smrnmi: where a non-maskable interrupt goes"),
    PROP_U64("rnmi-exception-vector", RISCVCPU, rnmi_exception_vector, 0, 0, UINT64_MAX,
             "Smrnmi: where exceptions of M go while mnstatus.NMIE=0"),
    PROP_BOOL("debug", RISCVCPU, debug, true, "Debug triggers (Sdtrig)"),
    PROP_ENUM("priv_spec", RISCVCPU, priv_spec, 13, priv_specs,
              "Privileged specification; what came later is not there"),
    PROP_ENUM("vext_spec", RISCVCPU, vext_spec, 10, vext_specs,
              "Vector specification; accepted for compatibility"),
    PROP_GIVEN("vlen", u16, vlen, VLEN, 256, RISCV_MIN_VLEN, RISCV_MAX_VLEN,
               "Bits of a vector register: a power of two"),
    PROP_U16("elen", RISCVCPU, elen, 64, 8, 64, "Largest vector element, bits: 64"),
    PROP_NOT_YET("rvv_ta_all_1s", AGNOSTIC),
    PROP_NOT_YET("rvv_ma_all_1s", AGNOSTIC),
    PROP_NOT_YET("rvv_vl_half_avl", "is not offered: vl is the application vector length, or VLMAX"),
    PROP_NOT_YET("sv32", "is for RV32 harts, which are not implemented yet"),
    PROP_NOT_YET("sv64", "names a mode that no specification defines yet"),
    PROP_BOOL("short-isa-string", RISCVCPU, short_isa, false,
              "Only single letters in riscv,isa of the device tree"),
    PROP_BOOL("strict", RISCVCPU, strict, false,
              "Refuse what a profile that is claimed does not allow, rather than warn"),
    PROP_BOOL("x-misa-w", RISCVCPU, misa_w, false, "misa can switch extensions off"),
    PROP_END,
};

/* ---- Models ---- */

typedef struct RISCVModel {
    unsigned on;  /* ON_* */
    int profile;  /* RISCVProfile, or -1 */
} RISCVModel;

static void append_names(GString *s, const char *before, const uint8_t *exts)
{
    for (const uint8_t *e = exts; *e != EXT_END_; e++)
        g_string_append_printf(s, "%s%s", e == exts ? before : ", ", riscv_ext_rows[*e].name);
}

/* "Compare and swap; needs zaamo", for ever. */
static const char *ext_help(const RISCVExtRow *row)
{
    GString *s = g_string_new(row->help);
    const char *help;

    append_names(s, "; includes ", row->implies);
    append_names(s, "; needs ", row->requires);
    help = g_intern_string(s->str);
    g_string_free(s, TRUE);
    return help;
}

static const char *profile_help(RISCVProfile p)
{
    const RISCVProfileRow *row = &riscv_profile_rows[p];
    GString *s = g_string_new(row->help);
    const char *help;

    append_names(s, ": ", row->exts);
    if (row->base >= 0)
        g_string_append_printf(s, ", and %s", riscv_profile_rows[row->base].name);
    help = g_intern_string(s->str);
    g_string_free(s, TRUE);
    return help;
}

static Property ext_prop(unsigned e, const RISCVModel *m)
{
    const RISCVExtRow *row = &riscv_ext_rows[e];
    bool on = m->profile >= 0 ? riscv_profile_has(m->profile, e) : (row->models & m->on) != 0;

    return (Property){
        .name = row->name, .type = &prop_bit, .offset = offsetof(RISCVCPU, ext), .bit = e,
        .def.u = on, .help = ext_help(row), .changed = ext_changed,
        .flags = row->status == EXT_NAMED  ? PROP_READONLY | PROP_HIDDEN
                 : row->status == EXT_TODO ? PROP_HIDDEN
                                           : 0,
    };
}

static Property profile_prop(unsigned p, const RISCVModel *m)
{
    return (Property){
        .name = riscv_profile_rows[p].name, .type = &prop_bit,
        .offset = offsetof(RISCVCPU, profiles), .bit = p, .def.u = (int)p == m->profile,
        .help = profile_help(p),
    };
}

/* The rows that differ between models: extensions, profiles, and what a profile says of satp. */
static void model_class_init(ObjectClass *klass, const void *class_data)
{
    const RISCVModel *m = class_data;
    Property *rows = g_new0(Property, EXT_NR + PROFILE_NR + 3), *p = rows;

    for (unsigned e = 0; e < EXT_NR; e++)
        *p++ = ext_prop(e, m);
    for (unsigned i = 0; i < PROFILE_NR; i++)
        *p++ = profile_prop(i, m);
    if (m->profile >= 0) {
        *p = (Property)PROP_SV("sv48", sv48, "Virtual addresses of up to 48 bits");
        p++->def.u = false;
        *p = (Property)PROP_SV("sv57", sv57, "Virtual addresses of up to 57 bits");
        p->def.u = false;
    }
    klass->props = rows;
}

#define MODEL(name_, desc_, on_, profile_)                                                  \
    { .name = name_ RISCV_CPU_TYPE_SUFFIX, .parent = TYPE_RISCV_CPU, .desc = (desc_),       \
      .class_init = model_class_init, .class_data = &(const RISCVModel){ on_, profile_ } }

static const TypeInfo riscv_models[] = {
    MODEL("rv64", "RV64GC, Zba Zbb Zbc Zbs, Zicbo*, Zfa, H, Sstc, Svadu, Sv57; the default",
          ON_RV64, -1),
    MODEL("max", "Every extension there is, but for those that exclude another", ON_MAX, -1),
    MODEL("host", "What the host has (with -accel kvm, where it is the default)", 0, -1),
    MODEL("rv64i", "Bare RV64I; extensions are added one by one", ON_RV64I, -1),
    MODEL("rva20u64", "Profile RVA20U64: RV64GC with Zicntr; no S mode", 0, PROFILE_RVA20U64),
    MODEL("rva20s64", "Profile RVA20S64: the same with S mode, Sv39, Svade", 0, PROFILE_RVA20S64),
    MODEL("rva22u64", "Profile RVA22U64: RVA20U64 with B, Zicbo*, Zihpm, Zfhmin, Zkt",
          0, PROFILE_RVA22U64),
    MODEL("rva22s64", "Profile RVA22S64: the same with S mode, Sv39, Svade, Svpbmt, Svinval",
          0, PROFILE_RVA22S64),
    MODEL("rva23u64", "Profile RVA23U64: RVA22U64 with V, Zvbb, Zcb, Zfa, Zicond, Zimop, Supm",
          0, PROFILE_RVA23U64),
    MODEL("rva23s64", "Profile RVA23S64: the same with S mode, H, Svade, Sstc, Sscofpmf, Ssnpm",
          0, PROFILE_RVA23S64),
};
type_init_array(riscv_models);

/* ---- -cpu ---- */

/* Names of models without the suffix, NULL-terminated; g_strfreev(). */
static char **model_names(void)
{
    g_autoptr(GPtrArray) classes = object_class_list(TYPE_RISCV_CPU, false);
    char **names = g_new0(char *, classes->len + 1);

    for (guint i = 0; i < classes->len; i++) {
        const char *type = object_class_name(g_ptr_array_index(classes, i));
        names[i] = g_strndup(type, strlen(type) - strlen(RISCV_CPU_TYPE_SUFFIX));
    }
    return names;
}

/* Models of QEMU that users may know. */
static const struct {
    const char *name, *what;
} models_to_come[] = {
    { "rv32", "for RV32" },
    { "rv32i", "for RV32" },
    { "rv32e", "for RV32" },
    { "max32", "for RV32" },
    { "rv64e", "RV64 with 16 registers" },
    { "x-rv128", "for RV128" },
};

static ObjectClass *model_class(const char *name, Error **errp)
{
    g_autofree char *type = g_strconcat(name, RISCV_CPU_TYPE_SUFFIX, NULL);
    ObjectClass *klass = object_class_by_name(type);
    g_auto(GStrv) names = NULL;
    g_autofree char *list = NULL;
    const char *near;

    if (!kvm_enabled() && g_str_has_prefix(name, "host") && (!name[4] || name[4] == '-')) {
        error_setg(errp, "CPU model 'host' needs the accelerator kvm");
        return NULL;
    }
    if (klass && object_class_is(klass, TYPE_RISCV_CPU) && !object_class_is_abstract(klass))
        return klass;
    /* The full type name is accepted as well. */
    klass = object_class_by_name(name);
    if (klass && object_class_is(klass, TYPE_RISCV_CPU) && !object_class_is_abstract(klass))
        return klass;
    for (size_t i = 0; i < G_N_ELEMENTS(models_to_come); i++) {
        if (!strcmp(name, models_to_come[i].name)) {
            error_setg(errp, "CPU model '%s' is not implemented yet: it is %s", name,
                       models_to_come[i].what);
            return NULL;
        }
    }
    names = model_names();
    near = nearest_name(name, (const char *const *)names);
    if (near) {
        error_setg(errp, "no CPU model '%s' (did you mean '%s'?)", name, near);
    } else {
        list = g_strjoinv(", ", names);
        error_setg(errp, "no CPU model '%s' (there are %s)", name, list);
    }
    return NULL;
}

/* QEMU's users know "ext=on"; other tools taught them "+ext" and "ext". */
static bool check_form(const char *spec, Error **errp)
{
    g_auto(GStrv) parts = g_strsplit(spec, ",", -1);

    for (unsigned i = 1; parts[0] && parts[i]; i++) {
        const char *p = parts[i];

        if (strchr(p, '='))
            continue;
        if (*p == '+' || *p == '-') {
            error_setg(errp, "'%s' is not understood (write '%s=%s')", p, p + 1,
                       *p == '+' ? "on" : "off");
            return false;
        }
        if (*p) {
            error_setg(errp, "'%s' is not understood (write '%s=on' or '%s=off')", p, p, p);
            return false;
        }
    }
    return true;
}

RISCVCPU *riscv_cpu_create_from_spec(const char *spec, Error **errp)
{
    g_autoptr(KeyVals) kv = NULL;
    const char *name;
    ObjectClass *klass;
    Object *obj;

    if (!check_form(spec, errp))
        return NULL;
    kv = keyval_parse(spec, "model", false, errp);
    if (!kv)
        return NULL;
    name = keyval_take(kv, "model");
    klass = model_class(name ? name : "", errp);
    if (!klass)
        return NULL;
    obj = object_new(object_class_name(klass), errp);
    if (!obj)
        return NULL;
    if (!object_set_keyvals(obj, kv, errp)) {
        object_unref(obj);
        return NULL;
    }
    return RISCV_CPU(obj);
}
