/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/sim/harness.c tests/sim/image.c tests/sim/check.c tests/sim/census.c: the system calls
 * about memory, and long operations */
#include "world.h"

#define SELF ((uint64_t)UKERN_SELF)
#define R    UKERN_PROT_READ
#define RW   (UKERN_PROT_READ | UKERN_PROT_WRITE)

static uint64_t create(struct task *t, uint64_t size)
{
    int64_t h = SYS(t, shm_create, size, UKERN_SHM_NORMAL);
    assert_true(h >= 0);
    return (uint64_t)h;
}

static uint64_t map_as(struct task *t, uint64_t h, unsigned prot)
{
    int64_t at = SYS(t, shm_map, h, SELF, 0, 0, 0, prot);
    assert_true(at > 0);
    return (uint64_t)at;
}

static uint64_t map(struct task *t, uint64_t h)
{
    return map_as(t, h, RW);
}

static void test_create(void **state)
{
    (void)state;
    struct task *i = world_init;
    uint64_t h = create(i, PAGE_SIZE + 1), at = map(i, h);
    assert_int_equal(SYS(i, shm_info, h), UKERN_OK);
    assert_int_equal(world_regs(i)->x[1], 2 * PAGE_SIZE);
    assert_int_equal(world_regs(i)->x[2], UKERN_SHM_NORMAL);
    assert_int_equal(world_regs(i)->x[3], 0);
    for (uint64_t k = 0; k < 2 * PAGE_SIZE; k += 8)
        assert_int_equal(*(uint64_t *)world_user(i, at + k),
                         0); /* frames are never handed out as they were */
    assert_int_equal(SYS(i, shm_create, 0, 0), UKERN_EINVAL);
    assert_int_equal(SYS(i, shm_create, 1, 7), UKERN_EINVAL);
    assert_int_equal(SYS(i, shm_create, 1, UKERN_SHM_DEVICE), UKERN_EINVAL);
    assert_int_equal(SYS(i, shm_create, UINT64_MAX, 0), UKERN_EOVERFLOW);
    assert_int_equal(SYS(i, shm_create, (UINT64_C(1) << 30) + 1, 0), UKERN_EOVERFLOW);
    assert_int_equal(SYS(i, shm_create, 600 << 20, 0), UKERN_ENOMEM);
    world_check();
}

static void test_dma(void **state)
{
    (void)state;
    struct task *i = world_init, *t = world_spawn("driver");
    int64_t h = SYS(i, shm_create, 3 * PAGE_SIZE, UKERN_SHM_DMA, UKERN_INIT_SYSTEM);
    assert_true(h >= 0);
    assert_int_equal(SYS(i, shm_info, (uint64_t)h), UKERN_OK);
    assert_int_equal(world_regs(i)->x[2], UKERN_SHM_DMA);
    assert_true(world_regs(i)->x[3] != 0);
    assert_int_equal(SYS(t, shm_create, PAGE_SIZE, UKERN_SHM_DMA, 0), UKERN_EHANDLE);
    uint64_t s = (uint64_t)world_give(i, UKERN_INIT_SYSTEM, t, UKERN_R_LOG);
    assert_int_equal(SYS(t, shm_create, PAGE_SIZE, UKERN_SHM_DMA, s), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, shm_create, PAGE_SIZE, UKERN_SHM_DMA, UKERN_INIT_DTB), UKERN_ETYPE);
}

