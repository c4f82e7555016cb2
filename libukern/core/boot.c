/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a running CPU to the first task.
 */
#include "boot.h"
#include "archive.h"
#include "entry.h"
#include "frame.h"
#include "log.h"
#include "panic.h"
#include "pending.h"
#include "resume.h"
#include "sched.h"
#include "spawn.h"
#include "trace.h"

#define INIT_STACK    (UINT64_C(64) << 10)
#define INIT_PRIORITY 50
#define SLACK_SHIFT   6 /* 1/64 of memory is nobody's quota: for the table of tasks */

struct boot_info boot_info;
uint64_t boot_ns;
static const struct task *first_task;

int boot_failed(int error, const char *name, uint64_t number, const char *why)
{
    panic_say("ukern: cannot start: %s (%lu): %s\n", name, (unsigned long)number, why);
    board.power(UKERN_POWER_OFF, 1);
    return error;
}

static void stop(const char *what, const char *why)
{
    panic_say("ukern: cannot start: %s: %s\n", what, why);
    board.power(UKERN_POWER_OFF, 1);
}

void boot_tell_rest(void)
{
    log_rest(panic_put);
}

void boot_task_ends(const struct task *t, enum ukern_exit_reason reason, int code)
{
    const uint64_t *fault = t->pending.request.w; /* as kernel_fault() filled it */

    if (likely(t != first_task))
        return;
    boot_tell_rest();
    if (reason == UKERN_EXIT_FAULT)
        panic_say("ukern: init has ended (fault at 0x%lx, address 0x%lx): the system stops\n",
                  (unsigned long)fault[3], (unsigned long)fault[2]);
    else
        panic_say("ukern: init has ended (%s %d): the system stops\n",
                  reason == UKERN_EXIT_KILLED ? "killed with code" : "code", code);
    board.power(UKERN_POWER_OFF, 1);
}

static void give(struct task *t, uint32_t slot, const struct handle *h)
{
    if (handle_reserve(&t->handles, slot, 1, &slot) != UKERN_OK)
        stop("init", "not enough memory");
    handle_open(&t->handles, slot, h);
}

static void give_memory(struct task *t, uint32_t slot, paddr_t base, uint64_t size)
{
    struct shm *s;
    paddr_t start = page_down(base);

    if (!base)
        return;
    s = shm_new_fixed(t->account, start, page_up(base - start + size) >> PAGE_SHIFT,
                      UKERN_SHM_BOOT);
    if (!s)
        stop("init", "not enough memory");
    give(t, slot,
         &(struct handle){
             .object = s, .type = UKERN_TYPE_SHM, .rights = UKERN_R_TRANSFER | UKERN_R_READ});
}

/* The boot arguments go to the top of init's stack. */
static uint64_t put_arguments(const struct loader *l, uint64_t *size)
{
    uint64_t n = min_u64(strlen(boot_info.arguments) + 1, UKERN_ARGS_MAX),
             at = (STACK_TOP - n) & ~UINT64_C(15);

    for (uint64_t i = 0; i < n; i++)
        *(char *)loader_stack(l, at + i) = i + 1 < n ? boot_info.arguments[i] : '\0';
    *size = n;
    return at;
}

static struct task *make_init(struct shm *archive, uint64_t offset, uint64_t size)
{
    uint64_t memory = account_root.limit - account_root.used - (account_root.limit >> SLACK_SHIFT);
    struct task *t = task_new(&account_root, memory, "init");
    struct loader l = {0};
    const char *why = "not enough memory";
    uint64_t args, args_size;
    int rc;

    if (!t)
        stop("init", why);
    rc = loader_start(&l, t, archive, offset, size, INIT_STACK, &why);
    if (rc)
        stop("init", why);
    while ((rc = loader_step(&l)) == 1)
        ;
    if (rc)
        stop("init", "not enough memory");
    args = put_arguments(&l, &args_size);
    arch_context_init(&t->context, l.plan.entry, args, args, args_size);
    loader_end(&l, t);
    give(t, UKERN_INIT_SYSTEM,
         &(struct handle){.type = UKERN_TYPE_SYSTEM,
                          .rights = UKERN_R_TRANSFER | UKERN_R_INSPECT | UKERN_R_KILL |
                                    UKERN_R_DEVICE | UKERN_R_LOG | UKERN_R_POWER});
    return t;
}

const struct ukern_sysregs *kernel_main(const struct boot_info *info)
{
    uint64_t offset, size;
    struct shm *archive;
    struct task *t;
    int rc;

    boot_info = *info;
    TRACE_BOOT();
    sched_init(arch_cpu());
    account_root.limit = frame_free_count() << PAGE_SHIFT;
    ukern_main();
    pending_seal();
    rc = archive_find(arch_phys_to_virt(info->archive), info->archive_size, "init", &offset, &size);
    if (rc == UKERN_ENOENT)
        stop("init", "the archive has no program of this name");
    if (rc)
        stop("archive", "malformed: not a cpio archive in newc format, or truncated");
    archive = shm_new_fixed(&account_root, info->archive, page_up(info->archive_size) >> PAGE_SHIFT,
                            UKERN_SHM_BOOT);
    if (!archive)
        stop("init", "not enough memory");
    t = make_init(archive, offset, size);
    give(t, UKERN_INIT_ARCHIVE,
         &(struct handle){
             .object = archive, .type = UKERN_TYPE_SHM, .rights = UKERN_R_TRANSFER | UKERN_R_READ});
    give_memory(t, UKERN_INIT_DTB, info->dtb, info->dtb_size);
    first_task = t;
    task_start(t, INIT_PRIORITY, UKERN_PRIORITIES - 1);
    boot_ns = arch_timer_now();
    return kernel_resume();
}
