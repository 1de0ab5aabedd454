/*
 * Device trees: built as a tree of nodes in memory, written out by libfdt at the end. libfdt's own
 * editing moves the whole blob at every property, which is felt with hundreds of harts.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/core/fdt.h"

#include <inttypes.h>
#include <libfdt.h>
#include <stdarg.h>
#include <string.h>

#include "hw/core/loader.h"
#include "util/bits.h"
#include "util/byteorder.h"

#define FDT_MAX_SIZE (16 * MiB)
#define FDT_MAX_DEPTH 64
#define FDT_MAX_NAME 255

typedef struct FDTProp {
    char *name;
    void *data;
    uint32_t len;
} FDTProp;

typedef struct FDTNode {
    char *name;
    GPtrArray *props;    /* of FDTProp, in the order they were set */
    GPtrArray *children; /* of FDTNode */
    GHashTable *by_name; /* children */
} FDTNode;

typedef struct FDTReserve {
    uint64_t addr, size;
} FDTReserve;

struct FDTBuilder {
    FDTNode *root;
    GArray *reserve;       /* of FDTReserve */
    uint32_t boot_cpu;
    uint32_t next_phandle;
    char *error;           /* the first thing that went wrong */
};

static void prop_free(void *p)
{
    FDTProp *prop = p;

    g_free(prop->name);
    g_free(prop->data);
    g_free(prop);
}

static void node_free(void *p)
{
    FDTNode *node = p;

    g_hash_table_unref(node->by_name);
    g_ptr_array_unref(node->children);
    g_ptr_array_unref(node->props);
    g_free(node->name);
    g_free(node);
}

static FDTNode *node_new(FDTNode *parent, const char *name, size_t len)
{
    FDTNode *node = g_new0(FDTNode, 1);

    node->name = g_strndup(name, len);
    node->props = g_ptr_array_new_with_free_func(prop_free);
    node->children = g_ptr_array_new_with_free_func(node_free);
    node->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    if (parent) {
        g_ptr_array_add(parent->children, node);
        g_hash_table_insert(parent->by_name, node->name, node);
    }
    return node;
}

G_GNUC_PRINTF(2, 3) static void remember_error(FDTBuilder *b, const char *fmt, ...)
{
    va_list ap;

    if (!b->error) {
        va_start(ap, fmt);
        b->error = g_strdup_vprintf(fmt, ap);
        va_end(ap);
    }
}

FDTBuilder *fdt_builder_new(void)
{
    FDTBuilder *b = g_new0(FDTBuilder, 1);

    b->root = node_new(NULL, "", 0);
    b->reserve = g_array_new(FALSE, FALSE, sizeof(FDTReserve));
    b->next_phandle = 1;
    return b;
}

void fdt_builder_free(FDTBuilder *b)
{
    if (b) {
        node_free(b->root);
        g_array_unref(b->reserve);
        g_free(b->error);
        g_free(b);
    }
}

/* The node of an absolute path; made with its parents if create, else NULL when it is missing. */
static FDTNode *node_at(FDTBuilder *b, const char *path, bool create)
{
    FDTNode *node = b->root;
    unsigned depth = 0;

    if (path[0] != '/') {
        remember_error(b, "device tree path '%s' is not absolute", path);
        return NULL;
    }
    for (const char *p = path + 1; *p;) {
        size_t len = strcspn(p, "/");
        g_autofree char *name = g_strndup(p, len);
        FDTNode *child = g_hash_table_lookup(node->by_name, name);

        if (!child && !create) {
            return NULL;
        }
        if (!child && (len == 0 || len > FDT_MAX_NAME || ++depth > FDT_MAX_DEPTH)) {
            remember_error(b, "bad device tree path '%s'", path);
            return NULL;
        }
        node = child ? child : node_new(node, p, len);
        p += len;
        p += *p == '/';
    }
    return node;
}

void fdt_node(FDTBuilder *b, const char *fmt, ...)
{
    g_autofree char *path = NULL;
    va_list ap;

    va_start(ap, fmt);
    path = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    node_at(b, path, true);
}

bool fdt_has_node(FDTBuilder *b, const char *path)
{
    return node_at(b, path, false) != NULL;
}

static FDTProp *prop_find(const FDTNode *node, const char *name)
{
    for (guint i = 0; i < node->props->len; i++) {
        FDTProp *prop = g_ptr_array_index(node->props, i);
        if (strcmp(prop->name, name) == 0) {
            return prop;
        }
    }
    return NULL;
}

static void node_set(FDTNode *node, const char *name, const void *data, uint32_t len)
{
    FDTProp *prop = prop_find(node, name);

    if (!prop) {
        prop = g_new0(FDTProp, 1);
        prop->name = g_strdup(name);
        g_ptr_array_add(node->props, prop);
    }
    g_free(prop->data);
    prop->data = g_memdup2(data, len);
    prop->len = len;
}

