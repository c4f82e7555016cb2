/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 * time.h of the C library, with the functions that it declares only where it believes in timers.
 * There is no calendar: every clock counts from the boot.
 */
#ifndef UKERN_TIME_H
#define UKERN_TIME_H

#include_next <time.h>

#ifdef __PICOLIBC__

#ifndef CLOCK_REALTIME
#define CLOCK_REALTIME ((clockid_t)1)
#endif
#ifndef CLOCK_MONOTONIC
#define CLOCK_MONOTONIC ((clockid_t)4)
#endif

/** Time since boot, whatever the clock. Always 0. */
int clock_gettime(clockid_t id, struct timespec *out);

/** Wait at least so long. 0; -1 with errno EINVAL: not a time. *left, if wanted, becomes zero. */
int nanosleep(const struct timespec *time, struct timespec *left);

#endif

#endif