static void test_device(void **state)
{
    (void)state;
    struct task *i = world_init;
    const uint64_t system = UKERN_INIT_SYSTEM, base = SIM_DEVICE_BASE;
    int64_t h = SYS(i, shm_device, system, base + PAGE_SIZE, 2 * PAGE_SIZE);
    assert_true(h >= 0);
    assert_int_equal(SYS(i, shm_info, (uint64_t)h), UKERN_OK);
    assert_true(world_regs(i)->x[1] == 2 * PAGE_SIZE && world_regs(i)->x[2] == UKERN_SHM_DEVICE &&
                world_regs(i)->x[3] == base + PAGE_SIZE);
    assert_true(SYS(i, shm_map, (uint64_t)h, SELF, 0, 0, 0, RW) > 0);
    struct {
        uint64_t base, size;
    } bad[] = {{base + 1, PAGE_SIZE},
               {base, 0},
               {base, 1},
               {base, SIM_DEVICE_SIZE + PAGE_SIZE},
               {SIM_RAM_BASE, PAGE_SIZE},
               {0, PAGE_SIZE},
               {base, (uint64_t)-4096},
               {(uint64_t)-4096, 8192}};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        assert_int_equal(SYS(i, shm_device, system, bad[k].base, bad[k].size), UKERN_EINVAL);
    assert_int_equal(SYS(i, shm_device, 99, base, PAGE_SIZE), UKERN_EHANDLE);
    assert_int_equal(SYS(i, shm_device, UKERN_INIT_DTB, base, PAGE_SIZE), UKERN_ETYPE);
    /* Not from and not into such memory, by any call. */
    uint64_t at = (uint64_t)SYS(i, shm_map, (uint64_t)h, SELF, 0, 0, 0, RW);
    assert_int_equal(SYS(i, system_info, system, at), UKERN_EFAULT);
    assert_int_equal(SYS(i, log_write, system, at, 5), UKERN_EFAULT);
}

static void test_map(void **state)
{
    (void)state;
    struct task *i = world_init;
    uint64_t h = create(i, 4 * PAGE_SIZE), hint = UINT64_C(0x10000000);
    assert_int_equal(SYS(i, shm_map, h, SELF, hint, PAGE_SIZE, 2 * PAGE_SIZE, R), hint);
    assert_non_null(aspace_user(i->aspace, hint, R));
    assert_null(aspace_user(i->aspace, hint, RW));
    assert_null(aspace_user(i->aspace, hint + 2 * PAGE_SIZE, R));
    struct {
        uint64_t hint, offset, size, prot;
        int error;
    } bad[] = {
        {hint + PAGE_SIZE, 0, 0, R, UKERN_EEXIST},
        {hint - PAGE_SIZE, 0, 0, R, UKERN_EEXIST},
        {hint + 1, 0, 0, R, UKERN_EINVAL},
        {USER_LOW - PAGE_SIZE, 0, 0, R, UKERN_EINVAL},
        {USER_HIGH - PAGE_SIZE, 0, 0, R, UKERN_EINVAL},
        {USER_HIGH, 0, 0, R, UKERN_EINVAL},
        {(uint64_t)-4096, 0, 0, R, UKERN_EINVAL},
        {0, 1, 0, R, UKERN_EINVAL},
        {0, 4 * PAGE_SIZE, 0, R, UKERN_EINVAL},
        {0, (uint64_t)-4096, 0, R, UKERN_EINVAL},
        {0, 0, 4 * PAGE_SIZE + 1, R, UKERN_EINVAL},
        {0, PAGE_SIZE, 4 * PAGE_SIZE, R, UKERN_EINVAL},
        {0, 0, UINT64_MAX, R, UKERN_EINVAL},
        {0, PAGE_SIZE, UINT64_MAX - 4095, R, UKERN_EINVAL},
        {0, 0, 0, 0, UKERN_EINVAL},
        {0, 0, 0, UKERN_PROT_WRITE, UKERN_EINVAL},
        {0, 0, 0, R | UKERN_PROT_EXEC, UKERN_EINVAL},
        {0, 0, 0, UKERN_PROT_STAY, UKERN_EINVAL},
        {0, 0, 0, 16 | R, UKERN_EINVAL},
        {0, 0, 0, R | UINT64_C(1) << 32, UKERN_EINVAL},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        assert_int_equal(
            SYS(i, shm_map, h, SELF, bad[k].hint, bad[k].offset, bad[k].size, bad[k].prot),
            bad[k].error);
    assert_int_equal(SYS(i, shm_map, 99, SELF, 0, 0, 0, R), UKERN_EHANDLE);
    assert_int_equal(SYS(i, shm_map, UKERN_INIT_SYSTEM, SELF, 0, 0, 0, R), UKERN_ETYPE);
    assert_int_equal(SYS(i, shm_map, UKERN_INIT_ARCHIVE, SELF, 0, 0, 0, RW), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, shm_map, h, h, 0, 0, 0, R), UKERN_ETYPE);
    assert_int_equal(SYS(i, shm_map, h, 98, 0, 0, 0, R), UKERN_EHANDLE);
    world_check();
}

