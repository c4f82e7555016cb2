/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read(), write(), pipe() and their like: requests to the server behind a handle. An image with the
 * stream extension has system calls for them; without it the same goes by messages, a few bytes
 * each.
 */
#define _GNU_SOURCE /* pipe2() */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <ukern/error.h>
#include <ukern/ipc.h>
#include <ukern/stream.h>
#include <ukern/task.h>
#include "fd.h"

_Static_assert(STREAM_INLINE_MAX == 4 * sizeof(uint64_t), "inline data are the words w2 to w5");

static enum { UNKNOWN, ABSENT, PRESENT } extension;

/* A call without the extension says ENOSYS, but so may a server. A handle that cannot be tells them
 * apart. */
static bool have_extension(void)
{
    if (extension == UNKNOWN)
        extension = ukern_trap4(STREAM_READ, (uint64_t)-1, 0, 0, 0, NULL) == UKERN_ENOSYS ? ABSENT
                                                                                          : PRESENT;
    return extension == PRESENT;
}

static uint64_t request_flags(int fd)
{
    const struct descriptor *d = fd_get(fd);

    return d && d->nonblock ? STREAM_NONBLOCK : 0;
}

/* One request by message. The label of the reply, held to what was asked for. */
static int64_t inline_call(int fd, unsigned label, size_t n, struct ukern_msg *msg)
{
    int64_t result;

    msg->tag = UKERN_TAG(label, 0);
    msg->w[0] = n;
    msg->w[1] = request_flags(fd);
    result = ipc_call(fd, msg);
    if (result < 0)
        return result;
    result = UKERN_TAG_LABEL(msg->tag);
    return result > (int64_t)n ? UKERN_EPROTO : result;
}

/* What most calls are: blocking, on a plain stream, in an image that is known to have the
 * extension. ENOSYS: it is none of these, or the server wants messages. */
static inline int64_t stream_call(unsigned call, int fd, const void *buffer, size_t n)
{
    const struct descriptor *d = fd_get(fd);

    if (extension != PRESENT || !fd_valid(fd) || (d && (d->file || d->nonblock)))
        return UKERN_ENOSYS;
    return ukern_trap4(call, (uint64_t)fd, (uintptr_t)buffer, n, 0, NULL);
}

static int64_t stream_read(int fd, void *to, size_t n)
{
    int64_t result = UKERN_ENOSYS;

    if (have_extension())
        result = ukern_trap4(STREAM_READ, (uint64_t)fd, (uintptr_t)to, n, request_flags(fd), NULL);
    if (result != UKERN_ENOSYS)
        return result;
    struct ukern_msg msg = {0};
    if (n > STREAM_INLINE_MAX)
        n = STREAM_INLINE_MAX;
    result = inline_call(fd, STREAM_READ_INLINE, n, &msg);
    if (result > 0)
        memcpy(to, &msg.w[2], (size_t)result);
    return result;
}

static int64_t stream_write(int fd, const void *from, size_t n)
{
    int64_t result = UKERN_ENOSYS;

    if (have_extension())
        result =
            ukern_trap4(STREAM_WRITE, (uint64_t)fd, (uintptr_t)from, n, request_flags(fd), NULL);
    if (result != UKERN_ENOSYS)
        return result;
    struct ukern_msg msg = {0};
    if (n > STREAM_INLINE_MAX)
        n = STREAM_INLINE_MAX;
    memcpy(&msg.w[2], from, n);
    return inline_call(fd, STREAM_WRITE_INLINE, n, &msg);
}

/* Without a console, what a task prints goes to the kernel's log, if it may write there. */
static int64_t log_instead(int fd, const void *from, size_t n)
{
    ukern_handle system = task_handle("system");

    if (fd != STDOUT_FILENO && fd != STDERR_FILENO)
        return UKERN_EHANDLE;
    return system < 0 ? UKERN_EHANDLE : log_write(system, from, n);
}

static __attribute__((noinline)) ssize_t read_otherwise(int fd, void *to, size_t n)
{
    struct descriptor *d = fd_get(fd);

    if (!fd_valid(fd))
        return (ssize_t)fd_result(UKERN_EHANDLE);
    if (d && d->file)
        return file_read(d->file, to, n);
    return (ssize_t)fd_result(stream_read(fd, to, n));
}

ssize_t read(int fd, void *to, size_t n)
{
    int64_t result = stream_call(STREAM_READ, fd, to, n);

    if (__builtin_expect(result >= 0, 1))
        return (ssize_t)result;
    return result == UKERN_ENOSYS ? read_otherwise(fd, to, n) : (ssize_t)fd_result(result);
}

/* Write on after a first call with this result, until an error (which non-blocking mode makes of
 * waiting). */
static __attribute__((noinline)) ssize_t write_on(int fd, const char *from, size_t n,
                                                  int64_t result)
{
    const struct descriptor *d = fd_get(fd);
    size_t done = 0;

    if (d && d->file)
        return (ssize_t)fd_result(UKERN_EHANDLE);
    for (;;) {
        if (result == UKERN_ENOSYS)
            result = fd_valid(fd) ? stream_write(fd, from + done, n - done)
                                  : log_instead(fd, from + done, n - done);
        if (result == 0 && n > 0)
            result = UKERN_EIO; /* took nothing, and said that all is well */
        if (result < 0)
            break;
        done += (size_t)result;
        if (done >= n)
            break;
        result = stream_call(STREAM_WRITE, fd, from + done, n - done);
    }
    return done > 0 ? (ssize_t)done : (ssize_t)fd_result(result);
}

