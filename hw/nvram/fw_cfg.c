/*
 * "fw_cfg_mem": items for the firmware, behind a selector, a data register and a DMA register.
 *
 * Registers are big-endian, as the fw_cfg specification has them on all machines that map it into
 * memory; the bytes of an item come in the order in which they lie in it, whatever the width of the
 * access. Only DMA writes, and only to files made for it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/nvram/fw_cfg.h"

#include <inttypes.h>

#include "hw/acpi/aml.h"
#include "hw/core/fdt.h"
#include "util/byteorder.h"

#define FIXED_ITEMS FW_CFG_FILE_FIRST /* the numbers below the files */

enum { REG_DATA = 0x00, REG_SELECT = 0x08, REG_DMA = 0x10, REG_END = 0x18 };

enum {
    DMA_ERROR = 1 << 0,
    DMA_READ = 1 << 1,
    DMA_SKIP = 1 << 2,
    DMA_SELECT = 1 << 3, /* the item in the upper 16 bits */
    DMA_WRITE = 1 << 4,
};

enum { ID_TRADITIONAL = 1 << 0, ID_DMA = 1 << 1 };

typedef struct FWCfgItem {
    char *name;          /* of a file; NULL for a number */
    uint8_t *data;       /* of what the guest only reads */
    uint32_t len;
    uint32_t write_at;   /* of a writable file: where it begins in `writable` */
    bool is_writable;
    FWCfgWritten written;
    void *opaque;
} FWCfgItem;

struct FWCfgState {
    DeviceState parent_obj;
    MemoryRegion mr;
    FWCfgItem fixed[FIXED_ITEMS];
    GPtrArray *files;    /* FWCfgItem, sorted by name: item FW_CFG_FILE_FIRST + index */
    uint8_t *writable;   /* the contents of all writable files, in one piece for the state table */
    uint32_t writable_len;

    /* Properties. */
    bool dma_enabled;
    uint16_t file_slots;

    /* What the guest changes. */
    uint16_t item;       /* selected */
    uint32_t offset;     /* in it, of the next byte */
    uint32_t dma_high;   /* upper half of the address, waiting for the lower */
};

FWCfgState *fw_cfg_find(void)
{
    Object *obj = object_resolve_path("/machine/fw_cfg");

    return obj ? object_dynamic_cast(obj, TYPE_FW_CFG) : NULL;
}

/* ---- Items ---- */

static void item_free(gpointer p)
{
    FWCfgItem *item = p;

    g_free(item->name);
    g_free(item->data);
    g_free(item);
}

/* The selected item, or NULL: one that is not there reads as zeros. Bit 14 of the number meant
 * writing in former times and is ignored; bit 15 is for the items of other architectures. */
static FWCfgItem *selected(FWCfgState *s)
{
    uint16_t n = s->item & 0xbfff;

    if (n < FIXED_ITEMS) {
        return &s->fixed[n];
    }
    return n - FW_CFG_FILE_FIRST < (int)s->files->len
               ? g_ptr_array_index(s->files, n - FW_CFG_FILE_FIRST) : NULL;
}

static const uint8_t *item_data(const FWCfgState *s, const FWCfgItem *item)
{
    return item->is_writable ? s->writable + item->write_at : item->data;
}

/* How many bytes of the selected item are ahead, and where. */
static uint32_t ahead(FWCfgState *s, const uint8_t **data)
{
    FWCfgItem *item = selected(s);

    if (!item || s->offset >= item->len) {
        return 0;
    }
    *data = item_data(s, item) + s->offset;
    return item->len - s->offset;
}

static void skip(FWCfgState *s, uint32_t n)
{
    s->offset = n > UINT32_MAX - s->offset ? UINT32_MAX : s->offset + n;
}

void fw_cfg_add_bytes(FWCfgState *s, uint16_t key, void *data, uint32_t len)
{
    if (key >= FIXED_ITEMS) {
        g_free(data);
        return;
    }
    g_free(s->fixed[key].data);
    s->fixed[key].data = data;
    s->fixed[key].len = len;
}

