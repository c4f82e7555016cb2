/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire.h"

#include <string.h>

#define MICROSECOND 1000u
#define MILLION     1000000

static uint32_t swap(uint32_t n)
{
    return __builtin_bswap32(n);
}

/* All members of these are 32 bits. */
static void turn_round(void *to, const void *from, size_t size)
{
    uint32_t w;

    for (size_t i = 0; i < size; i += sizeof w) {
        memcpy(&w, (const char *)from + i, sizeof w);
        w = swap(w);
        memcpy((char *)to + i, &w, sizeof w);
    }
}

bool iperf_is_one(const void *data, size_t n)
{
    return n >= sizeof(struct iperf_datagram) && iperf_number(data, n) != 0;
}

int32_t iperf_number(const void *data, size_t n)
{
    uint32_t id;

    if (n < sizeof id)
        return 0;
    memcpy(&id, data, sizeof id);
    return (int32_t)swap(id);
}

bool iperf_take(struct iperf_count *c, const void *data, size_t n, uint64_t time)
{
    struct iperf_datagram d;
    int64_t transit, change;

    turn_round(&d, data, sizeof d);
    c->last = time;
    if (d.id < 0)
        return false;
    c->bytes += n;
    /* Numbers begin with 1; one that was missing may come late. */
    if (d.id > c->highest) {
        c->gaps += (uint32_t)(d.id - c->highest) - 1;
        c->highest = d.id;
    } else {
        c->disordered++;
    }
    transit =
        (int64_t)(time / MICROSECOND) - ((int64_t)d.seconds * MILLION + (int64_t)d.microseconds);
    change = transit > c->transit ? transit - c->transit : c->transit - transit;
    if (c->datagrams++ > 0)
        c->jitter += ((double)change - c->jitter) / 16; /* RFC 3550 */
    c->transit = transit;
    return true;
}

uint32_t iperf_lost(const struct iperf_count *c)
{
    return c->gaps > c->disordered ? c->gaps - c->disordered : 0;
}

size_t iperf_report(const struct iperf_count *c, void *datagram)
{
    uint64_t took = (c->last - c->first) / MICROSECOND, jitter = (uint64_t)c->jitter;
    struct iperf_report r = {
        .flags = IPERF_REPORT,
        .bytes_high = (uint32_t)(c->bytes >> 32),
        .bytes_low = (uint32_t)c->bytes,
        .seconds = (uint32_t)(took / MILLION),
        .microseconds = (uint32_t)(took % MILLION),
        .lost = iperf_lost(c),
        .disordered = c->disordered,
        .datagrams = (uint32_t)c->highest,
        .jitter_seconds = (uint32_t)(jitter / MILLION),
        .jitter_microseconds = (uint32_t)(jitter % MILLION),
    };

    turn_round((char *)datagram + sizeof(struct iperf_datagram), &r, sizeof r);
    return sizeof(struct iperf_datagram) + sizeof r;
}

bool iperf_parse_report(struct iperf_count *c, const void *data, size_t n)
{
    struct iperf_report r;

    if (n < sizeof(struct iperf_datagram) + sizeof r)
        return false;
    turn_round(&r, (const char *)data + sizeof(struct iperf_datagram), sizeof r);
    *c = (struct iperf_count){
        .bytes = (uint64_t)r.bytes_high << 32 | r.bytes_low,
        .last = ((uint64_t)r.seconds * MILLION + r.microseconds) * MICROSECOND,
        .gaps = r.lost,
        .datagrams = r.datagrams,
        .highest = (int32_t)r.datagrams,
        .jitter = (double)r.jitter_seconds * MILLION + r.jitter_microseconds,
    };
    return r.flags & IPERF_REPORT;
}

void iperf_number_it(void *datagram, int32_t id, uint64_t time)
{
    struct iperf_datagram d = {
        .id = id,
        .seconds = (uint32_t)(time / MICROSECOND / MILLION),
        .microseconds = (uint32_t)(time / MICROSECOND % MILLION),
        .id_high = id < 0 ? UINT32_MAX : 0,
    };

    turn_round(datagram, &d, sizeof d);
}

bool iperf_parse_test(struct iperf_test *t, const void *data, size_t n)
{
    if (n < sizeof *t)
        return false;
    turn_round(t, data, sizeof *t);
    return (t->flags & IPERF_BOTH) && t->port > 0 && t->port < 65536;
}

void iperf_lay_out_test(const struct iperf_test *t, void *to)
{
    turn_round(to, t, sizeof *t);
}
