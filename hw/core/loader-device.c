/*
 * "loader": -device loader puts a file or a number into memory before the guest starts, and says
 * where a hart does. Not a device that a guest could see.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>

#include "hw/core/cpu.h"
#include "hw/core/loader-internal.h"
#include "hw/core/machine.h"
#include "util/bits.h"

#define TYPE_LOADER "loader"
OBJECT_DECLARE_SIMPLE(LoaderDevice, LOADER_DEVICE, TYPE_LOADER)

#define NO_CPU UINT32_MAX

struct LoaderDevice {
    DeviceState parent_obj;
    uint64_t addr, data;
    uint32_t data_len, cpu_num;
    bool data_be, force_raw;
    char *file;
    bool addr_given, data_given;

    uint64_t start; /* what the hart's pc becomes */
};

static CPUState *find_cpu(uint32_t n)
{
    const CPUList *list = cpu_list();

    return n < list->nr ? list->cpus[n] : NULL;
}

static bool put_data(LoaderDevice *s, ImageLoader *l, Error **errp)
{
    uint8_t bytes[8];

    if (!s->addr_given || s->data_len < 1 || s->data_len > 8) {
        error_setg(errp, "'data' needs 'addr' and 'data-len' (1 to 8)");
        return false;
    }
    if (s->data_len < 8 && s->data >> (s->data_len * 8)) {
        error_setg(errp, "data 0x%" PRIx64 " does not fit into %u bytes", s->data, s->data_len);
        return false;
    }
    for (uint32_t i = 0; i < s->data_len; i++) {
        bytes[s->data_be ? s->data_len - 1 - i : i] = (uint8_t)(s->data >> (i * 8));
    }
    return load_bytes(l, "-device loader,data=", s->addr, bytes, s->data_len, errp);
}

static bool put_file(LoaderDevice *s, ImageLoader *l, Error **errp)
{
    g_autofree char *name = g_strdup_printf("-device loader,file=%s", s->file);
    g_autoptr(GBytes) data = NULL;
    uint8_t *bytes;
    uint64_t size;
    LoadedImage image;

    if (!load_file(s->file, 4 * GiB, &bytes, &size, errp)) {
        return false;
    }
    data = g_bytes_new_take(bytes, size);
    if (!s->force_raw && image_format(bytes, size) == IMAGE_ELF) {
        if (!loader_put_elf(l, name, data, 0, UINT64_MAX, &image, errp)) {
            return false;
        }
    } else {
        if (!s->addr_given) {
            error_setg(errp, "'%s' is not an ELF file: give 'addr'", s->file);
            return false;
        }
        if (!loader_put_raw(l, name, s->addr, data, &image, errp)) {
            return false;
        }
    }
    s->start = image.entry;
    return true;
}

static bool loader_realize(DeviceState *dev, Error **errp)
{
    LoaderDevice *s = LOADER_DEVICE(dev);
    MachineState *ms = current_machine();

    s->start = s->addr;
    if (!ms || !ms->loader) {
        error_setg(errp, "this board loads nothing");
        return false;
    }
    if (s->cpu_num != NO_CPU && !find_cpu(s->cpu_num)) {
        error_setg(errp, "there is no CPU %u (the last is %u)", s->cpu_num, cpu_list()->nr - 1);
        return false;
    }
    if (s->file && (s->data_given || s->data_len || s->data_be)) {
        error_setg(errp, "'file' and 'data' exclude each other");
        return false;
    }
    if (!s->file && s->force_raw) {
        error_setg(errp, "'force-raw' needs 'file'");
        return false;
    }
    if (s->data_given || s->data_len || s->data_be) {
        if (s->cpu_num != NO_CPU) {
            error_setg(errp, "'data' and 'cpu-num' exclude each other");
            return false;
        }
        return put_data(s, ms->loader, errp);
    }
    if (s->file) {
        return put_file(s, ms->loader, errp);
    }
    if (!s->addr_given || s->cpu_num == NO_CPU) {
        error_setg(errp, "nothing to load: give file=, or addr= and data= with data-len=, or addr= "
                   "and cpu-num=");
        return false;
    }
    return true;
}

/* After the harts were reset, which begin where the board says. */
static void loader_reset(DeviceState *dev)
{
    LoaderDevice *s = LOADER_DEVICE(dev);
    CPUState *cpu = s->cpu_num != NO_CPU ? find_cpu(s->cpu_num) : NULL;

    if (cpu) {
        CPU_GET_CLASS(cpu)->set_pc(cpu, s->start);
    }
}

static bool addr_changed(Object *obj, const Property *prop, Error **errp)
{
    LOADER_DEVICE(obj)->addr_given = true;
    return true;
}

static bool data_changed(Object *obj, const Property *prop, Error **errp)
{
    LOADER_DEVICE(obj)->data_given = true;
    return true;
}

static const Property loader_props[] = {
    { PROP_(prop_u64, "addr", LoaderDevice, addr), .changed = addr_changed,
      .help = "where to; for ELF files they say themselves" },
    PROP_STR("file", LoaderDevice, file, NULL, "ELF file, or anything that goes to addr as it is"),
    PROP_BOOL("force-raw", LoaderDevice, force_raw, false, "an ELF file as it is, too"),
    { PROP_(prop_u64, "data", LoaderDevice, data), .changed = data_changed,
      .help = "a number instead of a file" },
    PROP_U32("data-len", LoaderDevice, data_len, 0, 0, 8, "its bytes, 1 to 8"),
    PROP_BOOL("data-be", LoaderDevice, data_be, false, "its first byte is the highest"),
    PROP_U32("cpu-num", LoaderDevice, cpu_num, NO_CPU, 0, UINT32_MAX,
             "CPU that starts at addr, or at the entry of the file"),
    PROP_END,
};

static void loader_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    klass->props = loader_props;
    dc->user_creatable = true;
    dc->realize = loader_realize;
    dc->reset = loader_reset;
}

static const TypeInfo loader_info = {
    .name = TYPE_LOADER,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(LoaderDevice),
    .desc = "a file or a number in memory from the start",
    .class_init = loader_class_init,
};

type_init(loader_info)
