/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  The panic console: polled, and past the log. */
#ifndef CORE_PANIC_H
#define CORE_PANIC_H

/* One character; a line feed brings its carriage return. */
void panic_put(char c);
/* As ukern_log(), but at once. Only for a machine that is about to stop. */
void panic_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
