/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire OURS GUESTS COMMAND...: be the host on the guest's wire, between the unix sockets OURS and
 * GUESTS. Status 0 if the guest did what it should.
 *
 * - ping: it answers
 * - echo N: it answers N echo requests, 16 at a time, each once and in order
 * - idle SECONDS: answer ARP and nothing else
 * - names SECONDS: announce a name server by IPv6, and be it until it was asked for both families
 * - get PATH FILE: fetch by HTTP into FILE, without faults
 * - lossy SEED FILE: thirteen transfers at once, on wires of which one loses a frame in five; FILE
 *   gets a copy of big.bin that came through 5% loss
 * - arp N, icmp N, syn N, random N SEED: floods, after which it must answer as before
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

#define KIB 1024u

/* The answer without its head. */
static void check_head(struct transfer *t)
{
    uint8_t *end = memmem(t->in, t->in_size, "\r\n\r\n", 4);

    if (end == NULL || t->in_size < 15 || memcmp(t->in, "HTTP/1.1 200 OK", 15) != 0)
        wrong("%s: that is no good answer", t->name);
    end += 4;
    t->in_size -= (size_t)(end - t->in);
    memmove(t->in, end, t->in_size);
}

static void save(const struct transfer *t, const char *name)
{
    FILE *file = fopen(name, "wb");

    if (file == NULL || fwrite(t->in, 1, t->in_size, file) != t->in_size || fclose(file) != 0)
        wrong("cannot write %s", name);
}

static void *bytes(size_t n)
{
    void *at = calloc(1, n + 1);

    if (at == NULL)
        wrong("no memory");
    return at;
}

static struct transfer http(const char *name, const char *path, size_t room, struct faults f)
{
    struct transfer t = {.name = name, .port = 80, .faults = f, .in_room = room + 1024};
    char *text = bytes(200);

    t.out_size = (size_t)snprintf(
        text, 200, "GET %s HTTP/1.1\r\nHost: guest\r\nConnection: close\r\n\r\n", path);
    t.out = (uint8_t *)text;
    t.in = bytes(t.in_room);
    return t;
}

static struct transfer echo(const char *name, size_t n, struct faults f, bool chop)
{
    struct transfer t = {.name = name,
                         .port = 7,
                         .faults = f,
                         .chop = chop,
                         .half = true,
                         .out_size = n,
                         .in_room = n};
    uint8_t *out = bytes(n);

    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)random32();
    t.out = out;
    t.in = bytes(n);
    return t;
}

static void drop(struct transfer *t)
{
    free((void *)(uintptr_t)t->out);
    free(t->in);
}

static void get(const char *path, const char *file)
{
    struct transfer t = http("get", path, 8u << 20, (struct faults){0});

    transfer_all(&t, 1);
    check_head(&t);
    save(&t, file);
    drop(&t);
}

static void check_stream(const struct transfer *t, size_t want)
{
    if (t->in_size != want)
        wrong("%s: %zu bytes instead of %zu", t->name, t->in_size, want);
    for (size_t i = 0; i < want; i++)
        if (t->in[i] != (uint8_t)(i / 8 >> i % 8 * 8))
            wrong("%s: byte %zu is wrong", t->name, i);
}

static void lossy(const char *file)
{
    const struct faults loss1 = {.lost = 10}, loss5 = {.lost = 50}, loss20 = {.lost = 200};
    const struct faults disorder = {.late = 300, .doubled = 200}, all = {50, 100, 200};
    struct transfer t[] = {
        http("in, 1% lost", "/stream/1048576", KIB * KIB, loss1),
        http("in, 5% lost", "/big.bin", KIB * KIB, loss5),
        http("in, 20% lost", "/stream/65536", 64 * KIB, loss20),
        http("in, out of order and twice", "/stream/1048576", KIB * KIB, disorder),
        echo("echo, 1% lost", KIB * KIB, loss1, false),
        echo("echo, 5% lost", 256 * KIB, loss5, false),
        echo("echo, 20% lost", 32 * KIB, loss20, false),
        echo("echo, out of order and twice", KIB * KIB, disorder, false),
        echo("echo, overlapping", KIB * KIB, (struct faults){0}, true),
        echo("echo, overlapping, out of order and twice", 512 * KIB, disorder, true),
        echo("echo, everything at once", 128 * KIB, all, true),
        http("in, a deaf end", "/stream/1", 1, (struct faults){0}),
        echo("echo, deaf for long", 64 * KIB, (struct faults){0}, false),
    };
    const unsigned count = sizeof t / sizeof t[0];

    /* netserv has forgotten the socket, or its owner has, and TCP goes on. */
    t[count - 2].deaf_fin = 5;
    t[count - 1].deaf = 21;

    transfer_all(t, count);
    for (unsigned i = 0; i < count; i++) {
        if (t[i].port == 80)
            check_head(&t[i]);
        if (i == 1)
            save(&t[i], file);
        else if (t[i].port == 80)
            check_stream(&t[i], t[i].in_room - 1024);
        else if (t[i].in_size != t[i].out_size || memcmp(t[i].in, t[i].out, t[i].in_size) != 0)
            wrong("%s: what came back is not what was sent", t[i].name);
        drop(&t[i]);
    }
}

/* No frame may be lost: there are fewer on their way than anybody has room for. */
static void echo_all(unsigned count)
{
    static uint8_t in[FRAME_MAX];
    unsigned sent = 0, back = 0;
    size_t n;

    while (back < count) {
        if (sent < count && sent - back < 16) {
            echo_request(sent++);
            continue;
        }
        n = wire_take(in, now() + 60 * SECOND);
        if (n == 0)
            wrong("answer %u of %u did not come", back, count);
        if (n < DATA_OFFSET + 8 || get16(in + 12) != 0x0800 || in[IP_OFFSET + 9] != PROTO_ICMP ||
            in[DATA_OFFSET] != 0)
            continue;
        if (get32(in + DATA_OFFSET + 4) != back)
            wrong("answer %u came in the place of answer %u", get32(in + DATA_OFFSET + 4), back);
        back++;
    }
}

static void idle(unsigned seconds)
{
    static uint8_t in[FRAME_MAX];
    uint64_t end = now() + seconds * SECOND;

    while (now() < end)
        wire_take(in, end);
    exit(0);
}

static void answers(void)
{
    if (!ping(60))
        wrong("the guest does not answer");
}

int main(int argc, char **argv)
{
    const char *what = argc > 3 ? argv[3] : "", *first = argc > 4 ? argv[4] : "1",
               *second = argc > 5 ? argv[5] : "1";
    unsigned count = (unsigned)strtoul(first, NULL, 10);

    random_seed(strtoul(strcmp(what, "random") == 0 ? second : first, NULL, 10));
    if (argc > 3)
        wire_open(argv[1], argv[2]);
    if (strcmp(what, "get") == 0)
        get(first, second);
    else if (strcmp(what, "lossy") == 0)
        lossy(second);
    else if (strcmp(what, "arp") == 0)
        flood_arp(count);
    else if (strcmp(what, "icmp") == 0)
        flood_icmp(count);
    else if (strcmp(what, "syn") == 0)
        flood_syn(count);
    else if (strcmp(what, "random") == 0)
        flood_random(count);
    else if (strcmp(what, "echo") == 0)
        echo_all(count);
    else if (strcmp(what, "names") == 0)
        name_server(count);
    else if (strcmp(what, "idle") == 0)
        idle(count);
    else if (strcmp(what, "ping") != 0)
        wrong("usage: wire OURS GUESTS COMMAND...: see main.c");
    answers();
    return 0;
}
