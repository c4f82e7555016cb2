/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GICv2: the CPU interface is in memory too.
 */
#include "gic.h"
#include "kmap.h"

#define GICC_CTLR 0x0
#define GICC_PMR  0x4
#define GICC_BPR  0x8
#define GICC_IAR  0xc
#define GICC_EOIR 0x10
#define GICC_DIR  0x1000

#define GICC_CTLR_ENABLE    0x1
#define GICC_CTLR_EOI_SPLIT 0x200 /* EOImode: GICC_EOIR drops the priority, GICC_DIR deactivates */

static volatile void *distributor, *cpu;
static uint8_t self; /* this CPU's bit in ITARGETSR */

unsigned gic_quiet(volatile void *base)
{
    unsigned lines = min_u64(((gic_read(base, GICD_TYPER) & 31) + 1) * 32, GIC_LINES_MAX);

    for (unsigned line = GIC_SPI_FIRST; line < lines; line += 32) {
        gic_write(base, GICD_ICENABLER + line / 8, ~0u);
        gic_write(base, GICD_ICACTIVER + line / 8, ~0u);
    }
    return lines;
}

bool gic_known(unsigned line)
{
    static uint32_t known[(GIC_LINES_MAX + 31) / 32];
    uint32_t bit = 1u << (line % 32);
    bool was = known[line / 32] & bit;

    known[line / 32] |= bit;
    return was;
}

static unsigned init(const struct machine *m)
{
    unsigned lines;

    if (m->gic[1].end - m->gic[1].start <= GICC_DIR)
        ukern_panic("device tree: the interrupt controller's CPU interface at %lx has no second "
                    "page: it is older than GICv2",
                    m->gic[1].start);
    distributor = kmap_device(m->gic[0].start, m->gic[0].end - m->gic[0].start);
    cpu = kmap_device(m->gic[1].start, m->gic[1].end - m->gic[1].start);
    if (!distributor || !cpu)
        ukern_panic("device tree: the interrupt controller at %lx is out of reach",
                    m->gic[0].start);
    gic_write(distributor, GICD_CTLR, 0);
    lines = gic_quiet(distributor);
    /* The registers of private lines are this CPU's own, and read-only ITARGETSR tells its bit. */
    self = (uint8_t)gic_read(distributor, GICD_ITARGETSR);
    if (!self)
        self = 1; /* with a single CPU it may read as zero */
    gic_write(distributor, GICD_ICENABLER, ~0u);
    gic_write_byte(distributor, GICD_IPRIORITYR + m->timer_irq, GIC_PRIORITY);
    gic_write_bit(distributor, GICD_ISENABLER, m->timer_irq);
    gic_write(distributor, GICD_CTLR, 1);
    gic_write(cpu, GICC_PMR, 0xff);
    gic_write(cpu, GICC_BPR, 7); /* no preemption among them */
    gic_write(cpu, GICC_CTLR, GICC_CTLR_ENABLE | GICC_CTLR_EOI_SPLIT);
    return lines;
}

static unsigned acknowledge(void)
{
    return gic_read(cpu, GICC_IAR) & 0x3ff;
}

static void end(unsigned line)
{
    gic_write(cpu, GICC_EOIR, line);
}

static void again(unsigned line)
{
    gic_write(cpu, GICC_DIR, line);
}

/* Priority and target stay what they are. */
static void enable(unsigned line)
{
    if (!gic_known(line)) {
        gic_write_byte(distributor, GICD_IPRIORITYR + line, GIC_PRIORITY);
        gic_write_byte(distributor, GICD_ITARGETSR + line, self);
    }
    gic_write_bit(distributor, GICD_ISENABLER, line);
}

static void disable(unsigned line)
{
    gic_write_bit(distributor, GICD_ICENABLER, line);
}

const struct gic gic2 = {init, acknowledge, end, again, enable, disable};
