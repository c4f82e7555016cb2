/* SPDX-License-Identifier: BSD-2-Clause */
/* examples/net/netdev/nic.c examples/net/netdev/virtio.c examples/net/netdev/virtqueue.c : all */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../examples/net/netdev/nic.h"

/* The driver with a device made here: one that keeps to the rules, and ones that do not. */
#define BUFFERS 1024u
#define BIT(n)  (UINT64_C(1) << (n))
#define USUAL                                                                                      \
    (BIT(VIRTIO_VERSION_1) | BIT(VIRTIO_NET_MAC) | BIT(VIRTIO_NET_STATUS) |                        \
     BIT(VIRTIO_NET_MRG_RXBUF) | BIT(VIRTIO_EVENT_IDX))
#define OFFLOADS                                                                                   \
    (BIT(VIRTIO_NET_CSUM) | BIT(VIRTIO_NET_GUEST_CSUM) | BIT(VIRTIO_NET_HOST_TSO4) |               \
     BIT(VIRTIO_NET_HOST_TSO6) | BIT(VIRTIO_NET_GUEST_TSO4) | BIT(VIRTIO_NET_GUEST_TSO6))

/* A queue as the device sees it. Addresses are those of the host: the device writes where it is
 * told. */
struct side {
    uint32_t size, ready;
    uint64_t desc, driver, device;
    uint16_t seen, used;
};

struct device {
    struct nic nic;
    uint32_t version, id, status, features_sel, queue_sel, kicks;
    uint64_t offers, accepted;
    uint8_t config[16];
    uint32_t generation;
    bool restless, stuck, refuses, knows_queue_reset;
    struct side side[VIRTIO_QUEUES];
};

static uint32_t *half(uint64_t *address, unsigned high)
{
    return (uint32_t *)(void *)address + high;
}

static uint32_t read_register(void *context, unsigned offset)
{
    struct device *d = context;
    struct side *s = &d->side[d->queue_sel % VIRTIO_QUEUES];

    switch (offset) {
    case VIRTIO_MAGIC:
        return VIRTIO_MAGIC_VALUE;
    case VIRTIO_VERSION:
        return d->version;
    case VIRTIO_DEVICE_ID:
        return d->id;
    case VIRTIO_DEVICE_FEATURES:
        return (uint32_t)(d->offers >> 32 * d->features_sel);
    case VIRTIO_QUEUE_NUM_MAX:
        return 1024;
    case VIRTIO_QUEUE_READY:
        return s->ready;
    case VIRTIO_STATUS:
        return d->status;
    case VIRTIO_CONFIG_GENERATION:
        return d->restless ? d->generation++ : d->generation;
    default:
        return 0;
    }
}

static void reset(struct device *d)
{
    memset(d->side, 0, sizeof d->side);
    d->status = 0;
    d->accepted = 0;
}

static void write_register(void *context, unsigned offset, uint32_t value)
{
    struct device *d = context;
    struct side *s = &d->side[d->queue_sel % VIRTIO_QUEUES];

    switch (offset) {
    case VIRTIO_DEVICE_FEATURES_SEL:
    case VIRTIO_DRIVER_FEATURES_SEL:
        d->features_sel = value;
        break;
    case VIRTIO_DRIVER_FEATURES:
        d->accepted |= (uint64_t)value << 32 * d->features_sel;
        break;
    case VIRTIO_STATUS:
        if (value == 0 && !d->stuck)
            reset(d);
        else if (value != 0)
            d->status = d->refuses ? value & ~(uint32_t)VIRTIO_FEATURES_OK : value;
        break;
    case VIRTIO_QUEUE_SEL:
        d->queue_sel = value;
        break;
    case VIRTIO_QUEUE_NUM:
        s->size = value;
        break;
    case VIRTIO_QUEUE_READY:
        s->ready = value;
        break;
    case VIRTIO_QUEUE_RESET:
        if (d->knows_queue_reset)
            *s = (struct side){0};
        break;
    case VIRTIO_QUEUE_NOTIFY:
        d->kicks++;
        break;
    case VIRTIO_QUEUE_DESC:
    case VIRTIO_QUEUE_DESC + 4:
        *half(&s->desc, offset > VIRTIO_QUEUE_DESC) = value;
        break;
    case VIRTIO_QUEUE_DRIVER:
    case VIRTIO_QUEUE_DRIVER + 4:
        *half(&s->driver, offset > VIRTIO_QUEUE_DRIVER) = value;
        break;
    case VIRTIO_QUEUE_DEVICE:
    case VIRTIO_QUEUE_DEVICE + 4:
        *half(&s->device, offset > VIRTIO_QUEUE_DEVICE) = value;
        break;
    default:
        break;
    }
}

