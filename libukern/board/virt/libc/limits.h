/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The compiler's own <limits.h> has all that libfdt needs, and asks for the C library's besides.
 */
