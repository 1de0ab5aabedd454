/*
 * CPU models and their properties: -cpu NAME,property=value,...
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/cpu.h"

#include <string.h>

#include "target/riscv/cpu-impl.h"
#include "target/riscv/ext.h"
#include "util/keyval.h"

/* An extension was switched by the user: remember that, so that a contradiction is an error. */
static bool ext_changed(Object *obj, const Property *prop, Error **errp)
{
    RISCVCPU *cpu = RISCV_CPU(obj);

    if (ext_get(cpu->ext, prop->bit) && !riscv_ext_check_done(prop->bit, errp))
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

static bool debug_changed(Object *obj, const Property *prop, Error **errp)
{
    if (!RISCV_CPU(obj)->debug)
        return true;
    error_setg(errp, "debug triggers (Sdtrig) are not implemented yet");
    return false;
}

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
    PROP_U16("cbom_blocksize", RISCVCPU, cbom_blocksize, 64, 8, 4096,
             "Block size of Zicbom, bytes"),
    PROP_U16("cbop_blocksize", RISCVCPU, cbop_blocksize, 64, 8, 4096,
             "Block size of Zicbop, bytes"),
    PROP_U16("cboz_blocksize", RISCVCPU, cboz_blocksize, 64, 8, 4096,
             "Block size of Zicboz, bytes"),
    PROP_U32("pmu-mask", RISCVCPU, pmu_mask, 0x7FFF8, 0, UINT32_MAX,
             "Performance counters that exist, a bit for each from 3 on"),
    PROP_U32("mvendorid", RISCVCPU, mvendorid, 0, 0, UINT32_MAX, "Value of mvendorid"),
    PROP_U64("marchid", RISCVCPU, marchid, 0, 0, UINT64_MAX, "Value of marchid"),
    PROP_U64("mimpid", RISCVCPU, mimpid, 0, 0, UINT64_MAX, "Value of mimpid"),
    PROP_U64("resetvec", RISCVCPU, resetvec, 0x1000, 0, UINT64_MAX, "First address after reset"),
    { .name = "debug", .type = &prop_bool, .offset = offsetof(RISCVCPU, debug),
      .help = "Debug triggers", .flags = PROP_HIDDEN, .changed = debug_changed },
    PROP_ENUM("priv_spec", RISCVCPU, priv_spec, 13, priv_specs,
              "Privileged specification; accepted for compatibility"),
    PROP_BOOL("short-isa-string", RISCVCPU, short_isa, false,
              "Only single letters in riscv,isa of the device tree"),
    PROP_BOOL("x-misa-w", RISCVCPU, misa_w, false, "misa can switch extensions off"),
    PROP_END,
};

/*
 * One table of extension rows per model, since the defaults differ. Named features have no row: the
 * empty name of a deleted row would end the table, so they become hidden read-only ones.
 */
#define EXT_ROW(on_, id, name_, status_, models_, help_)                                    \
    { .name = (name_), .type = &prop_bit, .offset = offsetof(RISCVCPU, ext),                \
      .def.u = ((models_) & (on_)) != 0, .bit = EXT_##id, .help = (help_),                  \
      .changed = ext_changed,                                                               \
      .flags = (status_) == EXT_NAMED ? PROP_READONLY | PROP_HIDDEN                         \
               : (status_) == EXT_TODO ? PROP_HIDDEN : 0 },

static const Property rv64_props[] = {
#define EXT(id, name, version, status, models, requires, implies, help) \
    EXT_ROW(ON_RV64, id, name, status, models, help)
#include "target/riscv/ext.def"
#undef EXT
    PROP_END,
};

static const Property max_props[] = {
#define EXT(id, name, version, status, models, requires, implies, help) \
    EXT_ROW(ON_MAX, id, name, status, models, help)
#include "target/riscv/ext.def"
#undef EXT
    PROP_END,
};

static const Property rv64i_props[] = {
#define EXT(id, name, version, status, models, requires, implies, help) \
    EXT_ROW(ON_RV64I, id, name, status, models, help)
#include "target/riscv/ext.def"
#undef EXT
    PROP_END,
};

static void model_class_init(ObjectClass *klass, const void *class_data)
{
    klass->props = class_data;
}

static const TypeInfo riscv_models[] = {
    {
        .name = "rv64" RISCV_CPU_TYPE_SUFFIX,
        .parent = TYPE_RISCV_CPU,
        .desc = "RV64GC with what current distributions use",
        .class_init = model_class_init,
        .class_data = rv64_props,
    },
    {
        .name = "max" RISCV_CPU_TYPE_SUFFIX,
        .parent = TYPE_RISCV_CPU,
        .desc = "Every extension that is implemented",
        .class_init = model_class_init,
        .class_data = max_props,
    },
    {
        .name = "rv64i" RISCV_CPU_TYPE_SUFFIX,
        .parent = TYPE_RISCV_CPU,
        .desc = "Bare RV64I; extensions are added one by one",
        .class_init = model_class_init,
        .class_data = rv64i_props,
    },
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

static ObjectClass *model_class(const char *name, Error **errp)
{
    g_autofree char *type = g_strconcat(name, RISCV_CPU_TYPE_SUFFIX, NULL);
    ObjectClass *klass = object_class_by_name(type);
    g_auto(GStrv) names = NULL;
    g_autofree char *list = NULL;
    const char *near;

    if (klass && object_class_is(klass, TYPE_RISCV_CPU) && !object_class_is_abstract(klass))
        return klass;
    /* The full type name is accepted as well. */
    klass = object_class_by_name(name);
    if (klass && object_class_is(klass, TYPE_RISCV_CPU) && !object_class_is_abstract(klass))
        return klass;
    if (!strcmp(name, "host")) {
        error_setg(errp, "CPU model 'host' needs the accelerator kvm");
        return NULL;
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
