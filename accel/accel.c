/*
 * Choosing an accelerator: the first of the list that works, with the reason for each that does not.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/accel.h"

#include "accel/icount.h"
#include "util/keyval.h"

/* Short names of all accelerators, NULL-terminated; g_free() the array. */
static const char **accel_names(void)
{
    GPtrArray *types = object_class_list(TYPE_ACCEL, false);
    const char **names = g_new0(const char *, types->len + 1);

    for (unsigned i = 0; i < types->len; i++)
        names[i] = ACCEL_CLASS(types->pdata[i])->name;
    g_ptr_array_free(types, TRUE);
    return names;
}

static AccelState *accel_new(const char *name, Error **errp)
{
    g_autofree const char **names = accel_names();
    GString *accepted;
    const char *near;

    for (unsigned i = 0; names[i]; i++) {
        if (strcmp(names[i], name) == 0) {
            g_autofree char *type = g_strconcat(name, ACCEL_TYPE_SUFFIX, NULL);
            return (AccelState *)object_new_known(type);
        }
    }
    near = nearest_name(name, names);
    if (near) {
        error_setg(errp, "no accelerator '%s' (did you mean '%s'?)", name, near);
        return NULL;
    }
    accepted = g_string_new(NULL);
    for (unsigned i = 0; names[i]; i++)
        g_string_append_printf(accepted, "%s%s", i ? ", " : "", names[i]);
    error_setg(errp, "no accelerator '%s' (there are: %s)", name, accepted->str);
    g_string_free(accepted, TRUE);
    return NULL;
}

/* One specification made an object with its properties set. */
static AccelState *accel_from_spec(const char *spec, Error **errp)
{
    g_autoptr(KeyVals) kv = keyval_parse(spec, "accel", false, errp);
    const char *name;
    AccelState *accel;

    if (!kv)
        return NULL;
    name = keyval_take(kv, "accel");
    if (!name) {
        error_setg(errp, "an accelerator name must come first");
        return NULL;
    }
    accel = accel_new(name, errp);
    for (unsigned i = 0; accel && i < kv->list->len; i++) {
        KeyVal *p = kv->list->pdata[i];
        if (p->used)
            continue;
        if (!object_property_set_str(accel, p->key, p->value, errp)) {
            object_unref(accel);
            accel = NULL;
        }
    }
    return accel;
}

static AccelClass *accel_class(AccelState *accel)
{
    return ACCEL_CLASS(accel->parent_obj.klass);
}

AccelState *accel_choose(const char *const *specs, MachineState *ms, unsigned *failed,
                         Error **errp)
{
    AccelState *chosen = NULL;
    GPtrArray *all = g_ptr_array_new();
    g_autofree char *reason = NULL;

    /* A mistake in any of them is an error, even where an earlier one would do. */
    for (unsigned i = 0; specs[i]; i++) {
        AccelState *accel = accel_from_spec(specs[i], errp);
        *failed = i;
        if (!accel)
            goto out;
        g_ptr_array_add(all, accel);
    }
    for (unsigned i = 0; i < all->len && !chosen; i++) {
        AccelState *accel = all->pdata[i];
        AccelClass *ac = accel_class(accel);
        Error *err = NULL;

        g_clear_pointer(&reason, g_free);
        if (!ac->available(&reason)) {
            error_setg(&err, "accelerator '%s' cannot be used: %s", ac->name,
                       reason ? reason : "unknown reason");
        } else if (ac->init_machine(accel, ms, &err)) {
            chosen = (AccelState *)object_ref(accel);
            break;
        }
        if (i + 1 == all->len) {
            error_setg(errp, "%s", error_get_pretty(err));
            error_free(err);
        } else {
            warn_report("%s; trying '%s'", error_get_pretty(err),
                        accel_class(all->pdata[i + 1])->name);
            error_free(err);
        }
    }
out:
    for (unsigned i = 0; i < all->len; i++)
        object_unref(all->pdata[i]);
    g_ptr_array_free(all, TRUE);
    return chosen;
}

bool accel_set_icount(AccelState *accel, const IcountConfig *config, Error **errp)
{
    AccelClass *ac = accel_class(accel);

    if (ac->set_icount)
        return ac->set_icount(accel, config, errp);
    error_setg(errp, "accelerator '%s' cannot count instructions (tcg can)", ac->name);
    return false;
}

void accel_run_changed(bool running)
{
    MachineState *ms = current_machine();
    AccelState *accel = ms ? ms->accel : NULL;

    if (accel && accel_class(accel)->run_changed)
        accel_class(accel)->run_changed(accel, running);
}

void accel_state_reset(CPUState *cpu)
{
    const AccelClass *ac = cpu->accel;

    if (ac && ac->state_reset)
        ac->state_reset(cpu);
    else if (ac && ac->state_in)
        ac->state_in(cpu);
}

typedef struct StateWork {
    void (*fn)(CPUState *cpu, void *data);
    void *data;
} StateWork;

static void with_state(CPUState *cpu, void *data)
{
    const StateWork *w = data;

    if (cpu->accel && cpu->accel->state_out)
        cpu->accel->state_out(cpu);
    w->fn(cpu, w->data);
}

void accel_run_on(CPUState *cpu, void (*fn)(CPUState *cpu, void *data), void *data)
{
    StateWork w = { fn, data };

    cpu_run_on(cpu, with_state, &w);
}

void accel_help(GString *out)
{
    GPtrArray *types = object_class_list(TYPE_ACCEL, false);

    g_string_append(out, "accelerators:\n");
    for (unsigned i = 0; i < types->len; i++) {
        ObjectClass *klass = types->pdata[i];
        AccelClass *ac = ACCEL_CLASS(klass);
        g_autofree char *reason = NULL;

        g_string_append_printf(out, "  %-24s %s", ac->name, object_class_desc(klass));
        if (!ac->available(&reason))
            g_string_append_printf(out, "; cannot be used: %s", reason);
        g_string_append_c(out, '\n');
    }
    g_ptr_array_free(types, TRUE);
}

static const TypeInfo accel_type = {
    .name = TYPE_ACCEL,
    .parent = TYPE_OBJECT,
    .abstract = true,
    .instance_size = sizeof(AccelState),
    .class_size = sizeof(AccelClass),
};
type_init(accel_type);