static void test_unmap(void **state)
{
    (void)state;
    struct task *i = world_init;
    uint64_t h = create(i, 3 * PAGE_SIZE), at = map(i, h);
    assert_int_equal(SYS(i, shm_unmap, SELF, at + PAGE_SIZE),
                     UKERN_ENOENT); /* whole mappings only */
    assert_int_equal(SYS(i, shm_unmap, SELF, at - PAGE_SIZE), UKERN_ENOENT);
    assert_int_equal(SYS(i, shm_unmap, SELF, UINT64_MAX), UKERN_ENOENT);
    assert_int_equal(SYS(i, shm_unmap, h, at), UKERN_ETYPE);
    assert_int_equal(SYS(i, shm_unmap, SELF, at), UKERN_OK);
    assert_int_equal(SYS(i, shm_unmap, SELF, at), UKERN_ENOENT);
    at = map(i, h);
    assert_int_equal(SYS(i, handle_close, h), UKERN_OK); /* the mapping keeps the memory */
    world_check();
    assert_int_equal(SYS(i, shm_unmap, SELF, at), UKERN_OK);
    world_check();
}

/* Into the address space of a task that one manages. */
static void test_another_task(void **state)
{
    (void)state;
    struct task *i = world_init, *t = world_spawn("child");
    uint64_t h = create(i, PAGE_SIZE), child = (uint64_t)world_handle(t), mine = map(i, h);
    int64_t at = SYS(i, shm_map, h, child, 0, 0, 0, RW);
    assert_true(at > 0);
    *(char *)world_user(i, mine) = 'x';
    assert_int_equal(*(char *)world_user(t, (uint64_t)at), 'x');
    assert_int_equal(SYS(i, handle_dup, child, UKERN_R_INSPECT | UKERN_R_WAIT, 30), 30);
    assert_int_equal(SYS(i, shm_map, h, 30, 0, 0, 0, R), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, shm_unmap, 30, (uint64_t)at), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, shm_unmap, child, (uint64_t)at), UKERN_OK);
    assert_null(world_user(t, (uint64_t)at));
    SYS(i, task_kill, child, 0);
    assert_int_equal(SYS(i, shm_map, h, child, 0, 0, 0, R), UKERN_EPEER);
    assert_int_equal(SYS(i, shm_unmap, child, IMAGE_TEXT), UKERN_EPEER);
    SYS(i, task_wait, child);
    assert_int_equal(SYS(i, shm_map, h, child, 0, 0, 0, R), UKERN_EPEER);
}

/* Revoked: gone from everybody else, and their handles are dead; the owner's stays. */
static void test_revoke(void **state)
{
    (void)state;
    struct task *i = world_init, *t = world_spawn("client");
    uint64_t h = create(i, 40 * PAGE_SIZE), mine = map(i, h),
             copy = (uint64_t)SYS(i, handle_dup, h, 0, (uint64_t)-1);
    uint64_t there = (uint64_t)world_give(i, (ukern_handle)h, t, UKERN_R_READ | UKERN_R_WRITE);
    uint64_t a = map(t, there), b = map(t, there);
    assert_int_equal(SYS(t, shm_revoke, there), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, shm_revoke, h), UKERN_OK);
    assert_true(!world_user(t, a) && !world_user(t, b + PAGE_SIZE) && world_user(i, mine));
    assert_int_equal(SYS(t, shm_map, there, SELF, 0, 0, 0, R), UKERN_EREVOKED);
    assert_int_equal(SYS(t, shm_info, there), UKERN_EREVOKED);
    assert_int_equal(SYS(i, shm_info, copy), UKERN_EREVOKED);
    assert_int_equal(SYS(i, shm_revoke, copy), UKERN_EREVOKED);
    assert_int_equal(SYS(i, shm_info, h), UKERN_OK);
    there = (uint64_t)world_give(i, (ukern_handle)h, t, 0); /* granted anew: good */
    map(t, there);
    world_check();
}

