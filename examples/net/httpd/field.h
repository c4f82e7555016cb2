/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  The fields of an HTTP message: the lines `Name: what it says` behind its first (RFC 9112). Their text is zero-terminated
 *  where they end. */
#ifndef HTTPD_FIELD_H
#define HTTPD_FIELD_H

#include <stdbool.h>

/** What the first field of that name says, up to the end of its line; NULL: there is none. Names whatever their case. */
const char *field_find(const char *fields, const char *name);
/** How many of that name there are. */
unsigned field_count(const char *fields, const char *name);
/** Has one of that name that word? Words whatever their case. */
bool field_says(const char *fields, const char *name, const char *word);
/** Is each line a field, and nothing else? */
bool field_all(const char *fields);
/** Is there one Host, or, if it may be missing, none; and is what it says a host and a port, or nothing? */
bool field_host(const char *fields, bool may_be_missing);

#endif
