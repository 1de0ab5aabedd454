/*
 * -drive and -blockdev: the parts that are not properties of the disk.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_SYSTEM_DRIVES_H
#define VIREO_SYSTEM_DRIVES_H

#include "util/keyval.h"

/* Takes the keys of -drive that are no properties, or says why they cannot be; snapshot: -snapshot
 * was given. */
bool drive_check_keys(KeyVals *kv, bool snapshot, Error **errp);
/* -blockdev: the node /drives/NODE-NAME. */
bool blockdev_new(const char *text, Error **errp);

#endif
