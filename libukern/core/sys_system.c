/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system calls about the machine as a whole.
 */
#include "boot.h"
#include "frame.h"
#include "measure.h"
#include "sched.h"
#include "slab.h"
#include "syscall.h"
#include "trace.h"

static int find(struct task *t, uint64_t handle, unsigned right)
{
    struct handle *h;

    return handle_find(&t->handles, handle, UKERN_TYPE_SYSTEM, right, &h);
}

int64_t sys_clock_now(struct task *t, struct ukern_sysregs *r)
{
    (void)t;
    r->x[1] = arch_timer_now();
    return UKERN_OK;
}

int64_t sys_system_info(struct task *t, struct ukern_sysregs *r)
{
    const struct cpu *c = arch_cpu();
    struct ukern_system_info info = {0};
    int rc = find(t, r->x[0], UKERN_R_INSPECT);

    if (rc)
        return rc;
    info.memory_total = frame_total_count() << PAGE_SHIFT;
    info.memory_free = frame_free_count() << PAGE_SHIFT;
    info.frames_free = frame_free_count();
    info.objects = slab_count();
    info.tasks = task_count;
    info.uptime_ns = arch_timer_now();
    info.idle_ns = arch_cycles_to_ns(c->idle_cycles);
    info.switches = c->switches;
    info.interrupts = c->interrupts;
    info.boot_ns = boot_ns;
    info.kernel_text = boot_info.kernel_text;
    info.kernel_data = boot_info.kernel_data;
    info.max_masked_ns = measure_longest();
    return aspace_copy_out(t->aspace, r->x[1], &info, sizeof info);
}

int64_t sys_system_power(struct task *t, struct ukern_sysregs *r)
{
    int rc = find(t, r->x[0], UKERN_R_POWER);

    if (rc)
        return rc;
    if (r->x[1] != UKERN_POWER_OFF && r->x[1] != UKERN_POWER_RESET)
        return UKERN_EINVAL;
    TRACE(power, r->x[1], t, r->x[2]);
    if (r->x[2] != 0)
        boot_tell_rest();
    board.power((enum ukern_power)r->x[1], (int)r->x[2]);
}
