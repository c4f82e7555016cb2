/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of sockets: one call waits for whichever of them is ready, and says which. A socket belongs
 * to the set that it was created by, and so do the connections that it accepts; so membership
 * needs no proof.
 */
#include <stdlib.h>

#include "sock.h"

/* The ready ones first come, first told: one that is told goes behind the others. */
static unsigned collect(struct sock *set, uint64_t w[SET_EVENTS])
{
    struct sock *told = NULL, **told_end = &told;
    unsigned count = 0;

    for (struct sock **link = &set->members; *link != NULL && count < SET_EVENTS;) {
        struct sock *s = *link;
        unsigned ready = sock_ready(s) & (s->wanted | STREAM_HANGUP);

        if (s->wanted == 0 || ready == 0) {
            link = &s->set_next;
            continue;
        }
        w[count++] = (uint64_t)s->data << 32 | ready;
        *link = s->set_next;
        s->set_next = NULL;
        *told_end = s;
        told_end = &s->set_next;
    }
    if (told != NULL) {
        struct sock **link = &set->members;

        while (*link != NULL)
            link = &(*link)->set_next;
        *link = told;
    }
    return count;
}

struct sock *set_next(struct sock *set)
{
    struct sock **link = &set->members, *s;

    while ((s = *link) != NULL &&
           (s->wanted == 0 || !(sock_ready(s) & (s->wanted | STREAM_HANGUP))))
        link = &s->set_next;
    if (s == NULL || s->set_next == NULL)
        return s;
    *link = s->set_next;
    while (*link != NULL)
        link = &(*link)->set_next;
    *link = s;
    s->set_next = NULL;
    return s;
}

bool set_tell(struct sock *set, uint64_t token)
{
    struct ukern_msg reply = {0};
    unsigned count = collect(set, reply.w);

    if (count == 0)
        return false;
    reply.tag = UKERN_TAG(count, 0);
    server_reply(token, &reply);
    return true;
}

int set_wait(struct sock *set, struct request *r)
{
    unsigned count;

    if (set->kind != SOCK_SET || (r->msg.w[0] & ~(uint64_t)STREAM_NONBLOCK))
        return UKERN_EINVAL;
    count = collect(set, r->reply.w);
    if (count == 0 && !(r->msg.w[0] & STREAM_NONBLOCK))
        return sock_wait(set, PIPE_READ_END, r, false);
    r->reply.tag = UKERN_TAG(count, 0);
    return SERVER_REPLY;
}

int set_watch(struct sock *s, struct request *r)
{
    if (s->set == NULL || (r->msg.w[0] & ~(uint64_t)(STREAM_IN | STREAM_OUT)) ||
        r->msg.w[1] > UINT32_MAX)
        return UKERN_EINVAL;
    s->wanted = (unsigned)r->msg.w[0];
    s->data = (uint32_t)r->msg.w[1];
    set_changed(s);
    return SERVER_REPLY;
}

void set_join(struct sock *s, struct sock *set)
{
    if (set == NULL)
        return;
    s->set = set;
    s->set_next = set->members;
    set->members = s;
}

void set_leave(struct sock *s)
{
    if (s->set == NULL)
        return;
    for (struct sock **link = &s->set->members; *link != NULL; link = &(*link)->set_next)
        if (*link == s) {
            *link = s->set_next;
            break;
        }
    turn_leave(s);
    s->set = NULL;
    s->wanted = 0;
}

void set_close(struct sock *set)
{
    while (set->members != NULL)
        set_leave(set->members);
    turn_close(set);
    sock_free(set);
}
