/*
 * Socket addresses as network options write them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_NET_ADDR_H
#define VIREO_NET_ADDR_H

#include <stdbool.h>
#include <sys/socket.h>

#include "util/error.h"

typedef struct NetAddr {
    union {
        struct sockaddr sa;
        struct sockaddr_storage storage;
    };
    socklen_t len;  /* 0: none */
    char *text;     /* for messages; g_free() */
} NetAddr;

/* host NULL or "": any address if passive, else this machine. family: AF_UNSPEC, AF_INET, AF_INET6;
 * type: SOCK_STREAM or SOCK_DGRAM. */
bool net_addr_inet(NetAddr *a, const char *host, const char *port, bool passive, int family,
                   int type, Error **errp);
/* "[host]:port" in one; key is the option's, for the error. */
bool net_addr_host_port(NetAddr *a, const char *key, const char *text, bool passive, int type,
                        Error **errp);
/* abstract: a name that is no file; tight: without bytes of zero after it. */
bool net_addr_unix(NetAddr *a, const char *path, bool abstract, bool tight, Error **errp);
void net_addr_clear(NetAddr *a);

bool net_addr_is_multicast(const NetAddr *a);
/* The path of a local socket that is a file, or NULL. */
const char *net_addr_path(const NetAddr *a);
/* A socket that does not block, bound to `a`; a local name on which nobody listens is taken over.
 * -1 with errp. */
int net_addr_bind(const NetAddr *a, int type, bool shared, Error **errp);
/* The socket behind a descriptor that the user hands over, made not to block. -1 with errp. */
int net_socket_from_fd(const char *key, const char *text, int type, Error **errp);

#endif