static void test_destroy(void **state)
{
    (void)state;
    struct task *i = world_init, *t = world_spawn("client");
    uint64_t h = create(i, 40 * PAGE_SIZE), mine = map(i, h), free = frame_free_count();
    uint64_t there = (uint64_t)world_give(i, (ukern_handle)h, t, 0), a = map(t, there);
    free = frame_free_count();
    assert_int_equal(SYS(t, shm_destroy, there), UKERN_OK); /* it was given the right */
    assert_true(frame_free_count() >= free + 40);
    assert_true(!world_user(t, a) && !world_user(i, mine));
    assert_int_equal(SYS(i, shm_map, h, SELF, 0, 0, 0, R), UKERN_EREVOKED);
    assert_int_equal(SYS(i, shm_destroy, h), UKERN_EREVOKED);
    world_check();
}

/* Who asked for it keeps the addresses when the memory is taken back, with zeroes of its own there. */
static void test_stay(void **state)
{
    (void)state;
    struct task *i = world_init, *t = world_spawn("client");
    uint64_t free = 0;
    for (unsigned round = 0; round < 3; round++) { /* in the first the account grows */
        uint64_t h = create(i, 40 * PAGE_SIZE), mine = map(i, h);
        uint64_t there = (uint64_t)world_give(i, (ukern_handle)h, t, UKERN_R_READ | UKERN_R_WRITE);
        uint64_t a = map_as(t, there, RW | UKERN_PROT_STAY),
                 b = map_as(t, there, R | UKERN_PROT_STAY), c = map(t, there);
        *(char *)world_user(i, mine + PAGE_SIZE) = 5;
        assert_int_equal(*(char *)world_user(t, a + PAGE_SIZE), 5);
        if (round == 1)
            assert_int_equal(SYS(i, shm_destroy, h), UKERN_OK);
        else
            assert_int_equal(SYS(i, shm_revoke, h), UKERN_OK);
        world_check();
        assert_null(world_user(t, c));
        assert_int_equal(SYS(t, shm_info, there), UKERN_EREVOKED);
        for (uint64_t k = 0; k < 40 * PAGE_SIZE; k += 8) {
            assert_int_equal(*(uint64_t *)world_user(t, a + k), 0);
            assert_int_equal(*(uint64_t *)world_user(t, b + k), 0);
        }
        assert_null(aspace_user(t->aspace, b, RW));
        *(char *)world_user(t, a) = 7;
        assert_int_equal(*(char *)world_user(t, a + 39 * PAGE_SIZE), 7);
        assert_int_equal(*(char *)world_user(t, b), 0);
        if (round != 1) {
            assert_int_equal(*(char *)world_user(i, mine), 0);
            assert_int_equal(SYS(i, shm_destroy, h), UKERN_OK);
        }
        assert_int_equal(SYS(t, shm_unmap, SELF, a), UKERN_OK);
        assert_int_equal(SYS(t, shm_unmap, SELF, b), UKERN_OK);
        assert_int_equal(SYS(t, handle_close, there), UKERN_OK);
        assert_int_equal(SYS(i, handle_close, h), UKERN_OK);
        world_check();
        if (round > 0)
            assert_int_equal(frame_free_count(), free);
        free = frame_free_count();
    }
    /* Its end, and what it never needed. */
    uint64_t h = create(i, 40 * PAGE_SIZE);
    uint64_t there = (uint64_t)world_give(i, (ukern_handle)h, t, UKERN_R_READ | UKERN_R_WRITE);
    map_as(t, there, RW | UKERN_PROT_STAY);
    assert_int_equal(SYS(t, shm_unmap, SELF, map_as(t, there, RW | UKERN_PROT_STAY)), UKERN_OK);
    assert_int_equal(SYS(i, shm_revoke, h), UKERN_OK);
    world_give(i, (ukern_handle)h, t, 0);
    world_check();
}

