/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers: what a system call leaves in them, and that no task sees another's. */
#include <stdio.h>

#include "elf_build.h"
#include "registers.h"
#include "test.h"

static bool is_given(const uint64_t in[10], uint64_t value)
{
    for (unsigned i = 0; i < 10; i++)
        if (in[i] == value)
            return true;
    return false;
}

#define OWN 0x7700 /* what this test puts into registers: OWN + 0 to OWN + 9 */

/* After system call `number`: x8 and x11 to x18 are zero, x19 to x30 as before, the rest are
 * results (bits of `results`), zero, or what this task itself gave, now or to an earlier call. */
static void check_scrubbed(uint64_t number, const uint64_t in[10], uint32_t results)
{
    uint64_t out[31];

    registers_call(number, in, out);
    for (unsigned n = 0; n < 31; n++) {
        bool good = n == 8 || (n >= 11 && n <= 18) ? out[n] == 0
                    : n >= 19                      ? out[n] == PATTERN + n
                              : out[n] == 0 || out[n] - OWN < 10 || is_given(in, out[n]);
        if (n < 8 && results >> n & 1)
            continue;
        if (!good) {
            printf("# system call %llu: x%u is 0x%llx\n", (unsigned long long)number, n,
                   (unsigned long long)out[n]);
            CHECK(good);
        }
    }
}

TEST(regs_scrubbed,
     "a system call leaves nothing of the kernel in any register, and keeps x19 to x30")
{
    ukern_handle port = HANDLE(port_create()),
                 self = HANDLE(task_open(given("system"), task_self(), UKERN_R_INSPECT));
    uint64_t in[10];

    for (unsigned i = 0; i < 10; i++)
        in[i] = OWN + i;
    check_scrubbed(UKERN_SYS_task_self, in, 1);
    check_scrubbed(UKERN_SYS_clock_now, in, 3);
    check_scrubbed(UKERN_SYS_task_yield, in, 1);
    check_scrubbed(4000, in, 1);
    check_scrubbed(UINT64_MAX, in, 1);
    check_scrubbed(600, in, 1);
    check_scrubbed(UKERN_SYS_task_info, in, 1);
    check_scrubbed(UKERN_SYS_ipc_call, in, 1);
    check_scrubbed(UKERN_SYS_ipc_reply, in, 1);
    check_scrubbed(UKERN_SYS_mem_map, in, 1);
    in[0] = (uint64_t)port;
    in[8] = 0;
    check_scrubbed(UKERN_SYS_ipc_recv, in, 1);
    in[8] = clock_now() + 20 * MILLISECOND; /* waits, and is woken by the timer */
    check_scrubbed(UKERN_SYS_ipc_recv, in, 1);
    in[8] = clock_now() + 20 * MILLISECOND;
    check_scrubbed(UKERN_SYS_notify_wait, in, 1);
    check_scrubbed(UKERN_SYS_handle_info, in, 7);
    in[1] = CLIENT;
    in[2] = 5;
    check_scrubbed(UKERN_SYS_handle_mint, in, 1);
    in[0] = (uint64_t)self;
    in[8] = clock_now();
    check_scrubbed(UKERN_SYS_task_wait, in, 1);
}

TEST(regs_event, "an event fills its registers and no others")
{
    ukern_handle port = HANDLE(port_create()), c = client(port, 0x55);
    uint64_t in[10] = {(uint64_t)port, 1, 2, 3, 4, 5, 6, 7, UKERN_FOREVER, 9}, out[31];

    OK(notify(c, 0x33));
    registers_call(UKERN_SYS_ipc_recv, in, out);
    EQUAL(out[0], UKERN_EV_NOTIFY);
    EQUAL(out[1], 0x33);
    for (unsigned n = 2; n <= 18; n++)
        EQUAL(out[n], 0);
    OK(handle_close(c));
    registers_call(UKERN_SYS_ipc_recv, in, out);
    EQUAL(out[0], UKERN_EV_HANGUP);
    EQUAL(out[9], 0x55);
    for (unsigned n = 1; n <= 18; n++)
        if (n != 9)
            EQUAL(out[n], 0);
}

