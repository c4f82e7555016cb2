/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The interrupt controller: one constant for each kind. Lines are the GIC's interrupt numbers.
 */
#ifndef BOARD_VIRT_GIC_H
#define BOARD_VIRT_GIC_H

#include "core.h"
#include "devicetree.h"

#define GIC_SPI_FIRST 32   /* lines below belong to a CPU */
#define GIC_LINES_MAX 1020 /* from here on: no interrupt */

struct gic {
    /* Prepare the distributor and this CPU's interface; enable the (private) timer line. Returns
     * the number of lines. */
    unsigned (*init)(const struct machine *m);
    unsigned (*acknowledge)(void);
    void (*end)(unsigned line);    /* others may interrupt: the priority drops */
    void (*again)(unsigned line);  /* it may, too: it is no longer active */
    void (*enable)(unsigned line); /* a shared line */
    void (*disable)(unsigned line);
};

extern const struct gic gic2, gic3;

/* The distributor, the same in both kinds. */
#define GICD_CTLR       0x0
#define GICD_TYPER      0x4
#define GICD_IGROUPR    0x80
#define GICD_ISENABLER  0x100
#define GICD_ICENABLER  0x180
#define GICD_ICACTIVER  0x380
#define GICD_IPRIORITYR 0x400
#define GICD_ITARGETSR  0x800
#define GICD_IROUTER    0x6000

#define GIC_PRIORITY 0x80 /* all alike: the tasks' priorities decide */

static inline uint32_t gic_read(volatile void *base, unsigned offset)
{
    return *(volatile uint32_t *)((volatile char *)base + offset);
}

static inline void gic_write(volatile void *base, unsigned offset, uint32_t value)
{
    *(volatile uint32_t *)((volatile char *)base + offset) = value;
}

static inline void gic_write_byte(volatile void *base, unsigned offset, uint8_t value)
{
    *((volatile uint8_t *)base + offset) = value;
}

/* Registers of one bit for each line. */
static inline void gic_write_bit(volatile void *base, unsigned offset, unsigned line)
{
    gic_write(base, offset + line / 32 * 4, 1u << (line % 32));
}

/* Was this asked for the line before? */
bool gic_known(unsigned line);

/* Disable every shared line; returns their end. */
unsigned gic_quiet(volatile void *distributor);

#endif
