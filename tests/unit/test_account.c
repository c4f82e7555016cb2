/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "unit.h"

#define OWN PAGE_SIZE /* the account's own frame */

static void test_charge(void **state)
{
    (void)state;
    struct account a = {.limit = 100};
    assert_true(account_charge(&a, 60));
    assert_false(account_charge(&a, 41));
    assert_int_equal(a.used, 60);
    assert_true(account_charge(&a, 40));
    assert_true(account_charge(&a, 0));
    assert_false(account_charge(&a, 1));
    account_uncharge(&a, 99);
    assert_int_equal(a.used, 1);
    account_uncharge(&a, 1);
    account_uncharge(&a, 0);
    assert_int_equal(a.used, 0);
}

static void test_charge_of_any_size(void **state)
{
    (void)state;
    struct account a = {.limit = UINT64_MAX};
    assert_true(account_charge(&a, UINT64_MAX - 1));
    assert_false(account_charge(&a, 2));
    assert_false(account_charge(&a, UINT64_MAX));
    assert_int_equal(a.used, UINT64_MAX - 1);
    struct account b = {.limit = 10, .used = 5};
    for (int bit = 3; bit < 64; bit++) {
        assert_false(account_charge(&b, UINT64_C(1) << bit));
        assert_false(account_charge(&b, -(UINT64_C(1) << bit)));
    }
    assert_int_equal(b.used, 5);
}

static void test_reservation(void **state)
{
    (void)state;
    struct account *a = account_create(&account_root, 20000);
    assert_int_equal(account_root.used, 20000);
    assert_int_equal(a->limit, 20000);
    assert_int_equal(a->used, OWN);
    /* What a promised to b, a cannot use itself. */
    struct account *b = account_create(a, 9000);
    assert_int_equal(a->used, OWN + 9000);
    assert_false(account_charge(a, 11000 - OWN + 1));
    assert_true(account_charge(a, 11000 - OWN));
    assert_true(account_charge(b, 9000 - OWN));
    assert_false(account_charge(b, 1));
    account_uncharge(b, 9000 - OWN);
    account_close(b);
    assert_int_equal(a->used, 11000);
    account_uncharge(a, 11000 - OWN);
    account_close(a);
    assert_int_equal(account_root.used, 0);
}

static void test_create_fails(void **state)
{
    (void)state;
    struct account *a = account_create(&account_root, OWN + 10000);
    assert_null(account_create(a, 10001));
    assert_null(account_create(a, UINT64_MAX));
    assert_null(account_create(a, UINT64_MAX - 8));
    assert_null(account_create(a, OWN - 1)); /* not enough for itself */
    assert_null(account_create(a, 0));
    assert_int_equal(a->used, OWN);
    struct account *b = account_create(a, 10000);
    assert_non_null(b);
    account_close(b);
    account_close(a);
    frame_fail_after = 1; /* no frame for itself */
    assert_null(account_create(&account_root, OWN));
    assert_int_equal(account_root.used, 0);
}

static void test_close_returns_the_rest_at_once(void **state)
{
    (void)state;
    struct account *a = account_create(&account_root, OWN + 1000);
    assert_true(account_charge(a, 300));
    account_close(a);
    assert_int_equal(account_root.used, OWN + 300);
    assert_int_equal(a->limit, OWN + 300);
    assert_false(account_charge(a, 1));
    assert_true(account_charge(a, 0));
    account_uncharge(a, 100);
    assert_int_equal(account_root.used, OWN + 200);
    assert_false(account_charge(a, 1));
    uint64_t objects = slab_count();
    account_uncharge(a, 200); /* a is gone */
    assert_int_equal(account_root.used, 0);
    assert_int_equal(slab_count(), objects - 1);
}

static void test_close_unused_and_empty(void **state)
{
    (void)state;
    account_close(account_create(&account_root, 12345));
    account_close(account_create(&account_root, OWN));
    assert_int_equal(account_root.used, 0);
}

/* A long line of accounts, closed from the top or from the bottom, with the last holding on. */
static void chain(bool top_first)
{
    enum { N = ACCOUNT_DEPTH_MAX };
    struct account *a[N];
    struct account *parent = &account_root;
    for (int i = 0; i < N; i++) {
        a[i] = account_create(parent, (uint64_t)(N - i) * 5000);
        assert_non_null(a[i]);
        parent = a[i];
    }
    /* No longer: the climb is one step. */
    uint64_t used = a[N - 1]->used;
    assert_null(account_create(a[N - 1], PAGE_SIZE));
    assert_int_equal(a[N - 1]->used, used);
    assert_true(account_charge(a[N - 1], 500));
    for (int i = 0; i < N; i++)
        account_close(a[top_first ? i : N - 1 - i]);
    /* A parent goes as soon as nothing but its child's share is left, or with the child. */
    assert_in_range(account_root.used, 500 + OWN, 500 + N * OWN);
    for (int i = 0; i < 499; i++) {
        account_uncharge(a[N - 1], 1);
        assert_in_range(account_root.used, 500 - i - 1 + OWN, 500 - i - 1 + N * OWN);
    }
    /* After one climb the line is short. */
    assert_int_equal(account_root.used, 1 + OWN);
    assert_ptr_equal(a[N - 1]->parent, &account_root);
    account_uncharge(a[N - 1], 1);
    assert_int_equal(account_root.used, 0);
}

