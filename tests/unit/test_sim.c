/* SPDX-License-Identifier: BSD-2-Clause */
/* The simulated machine itself: what a driver and the core may count on. */
#include <string.h>
#include "unit.h"

static void test_ram(void **state)
{
    (void)state;
    char *p = arch_phys_to_virt(SIM_RAM_BASE + 5000);
    assert_int_equal(arch_virt_to_phys(p), SIM_RAM_BASE + 5000);
    assert_int_equal((uintptr_t)arch_phys_to_virt(SIM_RAM_BASE) % (1 << 21), 0);
    arch_code_sync(p, 100);
    char *page = arch_phys_to_virt(SIM_RAM_BASE);
    page[0] = page[PAGE_SIZE - 1] = page[PAGE_SIZE] = 1;
    arch_page_zero(page);
    assert_true(page[0] == 0 && page[PAGE_SIZE - 1] == 0 && page[PAGE_SIZE] == 1);
}

static void outside(void *arg)
{
    arch_phys_to_virt(*(paddr_t *)arg);
}

static void not_ram(void *arg)
{
    arch_virt_to_phys(arg);
}

static void test_outside_ram(void **state)
{
    (void)state;
    paddr_t bad[] = {0, SIM_RAM_BASE - 1, SIM_RAM_BASE + UNIT_RAM, UINT64_MAX, SIM_DEVICE_BASE};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_panics(outside, &bad[i], "is not in RAM");
    assert_panics(not_ram, bad, "is not in RAM");
}

static void test_timer(void **state)
{
    (void)state;
    uint64_t now = arch_timer_now();
    assert_int_equal(sim_timer, UKERN_FOREVER);
    assert_false(arch_irq_pending());
    assert_true(board.irq_next() < 0);
    arch_timer_set(now + 100);
    assert_false(arch_irq_pending());
    arch_cpu_wait(); /* time jumps */
    assert_int_equal(arch_timer_now(), now + 100);
    assert_true(arch_irq_pending());
    assert_int_equal(board.irq_next(), BOARD_IRQ_TIMER);
    assert_true(board.irq_next() < 0); /* active: not again */
    assert_false(arch_irq_pending());
    board.irq_end(BOARD_IRQ_TIMER);
    assert_true(arch_irq_pending()); /* a level: it is still due */
    arch_timer_set(UKERN_FOREVER);
    assert_false(arch_irq_pending());
    arch_timer_set(0); /* long ago */
    arch_cpu_wait();
    assert_int_equal(arch_timer_now(), now + 100); /* never back */
    assert_int_equal(board.irq_next(), BOARD_IRQ_TIMER);
    arch_timer_set(UKERN_FOREVER);
}

static void wait_for_nothing(void *arg)
{
    (void)arg;
    arch_cpu_wait();
}

static int hook_calls;

static void raise_three(void)
{
    if (hook_calls++ == 0)
        sim_raise_irq(3);
}

static void test_wait(void **state)
{
    (void)state;
    assert_panics(wait_for_nothing, NULL, "nothing can wake");
    hook_calls = 0;
    sim_wait_hook = raise_three;
    arch_cpu_wait();
    sim_wait_hook = NULL;
    assert_int_equal(hook_calls, 1);
    board.irq_enable(3);
    arch_cpu_wait(); /* returns: something is pending */
    assert_int_equal(board.irq_next(), 3);
    board.irq_end(3);
    board.irq_again(3);
    board.irq_disable(3);
}

static void test_lines(void **state)
{
    (void)state;
    sim_raise_irq(9);
    assert_false(arch_irq_pending()); /* not enabled yet: kept */
    assert_false(sim_irq_enabled(9));
    board.irq_enable(9);
    assert_true(sim_irq_enabled(9));
    board.irq_enable(4);
    sim_raise_irq(4);
    sim_raise_irq(4); /* once is enough */
    assert_true(arch_irq_pending());
    assert_int_equal(board.irq_next(), 4);
    sim_raise_irq(4); /* while active: comes when it is let again */
    assert_int_equal(board.irq_next(), 9);
    board.irq_end(4);
    board.irq_end(9);
    assert_false(sim_irq_enabled(4));
    assert_true(board.irq_next() < 0);
    board.irq_again(4);
    board.irq_again(9);
    assert_int_equal(board.irq_next(), 4);
    board.irq_end(4);
    board.irq_again(4);
    board.irq_disable(4);
    board.irq_disable(9);
    assert_false(arch_irq_pending());
}

static void test_irq_hook(void **state)
{
    (void)state;
    hook_calls = 0;
    board.irq_enable(3);
    sim_irq_hook = raise_three;
    assert_true(arch_irq_pending());
    assert_true(arch_irq_pending());
    sim_irq_hook = NULL;
    assert_int_equal(hook_calls, 2);
    assert_int_equal(board.irq_next(), 3);
    board.irq_end(3);
    board.irq_again(3);
    board.irq_disable(3);
}

static void end_inactive(void *arg)
{
    (void)arg;
    board.irq_end(5);
}

static void again_inactive(void *arg)
{
    (void)arg;
    board.irq_again(5);
}

