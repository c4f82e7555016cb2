/* SPDX-License-Identifier: BSD-2-Clause */
#include "field.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define NAME    LETTERS "!#$%&'*+-.^_`|~"     /* of a field: a token */
#define HOST    LETTERS "-._~!$&'()*+,;=%:[]" /* and a port */

/* The line behind this place; NULL: none. */
static const char *next_line(const char *at)
{
    at = strchr(at, '\n');
    return at != NULL ? at + 1 : NULL;
}

const char *field_find(const char *fields, const char *name)
{
    size_t n = strlen(name);

    for (const char *line = fields; line != NULL; line = next_line(line))
        if (strncasecmp(line, name, n) == 0 && line[n] == ':')
            return line + n + 1 + strspn(line + n + 1, " \t");
    return NULL;
}

unsigned field_count(const char *fields, const char *name)
{
    unsigned count = 0;

    for (const char *line = fields; line != NULL; count++) {
        const char *value = field_find(line, name);

        if (value == NULL)
            break;
        line = next_line(value);
    }
    return count;
}

bool field_says(const char *fields, const char *name, const char *word)
{
    size_t n = strlen(word);

    for (const char *line = fields; line != NULL; line = next_line(line)) {
        line = field_find(line, name);
        if (line == NULL)
            return false;
        for (const char *at = line; *at != '\n' && *at != 0; at++)
            if (strncasecmp(at, word, n) == 0)
                return true;
    }
    return false;
}

static bool is_end(const char *line)
{
    return line[strspn(line, "\r")] == '\n' || *line == 0;
}

/* A blank before the colon or at the begin, where others might see another name, makes it none. */
bool field_all(const char *fields)
{
    for (const char *line = fields; line != NULL && !is_end(line); line = next_line(line)) {
        size_t n = strspn(line, NAME);

        if (n == 0 || line[n] != ':')
            return false;
    }
    return true;
}

bool field_host(const char *fields, bool may_be_missing)
{
    unsigned count = field_count(fields, "Host");
    const char *value = field_find(fields, "Host");

    if (count != 1)
        return count == 0 && may_be_missing;
    value += strspn(value, HOST);
    value += strspn(value, " \t\r");
    return *value == '\n' || *value == 0;
}
