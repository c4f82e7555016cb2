/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  What both liars are made of: numbers from a seed, words on the edge of something, and the
 *  count of steps, which outlives a liar that its lies have ended. */
#ifndef LIAR_H
#define LIAR_H

#include <stdint.h>
#include <stdlib.h>
#include <ukern/memory.h>
#include <ukern/task.h>

/** Shared with siege.c. */
struct tally {
    uint64_t steps; /**< done; a liar ends at `goal` */
    uint64_t goal;
    uint64_t cut_off; /**< times that the liar was told so */
    uint64_t opened;  /**< what it had got hold of: areas, or sockets */
};

static uint64_t liar_state;
static struct tally *tally;

static inline uint32_t random32(void)
{
    uint64_t z = liar_state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(z >> 32);
}

static inline uint32_t below(uint32_t n)
{
    return random32() % n;
}

static inline uint64_t evil(void)
{
    static const uint64_t words[] = {0,
                                     1,
                                     2,
                                     3,
                                     4,
                                     6,
                                     7,
                                     13,
                                     64,
                                     255,
                                     256,
                                     257,
                                     1514,
                                     2048,
                                     65507,
                                     65508,
                                     65536,
                                     0x20000,
                                     0x7fffffff,
                                     0x80000000,
                                     0xffffff00,
                                     0xffffffff,
                                     UINT64_C(0x100000000),
                                     UINT64_C(0x0000800000000000),
                                     UINT64_C(0xffff000000000000),
                                     UINT64_MAX - 4095,
                                     UINT64_MAX / 2,
                                     UINT64_MAX};
    uint32_t r = random32();

    return r % 4 != 0 ? words[r / 4 % (sizeof words / sizeof words[0])]
                      : (uint64_t)random32() << 32 | random32();
}

/** argv: the name, the seed. false: not started by siege. */
static inline int liar_begin(int argc, char **argv)
{
    void *memory;

    if (argc != 2 || shm_map(task_handle("tally"), 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL,
                             &memory) != UKERN_OK)
        return 0;
    tally = memory;
    liar_state = strtoull(argv[1], NULL, 10);
    return 1;
}

#endif
