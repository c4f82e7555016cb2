/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  A part of a file, as a request wants it: the field Range (RFC 9110, section 14). */
#ifndef HTTPD_RANGE_H
#define HTTPD_RANGE_H

#include <stddef.h>

enum range {
    RANGE_NONE,   /**< all: no range is wanted, or several, or in other units, or it is malformed */
    RANGE_PART,   /**< one part */
    RANGE_BEYOND, /**< nothing of what is wanted is there */
};

/**
 * Which part is wanted?
 * @param text       what the field says, up to the end of its line; NULL: there is no field.
 * @param size       bytes that there are.
 * @param[out] first the part's first byte, if it is RANGE_PART.
 * @param[out] count its bytes, likewise: at least one.
 */
enum range range_find(const char *text, size_t size, size_t *first, size_t *count);

#endif
