/*
 * -rtc: the wall clock of the guest.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_SYSTEM_RTC_H
#define VIREO_SYSTEM_RTC_H

#include "system/options.h"

/* Sets the clock of clock_rtc_ns() as -rtc says; before the machine is made. */
bool rtc_option(const Options *o, Error **errp);

#endif
