/* SPDX-License-Identifier: BSD-2-Clause */
#include "pl011.h"

/* Registers, as indices of 32-bit words; names as in Arm's manual DDI 0183. */
enum {
    DR = 0x00 / 4,
    FR = 0x18 / 4,
    LCR_H = 0x2c / 4,
    CR = 0x30 / 4,
    IMSC = 0x38 / 4,
    ICR = 0x44 / 4
};

#define FR_BUSY      (1u << 3)
#define FR_RXFE      (1u << 4) /* nothing received */
#define FR_TXFF      (1u << 5) /* no room to send */
#define LCR_H_FEN    (1u << 4)
#define LCR_H_8_BITS (3u << 5)
#define CR_UARTEN    (1u << 0)
#define CR_TXE       (1u << 8)
#define CR_RXE       (1u << 9)
#define INT_RX       (1u << 4)
#define INT_TX       (1u << 5)
#define INT_RT       (1u << 6) /* received some time ago and not read yet */
#define INT_ALL      0x7ffu

void pl011_init(struct pl011 *u, void *registers)
{
    u->registers = registers;
    u->registers[IMSC] = 0;
    u->registers[ICR] = INT_ALL;
    /* A change of FEN would throw away what has been received: it stays as it is. */
    if ((u->registers[LCR_H] & LCR_H_8_BITS) != LCR_H_8_BITS)
        u->registers[LCR_H] = (u->registers[LCR_H] & LCR_H_FEN) | LCR_H_8_BITS;
    u->registers[CR] |= CR_UARTEN | CR_TXE | CR_RXE;
}

bool pl011_get(struct pl011 *u, char *c)
{
    if (u->registers[FR] & FR_RXFE)
        return false;
    *c = (char)u->registers[DR];
    return true;
}

bool pl011_put(struct pl011 *u, char c)
{
    if (u->registers[FR] & FR_TXFF)
        return false;
    u->registers[DR] = (unsigned char)c;
    return true;
}

bool pl011_idle(const struct pl011 *u)
{
    return !(u->registers[FR] & FR_BUSY);
}

/*
 * ICR is not written here: these interrupts follow the FIFOs, and one that is cleared by hand while
 * characters are left does not come again.
 */
void pl011_interrupts(struct pl011 *u, bool receive, bool send)
{
    u->registers[IMSC] = (receive ? INT_RX | INT_RT : 0) | (send ? INT_TX : 0);
}
