/* SPDX-License-Identifier: BSD-2-Clause */
/* File descriptors: what libuser remembers of a handle that is used as one. */
#ifndef LIBUSER_FD_H
#define LIBUSER_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <ukern/abi/types.h>
#include <ukern/fd.h>

/* An open file of the archive, shared by all duplicates of its descriptor. */
struct open_file {
    const char *data;
    size_t size, position;
    unsigned refs;
};

/* What is not the same for all descriptors; most have none. */
struct descriptor {
    struct open_file *file; /* NULL: a stream of some server */
    bool nonblock;
};

#define FD_STANDARD 3 /* stdin, stdout, stderr */

/* The table of descriptors; it has no more than there is to remember. */
extern struct fd_table {
    struct descriptor *entries;
    size_t size;
    bool standard[FD_STANDARD];
} fd_table;

/* Descriptors 0 to 2 that the task was born with, as bits. Until one of these is opened it is none,
 * whatever other handle has its number. */
void fd_start(uint32_t mask);
/* It is none any more. */
void fd_forget(int fd);
/* May fd be a descriptor? Whether the handle is one the kernel will say. */
static inline bool fd_valid(int fd)
{
    return fd >= FD_STANDARD || (fd >= 0 && fd_table.standard[fd]);
}
/* What is remembered of fd; NULL: nothing. */
static inline struct descriptor *fd_get(int fd)
{
    return fd >= 0 && (size_t)fd < fd_table.size ? &fd_table.entries[fd] : NULL;
}
/* The same, made if needed; NULL: no memory. */
struct descriptor *fd_make(int fd);

/* Turn a result into that of a POSIX function: a negative error sets errno and becomes -1. */
int64_t fd_result(int64_t result);

/* A port of the task's own to wait on: not among the low numbers, which are descriptors. Or an
 * error. */
ukern_handle wait_port(void);
#define WAIT_SLEEP (UINT64_C(1) << 63) /* the bit that is never set */

ssize_t file_read(struct open_file *file, void *to, size_t n);

#endif
