/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LATE_MAX 64u

static int wire;
static struct sockaddr_un guest;
static struct late {
    uint64_t due; /* 0: free */
    size_t size;
    uint8_t frame[FRAME_MAX];
} late[LATE_MAX];

void wrong(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    fprintf(stderr, "wire: ");
    vfprintf(stderr, format, list);
    fprintf(stderr, "\n");
    va_end(list);
    exit(1);
}

uint64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

void wire_open(const char *ours, const char *guests)
{
    struct sockaddr_un here = {.sun_family = AF_UNIX};
    int room = 1 << 20;

    if (strlen(ours) >= sizeof here.sun_path || strlen(guests) >= sizeof guest.sun_path)
        wrong("a socket's name is longer than %zu", sizeof here.sun_path);
    guest.sun_family = AF_UNIX;
    memcpy(here.sun_path, ours, strlen(ours));
    memcpy(guest.sun_path, guests, strlen(guests));
    unlink(ours);
    wire = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (wire < 0 || bind(wire, (struct sockaddr *)&here, sizeof here) < 0)
        wrong("%s: %s", ours, strerror(errno));
    setsockopt(wire, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
}

/* Both ends' queues are short: what has come must be fetched while we wait for room. */
static struct pending {
    struct pending *next;
    size_t size;
    uint8_t frame[];
} * first, *last;

static bool fetch(void)
{
    static uint8_t frame[70000];
    ssize_t n = recv(wire, frame, sizeof frame, MSG_DONTWAIT);
    struct pending *p;

    if (n <= 0)
        return false;
    p = malloc(sizeof *p + (size_t)n);
    if (p == NULL)
        wrong("no memory");
    p->next = NULL;
    p->size = (size_t)n;
    memcpy(p->frame, frame, (size_t)n);
    if (first == NULL)
        first = p;
    else
        last->next = p;
    last = p;
    return true;
}

void wire_put(const uint8_t *frame, size_t n)
{
    uint64_t start = now();

    while (sendto(wire, frame, n, MSG_DONTWAIT, (struct sockaddr *)&guest, sizeof guest) < 0) {
        struct pollfd p = {wire, POLLIN, 0};

        if (errno != EAGAIN && errno != ENOBUFS)
            wrong("send: %s", strerror(errno));
        if (now() - start > 120 * SECOND)
            wrong("the guest's device takes no more frames");
        while (fetch())
            continue;
        poll(&p, 1, 1);
    }
}

void wire_send(const struct faults *f, const uint8_t *frame, size_t n)
{
    unsigned times = chance(f->lost) ? 0 : chance(f->doubled) ? 2 : 1;

    for (; times > 0; times--) {
        struct late *l = &late[random32() % LATE_MAX];

        if (chance(f->late) && l->due == 0) {
            l->due = now() + random32() % (20 * MILLISECOND);
            l->size = n;
            memcpy(l->frame, frame, n);
        } else {
            wire_put(frame, n);
        }
    }
}

void wire_tick(void)
{
    uint64_t time = now();

    for (struct late *l = late; l < late + LATE_MAX; l++)
        if (l->due != 0 && l->due <= time) {
            wire_put(l->frame, l->size);
            l->due = 0;
        }
}

static void answer_arp(const uint8_t *question)
{
    uint8_t frame[60] = {0};

    memcpy(frame, question + 6, 6);
    memcpy(frame + 6, our_mac, 6);
    memcpy(frame + 12, question + 12, 10);
    put16(frame + 20, 2);
    memcpy(frame + 22, our_mac, 6);
    memcpy(frame + 28, question + 38, 4);
    memcpy(frame + 32, question + 22, 10);
    wire_put(frame, sizeof frame);
}

size_t wire_take(uint8_t *frame, uint64_t deadline)
{
    for (;;) {
        struct pending *p;
        size_t n;

        wire_tick();
        while (fetch())
            continue;
        p = first;
        if (p != NULL) {
            n = p->size < FRAME_MAX ? p->size : FRAME_MAX;
            memcpy(frame, p->frame, n);
            first = p->next;
            free(p);
            /* Everybody but the guest is us. */
            if (n >= 42 && get16(frame + 12) == 0x0806 && get16(frame + 20) == 1 &&
                get32(frame + 38) != GUEST_IP && get32(frame + 28) != 0)
                answer_arp(frame);
            else if (n >= DATA_OFFSET)
                return n;
            continue;
        }
        if (now() >= deadline)
            return 0;
        poll(&(struct pollfd){wire, POLLIN, 0}, 1, 1);
    }
}

bool ping(unsigned seconds)
{
    uint64_t end = now() + seconds * SECOND;
    uint8_t frame[FRAME_MAX], question[DATA_OFFSET + 64];
    size_t n;

    while (now() < end) {
        uint8_t *icmp = question + DATA_OFFSET;
        uint32_t mark = random32();

        memset(icmp, 0, 64);
        icmp[0] = 8;
        put32(icmp + 4, mark);
        put16(icmp + 2, frame_sum(icmp, 64, 0));
        ip_frame(question, PROTO_ICMP, 64);
        wire_put(question, sizeof question);
        for (uint64_t wait = now() + SECOND / 2; (n = wire_take(frame, wait)) > 0;)
            if (n >= DATA_OFFSET + 8 && get16(frame + 12) == 0x0800 &&
                frame[IP_OFFSET + 9] == PROTO_ICMP && frame[DATA_OFFSET] == 0 &&
                get32(frame + DATA_OFFSET + 4) == mark)
                return true;
    }
    return false;
}
