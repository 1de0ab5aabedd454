/*
 * Sources of random bytes: -object rng-builtin and rng-random.
 *
 * SPDX-License-Identifier: MIT
 */
#include "backend/rng.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qom/property.h"
#include "qom/user-creatable.h"
#include "util/random.h"

#define DEFAULT_FILE "/dev/urandom"
OBJECT_DECLARE_SIMPLE(RngRandom, RNG_RANDOM, TYPE_RNG_RANDOM)

struct RngRandom {
    RngBackend parent_obj;
    char *filename;
    int fd;
};

static size_t builtin_fill(RngBackend *rng, uint8_t *buf, size_t len)
{
    return guest_random(buf, len);
}

static size_t random_fill(RngBackend *rng, uint8_t *buf, size_t len)
{
    RngRandom *r = RNG_RANDOM(rng);
    ssize_t n;

    if (r->fd < 0) {
        return 0;
    }
    do {
        n = read(r->fd, buf, len);
    } while (n < 0 && errno == EINTR);
    return n > 0 ? n : 0;
}

static bool random_complete(Object *obj, Error **errp)
{
    RngRandom *r = RNG_RANDOM(obj);
    struct stat st;

    r->fd = open(r->filename, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (r->fd < 0) {
        error_setg_errno(errp, errno, "cannot open '%s'", r->filename);
        return false;
    }
    if (fstat(r->fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        error_setg(errp, "'%s' is a directory", r->filename);
        close(r->fd);
        r->fd = -1;
        return false;
    }
    return true;
}

static void random_instance_init(Object *obj)
{
    RNG_RANDOM(obj)->fd = -1;
}

static void random_instance_finalize(Object *obj)
{
    if (RNG_RANDOM(obj)->fd >= 0) {
        close(RNG_RANDOM(obj)->fd);
    }
}

static void builtin_class_init(ObjectClass *klass, const void *data)
{
    RNG_BACKEND_CLASS(klass)->fill = builtin_fill;
}

static const Property random_props[] = {
    PROP_STR("filename", RngRandom, filename, DEFAULT_FILE, "where to read from"),
    PROP_END
};

static void random_class_init(ObjectClass *klass, const void *data)
{
    klass->props = random_props;
    RNG_BACKEND_CLASS(klass)->fill = random_fill;
    user_creatable_set_complete(klass, random_complete);
}

static const char *const rng_interfaces[] = { TYPE_USER_CREATABLE, NULL };

static const TypeInfo rng_types[] = {
    {
        .name = TYPE_RNG_BACKEND,
        .parent = TYPE_OBJECT,
        .abstract = true,
        .instance_size = sizeof(RngBackend),
        .class_size = sizeof(RngBackendClass),
        .interfaces = rng_interfaces,
    },
    {
        .name = TYPE_RNG_BUILTIN,
        .parent = TYPE_RNG_BACKEND,
        .desc = "random bytes of the host's kernel",
        .class_init = builtin_class_init,
    },
    {
        .name = TYPE_RNG_RANDOM,
        .parent = TYPE_RNG_BACKEND,
        .desc = "random bytes from a file",
        .instance_size = sizeof(RngRandom),
        .class_init = random_class_init,
        .instance_init = random_instance_init,
        .instance_finalize = random_instance_finalize,
    },
};
type_init_array(rng_types);
