/* SPDX-License-Identifier: BSD-2-Clause */
#include "ends.h"

#include <stdlib.h>
#include <ukern/irq.h>
#include <ukern/memory.h>

/*
 * A badge is a serial number above an index into the table of ends. The first serial number comes
 * from the clock and counts slower than it, so a restarted server begins above all that its
 * forerunner gave out.
 */
#define INDEX_BITS 20
#define INDEX_MAX  (UINT32_C(1) << INDEX_BITS)
#define NO_END     UINT32_MAX
#define CLOCK_STEP 256 /* nanoseconds; making an end takes longer */

/* Rings kept for the next pipes: making one means zeroing its pages. */
#define SPARES_MAX 8

static struct end *ends;
static uint32_t ends_size, first_free = NO_END;
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

char *channel_bytes(struct channel *c)
{
    void *address;

    if (c->bytes == NULL &&
        shm_map(c->shm, 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &address) == UKERN_OK)
        c->bytes = address;
    return c->bytes;
}

/* Twice as many places. */
static bool grow(void)
{
    uint32_t size = ends_size == 0 ? 64 : 2 * ends_size;
    struct end *bigger;

    if (size > INDEX_MAX)
        return false;
    bigger = realloc(ends, size * sizeof *ends);
    if (bigger == NULL)
        return false;
    ends = bigger;
    for (uint32_t i = size; i-- > ends_size;) {
        ends[i] = (struct end){.next_free = first_free};
        first_free = i;
    }
    ends_size = size;
    return true;
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
    e = &ends[i];
    first_free = e->next_free;
    *e = (struct end){.channel = c, .badge = serial++ << INDEX_BITS | i, .side = side};
    c->pipe.ends[side]++;
    return e;
}

struct end *end_find(uint64_t badge)
{
    uint32_t i = (uint32_t)(badge & (INDEX_MAX - 1));

    if (i >= ends_size || ends[i].badge != badge || ends[i].channel == NULL)
        return NULL;
    return &ends[i];
}

void end_free(struct end *e)
{
    *e = (struct end){.next_free = first_free};
    first_free = (uint32_t)(e - ends);
}