static void test_mem_map(void **state)
{
    (void)state;
    struct task *i = world_init;
    int64_t at = SYS(i, mem_map, 3 * PAGE_SIZE - 1, 0);
    assert_true(at > 0);
    assert_non_null(aspace_user(i->aspace, (uint64_t)at + 2 * PAGE_SIZE, RW));
    assert_int_equal(SYS(i, mem_map, PAGE_SIZE, (uint64_t)at), UKERN_EEXIST);
    assert_int_equal(SYS(i, mem_map, PAGE_SIZE, 1), UKERN_EINVAL);
    assert_int_equal(SYS(i, mem_map, PAGE_SIZE, USER_HIGH), UKERN_EINVAL);
    assert_int_equal(SYS(i, mem_map, 0, 0), UKERN_EINVAL);
    assert_int_equal(SYS(i, mem_map, UINT64_MAX, 0), UKERN_EOVERFLOW);
    assert_int_equal(SYS(i, mem_map, 500 << 20, 0), UKERN_ENOMEM);
    world_check();
    assert_int_equal(SYS(i, shm_unmap, SELF, (uint64_t)at), UKERN_OK);
    world_check();
}

/* Each allocation of each call fails once: an error, and nothing is left behind. */
static void test_no_memory(void **state)
{
    (void)state;
    struct task *t = world_spawn_with("one", &(struct world_spawn){.memory = 4 << 20});
    uint64_t h = create(t, 100 * PAGE_SIZE), frames, used, objects;
    for (unsigned call = 0; call < 4; call++)
        for (uint64_t k = 1;; k++) {
            int64_t rc;
            world_run(t);
            frames = frame_free_count();
            used = t->account->used;
            objects = slab_count();
            frame_fail_after = k;
            if (call == 0)
                rc = SYS(t, shm_create, 100 * PAGE_SIZE, 0);
            else if (call != 2)
                rc = SYS(t, shm_map, h, SELF,
                         UINT64_C(0x4000000000) + ((uint64_t)call << 36) + k * (UINT64_C(1) << 30),
                         0, 0, RW | (call == 3 ? UKERN_PROT_STAY : 0));
            else
                rc = SYS(t, mem_map, 80 * PAGE_SIZE,
                         UINT64_C(0x6000000000) + k * (UINT64_C(1) << 30));
            bool failed = frame_fail_after == 0;
            frame_fail_after = 0;
            world_check();
            if (!failed) {
                if (rc <= 0)
                    fail_msg("call %u, without its %lu-th allocation failing: %ld", call,
                             (unsigned long)k, (long)rc);
                break;
            }
            assert_int_equal(rc, UKERN_ENOMEM);
            assert_int_equal(slab_count(), objects);
            if (call == 0) { /* page tables stay */
                assert_int_equal(frame_free_count(), frames);
                assert_int_equal(t->account->used, used);
            }
        }
}

/* The quota, to the last page. */
static void test_quota(void **state)
{
    (void)state;
    struct task *t = world_spawn_with("poor", &(struct world_spawn){.memory = 300000});
    uint64_t other = account_root.used;
    unsigned pages = 0;
    while (SYS(t, mem_map, PAGE_SIZE) > 0)
        pages++;
    assert_true(pages > 10 && pages < 75);
    assert_int_equal(SYS(t, shm_create, PAGE_SIZE, 0), UKERN_ENOMEM);
    assert_int_equal(account_root.used, other); /* nobody else pays */
    world_check();
}

/* ---- Long operations are interrupted, and go on ---- */

