/*
 * Properties of every type: text in, text out, defaults, ranges, errors, help.
 *
 * SPDX-License-Identifier: MIT
 */
#include "qom/property.h"

#include <string.h>

#include "qom/user-creatable.h"

#define TYPE_THING "test-thing"
#define TYPE_SPECIAL "test-special-thing"

OBJECT_DECLARE_SIMPLE(Thing, THING, TYPE_THING)

struct Thing {
    Object parent_obj;
    bool flag, frozen, completed;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    int32_t i32;
    uint64_t u64, size;
    char *str;
    char **list;
    int colour, ooa;
    uint64_t bits[2];
    Object *link;
    uint8_t mac[6];
};

static const EnumName colours[] = {
    { "red", 3, NULL },
    { "green", 4, NULL },
    { NULL, 0, NULL },
};

static bool str_changed(Object *obj, const Property *p, Error **errp)
{
    if (THING(obj)->str && !strcmp(THING(obj)->str, "bad")) {
        error_setg(errp, "'%s' must not be bad", p->name);
        return false;
    }
    return true;
}

static bool bit_changed(Object *obj, const Property *p, Error **errp)
{
    error_setg(errp, "'%s' is refused", p->name);
    return false;
}

static const Property thing_props[] = {
    PROP_BOOL("flag", Thing, flag, true, "a flag"),
    { PROP_(prop_u8, "u8", Thing, u8) },
    PROP_U16("u16", Thing, u16, 5, 0, 0, "full range"),
    PROP_U32("u32", Thing, u32, 9, 2, 10, "small range"),
    { PROP_(prop_i32, "i32", Thing, i32), .def.i = -1, .min = (uint64_t)-4, .max = 4 },
    PROP_U64("u64", Thing, u64, 0, 0, 0, "wide"),
    PROP_SIZE("size", Thing, size, 4096, 1, 1 << 30, "how large"),
    PROP_STR("str", Thing, str, "dflt", "some text"),
    PROP_STRV("list", Thing, list, "several"),
    PROP_ENUM("colour", Thing, colour, 4, colours, "paint"),
    { PROP_(prop_on_off_auto, "ooa", Thing, ooa), .def.i = ON_OFF_AUTO_AUTO },
    { PROP_(prop_bit, "bit70", Thing, bits), .def.u = 1, .bit = 70 },
    { PROP_(prop_bit, "refused", Thing, bits), .bit = 3, .changed = bit_changed },
    PROP_LINK("link", Thing, link, TYPE_THING, "/things", "another thing"),
    { PROP_(prop_macaddr, "mac", Thing, mac), .def.u = 0x525400123456ULL },
    { PROP_(prop_u32, "seen", Thing, u32), .flags = PROP_READONLY },
    { PROP_(prop_u32, "late", Thing, u32), .flags = PROP_LATE | PROP_HIDDEN, .def.u = 9 },
    { PROP_(prop_str, "checked", Thing, str), .def.s = "dflt", .changed = str_changed },
    PROP_END,
};

static const Property special_props[] = {
    PROP_U16("u16", Thing, u16, 77, 0, 0, "another default"),
    PROP_END,
};

static bool thing_complete(Object *obj, Error **errp)
{
    THING(obj)->completed = true;
    if (THING(obj)->u8 == 13) {
        error_setg(errp, "thirteen");
        return false;
    }
    return true;
}

static void thing_class_init(ObjectClass *klass, const void *data)
{
    klass->props = thing_props;
    user_creatable_set_complete(klass, thing_complete);
}

static void special_class_init(ObjectClass *klass, const void *data)
{
    klass->props = special_props;
}

static const char *const thing_interfaces[] = { TYPE_USER_CREATABLE, NULL };

static const TypeInfo infos[] = {
    { .name = TYPE_THING, .parent = TYPE_OBJECT, .instance_size = sizeof(Thing),
      .class_init = thing_class_init, .interfaces = thing_interfaces },
    { .name = TYPE_SPECIAL, .parent = TYPE_THING, .class_init = special_class_init },
};
type_init_array(infos);

static Thing *thing_new(const char *type)
{
    return THING(object_new_known(type));
}

