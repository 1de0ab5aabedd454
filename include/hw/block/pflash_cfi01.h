/*
 * NOR flash for boards.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_BLOCK_PFLASH_CFI01_H
#define VIREO_HW_BLOCK_PFLASH_CFI01_H

#define TYPE_PFLASH_CFI01 "cfi.pflash01"

#endif
