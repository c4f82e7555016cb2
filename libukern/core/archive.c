/* SPDX-License-Identifier: BSD-2-Clause */
#include "archive.h"

/* newc: a header of 13 numbers in 8 hexadecimal digits each, the name, padding to 4, the data,
 * padding to 4. */
#define HEADER      110
#define FIELD_SIZE  6
#define FIELD_NAME  11
#define LAST_MEMBER "TRAILER!!!"

static bool field(const char *header, unsigned i, uint64_t *value)
{
    const char *p = header + 6 + 8 * i;

    *value = 0;
    for (unsigned k = 0; k < 8; k++) {
        unsigned c = (unsigned char)p[k], digit;
        if (c - '0' < 10)
            digit = c - '0';
        else if ((c | 32) - 'a' < 6)
            digit = (c | 32) - 'a' + 10;
        else
            return false;
        *value = *value << 4 | digit;
    }
    return true;
}

static bool same_name(const char *member, uint64_t n, const char *name)
{
    if (n > 2 && member[0] == '.' && member[1] == '/') {
        member += 2;
        n -= 2;
    }
    return n == strlen(name) + 1 && memcmp(member, name, n) == 0;
}

int archive_find(const char *archive, uint64_t size, const char *name, uint64_t *offset,
                 uint64_t *file_size)
{
    uint64_t at = 0, n, bytes, data;

    while (size - at >= HEADER) {
        const char *h = archive + at;
        if (memcmp(h, "070701", 6) || !field(h, FIELD_SIZE, &bytes) || !field(h, FIELD_NAME, &n) ||
            n == 0 || n > size - at - HEADER)
            return UKERN_EINVAL;
        data = (at + HEADER + n + 3) & ~UINT64_C(3);
        if (h[HEADER + n - 1] != '\0' || data > size || bytes > size - data)
            return UKERN_EINVAL;
        if (same_name(h + HEADER, n, LAST_MEMBER))
            return UKERN_ENOENT;
        if (same_name(h + HEADER, n, name)) {
            *offset = data;
            *file_size = bytes;
            return UKERN_OK;
        }
        at = (data + bytes + 3) & ~UINT64_C(3);
        if (at > size)
            return UKERN_EINVAL;
    }
    return UKERN_ENOENT;
}
