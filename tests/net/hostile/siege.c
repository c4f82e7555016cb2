/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starts one liar after the other beside an honest client, from seeds, until they have done a fixed
 * number of steps; then nothing of theirs may be left: no object, no memory, no handle and no client
 * of the servers, no socket. Boot arguments: steps=N seed=N.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netdev/net_client.h>
#include <netserv/socket_abi.h>
#include <ukern/error.h>
#include <ukern/irq.h>
#include <ukern/task.h>

#include "liar.h"

#define SECOND     UINT64_C(1000000000)
#define PATIENCE   (300 * SECOND) /* for a liar that hangs, and nothing else */
#define SETTLED    (30 * SECOND)  /* after that nothing of before goes on */
#define ROUNDS_MAX 3
#define LIFE       500u /* steps of a liar's, if it does not end before */
#define SOCKETS    SOCKET_MEMBERS
#define ROUNDS     "40" /* of the honest client */

static ukern_handle system_right, tally_shm, set;
static unsigned failed;

static void check(const char *what, int64_t result)
{
    if (result >= 0)
        return;
    printf("siege: %s: %s\n", what, ukern_strerror((int)result));
    exit(1);
}

static uint64_t word(const char *name, uint64_t otherwise)
{
    const char *at = strstr(task_bootargs(), name);

    return at != NULL ? strtoull(at + strlen(name), NULL, 10) : otherwise;
}

/* ---- What there is. ---- */

struct counts {
    uint64_t objects, frames, tasks;
    uint64_t netdev_handles, netserv_handles, netdev_memory, netserv_memory;
    uint64_t clients, areas;
    uint64_t sockets, tcp, udp; /* that can be made */
};

static struct ukern_task_info facts(const char *name)
{
    struct ukern_task_info info = {0};

    while (task_info(system_right, info.id, &info) == UKERN_OK && strcmp(info.name, name) != 0)
        info.id++;
    return info;
}

static ukern_handle make(ukern_handle from, enum socket_type type)
{
    struct ukern_msg m = {UKERN_TAG(SOCKET_CREATE, 0), {type, 4}};
    int error = ipc_call(from, &m);

    if (error == UKERN_OK)
        error = UKERN_TAG_LABEL(m.tag);
    return error < 0 ? error : (ukern_handle)m.w[5];
}

/* As many as there are; connected, they have all the memory that sockets ever need. */
static uint64_t make_all(enum socket_type type, bool connected)
{
    const struct socket_address echo = {.family = 4, .port = 7, .ip = {127, 0, 0, 1}};
    static ukern_handle all[SOCKETS];
    unsigned n = 0;

    while (n < SOCKETS && (all[n] = make(task_handle("socket"), type)) >= 0) {
        struct ukern_msg m = {.tag = UKERN_TAG(SOCKET_CONNECT, 0)};

        memcpy(m.w, &echo, sizeof echo);
        if (connected && ipc_call(all[n], &m) != UKERN_OK)
            break;
        n++;
    }
    for (unsigned i = 0; i < n; i++)
        handle_close(all[i]);
    return n;
}

static struct counts count(void)
{
    struct ukern_task_info netdev = facts("netdev"), netserv = facts("netserv");
    struct ukern_system_info system;
    struct net_info net;
    struct counts c;

    check("system_info", system_info(system_right, &system));
    check("net_info", net_info(task_handle("net"), &net));
    c = (struct counts){.objects = system.objects,
                        .frames = system.frames_free,
                        .tasks = system.tasks,
                        .netdev_handles = netdev.handles,
                        .netdev_memory = netdev.memory_used,
                        .netserv_handles = netserv.handles,
                        .netserv_memory = netserv.memory_used,
                        .clients = net.clients,
                        .areas = net.bulk_clients};
    c.sockets = make_all(SOCKET_TYPE_SET, false);
    c.tcp = make_all(SOCKET_TYPE_TCP, false);
    c.udp = make_all(SOCKET_TYPE_UDP, false);
    return c;
}

static unsigned compare(const char *what, uint64_t before, uint64_t after, uint64_t most, bool tell)
{
    if (after <= before + most)
        return 0;
    if (tell)
        printf("siege: %s: %llu before, %llu after\n", what, (unsigned long long)before,
               (unsigned long long)after);
    return 1;
}

/* How much there is more of now; of what can be made, less. */
static unsigned compare_all(const struct counts *b, const struct counts *a, bool tell)
{
    return compare("kernel objects", b->objects, a->objects, 0, tell) +
           compare("tasks", b->tasks, a->tasks, 0, tell) +
           compare("frames in use", a->frames, b->frames, 16, tell) + /* heaps of servers */
           compare("handles of netdev", b->netdev_handles, a->netdev_handles, 0, tell) +
           compare("memory of netdev", b->netdev_memory, a->netdev_memory, 0, tell) +
           compare("handles of netserv", b->netserv_handles, a->netserv_handles, 0, tell) +
           compare("memory of netserv", b->netserv_memory, a->netserv_memory, 65536, tell) +
           compare("clients of netdev", b->clients, a->clients, 0, tell) +
           compare("areas in use", b->areas, a->areas, 0, tell) +
           compare("sockets that are left", a->sockets, b->sockets, 0, tell) +
           compare("TCP sockets that are left", a->tcp, b->tcp, 0, tell) +
           compare("UDP sockets that are left", a->udp, b->udp, 0, tell);
}

