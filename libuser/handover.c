/* SPDX-License-Identifier: BSD-2-Clause */
#include <ukern/abi/errors.h>
#include <ukern/handover.h>
#include <ukern/ipc.h>

_Static_assert(sizeof(struct handover_shared) <= HANDOVER_BLOCK, "one page");

int handover_open(struct handover *h, enum handover_side side, void *memory, uint32_t slots,
                  ukern_handle port, ukern_handle peer)
{
    if (slots == 0 || slots > HANDOVER_SLOTS || (slots & (slots - 1)) != 0)
        return UKERN_EINVAL;
    h->shared = memory;
    h->own = &h->shared->side[side];
    h->other = &h->shared->side[!side];
    h->blocks = (char *)memory + HANDOVER_BLOCK;
    h->mine = h->theirs = 0;
    h->slots = slots;
    h->side = side;
    h->port = port;
    h->peer = peer;
    return UKERN_OK;
}

/* See how far the other side is. */
static int look(struct handover *h)
{
    uint64_t theirs = __atomic_load_n(&h->other->count, __ATOMIC_ACQUIRE);
    uint64_t between = h->side == HANDOVER_GIVER ? h->mine - theirs : theirs - h->mine;

    if (between > h->slots)
        return UKERN_EPROTO;
    h->theirs = theirs;
    return UKERN_OK;
}

int handover_wait(struct handover *h, uint64_t position, uint64_t wake, uint64_t deadline)
{
    int error = look(h);

    while (error == UKERN_OK && h->theirs < position) {
        __atomic_store_n(&h->own->wants, wake, __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        error = look(h);
        if (error == UKERN_OK && h->theirs < position)
            error = notify_wait(h->port, HANDOVER_BIT, NULL, deadline);
        if (error == UKERN_OK)
            error = look(h);
    }
    __atomic_store_n(&h->own->wants, 0, __ATOMIC_RELAXED);
    return error;
}

/* A failure means that the other side has gone. */
void handover_wake(struct handover *h)
{
    __atomic_store_n(&h->other->wants, 0, __ATOMIC_RELAXED);
    notify(h->peer, HANDOVER_BIT);
}
