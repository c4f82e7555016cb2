/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block of arguments that a new task finds: x0 = its address, x1 = its size.
 *
 *     header     magic, argc, handles, file descriptors, priority
 *     argc       strings: the arguments
 *     handles    strings "name=number": what was granted, and where it stands in the handle table
 *     string     the image's boot arguments
 *
 * Strings end with NUL. The first task is started by the kernel with the plain boot arguments: no
 * magic.
 */
#ifndef LIBUSER_STARTUP_H
#define LIBUSER_STARTUP_H

#include <stddef.h>
#include <stdint.h>
#include <ukern/abi/types.h>

#define STARTUP_MAGIC UINT64_C(0x316e72656b757f00) /* its first byte is 0: no text begins so */

struct startup_header {
    uint64_t magic;
    uint32_t argc, handles;
    uint32_t fds;      /* bit i: file descriptor i was granted (0 to 2) */
    uint32_t priority; /* base priority that it starts with */
};

/* A block that has been checked; all pointers lead into it. */
struct startup {
    const char *arguments; /* argc strings, one after the other */
    const char *names;     /* `handles` strings "name=number" */
    const char *bootargs;
    uint32_t argc, handles, fds, priority;
};

/* A block being built. */
struct startup_builder {
    char *block;
    size_t size, used;
};

/* Builds in block[size], size >= sizeof(struct startup_header). Add in the order of the block. */
void startup_begin(struct startup_builder *b, void *block, size_t size, uint32_t fds,
                   uint32_t priority);
/* UKERN_OK, or UKERN_EOVERFLOW: it does not fit. */
int startup_argument(struct startup_builder *b, const char *argument);
int startup_handle(struct startup_builder *b, const char *name, unsigned slot);
int startup_bootargs(struct startup_builder *b, const char *bootargs);

/*
 * Read a block of any content. UKERN_OK; UKERN_ENOENT: it has no magic; UKERN_EINVAL: malformed,
 * and *s is empty.
 */
int startup_parse(const void *block, size_t size, struct startup *s);
/* The slot of a name, or UKERN_ENOENT. */
int startup_find(const struct startup *s, const char *name);

/* What this task was started with; empty in the first one. */
extern struct startup startup_own;

#endif
