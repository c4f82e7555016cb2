/* SPDX-License-Identifier: BSD-2-Clause */
/* Handles in messages: copied, moved, narrowed, or not at all. */
#include "test.h"

/* Sends what is granted as "one" (and "two", if there) with flags argv[1]; ends with its own handle
 * count's change. */
ROLE(giver)
{
    ukern_handle one = given("one"), two = task_handle("two");
    uint64_t flags = argument(argc, argv, 1);
    int error;
    struct ukern_msg m = {UKERN_TAG(1, two >= 0 ? 2 : 1), {11, 12, 13, 14, 15, 16}};

    m.w[5] = UKERN_SEND_HANDLE(one, 0) | flags;
    if (two >= 0) {
        m.w[4] = UKERN_SEND_HANDLE(one, 0) | flags;
        m.w[5] = UKERN_SEND_HANDLE(two, 0) | flags;
    }
    error = ipc_call(given("port"), &m);
    if (error)
        return error;
    return (handle_info(one, NULL, NULL) >= 0 ? 1 : 0) +
           (handle_info(two, NULL, NULL) >= 0 ? 2 : 0);
}

static ukern_handle giver(ukern_handle port, ukern_handle one, ukern_handle two, uint64_t flags)
{
    struct child c;

    child_init(&c, "giver");
    child_give(&c, "port", port);
    child_give(&c, "one", one);
    if (two >= 0)
        child_give(&c, "two", two);
    child_number(&c, flags);
    return child_start(&c);
}

TEST(handles_one, "one handle travels in the last word and names the same object")
{
    ukern_handle port = HANDLE(port_create()), other = HANDLE(port_create()),
                 sent = client(other, 99);
    ukern_handle task = giver(client(port, 1), sent, -1, 0);
    struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);
    uint32_t rights;
    uint64_t badge;

    EQUAL(UKERN_TAG_HANDLES(ev.msg.tag), 1);
    for (uint64_t i = 0; i < 5; i++)
        EQUAL(ev.msg.w[i], 11 + i);
    EQUAL(handle_info((ukern_handle)ev.msg.w[5], &rights, &badge), UKERN_TYPE_PORT);
    EQUAL(rights, CLIENT);
    EQUAL(badge, 99);
    reply_number(ev.token, 0);
    EQUAL(finish(task), 1);
    OK(handle_close(sent));
    expect_nothing(other); /* a copy is left: no hangup yet */
    OK(handle_close((ukern_handle)ev.msg.w[5]));
    EQUAL(expect(other, UKERN_EV_HANGUP).badge, 99);
}

TEST(handles_two, "two handles travel in order, and can be moved")
{
    ukern_handle port = HANDLE(port_create()), a = HANDLE(port_create()), b = HANDLE(port_create());
    ukern_handle ca = client(a, 1), cb = client(b, 2);
    ukern_handle task = giver(client(port, 1), ca, cb, UKERN_SEND_MOVE);
    struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);

    OK(notify((ukern_handle)ev.msg.w[4], 4));
    OK(notify((ukern_handle)ev.msg.w[5], 8));
    EQUAL(expect(a, UKERN_EV_NOTIFY).msg.tag, 4);
    EQUAL(expect(b, UKERN_EV_NOTIFY).msg.tag, 8);
    reply_number(ev.token, 0);
    EQUAL(finish(task), 0);
    OK(handle_close(ca));
    OK(handle_close((ukern_handle)ev.msg.w[4]));
    EQUAL(expect(a, UKERN_EV_HANGUP).badge, 1);
    expect_nothing(b);
}

/* Takes one call and answers it with a moved port of its own and the shm "one", read-only. */
ROLE(handing_server)
{
    struct ukern_event ev = expect(given("port"), UKERN_EV_MESSAGE);
    struct ukern_msg m = {UKERN_TAG(0, 2), {0}};

    m.w[4] = UKERN_SEND_HANDLE(HANDLE(port_create()), 0) | UKERN_SEND_MOVE;
    m.w[5] = UKERN_SEND_HANDLE(given("one"), UKERN_R_READ);
    OK(ipc_reply(ev.token, &m));
    EQUAL(handle_info((ukern_handle)m.w[4] & 0xffff, NULL, NULL), UKERN_EHANDLE);
    return 0;
}

