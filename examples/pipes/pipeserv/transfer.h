/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Reads and writes. By pending calls the kernel copies between a caller and a pipe's ring in
 *  shared memory; here it is only said where. By messages up to 32 bytes are copied here.
 *
 *  One request costs one system call. One that somebody on the other side waits for costs a second
 *  one: its caller is answered at once, and the waiter with the next receive.
 */
#ifndef TRANSFER_H
#define TRANSFER_H

#include "ends.h"

/** Handlers of the four requests. */
int transfer_read(struct server *s, struct request *r);
int transfer_write(struct server *s, struct request *r);
int transfer_read_inline(struct server *s, struct request *r);
int transfer_write_inline(struct server *s, struct request *r);
/** Bytes, room or ends have changed: let those who waited for it go on. */
void transfer_changed(struct channel *c);
/** Answer a waiter that was taken out of the queue with an error, and free it. */
void transfer_refuse(struct channel *c, enum pipe_side side, struct waiter *w, int error);
/** The reply to r, a read or write, was not delivered: its bytes have not moved. */
void transfer_undo(struct channel *c, const struct request *r);

#endif
