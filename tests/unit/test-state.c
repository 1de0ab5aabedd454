/*
 * State tables: reset, save, load; every damage to a saved state is refused and changes nothing.
 *
 * SPDX-License-Identifier: MIT
 */
#include "qom/state.h"

#include <string.h>

#define TYPE_DEV "test-state-dev"
#define TYPE_SUB "test-state-sub"

OBJECT_DECLARE_SIMPLE(Dev, DEV, TYPE_DEV)

typedef struct Lane {
    uint16_t level;
    bool on;
} Lane;

struct Dev {
    Object parent_obj;
    uint8_t a;
    uint16_t b;
    uint32_t c[3];
    uint64_t d;
    bool e;
    uint8_t raw[4];
    Lane lanes[2];
    uint32_t nr;
    uint64_t *array;
    uint32_t scratch; /* transient */
    uint32_t kept;    /* over a reset */
    uint32_t derived;
    uint8_t sub;
};

static const StateField lane_rows[] = {
    S_U16(Lane, level, .reset = 3, .max = 100),
    S_BOOL(Lane, on),
    S_END,
};

static const StateField dev_rows[] = {
    S_U8(Dev, a, .reset = 1),
    S_U16(Dev, b, .max = 500),
    S_U32(Dev, c, .count = 3, .reset = 7),
    S_U64(Dev, d),
    S_BOOL(Dev, e, .reset = 1),
    S_BYTES(Dev, raw, 4),
    S_STRUCTS(Dev, lanes, 2, Lane, lane_rows),
    S_U32(Dev, nr, .flags = STATE_NO_RESET),
    S_U64(Dev, array, .flags = STATE_POINTER, .count_offset = offsetof(Dev, nr), .reset = 2),
    S_U32(Dev, scratch, .flags = STATE_TRANSIENT),
    S_U32(Dev, kept, .flags = STATE_NO_RESET),
    S_END,
};

static const StateField sub_rows[] = { S_U8(Dev, sub, .reset = 8), S_END };

static bool dev_check(const Object *obj, Error **errp)
{
    if (DEV(obj)->d < DEV(obj)->a) {
        error_setg(errp, "d is below a");
        return false;
    }
    return true;
}

static void dev_post_load(Object *obj)
{
    DEV(obj)->derived = DEV(obj)->a + 1;
}

static const StateTable dev_state = { .name = "dev", .fields = dev_rows, .check = dev_check,
                                      .post_load = dev_post_load };
static const StateTable sub_state = { .name = "sub", .fields = sub_rows };

static void dev_class_init(ObjectClass *klass, const void *data)
{
    klass->state = &dev_state;
}

static void sub_class_init(ObjectClass *klass, const void *data)
{
    klass->state = &sub_state;
}

static void dev_init(Object *obj)
{
    DEV(obj)->nr = 5;
    DEV(obj)->array = g_new0(uint64_t, 5);
}

static void dev_finalize(Object *obj)
{
    g_free(DEV(obj)->array);
}

static const TypeInfo infos[] = {
    { .name = TYPE_DEV, .parent = TYPE_OBJECT, .instance_size = sizeof(Dev),
      .class_init = dev_class_init, .instance_init = dev_init,
      .instance_finalize = dev_finalize },
    { .name = TYPE_SUB, .parent = TYPE_DEV, .class_init = sub_class_init },
};
type_init_array(infos);

static Dev *filled(void)
{
    Dev *d = DEV(object_new_known(TYPE_SUB));

    d->a = 9;
    d->b = 500;
    d->c[0] = 1;
    d->c[2] = 0xffffffff;
    d->d = 1ULL << 63;
    d->e = true;
    memcpy(d->raw, "\1\2\3\377", 4);
    d->lanes[0] = (Lane){ 4, true };
    d->lanes[1] = (Lane){ 100, false };
    d->array[4] = 0x1122334455667788;
    d->scratch = 66;
    d->kept = 55;
    d->sub = 200;
    return d;
}

static void test_reset(void)
{
    Dev *d = filled();

    object_state_reset(d);
    g_assert_cmpuint(d->a, ==, 1);
    g_assert_cmpuint(d->b, ==, 0);
    g_assert_cmpuint(d->c[0], ==, 7);
    g_assert_cmpuint(d->c[2], ==, 7);
    g_assert_cmpuint(d->d, ==, 0);
    g_assert_true(d->e);
    g_assert_cmpuint(d->raw[3], ==, 0);
    g_assert_cmpuint(d->lanes[1].level, ==, 3);
    g_assert_false(d->lanes[0].on);
    g_assert_cmpuint(d->nr, ==, 5);
    g_assert_cmpuint(d->array[4], ==, 2);
    g_assert_cmpuint(d->scratch, ==, 0);
    g_assert_cmpuint(d->kept, ==, 55);
    g_assert_cmpuint(d->sub, ==, 8);
    object_unref(d);
}

