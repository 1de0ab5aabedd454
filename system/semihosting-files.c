/*
 * Semihosting: the guest's open files, and its console.
 *
 * Files are the user's own, with the user's rights: that is what -semihosting is for. Nothing here
 * waits for long, because the machine could not be stopped meanwhile.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/semihosting.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILES 64
#define INPUT_SIZE 1024
#define INPUT_WAIT_US 20000  /* before the call is made again */
#define OUTPUT_WAIT_MS 1000  /* without progress, before output is dropped */

typedef enum FileKind { FILE_NONE, FILE_INPUT, FILE_OUTPUT, FILE_HOST, FILE_FEATURES } FileKind;

typedef struct File {
    FileKind kind;
    int fd;       /* FILE_HOST */
    size_t pos;   /* FILE_FEATURES */
} File;

struct SemihostFiles {
    GMutex lock;
    File files[MAX_FILES];
    Chardev *chr;  /* or NULL */
    GCond filled;
    uint8_t input[INPUT_SIZE];
    size_t n_input;
};

/* Magic number, then: EXIT_EXTENDED is there; standard output and error are two. */
static const uint8_t features[5] = { 'S', 'H', 'F', 'B', 3 };

/* ---- The console ---- */

static size_t can_receive(void *opaque)
{
    SemihostFiles *f = opaque;

    g_mutex_lock(&f->lock);
    size_t room = sizeof(f->input) - f->n_input;
    g_mutex_unlock(&f->lock);
    return room;
}

static void receive(void *opaque, const uint8_t *buf, size_t len)
{
    SemihostFiles *f = opaque;

    g_mutex_lock(&f->lock);
    memcpy(f->input + f->n_input, buf, len);
    f->n_input += len;
    g_cond_broadcast(&f->filled);
    g_mutex_unlock(&f->lock);
}

ssize_t semihost_console_read(SemihostFiles *f, void *buf, size_t len, bool *again)
{
    gint64 until = g_get_monotonic_time() + INPUT_WAIT_US;
    size_t n;

    if (!f->chr || !len) {
        return 0;
    }
    g_mutex_lock(&f->lock);
    while (!f->n_input && g_cond_wait_until(&f->filled, &f->lock, until)) {
    }
    n = MIN(len, f->n_input);
    memcpy(buf, f->input, n);
    f->n_input -= n;
    memmove(f->input, f->input + n, f->n_input);
    g_mutex_unlock(&f->lock);
    *again = n == 0;
    if (n) {
        chr_accept_input(f->chr);
    }
    return (ssize_t)n;
}

static size_t write_stderr(const uint8_t *buf, size_t len)
{
    struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
    ssize_t n;

    if (poll(&p, 1, OUTPUT_WAIT_MS) <= 0) {
        return 0;
    }
    n = write(STDERR_FILENO, buf, MIN(len, 4096));
    return n < 0 ? 0 : (size_t)n;
}

static size_t write_chardev(Chardev *chr, const uint8_t *buf, size_t len)
{
    size_t n = chr_write(chr, buf, len);

    for (int ms = 0; !n && ms < OUTPUT_WAIT_MS; ms++) {
        g_usleep(1000);
        n = chr_write(chr, buf, len);
    }
    return n;
}

void semihost_console_write(SemihostFiles *f, const void *data, size_t len)
{
    const uint8_t *buf = data;

    while (len) {
        size_t n = f->chr ? write_chardev(f->chr, buf, len) : write_stderr(buf, len);

        if (!n) {
            return;
        }
        buf += n;
        len -= n;
    }
}

/* ---- Handles ---- */

/* The file, or NULL and errno. Lock held. */
static File *find(SemihostFiles *f, uint64_t handle)
{
    if (handle == 0 || handle >= MAX_FILES || f->files[handle].kind == FILE_NONE) {
        errno = EBADF;
        return NULL;
    }
    return &f->files[handle];
}

/* A copy of what the handle stands for. Another hart may close it while it is in use: then the
 * descriptor is closed only if it is a duplicate, which the caller drops. */
static bool hold(SemihostFiles *f, uint64_t handle, File *out)
{
    g_mutex_lock(&f->lock);
    File *file = find(f, handle);
    if (file) {
        *out = *file;
        if (file->kind == FILE_HOST) {
            out->fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 3);
        }
    }
    g_mutex_unlock(&f->lock);
    return file && (out->kind != FILE_HOST || out->fd >= 0);
}

static void drop(File *held)
{
    int saved = errno;

    if (held->kind == FILE_HOST) {
        close(held->fd);
    }
    errno = saved;
}

static int install(SemihostFiles *f, File file)
{
    int handle = -1;

    g_mutex_lock(&f->lock);
    for (int i = 1; i < MAX_FILES && handle < 0; i++) {
        if (f->files[i].kind == FILE_NONE) {
            f->files[i] = file;
            handle = i;
        }
    }
    g_mutex_unlock(&f->lock);
    if (handle < 0) {
        drop(&file);
        errno = EMFILE;
    }
    return handle;
}

