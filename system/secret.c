/*
 * -object secret: a password, in the option itself or in a file.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "qom/property.h"
#include "qom/user-creatable.h"

#define TYPE_SECRET "secret"
OBJECT_DECLARE_SIMPLE(Secret, SECRET, TYPE_SECRET)

#define MAX_BYTES 4096

typedef enum SecretFormat { SECRET_RAW, SECRET_BASE64 } SecretFormat;

struct Secret {
    Object parent_obj;
    char *data, *file;
    int format;
    char *text; /* what it is about */
};

/* The file's text without the newline at its end. */
static char *read_file(const char *path, Error **errp)
{
    char buf[MAX_BYTES + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf));

    if (n < 0) {
        error_setg_errno(errp, errno, "cannot read '%s'", path);
    } else if (n > MAX_BYTES) {
        error_setg(errp, "'%s' is longer than %d bytes", path, MAX_BYTES);
        n = -1;
    }
    if (fd >= 0) {
        close(fd);
    }
    if (n < 0) {
        return NULL;
    }
    n -= n && buf[n - 1] == '\n';
    return g_strndup(buf, n);
}

static bool secret_complete(Object *obj, Error **errp)
{
    Secret *s = SECRET(obj);

    if (!s->data == !s->file) {
        error_setg(errp, "a secret needs either data= or file=");
        return false;
    }
    s->text = s->data ? g_strdup(s->data) : read_file(s->file, errp);
    if (s->text && s->format == SECRET_BASE64) {
        gsize len;
        g_autofree guchar *raw = g_base64_decode(s->text, &len);

        g_free(s->text);
        s->text = g_strndup((const char *)raw, len);
    }
    if (s->text && !g_utf8_validate(s->text, -1, NULL)) {
        error_setg(errp, "the secret is not text in UTF-8");
        return false;
    }
    return s->text != NULL;
}

char *secret_text(const char *id, Error **errp)
{
    Object *obj = object_child(object_container("/objects"), id);
    Secret *s = obj ? object_dynamic_cast(obj, TYPE_SECRET) : NULL;

    if (!s) {
        error_setg(errp, "there is no secret '%s' (-object secret,id=%s,file=FILE makes one)", id,
                   id);
        return NULL;
    }
    return g_strdup(s->text);
}

static void secret_finalize(Object *obj)
{
    g_free(SECRET(obj)->text);
}

static const EnumName format_names[] = {
    { "raw", SECRET_RAW, "as it is" },
    { "base64", SECRET_BASE64, "base64" },
    { NULL },
};

static const Property secret_props[] = {
    PROP_STR("data", Secret, data, NULL, "the secret itself; others can see it in the process list"),
    PROP_STR("file", Secret, file, NULL, "a file that holds it"),
    PROP_ENUM("format", Secret, format, SECRET_RAW, format_names, "how it is written"),
    PROP_END
};

static void secret_class_init(ObjectClass *klass, const void *data)
{
    klass->props = secret_props;
    user_creatable_set_complete(klass, secret_complete);
}

static const char *const secret_interfaces[] = { TYPE_USER_CREATABLE, NULL };

static const TypeInfo secret_type = {
    .name = TYPE_SECRET,
    .parent = TYPE_OBJECT,
    .desc = "a password for others to use",
    .instance_size = sizeof(Secret),
    .class_init = secret_class_init,
    .instance_finalize = secret_finalize,
    .interfaces = secret_interfaces,
};
type_init(secret_type);
