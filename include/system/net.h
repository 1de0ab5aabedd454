/*
 * What the monitor needs of network back ends, beyond what a card may ask.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_SYSTEM_NET_H
#define VIREO_SYSTEM_NET_H

#include "backend/net.h"

/*
 * Begins or ends forwarding connections of the host to the guest on a netdev-user:
 * "[tcp|udp]:[hostaddr]:hostport-[guestaddr]:guestport"; what is removed may be written without the
 * guest's part. Main thread.
 */
bool net_hostfwd_add(NetBackend *nb, const char *rule, Error **errp);
bool net_hostfwd_remove(NetBackend *nb, const char *rule, Error **errp);

/* The connections of a netdev-user, a line each, g_free(); NULL: it is of another kind. Main thread. */
char *net_connections(NetBackend *nb);

#endif
