/*
 * What clocks and timers share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_CORE_TIME_INTERNAL_H
#define VIREO_HW_CORE_TIME_INTERNAL_H

#include "hw/core/clock.h"

#define NS_PER_S 1000000000

/* CLOCK_MONOTONIC at which CLOCK_VIRTUAL reads ns: INT64_MAX while it stands still or if that is
 * beyond the end of time. */
int64_t clock_virtual_to_mono(int64_t ns);

/* Somebody counts virtual time, and is told that a timer of it was set. */
bool clock_virtual_counted(void);
void clock_virtual_deadline_changed(void);

/* The virtual clock started, stopped or jumped: the deadline of the host timer is to be set again. */
void timers_clock_changed(void);

#endif