void fdt_set_bytes(FDTBuilder *b, const char *node, const char *prop, const void *v, int len)
{
    FDTNode *n = node_at(b, node, true);

    if (n && len >= 0) {
        node_set(n, prop, v, len);
    }
}

void fdt_set_empty(FDTBuilder *b, const char *node, const char *prop)
{
    fdt_set_bytes(b, node, prop, NULL, 0);
}

void fdt_set_u32(FDTBuilder *b, const char *node, const char *prop, uint32_t v)
{
    fdt_set_cells(b, node, prop, &v, 1);
}

void fdt_set_u64(FDTBuilder *b, const char *node, const char *prop, uint64_t v)
{
    uint8_t be[8];

    st64_be(be, v);
    fdt_set_bytes(b, node, prop, be, sizeof(be));
}

void fdt_set_str(FDTBuilder *b, const char *node, const char *prop, const char *v)
{
    fdt_set_bytes(b, node, prop, v, strlen(v) + 1);
}

void fdt_set_cells(FDTBuilder *b, const char *node, const char *prop, const uint32_t *v, int n)
{
    g_autofree uint8_t *be = g_malloc(MAX(n, 1) * 4);

    for (int i = 0; i < n; i++) {
        st32_be(be + 4 * i, v[i]);
    }
    fdt_set_bytes(b, node, prop, be, n * 4);
}

void fdt_set_reg(FDTBuilder *b, const char *node, uint64_t addr, uint64_t size)
{
    uint8_t be[16];

    st64_be(be, addr);
    st64_be(be + 8, size);
    fdt_set_bytes(b, node, "reg", be, sizeof(be));
}

void fdt_set_strv(FDTBuilder *b, const char *node, const char *prop, const char *const *v)
{
    g_autoptr(GByteArray) all = g_byte_array_new();

    for (; *v; v++) {
        g_byte_array_append(all, (const guint8 *)*v, strlen(*v) + 1);
    }
    fdt_set_bytes(b, node, prop, all->data, all->len);
}

void fdt_set_first_phandle(FDTBuilder *b, uint32_t n)
{
    b->next_phandle = MAX(b->next_phandle, n);
}

uint32_t fdt_phandle(FDTBuilder *b, const char *node)
{
    FDTNode *n = node_at(b, node, true);
    FDTProp *prop = n ? prop_find(n, "phandle") : NULL;
    uint8_t be[4];

    if (prop && prop->len == 4) {
        return ld32_be(prop->data);
    }
    if (!n) {
        return 0;
    }
    st32_be(be, b->next_phandle);
    node_set(n, "phandle", be, sizeof(be));
    return b->next_phandle++;
}

/* ---- Writing ---- */

static int write_node(void *blob, const FDTNode *node)
{
    int err = fdt_begin_node(blob, node->name);

    for (guint i = 0; !err && i < node->props->len; i++) {
        const FDTProp *prop = g_ptr_array_index(node->props, i);
        err = fdt_property(blob, prop->name, prop->data, prop->len);
    }
    for (guint i = 0; !err && i < node->children->len; i++) {
        err = write_node(blob, g_ptr_array_index(node->children, i));
    }
    return err ? err : fdt_end_node(blob);
}

static int write_tree(const FDTBuilder *b, void *blob, int size)
{
    int err = fdt_create(blob, size);

    for (guint i = 0; !err && i < b->reserve->len; i++) {
        const FDTReserve *r = &g_array_index(b->reserve, FDTReserve, i);
        err = fdt_add_reservemap_entry(blob, r->addr, r->size);
    }
    err = err ? err : fdt_finish_reservemap(blob);
    err = err ? err : write_node(blob, b->root);
    err = err ? err : fdt_finish(blob);
    if (!err) {
        fdt_set_boot_cpuid_phys(blob, b->boot_cpu);
    }
    return err;
}

void *fdt_builder_finish(FDTBuilder *b, int *size, Error **errp)
{
    int room = 64 * KiB;
    int err;

    if (b->error) {
        error_setg(errp, "%s", b->error);
        return NULL;
    }
    for (;; room *= 2) {
        void *blob = g_malloc0(room);

        err = write_tree(b, blob, room);
        if (!err) {
            *size = fdt_totalsize(blob);
            return blob;
        }
        g_free(blob);
        if (err != -FDT_ERR_NOSPACE || room >= (int)FDT_MAX_SIZE) {
            break;
        }
    }
    error_setg(errp, "cannot write the device tree: %s", fdt_strerror(err));
    return NULL;
}

/* ---- Reading a file ---- */

/* What libfdt found wrong, in words. */
static const char *damage(int err)
{
    switch (-err) {
    case FDT_ERR_TRUNCATED: return "a part of it is cut off";
    case FDT_ERR_BADVERSION: return "it says that readers of version 17 cannot read it";
    case FDT_ERR_BADOFFSET: return "an offset in it is wrong";
    case FDT_ERR_BADSTRUCTURE: return "nodes and properties do not follow each other as they should";
    case FDT_ERR_BADLAYOUT: return "its parts overlap or are in a wrong order";
    default: return fdt_strerror(err);
    }
}

