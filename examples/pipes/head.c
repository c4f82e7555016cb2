/* SPDX-License-Identifier: BSD-2-Clause */
/* head [-n LINES] [FILE...]: the first lines, 10 if not said. */
#include <ctype.h>

#include "io.h"

static unsigned long lines = 10;

static void copy_lines(int fd, const char *name)
{
    unsigned long left = lines;
    size_t n, used;

    while (left > 0 && (n = io_read("head", fd, name)) > 0) {
        for (used = 0; used < n && left > 0; used++)
            left -= io_buffer[used] == '\n';
        io_write("head", io_buffer, used);
    }
}

int main(int argc, char **argv)
{
    char *end = NULL;

    if (argc > 1 && strcmp(argv[1], "-n") == 0) {
        if (argc == 2) {
            fprintf(stderr, "usage: head [-n LINES] [FILE...]\n");
            return 2;
        }
        lines = strtoul(argv[2], &end, 10);
        if (!isdigit((unsigned char)*argv[2]) || *end != '\0') {
            fprintf(stderr, "head: -n %s: not a number of lines\n", argv[2]);
            return 2;
        }
        argv[2] = argv[0];
        argc -= 2;
        argv += 2;
    }
    return io_each(argc, argv, copy_lines);
}
