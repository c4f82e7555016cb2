/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QEMU's virt machine, and what resembles it: a GIC, a PL011, PSCI and a device tree.
 */
#include "board.h"
#include "devicetree.h"
#include "frame.h"
#include "gic.h"
#include "kmap.h"
#include "machine.h"

#define UART_DR   0x00
#define UART_FR   0x18
#define UART_CR   0x30
#define UART_FULL 0x20  /* in FR: the transmit queue */
#define UART_ON   0x101 /* in CR: UART and transmitter */

#define PSCI_SYSTEM_OFF   0x84000008
#define PSCI_SYSTEM_RESET 0x84000009

static struct machine machine;
static volatile char *uart;
static const struct gic *gic;
static unsigned irq_lines;
static bool semihosting;
static enum firmware firmware;

static int irq_next(void)
{
    unsigned line = gic->acknowledge();

    if (line >= GIC_LINES_MAX)
        return -1;
    if (line == machine.timer_irq) {
        /* Ended at once: it stays pending until arch_timer_set() moves the deadline. */
        gic->end(line);
        gic->again(line);
        return BOARD_IRQ_TIMER;
    }
    return (int)line;
}

static void irq_end(unsigned line)
{
    if (line != BOARD_IRQ_TIMER)
        gic->end(line);
}

static void irq_again(unsigned line)
{
    gic->again(line);
}

static void irq_enable(unsigned line)
{
    ASSERT(board.irq_valid(line));
    gic->enable(line);
}

static void irq_disable(unsigned line)
{
    ASSERT(board.irq_valid(line));
    gic->disable(line);
}

static bool irq_valid(unsigned line)
{
    return line >= GIC_SPI_FIRST && line < irq_lines;
}

static bool device_valid(paddr_t base, uint64_t size)
{
    paddr_t end = base + size;

    /* 48 bits are all that a page table entry holds. */
    if (!size || !range_inside(base, size, 0, UINT64_C(1) << 48))
        return false;
    for (unsigned i = 0; i < GIC_REGIONS; i++) {
        if (base < page_up(machine.gic[i].end) && page_down(machine.gic[i].start) < end)
            return false;
    }
    return !range_overlaps(&machine.ram, base, end) &&
           !range_overlaps(&machine.reserved, base, end);
}

static void panic_putc(char c)
{
    if (!uart)
        return;
    /* Whatever a driver did to it: on, and wait, but not for ever. */
    *(volatile uint32_t *)(uart + UART_CR) |= UART_ON;
    for (unsigned i = 0; i < 1000000; i++) {
        if (!(*(volatile uint32_t *)(uart + UART_FR) & UART_FULL))
            break;
    }
    *(volatile uint32_t *)(uart + UART_DR) = (unsigned char)c;
}

static _Noreturn void power(enum ukern_power action, int code)
{
    if (semihosting && action == UKERN_POWER_OFF) {
        semihosting = false; /* if nobody answers, the panic that follows ends by PSCI */
        machine_semihosting_exit(code);
    }
    if (firmware != FIRMWARE_NONE)
        machine_firmware_call(firmware == FIRMWARE_HVC,
                              action == UKERN_POWER_RESET ? PSCI_SYSTEM_RESET : PSCI_SYSTEM_OFF, 0,
                              0, 0);
    /* Nobody switches it off: stand still. */
    for (;;)
        arch_cpu_wait();
}

const struct board board = {
    .name = "virt",
    .irq_lines = GIC_LINES_MAX,
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

/* Is `word` one of the words of text? */
static bool has_word(const char *text, const char *word)
{
    while (*text) {
        const char *w = word;
        while (*text == ' ')
            text++;
        while (*w && *text == *w)
            text++, w++;
        if (!*w && (!*text || *text == ' '))
            return true;
        while (*text && *text != ' ')
            text++;
    }
    return false;
}

void board_boot(paddr_t dtb, unsigned exception_level, struct boot_info *info)
{
    /* For a panic over the tree itself: the usual UART, and firmware where it must be when we came
     * from there. */
    firmware = exception_level == 1 ? FIRMWARE_HVC : FIRMWARE_SMC;
    uart = kmap_device(UART_USUAL, PAGE_SIZE);

    devicetree_read(dtb, &machine);
    if (machine.uart != UART_USUAL)
        uart = kmap_device(machine.uart, PAGE_SIZE);
    semihosting = has_word(machine.arguments, "semihosting");
    firmware = machine.firmware;
    machine_seed(machine.seed);
    gic = machine.gic_version == 3 ? &gic3 : &gic2;
    irq_lines = gic->init(&machine);
    memory_add(&machine);

    info->arguments = machine.arguments;
    info->dtb = page_down(machine.dtb);
    info->dtb_size = page_up(machine.dtb + machine.dtb_size) - info->dtb;
    if (machine.initrd.start != machine.initrd.end) {
        info->archive = machine.initrd.start;
        info->archive_size = machine.initrd.end - machine.initrd.start;
    } else {
        info->archive = kmap_image_phys(__archive_start);
        info->archive_size = kmap_bytes(__archive_start, __archive_end);
    }
}
