/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  Numbers in arguments of the network's programs. */
#ifndef NET_NUMBER_H
#define NET_NUMBER_H

#include <stdbool.h>
#include <stdlib.h>

/** A number from 1 to `most`, of digits alone. false: text is none, and *n is as it was. */
static inline bool parse_number(const char *text, unsigned long most, unsigned long *n)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10); /* ULONG_MAX if it is too large */

    if (*text < '0' || *text > '9' || *end != 0 || value < 1 || value > most)
        return false;
    *n = value;
    return true;
}

#endif
