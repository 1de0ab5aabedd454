/*
 * A front end that notes what reaches it, and what tests of character devices need around it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TESTS_CHARDEV_PROBE_H
#define VIREO_TESTS_CHARDEV_PROBE_H

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "system/chardev.h"

/* A front end that notes what reaches it. */
typedef struct Probe {
    GString *got;
    GString *events; /* a letter each */
    size_t room;     /* what it takes before it says 0 */
    unsigned writable;
    bool gone;
} Probe;

static inline size_t probe_can_receive(void *opaque)
{
    return ((Probe *)opaque)->room;
}

static inline void probe_receive(void *opaque, const uint8_t *buf, size_t len)
{
    Probe *p = opaque;

    g_assert_cmpuint(len, <=, p->room);
    p->room -= len;
    g_string_append_len(p->got, (const char *)buf, len);
}

static inline void probe_event(void *opaque, ChrEvent event)
{
    g_string_append_c(((Probe *)opaque)->events, "OCBFU"[event]);
}

static inline void probe_writable(void *opaque)
{
    ((Probe *)opaque)->writable++;
}

static inline void probe_gone(void *opaque)
{
    ((Probe *)opaque)->gone = true;
}

static inline void probe_init(Probe *p)
{
    *p = (Probe){ .got = g_string_new(NULL), .events = g_string_new(NULL), .room = SIZE_MAX };
}

static inline void probe_clear(Probe *p)
{
    g_string_free(p->got, TRUE);
    g_string_free(p->events, TRUE);
}

static inline bool attach(Chardev *chr, Probe *p, Error **errp)
{
    ChrFrontend fe = { probe_can_receive, probe_receive, probe_event,
                       probe_writable,    p,             probe_gone };

    return chr_attach(chr, &fe, errp);
}

static inline Chardev *chr_new(const char *text)
{
    g_autoptr(KeyVals) kv = keyval_parse_list(text, "backend", true, NULL);
    Error *err = NULL;
    Chardev *chr = chardev_new(kv, &err);

    if (err) {
        g_test_message("%s: %s", text, error_get_pretty(err));
    }
    g_assert_nonnull(chr);
    return chr;
}

static inline void drop(const char *id)
{
    object_unparent(object_child(object_container(CHARDEV_CONTAINER), id));
}

static inline void settle(void)
{
    for (int i = 0; i < 20; i++) {
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        g_usleep(500);
    }
}

static char *temp_dir;

static inline void remove_temp_dir(void)
{
    GDir *d = g_dir_open(temp_dir, 0, NULL);
    const char *name;

    while (d && (name = g_dir_read_name(d))) {
        g_autofree char *path = g_build_filename(temp_dir, name, NULL);
        g_unlink(path);
    }
    g_clear_pointer(&d, g_dir_close);
    g_rmdir(temp_dir);
    g_clear_pointer(&temp_dir, g_free);
}

/* A file of this name in a folder that goes when the test ends. */
static inline char *temp_name(const char *name)
{
    if (!temp_dir) {
        temp_dir = g_dir_make_tmp("chardev-XXXXXX", NULL);
        atexit(remove_temp_dir);
    }
    return g_build_filename(temp_dir, name, NULL);
}

static inline void put(Chardev *chr, const char *text)
{
    g_assert_cmpuint(chr_write(chr, (const uint8_t *)text, strlen(text)), ==, strlen(text));
}

#endif
