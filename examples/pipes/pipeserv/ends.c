/* SPDX-License-Identifier: BSD-2-Clause */
#include "ends.h"

#include <stdlib.h>
#include <string.h>
#include <ukern/irq.h>
#include <ukern/memory.h>

#include "pool.h"

/*
 * A badge is a serial number above an index into the table of ends. The first serial number comes
 * from the clock and counts slower than it, so a restarted server begins above all that its
 * forerunner gave out.
 */
#define INDEX_BITS __builtin_ctz(END_INDEX_MAX)
#define NO_END     UINT32_MAX
#define CLOCK_STEP 256 /* nanoseconds; making an end takes longer */

/* Rings kept for the next pipes: making one means zeroing its pages. */
#define SPARES_MAX 8

/* Places for ends that are always there. */
#define FEW 64

static struct end few[FEW];
struct ends ends = {.end = few};
static uint32_t first_free = NO_END, used;
static struct pool waiters = {.size = sizeof(struct waiter)};
static uint64_t serial;
static struct channel *spares;
static unsigned spare_count;

static void channel_destroy(struct channel *c)
{
    if (c->bytes != NULL)
        shm_unmap(c->bytes);
    shm_destroy(c->shm);
    handle_close(c->shm);
    free(c);
}

static void drop_spares(void)
{
    while (spares != NULL) {
        struct channel *c = spares;

        spares = c->next;
        channel_destroy(c);
    }
    spare_count = 0;
}

static struct channel *take_spare(uint64_t size)
{
    for (struct channel **link = &spares; *link != NULL; link = &(*link)->next) {
        struct channel *c = *link;

        if (c->pipe.size == size) {
            *link = c->next;
            spare_count--;
            return c;
        }
    }
    return NULL;
}

static struct channel *channel_new(uint64_t size)
{
    struct channel *c = calloc(1, sizeof *c);

    if (c == NULL)
        return NULL;
    c->shm = shm_create(size, UKERN_SHM_NORMAL);
    if (c->shm < 0) {
        free(c);
        return NULL;
    }
    return c;
}

struct channel *channel_create(uint64_t size)
{
    struct channel *c = take_spare(size);

    if (c == NULL)
        c = channel_new(size);
    if (c == NULL && spares != NULL) {
        drop_spares();
        c = channel_new(size);
    }
    if (c != NULL) {
        pipe_init(&c->pipe, size);
        c->pipe.ends[PIPE_READ_END] = c->pipe.ends[PIPE_WRITE_END] = 0;
    }
    return c;
}

void channel_free(struct channel *c)
{
    if (spare_count == SPARES_MAX) {
        channel_destroy(c);
        return;
    }
    c->next = spares;
    spares = c;
    spare_count++;
}

struct waiter *channel_waiter(struct channel *c, enum pipe_side side)
{
    if (c->first_used[side])
        return pool_take(&waiters);
    c->first_used[side] = true;
    return &c->first[side];
}

void channel_release(struct channel *c, struct waiter *w)
{
    for (int side = 0; side < 2; side++) {
        if (w == &c->first[side]) {
            c->first_used[side] = false;
            return;
        }
    }
    pool_give(&waiters, w);
}

char *channel_bytes(struct channel *c)
{
    void *address;

    if (c->bytes == NULL &&
        shm_map(c->shm, 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &address) == UKERN_OK)
        c->bytes = address;
    return c->bytes;
}

/* The badge of a free place has another index. */
static struct end free_place(uint32_t i)
{
    return (struct end){.badge = ~(uint64_t)i, .next_free = first_free};
}

/* The table has `size` places from now on: those beyond ends.size are free. */
static void set_size(uint32_t size)
{
    for (uint32_t i = size; i-- > ends.size;) {
        ends.end[i] = free_place(i);
        first_free = i;
    }
    ends.size = size;
}

/* Twice as many places. */
static bool grow(void)
{
    uint32_t size = 2 * ends.size;
    void *bigger;

    if (size == 0) {
        set_size(FEW);
        return true;
    }
    if (size > END_INDEX_MAX || mem_map(size * sizeof(struct end), &bigger) != UKERN_OK)
        return false;
    memcpy(bigger, ends.end, ends.size * sizeof(struct end));
    if (ends.end != few)
        shm_unmap(ends.end);
    ends.end = bigger;
    set_size(size);
    return true;
}

/* Nobody has an end: give the memory of a large table back. */
static void shrink(void)
{
    if (ends.end == few)
        return;
    shm_unmap(ends.end);
    ends.end = few;
    ends.size = 0;
    first_free = NO_END;
    set_size(FEW);
}

struct end *end_create(struct channel *c, enum pipe_side side)
{
    struct end *e;
    uint32_t i;

    if (first_free == NO_END && !grow())
        return NULL;
    if (serial == 0)
        serial = clock_now() / CLOCK_STEP + (UINT64_C(1) << (32 - INDEX_BITS));
    i = first_free;
    e = &ends.end[i];
    first_free = e->next_free;
    *e = (struct end){.channel = c, .badge = serial++ << INDEX_BITS | i, .side = side};
    c->pipe.ends[side]++;
    used++;
    return e;
}

void end_free(struct end *e)
{
    uint32_t i = (uint32_t)(e - ends.end);

    *e = free_place(i);
    first_free = i;
    if (--used == 0)
        shrink();
}
