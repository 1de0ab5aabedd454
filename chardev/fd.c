/*
 * Character devices whose other side is a pair of file descriptors.
 *
 * SPDX-License-Identifier: MIT
 */
#include "chardev/fd.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static void input_ended(FdChardev *f)
{
    FdChardevClass *k = FD_CHARDEV_GET_CLASS(f);

    if (k->hangup) {
        k->hangup(f);
    }
}

/* The watch stays only while there is a taker, or a closed pipe would make the main loop spin. */
static gboolean input_ready(gint fd, GIOCondition cond, gpointer data)
{
    FdChardev *f = data;
    Chardev *chr = CHARDEV(f);
    uint8_t buf[4096];
    size_t room = MIN(chr_can_receive(chr), sizeof(buf));
    ssize_t n;

    if (!room) {
        f->in_tag = 0;
        return G_SOURCE_REMOVE;
    }
    n = read(fd, buf, room);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return G_SOURCE_CONTINUE;
    }
    if (n <= 0) {
        f->in_tag = 0;
        f->in_fd = f->in_fd == f->out_fd ? f->in_fd : -1;
        input_ended(f);
        return G_SOURCE_REMOVE;
    }
    object_ref(f); /* the front end may close us */
    if (FD_CHARDEV_GET_CLASS(f)->filter) {
        n = (ssize_t)FD_CHARDEV_GET_CLASS(f)->filter(f, buf, (size_t)n);
    }
    if (n) {
        chr_deliver(chr, buf, n);
    }
    object_unref(f);
    return G_SOURCE_CONTINUE;
}

static void fd_accept_input(Chardev *chr)
{
    FdChardev *f = FD_CHARDEV(chr);

    if (f->in_fd >= 0 && !f->in_tag && chr_can_receive(chr)) {
        f->in_tag = g_unix_fd_add(f->in_fd, G_IO_IN | G_IO_HUP | G_IO_ERR, input_ready, f);
    }
}

static ssize_t fd_output(Chardev *chr, const uint8_t *buf, size_t len)
{
    FdChardev *f = FD_CHARDEV(chr);
    ssize_t n;

    if (f->out_fd < 0) {
        return len;
    }
    do {
        n = write(f->out_fd, buf, len);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static int fd_out_fd(Chardev *chr)
{
    return FD_CHARDEV(chr)->out_fd;
}

void fd_chardev_start(FdChardev *f, int in_fd, int out_fd)
{
    f->in_fd = in_fd;
    f->out_fd = out_fd;
    chr_set_connected(CHARDEV(f), true);
    chr_accept_input(CHARDEV(f));
}

void fd_chardev_stop(FdChardev *f)
{
    int in_fd = f->in_fd, out_fd = f->out_fd;

    if (f->in_tag) {
        g_source_remove(f->in_tag);
        f->in_tag = 0;
    }
    f->in_fd = f->out_fd = -1;
    if (in_fd >= 0) {
        close(in_fd);
    }
    if (out_fd >= 0 && out_fd != in_fd) {
        close(out_fd);
    }
}

static void fd_init(Object *obj)
{
    FD_CHARDEV(obj)->in_fd = FD_CHARDEV(obj)->out_fd = -1;
}

static void fd_finalize(Object *obj)
{
    fd_chardev_stop(FD_CHARDEV(obj));
}

static void fd_class_init(ObjectClass *klass, const void *data)
{
    ChardevClass *k = CHARDEV_CLASS(klass);

    k->output = fd_output;
    k->out_fd = fd_out_fd;
    k->accept_input = fd_accept_input;
}

static const TypeInfo fd_info = {
    .name = TYPE_CHARDEV_FD,
    .parent = TYPE_CHARDEV,
    .instance_size = sizeof(FdChardev),
    .class_size = sizeof(FdChardevClass),
    .abstract = true,
    .class_init = fd_class_init,
    .instance_init = fd_init,
    .instance_finalize = fd_finalize,
};
type_init(fd_info);