TEST(regs_message,
     "a message and a reply bring exactly their words, by the direct way and through the queue")
{
    for (int direct = 0; direct < 2; direct++) {
        ukern_handle port = HANDLE(port_create()), task = play("register_server", port);
        ukern_handle c = client(port, 1);
        uint64_t in[10] = {
            (uint64_t)c, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, direct ? UKERN_FOREVER : SOON,
            0x29};
        uint64_t out[31];

        if (direct)
            await_state(task, UKERN_TASK_RECV);
        registers_call(UKERN_SYS_ipc_call, in, out);
        EQUAL(out[0], UKERN_OK);
        for (uint64_t n = 1; n < 8; n++)
            EQUAL(out[n], 0x30 + n);
        for (unsigned n = 8; n <= 18; n++)
            EQUAL(out[n], 0);
        for (uint64_t n = 19; n < 31; n++)
            EQUAL(out[n], PATTERN + n);
        EQUAL(finish(task), 0);
    }
}

ROLE(register_server)
{
    ukern_handle port = given("port");
    uint64_t in[10] = {(uint64_t)port, 1, 2, 3, 4, 5, 6, 7, UKERN_FOREVER, 0}, out[31];

    registers_call(UKERN_SYS_ipc_reply_recv, in, out);
    EQUAL(out[0], UKERN_EV_MESSAGE);
    for (uint64_t n = 1; n < 8; n++)
        EQUAL(out[n], 0x20 + n);
    EQUAL(out[9], 1);
    CHECK(out[10] != 0);
    for (unsigned n = 11; n <= 18; n++)
        EQUAL(out[n], 0);
    EQUAL(out[8], 0);
    in[9] = out[10];
    in[8] = clock_now() + 50 * MILLISECOND;
    for (uint64_t n = 1; n < 8; n++)
        in[n] = 0x30 + n;
    registers_call(UKERN_SYS_ipc_reply_recv, in, out);
    CHECK((int64_t)out[0] == UKERN_ETIMEDOUT || (int64_t)out[0] == UKERN_EV_HANGUP);
    return 0;
}

TEST(regs_unknown_calls, "system calls that are none say ENOSYS")
{
    static const uint64_t numbers[] = {42,
                                       43,
                                       100,
                                       255,
                                       1022,
                                       257 + 400,
                                       1024,
                                       65535,
                                       65536,
                                       (UINT64_C(1) << 32) | UKERN_SYS_task_self,
                                       UINT64_C(1) << 63,
                                       UINT64_MAX};

    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        EQUAL(ukern_trap0(numbers[i]), UKERN_ENOSYS);
}

/* ---- Interrupts and other tasks. ---- */

static uint64_t ticks(void)
{
    uint64_t now;

    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(now));
    return now;
}

static uint64_t ticks_per_second(void)
{
    uint64_t f;

    __asm__("mrs %0, cntfrq_el0" : "=r"(f));
    return f;
}

/* Spins with known general registers, then with known vector registers, seed argv[1]: nothing must
 * change. */
ROLE(spinner)
{
    uint64_t seed = argument(argc, argv, 1);

    for (int round = 0; round < 10; round++) {
        uint64_t until = ticks() + ticks_per_second() / 50;
        EQUAL(registers_spin(until), 0);
        fpu_fill(seed);
        until = ticks() + ticks_per_second() / 50;
        while (ticks() < until)
            ;
        EQUAL(fpu_differs(seed), 0);
    }
    return 0;
}

TEST(regs_preempted,
     "tasks that are interrupted and switched all the time keep their registers, vectors, too")
{
    ukern_handle task[5];

    for (uint64_t i = 0; i < 5; i++)
        task[i] = play_number("spinner", -1, 0x1111 * (i + 1));
    for (int i = 0; i < 5; i++)
        EQUAL(finish(task[i]), 0);
}

/* Many short system calls with vectors that must survive them (by the kernel's own promise: v8 to
 * v15). */
ROLE(caller_with_vectors)
{
    uint64_t seed = argument(argc, argv, 1);

    for (int i = 0; i < 2000; i++) {
        register double kept __asm__("d9") = (double)(seed + (uint64_t)i);
        __asm__ volatile("" : "+w"(kept));
        task_yield();
        __asm__ volatile("" : "+w"(kept));
        CHECK(kept == (double)(seed + (uint64_t)i));
    }
    return 0;
}

