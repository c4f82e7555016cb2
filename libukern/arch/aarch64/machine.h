/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What the files of this folder share, and what a board may use of them.
 */
#ifndef ARCH_AARCH64_MACHINE_H
#define ARCH_AARCH64_MACHINE_H

#include "arch.h"
#include "board.h"

/*
 * Supplied by the board: find everything in the device tree, hand free memory to frame_add() and
 * fill info, but for the kernel's sizes. The kernel's vectors and clock work already. Panics on a
 * tree that it cannot use.
 */
void board_boot(paddr_t dtb, unsigned exception_level, struct boot_info *info);

/* Firmware calls (SMC calling convention). hvc: to a hypervisor, else to EL3. */
uint64_t machine_firmware_call(bool hvc, uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);
/* Leave the simulator with an exit code, through semihosting. Only where it is known to be on. */
void machine_semihosting_exit(int code);
/* Randomness from the loader, for keys of tasks yet to come. */
void machine_seed(uint64_t seed);

/* Clean and invalidate the data cache for [p, p + n), to the point of coherency. */
void cache_clean_invalidate(void *p, size_t n);
/* Does the address space's ASID count? */
bool arch_asid_current(const struct arch_aspace *as);

/* One-time preparation, in this order. */
void cpu_init(void);
void context_init(paddr_t empty_table);
void counter_init(void);

#endif
