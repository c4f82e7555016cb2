/* SPDX-License-Identifier: BSD-2-Clause */
#include "image.h"
#include <stdio.h>
#include <string.h>

struct file_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_headers, section_headers;
    uint32_t flags;
    uint16_t header_size, entry_size, entry_count, section_entry_size, section_count, names;
};

struct program_header {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, align;
};

size_t image_program(char *to)
{
    const size_t data = 0x1000, size = data + 64;
    struct file_header file = {
        .ident = {0x7f, 'E', 'L', 'F', 2, 1, 1},
        .type = 2,
        .machine = 183,
        .version = 1,
        .entry = IMAGE_ENTRY,
        .program_headers = sizeof file,
        .header_size = sizeof file,
        .entry_size = sizeof(struct program_header),
        .entry_count = 2,
    };
    struct program_header segment[2] = {
        {.type = 1,
         .flags = 5, /* R, X */
         .address = IMAGE_TEXT,
         .file_size = 0xc0,
         .memory_size = 0xc0,
         .align = 4096},
        {.type = 1,
         .flags = 6, /* R, W */
         .offset = data,
         .address = IMAGE_DATA,
         .file_size = size - data,
         .memory_size = 8192,
         .align = 4096},
    };

    memset(to, 0, size);
    memcpy(to, &file, sizeof file);
    memcpy(to + sizeof file, segment, sizeof segment);
    memset(to + data, 'd', size - data);
    return size;
}

size_t image_add(struct image *i, const char *name, const void *data, size_t size)
{
    size_t n = strlen(name) + 1, at;

    /* newc: inode, mode, owner, group, links, time, size, device, device of a special file, name,
     * check */
    i->size += (size_t)sprintf(i->to + i->size,
                               "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 1,
                               0100644, 0, 0, 1, 0, size, 0, 0, 0, 0, n, 0);
    memcpy(i->to + i->size, name, n);
    i->size = (i->size + n + 3) & ~(size_t)3;
    at = i->size;
    if (size)
        memcpy(i->to + at, data, size);
    i->size = (at + size + 3) & ~(size_t)3;
    return at;
}

void image_end(struct image *i)
{
    image_add(i, "TRAILER!!!", NULL, 0);
}
