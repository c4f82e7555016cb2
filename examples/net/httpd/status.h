/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  The figures of the status page (status.html). */
#ifndef HTTPD_STATUS_H
#define HTTPD_STATUS_H

#include <stddef.h>

/** The figures, JSON. @return bytes, at most size. */
size_t status_json(char *to, size_t size, unsigned long requests, unsigned connections);

#endif
