/* SPDX-License-Identifier: BSD-2-Clause */
/* The queue of callers, against a plain list. */
#include <string.h>
#include "task.h"
#include "unit.h"
#include "waitq.h"

#define TASKS 40

static struct task tasks[TASKS];
static struct waitq q;

/* The plain list: who waits, in the order of arrival. */
static struct task *model[TASKS];
static unsigned waiting;

static void add(struct task *t, unsigned priority)
{
    t->priority = (uint8_t)priority;
    waitq_add(&q, t);
    model[waiting++] = t;
}

static void drop(struct task *t)
{
    unsigned i = 0;
    waitq_remove(&q, t);
    while (model[i] != t)
        i++;
    memmove(&model[i], &model[i + 1], (--waiting - i) * sizeof *model);
    assert_true(!t->next && !t->prev && !t->higher && !t->lower);
}

static struct task *model_first(void)
{
    struct task *first = waiting ? model[0] : NULL;
    for (unsigned i = 1; i < waiting; i++)
        if (model[i]->priority > first->priority)
            first = model[i];
    return first;
}

static void start(void)
{
    memset(tasks, 0, sizeof tasks);
    q.first = NULL;
    waiting = 0;
}

static void test_order(void **state)
{
    (void)state;
    start();
    unsigned priority[] = {5, 9, 5, 9, 1, 5, 63, 0};
    for (unsigned i = 0; i < 8; i++)
        add(&tasks[i], priority[i]);
    unsigned order[] = {6, 1, 3, 0, 2, 5, 4, 7};
    for (unsigned i = 0; i < 8; i++) {
        assert_ptr_equal(q.first, &tasks[order[i]]);
        drop(q.first);
    }
    assert_null(q.first);
}

/* From the middle: a ring's first, a ring's later member, a ring of one. */
static void test_remove_anywhere(void **state)
{
    (void)state;
    start();
    for (unsigned i = 0; i < 9; i++)
        add(&tasks[i], 3 - i / 3);
    drop(&tasks[3]);
    drop(&tasks[4]);
    drop(&tasks[5]); /* the middle ring is gone */
    drop(&tasks[7]);
    drop(&tasks[0]);
    unsigned order[] = {1, 2, 6, 8};
    for (unsigned i = 0; i < 4; i++) {
        assert_ptr_equal(q.first, &tasks[order[i]]);
        drop(q.first);
    }
}

static void test_random(void **state)
{
    (void)state;
    start();
    for (unsigned round = 0; round < 50000; round++) {
        struct task *t = &tasks[unit_below(TASKS)];
        bool in = false;
        for (unsigned i = 0; i < waiting; i++)
            in = in || model[i] == t;
        if (in)
            drop(t);
        else
            add(t, (unsigned)unit_below(unit_below(2) ? 4 : 64));
        assert_ptr_equal(q.first, model_first());
    }
    while (waiting) {
        assert_ptr_equal(q.first, model_first());
        drop(q.first);
    }
    assert_null(q.first);
}

static const struct CMUnitTest tests[] = {UNIT(test_order), UNIT(test_remove_anywhere),
                                          UNIT(test_random)};

UNIT_MAIN(tests)
