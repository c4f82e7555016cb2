/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system calls by name. Their numbers come from abi/syscalls.def; at the end the compiler
 * checks that each one of the list has its function here.
 */
#include <ukern/ipc.h>
#include <ukern/irq.h>
#include <ukern/memory.h>
#include <ukern/task.h>

#define CALL0(name)       ukern_trap0(UKERN_SYS_##name)
#define CALL2(name, a, b) ukern_trap2(UKERN_SYS_##name, (uint64_t)(a), (uint64_t)(b), 0, 0)
#define CALL2R(name, a, b, r1, r2)                                                                 \
    ukern_trap2(UKERN_SYS_##name, (uint64_t)(a), (uint64_t)(b), r1, r2)
#define CALL4(name, a, b, c, d) CALL4R(name, a, b, c, d, 0)
#define CALL4R(name, a, b, c, d, r)                                                                \
    ukern_trap4(UKERN_SYS_##name, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), r)

/* ---- Messages. ---- */

int ipc_send(ukern_handle port, const struct ukern_msg *msg, uint64_t deadline)
{
    struct ukern_sysregs r = {
        .x = {(uint64_t)port, msg->tag, msg->w[0], msg->w[1], msg->w[2], msg->w[3], msg->w[4],
              msg->w[5]},
        .deadline_or_badge = deadline,
    };

    return (int)ukern_trap_all(UKERN_SYS_ipc_send, &r);
}

int notify(ukern_handle port, uint64_t bits)
{
    return (int)CALL2(notify, port, bits);
}

int notify_wait(ukern_handle port, uint64_t mask, uint64_t *bits, uint64_t deadline)
{
    struct ukern_sysregs r = {.x = {(uint64_t)port, mask}, .deadline_or_badge = deadline};
    int status = (int)ukern_trap_all(UKERN_SYS_notify_wait, &r);

    if (status >= 0 && bits)
        *bits = r.x[1];
    return status;
}

/* ---- Ports and handles. ---- */

ukern_handle port_create(void)
{
    return (ukern_handle)CALL0(port_create);
}

ukern_handle handle_mint(ukern_handle port, uint32_t rights, uint64_t badge)
{
    return (ukern_handle)CALL4(handle_mint, port, rights, badge, 0);
}

ukern_handle handle_dup(ukern_handle h, uint32_t rights, int slot)
{
    return (ukern_handle)CALL4(handle_dup, h, rights, (int64_t)slot, 0);
}

int handle_close(ukern_handle h)
{
    return (int)CALL2(handle_close, h, 0);
}

int handle_info(ukern_handle h, uint32_t *rights, uint64_t *badge)
{
    uint64_t r1, r2;
    int type = (int)CALL2R(handle_info, h, 0, &r1, &r2);

    if (type >= 0 && rights)
        *rights = (uint32_t)r1;
    if (type >= 0 && badge)
        *badge = r2;
    return type;
}

ukern_handle handle_grant(ukern_handle task, ukern_handle h, uint32_t rights, int slot)
{
    return (ukern_handle)CALL4(handle_grant, task, h, rights, (int64_t)slot);
}

/* ---- Memory. ---- */

ukern_handle shm_create(size_t size, unsigned flavour)
{
    return (ukern_handle)CALL4(shm_create, size, flavour, -1, 0);
}

ukern_handle shm_create_dma(ukern_handle system, size_t size)
{
    return (ukern_handle)CALL4(shm_create, size, UKERN_SHM_DMA, system, 0);
}

ukern_handle shm_device(ukern_handle system, uint64_t physical, size_t size)
{
    return (ukern_handle)CALL4(shm_device, system, physical, size, 0);
}

int shm_map_in(ukern_handle task, ukern_handle shm, uint64_t offset, size_t size, unsigned prot,
               uint64_t hint, uint64_t *address)
{
    struct ukern_sysregs r = {
        .x = {(uint64_t)shm, (uint64_t)task, hint, offset, size, prot},
    };
    int64_t result = ukern_trap_all(UKERN_SYS_shm_map, &r);
    if (result < 0)
        return (int)result;
    *address = (uint64_t)result;
    return UKERN_OK;
}

int shm_map(ukern_handle shm, uint64_t offset, size_t size, unsigned prot, void *hint,
            void **address)
{
    uint64_t where = 0;
    int status = shm_map_in(UKERN_SELF, shm, offset, size, prot, (uintptr_t)hint, &where);

    if (status >= 0)
        *address = (void *)(uintptr_t)where;
    return status;
}

int shm_unmap(void *address)
{
    return (int)CALL2(shm_unmap, UKERN_SELF, (uintptr_t)address);
}

int shm_revoke(ukern_handle shm)
{
    return (int)CALL2(shm_revoke, shm, 0);
}

int shm_destroy(ukern_handle shm)
{
    return (int)CALL2(shm_destroy, shm, 0);
}

int shm_info(ukern_handle shm, struct shm_facts *facts)
{
    struct ukern_sysregs r = {.x = {(uint64_t)shm}};
    int status = (int)ukern_trap_all(UKERN_SYS_shm_info, &r);

    if (status >= 0)
        *facts = (struct shm_facts){r.x[1], (uint32_t)r.x[2], r.x[3]};
    return status;
}

int mem_map_at(size_t size, void *address)
{
    int64_t result = CALL2(mem_map, size, (uintptr_t)address);

    return result < 0 ? (int)result : UKERN_OK;
}

int mem_map(size_t size, void **address)
{
    int64_t result = CALL2(mem_map, size, 0);

    if (result < 0)
        return (int)result;
    *address = (void *)(uintptr_t)result;
    return UKERN_OK;
}

/* ---- Interrupts and time. ---- */

ukern_handle irq_open(ukern_handle system, unsigned line)
{
    return (ukern_handle)CALL2(irq_open, system, line);
}

int irq_bind(ukern_handle irq, ukern_handle port, uint64_t bits)
{
    return (int)CALL4(irq_bind, irq, port, bits, 0);
}

int irq_bind_auto(ukern_handle irq, ukern_handle port, uint64_t bits)
{
    return (int)CALL4(irq_bind, irq, port, bits, UKERN_IRQ_AUTO);
}

int irq_ack(ukern_handle irq)
{
    return (int)CALL2(irq_ack, irq, 0);
}

int timer_set(ukern_handle port, uint64_t bits, uint64_t deadline)
{
    struct ukern_sysregs r = {.x = {(uint64_t)port, bits}, .deadline_or_badge = deadline};

    return (int)ukern_trap_all(UKERN_SYS_timer_set, &r);
}

/* The system call's result without the call: a task may read the counter (CNTKCTL_EL1), and this is how
 * the kernel converts it. */
uint64_t clock_now(void)
{
    uint64_t hz, cycles;

    __asm__("mrs %0, cntfrq_el0" : "=r"(hz));
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(cycles));
    return (uint64_t)(((unsigned __int128)cycles * ((UINT64_C(1000000000) << 32) / hz)) >> 32);
}

/* ---- Tasks. ---- */

ukern_handle task_spawn_raw(const struct ukern_spawn *s)
{
    return (ukern_handle)CALL2(task_spawn, (uintptr_t)s, 0);
}

_Noreturn void task_exit(int code)
{
    for (;;)
        CALL2(task_exit, (int64_t)code, 0);
}

int task_wait(ukern_handle task, int *code, int *reason, uint64_t deadline)
{
    struct ukern_sysregs r = {.x = {(uint64_t)task}, .deadline_or_badge = deadline};
    int status = (int)ukern_trap_all(UKERN_SYS_task_wait, &r);

    if (status >= 0 && code)
        *code = (int)r.x[1];
    if (status >= 0 && reason)
        *reason = (int)r.x[2];
    return status;
}

int task_kill(ukern_handle task, int code)
{
    return (int)CALL2(task_kill, task, (int64_t)code);
}

void task_yield(void)
{
    CALL0(task_yield);
}

int task_priority(ukern_handle task, unsigned priority)
{
    return (int)CALL2(task_priority, task, priority);
}

int task_info(ukern_handle task_or_system, uint64_t id, struct ukern_task_info *info)
{
    return (int)CALL4(task_info, task_or_system, id, (uintptr_t)info, 0);
}

ukern_handle task_open(ukern_handle system, uint64_t id, uint32_t rights)
{
    return (ukern_handle)CALL4(task_open, system, id, rights, 0);
}

int64_t task_read(ukern_handle task, uint64_t address, void *to, size_t n)
{
    size_t done = 0;

    /* The kernel reads up to the end of a page. */
    while (done < n) {
        int64_t result =
            CALL4(task_read, task, address + done, (uintptr_t)((char *)to + done), n - done);

        if (result <= 0)
            return done > 0 ? (int64_t)done : result;
        done += (size_t)result;
    }
    return (int64_t)done;
}

int task_regs(ukern_handle task, struct ukern_regs *regs)
{
    return (int)CALL2(task_regs, task, (uintptr_t)regs);
}

int system_info(ukern_handle system, struct ukern_system_info *info)
{
    return (int)CALL2(system_info, system, (uintptr_t)info);
}

int system_power(ukern_handle system, enum ukern_power action, int code)
{
    return (int)CALL4(system_power, system, action, (int64_t)code, 0);
}

int64_t log_write(ukern_handle system, const char *text, size_t n)
{
    return CALL4(log_write, system, (uintptr_t)text, n, 0);
}

int64_t log_read(ukern_handle system, uint64_t position, char *to, size_t n, uint64_t *next)
{
    return CALL4R(log_read, system, position, (uintptr_t)to, n, next);
}

int log_bind(ukern_handle system, ukern_handle port, uint64_t bits)
{
    return (int)CALL4(log_bind, system, port, bits, 0);
}

/* Every call of the list has a function of its name (task_spawn, which does more, has _raw for the
 * plain call). */
#define UKERN_SYSCALL(number, name, arguments, results, text)                                      \
    _Static_assert(sizeof(&name) == sizeof(void (*)(void)), "a system call without a stub");
#include <ukern/abi/syscalls.def>
#undef UKERN_SYSCALL