void fw_cfg_add_u16(FWCfgState *s, uint16_t key, uint16_t v)
{
    v = htole16(v);
    fw_cfg_add_bytes(s, key, g_memdup2(&v, sizeof(v)), sizeof(v));
}

void fw_cfg_add_u32(FWCfgState *s, uint16_t key, uint32_t v)
{
    v = htole32(v);
    fw_cfg_add_bytes(s, key, g_memdup2(&v, sizeof(v)), sizeof(v));
}

void fw_cfg_add_u64(FWCfgState *s, uint16_t key, uint64_t v)
{
    v = htole64(v);
    fw_cfg_add_bytes(s, key, g_memdup2(&v, sizeof(v)), sizeof(v));
}

/* The list of files: a count, then size, item number, two bytes of nothing and name of each. */
static void write_directory(FWCfgState *s)
{
    uint32_t entry = 8 + FW_CFG_MAX_FILE_NAME + 1, len = 4 + s->files->len * entry;
    uint8_t *dir = g_malloc0(len);

    st32_be(dir, s->files->len);
    for (uint32_t i = 0; i < s->files->len; i++) {
        const FWCfgItem *item = g_ptr_array_index(s->files, i);
        uint8_t *at = dir + 4 + i * entry;

        st32_be(at, item->len);
        st16_be(at + 4, (uint16_t)(FW_CFG_FILE_FIRST + i));
        memcpy(at + 8, item->name, strlen(item->name));
    }
    fw_cfg_add_bytes(s, FW_CFG_FILE_DIR, dir, len);
}

static FWCfgItem *find_file(FWCfgState *s, const char *name, guint *at)
{
    guint i = 0;

    for (; i < s->files->len; i++) {
        FWCfgItem *item = g_ptr_array_index(s->files, i);
        int order = strcmp(item->name, name);

        if (order == 0) {
            return item;
        }
        if (order > 0) {
            break;
        }
    }
    *at = i;
    return NULL;
}

static FWCfgItem *add_file(FWCfgState *s, const char *name, uint32_t len, Error **errp)
{
    FWCfgItem *item;
    guint at;

    if (!*name || strlen(name) > FW_CFG_MAX_FILE_NAME) {
        error_setg(errp, "a firmware file's name has 1 to %d characters, '%.80s' has %zu",
                   FW_CFG_MAX_FILE_NAME, name, strlen(name));
        return NULL;
    }
    if (find_file(s, name, &at)) {
        error_setg(errp, "there is a firmware file '%s' already", name);
        return NULL;
    }
    if (s->files->len == s->file_slots) {
        error_setg(errp, "no room for firmware file '%s': there are %u already "
                   "(-global fw_cfg_mem.x-file-slots=N gives more)", name, s->file_slots);
        return NULL;
    }
    item = g_new0(FWCfgItem, 1);
    item->name = g_strdup(name);
    item->len = len;
    g_ptr_array_insert(s->files, (gint)at, item);
    write_directory(s);
    return item;
}

bool fw_cfg_add_file(FWCfgState *s, const char *name, void *data, uint32_t len, Error **errp)
{
    FWCfgItem *item = add_file(s, name, len, errp);

    if (!item) {
        g_free(data);
        return false;
    }
    item->data = data;
    return true;
}

bool fw_cfg_add_writable(FWCfgState *s, const char *name, uint32_t len, FWCfgWritten written,
                         void *opaque, Error **errp)
{
    FWCfgItem *item = add_file(s, name, len, errp);

    if (!item) {
        return false;
    }
    item->is_writable = true;
    item->written = written;
    item->opaque = opaque;
    item->write_at = s->writable_len;
    s->writable = g_realloc(s->writable, s->writable_len + len);
    memset(s->writable + s->writable_len, 0, len);
    s->writable_len += len;
    return true;
}

const uint8_t *fw_cfg_file(FWCfgState *s, const char *name, uint32_t *len)
{
    guint at;
    FWCfgItem *item = find_file(s, name, &at);

    *len = item ? item->len : 0;
    return item ? item_data(s, item) : NULL;
}

/* ---- DMA ---- */

