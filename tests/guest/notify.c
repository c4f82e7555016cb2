/* SPDX-License-Identifier: BSD-2-Clause */
/* Notifications, timers and interrupts. */
#include "test.h"

TEST(notify_sticky, "bits add up until they are taken, all at once")
{
    ukern_handle port = HANDLE(port_create()), c = client(port, 1);
    uint64_t bits;

    OK(notify(c, 1));
    OK(notify(c, UINT64_C(1) << 63));
    OK(notify(c, 1));
    EQUAL(expect(port, UKERN_EV_NOTIFY).msg.tag, (UINT64_C(1) << 63) | 1);
    expect_nothing(port);
    OK(notify(c, 0));
    expect_nothing(port);
    OK(notify(c, UINT64_MAX));
    OK(notify_wait(port, UINT64_MAX, &bits, 0));
    EQUAL(bits, UINT64_MAX);
}

TEST(notify_mask, "notify_wait takes the bits of its mask, the rest stays")
{
    ukern_handle port = HANDLE(port_create()), c = client(port, 1);
    uint64_t bits = 0;

    OK(notify(c, 0xff));
    OK(notify_wait(port, 0x0f, &bits, 0));
    EQUAL(bits, 0x0f);
    EQUAL(notify_wait(port, 0x0f, &bits, 0), UKERN_ETIMEDOUT);
    EQUAL(notify_wait(port, 0, &bits, SOON), UKERN_EINVAL);
    OK(notify_wait(port, 0x18, &bits, 0));
    EQUAL(bits, 0x10);
    EQUAL(expect(port, UKERN_EV_NOTIFY).msg.tag, 0xe0);
}

/* Sends a message, then notifies with bit 2, then with bit 1. */
ROLE(notifier)
{
    ukern_handle port = given("port");
    struct ukern_msg m = message(1, 0);

    OK(notify(port, 2));
    clock_sleep(20 * MILLISECOND);
    OK(notify(port, 1));
    return ipc_send(port, &m, SOON);
}

TEST(notify_wait_only, "notify_wait wakes for its bits only; messages and other bits wait")
{
    ukern_handle port = HANDLE(port_create()), task = play("notifier", client(port, 1));
    uint64_t bits;

    OK(notify_wait(port, 1, &bits, SOON));
    EQUAL(bits, 1);
    await_state(task, UKERN_TASK_SEND);
    EQUAL(notify_wait(port, 1, &bits, clock_now() + 10 * MILLISECOND), UKERN_ETIMEDOUT);
    EQUAL(expect(port, UKERN_EV_NOTIFY).msg.tag, 2);
    expect(port, UKERN_EV_MESSAGE);
    EQUAL(finish(task), UKERN_OK);
}

TEST(notify_two_waiters, "two tasks wait for different bits of one port, each gets its own")
{
    ukern_handle port = HANDLE(port_create()), task[3];

    for (uint64_t i = 0; i < 3; i++) {
        task[i] = play_number("bit_waiter", port, i);
        await_state(task[i], UKERN_TASK_RECV);
    }
    OK(notify(port, 2));
    EQUAL(finish(task[1]), 2);
    OK(notify(port, 5));
    EQUAL(finish(task[0]), 1);
    EQUAL(finish(task[2]), 4);
    expect_nothing(port);
}

ROLE(bit_waiter)
{
    uint64_t bits = 0;

    OK(notify_wait(given("port"), UINT64_C(1) << argument(argc, argv, 1), &bits, SOON));
    return (int)bits;
}

TEST(notify_not_starved, "messages are received although notifications never cease")
{
    ukern_handle port = HANDLE(port_create()), task = play_number("caller", client(port, 1), 3);
    int events = 0;

    await_state(task, UKERN_TASK_SEND);
    for (;; events++) {
        struct ukern_event ev;
        OK(notify(port, 1));
        EQUAL(ipc_recv(port, &ev, SOON) >= 0, 1);
        if (ev.type != UKERN_EV_MESSAGE)
            continue;
        reply_number(ev.token, 9);
        break;
    }
    CHECK(events < 3);
    EQUAL(finish(task), 9);
}

