/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The device as its task has it: the registers, the interrupt and the memory that init granted, a
 *  start, and what to do when the device misbehaves. netdev drives its device by this, and so does
 *  netserv where the device is granted to it. nic.h is below.
 *
 *  All of the memory is made by init, which also resets the device before it starts the task again:
 *  so no memory is ever freed while the device may write it.
 *
 *    dma0          queues, frame headers, and room for frames to be sent
 *    dma1          the pool of receive buffers
 *    dma2 ...      whatever the task likes
 */
#ifndef NETDEV_DRIVER_H
#define NETDEV_DRIVER_H

#include <ukern/memory.h>

#include "nic.h"

struct driver {
    const char *name;  /**< that it speaks under */
    const char *sizes; /**< what to set its memory to, if it does not do: `NAME.dma := SIZES` */
    struct nic nic;
    ukern_handle queues; /**< shm: dma0 */
    ukern_handle pool;   /**< shm: dma1 */
    uint64_t retry_at;   /**< the device is down until then; 0: it runs */
    uint64_t interrupts, link_changes;
    void (*lost)(const struct nic_sent *sent); /**< told of each frame that a reset has lost */
    void (*changed)(void);                     /**< the link, or the count of resets, has changed */

    /* Room in dma0 for frames to be sent. */
    char *room;
    size_t room_offset, room_size; /**< in the shm; bytes */
    uint64_t room_bus;

    /* Private. */
    uint64_t pause, storm_start;
    unsigned storm;   /* repairs since then */
    unsigned silent;  /* turns in which no frame has left */
    uint64_t looked;  /* when it was last asked why */
    const char *said; /* why it does not run, as the console has it */
};

/**
 * Find the memory and the device that were granted. The first two members, `lost` and `changed` are set.
 * @param bit      of the port, for the interrupt.
 * @param room     bytes that must be left in dma0 for frames to be sent.
 * @param buffers  that the pool must have at least.
 * @return UKERN_OK, or an error that has been said.
 */
int driver_open(struct driver *d, ukern_handle port, uint64_t bit, size_t room, unsigned buffers);

/** Map the registers of the device: sets nic.virtio.access. UKERN_OK, or an error that has been said. */
int driver_registers(struct driver *d);

/** Map the memory dma`i`. Its handle, or UKERN_ENOENT: none was granted; or another error. */
ukern_handle driver_memory(unsigned i, struct shm_facts *facts, char **memory);

/** Say that the memory granted does not do. */
void driver_bad_memory(const struct driver *d, int error);

/** Start the device for the first time; a failure is said, and tried again at d->retry_at. */
void driver_begin(struct driver *d);
/**
 * Once in each turn: have frames left that were sent? A device that was taken away or has stopped
 * interrupts no more: it shows by frames that do not leave.
 */
void driver_reaped(struct driver *d, bool any);
/** Is something wrong with the device? Then repair it; if that does not help, later. true: what
 * waits for it must be looked at anew. */
bool driver_check(struct driver *d);
/** The time of a retry may have come. */
void driver_retry(struct driver *d);
/** Serve an interrupt. */
void driver_interrupt(struct driver *d);

/** A sentence on the console, behind "[NAME] ". */
void driver_say(const struct driver *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
