/*
 * -netdev user in a build without libslirp.
 *
 * SPDX-License-Identifier: MIT
 */
#include "net/net-int.h"

bool user_net_start(UserNet *un, Error **errp)
{
    error_setg(errp, "this build has no user-mode network: it was configured without libslirp "
               "(Debian package libslirp-dev)");
    return false;
}

void user_net_stop(UserNet *un)
{
}

char *user_net_info(UserNet *un)
{
    return NULL;
}

bool user_net_forward(UserNet *un, const HostFwd *f, bool on, Error **errp)
{
    error_setg(errp, "this program was built without libslirp");
    return false;
}
