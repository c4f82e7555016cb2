/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver: a server like any other, with two handles more. "pl031" is shared memory that *is*
 * the device's registers, "pl031-irq" is its interrupt line.
 *
 * An interrupt reaches a driver as a bit of its port, in the same loop as requests, so nothing here
 * runs at the same time as anything else. From the interrupt on the kernel holds the line back:
 *
 *      device raises its line ──► kernel holds it back, sets ALARM_BIT of the port
 *      notified(): clear the device, answer callers
 *      server_run() receives the next event ──► the line may interrupt again
 *
 * A driver that is slow, or dies, or never receives again, delays only itself.
 */
#include <stdio.h>
#include <stdlib.h>

#include <ukern/error.h>
#include <ukern/irq.h>
#include <ukern/memory.h>
#include <ukern/server.h>
#include <ukern/task.h>

#include "clock.h"
#include "pl031.h"

#define ALARM_BIT 1

/* A caller that sleeps until its second comes. */
struct sleeper {
    struct sleeper *next;
    uint64_t token; /* names the caller for the reply */
    uint64_t second;
};

static struct pl031 device;
static struct sleeper *sleepers; /* who is due first stands first */

/* Answer everybody whose second has begun, and set the device for the next one. */
static void serve_sleepers(void)
{
    while (sleepers != NULL) {
        struct sleeper *s = sleepers;
        struct ukern_msg reply = {.w = {pl031_now(&device)}};

        if (s->second > reply.w[0]) {
            /* If that second begins just now, the device does not interrupt any more: look again.
             */
            pl031_set_alarm(&device, (uint32_t)s->second);
            if (pl031_now(&device) < s->second)
                return;
            continue;
        }
        server_reply(s->token, &reply); /* an error says that the caller is gone, which is fine */
        sleepers = s->next;
        free(s);
    }
}

static int do_now(struct server *s, struct request *r)
{
    (void)s;
    r->reply.w[0] = pl031_now(&device);
    return SERVER_REPLY;
}

static int do_alarm(struct server *s, struct request *r)
{
    struct sleeper **link = &sleepers, *new;

    (void)s;
    if (r->msg.w[0] > UINT32_MAX)
        return UKERN_EOVERFLOW; /* the device counts in 32 bits */
    if (r->token == 0)
        return SERVER_LATER; /* it came by ipc_send(): nobody waits for a reply */
    new = malloc(sizeof *new);
    if (new == NULL)
        return UKERN_ENOMEM;
    while (*link != NULL && (*link)->second <= r->msg.w[0])
        link = &(*link)->next;
    *new = (struct sleeper){.next = *link, .token = r->token, .second = r->msg.w[0]};
    *link = new;
    serve_sleepers();
    return SERVER_LATER;
}

/* The interrupt has come. */
static void notified(struct server *s, uint64_t bits)
{
    (void)s;
    (void)bits; /* this port has only one */
    pl031_clear(&device);
    serve_sleepers();
}

/* A caller that slept has died, or its deadline has passed: forget it. */
static void cancelled(struct server *s, uint64_t badge, uint64_t token)
{
    (void)s;
    (void)badge;
    for (struct sleeper **link = &sleepers; *link != NULL; link = &(*link)->next)
        if ((*link)->token == token) {
            struct sleeper *gone = *link;

            *link = gone->next;
            free(gone);
            return;
        }
}

static const struct server_handler handlers[] = {
    {CLOCK_NOW, do_now},
    {CLOCK_ALARM, do_alarm},
    {0, NULL},
};

/* Map the registers and bind the interrupt to our port: all that makes this task a driver. */
static int take_device(ukern_handle port)
{
    void *registers;
    int error =
        shm_map(task_handle("pl031"), 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &registers);

    if (error != UKERN_OK)
        return error;
    pl031_init(&device, registers);
    return irq_bind_auto(task_handle("pl031-irq"), port, ALARM_BIT);
}

int main(void)
{
    struct server s = {
        .port = task_handle("port"),
        .handlers = handlers,
        .notified = notified,
        .cancelled = cancelled,
    };
    int error = take_device(s.port);

    if (error == UKERN_OK)
        error = server_run(&s);
    fprintf(stderr, "rtc: %s\n", ukern_strerror(error));
    return 1;
}