TEST(regs_vectors_and_calls, "vectors survive thousands of switches by system calls")
{
    ukern_handle task[4];

    for (uint64_t i = 0; i < 4; i++)
        task[i] = play_number("caller_with_vectors", -1, 100000 * i);
    for (int i = 0; i < 4; i++)
        EQUAL(finish(task[i]), 0);
}

#define VECTOR_CALLS 600 /* more than the FPU goes along with the CPU without a trap */

/* Adds 1 to each word, with vectors of its own. */
ROLE(server_with_vectors)
{
    ukern_handle port = given("port");
    struct ukern_event ev;

    ipc_recv(port, &ev, UKERN_FOREVER);
    for (int i = 0; i < VECTOR_CALLS; i++) {
        struct ukern_msg m = {ev.msg.tag, {0}};
        register double kept __asm__("d9") = (double)(-i - 1);
        for (unsigned k = 0; k < UKERN_MSG_WORDS; k++)
            m.w[k] = ev.msg.w[k] + 1;
        __asm__ volatile("" : "+w"(kept));
        ipc_reply_recv(ev.token, &m, port, &ev,
                       i == VECTOR_CALLS - 1 ? clock_now() + MILLISECOND : UKERN_FOREVER);
        __asm__ volatile("" : "+w"(kept));
        CHECK(kept == (double)(-i - 1));
    }
    return 0;
}

TEST(regs_vectors_and_messages,
     "messages arrive whole between two tasks that both use vectors, and the vectors survive")
{
    ukern_handle port = HANDLE(port_create()), task = play("server_with_vectors", port);
    ukern_handle c = client(port, 1);

    await_state(task, UKERN_TASK_RECV);
    for (uint64_t i = 0; i < VECTOR_CALLS; i++) {
        struct ukern_msg m = {UKERN_TAG(1, 0), {i, i + 1, i + 2, i + 3, i + 4, i + 5}};
        register double kept __asm__("d9") = (double)i;
        __asm__ volatile("" : "+w"(kept));
        OK(ipc_call(c, &m));
        __asm__ volatile("" : "+w"(kept));
        CHECK(kept == (double)i);
        for (uint64_t k = 0; k < UKERN_MSG_WORDS; k++)
            EQUAL(m.w[k], i + k + 1);
    }
    EQUAL(finish(task), 0);
}

/* Fills the vectors and spins for ever (argv[1] = 0) or dies with them full (1). */
ROLE(filler)
{
    fpu_fill(UINT64_C(0xdeadbeefdeadbeef));
    while (argument(argc, argv, 1) == 0)
        ;
    return 0;
}

TEST(regs_born_clean, "a new task's registers are zero, whoever used the vectors before")
{
    struct elf_image elf = elf_code(born_clean, (size_t)(born_clean_end - born_clean));
    ukern_handle task = play_number("filler", -1, 0);

    for (int i = 0; i < 5; i++) {
        clock_sleep(15 * MILLISECOND);
        fpu_fill(UINT64_C(0x5555555555555555));
        EQUAL(finish(HANDLE(elf_spawn(&elf))), 0);
    }
    destroy(task);
    fpu_fill(1);
    EQUAL(finish(HANDLE(elf_spawn(&elf))), 0);
    for (int i = 0; i < 3; i++) {
        EQUAL(finish(play_number("filler", -1, 1)), 0);
        EQUAL(finish(HANDLE(elf_spawn(&elf))), 0);
    }
}

TEST(regs_of_blocked, "task_regs of a task in a system call: marked incomplete, with its place")
{
    ukern_handle task = play("receiver", HANDLE(port_create()));
    struct ukern_regs regs;
    uint32_t before = 0;

    await_state(task, UKERN_TASK_RECV);
    OK(task_regs(task, &regs));
    EQUAL(regs.complete, 0);
    for (unsigned n = 0; n < 19; n++)
        EQUAL(regs.x[n], 0);
    EQUAL(task_read(task, regs.pc - 4, &before, 4), 4);
    EQUAL(before, 0xd4000001); /* svc #0 */
    {
        ukern_handle self = HANDLE(task_open(given("system"), task_self(), UKERN_R_INSPECT));
        EQUAL(task_regs(self, &regs), UKERN_EINVAL);
    }
}
