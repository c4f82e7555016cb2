/* SPDX-License-Identifier: BSD-2-Clause */
/* examples/net/netdev/virtqueue.c : by the rules, then against a device that writes anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../examples/net/netdev/virtqueue.h"

#define BUS UINT64_C(0x50000000)

/* A device's view of a queue. */
struct device {
    struct virtqueue q;
    char *memory;
    uint16_t seen, used;
};

static struct device *begin(unsigned size, bool event_idx)
{
    struct device *d = test_calloc(1, sizeof *d);

    d->memory = test_malloc(vq_bytes(size));
    memset(d->memory, 0xa5, vq_bytes(size)); /* as another driver left it */
    vq_init(&d->q, size, d->memory, BUS, event_idx);
    return d;
}

static void end(struct device *d)
{
    test_free(d->memory);
    test_free(d);
}

static bool add(struct device *d, unsigned count, bool writable, uint32_t cookie)
{
    struct vq_segment s[8];

    for (unsigned i = 0; i < count; i++)
        s[i] = (struct vq_segment){0x1000 * (cookie + i), 100};
    return vq_add(&d->q, s, count, writable, cookie);
}

/* The device takes the next chain: its head. */
static unsigned take(struct device *d)
{
    assert_int_not_equal(d->seen, d->q.avail->index);
    return d->q.avail->ring[d->seen++ % d->q.size];
}

static void use(struct device *d, uint32_t id, uint32_t length)
{
    d->q.used->ring[d->used % d->q.size] = (struct vq_used_entry){id, length};
    d->q.used->index = ++d->used;
}

static void test_layout(void **state)
{
    (void)state;
    struct device *d = begin(256, true);

    assert_int_equal(d->q.avail_offset, 4096);
    assert_int_equal(d->q.used_offset % 4, 0);
    assert_true(d->q.used_offset >= 4096 + 4 + 512 + 2);
    assert_int_equal(vq_bytes(256), d->q.used_offset + 4 + 8 * 256 + 2);
    end(d);
}

static void test_in_and_out(void **state)
{
    (void)state;
    struct device *d = begin(8, false);
    uint32_t cookie, length;
    unsigned head;

    assert_false(vq_take(&d->q, &cookie, &length));
    assert_false(vq_publish(&d->q)); /* nothing was added */
    assert_true(add(d, 3, true, 7));
    assert_int_equal(d->q.avail->index, 0); /* not visible yet */
    assert_true(vq_publish(&d->q));
    head = take(d);
    assert_int_equal(d->q.desc[head].flags, 3);
    assert_int_equal(d->q.desc[head].address, 0x7000);
    use(d, head, 250);
    assert_true(vq_pending(&d->q));
    assert_true(vq_take(&d->q, &cookie, &length));
    assert_int_equal(cookie, 7);
    assert_int_equal(length, 250);
    assert_int_equal(d->q.free, 8);
    assert_null(d->q.broken);
    end(d);
}

static void test_full(void **state)
{
    (void)state;
    struct device *d = begin(8, true);

    for (uint32_t i = 0; i < 4; i++)
        assert_true(add(d, 2, false, i));
    assert_false(add(d, 1, false, 9));
    assert_false(add(d, 0, false, 9));
    end(d);
}

/* In any order, round and round: indices wrap at 65536. */
static void test_out_of_order(void **state)
{
    (void)state;
    struct device *d = begin(8, true);
    uint32_t cookie, length;

    for (uint32_t round = 0; round < 40000; round++) {
        unsigned a, b;

        assert_true(add(d, 1 + round % 3, false, round));
        assert_true(add(d, 1 + round % 4, true, ~round));
        vq_publish(&d->q);
        a = take(d);
        b = take(d);
        use(d, b, 1);
        use(d, a, 4000); /* of a chain that is only read the length means nothing */
        assert_true(vq_take(&d->q, &cookie, &length));
        assert_int_equal(cookie, ~round);
        assert_int_equal(length, 1);
        assert_true(vq_take(&d->q, &cookie, &length));
        assert_int_equal(cookie, round);
        assert_int_equal(length, 0);
        assert_int_equal(d->q.free, 8);
    }
    assert_null(d->q.broken);
    end(d);
}

static void test_kicks(void **state)
{
    (void)state;
    struct device *d = begin(8, true);
    uint16_t *avail_event = (uint16_t *)(void *)&d->q.used->ring[8];

    *avail_event = 0;
    add(d, 1, false, 1);
    assert_true(vq_publish(&d->q));
    add(d, 1, false, 1);
    assert_false(vq_publish(&d->q)); /* it still works on the first */
    *avail_event = 2;
    add(d, 1, false, 1);
    assert_true(vq_publish(&d->q));
    end(d);

    d = begin(8, false);
    d->q.used->flags = 1;
    add(d, 1, false, 1);
    assert_false(vq_publish(&d->q));
    end(d);
}

