/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Every invariant of the kernel, checked from outside. A violation is a panic that names it.
 */
#ifndef TESTS_SIM_CHECK_H
#define TESTS_SIM_CHECK_H

struct port;

/** Check all, after the kernel has returned. */
void world_check(void);
/** The port that log_bind() holds, which nothing tells. */
extern const struct port *world_listener;

#endif
