/*
 * Types, classes, interfaces, casts, reference counts, the tree.
 *
 * SPDX-License-Identifier: MIT
 */
#include "qom/object.h"

#include <string.h>

#define TYPE_BASE "test-base"
#define TYPE_CHILD "test-child"
#define TYPE_ABSTRACT "test-abstract"
#define TYPE_SPEAKER "test-speaker"
#define TYPE_OTHER "test-other"

static GString *trail; /* what init and finalize functions did, in order */

OBJECT_DECLARE(Base, BaseClass, BASE, TYPE_BASE)

struct Base {
    Object parent_obj;
    int a;
};

struct BaseClass {
    ObjectClass parent_class;
    int (*answer)(Base *b);
    int inherited;
};

typedef struct SpeakerClass {
    InterfaceClass parent_class;
    const char *(*say)(Object *obj);
} SpeakerClass;

static int base_answer(Base *b)
{
    return 1;
}

static const char *base_say(Object *obj)
{
    return "base";
}

static const char *child_say(Object *obj)
{
    return "child";
}

static void base_class_init(ObjectClass *klass, const void *data)
{
    SpeakerClass *s = object_class_interface(klass, TYPE_SPEAKER);

    BASE_CLASS(klass)->answer = base_answer;
    BASE_CLASS(klass)->inherited = 5;
    s->say = base_say;
}

static void base_init(Object *obj)
{
    BASE(obj)->a = 7;
    g_string_append(trail, "+base");
}

static void base_finalize(Object *obj)
{
    g_string_append(trail, "-base");
}

static int child_answer(Base *b)
{
    return 2;
}

static void child_class_init(ObjectClass *klass, const void *data)
{
    SpeakerClass *s = object_class_interface(klass, TYPE_SPEAKER);

    g_assert_cmpstr(data, ==, "data");
    BASE_CLASS(klass)->answer = child_answer;
    s->say = child_say;
}

static void child_init(Object *obj)
{
    g_assert_cmpint(BASE(obj)->a, ==, 7);
    g_string_append(trail, "+child");
}

static void child_finalize(Object *obj)
{
    g_string_append(trail, "-child");
}

static const char *const base_interfaces[] = { TYPE_SPEAKER, NULL };

static const TypeInfo infos[] = {
    /* The child first: registration order must not matter. */
    { .name = TYPE_CHILD, .parent = TYPE_BASE, .class_init = child_class_init,
      .class_data = "data", .instance_init = child_init, .instance_finalize = child_finalize,
      .desc = "a child" },
    { .name = TYPE_BASE, .parent = TYPE_OBJECT, .instance_size = sizeof(Base),
      .class_size = sizeof(BaseClass), .class_init = base_class_init, .instance_init = base_init,
      .instance_finalize = base_finalize, .interfaces = base_interfaces },
    { .name = TYPE_ABSTRACT, .parent = TYPE_BASE, .abstract = true },
    { .name = TYPE_SPEAKER, .parent = TYPE_INTERFACE, .class_size = sizeof(SpeakerClass) },
    { .name = TYPE_OTHER, .parent = TYPE_OBJECT, .instance_size = sizeof(Object) },
};
type_init_array(infos);

static void test_lifecycle(void)
{
    Object *o;

    g_string_truncate(trail, 0);
    o = object_new(TYPE_CHILD, NULL);
    g_assert_nonnull(o);
    g_assert_cmpstr(trail->str, ==, "+base+child");
    g_assert_cmpuint((uintptr_t)o % 64, ==, 0);
    object_ref(o);
    object_unref(o);
    g_assert_cmpstr(trail->str, ==, "+base+child");
    object_unref(o);
    g_assert_cmpstr(trail->str, ==, "+base+child-child-base");
    object_unref(NULL);
}

static void test_classes(void)
{
    ObjectClass *child = object_class_by_name(TYPE_CHILD);
    ObjectClass *base = object_class_by_name(TYPE_BASE);
    g_autoptr(GPtrArray) all = object_class_list(TYPE_BASE, true);
    g_autoptr(GPtrArray) concrete = object_class_list(TYPE_BASE, false);
    g_autoptr(GPtrArray) speakers = object_class_list(TYPE_SPEAKER, false);

    g_assert_true(object_class_parent(child) == base);
    g_assert_cmpstr(object_class_name(child), ==, TYPE_CHILD);
    g_assert_cmpstr(object_class_desc(child), ==, "a child");
    g_assert_cmpint(BASE_CLASS(child)->inherited, ==, 5);
    g_assert_true(BASE_CLASS(child)->answer == child_answer);
    g_assert_true(BASE_CLASS(base)->answer == base_answer);
    g_assert_true(object_class_is(child, TYPE_BASE));
    g_assert_true(object_class_is(child, TYPE_OBJECT));
    g_assert_true(object_class_is(child, TYPE_SPEAKER));
    g_assert_false(object_class_is(base, TYPE_CHILD));
    g_assert_false(object_class_is(base, "no-such-type"));
    g_assert_null(object_class_by_name("no-such-type"));
    g_assert_cmpuint(all->len, ==, 3);
    g_assert_cmpstr(object_class_name(all->pdata[0]), ==, TYPE_ABSTRACT);
    g_assert_cmpuint(concrete->len, ==, 2);
    g_assert_cmpuint(speakers->len, ==, 2);
}

