/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 * File descriptors for libraries that bring new ones. A descriptor is a handle of a server that
 * speaks the byte stream protocol (ukern/stream.h); one that came in a message becomes a descriptor
 * of read(), write(), close() and poll() by fd_opened().
 */
#ifndef UKERN_FD_H
#define UKERN_FD_H

/**
 * This handle is a file descriptor from now on. It matters for 0, 1 and 2: a task that was born
 * without one of them may hold anything under its number, so it is none until it is opened.
 * @param fd  the handle.
 */
void fd_opened(int fd);

#endif
