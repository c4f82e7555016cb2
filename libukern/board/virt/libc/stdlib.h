/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  libfdt includes <stdlib.h> and uses nothing of it.
 */
#ifndef BOARD_VIRT_STDLIB_H
#define BOARD_VIRT_STDLIB_H

#include <stddef.h>

#endif
