/* SPDX-License-Identifier: BSD-2-Clause */
/* The figures that the status page draws, as JSON. */
#include "status.h"

#include <stdarg.h>
#include <stdio.h>
#include <ukern/irq.h>
#include <ukern/task.h>

#include "../netdev/net_client.h"

/* netdev answers at once, unless it is being started anew. */
#define PATIENCE UINT64_C(50000000)

struct text {
    char *at;
    size_t room;
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format, ...)
{
    va_list list;
    int n;

    va_start(list, format);
    n = vsnprintf(t->at + t->used, t->room - t->used, format, list);
    va_end(list);
    if (n > 0)
        t->used += (size_t)n < t->room - t->used ? (size_t)n : t->room - t->used - 1;
}

/* A task's name is what its parent chose: keep to what JSON needs no escape for. */
static void add_name(struct text *t, const char *name)
{
    for (; *name != 0; name++)
        add(t, "%c", *name >= ' ' && *name < 127 && *name != '"' && *name != '\\' ? *name : '?');
}

static void add_net(struct text *t)
{
    struct net_info n;

    if (net_info_until(task_handle("net"), &n, clock_now() + PATIENCE) != UKERN_OK) {
        add(t, "null");
        return;
    }
    add(t,
        "{\"mac\":\"%02x:%02x:%02x:%02x:%02x:%02x\",\"mtu\":%u,\"link\":%u,\"rx_frames\":%llu,"
        "\"rx_bytes\":%llu,\"tx_frames\":%llu,\"tx_bytes\":%llu,\"rx_dropped\":%llu,\"resets\":%"
        "llu}",
        n.mac[0], n.mac[1], n.mac[2], n.mac[3], n.mac[4], n.mac[5], n.mtu, n.link,
        (unsigned long long)n.rx_frames, (unsigned long long)n.rx_bytes,
        (unsigned long long)n.tx_frames, (unsigned long long)n.tx_bytes,
        (unsigned long long)n.rx_dropped, (unsigned long long)n.resets);
}

size_t status_json(char *to, size_t size, unsigned long requests, unsigned connections)
{
    ukern_handle system = task_handle("system");
    struct text t = {to, size, 0};
    struct ukern_system_info s = {0};
    struct ukern_task_info i;

    system_info(system, &s);
    add(&t,
        "{\"uptime\":%llu,\"idle\":%llu,\"free\":%llu,\"total\":%llu,\"switches\":%llu,"
        "\"interrupts\":%llu,\"requests\":%lu,\"connections\":%u,\"net\":",
        (unsigned long long)s.uptime_ns, (unsigned long long)s.idle_ns,
        (unsigned long long)s.memory_free, (unsigned long long)s.memory_total,
        (unsigned long long)s.switches, (unsigned long long)s.interrupts, requests, connections);
    add_net(&t);
    add(&t, ",\"tasks\":[");
    for (uint64_t id = 0; t.room - t.used > 512 && task_info(system, id, &i) == UKERN_OK;
         id = i.id + 1) {
        add(&t, "%s{\"id\":%llu,\"name\":\"", id == 0 ? "" : ",", (unsigned long long)i.id);
        add_name(&t, i.name);
        add(&t,
            "\",\"state\":%u,\"priority\":%u,\"cpu\":%llu,\"ipc\":%llu,\"used\":%llu,"
            "\"limit\":%llu}",
            i.state, i.priority, (unsigned long long)i.cpu_ns, (unsigned long long)i.ipc_count,
            (unsigned long long)i.memory_used, (unsigned long long)i.memory_limit);
    }
    add(&t, "]}");
    return t.used;
}