TEST(handles_in_reply, "a reply carries handles, with fewer rights if the server says so")
{
    ukern_handle port = HANDLE(port_create()), shm = HANDLE(shm_create(4096, UKERN_SHM_NORMAL)),
                 task;
    struct ukern_msg m = message(1, 0);
    struct child c;
    uint32_t rights;
    void *at;

    child_init(&c, "handing_server");
    child_give(&c, "port", port);
    child_give(&c, "one", shm);
    task = child_start(&c);
    OK(ipc_call(client(port, 1), &m));
    EQUAL(finish(task), 0);
    EQUAL(handle_info((ukern_handle)m.w[4], &rights, NULL), UKERN_TYPE_PORT);
    CHECK(rights & UKERN_R_RECV);
    expect_nothing((ukern_handle)m.w[4]);
    EQUAL(handle_info((ukern_handle)m.w[5], &rights, NULL), UKERN_TYPE_SHM);
    EQUAL(rights, UKERN_R_READ);
    EQUAL(shm_map((ukern_handle)m.w[5], 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &at),
          UKERN_ERIGHTS);
    OK(shm_map((ukern_handle)m.w[5], 0, 0, UKERN_PROT_READ, NULL, &at));
    EQUAL(handle_dup((ukern_handle)m.w[5], 0, -1), UKERN_ERIGHTS);
}

TEST(handles_refused, "what one does not hold, may not give or asks too much of is not sent")
{
    ukern_handle port = HANDLE(port_create()), c = client(port, 1);
    ukern_handle fixed = HANDLE(handle_mint(port, UKERN_R_CALL, 2));
    struct ukern_msg m = {UKERN_TAG(1, 1), {0}};

    m.w[5] = 5000;
    EQUAL(ipc_call(c, &m), UKERN_EHANDLE);
    m = (struct ukern_msg){UKERN_TAG(1, 1), {0, 0, 0, 0, 0, UKERN_SEND_HANDLE(fixed, 0)}};
    EQUAL(ipc_call(c, &m), UKERN_ERIGHTS);
    m = (struct ukern_msg){UKERN_TAG(1, 1), {0, 0, 0, 0, 0, UKERN_SEND_HANDLE(c, UKERN_R_RECV)}};
    EQUAL(ipc_call(c, &m), UKERN_ERIGHTS);
    m = (struct ukern_msg){UKERN_TAG(1, 1),
                           {0, 0, 0, 0, 0, UKERN_SEND_HANDLE(c, 0) | UINT64_C(1) << 50}};
    EQUAL(ipc_call(c, &m), UKERN_EINVAL);
    m = (struct ukern_msg){
        UKERN_TAG(1, 2),
        {0, 0, 0, 0, UKERN_SEND_HANDLE(c, 0) | UKERN_SEND_MOVE, UKERN_SEND_HANDLE(c, 0)}};
    EQUAL(ipc_call(c, &m), UKERN_EHANDLE);
    m = (struct ukern_msg){UKERN_TAG(1, 2),
                           {0, 0, 0, 0, UKERN_SEND_HANDLE(c, 0) | UKERN_SEND_MOVE, 777}};
    EQUAL(ipc_send(c, &m, SOON), UKERN_EHANDLE);
    EQUAL(handle_info(c, NULL, NULL), UKERN_TYPE_PORT);
    expect_nothing(port);
}

/* Fills its own table and quota with handles, then receives; ends with how many it had left over
 * after one close. */
ROLE(full_server)
{
    ukern_handle port = given("port"), first = HANDLE(handle_dup(port, 0, -1));
    struct ukern_event ev;
    uint32_t before;

    while (handle_info(OWN_HANDLE, NULL, NULL) < 0) /* the test gives it, soon */
        task_yield();
    while (handle_dup(first, UKERN_R_CALL | UKERN_R_TRANSFER, -1) >= 0)
        ;
    before = info_of(OWN_HANDLE).handles;
    OK(notify(given("ready"), 1));
    EQUAL(ipc_recv(port, &ev, clock_now() + 200 * MILLISECOND), UKERN_ETIMEDOUT);
    EQUAL(info_of(OWN_HANDLE).handles, before);
    OK(handle_close(first)); /* room for one: not for two */
    OK(notify(given("ready"), 1));
    ev = expect(port, UKERN_EV_MESSAGE); /* not the one with two */
    EQUAL(UKERN_TAG_HANDLES(ev.msg.tag), 1);
    EQUAL(ev.msg.w[5], first);
    EQUAL(info_of(OWN_HANDLE).handles, before);
    return 0;
}

