/*
 * chardev-pipe and chardev-serial: named pipes and the host's own serial ports, which are opened by
 * path and then read and written alike.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "chardev/fd.h"
#include "qom/user-creatable.h"
#include "system/chardev.h"

#define TYPE_CHARDEV_PATH "chardev-path"
OBJECT_DECLARE_SIMPLE(PathChardev, PATH_CHARDEV, TYPE_CHARDEV_PATH)

struct PathChardev {
    FdChardev parent_obj;
    char *path;
};

static const Property path_props[] = {
    PROP_STR("path", PathChardev, path, NULL, "what to open"),
    PROP_END,
};

/* Does not block: O_RDWR on a FIFO waits for nobody, and it never sees its peers' ends. */
static int open_rdwr(const char *path)
{
    return open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static bool check_path(PathChardev *s, Error **errp)
{
    if (!s->path || !*s->path) {
        error_setg(errp, "property 'path' is missing (path=FILE)");
        return false;
    }
    return true;
}

static bool is_fifo(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

/* PATH.in for input and PATH.out for output, or PATH for both if those do not exist. */
static bool pipe_complete(Object *obj, Error **errp)
{
    PathChardev *s = PATH_CHARDEV(obj);
    g_autofree char *in_path = NULL, *out_path = NULL;
    int in, out;

    if (!check_path(s, errp)) {
        return false;
    }
    in_path = g_strconcat(s->path, ".in", NULL);
    out_path = g_strconcat(s->path, ".out", NULL);
    in = open_rdwr(in_path);
    out = open_rdwr(out_path);
    if (in < 0 || out < 0) {
        if (in >= 0) {
            close(in);
        }
        if (out >= 0) {
            close(out);
        }
        in = out = open_rdwr(s->path);
        if (in < 0) {
            error_setg_errno(errp, errno, "cannot open '%s.in' and '%s.out', nor '%s'", s->path,
                             s->path, s->path);
            return false;
        }
    }
    if (!is_fifo(in) || !is_fifo(out)) {
        error_setg(errp, "'%s' is not a named pipe (mkfifo makes one)", s->path);
        close(in);
        if (out != in) {
            close(out);
        }
        return false;
    }
    fd_chardev_start(FD_CHARDEV(s), in, out);
    return true;
}

static bool serial_complete(Object *obj, Error **errp)
{
    PathChardev *s = PATH_CHARDEV(obj);
    struct termios t;
    int fd;

    if (!check_path(s, errp)) {
        return false;
    }
    fd = open_rdwr(s->path);
    if (fd < 0) {
        error_setg_errno(errp, errno, "cannot open '%s'", s->path);
        return false;
    }
    if (tcgetattr(fd, &t) != 0) {
        error_setg(errp, "'%s' is not a serial port", s->path);
        close(fd);
        return false;
    }
    cfmakeraw(&t);
    t.c_cflag |= CLOCAL | CREAD;
    tcsetattr(fd, TCSANOW, &t);
    fd_chardev_start(FD_CHARDEV(s), fd, fd);
    return true;
}

static char *path_describe(Chardev *chr)
{
    return g_strdup(PATH_CHARDEV(chr)->path);
}

static void path_class_init(ObjectClass *klass, const void *data)
{
    klass->props = path_props;
    CHARDEV_CLASS(klass)->describe = path_describe;
}

static void pipe_class_init(ObjectClass *klass, const void *data)
{
    user_creatable_set_complete(klass, pipe_complete);
}

static void serial_class_init(ObjectClass *klass, const void *data)
{
    user_creatable_set_complete(klass, serial_complete);
}

static const TypeInfo path_info = {
    .name = TYPE_CHARDEV_PATH,
    .parent = TYPE_CHARDEV_FD,
    .instance_size = sizeof(PathChardev),
    .abstract = true,
    .class_init = path_class_init,
};
type_init(path_info);

static const TypeInfo pipe_info = {
    .name = TYPE_CHARDEV_PIPE,
    .parent = TYPE_CHARDEV_PATH,
    .desc = "named pipes PATH.in and PATH.out, or PATH for both",
    .class_init = pipe_class_init,
};
type_init(pipe_info);

static const TypeInfo serial_info = {
    .name = TYPE_CHARDEV_SERIAL,
    .parent = TYPE_CHARDEV_PATH,
    .desc = "serial port of the host",
    .class_init = serial_class_init,
};
type_init(serial_info);