/* Past its end an item reads as zeros. */
static bool dma_out(FWCfgState *s, hwaddr addr, uint32_t len)
{
    static const uint8_t zeros[4096];
    AddressSpace *as = DEVICE(s)->dma_as;
    const uint8_t *data = NULL;
    uint32_t n = MIN(ahead(s, &data), len);

    skip(s, len);
    if (n && !dma_write(as, addr, data, n)) {
        return false;
    }
    for (len -= n, addr += n; len; len -= n, addr += n) {
        n = MIN(len, sizeof(zeros));
        if (!dma_write(as, addr, zeros, n)) {
            return false;
        }
    }
    return true;
}

/* All of it or nothing. */
static bool dma_in(FWCfgState *s, hwaddr addr, uint32_t len)
{
    FWCfgItem *item = selected(s);
    const uint8_t *data = NULL;
    uint32_t first = s->offset, room = ahead(s, &data);
    bool ok = item && item->is_writable && len <= room;
    g_autofree uint8_t *copy = ok ? g_malloc(len) : NULL;

    skip(s, len);
    if (!ok || (len && !dma_read(DEVICE(s)->dma_as, addr, copy, len))) {
        return false;
    }
    if (len) {
        memcpy(s->writable + item->write_at + first, copy, len);
        if (item->written) {
            item->written(item->opaque, item_data(s, item), item->len, first, len);
        }
    }
    return true;
}

/* The guest wrote the address of a command: control, length, address, all big-endian. */
static void dma_command(FWCfgState *s, hwaddr at)
{
    AddressSpace *as = DEVICE(s)->dma_as;
    uint8_t command[16], done[4];
    uint32_t control, len;
    bool ok = true;

    if (!dma_read(as, at, command, sizeof(command))) {
        device_guest_error(s, "DMA command at 0x%" PRIx64 ", which is not RAM", at);
        st32_be(done, DMA_ERROR);
        dma_write(as, at, done, sizeof(done)); /* in case that its first word is RAM after all */
        return;
    }
    control = ld32_be(command);
    len = ld32_be(command + 4);
    if (control & DMA_SELECT) {
        s->item = control >> 16;
        s->offset = 0;
    }
    if (control & DMA_READ) {
        ok = dma_out(s, ld64_be(command + 8), len);
    } else if (control & DMA_WRITE) {
        ok = dma_in(s, ld64_be(command + 8), len);
    } else if (control & DMA_SKIP) {
        skip(s, len);
    }
    if (!ok) {
        device_guest_error(s, "DMA of %" PRIu32 " bytes at 0x%" PRIx64 ", item 0x%x, failed", len,
                           ld64_be(command + 8), s->item);
    }
    st32_be(done, ok ? 0 : DMA_ERROR);
    dma_write(as, at, done, sizeof(done));
}

/* ---- Registers ---- */

static MemTxResult fw_cfg_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    static const uint8_t dma_signature[8] = { 'Q', 'E', 'M', 'U', ' ', 'C', 'F', 'G' };
    FWCfgState *s = opaque;
    uint8_t bytes[8] = { 0 };

    if (addr >= REG_DMA && s->dma_enabled) {
        *value = ldn_le(dma_signature + (addr - REG_DMA), size);
        return MEMTX_OK;
    }
    if (addr != REG_DATA) {
        return MEMTX_DECODE_ERROR;
    }
    const uint8_t *data = NULL;
    uint32_t n = MIN(ahead(s, &data), size);
    if (n) {
        memcpy(bytes, data, n);
    }
    skip(s, size);
    *value = ldn_le(bytes, size);
    return MEMTX_OK;
}

static MemTxResult fw_cfg_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    FWCfgState *s = opaque;

    if (addr == REG_SELECT && size == 2) {
        s->item = __builtin_bswap16((uint16_t)value);
        s->offset = 0;
    } else if (addr == REG_DMA && size == 8 && s->dma_enabled) {
        s->dma_high = 0;
        dma_command(s, __builtin_bswap64(value));
    } else if (addr == REG_DMA && size == 4 && s->dma_enabled) {
        s->dma_high = __builtin_bswap32((uint32_t)value);
    } else if (addr == REG_DMA + 4 && size == 4 && s->dma_enabled) {
        hwaddr at = (uint64_t)s->dma_high << 32 | __builtin_bswap32((uint32_t)value);
        s->dma_high = 0;
        dma_command(s, at);
    } else if (addr == REG_DATA) {
        device_guest_error(s, "write of the data register: items are written by DMA only");
    } else {
        return MEMTX_DECODE_ERROR;
    }
    return MEMTX_OK;
}