static void raise_unknown(void *arg)
{
    (void)arg;
    sim_raise_irq(SIM_IRQ_LINES);
}

static void test_board(void **state)
{
    (void)state;
    assert_false(board.irq_valid(0));
    assert_true(board.irq_valid(1) && board.irq_valid(SIM_IRQ_LINES - 1));
    assert_false(board.irq_valid(SIM_IRQ_LINES));
    assert_true(board.device_valid(SIM_DEVICE_BASE, PAGE_SIZE));
    assert_true(board.device_valid(SIM_DEVICE_BASE, SIM_DEVICE_SIZE));
    assert_false(board.device_valid(SIM_DEVICE_BASE, SIM_DEVICE_SIZE + 1));
    assert_false(board.device_valid(SIM_DEVICE_BASE, UINT64_MAX));
    assert_false(board.device_valid(SIM_DEVICE_BASE - PAGE_SIZE, 2 * PAGE_SIZE));
    assert_false(board.device_valid(SIM_RAM_BASE, PAGE_SIZE));
    assert_panics(end_inactive, NULL, "board.c");
    assert_panics(again_inactive, NULL, "board.c");
    assert_panics(raise_unknown, NULL, "board.c");
}

static void test_context(void **state)
{
    (void)state;
    struct arch_context c;
    struct ukern_regs r;
    arch_context_init(&c, 0x400000, 0x800000, 7, 8);
    arch_context_regs(&c, true, &r);
    assert_true(r.pc == 0x400000 && r.sp == 0x800000 && r.x[0] == 7 && r.x[1] == 8 && r.complete);
    arch_context_regs(&c, false, &r);
    assert_true(r.pc == 0x400000 && r.x[0] == 0 && !r.complete);
    uint64_t pcs[8];
    assert_in_range(arch_cpu_backtrace(pcs, 8), 1, 8);
}

static struct arch_aspace table;

static void map_without_flush(void *arg)
{
    (void)arg;
    arch_aspace_map(&table, &account_root, 0x200000, SIM_RAM_BASE, UKERN_PROT_READ,
                    UKERN_SHM_NORMAL);
}

static void map_writable_code(void *arg)
{
    (void)arg;
    arch_aspace_map(&table, &account_root, 0x200000, SIM_RAM_BASE, 7, UKERN_SHM_NORMAL);
}

static void map_twice(void *arg)
{
    (void)arg;
    arch_aspace_map(&table, &account_root, 0x100000, SIM_RAM_BASE, UKERN_PROT_READ,
                    UKERN_SHM_NORMAL);
}

static void free_with_entries(void *arg)
{
    (void)arg;
    while (arch_aspace_free(&table, &account_root))
        ;
}

/* The rules of page tables that the core must keep on every CPU are checked here. */
static void test_table_rules(void **state)
{
    (void)state;
    assert_int_equal(arch_aspace_init(&table, &account_root), UKERN_OK);
    map_twice(NULL);
    assert_panics(map_twice, NULL, "table.c");
    assert_panics(map_writable_code, NULL, "table.c");
    assert_panics(free_with_entries, NULL, "table.c");
    arch_aspace_unmap(&table, 0xff000, 5);
    assert_panics(map_without_flush, NULL, "table.c");
    assert_panics(free_with_entries, NULL, "table.c");
    arch_aspace_flush(&table, 0x101000, 1); /* another page */
    assert_panics(map_without_flush, NULL, "table.c");
    arch_aspace_flush(&table, 0xff000, 5);
    free_with_entries(NULL);
    assert_null(arch_aspace_user(&table, 0x100000, UKERN_PROT_READ));
    assert_false(arch_aspace_free(&table, &account_root)); /* again: nothing */
}

/* Tables all over the address space are freed a few at a time. */
static void test_table_free_in_steps(void **state)
{
    (void)state;
    assert_int_equal(arch_aspace_init(&table, &account_root), UKERN_OK);
    for (uint64_t i = 0; i < 100; i++) {
        uint64_t address = i * UINT64_C(0x123456000) % ARCH_USER_END;
        assert_int_equal(arch_aspace_map(&table, &account_root, address, SIM_RAM_BASE,
                                         UKERN_PROT_READ, UKERN_SHM_NORMAL),
                         UKERN_OK);
        assert_non_null(arch_aspace_user(&table, address, UKERN_PROT_READ));
        arch_aspace_unmap(&table, address, 1);
        arch_aspace_flush(&table, address, 1);
    }
    for (bool more = true; more;) {
        uint64_t before = frame_free_count();
        more = arch_aspace_free(&table, &account_root);
        assert_true(frame_free_count() - before <= 5);
    }
}

static const struct CMUnitTest tests[] = {
    UNIT(test_ram),         UNIT(test_outside_ram),
    UNIT(test_timer),       UNIT(test_wait),
    UNIT(test_lines),       UNIT(test_irq_hook),
    UNIT(test_board),       UNIT(test_context),
    UNIT(test_table_rules), UNIT(test_table_free_in_steps),
};

UNIT_MAIN(tests)
