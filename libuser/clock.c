/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for time to pass, and the C library's clocks. There is no calendar: the epoch is the
 * boot. */
#include <errno.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>
#include <ukern/ipc.h>
#include <ukern/irq.h>
#include <ukern/task.h>
#include "fd.h"

#define SECOND UINT64_C(1000000000)

ukern_handle wait_port(void)
{
    static ukern_handle port = -1;
    ukern_handle low;
    int slot = SPAWN_FIRST_SLOT;

    if (port >= 0)
        return port;
    low = port_create();
    if (low < 0 || low >= SPAWN_FIRST_SLOT)
        return port = low;
    while (handle_info(slot, NULL, NULL) >= 0)
        slot++;
    port = handle_dup(low, 0, slot);
    handle_close(low);
    return port;
}

void clock_sleep(uint64_t nanoseconds)
{
    uint64_t now = clock_now();
    uint64_t until = nanoseconds > UKERN_FOREVER - now ? UKERN_FOREVER : now + nanoseconds;
    ukern_handle port = wait_port();

    if (port >= 0)
        notify_wait(port, WAIT_SLEEP, NULL, until);
    while (clock_now() < until)
        task_yield(); /* only if there was no memory for a port */
}

int clock_gettime(clockid_t id, struct timespec *out)
{
    uint64_t now = clock_now();

    (void)id;
    *out = (struct timespec){(time_t)(now / SECOND), (long)(now % SECOND)};
    return 0;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    uint64_t now = clock_now();

    (void)zone;
    *out = (struct timeval){(time_t)(now / SECOND), (suseconds_t)(now % SECOND / 1000)};
    return 0;
}

/* CPU time, for those who may look; for others the time since boot must do. */
static uint64_t time_used(void)
{
    struct ukern_task_info info;
    uint64_t self = task_self();
    ukern_handle system = task_handle("system");

    if (system >= 0 && task_info(system, self, &info) >= 0 && info.id == self)
        return info.cpu_ns;
    return clock_now();
}

clock_t times(struct tms *out)
{
    *out = (struct tms){.tms_utime = (clock_t)(time_used() / (SECOND / CLOCKS_PER_SEC))};
    return (clock_t)(clock_now() / (SECOND / CLOCKS_PER_SEC));
}

int nanosleep(const struct timespec *time, struct timespec *left)
{
    if (time->tv_sec < 0 || time->tv_nsec < 0 || time->tv_nsec >= (long)SECOND) {
        errno = EINVAL;
        return -1;
    }
    clock_sleep((uint64_t)time->tv_sec * SECOND + (uint64_t)time->tv_nsec);
    if (left)
        *left = (struct timespec){0};
    return 0;
}

int usleep(useconds_t microseconds)
{
    clock_sleep((uint64_t)microseconds * 1000);
    return 0;
}

unsigned sleep(unsigned seconds)
{
    clock_sleep(seconds * SECOND);
    return 0;
}
