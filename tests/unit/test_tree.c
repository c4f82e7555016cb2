/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "tree.h"
#include "unit.h"

enum { N = 400 };
static struct tree_node node[N];
static struct tree tree;

/* Order, heap and flags of a subtree; returns its height and adds its nodes to *count. */
static unsigned check(const struct tree_node *n, const struct tree_node **last, unsigned *count)
{
    if (!n)
        return 0;
    assert_true(n->linked);
    assert_true(!n->left || n->left->rank <= n->rank);
    assert_true(!n->right || n->right->rank <= n->rank);
    unsigned left = check(n->left, last, count);
    assert_true(!*last || (*last)->key < n->key || ((*last)->key == n->key && *last < n));
    *last = n;
    ++*count;
    unsigned right = check(n->right, last, count);
    return 1 + (left > right ? left : right);
}

static unsigned check_tree(unsigned expected)
{
    const struct tree_node *last = NULL;
    unsigned count = 0, height = check(tree.root, &last, &count);
    assert_int_equal(count, expected);
    return height;
}

static const struct tree_node *model_best(uint64_t key, bool floor)
{
    const struct tree_node *best = NULL;
    for (int i = 0; i < N; i++) {
        const struct tree_node *n = &node[i];
        if (!n->linked || (floor ? n->key > key : n->key < key))
            continue;
        if (!best || (floor ? n->key > best->key : n->key < best->key))
            best = n;
    }
    return best;
}

static void compare(const struct tree_node *got, const struct tree_node *expected)
{
    assert_int_equal(got != NULL, expected != NULL);
    if (got)
        assert_int_equal(got->key, expected->key); /* among equal keys any will do */
}

static void reset(void)
{
    memset(node, 0, sizeof(node));
    tree.root = NULL;
}

static void test_empty(void **state)
{
    (void)state;
    reset();
    assert_null(tree_first(&tree));
    assert_null(tree_floor(&tree, UINT64_MAX));
    assert_null(tree_ceil(&tree, 0));
}

static void test_one(void **state)
{
    (void)state;
    reset();
    tree_insert(&tree, &node[0], 10);
    assert_ptr_equal(tree_first(&tree), &node[0]);
    assert_ptr_equal(tree_floor(&tree, 10), &node[0]);
    assert_ptr_equal(tree_floor(&tree, UINT64_MAX), &node[0]);
    assert_null(tree_floor(&tree, 9));
    assert_ptr_equal(tree_ceil(&tree, 10), &node[0]);
    assert_ptr_equal(tree_ceil(&tree, 0), &node[0]);
    assert_null(tree_ceil(&tree, 11));
    tree_remove(&tree, &node[0]);
    assert_null(tree.root);
    assert_false(node[0].linked);
}

static void test_ends_of_the_range(void **state)
{
    (void)state;
    reset();
    tree_insert(&tree, &node[0], 0);
    tree_insert(&tree, &node[1], UINT64_MAX);
    assert_ptr_equal(tree_floor(&tree, 0), &node[0]);
    assert_ptr_equal(tree_floor(&tree, UINT64_MAX - 1), &node[0]);
    assert_ptr_equal(tree_ceil(&tree, UINT64_MAX), &node[1]);
    assert_ptr_equal(tree_ceil(&tree, 1), &node[1]);
}

static void test_equal_keys(void **state)
{
    (void)state;
    reset();
    for (int i = 0; i < N; i++)
        tree_insert(&tree, &node[(i * 7) % N], 5);
    check_tree(N);
    assert_ptr_equal(tree_first(&tree), &node[0]);
    assert_int_equal(tree_floor(&tree, 5)->key, 5);
    assert_int_equal(tree_ceil(&tree, 5)->key, 5);
    assert_null(tree_floor(&tree, 4));
    assert_null(tree_ceil(&tree, 6));
    for (int i = 0; i < N; i++) {
        tree_remove(&tree, &node[(i * 13) % N]);
        check_tree((unsigned)(N - i - 1));
    }
}

static void test_random_against_model(void **state)
{
    (void)state;
    reset();
    unsigned count = 0;
    for (int step = 0; step < 20000; step++) {
        struct tree_node *n = &node[unit_below(N)];
        uint64_t range = step % 3 == 0 ? 50 : UINT64_MAX; /* many equal keys, or few */
        if (n->linked) {
            tree_remove(&tree, n);
            count--;
        } else {
            tree_insert(&tree, n, unit_below(range));
            count++;
        }
        if (step % 16 == 0)
            check_tree(count);
        uint64_t key = unit_below(4) ? node[unit_below(N)].key + unit_below(3) - 1 : unit_random();
        compare(tree_floor(&tree, key), model_best(key, true));
        compare(tree_ceil(&tree, key), model_best(key, false));
        compare(tree_first(&tree), model_best(0, false));
    }
}

/* Ordered insertion, the worst for a plain tree: the height stays a small multiple of the
 * logarithm. */
static void test_stays_flat(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    static struct tree_node many[MANY];
    for (int order = 0; order < 3; order++) {
        tree.root = NULL;
        memset(many, 0, sizeof(many));
        for (uint64_t i = 0; i < MANY; i++)
            tree_insert(&tree, &many[i], order == 0 ? i : order == 1 ? MANY - i : i ^ (i >> 1));
        assert_in_range(check_tree(MANY), 14, 60);
    }
}

static void insert_twice(void *arg)
{
    tree_insert(&tree, arg, 1);
}

static void remove_unlinked(void *arg)
{
    tree_remove(&tree, arg);
}

static void test_misuse_panics(void **state)
{
    (void)state;
    reset();
    assert_panics(remove_unlinked, &node[0], "tree.c");
    tree_insert(&tree, &node[0], 1);
    assert_panics(insert_twice, &node[0], "tree.c");
    node[1].linked = true; /* of another tree */
    assert_panics(remove_unlinked, &node[1], "tree.c");
}

static const struct CMUnitTest tests[] = {
    UNIT(test_empty),
    UNIT(test_one),
    UNIT(test_ends_of_the_range),
    UNIT(test_equal_keys),
    UNIT(test_random_against_model),
    UNIT(test_stays_flat),
    UNIT(test_misuse_panics),
};

UNIT_MAIN(tests)