/* All of it, unless an error comes first. */
ssize_t write(int fd, const void *from, size_t n)
{
    int64_t result = stream_call(STREAM_WRITE, fd, from, n);

    if (__builtin_expect(result >= 0 && (size_t)result == n, 1))
        return (ssize_t)n;
    return write_on(fd, from, n, result);
}

int close(int fd)
{
    if (!fd_valid(fd))
        return (int)fd_result(UKERN_EHANDLE);
    fd_forget(fd);
    return (int)fd_result(handle_close(fd));
}

/* to is a copy of from now: so is what is remembered. */
static int copied(int from, int to)
{
    struct descriptor *old, *new;

    if (to < 0)
        return (int)fd_result(to);
    fd_opened(to);
    old = fd_get(from);
    if (!old || (!old->file && !old->nonblock))
        return to;
    new = fd_make(to);
    if (!new) {
        handle_close(to);
        fd_forget(to);
        return (int)fd_result(UKERN_ENOMEM);
    }
    *new = *fd_get(from); /* the table may have moved */
    if (new->file)
        new->file->refs++;
    return to;
}

int dup(int fd)
{
    if (!fd_valid(fd))
        return (int)fd_result(UKERN_EHANDLE);
    return copied(fd, handle_dup(fd, 0, UKERN_ANY_SLOT));
}

int dup2(int from, int to)
{
    if (!fd_valid(from) || to < 0)
        return (int)fd_result(UKERN_EHANDLE);
    if (from == to)
        return (int)fd_result(handle_info(from, NULL, NULL) < 0 ? UKERN_EHANDLE : to);
    return copied(from, handle_dup(from, 0, to));
}

static int set_nonblock(int fd, bool on)
{
    struct descriptor *d = fd_get(fd);

    if (!on && !d)
        return UKERN_OK;
    d = fd_make(fd);
    if (!d)
        return UKERN_ENOMEM;
    d->nonblock = on;
    return UKERN_OK;
}

int fcntl(int fd, int command, ...)
{
    va_list arguments;
    int value, slot;

    if (!fd_valid(fd) || handle_info(fd, NULL, NULL) < 0)
        return (int)fd_result(UKERN_EHANDLE);
    va_start(arguments, command);
    value = command == F_GETFL || command == F_GETFD ? 0 : va_arg(arguments, int);
    va_end(arguments);

    switch (command) {
    case F_GETFL:
        return O_RDWR | (request_flags(fd) ? O_NONBLOCK : 0);
    case F_SETFL:
        return (int)fd_result(set_nonblock(fd, value & O_NONBLOCK));
    case F_GETFD: /* nothing is inherited unless it is granted */
    case F_SETFD:
        return 0;
    case F_DUPFD:
        if (value < 0)
            return (int)fd_result(UKERN_EINVAL);
        for (slot = value; handle_info(slot, NULL, NULL) >= 0; slot++)
            continue;
        return copied(fd, handle_dup(fd, 0, slot));
    }
    return (int)fd_result(UKERN_EINVAL);
}

/* The two ends, from the extension's call or from the reply to a message. */
static int64_t create_pipe(uint64_t ends[2])
{
    static ukern_handle server = -1;
    struct ukern_msg msg;
    int64_t result;

    if (server < 0)
        server = task_handle("pipe");
    if (server < 0)
        return UKERN_ENOSYS;
    if (have_extension()) {
        result = ukern_trap4(STREAM_CREATE, (uint64_t)server, 0, 0, 0, &ends[1]);
        ends[0] = (uint64_t)result;
        if (result != UKERN_ENOSYS)
            return result;
    }
    msg = (struct ukern_msg){.tag = UKERN_TAG(STREAM_CREATE, 0)};
    result = ipc_call(server, &msg);
    if (result < 0)
        return result;
    if (UKERN_TAG_LABEL(msg.tag) >= 0 && UKERN_TAG_HANDLES(msg.tag) != 2)
        return UKERN_EPROTO;
    ends[0] = msg.w[4];
    ends[1] = msg.w[5];
    return UKERN_TAG_LABEL(msg.tag);
}

int pipe2(int fds[2], int flags)
{
    uint64_t ends[2];
    int64_t result = create_pipe(ends);

    for (unsigned i = 0; result >= 0 && i < 2; i++) {
        fds[i] = (int)ends[i];
        fd_opened(fds[i]);
    }
    if (result < 0)
        return (int)fd_result(result);
    if ((flags & O_NONBLOCK) &&
        (set_nonblock(fds[0], true) < 0 || set_nonblock(fds[1], true) < 0)) {
        close(fds[0]);
        close(fds[1]);
        return (int)fd_result(UKERN_ENOMEM);
    }
    return 0;
}

int pipe(int fds[2])
{
    return pipe2(fds, 0);
}
