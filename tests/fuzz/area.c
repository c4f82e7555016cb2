/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netdev's side of the rings that it shares with a bulk client, which writes into them what it likes
 * between any two steps. Whatever it does, a frame lies in its memory, and a buffer comes back only
 * from who holds it.
 */
#include <stdlib.h>
#include <string.h>

#include "../../examples/net/netdev/area.h"
#include "fuzz.h"

#define SIZE    (64u * 1024)
#define BUFFERS 300u
#define SHARE   200u

static struct area area;
static bool held[BUFFERS];
static unsigned holds, on_the_way;

static void release(void *context, uint32_t buffer)
{
    MUST(context == &area && buffer < BUFFERS && held[buffer]);
    held[buffer] = false;
    holds--;
}

static void scribble(void)
{
    uint8_t *memory = (uint8_t *)area.shared;
    uint32_t at = four() % SIZE;

    for (unsigned n = 1 + byte() % 4; n > 0 && at < SIZE; n--, at++)
        memory[at] = (uint8_t)byte();
}

/* As a client does, with a number that may be wrong. */
static void produce(void)
{
    struct net_area *a = area.shared;
    unsigned what = byte();

    if (what & 1) {
        a->tx_slot[a->tx.produced % NET_SLOTS] =
            (struct net_desc){.offset = what & 2 ? four() : byte() * 16,
                              .length = what & 4 ? four() : byte(),
                              .flags = what & 8 ? NET_MORE : 0};
        a->tx.produced += what & 16 ? byte() : 1;
    } else {
        a->returned_slot[a->returned.produced % NET_SLOTS] = what & 2 ? four() : byte();
        a->returned.produced += what & 16 ? byte() : 1;
    }
}

static void take(void)
{
    struct net_desc d[NET_CHAIN_MAX];
    uint32_t length = 0, sum = 0;
    unsigned count = 0;

    if (!area_peek(&area, d, &count, &length))
        return;
    MUST(count >= 1 && count <= NET_CHAIN_MAX);
    for (unsigned i = 0; i < count; i++) {
        MUST(d[i].length > 0 && d[i].offset <= area.data_size &&
             d[i].length <= area.data_size - d[i].offset);
        sum += d[i].length;
    }
    MUST(sum == length);
    area_take(&area, count);
    on_the_way += count;
    MUST(on_the_way <= NET_SLOTS);
    if (byte() & 1) {
        area_done(&area, d[0].id, count, 0);
        on_the_way -= count;
    }
}

static void give(void)
{
    struct nic_frame f = {.pieces = 1 + byte() % 3};
    uint32_t first = byte();

    for (unsigned i = 0; i < f.pieces; i++) {
        f.piece[i] = (struct net_desc){.id = (first + i) % BUFFERS, .length = 1};
        if (held[f.piece[i].id])
            return;
    }
    if (!area_give(&area, &f))
        return;
    for (unsigned i = 0; i < f.pieces; i++)
        held[f.piece[i].id] = true;
    holds += f.pieces;
    MUST(holds <= SHARE);
}

static void step(void)
{
    switch (byte() % 8) {
    case 0:
        scribble();
        break;
    case 1:
    case 2:
        produce();
        break;
    case 3:
        take();
        break;
    case 4:
        give();
        break;
    case 5:
        area_collect(&area, release, &area);
        break;
    case 6:
        area_publish(&area);
        break;
    default:
        area_arm(&area);
        area_wants_done(&area);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void *memory = NULL;

    if (posix_memalign(&memory, 4096, SIZE) != 0)
        return 0;
    memset(memory, 0, SIZE);
    memset(held, 0, sizeof held);
    holds = on_the_way = 0;
    area_init(&area, memory, SIZE, 0x50000000, BUFFERS, SHARE);
    fuzz_begin(data, size);
    while (fuzz_at < fuzz_end)
        step();
    area_release(&area, release, &area);
    MUST(holds == 0);
    free(memory);
    return 0;
}
