/* SPDX-License-Identifier: BSD-2-Clause */
/* crc32 [FILE...]: checksum (CRC-32 as in zlib, gzip and PNG) and number of bytes. */
#include <stdint.h>
#include "io.h"

static uint32_t table[256];

static void make_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;

        for (int bit = 0; bit < 8; bit++)
            c = c & 1 ? c >> 1 ^ UINT32_C(0xedb88320) : c >> 1;
        table[i] = c;
    }
}

static void sum(int fd, const char *name)
{
    uint32_t crc = UINT32_MAX;
    unsigned long bytes = 0;
    size_t n;

    while ((n = io_read("crc32", fd, name)) > 0) {
        bytes += n;
        for (size_t i = 0; i < n; i++)
            crc = table[(crc ^ (unsigned char)io_buffer[i]) & 0xff] ^ crc >> 8;
    }
    printf("%08lx %lu%s%s\n", (unsigned long)~crc & 0xffffffff, bytes,
           fd == STDIN_FILENO ? "" : " ", fd == STDIN_FILENO ? "" : name);
}

int main(int argc, char **argv)
{
    make_table();
    return io_each(argc, argv, sum);
}
