/*
 * chardev-file: output to a file, input from another.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "chardev/fd.h"
#include "qom/user-creatable.h"
#include "system/chardev.h"

OBJECT_DECLARE_SIMPLE(FileChardev, FILE_CHARDEV, TYPE_CHARDEV_FILE)

struct FileChardev {
    FdChardev parent_obj;
    char *path, *input_path;
    bool append;
};

static const Property file_props[] = {
    PROP_STR("path", FileChardev, path, NULL, "file that output is written to"),
    PROP_BOOL("append", FileChardev, append, false, "keep what the file holds"),
    PROP_STR("input-path", FileChardev, input_path, NULL, "file that input is read from"),
    PROP_END,
};

static bool file_complete(Object *obj, Error **errp)
{
    FileChardev *f = FILE_CHARDEV(obj);
    int in = -1, out;

    if (!f->path || !*f->path) {
        error_setg(errp, "property 'path' is missing (path=FILE)");
        return false;
    }
    if (f->input_path) {
        in = open(f->input_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (in < 0) {
            error_setg_errno(errp, errno, "cannot open '%s'", f->input_path);
            return false;
        }
    }
    /* O_NONBLOCK: a FIFO without a reader is an error at once rather than a hang. */
    out = open(f->path,
               O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC | (f->append ? O_APPEND : O_TRUNC),
               0666);
    if (out < 0) {
        error_setg_errno(errp, errno, "cannot open '%s'", f->path);
        if (in >= 0) {
            close(in);
        }
        return false;
    }
    fd_chardev_start(FD_CHARDEV(f), in, out);
    return true;
}

static char *file_describe(Chardev *chr)
{
    return g_strdup_printf("file:%s", FILE_CHARDEV(chr)->path);
}

static void file_class_init(ObjectClass *klass, const void *data)
{
    klass->props = file_props;
    CHARDEV_CLASS(klass)->describe = file_describe;
    user_creatable_set_complete(klass, file_complete);
}

static const TypeInfo file_info = {
    .name = TYPE_CHARDEV_FILE,
    .parent = TYPE_CHARDEV_FD,
    .instance_size = sizeof(FileChardev),
    .desc = "output to a file",
    .class_init = file_class_init,
};
type_init(file_info);