static uint8_t read_config(void *context, unsigned offset)
{
    const struct device *d = context;

    assert_true(offset >= VIRTIO_CONFIG && offset - VIRTIO_CONFIG < sizeof d->config);
    return d->config[offset - VIRTIO_CONFIG];
}

static struct device *make(uint64_t offers)
{
    static const uint8_t config[16] = {0x52, 0x54, 0, 0x12, 0x34, 0x56, 1, 0, 1, 0, 0xdc, 0x05};
    struct device *d = test_calloc(1, sizeof *d);
    struct nic *n = &d->nic;

    d->version = 2;
    d->id = 1;
    d->offers = offers;
    memcpy(d->config, config, sizeof config);
    n->virtio.access = (struct virtio_access){read_register, write_register, read_config, d};
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++) {
        n->virtio.queue_memory[i] = test_calloc(1, vq_bytes(VQ_MAX));
        n->virtio.queue_bus[i] = (uintptr_t)n->virtio.queue_memory[i];
    }
    n->buffers = BUFFERS;
    n->pool = test_calloc(BUFFERS, NET_BUFFER_SIZE);
    n->pool_bus = (uintptr_t)n->pool;
    n->header = test_calloc(VQ_MAX, sizeof *n->header);
    n->header_bus = (uintptr_t)n->header;
    return d;
}

static struct device *start(uint64_t offers)
{
    struct device *d = make(offers);

    assert_int_equal(nic_start(&d->nic, NULL), UKERN_OK);
    assert_int_equal(d->nic.virtio.queue[VIRTIO_RX].in_flight, 256);
    return d;
}

static void end(struct device *d)
{
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++)
        test_free(d->nic.virtio.queue_memory[i]);
    test_free(d->nic.pool);
    test_free(d->nic.header);
    test_free(d);
}

/* ---- What a device does with its queues. ---- */

static const struct vq_desc *descriptor(const struct side *s, unsigned i)
{
    return (const struct vq_desc *)(uintptr_t)s->desc + i;
}

static bool next_chain(struct side *s, unsigned *head)
{
    const struct vq_avail *a = (const struct vq_avail *)(uintptr_t)s->driver;

    if (s->size == 0 || a->index == s->seen)
        return false;
    *head = a->ring[s->seen++ % s->size];
    return true;
}

static void use(struct side *s, uint32_t id, uint32_t length)
{
    struct vq_used *u = (struct vq_used *)(uintptr_t)s->device;

    u->ring[s->used % s->size] = (struct vq_used_entry){id, length};
    u->index = ++s->used;
}

/* Receive a frame of these bytes in as many buffers as it takes; the header says `claims` buffers.
 */
static void receive(struct device *d, struct virtio_net_header h, uint32_t length, unsigned claims)
{
    struct side *s = &d->side[VIRTIO_RX];
    uint32_t skip = sizeof h, left = length;
    unsigned head;

    h.buffers = (uint16_t)claims;
    do {
        uint8_t *to;
        uint32_t room, n;

        assert_true(next_chain(s, &head));
        to = (uint8_t *)(uintptr_t)descriptor(s, head)->address;
        room = descriptor(s, head)->length - skip;
        n = left < room ? left : room;
        if (skip != 0)
            memcpy(to, &h, sizeof h);
        memset(to + skip, 0x5a, n);
        use(s, head, skip + n);
        left -= n;
        skip = 0;
    } while (left > 0);
}

