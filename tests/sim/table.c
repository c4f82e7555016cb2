/* SPDX-License-Identifier: BSD-2-Clause */
/* What must be reached: each call's success, and each error that it can give. */
#include <stdio.h>
#include "actor.h"

#define ERRORS_MAX 32
#define CALLS      (UKERN_SYS_log_bind + 1)
#define ROWS       (CALLS + EXT_END - EXT_FIRST + 1) /* the last: no such call */

static uint64_t count[ROWS][ERRORS_MAX]; /* [][0]: success */

static const char *const error_names[ERRORS_MAX] = {
    [0] = "ok",
#define UKERN_ERROR(name, number, giver, text) [number] = #name,
#include <ukern/abi/errors.def>
#undef UKERN_ERROR
};

#define E(name) (UINT64_C(1) << -(UKERN_##name))
#define OK      UINT64_C(1)
#define PORT    (OK | E(EHANDLE) | E(ETYPE) | E(ERIGHTS))
#define CALL    (PORT | E(EINVAL) | E(EPEER) | E(EDEADLK) | E(ETIMEDOUT) | E(ETABLE))
#define REPLY                                                                                      \
    (OK | E(ESTALE) | E(EHANDLE) | E(ERIGHTS) | E(EINVAL) | E(ETABLE) | E(EPROTO) | E(EFAULT))
#define PENDING (PORT | E(EPEER) | E(EDEADLK) | E(ETIMEDOUT) | E(EAGAIN) | E(EPIPE))

static const struct {
    const char *name;
    uint64_t expected;
} rows[ROWS] = {
    [UKERN_SYS_task_self] = {"task_self", OK},
    [UKERN_SYS_ipc_call] = {"ipc_call", CALL | E(ENOMEM)},
    [UKERN_SYS_ipc_reply_recv] = {"ipc_reply_recv", PORT | REPLY | E(ETIMEDOUT)},
    [UKERN_SYS_ipc_send] = {"ipc_send", CALL},
    [UKERN_SYS_ipc_recv] = {"ipc_recv", PORT | E(ETIMEDOUT)},
    [UKERN_SYS_ipc_reply] = {"ipc_reply", REPLY},
    [UKERN_SYS_notify] = {"notify", PORT | E(EPEER)},
    [UKERN_SYS_notify_wait] = {"notify_wait", PORT | E(EINVAL) | E(ETIMEDOUT)},
    [UKERN_SYS_port_create] = {"port_create", OK | E(ENOMEM)},
    [UKERN_SYS_handle_mint] = {"handle_mint", PORT | E(EINVAL) | E(ENOMEM)},
    [UKERN_SYS_handle_dup] = {"handle_dup", OK | E(EHANDLE) | E(ERIGHTS) | E(EINVAL) | E(ENOMEM)},
    [UKERN_SYS_handle_close] = {"handle_close", OK | E(EHANDLE)},
    [UKERN_SYS_handle_info] = {"handle_info", OK | E(EHANDLE)},
    [UKERN_SYS_handle_grant] = {"handle_grant", PORT | E(EINVAL) | E(EPEER) | E(ETABLE)},
    [UKERN_SYS_shm_create] = {"shm_create", PORT | E(EINVAL) | E(EOVERFLOW) | E(ENOMEM)},
    [UKERN_SYS_shm_device] = {"shm_device", PORT | E(EINVAL) | E(ENOMEM)},
    [UKERN_SYS_shm_map] = {"shm_map",
                           PORT | E(EINVAL) | E(EREVOKED) | E(EPEER) | E(ENOMEM) | E(EEXIST)},
    [UKERN_SYS_shm_unmap] = {"shm_unmap", PORT | E(ENOENT) | E(EPEER)},
    [UKERN_SYS_shm_revoke] = {"shm_revoke", PORT | E(EREVOKED) | E(ENOMEM)},
    [UKERN_SYS_shm_destroy] = {"shm_destroy", PORT | E(EREVOKED) | E(ENOMEM)},
    [UKERN_SYS_shm_info] = {"shm_info", OK | E(EHANDLE) | E(ETYPE) | E(EREVOKED)},
    [UKERN_SYS_mem_map] = {"mem_map", OK | E(EINVAL) | E(EOVERFLOW) | E(ENOMEM) | E(EEXIST)},
    [UKERN_SYS_irq_open] = {"irq_open", PORT | E(EINVAL) | E(EBUSY) | E(ENOMEM)},
    [UKERN_SYS_irq_bind] = {"irq_bind", PORT | E(EINVAL)},
    [UKERN_SYS_irq_ack] = {"irq_ack", PORT | E(EINVAL)},
    [UKERN_SYS_timer_set] = {"timer_set", PORT},
    [UKERN_SYS_clock_now] = {"clock_now", OK},
    [UKERN_SYS_task_spawn] = {"task_spawn", PORT | E(EFAULT) | E(EINVAL) | E(ENOMEM) | E(ENOEXEC) |
                                                E(EREVOKED) | E(EEXIST)},
    [UKERN_SYS_task_exit] = {"task_exit", OK},
    [UKERN_SYS_task_wait] = {"task_wait", PORT | E(EDEADLK) | E(ETIMEDOUT)},
    [UKERN_SYS_task_kill] = {"task_kill", PORT},
    [UKERN_SYS_task_yield] = {"task_yield", OK},
    [UKERN_SYS_task_priority] = {"task_priority", PORT | E(EINVAL) | E(EPEER)},
    [UKERN_SYS_task_info] = {"task_info", PORT | E(ENOENT) | E(EFAULT)},
    [UKERN_SYS_task_open] = {"task_open", PORT | E(EINVAL) | E(ENOENT) | E(ENOMEM)},
    [UKERN_SYS_task_read] = {"task_read", PORT | E(EPEER) | E(EFAULT)},
    [UKERN_SYS_task_regs] = {"task_regs", PORT | E(EPEER) | E(EINVAL) | E(EFAULT)},
    [UKERN_SYS_system_info] = {"system_info", PORT | E(EFAULT)},
    [UKERN_SYS_system_power] = {"system_power", PORT | E(EINVAL)},
    [UKERN_SYS_log_write] = {"log_write", PORT | E(EFAULT)},
    [UKERN_SYS_log_read] = {"log_read", PORT | E(EFAULT)},
    [UKERN_SYS_log_bind] = {"log_bind", PORT | E(EINVAL)},
    [CALLS + 0] = {"(read)", PENDING | E(EFAULT)},
    [CALLS + 1] = {"(write)", PENDING | E(EFAULT)},
    [CALLS + 2] = {"(give)", PENDING | E(ETABLE)},
    [CALLS + 3] = {"(stages)", PENDING},
    [CALLS + 4] = {"(map)", PENDING | E(ENOMEM)},
    [CALLS + 5] = {"(now)", OK | E(EAGAIN)},
    [CALLS + 6] = {"(copy)", PORT | E(EFAULT) | E(ENOMEM) | E(ETIMEDOUT)},
    [ROWS - 1] = {"(no such call)", E(ENOSYS)},
};

