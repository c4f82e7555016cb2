/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What head.S calls once the MMU is on.
 */
#ifndef ARCH_AARCH64_START_H
#define ARCH_AARCH64_START_H

#include "arch.h"

/* dtb: device tree; load: where the image is; both physical. Returns as core/entry.h says. */
const struct ukern_sysregs *arch_start(paddr_t dtb, paddr_t load, unsigned exception_level);

#endif