/* ---- Starting. ---- */

static void test_negotiation(void **state)
{
    (void)state;
    struct device *d = start(~UINT64_C(0));

    assert_int_equal(d->accepted, USUAL | OFFLOADS | BIT(VIRTIO_NET_MTU) | BIT(VIRTIO_RING_RESET));
    assert_int_equal(d->status, 15);
    assert_int_equal(d->nic.virtio.mtu, 1500);
    assert_int_equal(nic_can(&d->nic), 31);
    end(d);

    d = start((USUAL & ~BIT(VIRTIO_NET_MRG_RXBUF)) | OFFLOADS);
    assert_int_equal(d->accepted & (BIT(VIRTIO_NET_GUEST_TSO4) | BIT(VIRTIO_NET_GUEST_TSO6)), 0);
    end(d);

    d = start(USUAL | (OFFLOADS & ~BIT(VIRTIO_NET_CSUM)));
    assert_int_equal(d->accepted & (BIT(VIRTIO_NET_HOST_TSO4) | BIT(VIRTIO_NET_HOST_TSO6)), 0);
    end(d);
}

static void check_refused(struct device *d, int error, const char *part)
{
    struct nic_frame frame;
    struct nic_sent sent;

    assert_int_equal(nic_start(&d->nic, NULL), error);
    assert_non_null(strstr(d->nic.virtio.problem, part));
    assert_false(d->nic.running);
    assert_false(nic_has_room(&d->nic, 1));
    /* What a turn does with it: nothing, though its queues have no memory yet. */
    nic_mute(&d->nic);
    assert_false(nic_reap(&d->nic, &sent));
    assert_false(nic_receive(&d->nic, &frame));
    nic_push(&d->nic);
    assert_false(nic_listen(&d->nic, true));
    assert_non_null(nic_trouble(&d->nic));
    assert_int_equal(d->kicks, 0);
    end(d);
}

static void test_devices_that_will_not_do(void **state)
{
    (void)state;
    struct device *d = make(USUAL);

    d->id = 2;
    check_refused(d, UKERN_ENOENT, "no VirtIO network device");
    d = make(USUAL);
    d->version = 1;
    check_refused(d, UKERN_ENOSYS, "force-legacy=false");
    d = make(USUAL & ~BIT(VIRTIO_VERSION_1));
    check_refused(d, UKERN_EIO, "does not offer VirtIO 1");
    d = make(USUAL);
    d->stuck = true;
    d->status = 15;
    check_refused(d, UKERN_EIO, "come out of its reset");
    d = make(USUAL);
    d->refuses = true;
    check_refused(d, UKERN_EIO, "does not accept the features");
    d = make(USUAL);
    d->restless = true;
    check_refused(d, UKERN_EIO, "never stands still");
    d = make(USUAL);
    d->config[0] = 1;
    check_refused(d, UKERN_EIO, "address");
    d = make(USUAL);
    memset(d->config, 0, 6);
    check_refused(d, UKERN_EIO, "address");
    d = make(USUAL | BIT(VIRTIO_NET_MTU));
    d->config[10] = 67;
    d->config[11] = 0;
    check_refused(d, UKERN_EIO, "MTU");
}

static void test_link(void **state)
{
    (void)state;
    struct device *d = start(USUAL);

    assert_true(d->nic.virtio.link);
    d->config[6] = 0;
    virtio_read_link(&d->nic.virtio);
    assert_false(d->nic.virtio.link);
    end(d);
}

/* ---- Frames. ---- */

