/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What the console server understands beside the stream protocol: STREAM_CONTROL, w0 = one
 *  of these.
 */
#ifndef UKERN_CONSOLE_H
#define UKERN_CONSOLE_H

#include <ukern/stream.h>

/** What to do: w0 of the request. */
enum console_control {
    /** The reply comes when everything written so far is on the wire: ask before the power goes
       off. */
    CONSOLE_DRAIN = STREAM_SERVER_FIRST,
    /**
     * w1 = bits, and one handle of a port (w5, UKERN_R_NOTIFY): it is notified of each Ctrl-C.
     * Whoever asks last is told, as a rule the shell, which programs ask in turn
     * (examples/pipes/interrupt.h); without a handle, nobody is any more. UKERN_EINVAL: not a
     * handle that can be notified.
     */
    CONSOLE_INTERRUPT,
};

#endif
