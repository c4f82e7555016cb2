/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What the device tree says of the machine, as far as the kernel needs it.
 */
#ifndef BOARD_VIRT_DEVICETREE_H
#define BOARD_VIRT_DEVICETREE_H

#include "core.h"

/* Physical addresses [start, end). */
struct range {
    paddr_t start, end;
};

#define RANGES_MAX 32

/* Sorted by start; ranges that touch or overlap are one. */
struct range_list {
    unsigned count;
    struct range range[RANGES_MAX];
};

#define GIC_REGIONS 2
#define UART_USUAL  0x09000000 /* QEMU's, if the tree names none */

/* How the firmware is called. */
enum firmware { FIRMWARE_NONE, FIRMWARE_HVC, FIRMWARE_SMC };

struct machine {
    paddr_t dtb;
    uint64_t dtb_size;
    struct range_list ram;
    struct range_list reserved;    /* not for the allocator; may be no RAM */
    struct range_list unmapped;    /* reserved, and not to be mapped either */
    struct range initrd;           /* empty if there is none */
    const char *arguments;         /* in the tree, which stays */
    unsigned gic_version;          /* 2 or 3 */
    struct range gic[GIC_REGIONS]; /* distributor; CPU interface or redistributors */
    unsigned timer_irq;            /* the virtual timer's */
    paddr_t uart;                  /* PL011 */
    enum firmware firmware;        /* PSCI */
    uint64_t seed;                 /* random, if the loader gave one */
};

/* Read the tree; panics with a sentence on one that is malformed or lacks what the kernel cannot do
 * without. */
void devicetree_read(paddr_t dtb, struct machine *m);

/* memory.c: map all RAM and hand what is free to the frame allocator. */
void memory_add(struct machine *m);

/* ranges.c */
/* false: no room left. Empty ranges are left out. */
bool range_add(struct range_list *l, paddr_t start, paddr_t end);
bool range_overlaps(const struct range_list *l, paddr_t start, paddr_t end);
/* The first part of [*start, end) that is in no range of l: sets *start and returns its end; 0:
 * none. */
paddr_t range_free_part(const struct range_list *l, paddr_t *start, paddr_t end);

#endif
