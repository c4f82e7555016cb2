/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of descriptors. It grows only as far as there is something to remember. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <ukern/error.h>
#include "fd.h"

struct fd_table fd_table;

void fd_start(uint32_t mask)
{
    for (unsigned i = 0; i < FD_STANDARD; i++)
        fd_table.standard[i] = (mask >> i) & 1;
}

void fd_opened(int fd)
{
    fd_forget(fd);
    if (fd < FD_STANDARD)
        fd_table.standard[fd] = true;
}

void fd_forget(int fd)
{
    struct descriptor *d = fd_get(fd);

    if (fd >= 0 && fd < FD_STANDARD)
        fd_table.standard[fd] = false;
    if (!d)
        return;
    if (d->file && --d->file->refs == 0)
        free(d->file);
    *d = (struct descriptor){0};
}

struct descriptor *fd_make(int fd)
{
    size_t size = (size_t)fd + 8;
    struct descriptor *grown;

    if ((size_t)fd >= fd_table.size) {
        grown = realloc(fd_table.entries, size * sizeof(*fd_table.entries));
        if (!grown)
            return NULL;
        memset(grown + fd_table.size, 0, (size - fd_table.size) * sizeof(*fd_table.entries));
        fd_table.entries = grown;
        fd_table.size = size;
    }
    return &fd_table.entries[fd];
}

int64_t fd_result(int64_t result)
{
    if (result >= 0)
        return result;
    errno = ukern_errno((int)result);
    return -1;
}