static void test_receive(void **state)
{
    (void)state;
    struct device *d = start(USUAL);
    struct nic_frame f;

    assert_false(nic_receive(&d->nic, &f));
    receive(d, (struct virtio_net_header){0}, 60, 1);
    receive(d, (struct virtio_net_header){0}, 5000, 3);
    assert_true(nic_receive(&d->nic, &f));
    assert_int_equal(f.pieces, 1);
    assert_int_equal(f.length, 60);
    assert_int_equal(f.piece[0].offset % 16, 14); /* the IP header on a multiple of 4 */
    assert_int_equal(d->nic.pool[f.piece[0].offset], 0x5a);
    nic_release(&d->nic, f.piece[0].id);
    assert_true(nic_receive(&d->nic, &f));
    assert_int_equal(f.pieces, 3);
    assert_int_equal(f.length, 5000);
    assert_int_equal(f.piece[0].flags & NET_MORE, NET_MORE);
    assert_int_equal(f.piece[2].flags & NET_MORE, 0);
    nic_push(&d->nic);
    assert_int_equal(d->nic.virtio.queue[VIRTIO_RX].in_flight, 256);
    end(d);
}

static void test_offloads_received(void **state)
{
    (void)state;
    struct device *d = start(USUAL | OFFLOADS);
    struct nic_frame f;

    receive(d,
            (struct virtio_net_header){.flags = VIRTIO_NET_NEEDS_CSUM,
                                       .csum_start = 34,
                                       .csum_offset = 16,
                                       .gso_type = VIRTIO_NET_GSO_TCP4,
                                       .gso_size = 1448,
                                       .header_length = 66},
            4000, 2);
    assert_true(nic_receive(&d->nic, &f));
    assert_int_equal(f.piece[0].flags, NET_MORE | NET_CSUM_PARTIAL | NET_GSO_TCP4);
    assert_int_equal(f.piece[0].gso_size, 1448);

    /* Headers that contradict the frame: dropped, and no reason to reset. */
    receive(d,
            (struct virtio_net_header){
                .flags = VIRTIO_NET_NEEDS_CSUM, .csum_start = 0xffff, .csum_offset = 0xffff},
            60, 1);
    receive(d, (struct virtio_net_header){.gso_type = VIRTIO_NET_GSO_TCP6}, 60, 1);
    receive(d, (struct virtio_net_header){.gso_type = 77, .gso_size = 1}, 60, 1);
    receive(d, (struct virtio_net_header){0}, 13, 1);
    receive(d, (struct virtio_net_header){0}, 69000, 34);
    assert_false(nic_receive(&d->nic, &f));
    assert_int_equal(d->nic.count.rx_bad, 5);
    assert_null(nic_trouble(&d->nic));
    end(d);
}

static unsigned lost_frames;

static void lost(const struct nic_sent *sent)
{
    assert_int_equal(sent->bytes, 60);
    lost_frames++;
}

static void send(struct device *d, uint16_t flags)
{
    static uint8_t frame[60];
    struct net_desc desc = {.length = 60, .flags = flags, .csum_start = 34, .csum_offset = 6};

    assert_true(nic_has_room(&d->nic, 1));
    nic_send(&d->nic, &desc, &(struct vq_segment){(uintptr_t)frame, 60}, 1,
             &(struct nic_sent){NULL, 9, 1, 60});
}

static void test_send(void **state)
{
    (void)state;
    struct device *d = start(USUAL | OFFLOADS);
    struct side *s = &d->side[VIRTIO_TX];
    struct nic_sent sent;
    unsigned head;

    send(d, NET_CSUM_PARTIAL);
    nic_push(&d->nic);
    assert_true(next_chain(s, &head));
    const struct virtio_net_header *h = (const void *)(uintptr_t)descriptor(s, head)->address;
    assert_int_equal(h->flags, VIRTIO_NET_NEEDS_CSUM);
    assert_int_equal(h->csum_offset, 6);
    assert_false(nic_reap(&d->nic, &sent));
    use(s, head, 0xffffffff);
    assert_true(nic_reap(&d->nic, &sent));
    assert_int_equal(sent.id, 9);
    for (unsigned i = 0; i < 128; i++)
        send(d, 0);
    assert_false(nic_has_room(&d->nic, 1));
    end(d);
}

