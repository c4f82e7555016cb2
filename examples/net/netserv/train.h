/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Received frames on their way to lwIP. Segments of one TCP connection that follow each other are
 *  gathered to a *train* and go through lwIP as one large segment: it costs as much as a small one,
 *  and is acknowledged once. Their bytes are not copied; they lie in netdev's buffers until the
 *  socket's ring takes them.
 */
#ifndef NETSERV_TRAIN_H
#define NETSERV_TRAIN_H

#include <lwip/netif.h>
#include <stdbool.h>
#include <stdint.h>

#define TRAIN_PIECES 36u   /**< most buffers of one frame */
#define TRAIN_PIECE  2048u /**< bytes of a piece, at most */
#define TRAIN_CELLS  640u  /**< pieces that lwIP and sockets can keep, all together */

/** A part of a frame, in memory that others may write at any time. */
struct train_piece {
    const uint8_t *data;
    uint32_t length;
};

void train_init(struct netif *n);
/**
 * Take a frame, headers and all.
 * @param piece    its parts: TRAIN_PIECES at most, of TRAIN_PIECE bytes at most; one that has more
 *                 bytes is dropped with its frame.
 * @param trusted  its checksums need no check.
 */
void train_frame(const struct train_piece *piece, unsigned count, bool trusted);
/** Let lwIP have what is gathered. After this nothing leads into the frames' memory any more. */
void train_end(void);

/** How many of TRAIN_CELLS nobody keeps. */
unsigned train_spare(void);

#endif
