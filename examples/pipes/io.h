/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What the small programs share: reading their input to its end, and saying what went
 *  wrong.
 */
#ifndef IO_H
#define IO_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IO_SIZE 65536 /* as much as a pipe holds: fewer switches */

static char io_buffer[IO_SIZE];

/* Say what went wrong with `what` and end. That the reader has gone, or that somebody typed Ctrl-C,
 * is no news. */
static inline _Noreturn void io_fail(const char *program, const char *what)
{
    if (errno == EPIPE)
        exit(0);
    if (errno == ECANCELED || errno == EINTR)
        exit(130);
    fprintf(stderr, "%s: %s: %s\n", program, what, strerror(errno));
    exit(1);
}

/* Some bytes of fd in io_buffer; 0 at the end. */
static inline size_t io_read(const char *program, int fd, const char *name)
{
    ssize_t n = read(fd, io_buffer, sizeof io_buffer);

    if (n < 0)
        io_fail(program, name);
    return (size_t)n;
}

/* Write all. */
static inline void io_write(const char *program, const void *data, size_t n)
{
    if (n > 0 && write(STDOUT_FILENO, data, n) < 0)
        io_fail(program, "standard output");
}

/* Do `one` for standard input, or for each file that argv names ("-": standard input); the result
 * for exit(). */
static inline int io_each(int argc, char **argv, void (*one)(int fd, const char *name))
{
    int failed = 0;

    if (argc < 2)
        one(STDIN_FILENO, "standard input");
    for (int i = 1; i < argc; i++) {
        int fd = strcmp(argv[i], "-") == 0 ? STDIN_FILENO : open(argv[i], O_RDONLY);

        if (fd < 0) {
            fprintf(stderr, "%s: %s: %s\n", argv[0], argv[i], strerror(errno));
            failed = 1;
            continue;
        }
        one(fd, argv[i]);
        if (fd != STDIN_FILENO)
            close(fd);
    }
    return failed;
}

#endif
