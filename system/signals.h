/*
 * Signals, read as events by the main loop.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_SYSTEM_SIGNALS_H
#define VIREO_SYSTEM_SIGNALS_H

/* Watches for the blocked signals on the default main context. */
void signals_watch(void);

#endif