/* ---- Timers. ---- */

TEST(timer_bits, "a port's timer sets its bits, once, not early")
{
    ukern_handle port = HANDLE(port_create());
    uint64_t when = clock_now() + 10 * MILLISECOND;

    OK(timer_set(port, 0x30, when));
    EQUAL(expect(port, UKERN_EV_NOTIFY).msg.tag, 0x30);
    CHECK(clock_now() >= when);
    clock_sleep(20 * MILLISECOND);
    expect_nothing(port);
}

TEST(timer_changed, "a timer is moved and stopped; one in the past fires at once")
{
    ukern_handle port = HANDLE(port_create());
    struct ukern_event ev;

    OK(timer_set(port, 1, clock_now() + 500 * MILLISECOND));
    OK(timer_set(port, 2, clock_now() + 600 * MILLISECOND));
    EQUAL(expect(port, UKERN_EV_NOTIFY).msg.tag, 2);
    OK(timer_set(port, 1, clock_now() + 500 * MILLISECOND));
    OK(timer_set(port, 1, UKERN_FOREVER));
    EQUAL(ipc_recv(port, &ev, clock_now() + 600 * MILLISECOND), UKERN_ETIMEDOUT);
    OK(timer_set(port, 4, 0));
    EQUAL(ipc_recv(port, &ev, clock_now() + SECOND), UKERN_EV_NOTIFY);
    EQUAL(ev.msg.tag, 4);
}

TEST(timer_many, "fifty timers come in the order of their deadlines")
{
    ukern_handle port[50];
    uint64_t base = clock_now() + 20 * MILLISECOND;

    for (unsigned i = 0; i < 50; i++) {
        port[i] = HANDLE(port_create());
        OK(timer_set(port[i], 1, base + (i * 13 % 50) * MILLISECOND / 2));
    }
    for (unsigned i = 0; i < 50; i++) {
        unsigned next = i * 27 % 50; /* 13 * 27 = 1 modulo 50 */
        expect(port[next], UKERN_EV_NOTIFY);
        CHECK(clock_now() >= base + i * MILLISECOND / 2);
    }
}

TEST(timer_closed_port, "a port that is closed with its timer running leaves nothing")
{
    ukern_handle port = HANDLE(port_create());

    OK(timer_set(port, 1, clock_now() + 5 * MILLISECOND));
    OK(handle_close(port));
    clock_sleep(10 * MILLISECOND);
}

/* ---- Interrupts: the real-time clock, PL031, at its usual place on this machine. ---- */

#define RTC_BASE UINT64_C(0x09010000)
#define RTC_LINE 34
#define RTC_DR   (0x00 / 4)
#define RTC_MR   (0x04 / 4)
#define RTC_IMSC (0x10 / 4)
#define RTC_ICR  (0x1c / 4)

static volatile uint32_t *rtc_map(void)
{
    ukern_handle shm = HANDLE(shm_device(given("system"), RTC_BASE, UKERN_PAGE_SIZE));
    void *at = NULL;

    OK(shm_map(shm, 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &at));
    return at;
}

TEST(irq_rtc, "an interrupt comes as its bits, and again only after its ack")
{
    ukern_handle port = HANDLE(port_create()), irq = HANDLE(irq_open(given("system"), RTC_LINE));
    volatile uint32_t *rtc = rtc_map();
    struct ukern_event ev;

    EQUAL(irq_ack(irq), UKERN_EINVAL); /* not bound yet */
    OK(irq_bind(irq, port, 0x80));
    expect_nothing(port);
    rtc[RTC_MR] = rtc[RTC_DR] + 1; /* a second from now */
    rtc[RTC_IMSC] = 1;
    EQUAL(expect(port, UKERN_EV_NOTIFY).msg.tag, 0x80);
    /* Its cause still stands, but the line is masked. */
    EQUAL(ipc_recv(port, &ev, clock_now() + 10 * MILLISECOND), UKERN_ETIMEDOUT);
    OK(irq_ack(irq));
    EQUAL(expect(port, UKERN_EV_NOTIFY).msg.tag, 0x80);
    rtc[RTC_ICR] = 1;
    OK(irq_ack(irq));
    EQUAL(ipc_recv(port, &ev, clock_now() + 10 * MILLISECOND), UKERN_ETIMEDOUT);
    rtc[RTC_IMSC] = 0;
}