static void test_check(void **state)
{
    (void)state;
    struct device *d = start(USUAL);
    struct net_desc tso = {.flags = NET_CSUM_PARTIAL | NET_GSO_TCP4,
                           .gso_size = 1448,
                           .csum_start = 34,
                           .csum_offset = 16,
                           .header_length = 66};
    struct net_desc plain = {0},
                    csum = {.flags = NET_CSUM_PARTIAL, .csum_start = 34, .csum_offset = 16};

    assert_int_equal(nic_check(&d->nic, &plain, 13), UKERN_EINVAL);
    assert_int_equal(nic_check(&d->nic, &plain, 14), UKERN_OK);
    assert_int_equal(nic_check(&d->nic, &plain, 1518), UKERN_OK);
    assert_int_equal(nic_check(&d->nic, &plain, 1519), UKERN_EINVAL);
    assert_int_equal(nic_check(&d->nic, &csum, 60), UKERN_EINVAL);
    assert_int_equal(nic_check(&d->nic, &tso, 9000), UKERN_EINVAL);
    end(d);

    d = start(USUAL | OFFLOADS);
    assert_int_equal(nic_check(&d->nic, &csum, 60), UKERN_OK);
    assert_int_equal(nic_check(&d->nic, &csum, 51), UKERN_EINVAL);
    assert_int_equal(nic_check(&d->nic, &tso, 60000), UKERN_OK);
    assert_int_equal(nic_check(&d->nic, &tso, 70000), UKERN_EINVAL);
    assert_int_equal(nic_check(&d->nic, &tso, 66), UKERN_EINVAL);
    tso.gso_size = 0;
    assert_int_equal(nic_check(&d->nic, &tso, 9000), UKERN_EINVAL);
    end(d);
}

/* ---- Repair. ---- */

/* Buffers are free, posted or held; none is lost and none is twice. */
static void check_buffers(const struct nic *n)
{
    static bool seen[BUFFERS];
    unsigned held = 0;

    memset(seen, 0, sizeof seen);
    for (unsigned i = 0; i < n->free; i++) {
        assert_false(seen[n->free_buffer[i]]);
        seen[n->free_buffer[i]] = true;
    }
    for (unsigned i = 0; i < BUFFERS; i++) {
        held += n->holders[i] > 0;
        assert_false(seen[i] && n->holders[i] > 0);
    }
    assert_int_equal(n->free + held + n->virtio.queue[VIRTIO_RX].in_flight, BUFFERS);
}

static void test_repair(void **state)
{
    (void)state;
    for (int knows = 0; knows < 2; knows++) {
        struct device *d = start(USUAL | BIT(VIRTIO_RING_RESET));
        struct nic_frame f;

        d->knows_queue_reset = knows;
        receive(d, (struct virtio_net_header){0}, 60, 1);
        assert_true(nic_receive(&d->nic, &f)); /* held all the time */
        send(d, 0);
        nic_push(&d->nic);
        use(&d->side[VIRTIO_RX], 0xffff, 60);
        assert_false(nic_receive(&d->nic, &f));
        assert_non_null(nic_trouble(&d->nic));
        lost_frames = 0;
        assert_int_equal(nic_repair(&d->nic, lost), UKERN_OK);
        assert_int_equal(lost_frames, !knows); /* one queue alone leaves the other as it is */
        assert_null(nic_trouble(&d->nic));
        check_buffers(&d->nic);
        receive(d, (struct virtio_net_header){0}, 61, 1);
        assert_true(nic_receive(&d->nic, &f));
        assert_int_equal(f.length, 61);
        end(d);
    }
}

static void test_counts_of_buffers(void **state)
{
    (void)state;
    static const unsigned claims[] = {0, 2, 37, 0xffff};
    struct nic_frame f;

    for (unsigned i = 0; i < 4; i++) {
        struct device *d = start(USUAL);

        receive(d, (struct virtio_net_header){0}, 60, claims[i]);
        assert_false(nic_receive(&d->nic, &f));
        assert_non_null(nic_trouble(&d->nic));
        assert_int_equal(nic_repair(&d->nic, lost), UKERN_OK);
        check_buffers(&d->nic);
        end(d);
    }
}

static uint64_t seed = 1;

static uint32_t random32(void)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(seed >> 32);
}