static void test_interrupts(void **state)
{
    (void)state;
    struct device *d = begin(8, true);
    uint16_t *used_event = &d->q.avail->ring[8];
    unsigned a;

    add(d, 1, true, 1);
    add(d, 1, true, 2);
    vq_publish(&d->q);
    assert_false(vq_listen(&d->q, 2));
    assert_int_equal(*used_event, 1);
    a = take(d);
    use(d, a, 1);
    assert_false(vq_listen(&d->q, 2));
    assert_true(vq_listen(&d->q, 1)); /* it came before it was listened for */
    vq_mute(&d->q);
    assert_int_equal(*used_event, 0xffff);
    end(d);

    d = begin(8, false);
    vq_mute(&d->q);
    assert_int_equal(d->q.avail->flags, 1);
    vq_listen(&d->q, 1);
    assert_int_equal(d->q.avail->flags, 0);
    end(d);
}

/* Each lie: nothing is taken, the queue says why and stays broken. */
static void check_broken(struct device *d, const char *part)
{
    uint32_t cookie = 77, length;

    assert_false(vq_take(&d->q, &cookie, &length));
    assert_int_equal(cookie, 77);
    assert_non_null(d->q.broken);
    assert_non_null(strstr(d->q.broken, part));
    assert_false(vq_take(&d->q, &cookie, &length));
    assert_false(vq_pending(&d->q));
    assert_false(add(d, 1, false, 1));
    assert_false(vq_publish(&d->q));
    end(d);
}

static struct device *with_one(void)
{
    struct device *d = begin(8, true);

    add(d, 2, true, 1);
    vq_publish(&d->q);
    return d;
}

static void test_lies(void **state)
{
    (void)state;
    uint32_t cookie, length;
    struct device *d = with_one();
    unsigned head = take(d);

    use(d, 8, 0);
    check_broken(d, "no descriptor");

    d = with_one();
    use(d, 0xffffffff, 0);
    check_broken(d, "no descriptor");

    d = with_one();
    use(d, head, 201);
    check_broken(d, "more bytes");

    d = with_one();
    use(d, head, 0xffffffff);
    check_broken(d, "more bytes");

    d = with_one(); /* the middle of a chain */
    use(d, d->q.desc[head].next, 1);
    check_broken(d, "does not have");

    d = with_one(); /* never given */
    use(d, 7, 1);
    check_broken(d, "does not have");

    d = with_one(); /* the same again */
    add(d, 1, true, 2);
    vq_publish(&d->q);
    use(d, head, 1);
    use(d, head, 1);
    assert_true(vq_take(&d->q, &cookie, &length));
    check_broken(d, "does not have");

    d = with_one();
    d->q.used->index = 2;
    check_broken(d, "beyond");

    d = with_one();
    d->q.used->index = 0xffff; /* backwards */
    check_broken(d, "beyond");
}

static uint64_t seed = 42;

static uint32_t random32(void)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(seed >> 33) ^ (uint32_t)(seed << 11);
}

/*
 * A device that follows the rules for a while and then writes anywhere in what is shared:
 * descriptors, both rings. The driver may only ever stop; each cookie that it is told is one that
 * it gave and has not had back.
 */
static void test_hostile(void **state)
{
    (void)state;
    unsigned lies = 0, taken = 0;

    for (unsigned run = 0; run < 20000; run++) {
        struct device *d = begin(16, run & 1);
        bool given[64] = {false};
        uint32_t next = 0, cookie, length;

        for (unsigned step = 0; step < 60 && d->q.broken == NULL; step++) {
            if (random32() % 2 && next < 64 && add(d, 1 + random32() % 3, random32() & 1, next))
                given[next++] = true;
            vq_publish(&d->q);
            if (random32() % 16 == 0)
                d->memory[random32() % vq_bytes(16)] = (char)random32();
            else if (d->seen != d->q.avail->index)
                use(d, take(d), random32() % 128);
            if (random32() % 32 == 0)
                use(d, random32() % 20, random32());
            while (vq_take(&d->q, &cookie, &length)) {
                assert_true(cookie < next && given[cookie]);
                assert_true(length <= 300);
                given[cookie] = false;
                taken++;
            }
            assert_true(d->q.free <= 16);
        }
        lies += d->q.broken != NULL;
        end(d);
    }
    assert_true(lies > 5000);
    assert_true(taken > 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout), cmocka_unit_test(test_in_and_out),
        cmocka_unit_test(test_full),   cmocka_unit_test(test_out_of_order),
        cmocka_unit_test(test_kicks),  cmocka_unit_test(test_interrupts),
        cmocka_unit_test(test_lies),   cmocka_unit_test(test_hostile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