int semihost_open(SemihostFiles *f, const char *name, unsigned mode)
{
    static const int flags[3][2] = {
        { O_RDONLY, O_RDWR },
        { O_WRONLY | O_CREAT | O_TRUNC, O_RDWR | O_CREAT | O_TRUNC },
        { O_WRONLY | O_CREAT | O_APPEND, O_RDWR | O_CREAT | O_APPEND },
    };
    int fd;

    if (mode > 11) {
        errno = EINVAL;
        return -1;
    }
    if (!strcmp(name, ":tt")) {
        return install(f, (File){ .kind = mode < 4 ? FILE_INPUT : FILE_OUTPUT });
    }
    if (!strcmp(name, ":semihosting-features")) {
        if (mode > 1) {
            errno = EACCES;
            return -1;
        }
        return install(f, (File){ .kind = FILE_FEATURES });
    }
    /* A pipe that nobody writes to must not stop the vCPU. */
    fd = open(name, flags[mode / 4][mode >> 1 & 1] | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
    return fd < 0 ? -1 : install(f, (File){ .kind = FILE_HOST, .fd = fd });
}

int semihost_close(SemihostFiles *f, uint64_t handle)
{
    int r = -1;

    g_mutex_lock(&f->lock);
    File *file = find(f, handle);
    if (file) {
        r = file->kind == FILE_HOST ? close(file->fd) : 0;
        file->kind = FILE_NONE;
    }
    g_mutex_unlock(&f->lock);
    return r;
}

static ssize_t read_features(SemihostFiles *f, uint64_t handle, void *buf, size_t len)
{
    size_t n = 0;

    g_mutex_lock(&f->lock);
    File *file = find(f, handle);
    if (file && file->kind == FILE_FEATURES) {
        n = MIN(len, sizeof(features) - file->pos);
        memcpy(buf, features + file->pos, n);
        file->pos += n;
    }
    g_mutex_unlock(&f->lock);
    return (ssize_t)n;
}

ssize_t semihost_read(SemihostFiles *f, uint64_t handle, void *buf, size_t len, bool *again)
{
    ssize_t n = -1;
    File held;

    if (!hold(f, handle, &held)) {
        return -1;
    }
    switch (held.kind) {
    case FILE_HOST:
        n = read(held.fd, buf, len);
        break;
    case FILE_INPUT:
        n = semihost_console_read(f, buf, len, again);
        break;
    case FILE_FEATURES:
        n = read_features(f, handle, buf, len);
        break;
    default:
        errno = EBADF;
    }
    drop(&held);
    return n;
}

ssize_t semihost_write(SemihostFiles *f, uint64_t handle, const void *buf, size_t len)
{
    ssize_t n = -1;
    File held;

    if (!hold(f, handle, &held)) {
        return -1;
    }
    if (held.kind == FILE_HOST) {
        n = write(held.fd, buf, len);
    } else if (held.kind == FILE_OUTPUT) {
        semihost_console_write(f, buf, len);
        n = (ssize_t)len;
    } else {
        errno = EBADF;
    }
    drop(&held);
    return n;
}

int semihost_seek(SemihostFiles *f, uint64_t handle, uint64_t pos)
{
    int r = -1;

    g_mutex_lock(&f->lock);
    File *file = find(f, handle);
    if (!file) {
    } else if (file->kind == FILE_HOST && pos <= INT64_MAX) {
        r = lseek(file->fd, (off_t)pos, SEEK_SET) < 0 ? -1 : 0;
    } else if (file->kind == FILE_FEATURES && pos <= sizeof(features)) {
        file->pos = pos;
        r = 0;
    } else {
        errno = file->kind == FILE_INPUT || file->kind == FILE_OUTPUT ? ESPIPE : EINVAL;
    }
    g_mutex_unlock(&f->lock);
    return r;
}

int64_t semihost_length(SemihostFiles *f, uint64_t handle)
{
    struct stat st;
    int64_t r = -1;

    g_mutex_lock(&f->lock);
    File *file = find(f, handle);
    if (!file) {
    } else if (file->kind == FILE_HOST) {
        r = fstat(file->fd, &st) ? -1 : (int64_t)st.st_size;
    } else if (file->kind == FILE_FEATURES) {
        r = sizeof(features);
    } else {
        errno = ESPIPE;
    }
    g_mutex_unlock(&f->lock);
    return r;
}

int semihost_is_tty(SemihostFiles *f, uint64_t handle)
{
    int r = -1;

    g_mutex_lock(&f->lock);
    File *file = find(f, handle);
    if (file) {
        r = file->kind == FILE_HOST ? isatty(file->fd)
                                    : file->kind == FILE_INPUT || file->kind == FILE_OUTPUT;
    }
    g_mutex_unlock(&f->lock);
    return r;
}

SemihostFiles *semihost_files_new(Chardev *chr, Error **errp)
{
    SemihostFiles *f = g_new0(SemihostFiles, 1);
    ChrFrontend fe = { .can_receive = can_receive, .receive = receive, .opaque = f };

    g_mutex_init(&f->lock);
    g_cond_init(&f->filled);
    if (chr && !chr_attach(chr, &fe, errp)) {
        semihost_files_free(f);
        return NULL;
    }
    f->chr = chr;
    return f;
}

void semihost_files_free(SemihostFiles *f)
{
    if (f->chr) {
        chr_detach(f->chr, f);
    }
    for (int i = 1; i < MAX_FILES; i++) {
        if (f->files[i].kind == FILE_HOST) {
            close(f->files[i].fd);
        }
    }
    g_mutex_clear(&f->lock);
    g_cond_clear(&f->filled);
    g_free(f);
}
