/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  All objects of the kernel, found by following every pointer, with the references that each
 *  should have and what each account should have paid.
 */
#ifndef TESTS_SIM_CENSUS_H
#define TESTS_SIM_CENSUS_H

#include "harness.h"

enum census_kind {
    CENSUS_NONE,
    CENSUS_TASK,
    CENSUS_PORT,
    CENSUS_SHM,
    CENSUS_CLIENT,
    CENSUS_IRQ,
    CENSUS_ACCOUNT,
};

struct census_object {
    enum census_kind kind;
    const void *object;
    uint64_t refs;       /* counted; of an account: bytes paid */
    uint64_t receivers;  /* of a port */
    uint64_t mappings;   /* of a shm */
    uint64_t slab_bytes; /* of an account: what its objects take */
};

/** Count anew. */
void census_take(void);
/** Stored references, charges and the number of objects are what was counted. */
void census_check(void);
/** All tasks, dead ones included. */
extern struct task *census_tasks[WORLD_IDS];
extern unsigned census_task_count;
/** How many objects of a kind there are. */
unsigned census_count(enum census_kind kind);
/** All objects. */
const struct census_object *census_objects(unsigned *count);

#endif
