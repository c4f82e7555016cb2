/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  For a program that drives the core on a host: it plays the tasks (by kernel_syscall(),
 *  kernel_fault() and kernel_interrupt() for arch_cpu()->current), the clock and the devices.
 *
 *  @code
 *  sim_reset(64 << 20, 0);
 *  struct boot_info info = {.arguments = ""};
 *  kernel_main(&info);
 *  for (;;) {
 *      struct ukern_sysregs r = {...};      // for arch_cpu()->current
 *      kernel_syscall(&r, UKERN_SYS_...);
 *      sim_time += 1000;
 *      if (arch_irq_pending())
 *          kernel_interrupt();
 *  }
 *  @endcode
 */
#ifndef ARCH_SIM_SIM_H
#define ARCH_SIM_SIM_H

#include "arch.h"
#include "board.h"

/** Interrupt lines of the simulated board; line 0 is the kernel's own. */
#define SIM_IRQ_LINES 64

/** Device registers: physical addresses that a task may map. There is nothing behind them. */
#define SIM_DEVICE_BASE UINT64_C(0x0a000000)
/** Bytes of device registers. */
#define SIM_DEVICE_SIZE UINT64_C(0x01000000)

/**
 * Make the machine: RAM filled with a pattern, clock at 0, no interrupt waiting; hand RAM to the
 * frame allocator. Once in a process, because the core's own variables start only once: whoever
 * wants several runs forks.
 * @param ram   bytes of RAM, whole pages.
 * @param boot  bytes at its start that the allocator does not get, for an archive and a device tree
 *              (physical SIM_RAM_BASE, reached by arch_phys_to_virt()); whole pages.
 */
void sim_reset(uint64_t ram, uint64_t boot);

/** Nanoseconds since boot: what arch_timer_now() returns. The driver lets time pass by adding to
 * it. */
extern uint64_t sim_time;
/** When the timer interrupt comes, as arch_timer_set() was told; UKERN_FOREVER: never. */
extern uint64_t sim_timer;
/** How often arch_context_switch() was called, and the task that it switched to last. */
extern uint64_t sim_switches;
extern struct task *sim_running;

/** Raise an interrupt line. It stays pending until it is enabled and taken. */
void sim_raise_irq(unsigned line);
/** May the line interrupt: is it enabled, and not active (taken, and not let again)? */
bool sim_irq_enabled(unsigned line);

/**
 * Called when the kernel waits for an interrupt. It makes one pending, or leaves (longjmp, exit).
 * NULL: time jumps to the timer; a wait that nothing can end stops the program.
 */
extern void (*sim_wait_hook)(void);
/** Called at every look for pending interrupts (each preemption point): may raise some. NULL:
 * nothing. */
extern void (*sim_irq_hook)(void);
/**
 * Called when the kernel powers off or resets (after a panic: with code 1). It does not return.
 * NULL: exit with code 0, or abort with any other.
 */
extern void (*sim_power_hook)(enum ukern_power action, int code);

/** Gets each character that a panic prints. NULL: it goes to standard error. */
extern void (*sim_putc_hook)(char c);

#endif