void table_count(uint64_t number, int64_t status)
{
    uint64_t row = ROWS - 1;

    if (number < CALLS)
        row = number;
    else if (number >= EXT_FIRST && number < EXT_END)
        row = CALLS + number - EXT_FIRST;
    ASSERT(status > -ERRORS_MAX);
    ASSERT(status >= 0 || error_names[-status]);
    count[row][status < 0 ? -status : 0]++;
}

static uint64_t noted[SEEN_COUNT];

void table_note(enum seen what)
{
    noted[what]++;
}

static unsigned print_noted(void)
{
    static const char *const names[SEEN_COUNT] = {
        [SEEN_MESSAGE] = "message",
        [SEEN_NOTIFY] = "notification",
        [SEEN_HANGUP] = "hangup",
        [SEEN_CANCELLED] = "cancelled caller",
        [SEEN_EXIT] = "exit",
        [SEEN_FAULT] = "fault",
        [SEEN_ONE_HANDLE] = "message with one handle",
        [SEEN_TWO_HANDLES] = "message with two handles",
        [SEEN_DIRECT_CALL] = "call by the short way",
        [SEEN_DIRECT_PENDING] = "pending call by the short way",
        [SEEN_DIRECT_RECEIVER] = "receiver that a call can go straight to",
        [SEEN_OPERATION] = "long call interrupted",
        [SEEN_COPYING] = "reply interrupted",
        [SEEN_STAGE] = "further stage of a pending call",
        [SEEN_READ_COMPARED] = "copy to a caller compared",
        [SEEN_WRITE_COMPARED] = "copy from a caller compared",
        [SEEN_INHERITED] = "task with inherited priority",
        [SEEN_CANCEL_DEADLINE] = "cancel by deadline",
        [SEEN_CANCEL_PEER] = "cancel by death of the server",
        [SEEN_CANCEL_KILLED] = "cancel by death of the caller",
        [SEEN_CANCEL_FAULT] = "cancel by the caller's memory",
        [SEEN_CANCEL_OTHER] = "cancel by another error",
        [SEEN_FAILED_ALLOCATION] = "allocation failed",
    };
    unsigned missing = 0;

    for (unsigned i = 0; i < SEEN_COUNT; i++) {
        printf("# %-40s %lu%s\n", names[i], (unsigned long)noted[i],
               noted[i] ? "" : " *** was never seen");
        missing += !noted[i];
    }
    return missing;
}

/* Calls that never succeeded, and errors that no call gave. That one call did not meet one of its
 * rarest errors under this seed is told, too, but is no failure: another seed meets it. */
unsigned table_print(void)
{
    uint64_t expected = 0, seen = 0;
    unsigned missing = print_noted();

    for (unsigned row = 0; row < ROWS; row++) {
        printf("# %-15s", rows[row].name);
        for (unsigned e = 0; e < ERRORS_MAX; e++)
            if (count[row][e]) {
                printf(" %s=%lu", error_names[e], (unsigned long)count[row][e]);
                seen |= UINT64_C(1) << e;
            }
        for (unsigned e = 0; e < ERRORS_MAX; e++)
            if ((rows[row].expected >> e & 1) && !count[row][e])
                printf(" %s=0", error_names[e]);
        printf("\n");
        expected |= rows[row].expected;
        if ((rows[row].expected & OK) && !count[row][0])
            missing++;
    }
    for (unsigned e = 0; e < ERRORS_MAX; e++)
        if (expected & ~seen & UINT64_C(1) << e) {
            printf("# *** %s was never seen\n", error_names[e]);
            missing++;
        }
    return missing;
}
