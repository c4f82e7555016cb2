/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared memory that is taken back in the middle of what others do with it. */
#include <string.h>

#include "test.h"

#define PAGE UKERN_PAGE_SIZE
#define RW   (UKERN_PROT_READ | UKERN_PROT_WRITE)

/* Maps "port" (a large shm) and unmaps it, again and again, until it is taken back. */
ROLE(mapper)
{
    ukern_handle shm = given("port");
    void *at = NULL;
    int error;

    while ((error = shm_map(shm, 0, 0, RW, NULL, &at)) == UKERN_OK)
        shm_unmap(at);
    return error;
}

TEST(shm_race, "shared memory is revoked or destroyed while others map and unmap it")
{
    for (unsigned i = 0; i < 16; i++) {
        ukern_handle shm = HANDLE(shm_create(1500 * PAGE, UKERN_SHM_NORMAL)), task[2];

        task[0] = play("mapper", shm);
        task[1] = play("mapper", shm);
        OK(task_priority(UKERN_SELF, 30)); /* comes in between */
        clock_sleep(i * MILLISECOND);
        OK(i % 2 ? shm_revoke(shm) : shm_destroy(shm));
        OK(task_priority(UKERN_SELF, 20));
        EQUAL(finish(task[0]), UKERN_EREVOKED);
        EQUAL(finish(task[1]), UKERN_EREVOKED);
        OK(handle_close(shm));
    }
}

/* Spawns the program in "port" (a shm) until that is taken back. */
ROLE(respawner)
{
    struct ukern_spawn s = {.image = given("port"),
                            .image_size = argument(argc, argv, 1),
                            .memory = 1 << 20,
                            .stack = 4096,
                            .priority = 1,
                            .max_priority = 1,
                            .supervisor = -1,
                            .name = "race"};
    ukern_handle task;

    while ((task = task_spawn_raw(&s)) >= 0) {
        task_kill(task, 0);
        handle_close(task);
        task_yield();
    }
    return task;
}

TEST(shm_race_spawn, "a program's memory is destroyed while it is loaded")
{
    struct ukern_spawn s;
    struct child c;
    void *archive = NULL;

    OK(program_find("guest", &s));
    OK(shm_map(given("archive"), 0, 0, UKERN_PROT_READ, NULL, &archive));
    for (unsigned i = 0; i < 20; i++) {
        ukern_handle shm = HANDLE(shm_create(s.image_size, UKERN_SHM_NORMAL)), task;
        void *copy = NULL;
        int result;

        OK(shm_map(shm, 0, 0, RW, NULL, &copy));
        memcpy(copy, (const char *)archive + s.image_offset, s.image_size);
        OK(shm_unmap(copy));
        child_init(&c, "respawner");
        c.spawn.memory = 8 << 20;
        child_give(&c, "port", shm);
        child_number(&c, s.image_size);
        task = child_start(&c);
        OK(task_priority(UKERN_SELF, 30));
        clock_sleep(MILLISECOND + i * 300000);
        OK(shm_destroy(shm));
        OK(task_priority(UKERN_SELF, 20));
        result = finish(task);
        CHECK(result == UKERN_EREVOKED || result == UKERN_ENOMEM);
        OK(handle_close(shm));
    }
}

/* Waits to be destroyed, with memory of every kind: for its teardown to be interrupted. */
ROLE(laden)
{
    ukern_handle shm = given("port"), port = HANDLE(port_create());
    void *at = NULL;

    for (int i = 0; i < 20; i++) {
        OK(shm_map(shm, 0, 0, RW, NULL, &at));
        OK(mem_map(70 * PAGE, &at));
        for (int k = 0; k < 20; k++)
            client(port, (uint64_t)k);
    }
    OK(notify(given("ready"), 1));
    clock_sleep(10 * SECOND);
    return 0;
}

TEST(shm_race_teardown, "shared memory is destroyed while a task that maps it is taken apart")
{
    for (unsigned i = 0; i < 10; i++) {
        ukern_handle shm = HANDLE(shm_create(500 * PAGE, UKERN_SHM_NORMAL)),
                     ready = HANDLE(port_create()), task;
        uint64_t bits;
        struct child c;

        child_init(&c, "laden");
        c.spawn.memory = 16 << 20;
        child_give(&c, "port", shm);
        child_give(&c, "ready", ready);
        task = child_start(&c);
        OK(notify_wait(ready, 1, &bits, SOON));
        OK(task_priority(UKERN_SELF, 10));
        OK(task_kill(task, 0));
        OK(task_priority(UKERN_SELF, 30));
        if (i % 2)
            clock_sleep(i * 100000);
        OK(shm_destroy(shm));
        OK(task_wait(task, NULL, NULL, SOON));
        OK(handle_close(task));
        OK(handle_close(shm));
        OK(handle_close(ready));
        OK(task_priority(UKERN_SELF, 20));
    }
}
