/*
 * -global: other defaults for the properties of a type.
 *
 * SPDX-License-Identifier: MIT
 */
#include "qom/property.h"

#include <string.h>

#include "qom/internal.h"
#include "util/keyval.h"

typedef struct Global {
    char *type, *prop, *value;
} Global;

static GPtrArray *globals; /* in the order given */

static void global_free(gpointer p)
{
    Global *g = p;

    g_free(g->type);
    g_free(g->prop);
    g_free(g->value);
    g_free(g);
}

/* An object of the type, or of one that derives from it, shows whether the value is good. */
static bool try_out(const Global *g, Error **errp)
{
    g_autoptr(GPtrArray) list = object_class_list(g->type, false);
    Object *obj = list->len ? object_new(object_class_name(list->pdata[0]), errp) : NULL;
    bool ok = obj && object_property_set_str(obj, g->prop, g->value, errp);

    if (!list->len) {
        error_setg(errp, "type '%s' has no concrete type", g->type);
    }
    object_unref(obj);
    return ok;
}

static bool check_type(const char *type, Error **errp)
{
    g_autofree const char **names = NULL;
    const char *near;

    if (object_class_by_name(type)) {
        return true;
    }
    names = type_names();
    near = nearest_name(type, names);
    if (near) {
        error_setg(errp, "no type '%s' (did you mean '%s'?)", type, near);
    } else {
        error_setg(errp, "no type '%s'", type);
    }
    return false;
}

bool object_global_add(const char *type, const char *prop, const char *value, Error **errp)
{
    Global *g = g_new0(Global, 1);

    g->type = g_strdup(type);
    g->prop = g_strdup(prop);
    g->value = g_strdup(value);
    if (!check_type(type, errp) || !try_out(g, errp)) {
        global_free(g);
        return false;
    }
    if (!globals) {
        globals = g_ptr_array_new_with_free_func(global_free);
    }
    g_ptr_array_add(globals, g);
    return true;
}

void object_globals_apply(Object *obj)
{
    for (guint i = 0; globals && i < globals->len; i++) {
        const Global *g = g_ptr_array_index(globals, i);

        if (object_class_is(obj->klass, g->type)) {
            /* Tried when it was added. */
            object_property_set_str(obj, g->prop, g->value, NULL);
        }
    }
}

void object_globals_clear(void)
{
    g_clear_pointer(&globals, g_ptr_array_unref);
}
