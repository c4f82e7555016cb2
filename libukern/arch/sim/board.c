/* SPDX-License-Identifier: BSD-2-Clause */
/* The board of the simulation: 64 interrupt lines that the driver raises, and a window of device
 * registers. */
#include <stdio.h>
#include <stdlib.h>
#include "sim.h"

static uint64_t lines_enabled, lines_pending, lines_active, lines_taken; /* bit n: line n */
static bool timer_active;

void (*sim_irq_hook)(void);
void (*sim_putc_hook)(char c);
void (*sim_power_hook)(enum ukern_power action, int code);

static uint64_t line_bit(unsigned line)
{
    ASSERT(line < SIM_IRQ_LINES);
    return UINT64_C(1) << line;
}

static uint64_t lines_due(void)
{
    return lines_enabled & lines_pending & ~lines_active;
}

static bool timer_due(void)
{
    return sim_timer != UKERN_FOREVER && sim_time >= sim_timer && !timer_active;
}

void sim_raise_irq(unsigned line)
{
    lines_pending |= line_bit(line);
}

bool sim_irq_enabled(unsigned line)
{
    return (lines_enabled & ~lines_active & line_bit(line)) != 0;
}

bool sim_irq_waits(void)
{
    if (sim_irq_hook)
        sim_irq_hook();
    return timer_due() || lines_due() != 0;
}

void arch_timer_set(uint64_t when)
{
    sim_timer = when;
    timer_active = false;
}

static int irq_next(void)
{
    if (timer_due()) {
        timer_active = true;
        return BOARD_IRQ_TIMER;
    }
    uint64_t due = lines_due();
    if (due == 0)
        return -1;
    int line = __builtin_ctzll(due);
    lines_pending &= ~line_bit((unsigned)line);
    lines_active |= line_bit((unsigned)line);
    lines_taken |= line_bit((unsigned)line);
    return line;
}

static void irq_end(unsigned line)
{
    if (line == BOARD_IRQ_TIMER) {
        timer_active = false;
        return;
    }
    ASSERT(lines_taken & line_bit(line)); /* ended once for each time that it was taken */
    lines_taken &= ~line_bit(line);
}

static void irq_again(unsigned line)
{
    ASSERT(lines_active & line_bit(line)); /* GICv2, 4.4.13: what is active, and once */
    lines_active &= ~line_bit(line);
}

static void irq_enable(unsigned line)
{
    lines_enabled |= line_bit(line);
}

static void irq_disable(unsigned line)
{
    lines_enabled &= ~line_bit(line);
}

static bool irq_valid(unsigned line)
{
    return line > 0 && line < SIM_IRQ_LINES;
}

static bool device_valid(paddr_t base, uint64_t size)
{
    return range_inside(base, size, SIM_DEVICE_BASE, SIM_DEVICE_BASE + SIM_DEVICE_SIZE);
}

static void panic_putc(char c)
{
    if (sim_putc_hook)
        sim_putc_hook(c);
    else
        fputc(c, stderr);
}

static _Noreturn void power(enum ukern_power action, int code)
{
    if (sim_power_hook)
        sim_power_hook(action, code);
    if (code != 0)
        abort();
    exit(0);
}

const struct board board = {
    .name = "sim",
    .irq_lines = SIM_IRQ_LINES,
    .irq_next = irq_next,
    .irq_end = irq_end,
    .irq_again = irq_again,
    .irq_enable = irq_enable,
    .irq_disable = irq_disable,
    .irq_valid = irq_valid,
    .device_valid = device_valid,
    .panic_putc = panic_putc,
    .power = power,
};
