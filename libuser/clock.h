/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions of POSIX that the C library's headers declare only where threads are. */
#ifndef LIBUSER_CLOCK_H
#define LIBUSER_CLOCK_H

#include <time.h>

int clock_gettime(clockid_t id, struct timespec *out);
int nanosleep(const struct timespec *time, struct timespec *left);

#endif
