/*
 * Stream sockets by name: local paths and TCP addresses.
 *
 * SPDX-License-Identifier: MIT
 */
#include "chardev/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/keyval.h"

static int set_nonblock(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return fd;
}

/* ---- Local ---- */

static bool local_address(const char *path, struct sockaddr_un *sa, Error **errp)
{
    memset(sa, 0, sizeof(*sa));
    sa->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof(sa->sun_path)) {
        error_setg(errp, "socket path '%s' is too long (at most %zu bytes)", path,
                   sizeof(sa->sun_path) - 1);
        return false;
    }
    memcpy(sa->sun_path, path, strlen(path));
    return true;
}

static int local_socket(Error **errp)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        error_setg_errno(errp, errno, "cannot make a socket");
    }
    return fd;
}

static int local_connect(const char *path, Error **errp)
{
    struct sockaddr_un sa;
    int fd;

    if (!local_address(path, &sa, errp) || (fd = local_socket(errp)) < 0) {
        return -1;
    }
    if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0) {
        error_setg_errno(errp, errno, "cannot connect to '%s'", path);
        close(fd);
        return -1;
    }
    return set_nonblock(fd);
}

/* What a process that was killed left behind: a socket on which nobody listens. */
static bool is_stale(const char *path, const struct sockaddr_un *sa)
{
    struct stat st;
    int fd;
    bool stale;

    if (lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode)) {
        return false;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    stale = fd >= 0 && connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) != 0 &&
            errno == ECONNREFUSED;
    if (fd >= 0) {
        close(fd);
    }
    return stale;
}

static int local_listen(const char *path, Error **errp)
{
    struct sockaddr_un sa;
    struct stat st;
    int fd;

    if (!local_address(path, &sa, errp) || (fd = local_socket(errp)) < 0) {
        return -1;
    }
    if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
        error_setg(errp, "cannot listen on '%s': it exists and is no socket", path);
        close(fd);
        return -1;
    }
    if (is_stale(path, &sa)) {
        unlink(path);
    }
    if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0) {
        error_setg_errno(errp, errno, "cannot listen on '%s'", path);
        close(fd);
        return -1;
    }
    if (listen(fd, 1) != 0) {
        error_setg_errno(errp, errno, "cannot listen on '%s'", path);
        unlink(path);
        close(fd);
        return -1;
    }
    return set_nonblock(fd);
}

/* ---- TCP ---- */

static struct addrinfo *resolve(const char *host, const char *port, bool passive, Error **errp)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = passive ? AI_PASSIVE : 0 };
    struct addrinfo *list = NULL;
    g_autofree char *bare = NULL;
    uint64_t number;
    int r;

    if (!parse_u64("port", port, passive ? 0 : 1, 65535, &number, errp)) {
        return NULL;
    }
    if (host && host[0] == '[' && host[strlen(host) - 1] == ']') {
        bare = g_strndup(host + 1, strlen(host) - 2); /* [IPv6] */
        host = bare;
    }
    if (host && !*host) {
        host = NULL;
    }
    r = getaddrinfo(host, port, &hints, &list);
    if (r != 0) {
        error_setg(errp, "cannot resolve '%s': %s", host ? host : "", gai_strerror(r));
        return NULL;
    }
    return list;
}

/* The first address of several that `act` succeeds with. */
static int try_all(struct addrinfo *list, bool reuse,
                   int (*act)(int, const struct sockaddr *, socklen_t))
{
    int last = EADDRNOTAVAIL, one = 1;

    for (struct addrinfo *a = list; a; a = a->ai_next) {
        int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);

        if (fd < 0) {
            last = errno;
            continue;
        }
        if (reuse) {
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        }
        if (act(fd, a->ai_addr, a->ai_addrlen) == 0) {
            freeaddrinfo(list);
            return fd;
        }
        last = errno;
        close(fd);
    }
    freeaddrinfo(list);
    errno = last;
    return -1;
}

int socket_chardev_connect(const char *path, const char *host, const char *port, Error **errp)
{
    struct addrinfo *list;
    int fd;

    if (path) {
        return local_connect(path, errp);
    }
    list = resolve(host, port, false, errp);
    if (!list) {
        return -1;
    }
    fd = try_all(list, false, connect);
    if (fd < 0) {
        error_setg_errno(errp, errno, "cannot connect to %s:%s", host ? host : "", port);
        return -1;
    }
    return set_nonblock(fd);
}

int socket_chardev_listen(const char *path, const char *host, const char *port, Error **errp)
{
    struct addrinfo *list;
    int fd;

    if (path) {
        return local_listen(path, errp);
    }
    list = resolve(host, port, true, errp);
    if (!list) {
        return -1;
    }
    fd = try_all(list, true, bind);
    if (fd < 0 || listen(fd, 1) != 0) {
        error_setg_errno(errp, errno, "cannot listen on %s:%s", host ? host : "", port);
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return set_nonblock(fd);
}