TEST(handles_full_table, "a receiver without room gets nothing, and the sender keeps all")
{
    ukern_handle port = HANDLE(port_create()), ready = HANDLE(port_create()), task, c;
    struct ukern_msg two, one;
    struct child child;
    uint64_t bits;

    child_init(&child, "full_server");
    child.spawn.memory = 4 << 20;
    child_give(&child, "port", port);
    child_give(&child, "ready", client(ready, 1));
    task = child_start(&child);
    EQUAL(handle_grant(task, task, UKERN_R_INSPECT, OWN_HANDLE), OWN_HANDLE);
    c = client(port, 1);
    two = (struct ukern_msg){
        UKERN_TAG(1, 2),
        {0, 0, 0, 0, UKERN_SEND_HANDLE(c, 0) | UKERN_SEND_MOVE, UKERN_SEND_HANDLE(ready, 0)}};
    one = (struct ukern_msg){UKERN_TAG(1, 1),
                             {0, 0, 0, 0, 0, UKERN_SEND_HANDLE(ready, UKERN_R_NOTIFY)}};
    OK(notify_wait(ready, 1, &bits, SOON));
    await_state(task, UKERN_TASK_RECV);
    EQUAL(ipc_send(c, &two, SOON), UKERN_ETABLE);
    EQUAL(handle_info(c, NULL, NULL), UKERN_TYPE_PORT);
    OK(notify_wait(ready, 1, &bits, SOON));
    await_state(task, UKERN_TASK_RECV);
    EQUAL(ipc_send(c, &two, SOON), UKERN_ETABLE);
    EQUAL(handle_info(c, NULL, NULL), UKERN_TYPE_PORT);
    OK(ipc_send(c, &one, SOON));
    EQUAL(finish(task), 0);
}

TEST(handles_moved_port, "a queued message whose handle was closed meanwhile is turned away")
{
    ukern_handle port = HANDLE(port_create()), sent = HANDLE(port_create());
    ukern_handle task = giver(client(port, 1), sent, -1, 0);

    await_state(task, UKERN_TASK_SEND);
    /* Its copy stands at SPAWN_FIRST_SLOT + 1: put something there that may not be given away. */
    EQUAL(handle_grant(task, client(port, 5), UKERN_R_CALL, SPAWN_FIRST_SLOT + 1),
          SPAWN_FIRST_SLOT + 1);
    expect_nothing(port);
    EQUAL(finish(task), UKERN_ERIGHTS);
}

TEST(handles_dup_slots, "dup takes the lowest slot, or a given one and closes what was there")
{
    ukern_handle port = HANDLE(port_create()), one, two;

    one = HANDLE(handle_dup(port, 0, -1));
    two = client(port, 3);
    EQUAL(two, one + 1);
    OK(handle_close(one));
    EQUAL(handle_dup(port, UKERN_R_CALL, -1), one);
    EQUAL(handle_dup(port, UKERN_R_CALL, two), two);
    EQUAL(expect(port, UKERN_EV_HANGUP).badge, 3);
    EQUAL(handle_dup(port, 0, 5000), 5000);
    EQUAL(handle_dup(5000, 0, 5000), 5000);
    EQUAL(handle_dup(port, 0, 1 << 30), UKERN_EINVAL);
    EQUAL(handle_dup(port, 0, -2), UKERN_EINVAL);
    EQUAL(handle_dup(port, UKERN_R_ALL, -1), UKERN_ERIGHTS);
    OK(handle_close(5000));
    EQUAL(handle_close(5000), UKERN_EHANDLE);
}

/* Fills its table, says so and waits. */
ROLE(full_table)
{
    while (handle_dup(given("port"), UKERN_R_TRANSFER | UKERN_R_CALL, -1) >= 0)
        ;
    OK(notify(given("port"), 1));
    clock_sleep(10 * SECOND);
    return 0;
}

TEST(handles_grant,
     "a handle is put into another task's table, where there is room and the handle allows it")
{
    ukern_handle port = HANDLE(port_create()), task = play("receiver", HANDLE(port_create())),
                 c = client(port, 8);
    struct child child;
    uint64_t bits;

    EQUAL(handle_grant(task, c, UKERN_R_CALL, 40), 40);
    OK(handle_close(c));
    expect_nothing(port);
    EQUAL(handle_grant(task, port, UKERN_R_ALL, -1), UKERN_ERIGHTS);
    EQUAL(handle_grant(task, 12345, 0, -1), UKERN_EHANDLE);
    EQUAL(handle_grant(task, port, 0, 1 << 30), UKERN_EINVAL);
    EQUAL(handle_grant(port, port, 0, -1), UKERN_ETYPE);
    EQUAL(handle_grant(task, port, UKERN_R_CALL, 40), 40); /* what was there is closed */
    EQUAL(expect(port, UKERN_EV_HANGUP).badge, 8);
    destroy(task);

    child_init(&child, "full_table");
    child.spawn.memory = 4 << 20;
    child_give(&child, "port", client(port, 9));
    task = child_start(&child);
    OK(notify_wait(port, 1, &bits, SOON));
    EQUAL(handle_grant(task, port, UKERN_R_CALL, -1), UKERN_ETABLE);
}
