/*
 * The machine's RAM: from -m, from a memory backend, or from one for each NUMA node.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>

#include "hw/core/hostmem.h"
#include "hw/core/machine.h"
#include "qom/user-creatable.h"

/* The size that a backend has, which -m must agree with. */
static bool agree(MachineState *ms, uint64_t size, const char *who, Error **errp)
{
    if (ms->ram_size_given && ms->ram_size != size) {
        error_setg(errp, "%s has %" PRIu64 " bytes, -m says %" PRIu64, who, size, ms->ram_size);
        return false;
    }
    ms->ram_size = size;
    return true;
}

bool machine_find_ram(MachineState *ms, Error **errp)
{
    NumaState *numa = &ms->numa;
    uint64_t total = 0;

    if (ms->memory_backend) {
        MemoryBackend *mb = memory_backend_find(ms->memory_backend, errp);

        if (!mb || !agree(ms, memory_backend_size(mb), "the backend", errp)) {
            error_prepend(errp, "-M memory-backend=%s: ", ms->memory_backend);
            return false;
        }
        if (ms->mem_path || ms->mem_prealloc) {
            error_setg(errp, "-M memory-backend and -mem-%s exclude each other",
                       ms->mem_path ? "path" : "prealloc");
            return false;
        }
    }
    if (!numa->nr_nodes || !numa->nodes[0].memdev) {
        return true;
    }
    if (ms->memory_backend || ms->mem_path || ms->mem_prealloc) {
        error_setg(errp, "-numa node,memdev= and %s exclude each other",
                   ms->memory_backend ? "-M memory-backend" : ms->mem_path ? "-mem-path"
                   : "-mem-prealloc");
        return false;
    }
    for (unsigned n = 0; n < numa->nr_nodes; n++) {
        MemoryBackend *mb = memory_backend_find(numa->nodes[n].memdev, errp);

        if (!mb) {
            error_prepend(errp, "-numa node,memdev=%s: ", numa->nodes[n].memdev);
            return false;
        }
        numa->nodes[n].mem = memory_backend_size(mb);
        total += numa->nodes[n].mem;
    }
    if (!agree(ms, total, "all of memdev", errp)) {
        error_prepend(errp, "-numa: ");
        return false;
    }
    return true;
}

/* A backend of the machine's own, for -m and what there is beside it. */
static MemoryBackend *own_backend(MachineState *ms, const char *name, Error **errp)
{
    const char *type = ms->mem_path ? TYPE_MEMORY_BACKEND_FILE : TYPE_MEMORY_BACKEND_RAM;
    g_autofree char *size = g_strdup_printf("%" PRIu64, ms->ram_size);
    Object *obj = object_new_known(type);
    bool ok;

    object_add_child(&ms->parent_obj, name, obj, NULL);
    object_unref(obj); /* the tree holds it */
    object_property_set_known(obj, "size", size);
    object_property_set_known(obj, "merge", ms->mem_merge ? "on" : "off");
    object_property_set_known(obj, "dump", ms->dump_guest_core ? "on" : "off");
    object_property_set_known(obj, "prealloc", ms->mem_prealloc ? "on" : "off");
    if (ms->mem_path) {
        object_property_set_known(obj, "mem-path", ms->mem_path);
    }
    ok = user_creatable_complete(obj, errp);
    if (!ok && ms->mem_path) {
        error_prepend(errp, "-mem-path %s: ", ms->mem_path);
    } else if (!ok) {
        error_prepend(errp, "-m: ");
    }
    return ok ? MEMORY_BACKEND(obj) : NULL;
}

static bool put(MachineState *ms, MemoryBackend *mb, hwaddr at, Error **errp)
{
    MemoryRegion *mr = mb ? memory_backend_take(mb, errp) : NULL;

    if (mr) {
        memory_region_add_subregion(&ms->ram, at, mr);
    }
    return mr != NULL;
}

bool machine_init_ram(MachineState *ms, const char *name, Error **errp)
{
    const NumaState *numa = &ms->numa;
    hwaddr at = 0;

    memory_region_init(&ms->ram, ms, name, ms->ram_size);
    if (ms->memory_backend) {
        return put(ms, memory_backend_find(ms->memory_backend, errp), 0, errp);
    }
    if (!numa->nr_nodes || !numa->nodes[0].memdev) {
        return put(ms, own_backend(ms, name, errp), 0, errp);
    }
    for (unsigned n = 0; n < numa->nr_nodes; n++) {
        if (!put(ms, memory_backend_find(numa->nodes[n].memdev, errp), at, errp)) {
            error_prepend(errp, "-numa node,memdev=%s: ", numa->nodes[n].memdev);
            return false;
        }
        at += numa->nodes[n].mem;
    }
    return true;
}
