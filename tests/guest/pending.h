/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What the tests of pending calls share.
 */
#ifndef PENDING_H
#define PENDING_H

#include "calls.h"
#include "test.h"

/** Memory that a server offers for copies. */
struct served {
    ukern_handle shm;
    unsigned char *bytes;
};

struct served served_memory(uint64_t size);

/** A reply to a call like read or write. */
struct ukern_msg segments(uint64_t bytes, ukern_handle shm, uint64_t offset, uint64_t length,
                          uint64_t offset2, uint64_t length2);

/** A task that makes a pending call through `port`: arguments are the call's number and x1, x2 ...;
 * the seventh is what the result x1 must be. It ends with the result x0. */
ukern_handle pending_start(ukern_handle port, const uint64_t *arguments, unsigned count);

/** What reader and writer tasks expect at an offset. */
static inline unsigned char pattern(uint64_t offset)
{
    return (unsigned char)(offset * 7 + offset / 251 + 1);
}

/** Calls begun that are not over; why the last cancelled one was. */
static inline int64_t open_calls(void)
{
    return ukern_trap0(CALL_COUNTS);
}

static inline int64_t last_why(void)
{
    uint64_t why;

    ukern_trap2(CALL_COUNTS, 0, 0, &why, NULL);
    return (int64_t)why;
}

#endif
