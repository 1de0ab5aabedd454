/*
 * Memory backends: the objects.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/core/hostmem.h"

#include <inttypes.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hw/core/hostmem-internal.h"
#include "qom/property.h"
#include "qom/user-creatable.h"
#include "util/keyval.h"

uint64_t memory_backend_size(const MemoryBackend *mb)
{
    return mb->size;
}

MemoryRegion *memory_backend_take(MemoryBackend *mb, Error **errp)
{
    if (mb->taken) {
        error_setg(errp, "memory backend '%s' is in use already", mb->parent_obj.name);
        return NULL;
    }
    mb->taken = true;
    return &mb->mr;
}

MemoryBackend *memory_backend_find(const char *id, Error **errp)
{
    Object *objects = object_container("/objects");
    Object *obj = object_child(objects, id);
    g_autoptr(GPtrArray) ids = g_ptr_array_new();
    const char *near;

    if (obj && object_dynamic_cast(obj, TYPE_MEMORY_BACKEND)) {
        return MEMORY_BACKEND(obj);
    }
    if (obj) {
        error_setg(errp, "object '%s' is a %s, not a memory backend", id, object_type_name(obj));
        return NULL;
    }
    for (guint i = 0; objects->children && i < objects->children->len; i++) {
        Object *o = g_ptr_array_index(objects->children, i);

        if (object_dynamic_cast(o, TYPE_MEMORY_BACKEND)) {
            g_ptr_array_add(ids, o->name);
        }
    }
    g_ptr_array_add(ids, NULL);
    near = nearest_name(id, (const char *const *)ids->pdata);
    error_setg(errp, "there is no memory backend '%s'%s%s%s", id, near ? " (did you mean '" : "",
               near ? near : "", near ? "'?)" : "");
    return NULL;
}

/* ---- Life ---- */

static bool complete_with(MemoryBackend *mb,
                          int (*open_it)(MemoryBackend *mb, RAMSource *source, Error **errp),
                          Error **errp)
{
    RAMSource source = { .fd = -1, .shared = mb->share };

    if (!mb->size) {
        error_setg(errp, "property 'size' is missing");
        return false;
    }
    if (mb->size % 4096) {
        error_setg(errp, "'size' must be a multiple of 4K");
        return false;
    }
    if (open_it) {
        source.fd = open_it(mb, &source, errp);
        if (source.fd < 0) {
            return false;
        }
    }
    mb->ready = memory_region_init_ram_from(&mb->mr, mb, mb->parent_obj.name, mb->size, &source,
                                            errp);
    if (source.fd >= 0) {
        close(source.fd);
    }
    return mb->ready && memory_backend_bind(mb, errp) && memory_backend_advise(mb, errp);
}

static bool ram_complete(Object *obj, Error **errp)
{
    return complete_with(MEMORY_BACKEND(obj), NULL, errp);
}

static bool file_complete(Object *obj, Error **errp)
{
    return complete_with(MEMORY_BACKEND(obj), memory_backend_open_file, errp);
}

static bool memfd_complete(Object *obj, Error **errp)
{
    return complete_with(MEMORY_BACKEND(obj), memory_backend_open_memfd, errp);
}

static bool can_delete(Object *obj, Error **errp)
{
    if (MEMORY_BACKEND(obj)->taken) {
        error_setg(errp, "memory backend '%s' is in use", obj->name);
        return false;
    }
    return true;
}

static void finalize(Object *obj)
{
    MemoryBackend *mb = MEMORY_BACKEND(obj);

    if (!mb->ready) {
        return;
    }
    if (mb->discard_data) {
        madvise(mb->mr.ram->host, mb->mr.ram->size, MADV_REMOVE);
    }
    memory_region_destroy(&mb->mr);
}

/* ---- Types ---- */

static const EnumName policy_names[] = {
    { "default", MEMORY_POLICY_DEFAULT, "as the host does it" },
    { "preferred", MEMORY_POLICY_PREFERRED, "from host-nodes while they have some" },
    { "bind", MEMORY_POLICY_BIND, "from host-nodes only" },
    { "interleave", MEMORY_POLICY_INTERLEAVE, "from host-nodes in turns" },
    { NULL },
};