static unsigned points, stop_at;

static void interrupt_at_point(void)
{
    if (++points == stop_at)
        sim_raise_irq(7);
}

static uint64_t notified;

/* From the n-th preemption point of t's call on, init runs; t is in the middle of it. */
static void stop_in_the_middle(struct task *t, unsigned n, uint64_t number,
                               const struct ukern_sysregs *args)
{
    world_priority(world_init, 50);
    assert_int_equal(SYS(world_init, notify_wait, notified, 1), WORLD_WAITS);
    points = 0;
    stop_at = n;
    sim_irq_hook = interrupt_at_point;
    assert_int_equal(world_sys(t, number, args), WORLD_WAITS);
    sim_irq_hook = NULL;
    assert_ptr_equal(arch_cpu()->current, world_init);
    assert_non_null(t->operation);
    world_check();
}

static void take_line(void)
{
    notified = (uint64_t)SYS(world_init, port_create);
    uint64_t irq = (uint64_t)SYS(world_init, irq_open, UKERN_INIT_SYSTEM, 7);
    assert_int_equal(SYS(world_init, irq_bind, irq, notified, 1), UKERN_OK);
}

enum meanwhile { NOTHING, KILL, DESTROY, KILL_TARGET, UNMAP };

static void long_map(unsigned n, enum meanwhile what)
{
    struct task *t = world_spawn_with("one", &(struct world_spawn){.memory = 16 << 20}),
                *of = world_spawn("target");
    uint64_t size = UINT64_C(8) << 20, h = create(t, size), hint = UINT64_C(0x20000000);
    uint64_t target = (uint64_t)world_give(world_init, world_handle(of), t, 0);
    uint64_t mine = (uint64_t)world_give(t, (ukern_handle)h, world_init, 0);
    take_line();
    stop_in_the_middle(t, n, UKERN_SYS_shm_map,
                       &(struct ukern_sysregs){.x = {h, target, hint, 0, 0, RW}});
    switch (what) {
    case KILL:
        SYS(world_init, task_kill, (uint64_t)world_handle(t), 0);
        break;
    case DESTROY:
        assert_int_equal(SYS(world_init, shm_destroy, mine), UKERN_OK);
        break;
    case KILL_TARGET:
        SYS(world_init, task_kill, (uint64_t)world_handle(of), 0);
        assert_int_equal(SYS(world_init, task_wait, (uint64_t)world_handle(of)), UKERN_OK);
        break;
    case UNMAP:
        assert_int_equal(SYS(world_init, shm_unmap, (uint64_t)world_handle(of), hint), UKERN_OK);
        break;
    default:
        break;
    }
    world_check();
    world_priority(world_init, WORLD_PRIORITY);
    if (what == NOTHING) {
        assert_int_equal(world_result(t), hint);
        assert_non_null(world_user(of, hint + size - 1));
    } else if (what != KILL) {
        assert_int_equal(world_result(t), UKERN_EREVOKED);
    }
    world_end();
}

static void test_interrupted_map(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 3; n++)
        for (enum meanwhile what = NOTHING; what <= UNMAP; what++)
            long_map(n, what);
}

static void test_interrupted_create(void **state)
{
    (void)state;
    for (int kill = 0; kill < 2; kill++) {
        struct task *t = world_spawn_with("one", &(struct world_spawn){.memory = 16 << 20});
        take_line();
        stop_in_the_middle(t, 30, UKERN_SYS_shm_create, &(struct ukern_sysregs){.x = {8 << 20, 0}});
        if (kill)
            SYS(world_init, task_kill, (uint64_t)world_handle(t), 0);
        world_priority(world_init, WORLD_PRIORITY);
        if (!kill)
            assert_true(world_result(t) >= 0);
        world_end();
        world_check();
    }
}

