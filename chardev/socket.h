/*
 * Stream sockets by name.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_CHARDEV_SOCKET_H
#define VIREO_CHARDEV_SOCKET_H

#include "chardev/fd.h"
#include "system/chardev.h"

OBJECT_DECLARE_SIMPLE(SocketChardev, SOCKET_CHARDEV, TYPE_CHARDEV_SOCKET)

/*
 * A connected or listening descriptor that does not block, or -1 with errp: `path` names a local
 * socket, otherwise host (NULL: any address, or this machine for a client) and port a TCP one.
 */
int socket_chardev_connect(const char *path, const char *host, const char *port, Error **errp);
int socket_chardev_listen(const char *path, const char *host, const char *port, Error **errp);

#endif
