/* SPDX-License-Identifier: BSD-2-Clause */
/* A reader of cpio archives of the kind "newc": headers of hexadecimal text, everything padded to
 * four bytes. */
#include <stdbool.h>
#include <string.h>
#include <ukern/abi/errors.h>
#include <ukern/archive.h>

#define HEADER_SIZE 110 /* "070701" and 13 fields of 8 digits */
#define TRAILER     "TRAILER!!!"

enum field { FIELD_MODE = 1, FIELD_SIZE = 6, FIELD_NAME_SIZE = 11 };

#define MODE_TYPE    0170000
#define MODE_REGULAR 0100000

static bool parse_field(const char *header, enum field field, uint32_t *value)
{
    const char *p = header + 6 + 8 * field;
    uint32_t v = 0;

    for (unsigned i = 0; i < 8; i++) {
        uint32_t digit;

        if (p[i] >= '0' && p[i] <= '9')
            digit = (uint32_t)(p[i] - '0');
        else if (p[i] >= 'a' && p[i] <= 'f')
            digit = (uint32_t)(p[i] - 'a') + 10;
        else if (p[i] >= 'A' && p[i] <= 'F')
            digit = (uint32_t)(p[i] - 'A') + 10;
        else
            return false;
        v = v << 4 | digit;
    }
    *value = v;
    return true;
}

/* Advance *at by n and to the next multiple of four, inside size. The last file's padding may be
 * cut off. */
static bool skip(size_t *at, size_t n, size_t size)
{
    if (n > size - *at)
        return false;
    *at += n;
    while (*at % 4 != 0 && *at < size)
        (*at)++;
    return true;
}

static const char *strip(const char *name)
{
    for (;;) {
        if (name[0] == '/')
            name++;
        else if (name[0] == '.' && name[1] == '/')
            name += 2;
        else
            return name;
    }
}

/* One entry, of any kind. 1: read; 0: the trailer; UKERN_EINVAL. */
static int read_entry(const char *base, size_t size, size_t *cursor, struct archive_file *file,
                      uint32_t *mode)
{
    size_t at = *cursor;
    uint32_t file_size, name_size;
    const char *header = base + at, *name;

    if (size - at < HEADER_SIZE)
        return UKERN_EINVAL;
    if (memcmp(header, "070701", 6) != 0 && memcmp(header, "070702", 6) != 0)
        return UKERN_EINVAL;
    if (!parse_field(header, FIELD_MODE, mode) || !parse_field(header, FIELD_SIZE, &file_size) ||
        !parse_field(header, FIELD_NAME_SIZE, &name_size))
        return UKERN_EINVAL;

    name = header + HEADER_SIZE;
    if (name_size == 0 || !skip(&at, HEADER_SIZE + (size_t)name_size, size) ||
        name[name_size - 1] != '\0')
        return UKERN_EINVAL;
    if (strcmp(name, TRAILER) == 0)
        return 0;

    *file = (struct archive_file){strip(name), base + at, file_size, at};
    if (!skip(&at, file_size, size))
        return UKERN_EINVAL;
    *cursor = at;
    return 1;
}

int archive_next(const void *archive, size_t size, size_t *cursor, struct archive_file *file)
{
    if (*cursor > size)
        return UKERN_EINVAL;
    while (*cursor < size) {
        struct archive_file entry;
        uint32_t mode;
        int status = read_entry(archive, size, cursor, &entry, &mode);

        if (status <= 0)
            return status;
        if ((mode & MODE_TYPE) != MODE_REGULAR)
            continue;
        *file = entry;
        return 1;
    }
    return 0;
}

int archive_find(const void *archive, size_t size, const char *name, struct archive_file *file)
{
    struct archive_file entry;
    size_t cursor = 0;

    name = strip(name);
    while (archive_next(archive, size, &cursor, &entry) > 0) {
        if (strcmp(entry.name, name) == 0) {
            *file = entry;
            return UKERN_OK;
        }
    }
    return UKERN_ENOENT;
}
