/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  Finding a file in the boot archive (cpio, newc). The archive is hostile: every field is
 * checked. */
#ifndef CORE_ARCHIVE_H
#define CORE_ARCHIVE_H

#include "core.h"

/* The file `name`, as offset and size in the archive. UKERN_OK; UKERN_ENOENT; UKERN_EINVAL:
 * malformed before it was found. */
int archive_find(const char *archive, uint64_t size, const char *name, uint64_t *offset,
                 uint64_t *file_size);

#endif
