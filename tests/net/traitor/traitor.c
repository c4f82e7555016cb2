/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * It serves as netdev does, and soon after a client has opened an area it betrays it, in a different way
 * each time. Twice it does not answer when it is to be opened. It says how often an area was opened.
 */
#include <stdio.h>
#include <string.h>

#include <netdev/net.h>
#include <ukern/error.h>
#include <ukern/irq.h>
#include <ukern/memory.h>
#include <ukern/server.h>
#include <ukern/task.h>

#define SOON UINT64_C(300000000) /* nanoseconds */
#define AREA (256u * 1024)
#define POOL (64u * NET_BUFFER_SIZE)
#define RW   (UKERN_PROT_READ | UKERN_PROT_WRITE)
#define BIT  1u

static ukern_handle area_shm, pool_shm, info_shm, client = -1;
static struct net_area *area;
static struct net_info *info;
static uint64_t client_bits;
static unsigned opened, ignored; /* so many times */

static ukern_handle make(size_t size, void **memory)
{
    ukern_handle shm = shm_create(size, UKERN_SHM_NORMAL);

    if (shm < 0 || shm_map(shm, 0, 0, RW, NULL, memory) != UKERN_OK) {
        printf("traitor: no memory\n");
        fflush(stdout);
    }
    return shm;
}

static int do_dup(struct server *s, struct request *r)
{
    static uint64_t badge = UINT64_C(1) << 40;

    if (opened == 4 && ignored == 0) {
        ignored++;
        return SERVER_LATER; /* never */
    }
    r->reply = (struct ukern_msg){UKERN_TAG(UKERN_OK, 1), {0}};
    r->reply.w[5] =
        UKERN_SEND_HANDLE(
            handle_mint(s->port, UKERN_R_CALL | UKERN_R_NOTIFY | UKERN_R_TRANSFER, badge++), 0) |
        UKERN_SEND_MOVE;
    return SERVER_REPLY;
}

static int do_open(struct server *s, struct request *r)
{
    static void *pool;

    if (opened == 7 && ignored == 1) {
        ignored++;
        return SERVER_LATER;
    }
    if (area != NULL) {
        shm_unmap(area);
        shm_unmap(pool);
        handle_close(area_shm);
        handle_close(pool_shm);
    }
    area_shm = make(AREA, (void **)&area);
    pool_shm = make(POOL, &pool);
    if (client >= 0)
        handle_close(client);
    client = request_take(r, 0);
    client_bits = r->msg.w[0];
    area->link = 1;
    area->alive = NET_ALIVE;
    area->rx.wake_at = area->done.wake_at = area->returned.wake_at = UINT32_MAX;
    s->deadline = clock_now() + SOON;
    printf("traitor: opened %u\n", ++opened);
    fflush(stdout);
    r->reply = (struct ukern_msg){UKERN_TAG(UKERN_OK, 2), {BIT, AREA, POOL}};
    r->reply.w[4] = UKERN_SEND_HANDLE(area_shm, UKERN_R_READ | UKERN_R_WRITE);
    r->reply.w[5] = UKERN_SEND_HANDLE(pool_shm, UKERN_R_READ);
    return SERVER_REPLY;
}

static int do_close(struct server *s, struct request *r)
{
    (void)s, (void)r;
    return SERVER_REPLY;
}

static int do_info(struct server *s, struct request *r)
{
    struct ukern_msg reply = {UKERN_TAG(0, 0), {sizeof *info, (uint64_t)info_shm, 0, sizeof *info}};

    (void)s;
    server_reply(r->token, &reply);
    return SERVER_LATER;
}

/* One frame, that is said to lie in the pool; it is taken from there after this. */
static void receive(void)
{
    area->rx_slot[0] = (struct net_desc){.length = 60};
    __atomic_store_n(&area->rx.produced, 1, __ATOMIC_RELEASE);
}

static void betray(struct server *s)
{
    s->deadline = 0;
    switch (opened % 6) {
    case 0:
        shm_revoke(area_shm);
        break;
    case 1:
        shm_destroy(area_shm);
        break;
    case 2: /* it is cut off, and told so */
        shm_revoke(area_shm);
        handle_close(client);
        client = -1;
        return;
    case 3:
        receive();
        shm_revoke(pool_shm);
        notify(client, client_bits);
        clock_sleep(SOON);
        shm_revoke(area_shm);
        break;
    case 4:
        area->rx.produced = NET_SLOTS + 1;
        break;
    default:
        area->done.produced--;
        break;
    }
    notify(client, client_bits);
}

static const struct server_handler handlers[] = {
    {NET_DUP, do_dup}, {NET_OPEN, do_open}, {NET_CLOSE, do_close}, {NET_INFO, do_info}, {0, NULL},
};

int main(void)
{
    struct server s = {.port = task_handle("port"), .handlers = handlers, .timeout = betray};
    void *memory;

    info_shm = make(UKERN_PAGE_SIZE, &memory);
    info = memory;
    memcpy(info->mac, "\x52\x54\x00\x12\x34\x56", 6);
    info->mtu = 1500;
    return server_run(&s) != UKERN_OK;
}
