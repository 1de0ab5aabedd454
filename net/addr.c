/*
 * Socket addresses as network options write them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "net/addr.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/keyval.h"

void net_addr_clear(NetAddr *a)
{
    g_free(a->text);
    memset(a, 0, sizeof(*a));
}

bool net_addr_inet(NetAddr *a, const char *host, const char *port, bool passive, int family,
                   int type, Error **errp)
{
    struct addrinfo hints = { .ai_family = family, .ai_socktype = type,
                              .ai_flags = passive ? AI_PASSIVE : 0 };
    struct addrinfo *list = NULL;
    g_autofree char *bare = NULL;
    uint64_t number;
    int r;

    if (!parse_u64("port", port, passive ? 0 : 1, 65535, &number, errp)) {
        return false;
    }
    if (host && host[0] == '[' && host[strlen(host) - 1] == ']') {
        bare = g_strndup(host + 1, strlen(host) - 2); /* [IPv6] */
        host = bare;
    }
    if (!host || !*host) {
        host = NULL;
        hints.ai_family = family ? family : AF_INET;
    }
    r = getaddrinfo(host, port, &hints, &list);
    if (r != 0) {
        error_setg(errp, "cannot resolve '%s': %s", host ? host : "", gai_strerror(r));
        return false;
    }
    memcpy(&a->storage, list->ai_addr, list->ai_addrlen);
    a->len = list->ai_addrlen;
    a->text = g_strdup_printf("%s:%s", host ? host : "", port);
    freeaddrinfo(list);
    return true;
}

bool net_addr_host_port(NetAddr *a, const char *key, const char *text, bool passive, int type,
                        Error **errp)
{
    const char *colon = strrchr(text, ':');
    g_autofree char *host = NULL;

    if (!colon) {
        error_setg(errp, "invalid value '%s' for '%s': expected [HOST]:PORT", text, key);
        return false;
    }
    host = g_strndup(text, colon - text);
    if (!net_addr_inet(a, host, colon + 1, passive, AF_UNSPEC, type, errp)) {
        error_prepend(errp, "%s=%s: ", key, text);
        return false;
    }
    return true;
}

bool net_addr_unix(NetAddr *a, const char *path, bool abstract, bool tight, Error **errp)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&a->storage;
    size_t len = strlen(path), front = abstract ? 1 : 0;

    if (!len) {
        error_setg(errp, "the path of a local socket is empty");
        return false;
    }
    if (len + front >= sizeof(un->sun_path)) {
        error_setg(errp, "socket path '%s' is too long (at most %zu bytes)", path,
                   sizeof(un->sun_path) - 1 - front);
        return false;
    }
    memset(un, 0, sizeof(*un));
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path + front, path, len);
    a->len = abstract && tight ? offsetof(struct sockaddr_un, sun_path) + 1 + len : sizeof(*un);
    a->text = g_strdup(path);
    return true;
}

bool net_addr_is_multicast(const NetAddr *a)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)&a->storage;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->storage;

    return a->len && ((a->sa.sa_family == AF_INET && IN_MULTICAST(ntohl(in->sin_addr.s_addr))) ||
                      (a->sa.sa_family == AF_INET6 && IN6_IS_ADDR_MULTICAST(&in6->sin6_addr)));
}

const char *net_addr_path(const NetAddr *a)
{
    const struct sockaddr_un *un = (const struct sockaddr_un *)&a->storage;

    return a->len && a->sa.sa_family == AF_UNIX && un->sun_path[0] ? un->sun_path : NULL;
}

/* A name that a process that was killed left behind: a socket on which nobody listens. */
static void remove_stale(const NetAddr *a, int type)
{
    const char *path = net_addr_path(a);
    struct stat st;
    int fd;

    if (!path || lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode)) {
        return;
    }
    fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0) {
        if (connect(fd, &a->sa, a->len) != 0 && errno == ECONNREFUSED) {
            unlink(path);
        }
        close(fd);
    }
}

int net_addr_bind(const NetAddr *a, int type, bool shared, Error **errp)
{
    int fd = socket(a->sa.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;

    if (fd < 0) {
        error_setg_errno(errp, errno, "cannot make a socket");
        return -1;
    }
    if (a->sa.sa_family != AF_UNIX && (type == SOCK_STREAM || shared)) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    }
    remove_stale(a, type);
    if (bind(fd, &a->sa, a->len) != 0 || (type == SOCK_STREAM && listen(fd, 1) != 0)) {
        error_setg_errno(errp, errno, "cannot %s '%s'",
                         type == SOCK_STREAM ? "listen on" : "bind to", a->text);
        close(fd);
        return -1;
    }
    return fd;
}

int net_socket_from_fd(const char *key, const char *text, int type, Error **errp)
{
    uint64_t fd;
    int got = 0;
    socklen_t len = sizeof(got);

    if (!parse_u64(key, text, 0, INT32_MAX, &fd, errp)) {
        return -1;
    }
    if (getsockopt((int)fd, SOL_SOCKET, SO_TYPE, &got, &len) != 0) {
        error_setg(errp, "%s=%s: %s", key, text,
                   errno == ENOTSOCK ? "the descriptor is no socket" : strerror(errno));
        return -1;
    }
    if (got != type) {
        error_setg(errp, "%s=%s: not a %s socket", key, text,
                   type == SOCK_STREAM ? "stream" : "datagram");
        return -1;
    }
    fcntl((int)fd, F_SETFL, fcntl((int)fd, F_GETFL) | O_NONBLOCK);
    fcntl((int)fd, F_SETFD, FD_CLOEXEC);
    return (int)fd;
}
