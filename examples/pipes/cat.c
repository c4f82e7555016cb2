/* SPDX-License-Identifier: BSD-2-Clause */
/* cat [FILE...]: files of the archive, or standard input, one after the other. */
#include "io.h"

static void copy(int fd, const char *name)
{
    size_t n;

    while ((n = io_read("cat", fd, name)) > 0)
        io_write("cat", io_buffer, n);
}

int main(int argc, char **argv)
{
    return io_each(argc, argv, copy);
}
