/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 * The byte stream protocol: what read(), write(), close(), poll() on a file descriptor ask of the
 * server behind the handle. The console and pipeserv speak it; any server may. The numbers are also
 * the system calls by which an image with the stream extension does the same with one copy and no
 * buffer of the server's in between.
 *
 * By system call: x0 = fd, x1 = buffer, x2 = bytes, x3 = flags; the result is a number of bytes or
 * an error. The server gets the request {label, w0 = bytes, w1 = flags}, and its reply names shared
 * memory, as ukern_begin_read() in ukern.h tells:
 *
 * @verbatim
 *   STREAM_READ    reply: label = 0 or an error, w0 = bytes (0: the end), w1 = shm,
 *                  w2, w3 = offset and length of the first segment, w4, w5 = of the second
 *   STREAM_WRITE   reply: likewise, where the bytes are to go
 * @endverbatim
 *
 * By message, for images without the extension (at most STREAM_INLINE_MAX bytes a message):
 *
 * @verbatim
 *   STREAM_READ_INLINE    w0 = bytes wanted, w1 = flags
 *                         reply: label = bytes (0: the end) or an error, data in w2 to w5
 *   STREAM_WRITE_INLINE   w0 = bytes, w1 = flags, data in w2 to w5
 *                         reply: label = bytes taken or an error
 * @endverbatim
 *
 * A server may take fewer bytes than offered, at least one; write() asks again for the rest. The
 * errors of a stream: UKERN_EAGAIN (STREAM_NONBLOCK and it would wait), UKERN_EPIPE (nobody will
 * read), UKERN_EIO, UKERN_EINVAL, UKERN_ENOSYS (the server does not know this request).
 *
 * How poll() waits for several streams of several servers
 * -------------------------------------------------------
 *
 * @verbatim
 *   STREAM_POLL   tag handles = 0 or 1
 *                 w0 = wanted: STREAM_IN, STREAM_OUT or both; 0 only without a handle
 *                 w1 = bits to notify with
 *                 w2 = key: names the asker among those who share this end
 *                 w5 = a port handle with UKERN_R_NOTIFY, if tag handles = 1
 *                 reply: label = ready bits, or an error
 * @endverbatim
 *
 * - The server answers at once, never later. Ready bits are those of w0 that hold now, and
 *   STREAM_HANGUP whether wanted or not. STREAM_IN: a read would not wait (there is data, or the
 *   end). STREAM_OUT: a write of one byte (of STREAM_PIPE_BUF bytes, if the stream promises atomic
 *   writes) would not wait, or would fail. STREAM_HANGUP: the other side is gone.
 *
 * - If the reply has ready bits or is an error, or no handle came, no watcher is made: a handle
 *   that came is closed.
 *
 * - Else the server keeps a *watcher*: {end, key, wanted, bits, handle}. Each such request without
 *   ready bits, with or without a handle, first drops an earlier watcher of the same end and key
 *   (its handle is closed without a notification).
 *
 * - When a ready bit of a watcher, or STREAM_HANGUP, begins to hold, the server notifies the handle
 *   with the bits, closes it and forgets the watcher: it works once. A notify that fails is no
 *   error: the asker has gone.
 *
 * - A watcher may be notified early, for no reason at all: who is notified asks again. So a server
 *   that has no room for one more (it has room for at least 8 of each end) notifies the oldest at
 *   once and forgets it.
 *
 * - When the last handle of an end goes (hangup), all its watchers are dropped.
 *
 * The asker has a port of its own. It asks each server without a handle first; if nothing is ready,
 * it asks again with a handle for each, minted with a badge, and waits on its port. A server that
 * closes its handle without a notification, also by dying, wakes the asker all the same: its port
 * hears a hangup. Then all are asked again, with new handles. The key is the asker's task id, so
 * what it leaves behind is one watcher an end.
 */
#ifndef UKERN_STREAM_H
#define UKERN_STREAM_H

/** Make a pipe: w0 = flags, w1 = ring size or 0; reply: w4, w5 = handles of its read and write end.
 *  By system call: x0 = port "pipe", x1 = flags, x2 = ring size; x0, x1 = the two ends. */
#define STREAM_CREATE       500
#define STREAM_READ         501 /**< by system call, see above */
#define STREAM_WRITE        502 /**< by system call */
#define STREAM_CLOSE        503 /**< give this end up, whatever other copies of the handle exist */
#define STREAM_DUP          504 /**< reply: w5 = a new handle of the same end, with its own badge */
#define STREAM_POLL         505 /**< see above */
#define STREAM_READ_INLINE  510 /**< by message */
#define STREAM_WRITE_INLINE 511 /**< by message */
#define STREAM_CONTROL      512 /**< w0 = what: enum stream_control, w1 = value */

#define STREAM_NONBLOCK 1 /**< flag of a request: UKERN_EAGAIN instead of waiting */
#define STREAM_ANNOUNCE 2 /**< flag of STREAM_CREATE: tell the console of it, if it has room */

#define STREAM_IN     1 /**< STREAM_POLL: a read would not wait */
#define STREAM_OUT    2 /**< STREAM_POLL: a write would not wait */
#define STREAM_HANGUP 4 /**< STREAM_POLL, in a reply only: the other side is gone */

/** What STREAM_CONTROL does; a server that does not know it replies UKERN_ENOSYS. */
enum stream_control {
    /** Reply: label 1: a person may sit there; 0: not. isatty() asks this. */
    STREAM_IS_TERMINAL = 1,
    STREAM_SERVER_FIRST = 16, /**< from here on, each server has its own */
};

#define STREAM_INLINE_MAX 32   /**< most bytes of a request by message */
#define STREAM_PIPE_BUF   4096 /**< writes up to this many bytes to a pipe are atomic */

#endif
