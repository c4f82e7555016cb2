/* SPDX-License-Identifier: BSD-2-Clause */
#include "client.h"

#include <string.h>

struct client clients[CLIENTS_MAX];
unsigned clients_end;

struct client *client_find(uint64_t badge)
{
    for (unsigned i = 0; i < clients_end; i++)
        if (clients[i].used && clients[i].badge == badge)
            return &clients[i];
    return NULL;
}

uint64_t client_root(uint64_t badge)
{
    const struct client *c = client_find(badge);

    if (c != NULL)
        return c->root;
    return badge < BADGE_FIRST ? badge : BADGE_FIRST;
}

struct client *client_new(uint64_t badge, uint64_t root)
{
    struct client *c;
    unsigned same = 0;

    for (c = clients; c < clients + clients_end; c++)
        same += c->used && c->root == root;
    if (same >= CLIENTS_MINE)
        return NULL;
    for (c = clients; c < clients + CLIENTS_MAX; c++) {
        if (c->used)
            continue;
        if (c - clients >= (ptrdiff_t)clients_end)
            clients_end = (unsigned)(c - clients) + 1;
        *c = (struct client){.used = true, .badge = badge, .root = root, .filter = NET_FILTER_OWN};
        return c;
    }
    return NULL;
}

struct client *client_get(uint64_t badge)
{
    struct client *c = client_find(badge);

    return c != NULL ? c : client_new(badge, client_root(badge));
}

int client_filter(struct client *c, uint64_t filter, uint64_t type)
{
    if (filter > NET_FILTER_TYPE || type > UINT16_MAX)
        return UKERN_EINVAL;
    c->filter = (enum net_filter)filter;
    c->type = (uint16_t)type;
    return UKERN_OK;
}

bool client_wants(const struct client *c, const uint8_t header[NET_FRAME_MIN], const uint8_t mac[6])
{
    if (c->cut != NULL || (c->slot == NULL && !c->listening))
        return false;
    switch (c->filter) {
    case NET_FILTER_ALL:
        return true;
    case NET_FILTER_TYPE:
        return (header[12] << 8 | header[13]) == c->type;
    case NET_FILTER_OWN:
        break;
    }
    return (header[0] & 1) || memcmp(header, mac, 6) == 0;
}

bool client_enqueue(struct client *c, struct nic *n, const struct nic_frame *f)
{
    struct queued *q = &c->queue[(c->head + c->count) % CLIENT_QUEUE];
    unsigned pieces = f->pieces < 2 ? f->pieces : 2;

    if (c->count == CLIENT_QUEUE || pieces > CLIENT_QUEUE - c->held) {
        c->dropped++;
        return false;
    }
    q->length = 0;
    q->pieces = pieces;
    for (unsigned i = 0; i < pieces; i++) {
        q->piece[i] = f->piece[i];
        q->length += f->piece[i].length;
        nic_hold(n, f->piece[i].id);
    }
    c->count++;
    c->held += pieces;
    return true;
}

void client_dequeue(struct client *c, struct nic *n)
{
    const struct queued *q = client_oldest(c);

    for (unsigned i = 0; i < q->pieces; i++)
        nic_release(n, q->piece[i].id);
    c->held -= q->pieces;
    c->head++;
    c->count--;
}
