/* SPDX-License-Identifier: BSD-2-Clause */
#include "pl031.h"

/* Registers, as indices of 32-bit words; names as in the manual. */
enum {
    DR = 0x00 / 4,   /* data: the seconds; read only */
    MR = 0x04 / 4,   /* match */
    CR = 0x0c / 4,   /* control: 1 starts the clock */
    IMSC = 0x10 / 4, /* interrupt mask: 1 lets it through */
    ICR = 0x1c / 4,  /* interrupt clear: write 1 */
};

void pl031_init(struct pl031 *d, void *registers)
{
    /* An earlier driver may have died at any point: bring the device to a known state. */
    d->registers = registers;
    d->registers[IMSC] = 0;
    d->registers[ICR] = 1;
    d->registers[CR] = 1;
}

uint32_t pl031_now(const struct pl031 *d)
{
    return d->registers[DR];
}

void pl031_set_alarm(struct pl031 *d, uint32_t second)
{
    d->registers[MR] = second;
    d->registers[IMSC] = 1;
}

void pl031_clear(struct pl031 *d)
{
    d->registers[IMSC] = 0;
    d->registers[ICR] = 1;
}