TEST(irq_automatic, "bound so, it comes again when its server receives again")
{
    ukern_handle port = HANDLE(port_create()), irq = HANDLE(irq_open(given("system"), RTC_LINE));
    volatile uint32_t *rtc = rtc_map();
    struct ukern_event ev;

    OK(irq_bind_auto(irq, port, 0x80));
    rtc[RTC_MR] = rtc[RTC_DR] + 1; /* a second from now */
    rtc[RTC_IMSC] = 1;
    for (int i = 0; i < 3; i++) /* as long as its cause stands */
        EQUAL(expect(port, UKERN_EV_NOTIFY).msg.tag, 0x80);
    rtc[RTC_ICR] = 1;
    OK(irq_ack(irq));                 /* it may say so, too */
    ipc_recv(port, &ev, clock_now()); /* one that came before */
    EQUAL(ipc_recv(port, &ev, clock_now() + 10 * MILLISECOND), UKERN_ETIMEDOUT);
    rtc[RTC_IMSC] = 0;
}

TEST(irq_owned, "a line has one owner, is free again when that ends, and none owns the kernel's")
{
    ukern_handle irq = HANDLE(irq_open(given("system"), RTC_LINE)), port = HANDLE(port_create());

    EQUAL(irq_open(given("system"), RTC_LINE), UKERN_EBUSY);
    OK(handle_close(irq));
    irq = HANDLE(irq_open(given("system"), RTC_LINE));
    EQUAL(irq_bind(irq, port, 0), UKERN_EINVAL);
    EQUAL(irq_bind(irq, client(port, 1), 1), UKERN_ERIGHTS);
    EQUAL(irq_bind(port, port, 1), UKERN_ETYPE);
    EQUAL(irq_open(given("system"), 27), UKERN_EINVAL); /* the CPU's timer */
    EQUAL(irq_open(given("system"), 0), UKERN_EINVAL);
    EQUAL(irq_open(given("system"), 1020), UKERN_EINVAL);
    EQUAL(irq_open(given("system"), UINT32_MAX), UKERN_EINVAL);
    EQUAL(irq_open(given("system"), 33), UKERN_EBUSY); /* the console's */
}

TEST(irq_dead_port, "an interrupt for a port that nobody receives on harms nobody")
{
    ukern_handle port = HANDLE(port_create()), irq = HANDLE(irq_open(given("system"), RTC_LINE));
    volatile uint32_t *rtc = rtc_map();

    OK(irq_bind(irq, port, 1));
    OK(handle_close(port));
    rtc[RTC_MR] = rtc[RTC_DR];
    rtc[RTC_IMSC] = 1;
    clock_sleep(1100 * MILLISECOND);
    rtc[RTC_IMSC] = 0;
    rtc[RTC_ICR] = 1;
}

TEST(device_places,
     "only devices can be mapped as such: no memory, no interrupt controller, no wrap")
{
    ukern_handle system = given("system");
    static const uint64_t bad[][2] = {
        {0x40000000, 0x1000},         {0x3ffff000, 0x2000},
        {0x08000000, 0x1000},         {0x08010000, 0x1000},
        {0x07fff000, 0x2000},         {0x09010800, 0x1000},
        {0x09010000, 0x800},          {0x09010000, 0},
        {UINT64_MAX - 0xfff, 0x1000}, {0x09010000, UINT64_MAX - 0xfff},
        {0, UINT64_C(1) << 48},       {UINT64_C(1) << 48, 0x1000},
        {UINT64_C(1) << 52, 0x1000},  {UINT64_C(1) << 63, UINT64_C(1) << 63},
    };

    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        EQUAL(shm_device(system, bad[i][0], bad[i][1]), UKERN_EINVAL);
}
