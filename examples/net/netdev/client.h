/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  netdev's clients, told apart by badge: what each wants to receive, and what waits for it. A
 *  client with an area is a bulk client; one that has asked NET_RECV gets its frames one by one.
 */
#ifndef NETDEV_CLIENT_H
#define NETDEV_CLIENT_H

#include <ukern/abi/types.h>

#include "area.h"

#define CLIENTS_MAX 32u
#define CLIENTS_MINE                                                                               \
    (CLIENTS_MAX - 8) /* of one that init has given a handle to: others find a place */
#define AREAS_MAX    8u
/* Buffers that a simple client may hold: frames that it has not fetched. */
#define CLIENT_QUEUE 16u

/** The memory of one bulk client, and who has it. */
struct slot {
    ukern_handle shm;
    char *memory;
    size_t size;
    uint64_t bus;
    struct client *client; /**< NULL: free, once area.in_flight is 0 */
    bool dirty;            /**< a client has written it */
    ukern_handle port;     /**< to wake the client with */
    uint64_t bits;
    uint32_t credit; /**< bytes that it may send in this round */
    struct area area;
};

struct queued {
    uint32_t length;
    struct net_desc piece[2]; /**< the rest of a longer frame is not kept */
    unsigned pieces;
};

struct client {
    bool used;
    uint64_t badge;
    uint64_t root; /**< badge of the handle of init's that it comes from, by NET_DUP */
    enum net_filter filter;
    uint16_t type;
    const char *cut;   /**< NULL, or why it is served no more */
    struct slot *slot; /**< bulk */
    uint64_t dropped;  /**< simple */

    bool listening; /**< it has asked NET_RECV or NET_FILTER */
    unsigned head, count, held;
    struct queued queue[CLIENT_QUEUE];
    uint64_t token, wanted; /**< its NET_RECV that waits; token 0: none */
};

extern struct client clients[CLIENTS_MAX];
extern unsigned clients_end; /**< those from here on were never used */

/** The client with this badge, or NULL. */
struct client *client_find(uint64_t badge);

/* Badges that NET_DUP gives; those of init are smaller. */
#define BADGE_FIRST (UINT64_C(1) << 32)

/** From which handle of init's does this one come? Those of an earlier netdev are as one. */
uint64_t client_root(uint64_t badge);

/** A new one. NULL: too many, at all or of this root. */
struct client *client_new(uint64_t badge, uint64_t root);

/** The one with this badge; a new one if there is none yet. NULL: too many. */
struct client *client_get(uint64_t badge);

/** UKERN_OK or UKERN_EINVAL: no such filter. */
int client_filter(struct client *c, uint64_t filter, uint64_t type);

/** Does it want a frame that begins so? */
bool client_wants(const struct client *c, const uint8_t header[NET_FRAME_MIN],
                  const uint8_t mac[6]);

/** Keep a frame for a simple client: it holds the buffers then. false: its queue is full, counted.
 */
bool client_enqueue(struct client *c, struct nic *n, const struct nic_frame *f);

/** The oldest frame that is kept; drop it. */
static inline const struct queued *client_oldest(const struct client *c)
{
    return c->count > 0 ? &c->queue[c->head % CLIENT_QUEUE] : NULL;
}
void client_dequeue(struct client *c, struct nic *n);

#endif
