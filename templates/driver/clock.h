/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What clients ask of the driver, at the port "clock": a message with one of these labels.
 */
#ifndef CLOCK_H
#define CLOCK_H

enum clock_label {
    CLOCK_NOW = 1, /**< reply: w0 = seconds since 1970 (UTC) */
    CLOCK_ALARM,   /**< w0 = a second; the reply comes when it has begun, with w0 = now */
};

#endif
