/* SPDX-License-Identifier: BSD-2-Clause */
/* RAM, clock, and what a CPU does for a task. */
#include <execinfo.h>
#include <sys/mman.h>
#include "frame.h"
#include "sim.h"

#define RAM_ALIGN (UINT64_C(1) << 21)
#define RAM_DIRT  0xa5 /* nothing may count on memory being zero by itself */

struct cpu sim_cpu;
char *sim_ram;
uint64_t sim_ram_size, sim_time, sim_timer = UKERN_FOREVER, sim_switches;
struct task *sim_running;
void (*sim_wait_hook)(void);

_Noreturn void sim_bad_address(uint64_t address)
{
    ukern_panic("%lx is not in RAM", (unsigned long)address);
}

void sim_reset(uint64_t ram, uint64_t boot)
{
    ASSERT(!sim_ram && ((ram | boot) & (PAGE_SIZE - 1)) == 0 && boot <= ram);
    char *p = mmap(NULL, ram + RAM_ALIGN, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        ukern_panic("the host has no %lu bytes for the simulated RAM", (unsigned long)ram);
    /* An object finds its slab by masking its address, so alignment must be that of physical
     * memory. */
    sim_ram = p + (-(uintptr_t)p & (RAM_ALIGN - 1));
    sim_ram_size = ram;
    memset(sim_ram, RAM_DIRT, ram);
    frame_add(SIM_RAM_BASE + boot, SIM_RAM_BASE + ram);
}

void arch_cpu_wait(void)
{
    if (sim_wait_hook) {
        sim_wait_hook();
        return;
    }
    if (sim_irq_waits())
        return;
    if (sim_timer == UKERN_FOREVER)
        ukern_panic("the kernel waits, and nothing can wake it");
    sim_time = max_u64(sim_time, sim_timer);
}

unsigned arch_cpu_backtrace(uint64_t *pcs, unsigned max)
{
    void *frames[32];
    int n = backtrace(frames, (int)min_u64(max, 32));
    for (int i = 0; i < n; i++)
        pcs[i] = (uintptr_t)frames[i];
    return (unsigned)n;
}

void arch_code_sync(void *p, size_t n)
{
    /* The host fetches no instruction from there; a range outside RAM is still a mistake. */
    if (n > 0)
        arch_virt_to_phys((char *)p + n - 1);
}

void arch_page_zero(void *page)
{
    ASSERT(((uintptr_t)page & (PAGE_SIZE - 1)) == 0);
    memset(page, 0, PAGE_SIZE);
}

void arch_context_init(struct arch_context *c, uint64_t pc, uint64_t sp, uint64_t a0, uint64_t a1)
{
    *c = (struct arch_context){.pc = pc, .sp = sp, .argument = {a0, a1}};
}

void arch_context_free(struct task *t)
{
    if (sim_running == t)
        sim_running = NULL;
}

void arch_context_regs(const struct arch_context *c, bool complete, struct ukern_regs *out)
{
    memset(out, 0, sizeof(*out));
    out->pc = c->pc;
    out->sp = c->sp;
    out->complete = complete;
    if (complete) {
        out->x[0] = c->argument[0];
        out->x[1] = c->argument[1];
    }
}

void sim_switch(struct task *from, struct task *to)
{
    ASSERT(from != to && (!from || from == sim_running));
    sim_running = to;
    sim_switches++;
}
