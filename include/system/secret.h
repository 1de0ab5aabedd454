/*
 * Secrets that options name by id: -object secret.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_SYSTEM_SECRET_H
#define VIREO_SYSTEM_SECRET_H

#include "util/error.h"

/* The text of the secret with this id, g_free(); NULL + errp if there is none or it is not text. */
char *secret_text(const char *id, Error **errp);

#endif