/* Depth first without recursion on the file's word: depth is bounded before a level is entered. */
static bool read_nodes(FDTBuilder *b, const void *blob, Error **errp)
{
    FDTNode *stack[FDT_MAX_DEPTH + 1] = { b->root };
    int depth = 0, node = 0;

    for (; node >= 0 && depth >= 0; node = fdt_next_node(blob, node, &depth)) {
        int prop, len;

        if (depth > FDT_MAX_DEPTH) {
            error_setg(errp, "nodes are nested deeper than %d levels", FDT_MAX_DEPTH);
            return false;
        }
        if (depth > 0) {
            const char *name = fdt_get_name(blob, node, &len);
            if (!name || g_hash_table_contains(stack[depth - 1]->by_name, name)) {
                error_setg(errp, "two nodes of one name: '%s'", name ? name : "?");
                return false;
            }
            stack[depth] = node_new(stack[depth - 1], name, len);
        }
        fdt_for_each_property_offset(prop, blob, node) {
            const char *name;
            const void *data = fdt_getprop_by_offset(blob, prop, &name, &len);

            if (!data) {
                error_setg(errp, "%s", damage(len));
                return false;
            }
            node_set(stack[depth], name, data, len);
            if (strcmp(name, "phandle") == 0 && len == 4 && ld32_be(data) < UINT32_MAX - 1) {
                b->next_phandle = MAX(b->next_phandle, ld32_be(data) + 1);
            }
        }
    }
    if (node < 0 && node != -FDT_ERR_NOTFOUND) {
        error_setg(errp, "%s", damage(node));
        return false;
    }
    return true;
}

/* Whether every property of the structure block ends inside it. libfdt before 1.7 adds up lengths that
 * wrap around: it steps backwards over such a property, for ever, or calls the tree whole. */
static bool lengths_fit(const uint8_t *blob, uint64_t total)
{
    const uint8_t *block = blob + fdt_off_dt_struct(blob);
    uint64_t at = 0, end = MIN(fdt_size_dt_struct(blob), total - fdt_off_dt_struct(blob));

    while (at + 4 <= end) {
        uint32_t tag = ld32_be(block + at);

        at += 4;
        if (tag == FDT_BEGIN_NODE) {
            const uint8_t *nul = memchr(block + at, 0, end - at);
            if (!nul) {
                return false;
            }
            at = align_up(nul + 1 - block, 4);
        } else if (tag == FDT_PROP) {
            if (end - at < 8 || ld32_be(block + at) > end - at - 8) {
                return false;
            }
            at = align_up(at + 8 + ld32_be(block + at), 4);
        } else if (tag == FDT_END) {
            return true;
        } else if (tag != FDT_END_NODE && tag != FDT_NOP) {
            return false;
        }
    }
    return false;
}

FDTBuilder *fdt_builder_from_file(const char *path, Error **errp)
{
    g_autoptr(FDTBuilder) b = NULL;
    g_autofree uint8_t *data = NULL;
    uint64_t size;
    int err;

    if (!load_file(path, FDT_MAX_SIZE, &data, &size, errp)) {
        return NULL;
    }
    if (size < 4 || ld32_be(data) != FDT_MAGIC) {
        error_setg(errp, "%s: not a device tree (no magic number at the start)", path);
        return NULL;
    }
    if (size < sizeof(struct fdt_header) || fdt_totalsize(data) > size) {
        error_setg(errp, "%s: truncated device tree: %" PRIu64 " bytes of %" PRIu32, path, size,
                   size < 8 ? 0 : ld32_be(data + 4));
        return NULL;
    }
    /* Every tool has written version 17 since 2005; older ones align and count differently. */
    if (fdt_version(data) < 17) {
        error_setg(errp, "%s: device tree of version %" PRIu32 " (accepted: 17 and later)", path,
                   fdt_version(data));
        return NULL;
    }
    err = fdt_check_header(data);
    if (!err) {
        err = lengths_fit(data, fdt_totalsize(data)) ? fdt_check_full(data, size)
                                                     : -FDT_ERR_BADSTRUCTURE;
    }
    if (err) {
        error_setg(errp, "%s: damaged device tree: %s", path, damage(err));
        return NULL;
    }
    b = fdt_builder_new();
    b->boot_cpu = fdt_boot_cpuid_phys(data);
    for (int i = 0; i < fdt_num_mem_rsv(data); i++) {
        FDTReserve r;
        if (fdt_get_mem_rsv(data, i, &r.addr, &r.size) == 0) {
            g_array_append_val(b->reserve, r);
        }
    }
    if (!read_nodes(b, data, errp)) {
        error_prepend(errp, "%s: damaged device tree: ", path);
        return NULL;
    }
    return g_steal_pointer(&b);
}
