/* SPDX-License-Identifier: BSD-2-Clause */
/* From crt0 to main() and back: arguments, stack guard, constructors, exit, abort. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <ukern/ipc.h>
#include <ukern/irq.h>
#include <ukern/task.h>
#include "startup.h"
#include "start.h"
#include "fd.h"

extern int main(int argc, char **argv);
extern void __libc_init_array(void);

struct startup startup_own;
static bool first_task;
static char *arguments[SPAWN_ARGS_MAX + 1];

uintptr_t __stack_chk_guard;

_Noreturn void __stack_chk_fail(void)
{
    abort();
}

/* The first task has no names: its handles stand at fixed places. */
static ukern_handle first_task_handle(const char *name)
{
    if (strcmp(name, "system") == 0)
        return UKERN_INIT_SYSTEM;
    if (strcmp(name, "archive") == 0)
        return UKERN_INIT_ARCHIVE;
    if (strcmp(name, "dtb") == 0)
        return UKERN_INIT_DTB;
    return UKERN_ENOENT;
}

ukern_handle task_handle(const char *name)
{
    return first_task ? first_task_handle(name) : startup_find(&startup_own, name);
}

const char *task_bootargs(void)
{
    return startup_own.bootargs;
}

/* The block is on the task's own stack, and stays. */
static int read_arguments(char *block, size_t size)
{
    static char init_name[] = "init";
    char *at;

    if (startup_parse(block, size, &startup_own) == UKERN_ENOENT) {
        first_task = true;
        startup_own.priority = SPAWN_PRIORITY;
        if (size > 0 && block[size - 1] == '\0')
            startup_own.bootargs = block;
        arguments[0] = init_name;
        return 1;
    }
    at = block + (startup_own.arguments - block);
    for (uint32_t i = 0; i < startup_own.argc; i++) {
        arguments[i] = at;
        at += strlen(at) + 1;
    }
    return (int)startup_own.argc;
}

/* Started by hand, without a block: what stands at 0 to 2 can be descriptors if it is a port. */
static uint32_t ports_among_standard(void)
{
    uint32_t mask = 0;

    for (int fd = 0; fd < 3; fd++)
        mask |= handle_info(fd, NULL, NULL) == UKERN_TYPE_PORT ? 1u << fd : 0;
    return mask;
}

/* No function that has a guard may be running while it changes. */
__attribute__((no_stack_protector)) _Noreturn void ukern_start(char *block, size_t size)
{
    int argc;

    __stack_chk_guard = (uintptr_t)(clock_now() * UINT64_C(0x9e3779b97f4a7c15)) ^ (uintptr_t)block;
    __stack_chk_guard &= ~(uintptr_t)0xff; /* a string that runs over does not copy it */
    argc = read_arguments(block, size);
    fd_start(first_task ? ports_among_standard() : startup_own.fds);
    __libc_init_array();
    exit(main(argc, arguments));
}

/* What constructors of crti.o would be; there is none. */
void _init(void) {}
void _fini(void) {}

_Noreturn void _exit(int code)
{
    task_exit(code);
}

/* A breakpoint is a fault: the supervisor sees where. */
_Noreturn void abort(void)
{
    for (;;)
        __asm__ volatile("brk #1");
}