static void check_get(Thing *t, const char *name, const char *want)
{
    g_autofree char *v = object_property_get_str(t, name, NULL);

    g_assert_cmpstr(v, ==, want);
}

static void check_set(Thing *t, const char *name, const char *value, const char *want_error)
{
    Error *err = NULL;
    bool ok = object_property_set_str(t, name, value, &err);

    if (want_error) {
        g_assert_false(ok);
        g_assert_cmpstr(error_get_pretty(err), ==, want_error);
        error_free(err);
    } else {
        g_assert_cmpstr(err ? error_get_pretty(err) : NULL, ==, NULL);
        g_assert_true(ok);
    }
}

static void test_defaults(void)
{
    Thing *t = thing_new(TYPE_THING), *s = thing_new(TYPE_SPECIAL);

    check_get(t, "flag", "on");
    check_get(t, "u16", "5");
    check_get(s, "u16", "77");
    check_get(t, "i32", "-1");
    check_get(t, "size", "4K");
    check_get(t, "str", "dflt");
    check_get(t, "list", "");
    check_get(t, "colour", "green");
    check_get(t, "ooa", "auto");
    check_get(t, "bit70", "on");
    g_assert_cmpuint(t->bits[0], ==, 0);
    g_assert_cmpuint(t->bits[1], ==, 1 << 6);
    check_get(t, "link", "");
    check_get(t, "mac", "52:54:00:12:34:56");
    object_unref(t);
    object_unref(s);
}

static void test_set(void)
{
    static const char *const pairs[][3] = {
        { "flag", "no", "off" },          { "u8", "255", "255" },
        { "u16", "0xffff", "65535" },     { "u32", "10", "10" },
        { "i32", "-4", "-4" },            { "u64", "18446744073709551615", NULL },
        { "size", "1G", "1G" },           { "size", "1536", "1536" },
        { "str", "", "" },                { "str", "a=b,c", "a=b,c" },
        { "colour", "red", "red" },       { "ooa", "off", "off" },
        { "bit70", "off", "off" },        { "mac", "02-aA-bb-cc-dd-ee", "02:aa:bb:cc:dd:ee" },
        { "late", "3", "3" },             { "checked", "fine", "fine" },
    };
    Thing *t = thing_new(TYPE_THING);

    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
        g_test_message("%s=%s", pairs[i][0], pairs[i][1]);
        check_set(t, pairs[i][0], pairs[i][1], NULL);
        check_get(t, pairs[i][0], pairs[i][2] ? pairs[i][2] : pairs[i][1]);
    }
    g_assert_cmpuint(t->bits[1], ==, 0);
    object_unref(t);
}

static void test_errors(void)
{
    Thing *t = thing_new(TYPE_THING);

    check_set(t, "flga", "on", "no property 'flga' (did you mean 'flag'?)");
    check_set(t, "flag", "maybe", "invalid value 'maybe' for 'flag': expected 'on' or 'off'");
    check_set(t, "u8", "256", "value '256' for 'u8' is out of range (0 to 255)");
    check_set(t, "u32", "11", "value '11' for 'u32' is out of range (2 to 10)");
    check_set(t, "u32", "x", "invalid value 'x' for 'u32': expected a whole number from 2 to 10");
    check_set(t, "i32", "-5", "value '-5' for 'i32' is out of range (-4 to 4)");
    check_set(t, "size", "2G", "value '2G' for 'size' is out of range (1 to 1G)");
    check_set(t, "colour", "gren", "invalid value 'gren' for 'colour' (did you mean 'green'?)");
    check_set(t, "colour", "violet",
              "invalid value 'violet' for 'colour': expected one of red, green");
    check_set(t, "seen", "1", "property 'seen' can only be read");
    check_set(t, "mac", "52:54:00:12:34",
              "invalid value '52:54:00:12:34' for 'mac': expected six bytes such as "
              "52:54:00:12:34:56");
    check_set(t, "mac", "01:00:00:00:00:00",
              "invalid value '01:00:00:00:00:00' for 'mac': this is a multicast address");
    /* The old value survives every refusal. */
    check_set(t, "checked", "bad", "'checked' must not be bad");
    check_get(t, "str", "dflt");
    check_set(t, "refused", "on", "'refused' is refused");
    check_get(t, "refused", "off");
    check_get(t, "bit70", "on");
    check_get(t, "u32", "9");
    object_unref(t);
}

