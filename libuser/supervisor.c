/* SPDX-License-Identifier: BSD-2-Clause */
/* Children, their ends and their next starts. The clock is an argument, so that a test can turn it.
 */
#include <stddef.h>
#include <ukern/ipc.h>
#include <ukern/supervisor.h>

uint64_t supervisor_delay(unsigned failures)
{
    uint64_t delay = SUPERVISOR_DELAY_MIN;

    while (failures-- > 0 && delay < SUPERVISOR_DELAY_MAX)
        delay *= 2;
    return delay < SUPERVISOR_DELAY_MAX ? delay : SUPERVISOR_DELAY_MAX;
}

static void close_task(ukern_handle task)
{
    handle_close(task);
}

void supervisor_init(struct supervisor *v, ukern_handle port, uint64_t first_badge)
{
    *v = (struct supervisor){.port = port, .close = close_task, .next_badge = first_badge};
}

void supervisor_add(struct supervisor *v, struct supervisor_child *c)
{
    struct supervisor_child **end = &v->children;

    while (*end)
        end = &(*end)->next;
    c->next = NULL;
    c->badge = v->next_badge++;
    c->state = SUPERVISOR_STOPPED;
    c->task = -1;
    *end = c;
}

/* It has ended, or could not be started. */
static void ended(struct supervisor_child *c, bool failed, uint64_t now)
{
    uint64_t delay;

    if (c->restart == SUPERVISOR_NEVER || (c->restart == SUPERVISOR_ON_FAILURE && !failed)) {
        c->state = SUPERVISOR_STOPPED;
        return;
    }
    if (now - c->started_at >= SUPERVISOR_STABLE)
        c->failures = 0;
    delay = supervisor_delay(c->failures++);
    c->state = SUPERVISOR_WAITING;
    c->restart_at = now > UKERN_FOREVER - 1 - delay ? UKERN_FOREVER - 1 : now + delay;
}

int supervisor_start(struct supervisor *v, struct supervisor_child *c, uint64_t now)
{
    if (c->state == SUPERVISOR_RUNNING)
        return UKERN_EBUSY;
    c->starts++;
    c->started_at = now;
    c->task = c->start(v, c);
    if (c->task < 0) {
        ended(c, true, now);
        return c->task;
    }
    c->state = SUPERVISOR_RUNNING;
    return UKERN_OK;
}

struct supervisor_child *supervisor_find(const struct supervisor *v, uint64_t badge)
{
    for (struct supervisor_child *c = v->children; c; c = c->next) {
        if (c->badge == badge)
            return c;
    }
    return NULL;
}

struct supervisor_child *supervisor_exited(struct supervisor *v, uint64_t badge, int code,
                                           int reason, uint64_t now)
{
    struct supervisor_child *c = supervisor_find(v, badge);

    if (!c || c->state != SUPERVISOR_RUNNING)
        return c;
    v->close(c->task);
    c->task = -1;
    c->code = code;
    c->reason = reason;
    ended(c, reason != UKERN_EXIT_NORMAL || code != 0, now);
    return c;
}

uint64_t supervisor_deadline(const struct supervisor *v)
{
    uint64_t first = UKERN_FOREVER;

    for (const struct supervisor_child *c = v->children; c; c = c->next) {
        if (c->state == SUPERVISOR_WAITING && c->restart_at < first)
            first = c->restart_at;
    }
    return first;
}

unsigned supervisor_tick(struct supervisor *v, uint64_t now)
{
    unsigned started = 0;

    for (struct supervisor_child *c = v->children; c; c = c->next) {
        if (c->state == SUPERVISOR_WAITING && c->restart_at <= now) {
            supervisor_start(v, c, now);
            started++;
        }
    }
    return started;
}

void supervisor_release(struct supervisor_child *c)
{
    c->restart = SUPERVISOR_NEVER;
    if (c->state == SUPERVISOR_WAITING)
        c->state = SUPERVISOR_STOPPED;
}