static void test_chain_closed_from_the_top(void **state)
{
    (void)state;
    chain(true);
}

static void test_chain_closed_from_the_bottom(void **state)
{
    (void)state;
    chain(false);
}

/* Random families: what the root has charged must be what the model adds up. */
enum { NODES = 64 };
static struct node {
    struct account *a; /* NULL: free slot */
    int parent;        /* slot, or -1 */
    bool closed;
    uint64_t limit, direct; /* charged by the test itself */
} node[NODES];

static uint64_t share_of(int i);

static uint64_t children_of(int i)
{
    uint64_t sum = 0;
    for (int j = 0; j < NODES; j++)
        if (node[j].a && node[j].parent == i)
            sum += share_of(j);
    return sum;
}

/* What the parent is charged for account i. A closed one costs what it still holds. */
static uint64_t share_of(int i)
{
    return node[i].closed ? OWN + node[i].direct + children_of(i) : node[i].limit;
}

/* A closed account with nothing in it is gone: its children have moved up or gone before. */
static bool sweep_once(void)
{
    for (int i = 0; i < NODES; i++) {
        if (!node[i].a || !node[i].closed || node[i].direct > 0)
            continue;
        bool childless = true;
        for (int j = 0; j < NODES; j++)
            childless &= !node[j].a || node[j].parent != i;
        if (childless) {
            node[i].a = NULL;
            return true;
        }
    }
    return false;
}

/* Follow account.c: a closed account whose parent is closed too moves to the grandparent when it is
 * climbed. */
static void model_climb(int i)
{
    while (i >= 0 && node[i].closed) {
        int parent = node[i].parent;
        bool empty = node[i].direct + children_of(i) == 0;
        if (!empty && parent >= 0 && node[parent].closed)
            node[i].parent = node[parent].parent;
        if (empty)
            node[i].a = NULL;
        i = parent;
    }
    while (sweep_once())
        ;
}

static void random_step(void)
{
    int i = (int)unit_below(NODES);
    struct node *n = &node[i];
    uint64_t action = unit_below(10);
    if (!n->a) {
        int parent = (int)unit_below(NODES);
        struct account *p = node[parent].a && !node[parent].closed ? node[parent].a : NULL;
        uint64_t limit = OWN + unit_below(100000);
        struct account *a = account_create(p ? p : &account_root, limit);
        if (a)
            *n = (struct node){.a = a, .parent = p ? parent : -1, .limit = limit};
    } else if (action == 0 && !n->closed) {
        account_close(n->a);
        n->closed = true;
        model_climb(i);
    } else if (action < 5) {
        uint64_t bytes = unit_below(20000);
        bool fits = !n->closed && bytes <= n->limit - OWN - n->direct - children_of(i);
        assert_int_equal(account_charge(n->a, bytes), fits || bytes == 0);
        if (fits)
            n->direct += bytes;
    } else if (n->direct > 0) {
        uint64_t bytes = unit_below(4) ? unit_below(n->direct) + 1 : n->direct;
        n->direct -= bytes;
        account_uncharge(n->a, bytes);
        model_climb(i);
    }
}

static void test_random_families(void **state)
{
    (void)state;
    memset(node, 0, sizeof(node));
    for (int step = 0; step < 30000; step++) {
        random_step();
        assert_int_equal(account_root.used, children_of(-1));
        for (int i = 0; i < NODES; i++) {
            if (!node[i].a)
                continue;
            assert_int_equal(node[i].a->used, OWN + node[i].direct + children_of(i));
            assert_true(node[i].a->used <= node[i].a->limit);
        }
    }
    for (int i = 0; i < NODES; i++) {
        if (node[i].a && node[i].direct > 0) {
            uint64_t direct = node[i].direct;
            node[i].direct = 0;
            account_uncharge(node[i].a, direct);
            model_climb(i);
        }
        if (node[i].a && !node[i].closed) {
            account_close(node[i].a);
            node[i].closed = true;
            model_climb(i);
        }
    }
    assert_int_equal(account_root.used, 0);
}

static void give_too_much(void *arg)
{
    account_uncharge(arg, 11);
}

static void close_root(void *arg)
{
    account_close(arg);
}

static void test_misuse_panics(void **state)
{
    (void)state;
    struct account a = {.limit = 20, .used = 10};
    assert_panics(give_too_much, &a, "account.c");
    assert_panics(close_root, &account_root, "account.c");
}

static const struct CMUnitTest tests[] = {
    UNIT(test_charge),
    UNIT(test_charge_of_any_size),
    UNIT(test_reservation),
    UNIT(test_create_fails),
    UNIT(test_close_returns_the_rest_at_once),
    UNIT(test_close_unused_and_empty),
    UNIT(test_chain_closed_from_the_top),
    UNIT(test_chain_closed_from_the_bottom),
    UNIT(test_random_families),
    UNIT(test_misuse_panics),
};

UNIT_MAIN(tests)