static void test_interfaces(void)
{
    ObjectClass *child = object_class_by_name(TYPE_CHILD);
    ObjectClass *base = object_class_by_name(TYPE_BASE);
    ObjectClass *other = object_class_by_name(TYPE_OTHER);
    ObjectClass *abstract = object_class_by_name(TYPE_ABSTRACT);

    /* A child's override must not leak into its parent's copy. */
    g_assert_cmpstr(((SpeakerClass *)object_class_interface(child, TYPE_SPEAKER))->say(NULL), ==,
                    "child");
    g_assert_cmpstr(((SpeakerClass *)object_class_interface(base, TYPE_SPEAKER))->say(NULL), ==,
                    "base");
    g_assert_cmpstr(((SpeakerClass *)object_class_interface(abstract, TYPE_SPEAKER))->say(NULL),
                    ==, "base");
    g_assert_null(object_class_interface(other, TYPE_SPEAKER));
}

static void test_casts(void)
{
    Object *o = object_new(TYPE_CHILD, NULL);
    Object *other = object_new(TYPE_OTHER, NULL);

    for (int i = 0; i < 3; i++) { /* first by search, then by cache */
        g_assert_true((void *)BASE(o) == (void *)o);
        g_assert_true(BASE_GET_CLASS(o)->answer == child_answer);
        g_assert_true(object_check_cast(o, TYPE_SPEAKER, __FILE__, __LINE__) == o);
        g_assert_true(object_class_check_cast(o->klass, TYPE_SPEAKER, __FILE__, __LINE__) ==
                      object_class_interface(o->klass, TYPE_SPEAKER));
    }
    g_assert_null(BASE(NULL));
    g_assert_null(object_dynamic_cast(other, TYPE_BASE));
    g_assert_true(object_dynamic_cast(o, TYPE_BASE) == o);
    g_assert_true(object_dynamic_cast(o, TYPE_SPEAKER) == o);
    if (g_test_subprocess()) {
        BASE(other);
        return;
    }
    object_unref(o);
    object_unref(other);
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_failed();
    g_test_trap_assert_stderr("*object of type 'test-other' is not a 'test-base'*");
}

static void test_new_errors(void)
{
    Error *err = NULL;

    g_assert_null(object_new("test-chidl", &err));
    g_assert_cmpstr(error_get_pretty(err), ==,
                    "no type 'test-chidl' (did you mean 'test-child'?)");
    g_clear_pointer(&err, error_free);
    g_assert_null(object_new(TYPE_ABSTRACT, &err));
    g_assert_cmpstr(error_get_pretty(err), ==, "type 'test-abstract' is abstract");
    error_free(err);
}

static int count_walk(Object *obj, void *opaque)
{
    return ++*(int *)opaque == 100;
}

static int stop_at_b(Object *obj, void *opaque)
{
    return obj->name && !strcmp(obj->name, "b") ? 9 : 0;
}

static void test_tree(void)
{
    Object *c = object_container("/machine/peripheral");
    Object *o = object_new(TYPE_OTHER, NULL);
    Object *o2 = object_new(TYPE_OTHER, NULL);
    g_autofree char *path = NULL, *loose = object_path(o);
    Error *err = NULL;
    int n = 0;

    g_assert_true(c == object_resolve_path("/machine/peripheral"));
    g_assert_true(c == object_container("/machine//peripheral"));
    g_assert_true(object_resolve_path("/") == object_root());
    g_assert_null(object_resolve_path("machine"));
    g_assert_cmpstr(loose, ==, "(not in the tree)");
    g_assert_true(object_add_child(c, "a", o, &err));
    g_assert_cmpuint(o->ref, ==, 2);
    path = object_path(o);
    g_assert_cmpstr(path, ==, "/machine/peripheral/a");
    g_assert_true(object_resolve_path(path) == o);
    g_assert_false(object_add_child(c, "a", o2, &err));
    g_assert_cmpstr(error_get_pretty(err), ==, "there is a 'a' already");
    g_clear_pointer(&err, error_free);
    g_assert_false(object_add_child(c, "b", o, &err));
    g_clear_pointer(&err, error_free);
    g_assert_true(object_add_child(o, "b", o2, &err));
    g_assert_cmpint(object_walk(object_root(), count_walk, &n), ==, 0);
    g_assert_cmpint(n, ==, 5);
    g_assert_cmpint(object_walk(object_root(), stop_at_b, NULL), ==, 9);
    object_unref(o2);
    object_unparent(o);
    g_assert_null(object_child(c, "a"));
    g_assert_cmpuint(o->ref, ==, 1);
    object_unref(o); /* takes its child with it */
}

static gpointer ref_thread(gpointer data)
{
    for (int i = 0; i < 20000; i++) {
        object_ref(data);
        g_assert_nonnull(object_check_cast(data, i & 1 ? TYPE_BASE : TYPE_OBJECT, "", 0));
        object_unref(data);
    }
    return NULL;
}

static void test_threads(void)
{
    Object *o = object_new(TYPE_CHILD, NULL);
    GThread *t[4];

    for (int i = 0; i < 4; i++) {
        t[i] = g_thread_new("ref", ref_thread, o);
    }
    for (int i = 0; i < 4; i++) {
        g_thread_join(t[i]);
    }
    g_assert_cmpuint(o->ref, ==, 1);
    object_unref(o);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    trail = g_string_new(NULL);
    g_test_add_func("/qom/classes", test_classes);
    g_test_add_func("/qom/lifecycle", test_lifecycle);
    g_test_add_func("/qom/interfaces", test_interfaces);
    g_test_add_func("/qom/casts", test_casts);
    g_test_add_func("/qom/new-errors", test_new_errors);
    g_test_add_func("/qom/tree", test_tree);
    g_test_add_func("/qom/threads", test_threads);
    return g_test_run();
}
