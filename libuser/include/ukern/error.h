/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 * Errors in words. The list is abi/errors.def. */
#ifndef UKERN_ERROR_H
#define UKERN_ERROR_H

#include <ukern/abi/errors.h>

/**
 * A sentence that says what is wrong and, where that helps, what to do.
 * @param error  a negative error or UKERN_OK; any number is safe.
 */
const char *ukern_strerror(int error);

/** The error's name, "UKERN_EHANDLE"; "UKERN_OK" for zero or more; "unknown error" for anything
 * else. */
const char *ukern_error_name(int error);

/** The errno that is nearest to an error, as the POSIX functions (unistd.h, stdio.h) report it; 0
 * for UKERN_OK. */
int ukern_errno(int error);

/**
 * The errno of an error that errors.def does not know: EIO, unless a library whose server has
 * errors of its own defines this function.
 */
int ukern_errno_own(int error);

#endif
