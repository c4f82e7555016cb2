/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  A boot archive made in memory: cpio (newc) with small programs.
 */
#ifndef TESTS_SIM_IMAGE_H
#define TESTS_SIM_IMAGE_H

#include <stddef.h>
#include <stdint.h>

/** Where the program is linked, and its first instruction. */
#define IMAGE_TEXT  UINT64_C(0x200000)
#define IMAGE_ENTRY (IMAGE_TEXT + 0xb0)
/** Its data: a page of the file and one of zeros. */
#define IMAGE_DATA  UINT64_C(0x300000)

/** A static program: one segment of code, one of data. Returns its size, bytes; `to` has room for 8
 * KiB. */
size_t image_program(char *to);

/** An archive that grows at `to`. */
struct image {
    char *to;
    size_t size;
};

/** Add a file. Returns its offset in the archive, bytes. */
size_t image_add(struct image *i, const char *name, const void *data, size_t size);
/** The last member. */
void image_end(struct image *i);

#endif