static void test_link(void)
{
    Thing *t = thing_new(TYPE_THING), *a = thing_new(TYPE_THING);
    Object *plain = object_ref(object_container("/plain"));

    object_add_child(object_container("/things"), "thing0", a, NULL);
    check_set(t, "link", "thing1", "property 'link': there is no thing 'thing1' (did you mean "
              "'thing0'?)");
    check_set(t, "link", "thing0", NULL);
    g_assert_true(t->link == (Object *)a);
    g_assert_cmpuint(a->parent_obj.ref, ==, 3);
    check_get(t, "link", "thing0");
    check_set(t, "link", "/things/thing0", NULL);
    g_assert_cmpuint(a->parent_obj.ref, ==, 3);
    check_set(t, "link", "/plain",
              "property 'link': '/plain' is a container, expected a test-thing");
    object_unref(t);
    g_assert_cmpuint(a->parent_obj.ref, ==, 2);
    object_unparent(a);
    object_unref(a);
    object_unref(plain);
}

static void test_keyvals(void)
{
    Thing *t = thing_new(TYPE_THING);
    g_autoptr(KeyVals) kv = keyval_parse_list("u8=1,list=a,list=b", NULL, false, NULL);
    g_autoptr(KeyVals) twice = keyval_parse_list("u8=1,u8=2", NULL, false, NULL);
    Error *err = NULL;

    g_assert_true(object_set_keyvals(t, kv, &err));
    check_get(t, "list", "a,b");
    g_assert_false(object_set_keyvals(t, twice, &err));
    g_assert_cmpstr(error_get_pretty(err), ==, "'u8' is given twice");
    error_free(err);
    object_unref(t);
}

static void test_user_creatable(void)
{
    g_autoptr(KeyVals) good = keyval_parse("u8=1", NULL, false, NULL);
    g_autoptr(KeyVals) bad = keyval_parse("u8=13", NULL, false, NULL);
    Error *err = NULL;
    Object *o = user_creatable_new(TYPE_SPECIAL, "/objects", "x", good, &err);

    g_assert_nonnull(o);
    g_assert_true(THING(o)->completed);
    g_assert_null(user_creatable_new(TYPE_THING, "/objects", "x", bad, &err));
    g_assert_cmpstr(error_get_pretty(err), ==, "id 'x' is in use already");
    g_clear_pointer(&err, error_free);
    g_assert_null(user_creatable_new(TYPE_THING, "/objects", "y", bad, &err));
    g_assert_cmpstr(error_get_pretty(err), ==, "thirteen");
    error_free(err);
    g_assert_null(object_resolve_path("/objects/y"));
    object_unparent(o);
}

static bool is_frozen(const Object *obj)
{
    const Thing *t = object_dynamic_cast(obj, TYPE_THING);

    return t && t->frozen;
}

static void test_frozen(void)
{
    Thing *t = thing_new(TYPE_THING);

    object_property_set_frozen_check(is_frozen);
    t->frozen = true;
    check_set(t, "u8", "1", "property 'u8' cannot change after the device is in use");
    check_set(t, "late", "4", NULL);
    object_property_set_frozen_check(NULL);
    object_unref(t);
}

static void test_help(void)
{
    g_autoptr(GString) s = g_string_new(NULL);

    object_property_help(object_class_by_name(TYPE_SPECIAL), s);
    g_assert_nonnull(strstr(s->str, "another default (default: 77)\n"));
    g_assert_nonnull(strstr(s->str, "colour=<red|green>"));
    g_assert_nonnull(strstr(s->str, "link=<id of test-thing>"));
    g_assert_null(strstr(s->str, "full range"));
    g_assert_null(strstr(s->str, "late"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/property/defaults", test_defaults);
    g_test_add_func("/property/set", test_set);
    g_test_add_func("/property/errors", test_errors);
    g_test_add_func("/property/link", test_link);
    g_test_add_func("/property/keyvals", test_keyvals);
    g_test_add_func("/property/user-creatable", test_user_creatable);
    g_test_add_func("/property/frozen", test_frozen);
    g_test_add_func("/property/help", test_help);
    return g_test_run();
}
