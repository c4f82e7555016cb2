/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The parts of the driver's task: its memory and device (device.c), the movement of frames
 *  (turn.c), the requests of clients (main.c).
 */
#ifndef NETDEV_NETDEV_H
#define NETDEV_NETDEV_H

#include <ukern/server.h>

#include "client.h"

/* Notification bits of the port. */
#define BIT_INTERRUPT 1u
#define BIT_CLIENT    2u /* a bulk client has something */
#define BIT_AGAIN     4u /* there was more to do than one turn may take */

/* Buffers for the frames of simple clients. */
#define SEND_BUFFERS 64u

struct netdev {
    struct nic nic;
    ukern_handle port, irq;
    ukern_handle queues; /**< shm: queues, headers, buffers of simple clients */
    ukern_handle pool;   /**< shm */
    struct slot slot[AREAS_MAX];
    unsigned slots;
    unsigned share; /**< of buffers, for each area */

    size_t send_offset; /**< of the first send buffer in `queues` */
    uint64_t send_bus;
    uint8_t send_free[SEND_BUFFERS];
    unsigned send_count;

    uint64_t retry_at, pause; /**< the device is down until then; 0: it runs */
    const char *said;         /**< why it does not run, as the console has it */
    uint64_t storm_start;
    unsigned storm; /**< repairs since then */
    uint64_t interrupts, wakes, link_changes, cut_off;
};

extern struct netdev netdev;

/** A sentence on the console, behind "[netdev] ". */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Find the memory and the device that were granted; UKERN_OK, or an error that has been said. */
int device_open(void);
/** Start the device for the first time; a failure is said, and tried again later. */
void device_begin(void);
/** Has it stopped by itself? It is asked when it is strangely silent. */
void device_look(void);
/** Is something wrong with the device? Then repair it; if that does not help, later. true: what waits
 * for it must be looked at anew. */
bool device_check(void);
/** The time of a retry may have come. */
void device_retry(void);
/** Serve an interrupt. */
void device_interrupt(void);

/** Move all that can move: after every event. */
void turn(void);

/** Free a bulk client's area. `revoke`: also against its will. */
void slot_release(struct slot *s);
/** A slot that can be given to a client, or NULL. */
struct slot *slot_find(void);
/** This client is served no more. */
void cut_off(struct client *c, const char *why);

/** Answer the NET_RECV that waits, if a frame is there. */
void serve_waiter(struct client *c);
/** A frame that was sent is done, one way or the other. */
void sent_done(const struct nic_sent *sent, int status);

#endif
