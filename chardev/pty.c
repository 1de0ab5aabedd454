/*
 * chardev-pty: a pseudo-terminal for a terminal program to open.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "chardev/fd.h"
#include "qom/user-creatable.h"
#include "system/chardev.h"

#define PTY_POLL_MS 200 /* nothing tells when somebody opens the other side */

OBJECT_DECLARE_SIMPLE(PtyChardev, PTY_CHARDEV, TYPE_CHARDEV_PTY)

struct PtyChardev {
    FdChardev parent_obj;
    char *path;      /* symbolic link to make, or NULL */
    bool linked;     /* it is ours to remove */
    int master;      /* -1: not open */
    char slave[64];  /* its name */
    guint poll_tag;  /* timer while nobody has the other side open */
};

static const Property pty_props[] = {
    PROP_STR("path", PtyChardev, path, NULL, "symbolic link to make to the terminal"),
    PROP_END,
};

static gboolean look_for_peer(gpointer data)
{
    PtyChardev *s = data;
    struct pollfd p = { .fd = s->master, .events = POLLOUT };

    /* Linux reports a hang-up for as long as no process has the slave open. */
    if (poll(&p, 1, 0) < 0 || (p.revents & (POLLHUP | POLLERR))) {
        return G_SOURCE_CONTINUE;
    }
    s->poll_tag = 0;
    fd_chardev_start(FD_CHARDEV(s), dup(s->master), dup(s->master));
    return G_SOURCE_REMOVE;
}

static void pty_hangup(FdChardev *f)
{
    PtyChardev *s = PTY_CHARDEV(f);

    fd_chardev_stop(f);
    chr_set_connected(CHARDEV(f), false);
    if (!s->poll_tag) {
        s->poll_tag = g_timeout_add(PTY_POLL_MS, look_for_peer, s);
    }
}

static ssize_t pty_output(Chardev *chr, const uint8_t *buf, size_t len)
{
    FdChardev *f = FD_CHARDEV(chr);
    ssize_t n = f->out_fd < 0 ? -1 : write(f->out_fd, buf, len);

    if (n < 0 && f->out_fd >= 0 && (errno == EAGAIN || errno == EINTR)) {
        return -EAGAIN;
    }
    return n < 0 ? -EIO : n;
}

/* Opened and closed once, so that the master reports a hang-up until somebody else opens it. */
static bool set_raw(const char *slave, Error **errp)
{
    int fd = open(slave, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios t;

    if (fd < 0 || tcgetattr(fd, &t) != 0) {
        error_setg_errno(errp, errno, "cannot set up the pseudo-terminal '%s'", slave);
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    cfmakeraw(&t);
    tcsetattr(fd, TCSAFLUSH, &t);
    close(fd);
    return true;
}

static bool pty_complete(Object *obj, Error **errp)
{
    PtyChardev *s = PTY_CHARDEV(obj);

    s->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (s->master < 0 || grantpt(s->master) != 0 || unlockpt(s->master) != 0 ||
        ptsname_r(s->master, s->slave, sizeof(s->slave)) != 0) {
        error_setg_errno(errp, errno, "cannot open a pseudo-terminal");
        return false;
    }
    if (!set_raw(s->slave, errp)) {
        return false;
    }
    if (s->path) {
        if (symlink(s->slave, s->path) != 0) {
            error_setg_errno(errp, errno, "cannot make the link '%s'", s->path);
            return false;
        }
        s->linked = true;
    }
    printf("char device redirected to %s (label %s)\n", s->slave, obj->name);
    fflush(stdout);
    s->poll_tag = g_timeout_add(PTY_POLL_MS, look_for_peer, s);
    return true;
}

static char *pty_describe(Chardev *chr)
{
    return g_strdup_printf("pty:%s", PTY_CHARDEV(chr)->slave);
}

static void pty_init(Object *obj)
{
    PTY_CHARDEV(obj)->master = -1;
}

static void pty_finalize(Object *obj)
{
    PtyChardev *s = PTY_CHARDEV(obj);

    if (s->poll_tag) {
        g_source_remove(s->poll_tag);
    }
    if (s->linked) {
        unlink(s->path);
    }
    if (s->master >= 0) {
        close(s->master);
    }
}

static void pty_class_init(ObjectClass *klass, const void *data)
{
    klass->props = pty_props;
    CHARDEV_CLASS(klass)->output = pty_output;
    CHARDEV_CLASS(klass)->describe = pty_describe;
    FD_CHARDEV_CLASS(klass)->hangup = pty_hangup;
    user_creatable_set_complete(klass, pty_complete);
}

static const TypeInfo pty_info = {
    .name = TYPE_CHARDEV_PTY,
    .parent = TYPE_CHARDEV_FD,
    .instance_size = sizeof(PtyChardev),
    .desc = "pseudo-terminal, its name is printed",
    .class_init = pty_class_init,
    .instance_init = pty_init,
    .instance_finalize = pty_finalize,
};
type_init(pty_info);
