/*
 * "serial-mm", the 16550A of boards.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_CHAR_SERIAL_H
#define VIREO_HW_CHAR_SERIAL_H

#include "hw/core/machine.h"

/* The UART as a console of firmware that is not a guest's program. */
FirmwareConsole serial_mm_console(DeviceState *dev);

#endif