/* ---- Liars. ---- */

static ukern_handle start(const char *name, const char *argument)
{
    const char *argv[] = {name, argument};
    struct spawn s;
    ukern_handle task;

    spawn_init(&s, name);
    s.argc = 2;
    s.argv = argv;
    s.fd[1] = s.fd[2] = 1;
    s.memory = 1024 * 1024;
    check("grant net", spawn_grant(&s, "net", task_handle("net"), 0));
    check("grant socket", spawn_grant(&s, "socket", task_handle("socket"), 0));
    check("grant tally", spawn_grant(&s, "tally", tally_shm, 0));
    check("grant set", spawn_grant(&s, "set", set, 0));
    task = task_spawn(&s);
    check(name, task);
    return task;
}

/* Each fourth one is killed, wherever it is. */
static void one_life(const char *name, uint64_t seed)
{
    char text[24];
    ukern_handle task;
    int error = UKERN_ETIMEDOUT;

    snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    tally->goal = tally->steps + LIFE;
    task = start(name, text);
    if (seed % 4 == 3) {
        error = task_wait(task, NULL, NULL, clock_now() + SECOND / 100);
        if (error == UKERN_ETIMEDOUT)
            task_kill(task, 9);
    }
    error = task_wait(task, NULL, NULL, clock_now() + PATIENCE);
    handle_close(task);
    if (error != UKERN_OK) {
        printf("siege: %s %s hangs\n", name, text);
        exit(1);
    }
}

static void lives(const char *name, uint64_t seed, uint64_t steps)
{
    ukern_handle honest = start("honest", ROUNDS);
    uint64_t goal, first = seed;
    int code = 1, reason = 1;

    *tally = (struct tally){0};
    goal = steps;
    while (tally->steps < goal)
        one_life(name, seed++);
    check("honest", task_wait(honest, &code, &reason, clock_now() + PATIENCE));
    handle_close(honest);
    printf("siege: %s: %llu steps in %llu lives, %llu times inside, %llu times cut off; the honest "
           "client %s\n",
           name, (unsigned long long)tally->steps, (unsigned long long)(seed - first),
           (unsigned long long)tally->opened, (unsigned long long)tally->cut_off,
           reason == UKERN_EXIT_NORMAL && code == 0 ? "got what it sent" : "failed");
    fflush(stdout);
    if (reason != UKERN_EXIT_NORMAL || code != 0)
        failed++;
}

/* How much there is more of after it. */
static unsigned siege(uint64_t seed, uint64_t steps, const struct counts *before,
                      struct counts *after)
{
    lives("ringliar", seed, steps);
    lives("sockliar", seed, steps);
    printf("siege: settles\n"); /* a host on the wire leaves now, as its connections count, too */
    fflush(stdout);
    *after = count();
    /* What was begun is finished: connections end, name servers are given up, the dead are taken
     * apart. */
    for (unsigned i = 0; i < 60 && compare_all(before, after, false) > 0; i++) {
        clock_sleep(SECOND);
        *after = count();
    }
    return compare_all(before, after, true);
}

int main(void)
{
    unsigned more = 1;
    uint64_t steps = word("steps=", 20000), seed = word("seed=", 1);
    struct counts before, after;
    struct net_info net;
    void *memory;

    system_right = task_handle("system");
    tally_shm = shm_create(UKERN_PAGE_SIZE, UKERN_SHM_NORMAL);
    check("tally", shm_map(tally_shm, 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &memory));
    tally = memory;
    /* Liars ask by this handle, too, so that netdev will know us: let it do so from the start. */
    check("net_filter", net_filter(task_handle("net"), NET_FILTER_OWN, 0));
    set = make(task_handle("socket"), SOCKET_TYPE_SET);
    check("a set", set);
    printf("siege: %llu connections warm netserv up\n",
           (unsigned long long)make_all(SOCKET_TYPE_TCP, true));
    lives("ringliar", seed, 2 * LIFE);
    lives("sockliar", seed, 2 * LIFE);
    clock_sleep(SETTLED);
    printf("siege: begins\n");
    fflush(stdout);
    after = count();
    /* A heap may be larger than ever before, once; what is more each time is lost. */
    for (unsigned round = 0; round < ROUNDS_MAX && more > 0; round++) {
        before = after;
        more = siege(seed, steps, &before, &after);
    }
    failed += more;
    check("net_info", net_info(task_handle("net"), &net));
    printf("siege: netdev cut %llu clients off and reset the device %llu times\n",
           (unsigned long long)net.cut_off, (unsigned long long)net.resets);
    printf("siege: %llu sockets, %llu objects: %s\n", (unsigned long long)after.sockets,
           (unsigned long long)after.objects, failed == 0 ? "all as before" : "FAILED");
    return failed != 0;
}
