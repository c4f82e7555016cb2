/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The server's side of STREAM_POLL (stream.h): who wants to hear when a stream becomes ready. A
 *  server keeps one list for all ends that are always ready alike.
 *
 *  @code
 *  case STREAM_POLL:  return watch_poll(&list, r, ready_now());
 *  on every change:   watch_wake(&list, ready_now());
 *  on a hangup:       watch_close(&list, badge);
 *  @endcode
 */
#ifndef UKERN_WATCH_H
#define UKERN_WATCH_H

#include <ukern/server.h>

/** One asker that waits; the list is NULL at first. */
struct watch;

/**
 * Handle a STREAM_POLL request.
 * @param ready  bits that hold now, STREAM_IN and so on.
 * @return what the handler returns: SERVER_REPLY with the label set, or UKERN_EINVAL, UKERN_ENOMEM.
 */
int watch_poll(struct watch **list, struct request *r, unsigned ready);

/** Notify and forget all that wait for one of these bits. Cheap when nobody waits. */
void watch_wake(struct watch **list, unsigned ready);

/** Forget all that asked through the end with this badge. */
void watch_close(struct watch **list, uint64_t badge);

#endif
