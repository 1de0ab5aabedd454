/*
 * The source of the main loop that back ends with descriptors share.
 *
 * SPDX-License-Identifier: MIT
 */
#include "net/link.h"

typedef struct NetSource {
    GSource source; /* first */
    void (*ready)(void *opaque);
    void *opaque;
} NetSource;

static gboolean source_dispatch(GSource *source, GSourceFunc fn, gpointer data)
{
    NetSource *ns = (NetSource *)source;

    g_source_set_ready_time(source, -1);
    ns->ready(ns->opaque);
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = { .dispatch = source_dispatch };

GSource *net_source_new(const char *name, void (*ready)(void *opaque), void *opaque)
{
    NetSource *ns = (NetSource *)g_source_new(&source_funcs, sizeof(*ns));

    g_source_set_name(&ns->source, name);
    ns->ready = ready;
    ns->opaque = opaque;
    return &ns->source;
}

void net_source_start(GSource *source, NetBackend *nb)
{
    g_source_attach(source, NULL);
    g_mutex_lock(&nb->lock);
    nb->source = source;
    g_mutex_unlock(&nb->lock);
}

void net_source_stop(GSource **source, NetBackend *nb)
{
    if (*source) {
        g_mutex_lock(&nb->lock);
        nb->source = NULL;
        g_mutex_unlock(&nb->lock);
        g_source_destroy(*source);
        g_clear_pointer(source, g_source_unref);
    }
}