static const Property base_props[] = {
    PROP_SIZE("size", MemoryBackend, size, 0, 0, INT64_MAX, "bytes"),
    PROP_BOOL("share", MemoryBackend, share, false, "other processes see what the guest writes"),
    PROP_BOOL("prealloc", MemoryBackend, prealloc, false, "take the memory at once"),
    PROP_U32("prealloc-threads", MemoryBackend, prealloc_threads, 1, 1, 64,
             "threads that take it"),
    PROP_BOOL("merge", MemoryBackend, merge, true, "let the host merge equal pages"),
    PROP_BOOL("dump", MemoryBackend, dump, true, "part of core dumps"),
    PROP_BOOL("reserve", MemoryBackend, reserve, true, "accepted; pages are taken when used"),
    PROP_ENUM("policy", MemoryBackend, policy, MEMORY_POLICY_DEFAULT, policy_names,
              "which nodes of the host the memory comes from"),
    PROP_STRV("host-nodes", MemoryBackend, host_nodes, "N or N-M"),
    PROP_END,
};

static const Property file_props[] = {
    PROP_STR("mem-path", MemoryBackend, mem_path, NULL, "file, or directory for one that vanishes"),
    PROP_SIZE("offset", MemoryBackend, offset, 0, 0, INT64_MAX, "where in the file"),
    PROP_SIZE("align", MemoryBackend, align, 0, 0, 1ULL << 40, "of the mapping"),
    PROP_BOOL("discard-data", MemoryBackend, discard_data, false,
              "throw away what the file holds at the end"),
    PROP_BOOL("readonly", MemoryBackend, readonly, false, "the file is not changed"),
    { PROP_(prop_on_off_auto, "rom", MemoryBackend, rom), .help = "not on" },
    PROP_BOOL("pmem", MemoryBackend, pmem, false, "not on"),
    PROP_END,
};

static const Property memfd_props[] = {
    PROP_BOOL("hugetlb", MemoryBackend, hugetlb, false, "of huge pages"),
    PROP_SIZE("hugetlbsize", MemoryBackend, hugetlb_size, 0, 0, 1ULL << 40,
              "size of a huge page; 2M if not given"),
    PROP_BOOL("seal", MemoryBackend, seal, true, "its size cannot change"),
    PROP_END,
};

static void base_class_init(ObjectClass *klass, const void *data)
{
    klass->props = base_props;
}

static void ram_class_init(ObjectClass *klass, const void *data)
{
    user_creatable_set_complete(klass, ram_complete);
    user_creatable_set_can_delete(klass, can_delete);
}

static void file_class_init(ObjectClass *klass, const void *data)
{
    klass->props = file_props;
    user_creatable_set_complete(klass, file_complete);
    user_creatable_set_can_delete(klass, can_delete);
}

static void memfd_class_init(ObjectClass *klass, const void *data)
{
    klass->props = memfd_props;
    user_creatable_set_complete(klass, memfd_complete);
    user_creatable_set_can_delete(klass, can_delete);
}

/* What a memfd is for. */
static void memfd_instance_init(Object *obj)
{
    MEMORY_BACKEND(obj)->share = true;
}

static const char *const interfaces[] = { TYPE_USER_CREATABLE, NULL };

static const TypeInfo hostmem_types[] = {
    {
        .name = TYPE_MEMORY_BACKEND,
        .parent = TYPE_OBJECT,
        .abstract = true,
        .instance_size = sizeof(MemoryBackend),
        .class_init = base_class_init,
        .instance_finalize = finalize,
        .interfaces = interfaces,
    },
    {
        .name = TYPE_MEMORY_BACKEND_RAM,
        .parent = TYPE_MEMORY_BACKEND,
        .desc = "anonymous memory of the host",
        .class_init = ram_class_init,
    },
    {
        .name = TYPE_MEMORY_BACKEND_FILE,
        .parent = TYPE_MEMORY_BACKEND,
        .desc = "memory in a file, or in hugetlbfs",
        .class_init = file_class_init,
    },
    {
        .name = TYPE_MEMORY_BACKEND_MEMFD,
        .parent = TYPE_MEMORY_BACKEND,
        .desc = "memory that other processes can be given",
        .class_init = memfd_class_init,
        .instance_init = memfd_instance_init,
    },
};
type_init_array(hostmem_types);