static void test_round_trip(void)
{
    Dev *d = filled(), *n = DEV(object_new_known(TYPE_SUB));
    g_autoptr(GByteArray) out = g_byte_array_new(), again = g_byte_array_new();
    uint64_t *array = n->array;
    Error *err = NULL;

    object_state_save(d, out);
    n->scratch = 12;
    g_assert_true(object_state_load(n, out->data, out->len, &err));
    g_assert_cmpmem(d->c, sizeof(d->c), n->c, sizeof(n->c));
    g_assert_cmpuint(n->lanes[1].level, ==, 100);
    g_assert_cmpuint(n->d, ==, 1ULL << 63);
    g_assert_cmpuint(n->derived, ==, 10);
    g_assert_cmpuint(n->scratch, ==, 12);
    g_assert_cmpuint(n->sub, ==, 200);
    g_assert_true(n->array == array);
    g_assert_cmpuint(array[4], ==, 0x1122334455667788);
    object_state_save(n, again);
    g_assert_cmpmem(out->data, out->len, again->data, again->len);
    object_unref(d);
    object_unref(n);
}

/* Changes the byte behind the first occurrence of a name and what precedes its values. */
static void expect_refused(Dev *d, GByteArray *saved, const char *name, size_t value_offset,
                           uint8_t value, const char *want)
{
    g_autoptr(GByteArray) bad = g_byte_array_new();
    g_autoptr(GByteArray) before = g_byte_array_new(), after = g_byte_array_new();
    Error *err = NULL;
    uint8_t *at;

    g_byte_array_append(bad, saved->data, saved->len);
    at = memmem(bad->data, bad->len, name, strlen(name));
    g_assert_nonnull(at);
    at[strlen(name) + value_offset] = value;
    object_state_save(d, before);
    g_assert_false(object_state_load(d, bad->data, bad->len, &err));
    g_assert_cmpstr(error_get_pretty(err), ==, want);
    error_free(err);
    object_state_save(d, after);
    g_assert_cmpmem(before->data, before->len, after->data, after->len);
}

static void test_refused(void)
{
    Dev *d = filled(), *target = DEV(object_new_known(TYPE_SUB));
    g_autoptr(GByteArray) out = g_byte_array_new();

    object_state_save(d, out);
    /* After a name: type, four bytes of count, then the values. */
    expect_refused(target, out, "level", 5, 101, "dev.lanes[0].level: value 0x65 is above 0x64");
    expect_refused(target, out, "\1e", 5, 2, "dev.e: value 0x2 is above 0x1");
    expect_refused(target, out, "\2nr", 5, 6, "dev.nr: differs from this machine's 5");
    expect_refused(target, out, "array", 1, 6, "dev.array: 6 elements saved, expected 5");
    expect_refused(target, out, "\1d", 0, 0, "dev.d: saved as type 0, expected 3");
    expect_refused(target, out, "\1d", 12, 0, "d is below a");
    expect_refused(target, out, "\4kep", 0, 'q', "dev: unknown field 'kepq'");
    expect_refused(target, out, "\3su", 0, 'q',
                   "test-state-sub: state table 'suq' saved, expected 'sub'");
    expect_refused(target, out, "\1b", -1, 'a', "dev: field 'a' comes twice");
    object_unref(d);
    object_unref(target);
}

static void test_truncated(void)
{
    Dev *d = filled(), *n = DEV(object_new_known(TYPE_SUB));
    g_autoptr(GByteArray) out = g_byte_array_new();
    Error *err = NULL;

    object_state_save(d, out);
    for (guint len = 0; len < out->len; len++) {
        /* A copy of the exact size lets the address sanitizer see a read past the end. */
        g_autofree uint8_t *part = g_memdup2(out->data, len ? len : 1);

        g_assert_false(object_state_load(n, part, len, &err));
        g_assert_nonnull(err);
        g_clear_pointer(&err, error_free);
    }
    g_assert_cmpuint(n->a, ==, 0);
    g_byte_array_append(out, (const guint8 *)"x", 1);
    g_assert_false(object_state_load(n, out->data, out->len, &err));
    g_assert_cmpstr(error_get_pretty(err), ==,
                    "test-state-sub: 1 bytes too many in the saved state");
    error_free(err);
    object_unref(d);
    object_unref(n);
}

static void test_print(void)
{
    Dev *d = filled();
    g_autoptr(GString) s = g_string_new(NULL);

    object_state_print(d, s);
    g_assert_nonnull(strstr(s->str, "c = 0x1 0x0 0xffffffff\n"));
    g_assert_nonnull(strstr(s->str, "lanes[1].level = 0x64\n"));
    object_unref(d);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/state/reset", test_reset);
    g_test_add_func("/state/round-trip", test_round_trip);
    g_test_add_func("/state/refused", test_refused);
    g_test_add_func("/state/truncated", test_truncated);
    g_test_add_func("/state/print", test_print);
    return g_test_run();
}
