/* SPDX-License-Identifier: BSD-2-Clause */
#include "stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

uint8_t payload[70000];
const uint8_t all_options[12] = {OPTION_MSS,     4, MSS >> 8, MSS & 0xff, OPTION_NOP,
                                 OPTION_SCALE,   3, 7,        OPTION_NOP, OPTION_NOP,
                                 OPTION_SACK_OK, 2};
static uint64_t server;

int begin(void **state)
{
    ready(state);
    server = listener(80);
    return 0;
}

void say(const struct flow *p, unsigned flags, uint32_t seq, size_t n, const uint8_t *options,
         size_t options_size)
{
    world_frame(frame, lay_out_with(p, flags, seq, options, options_size, payload, n));
}

void data(const struct flow *p, size_t distance, size_t n)
{
    say(p, ACK | PSH, p->seq + (uint32_t)distance, n, payload, 0);
}

bool hear(const struct flow *p, struct hearing *h)
{
    static uint8_t in[FRAME_MAX];
    const uint8_t *t = in + DATA_OFFSET;
    size_t n;

    while ((n = world_sent(in, sizeof in)) > 0) {
        size_t header = (t[12] >> 4) * 4u;

        if (get16(in + 12) != 0x0800 || in[IP_OFFSET + 9] != PROTO_TCP || get16(t + 2) != p->port)
            continue;
        *h = (struct hearing){.flags = t[13],
                              .seq = get32(t + 4),
                              .ack = get32(t + 8),
                              .window = get16(t + 14),
                              .n = get16(in + IP_OFFSET + 2) - 20u - header,
                              .option = t + HEADER,
                              .option_end = t + header};
        return true;
    }
    return false;
}

struct hearing last(const struct flow *p)
{
    struct hearing h, next;

    assert_true(hear(p, &h));
    while (hear(p, &next))
        h = next;
    return h;
}

bool silent(const struct flow *p)
{
    struct hearing h;

    return !hear(p, &h);
}

const uint8_t *option(const struct hearing *h, unsigned kind)
{
    const uint8_t *found = NULL;

    for (const uint8_t *o = h->option; o < h->option_end && *o != OPTION_END;) {
        if (*o == OPTION_NOP) {
            o++;
            continue;
        }
        assert_true(o + 1 < h->option_end && o[1] >= 2 && o + o[1] <= h->option_end);
        if (*o == kind)
            found = o;
        o += o[1];
    }
    return found;
}

size_t window(const struct flow *p, const struct hearing *h)
{
    return p->scaled ? h->window << SCALE : h->window;
}

struct hearing dial_with(struct flow *p, uint16_t port, const uint8_t *options, size_t size)
{
    struct hearing h;

    *p = (struct flow){.to = 80, .port = port, .seq = 1000};
    say(p, SYN, p->seq++, 0, options, size);
    assert_true(hear(p, &h));
    assert_int_equal(h.flags, SYN | ACK);
    assert_int_equal(h.ack, p->seq);
    p->ack = h.seq + 1;
    say(p, ACK, p->seq, 0, payload, 0);
    assert_true(silent(p));
    return h;
}

uint64_t accept_now(void)
{
    return accepted(accept_later(server));
}

uint64_t open_all(struct flow *p, uint16_t port)
{
    (void)dial_with(p, port, all_options, sizeof all_options);
    p->scaled = true;
    return accept_now();
}

void read_some(uint64_t s, size_t n)
{
    while (n > 0) {
        struct call *c =
            world_call(s, STREAM_READ, (uint64_t[6]){n < WORLD_DATA ? n : WORLD_DATA}, NULL, 0);

        assert_true(c->done && c->length > 0);
        n -= c->length;
        world_end_call(c);
    }
}
