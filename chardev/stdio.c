/*
 * chardev-stdio: standard input and output, a terminal in raw mode if they are one.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chardev/fd.h"
#include "chardev/terminal.h"
#include "qom/user-creatable.h"
#include "system/chardev.h"

OBJECT_DECLARE_SIMPLE(StdioChardev, STDIO_CHARDEV, TYPE_CHARDEV_STDIO)

struct StdioChardev {
    FdChardev parent_obj;
    bool signal;
    bool open;
};

static const Property stdio_props[] = {
    PROP_BOOL("signal", StdioChardev, signal, true,
              "Ctrl-C ends the program instead of going to the guest"),
    PROP_END,
};

/*
 * A descriptor of our own that does not block. O_NONBLOCK on fd itself would reach everybody who
 * shares it: the shell, or a `tee` behind us. A regular file never blocks, and opened again it
 * would be written from its beginning; a socket cannot be opened again.
 */
static int private_output(int fd)
{
    struct stat st;
    char name[40];
    int copy = -1;

    if (fstat(fd, &st) != 0) {
        return -1;
    }
    if (S_ISFIFO(st.st_mode) || isatty(fd)) {
        snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
        copy = open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    }
    return copy >= 0 ? copy : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static int find_other(Object *obj, void *self)
{
    return obj != self && object_dynamic_cast(obj, TYPE_CHARDEV_STDIO) &&
           STDIO_CHARDEV(obj)->open;
}

static bool stdio_complete(Object *obj, Error **errp)
{
    StdioChardev *s = STDIO_CHARDEV(obj);

    if (object_walk(object_container(CHARDEV_CONTAINER), find_other, obj)) {
        error_setg(errp, "standard input and output are in use by another chardev");
        return false;
    }
    s->open = true;
    terminal_raw(STDIN_FILENO, s->signal);
    fd_chardev_start(FD_CHARDEV(s), fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3),
                     private_output(STDOUT_FILENO));
    return true;
}

static void stdio_finalize(Object *obj)
{
    if (STDIO_CHARDEV(obj)->open) {
        terminal_restore();
    }
}

static void stdio_class_init(ObjectClass *klass, const void *data)
{
    klass->props = stdio_props;
    user_creatable_set_complete(klass, stdio_complete);
}

static const TypeInfo stdio_info = {
    .name = TYPE_CHARDEV_STDIO,
    .parent = TYPE_CHARDEV_FD,
    .instance_size = sizeof(StdioChardev),
    .desc = "standard input and output",
    .class_init = stdio_class_init,
    .instance_finalize = stdio_finalize,
};
type_init(stdio_info);