static const MemoryRegionOps fw_cfg_ops = {
    .read = fw_cfg_read,
    .write = fw_cfg_write,
    .valid = { .min = 1, .max = 8 },
};

/* ---- The device ---- */

static bool fw_cfg_realize(DeviceState *dev, Error **errp)
{
    FWCfgState *s = FW_CFG(dev);

    device_init_mmio(dev, &s->mr, &fw_cfg_ops, TYPE_FW_CFG, REG_END);
    fw_cfg_add_bytes(s, FW_CFG_SIGNATURE, g_memdup2("QEMU", 4), 4);
    fw_cfg_add_u32(s, FW_CFG_ID, ID_TRADITIONAL | (s->dma_enabled ? ID_DMA : 0));
    return true;
}

/* At the root, where firmware looks for it. */
static void fw_cfg_fdt(DeviceState *dev, FDTBuilder *fdt, const DeviceFDTContext *ctx)
{
    g_autofree char *node = g_strdup_printf("/fw-cfg@%" PRIx64, ctx->base);

    fdt_set_str(fdt, node, "compatible", "qemu,fw-cfg-mmio");
    fdt_set_reg(fdt, node, ctx->base, ctx->size);
    fdt_set_empty(fdt, node, "dma-coherent");
}

static void fw_cfg_acpi(DeviceState *dev, Aml *aml, const DeviceACPIContext *ctx)
{
    aml_open_device(aml, "FWCF");
    aml_name_str(aml, "_HID", "QEMU0002");
    aml_name_int(aml, "_STA", 0xb); /* there, working, not to be shown to the user */
    aml_name_int(aml, "_CCA", 1);   /* DMA is coherent */
    aml_name(aml, "_CRS");
    aml_open_resources(aml);
    aml_memory32(aml, (uint32_t)ctx->base, (uint32_t)ctx->size);
    aml_close(aml);
    aml_close(aml);
}

static void fw_cfg_instance_init(Object *obj)
{
    FWCfgState *s = FW_CFG(obj);

    s->files = g_ptr_array_new_with_free_func(item_free);
    write_directory(s);
}

static void fw_cfg_instance_finalize(Object *obj)
{
    FWCfgState *s = FW_CFG(obj);

    for (size_t i = 0; i < FIXED_ITEMS; i++) {
        g_free(s->fixed[i].data);
    }
    g_ptr_array_unref(s->files);
    g_free(s->writable);
}

static const Property fw_cfg_props[] = {
    PROP_BOOL("dma_enabled", FWCfgState, dma_enabled, true, "whether there is a DMA register"),
    PROP_U16("x-file-slots", FWCfgState, file_slots, 32, 16, 16352, "how many files there may be"),
    PROP_END,
};

static const StateField fw_cfg_fields[] = {
    S_U16(FWCfgState, item),
    S_U32(FWCfgState, offset),
    S_U32(FWCfgState, dma_high),
    { STATE_(FWCfgState, writable), .type = STATE_BYTES, .flags = STATE_POINTER,
      .count_offset = offsetof(FWCfgState, writable_len) },
    S_END,
};

static const StateTable fw_cfg_state = { .name = TYPE_FW_CFG, .fields = fw_cfg_fields };

static void fw_cfg_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    klass->props = fw_cfg_props;
    klass->state = &fw_cfg_state;
    dc->realize = fw_cfg_realize;
    dc->fdt = fw_cfg_fdt;
    dc->acpi = fw_cfg_acpi;
}

static const TypeInfo fw_cfg_info = {
    .name = TYPE_FW_CFG,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(FWCfgState),
    .desc = "items that the firmware reads, and files that it writes",
    .class_init = fw_cfg_class_init,
    .instance_init = fw_cfg_instance_init,
    .instance_finalize = fw_cfg_instance_finalize,
};

type_init(fw_cfg_info)
