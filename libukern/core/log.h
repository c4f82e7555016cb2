/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  The kernel's log: a ring of text that a console server prints. Positions count bytes from
 * boot. */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdarg.h>
#include "core.h"

#define LOG_SIZE 8192

struct port;

void log_text(const char *text, size_t n);
/* Up to n bytes from position *at (moved up to what is still there), bounded by a page; returns how
 * many. */
size_t log_copy(uint64_t *at, char *to, size_t n);
/* What nobody has read, through put(): when nobody will any more. */
void log_rest(void (*put)(char c));
/* Who is notified when the log grows; NULL: nobody. Takes over the reference. */
void log_bind(struct port *p, uint64_t bits);
/* printf-style formatting through put(): %s %d %u %x %lu %lx %ld %p %c %%. */
void format_text(void (*put)(char c), const char *format, va_list arguments);

#endif
