/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GICv3: the CPU interface is system registers, and each CPU has a redistributor for its private
 * lines.
 */
#include "arch.h"
#include "gic.h"
#include "kmap.h"

#define GICD_CTLR_GROUP1 0x2
#define GICD_CTLR_ARE    0x10
#define GICD_CTLR_RWP    (1u << 31) /* a write is still under way */

/* Each redistributor has two frames, or four with virtual LPIs. */
#define GICR_FRAME       0x10000
#define GICR_CTLR        0x0
#define GICR_CTLR_RWP    0x8
#define GICR_TYPER       0x8
#define GICR_TYPER_VLPIS 0x2
#define GICR_TYPER_LAST  0x10
#define GICR_WAKER       0x14
#define WAKER_SLEEP      0x2
#define WAKER_ASLEEP     0x4

static volatile void *distributor, *private;

/* Bounded, so that a broken device gives a message and not silence. */
static void wait_clear(volatile void *base, unsigned offset, uint32_t bits)
{
    for (unsigned i = 0; i < 1000000; i++) {
        if (!(gic_read(base, offset) & bits))
            return;
    }
    ukern_panic("the interrupt controller does not answer (register %x)", offset);
}

/* Affinity as the redistributors tell it: levels 3, 2, 1, 0 in a word. */
static uint32_t affinity(void)
{
    uint64_t mpidr = SYSREG_READ(mpidr_el1);

    return (uint32_t)((mpidr & 0xffffff) | ((mpidr >> 8) & 0xff000000));
}

static volatile char *find_redistributor(volatile char *at, uint64_t size)
{
    volatile char *end = at + size;

    while ((uint64_t)(end - at) >= 2 * GICR_FRAME) {
        uint32_t type = gic_read(at, GICR_TYPER);
        if (gic_read(at, GICR_TYPER + 4) == affinity())
            return at;
        if (type & GICR_TYPER_LAST)
            break;
        at += (type & GICR_TYPER_VLPIS ? 4 : 2) * GICR_FRAME;
    }
    ukern_panic("device tree: this CPU (%x) has no GICv3 redistributor", affinity());
}

static void init_private(volatile char *redistributor, unsigned timer)
{
    private = redistributor + GICR_FRAME;
    gic_write(redistributor, GICR_WAKER, gic_read(redistributor, GICR_WAKER) & ~WAKER_SLEEP);
    wait_clear(redistributor, GICR_WAKER, WAKER_ASLEEP);
    gic_write(private, GICD_ICENABLER, ~0u);
    gic_write(private, GICD_IGROUPR, ~0u);
    gic_write_byte(private, GICD_IPRIORITYR + timer, GIC_PRIORITY);
    gic_write_bit(private, GICD_ISENABLER, timer);
    wait_clear(redistributor, GICR_CTLR, GICR_CTLR_RWP);
}

static unsigned init(const struct machine *m)
{
    uint64_t size = m->gic[1].end - m->gic[1].start;
    volatile void *redistributors = kmap_device(m->gic[1].start, size);
    unsigned lines;

    distributor = kmap_device(m->gic[0].start, m->gic[0].end - m->gic[0].start);
    if (!distributor || !redistributors)
        ukern_panic("device tree: the interrupt controller at %lx is out of reach",
                    m->gic[0].start);
    SYSREG_WRITE(s3_0_c12_c12_5, SYSREG_READ(s3_0_c12_c12_5) | 1); /* ICC_SRE_EL1 */
    barrier_isb();
    gic_write(distributor, GICD_CTLR, 0);
    wait_clear(distributor, GICD_CTLR, GICD_CTLR_RWP);
    lines = gic_quiet(distributor);
    gic_write(distributor, GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_GROUP1);
    wait_clear(distributor, GICD_CTLR, GICD_CTLR_RWP);
    init_private(find_redistributor(redistributors, size), m->timer_irq);
    SYSREG_WRITE(s3_0_c4_c6_0, 0xff); /* ICC_PMR_EL1 */
    SYSREG_WRITE(s3_0_c12_c12_3, 7);  /* ICC_BPR1_EL1: no preemption among them */
    SYSREG_WRITE(s3_0_c12_c12_4, 2);  /* ICC_CTLR_EL1.EOImode: end() drops the priority only */
    SYSREG_WRITE(s3_0_c12_c12_7, 1);  /* ICC_IGRPEN1_EL1 */
    barrier_isb();
    return lines;
}

static unsigned acknowledge(void)
{
    unsigned line = SYSREG_READ(s3_0_c12_c12_0) & 0xffffff; /* ICC_IAR1_EL1 */

    barrier_all();
    return line;
}

static void end(unsigned line)
{
    SYSREG_WRITE(s3_0_c12_c12_1, line); /* ICC_EOIR1_EL1 */
    barrier_isb();
}

static void again(unsigned line)
{
    SYSREG_WRITE(s3_0_c12_c11_1, line); /* ICC_DIR_EL1 */
    barrier_isb();
}

static void direct_here(unsigned line)
{
    uint64_t mpidr = SYSREG_READ(mpidr_el1) & UINT64_C(0xff00ffffff);

    gic_write_byte(distributor, GICD_IPRIORITYR + line, GIC_PRIORITY);
    gic_write(distributor, GICD_IGROUPR + line / 32 * 4,
              gic_read(distributor, GICD_IGROUPR + line / 32 * 4) | 1u << (line % 32));
    gic_write(distributor, GICD_IROUTER + line * 8, (uint32_t)mpidr);
    gic_write(distributor, GICD_IROUTER + line * 8 + 4, (uint32_t)(mpidr >> 32));
}

/* Priority and target stay what they are. */
static void enable(unsigned line)
{
    if (!gic_known(line))
        direct_here(line);
    gic_write_bit(distributor, GICD_ISENABLER, line);
}

static void disable(unsigned line)
{
    gic_write_bit(distributor, GICD_ICENABLER, line);
    wait_clear(distributor, GICD_CTLR, GICD_CTLR_RWP);
}

const struct gic gic3 = {init, acknowledge, end, again, enable, disable};
