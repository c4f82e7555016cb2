/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 * poll(), as POSIX has it; how it works is told in ukern/stream.h. */
#ifndef POLL_H
#define POLL_H

#define POLLIN     0x01    /**< a read would not wait */
#define POLLOUT    0x04    /**< a write would not wait */
#define POLLERR    0x08    /**< only in revents: the server died, or knows no streams */
#define POLLHUP    0x10    /**< only in revents: the other side is gone */
#define POLLNVAL   0x20    /**< only in revents: not an open file descriptor */
#define POLLRDNORM POLLIN  /**< the same */
#define POLLWRNORM POLLOUT /**< the same */

typedef unsigned int nfds_t; /**< a number of descriptors */

/** One descriptor to watch. */
struct pollfd {
    int fd;        /**< negative: skipped */
    short events;  /**< POLLIN, POLLOUT or both */
    short revents; /**< out: what is so; 0: nothing */
};

/**
 * Wait until one of several file descriptors is ready.
 * @param fds, count  what to watch; revents are set.
 * @param timeout  milliseconds; negative: no end.
 * @return how many have revents; 0: the time is over; -1 with errno ENOMEM or EINVAL.
 */
int poll(struct pollfd *fds, nfds_t count, int timeout);

#endif
