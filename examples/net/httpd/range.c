/* SPDX-License-Identifier: BSD-2-Clause */
#include "range.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The number here, behind which *text is then; one that is too large is the largest. */
static size_t number(const char **text)
{
    size_t value = 0;

    for (; is_digit(**text); ++*text) {
        size_t digit = (size_t)(**text - '0');

        value = value > (SIZE_MAX - digit) / 10 ? SIZE_MAX : 10 * value + digit;
    }
    return value;
}

static bool is_end(const char *text)
{
    text += strspn(text, " \t\r");
    return *text == '\n' || *text == 0;
}

/* -N: the last N bytes. */
static enum range find_last(const char *text, size_t size, size_t *first, size_t *count)
{
    size_t n;

    if (!is_digit(*text))
        return RANGE_NONE;
    n = number(&text);
    if (!is_end(text))
        return RANGE_NONE;
    if (n == 0)
        return RANGE_BEYOND;
    if (size == 0)
        return RANGE_NONE; /* of nothing, all: which has no first byte to be named */
    *count = n < size ? n : size;
    *first = size - *count;
    return RANGE_PART;
}

/* A-B or A-: up to the end. */
enum range range_find(const char *text, size_t size, size_t *first, size_t *count)
{
    size_t from, to = SIZE_MAX;

    if (text == NULL || strncasecmp(text, "bytes=", 6) != 0)
        return RANGE_NONE;
    text += 6;
    if (*text == '-')
        return find_last(text + 1, size, first, count);
    if (!is_digit(*text))
        return RANGE_NONE;
    from = number(&text);
    if (*text++ != '-')
        return RANGE_NONE;
    if (is_digit(*text))
        to = number(&text);
    if (!is_end(text) || to < from)
        return RANGE_NONE;
    if (from >= size)
        return RANGE_BEYOND;
    *first = from;
    *count = (to < size ? to : size - 1) - from + 1;
    return RANGE_PART;
}
