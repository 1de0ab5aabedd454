/*
 * Substitution tables that the scalar and the vector cryptography instructions share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_TARGET_RISCV_SBOX_H
#define VIREO_TARGET_RISCV_SBOX_H

#include <stdint.h>

extern const uint8_t riscv_aes_sbox[256], riscv_aes_inv_sbox[256], riscv_sm4_sbox[256];

#endif
