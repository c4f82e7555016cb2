/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks of 4 KiB from one task to another, without a copy (ukern/handover.h). */
#include <ukern/handover.h>
#include <ukern/ipc.h>
#include <ukern/memory.h>
#include <ukern/task.h>

#include "bench.h"

#define SLOTS 64u

static void *map(ukern_handle memory)
{
    void *address;

    must(shm_map(memory, 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &address), "shm_map");
    return address;
}

/* The other side checks what it gets. */
void role_taker(void)
{
    const uint64_t *block;
    struct handover h;
    uint64_t number = 0;
    uint32_t length;

    must(handover_open(&h, HANDOVER_TAKER, map(task_handle("memory")), SLOTS, task_handle("port"),
                       task_handle("peer")),
         "handover_open");
    while ((block = handover_take(&h, &length, UKERN_FOREVER)) != NULL) {
        if (length != HANDOVER_BLOCK || *block != number++)
            stop("handover_take", UKERN_EPROTO);
        handover_done(&h);
    }
}

static void stream(struct handover *h, uint64_t *number, unsigned n)
{
    uint64_t *block;

    while (n-- > 0 && (block = handover_block(h, UKERN_FOREVER)) != NULL) {
        *block = (*number)++;
        handover_give(h, HANDOVER_BLOCK);
    }
    must(handover_flush(h, UKERN_FOREVER), "handover_flush");
}

static ukern_handle start_taker(ukern_handle memory, ukern_handle mine, ukern_handle its)
{
    const char *const argv[] = {"bench", "taker"};
    struct spawn s;

    spawn_init(&s, "taker");
    s.program = "bench";
    s.argc = 2;
    s.argv = argv;
    s.priority = s.max_priority = CLIENT_PRIORITY;
    must(spawn_grant(&s, "memory", memory, 0), "spawn_grant");
    must(spawn_grant(&s, "port", its, UKERN_R_RECV), "spawn_grant");
    must(spawn_grant(&s, "peer", mine, UKERN_R_NOTIFY), "spawn_grant");
    return (ukern_handle)must(task_spawn(&s), "taker");
}

uint64_t run_handover(unsigned n)
{
    ukern_handle memory =
        (ukern_handle)must(shm_create(HANDOVER_SIZE(SLOTS), UKERN_SHM_NORMAL), "shm_create");
    ukern_handle mine = (ukern_handle)must(port_create(), "port_create");
    ukern_handle its = (ukern_handle)must(port_create(), "port_create");
    ukern_handle task = start_taker(memory, mine, its);
    uint64_t number = 0, start, result;
    void *address = map(memory);
    struct handover h;

    must(handover_open(&h, HANDOVER_GIVER, address, SLOTS, mine, its), "handover_open");
    stream(&h, &number, WARM_UP);
    free_vector_registers();
    stream(&h, &number, WARM_UP);
    start = window_begin();
    stream(&h, &number, n);
    result = window_end(start);

    end_role(task);
    must(shm_unmap(address), "shm_unmap");
    must(handle_close(memory), "handle_close");
    must(handle_close(mine), "handle_close");
    must(handle_close(its), "handle_close");
    return result;
}
