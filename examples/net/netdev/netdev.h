/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The parts of this task: the device and its memory (driver.c, device.c), the movement of frames
 *  (turn.c), the requests of clients (main.c).
 */
#ifndef NETDEV_NETDEV_H
#define NETDEV_NETDEV_H

#include <ukern/server.h>

#include "client.h"
#include "driver.h"

/* Notification bits of the port. */
#define BIT_INTERRUPT 1u
#define BIT_CLIENT    2u /* a bulk client has something */
#define BIT_AGAIN     4u /* there was more to do than one turn may take */

/* Buffers for the frames of simple clients. */
#define SEND_BUFFERS 64u

struct netdev {
    struct driver driver;
    ukern_handle port;
    struct slot slot[AREAS_MAX];
    unsigned slots;
    unsigned share; /**< of buffers, for each area */

    uint8_t send_free[SEND_BUFFERS]; /**< in driver.room */
    unsigned send_count;

    uint64_t wakes, cut_off;
};

extern struct netdev netdev;

/** Find the memory and the device that were granted; UKERN_OK, or an error that has been said. */
int device_open(void);
/** Move all that can move: after every event. */
void turn(void);

/** Free a bulk client's area. `revoke`: also against its will. */
void slot_release(struct slot *s);
/** A slot that can be given to a client of this root, or NULL: it leaves one to others. */
struct slot *slot_find(uint64_t root);
/** This client is served no more. */
void cut_off(struct client *c, const char *why);

/** Answer the NET_RECV that waits, if a frame is there. */
void serve_waiter(struct client *c);
/** A frame that was sent is done, one way or the other. */
void sent_done(const struct nic_sent *sent, int status);

#endif
