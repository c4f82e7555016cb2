/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdbool.h>
#include <stdlib.h>
#include <ukern/stream.h>
#include <ukern/watch.h>

/* Most watchers of one end: one more and the oldest is woken early. */
#define WATCH_MAX 8

struct watch {
    struct watch *next;  /* older */
    uint64_t badge, key; /* who */
    uint64_t bits;
    ukern_handle port; /* where to notify */
    unsigned wanted;
};

/* Take *link out of its list and free it. */
static void forget(struct watch **link, bool wake)
{
    struct watch *w = *link;

    *link = w->next;
    if (wake)
        notify(w->port, w->bits); /* a failure means that the asker has gone */
    handle_close(w->port);
    free(w);
}

/* Make room for a watcher of badge and key: drop its earlier one, and the oldest of too many. */
static void make_room(struct watch **list, uint64_t badge, uint64_t key)
{
    unsigned count = 0;

    for (struct watch **link = list; *link != NULL;) {
        if ((*link)->badge == badge && (*link)->key == key)
            forget(link, false);
        else if ((*link)->badge == badge && ++count == WATCH_MAX)
            forget(link, true);
        else
            link = &(*link)->next;
    }
}

int watch_poll(struct watch **list, struct request *r, unsigned ready)
{
    unsigned wanted = (unsigned)r->msg.w[0] & (STREAM_IN | STREAM_OUT);
    struct watch *w;

    if (r->msg.w[0] & ~(uint64_t)(STREAM_IN | STREAM_OUT))
        return UKERN_EINVAL;
    ready &= wanted | STREAM_HANGUP;
    r->reply.tag = UKERN_TAG(ready, 0);
    if (ready != 0)
        return SERVER_REPLY;
    make_room(list, r->badge, r->msg.w[2]);
    if (UKERN_TAG_HANDLES(r->msg.tag) == 0)
        return SERVER_REPLY;
    w = malloc(sizeof *w);
    if (w == NULL)
        return UKERN_ENOMEM;
    *w = (struct watch){.next = *list,
                        .badge = r->badge,
                        .key = r->msg.w[2],
                        .bits = r->msg.w[1],
                        .port = request_take(r, 0),
                        .wanted = wanted};
    *list = w;
    return SERVER_REPLY;
}

void watch_wake(struct watch **list, unsigned ready)
{
    for (struct watch **link = list; *link != NULL;) {
        if (ready & ((*link)->wanted | STREAM_HANGUP))
            forget(link, true);
        else
            link = &(*link)->next;
    }
}

void watch_close(struct watch **list, uint64_t badge)
{
    for (struct watch **link = list; *link != NULL;) {
        if ((*link)->badge == badge)
            forget(link, false);
        else
            link = &(*link)->next;
    }
}
