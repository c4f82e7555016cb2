/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of descriptors. It grows only as far as there is something to remember. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <ukern/error.h>
#include "fd.h"

#define STANDARD 3 /* stdin, stdout, stderr */

static struct descriptor *table;
static size_t table_size;
static bool standard[STANDARD];

void fd_start(uint32_t mask)
{
    for (unsigned i = 0; i < STANDARD; i++)
        standard[i] = (mask >> i) & 1;
}

void fd_opened(int fd)
{
    fd_forget(fd);
    if (fd < STANDARD)
        standard[fd] = true;
}

void fd_forget(int fd)
{
    struct descriptor *d = fd_get(fd);

    if (fd >= 0 && fd < STANDARD)
        standard[fd] = false;
    if (!d)
        return;
    if (d->file && --d->file->refs == 0)
        free(d->file);
    *d = (struct descriptor){0};
}

bool fd_valid(int fd)
{
    return fd >= STANDARD || (fd >= 0 && standard[fd]);
}

struct descriptor *fd_get(int fd)
{
    return fd >= 0 && (size_t)fd < table_size ? &table[fd] : NULL;
}

struct descriptor *fd_make(int fd)
{
    size_t size = (size_t)fd + 8;
    struct descriptor *grown;

    if ((size_t)fd >= table_size) {
        grown = realloc(table, size * sizeof(*table));
        if (!grown)
            return NULL;
        memset(grown + table_size, 0, (size - table_size) * sizeof(*table));
        table = grown;
        table_size = size;
    }
    return &table[fd];
}

int64_t fd_result(int64_t result)
{
    if (result >= 0)
        return result;
    errno = ukern_errno((int)result);
    return -1;
}
