/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Error codes: zero is success, every error is one negative number with a name.
 *  The list, with texts, is errors.def.
 */
#ifndef UKERN_ABI_ERRORS_H
#define UKERN_ABI_ERRORS_H

/** Result of a system call or of an SDK function: UKERN_OK or a negative error. */
enum ukern_error {
    UKERN_OK = 0,
#define UKERN_ERROR(name, number, giver, text) UKERN_##name = -(number),
#include <ukern/abi/errors.def>
#undef UKERN_ERROR
};

#endif
