/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  The status page. */
#ifndef HTTPD_STATUS_H
#define HTTPD_STATUS_H

#include <stddef.h>

/** The page itself, which fetches its figures by script. */
extern const char status_page[];

/** The figures, JSON. @return bytes, at most size. */
size_t status_json(char *to, size_t size, unsigned long requests, unsigned connections);

#endif
