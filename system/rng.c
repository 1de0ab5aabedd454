/*
 * Sources of random bytes: the host's getrandom(2), or a file.
 *
 * SPDX-License-Identifier: MIT
 */
#include "backend/rng.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include "qom/property.h"
#include "qom/user-creatable.h"

#define TYPE_RNG_RANDOM "rng-random"
OBJECT_DECLARE_SIMPLE(RngRandom, RNG_RANDOM, TYPE_RNG_RANDOM)

struct RngRandom {
    RngBackend parent_obj;
    char *filename;
    int fd;
};

static size_t builtin_fill(RngBackend *rng, uint8_t *buf, size_t len)
{
    ssize_t n = getrandom(buf, len, 0);

    return n > 0 ? (size_t)n : 0;
}

static void builtin_class_init(ObjectClass *klass, const void *data)
{
    RNG_BACKEND_CLASS(klass)->fill = builtin_fill;
}

static size_t random_fill(RngBackend *rng, uint8_t *buf, size_t len)
{
    ssize_t n = read(RNG_RANDOM(rng)->fd, buf, len);

    return n > 0 ? (size_t)n : 0;
}

static bool random_complete(Object *obj, Error **errp)
{
    RngRandom *r = RNG_RANDOM(obj);

    r->fd = open(r->filename, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (r->fd < 0) {
        error_setg_errno(errp, errno, "cannot open '%s'", r->filename);
    }
    return r->fd >= 0;
}

static void random_init(Object *obj)
{
    RNG_RANDOM(obj)->fd = -1;
}

static void random_finalize(Object *obj)
{
    if (RNG_RANDOM(obj)->fd >= 0) {
        close(RNG_RANDOM(obj)->fd);
    }
}

static const Property random_props[] = {
    PROP_STR("filename", RngRandom, filename, "/dev/urandom", "where the bytes are read from"),
    PROP_END,
};

static void random_class_init(ObjectClass *klass, const void *data)
{
    klass->props = random_props;
    RNG_BACKEND_CLASS(klass)->fill = random_fill;
    user_creatable_set_complete(klass, random_complete);
}

static const char *const interfaces[] = { TYPE_USER_CREATABLE, NULL };

static const TypeInfo rng_types[] = {
    { .name = TYPE_RNG_BACKEND, .parent = TYPE_OBJECT, .instance_size = sizeof(RngBackend),
      .class_size = sizeof(RngBackendClass), .abstract = true, .interfaces = interfaces },
    { .name = TYPE_RNG_BUILTIN, .parent = TYPE_RNG_BACKEND, .class_init = builtin_class_init,
      .desc = "random bytes of the host's kernel" },
    { .name = TYPE_RNG_RANDOM, .parent = TYPE_RNG_BACKEND, .instance_size = sizeof(RngRandom),
      .class_init = random_class_init, .instance_init = random_init,
      .instance_finalize = random_finalize, .desc = "random bytes of a file" },
};
type_init_array(rng_types);
