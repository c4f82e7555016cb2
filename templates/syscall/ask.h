/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What the three parties agree on. The system call, between the program and the kernel:
 *
 *      x8 = ASK_CALL
 *      x0 = handle of the server's port             x0 = length of the answer, or an error
 *      x1 = question    x2 = its length      ==>    x1 = nanoseconds that the server thought
 *      x3 = buffer      x4 = its size
 *
 *  and the request, between the kernel and the server:
 *
 *      label = ASK_REQUEST                          label = UKERN_OK, or an error for the program
 *      w[0] = size of the program's buffer   ==>    w[0] = shared memory of the server (a handle)
 *      w[1..5] = the question, zero padded          w[1] = where in it, w[2] = length: the answer
 *                                                   w[3] = nanoseconds
 */
#ifndef ASK_H
#define ASK_H

#include <stddef.h>
#include <stdint.h>

#define ASK_CALL         600 /**< a free number from UKERN_SYS_EXT_FIRST (256) on */
#define ASK_REQUEST      1   /**< the server's own numbering */
#define ASK_QUESTION_MAX 40  /**< bytes: it travels in five words of the request */

#endif
