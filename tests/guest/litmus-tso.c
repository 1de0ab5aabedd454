/*
 * The litmus tests for harts with Ztso.
 *
 * SPDX-License-Identifier: MIT
 */
#define TSO 1
#include "litmus.c"
