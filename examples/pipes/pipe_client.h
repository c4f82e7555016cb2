/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What pipeserv offers beyond pipe() of unistd.h: the size of the ring, and to be announced on the
 *  console. The calls are those of kernel/pipe_calls.c.
 */
#ifndef PIPE_CLIENT_H
#define PIPE_CLIENT_H

#include <stdint.h>
#include <ukern/stream.h>
#include <ukern/syscall.h>
#include <ukern/task.h>

/* The protocol of pipes is that of all byte streams; these are its names here. */
#define PIPE_CREATE   STREAM_CREATE
#define PIPE_READ     STREAM_READ
#define PIPE_WRITE    STREAM_WRITE
#define PIPE_CLOSE    STREAM_CLOSE
#define PIPE_DUP      STREAM_DUP
#define PIPE_POLL     STREAM_POLL
#define PIPE_ANNOUNCE STREAM_ANNOUNCE

/**
 * Make a pipe.
 * @param[out] fds  read end, write end: the two lowest free descriptors.
 * @param flags     0 or PIPE_ANNOUNCE.
 * @param ring      bytes of the ring, rounded up to pages; 0: pipeserv's default.
 * @return UKERN_OK; UKERN_ENOENT: no pipe server was granted; UKERN_ENOMEM; UKERN_EINVAL.
 */
static inline int pipe_create(int fds[2], unsigned flags, uint64_t ring)
{
    ukern_handle server = task_handle("pipe");
    uint64_t write_end;
    int64_t result;

    if (server < 0)
        return server;
    result = ukern_trap4(PIPE_CREATE, (uint64_t)server, flags, ring, 0, &write_end);
    if (result < 0)
        return (int)result;
    fds[0] = (int)result;
    fds[1] = (int)write_end;
    return UKERN_OK;
}

#endif
