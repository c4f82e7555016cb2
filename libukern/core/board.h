/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  All that the kernel asks of a board: one constant `board`, defined in board/NAME.
 */
#ifndef CORE_BOARD_H
#define CORE_BOARD_H

#include "core.h"

/* What boot found out: filled by the board from the device tree before kernel_main(). */
struct boot_info {
    paddr_t archive, dtb;              /* physical addresses; archive is page aligned */
    uint64_t archive_size, dtb_size;   /* bytes */
    const char *arguments;             /* /chosen/bootargs, "" if none */
    uint64_t kernel_text, kernel_data; /* bytes */
};

struct board {
    const char *name;
    unsigned irq_lines; /* lines that irq_open may take: 0 to irq_lines - 1 */
    /* The pending interrupt of highest priority, acknowledged; negative: none (spurious).
     * BOARD_IRQ_TIMER: the CPU's timer. */
    int (*irq_next)(void);
    void (*irq_end)(unsigned line);   /* taken: others may come; this line only after irq_again() */
    void (*irq_again)(unsigned line); /* its cause has been dealt with */
    void (*irq_enable)(unsigned line);
    void (*irq_disable)(unsigned line);
    bool (*irq_valid)(unsigned line); /* may a task own this line? Not the kernel's own ones. */
    bool (*device_valid)(
        paddr_t base,
        uint64_t size);         /* may a task map this? Not RAM, not the interrupt controller. */
    void (*panic_putc)(char c); /* polled output, for a panic only */
    __attribute__((noreturn)) void (*power)(enum ukern_power action, int code);
};

#define BOARD_IRQ_TIMER 0x10000

extern const struct board board;

#endif
