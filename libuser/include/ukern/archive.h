/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 * The boot archive (cpio, newc): programs, files, the image description. Only regular files are
 * seen. Nothing in an archive is believed: every field is checked against its size.
 */
#ifndef UKERN_ARCHIVE_H
#define UKERN_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

/** One file; pointers lead into the archive. */
struct archive_file {
    const char *name; /**< NUL-terminated; no leading "./" or "/" */
    const void *data; /**< at any alignment */
    size_t size;      /**< bytes */
    uint64_t offset;  /**< of data in the archive, and so in its shm */
};

/**
 * Walk: set *cursor = 0 to start.
 * @return 1: a file; 0: the end (trailer, or nothing is left); UKERN_EINVAL: malformed from here
 * on.
 */
int archive_next(const void *archive, size_t size, size_t *cursor, struct archive_file *file);

/** Find the first file of that name (a leading "./" or "/" in `name` is ignored). UKERN_OK,
 * UKERN_ENOENT. */
int archive_find(const void *archive, size_t size, const char *name, struct archive_file *file);

/**
 * The archive that this task was granted as "archive", mapped once and kept.
 * @return UKERN_OK; UKERN_ENOENT: not granted; UKERN_ENOMEM or another error of shm_map().
 */
int archive_open(const void **archive, size_t *size);

#endif