/* A revoke that is interrupted; then the same memory is revoked, destroyed or left. */
static void test_interrupted_revoke(void **state)
{
    (void)state;
    for (unsigned what = 0; what < 8; what++) {
        struct task *t = world_spawn_with("owner", &(struct world_spawn){.memory = 16 << 20});
        struct task *of = world_spawn("client");
        unsigned stay = what < 4 ? 0 : UKERN_PROT_STAY;
        uint64_t at[3];
        uint64_t h = create(t, 8 << 20),
                 mine = (uint64_t)world_give(t, (ukern_handle)h, world_init, 0);
        uint64_t there = (uint64_t)world_give(t, (ukern_handle)h, of, 0);
        for (int i = 0; i < 3; i++)
            at[i] = map_as(of, there, RW | stay);
        take_line();
        stop_in_the_middle(t, 6, what % 4 == 2 ? UKERN_SYS_shm_destroy : UKERN_SYS_shm_revoke,
                           &(struct ukern_sysregs){.x = {h}});
        assert_int_equal(SYS(world_init, shm_info, mine),
                         UKERN_EREVOKED); /* from the first moment on */
        if (what % 4 == 1)
            SYS(world_init, task_kill, (uint64_t)world_handle(t), 0);
        if (what == 4) /* in the middle of it */
            assert_int_equal(SYS(world_init, shm_unmap, (uint64_t)world_handle(of), at[2]),
                             UKERN_OK);
        if (what % 4 == 3)
            SYS(world_init, task_kill, (uint64_t)world_handle(of), 0);
        world_priority(world_init, WORLD_PRIORITY);
        if (what % 4 != 1) {
            assert_int_equal(world_result(t), UKERN_OK);
            assert_int_equal(SYS(world_init, shm_info, mine), UKERN_EREVOKED);
        }
        for (int i = 0; i < 3 && what > 4 && what != 7; i++)
            assert_non_null(world_user(of, at[i] + (8 << 20) - 1));
        world_end();
        world_check();
    }
}

/* However many mappings of its own a revoke passes over, it does so in steps; it may be stopped
 * there. */
static void test_revoke_with_many_own(void **state)
{
    (void)state;
    static uint64_t own[1000];
    for (unsigned what = 0; what < 3; what++) {
        struct task *t = world_spawn("owner"), *other = world_spawn("other");
        uint64_t h = create(t, PAGE_SIZE);
        uint64_t at = map(other, (uint64_t)world_give(t, (ukern_handle)h, other, 0));
        for (unsigned i = 0; i < 1000; i++) /* the newest stand first in the shm's list */
            own[i] = map(t, h);
        take_line();
        stop_in_the_middle(t, 5, UKERN_SYS_shm_revoke, &(struct ukern_sysregs){.x = {h}});
        assert_non_null(world_user(other, at)); /* it has not come so far */
        if (what == 1)
            assert_int_equal(SYS(world_init, task_kill, (uint64_t)world_handle(t), 0), UKERN_OK);
        for (unsigned i = 0; what == 2 && i < 1000; i++)
            assert_int_equal(SYS(world_init, shm_unmap, (uint64_t)world_handle(t), own[i]),
                             UKERN_OK);
        world_check();
        world_priority(world_init, WORLD_PRIORITY);
        if (what != 1) {
            assert_int_equal(world_result(t), UKERN_OK);
            assert_null(world_user(other, at));
            assert_int_equal(world_user(t, own[0]) != NULL, what == 0);
        }
        world_end();
        world_check();
    }
}

static const struct CMUnitTest tests[] = {
    WORLD(test_create),
    WORLD(test_dma),
    WORLD(test_device),
    WORLD(test_map),
    WORLD(test_unmap),
    WORLD(test_another_task),
    WORLD(test_revoke),
    WORLD(test_destroy),
    WORLD(test_stay),
    WORLD(test_mem_map),
    WORLD(test_no_memory),
    WORLD(test_quota),
    WORLD(test_interrupted_map),
    WORLD(test_interrupted_create),
    WORLD(test_interrupted_revoke),
    WORLD(test_revoke_with_many_own),
};

WORLD_MAIN(tests)
