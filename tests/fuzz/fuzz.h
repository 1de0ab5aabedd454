/*
 * What the fuzz harnesses share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TESTS_FUZZ_H
#define VIREO_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>

#include "hw/core/machine.h"
#include "util/byteorder.h"

/*
 * Builds a machine from a command line, paused, and gives up what an input could do harm with: the
 * folder FUZZ_ROOT of the environment becomes the root directory, and the user nobody, if the process
 * is root's. Ends the process
 * if the machine cannot be built.
 */
void fuzz_start(const char *command_line);

/* libFuzzer's entry points. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