/* A frame, or nonsense in its place. */
static void hostile_step(struct device *d)
{
    struct virtio_net_header h = {0};
    uint32_t length = 14 + random32() % 1500, what = random32() % 256;
    unsigned head;

    if (what < 8) { /* a header of random bytes */
        for (unsigned i = 0; i < sizeof h; i++)
            ((uint8_t *)&h)[i] = (uint8_t)random32();
    }
    if (what == 8)
        use(&d->side[random32() % 2], random32(), random32());
    else if (what == 9)
        ((uint8_t *)(uintptr_t)d->side[random32() % 2].device)[random32() % 2000] =
            (uint8_t)random32();
    else if (what == 10)
        ((uint8_t *)(uintptr_t)d->side[random32() % 2].desc)[random32() % 4096] =
            (uint8_t)random32();
    else if (d->side[VIRTIO_RX].size != 0 && next_chain(&d->side[VIRTIO_RX], &head)) {
        /* Where the driver had said; the descriptor may be overwritten by now. */
        uint32_t buffer = d->nic.virtio.queue[VIRTIO_RX].slot[head % VQ_MAX].cookie % BUFFERS;

        if (what >= 8)
            h.buffers = 1;
        memcpy(d->nic.pool + buffer * NET_BUFFER_SIZE + NIC_SHIFT, &h, sizeof h);
        use(&d->side[VIRTIO_RX], head, what < 12 ? random32() % 4096 : length + 12);
    }
    while (d->side[VIRTIO_TX].size != 0 && next_chain(&d->side[VIRTIO_TX], &head))
        use(&d->side[VIRTIO_TX], head, 0);
}

static void driver_step(struct nic *n, uint16_t held[], unsigned *count)
{
    struct nic_frame f;
    struct nic_sent sent;

    while (nic_reap(n, &sent))
        assert_int_equal(sent.bytes, 60);
    while (nic_receive(n, &f)) {
        uint32_t sum = 0;

        assert_true(f.pieces >= 1 && f.pieces <= NIC_PIECES);
        for (unsigned i = 0; i < f.pieces; i++) {
            assert_true(f.piece[i].id < BUFFERS);
            assert_true(f.piece[i].offset / NET_BUFFER_SIZE == f.piece[i].id);
            assert_true(f.piece[i].offset % NET_BUFFER_SIZE + f.piece[i].length <= NET_BUFFER_SIZE);
            sum += f.piece[i].length;
            if (*count < 500 && random32() % 4 == 0)
                held[(*count)++] = (uint16_t)f.piece[i].id;
            else
                nic_release(n, f.piece[i].id);
        }
        assert_int_equal(sum, f.length);
    }
    while (*count > 0 && random32() % 4 != 0)
        nic_release(n, held[--*count]);
}

/* 300,000 frames from a device that lies now and then; whatever it does, buffers are conserved. */
static void test_hostile_device(void **state)
{
    (void)state;
    struct device *d = start(USUAL | OFFLOADS | BIT(VIRTIO_RING_RESET));
    uint16_t held[512];
    unsigned count = 0;

    d->knows_queue_reset = true;
    for (unsigned step = 0; step < 300000; step++) {
        if (nic_has_room(&d->nic, 1) && step % 2)
            send(d, 0);
        nic_push(&d->nic);
        hostile_step(d);
        driver_step(&d->nic, held, &count);
        if (nic_trouble(&d->nic) != NULL) {
            if (random32() % 4 == 0)
                d->status |= VIRTIO_NEEDS_RESET;
            assert_int_equal(nic_repair(&d->nic, lost), UKERN_OK);
            check_buffers(&d->nic);
        }
    }
    check_buffers(&d->nic);
    assert_true(d->nic.count.resets > 1000);
    assert_true(d->nic.count.rx_frames > 100000);
    end(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_negotiation),
        cmocka_unit_test(test_devices_that_will_not_do),
        cmocka_unit_test(test_link),
        cmocka_unit_test(test_receive),
        cmocka_unit_test(test_offloads_received),
        cmocka_unit_test(test_send),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_repair),
        cmocka_unit_test(test_counts_of_buffers),
        cmocka_unit_test(test_hostile_device),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
