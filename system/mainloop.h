/*
 * The main loop, and what ends it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_SYSTEM_MAINLOOP_H
#define VIREO_SYSTEM_MAINLOOP_H

#include "system/runpolicy.h"

/* Blocks the signals that the main loop handles; before any thread exists. */
void signals_block(void);

/* Timers, signals and the machine's requests join the default main context. */
void main_loop_init(const RunPolicy *policy);

/* One turn of the loop; it may wait. False once the process is to end. */
bool main_loop_step(void);

/* Turns until the process is to end; the exit status. */
int main_loop_run(void);

#endif
