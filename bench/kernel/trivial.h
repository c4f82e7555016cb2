/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BENCH_TRIVIAL_H
#define BENCH_TRIVIAL_H

/* Number of the pending system call of calls.c. */
#define TRIVIAL_CALL 900

#endif
