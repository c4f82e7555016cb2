/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The CPU of the simulation: the core runs as an ordinary program of a Linux host. See sim.h for
 *  how a driver plays the tasks and the devices.
 */
#ifndef ARCH_SIM_ARCH_H
#define ARCH_SIM_ARCH_H

#include "arch_api.h"
#include "cpu.h"

/* What arch_context_init() was told, for the driver that plays the task. */
struct arch_context {
    uint64_t pc, sp, argument[2];
    uint64_t driver; /* free for the driver; 0 in a new task */
};

/* Three levels of 512 entries. Entries that were removed and are still in the imagined TLB
 * lie in [stale_start, stale_end). */
struct arch_aspace {
    paddr_t root;
    uint64_t stale_start, stale_end;
};

#define ARCH_USER_END (UINT64_C(1) << 39)

/* Physical address of the first byte of RAM. */
#define SIM_RAM_BASE UINT64_C(0x40000000)

extern struct cpu sim_cpu;
extern char *sim_ram;
extern uint64_t sim_ram_size;
extern uint64_t sim_time;

_Noreturn void sim_bad_address(uint64_t address);
bool sim_irq_waits(void);
void sim_switch(struct task *from, struct task *to);

static inline struct cpu *arch_cpu(void)
{
    return &sim_cpu;
}

static inline void *arch_phys_to_virt(paddr_t p)
{
    if (unlikely(p - SIM_RAM_BASE >= sim_ram_size))
        sim_bad_address(p);
    return sim_ram + (p - SIM_RAM_BASE);
}

static inline paddr_t arch_virt_to_phys(const void *p)
{
    uint64_t offset = (uint64_t)((uintptr_t)p - (uintptr_t)sim_ram);
    if (unlikely(offset >= sim_ram_size))
        sim_bad_address((uintptr_t)p);
    return SIM_RAM_BASE + offset;
}

static inline uint64_t arch_timer_now(void)
{
    return sim_time;
}
static inline uint64_t arch_cycles(void)
{
    return sim_time;
}
static inline uint64_t arch_cycles_to_ns(uint64_t n)
{
    return n;
}
static inline uint64_t arch_ns_to_cycles(uint64_t n)
{
    return n;
}
static inline bool arch_irq_pending(void)
{
    return sim_irq_waits();
}

static inline struct task *arch_context_switch(struct cpu *c, struct task *from, struct task *to)
{
    (void)c;
    sim_switch(from, to);
    return to;
}

static inline void arch_context_enter(struct cpu *c, struct task *to)
{
    (void)c;
    sim_switch(NULL, to);
}

static inline void arch_context_leave(struct cpu *c)
{
    sim_switch(c->current, NULL);
}

#endif
