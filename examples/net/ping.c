/* SPDX-License-Identifier: BSD-2-Clause */
/* ping [-c COUNT] HOST: does it answer, and how fast? Once a second, four times; at the end, or at Ctrl-C, how often. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ukern/error.h>
#include <ukern/irq.h>
#include <ukern/stream.h>
#include <ukern/task.h>
#include <unistd.h>

#include "../pipes/interrupt.h"
#include "number.h"
#include "socket.h"

#define SECOND  UINT64_C(1000000000)
#define PAYLOAD 56

/* Notification bits of our port. */
#define CAME        UINT64_C(1) /* something to the socket */
#define INTERRUPTED UINT64_C(2) /* Ctrl-C */

static ukern_handle port;
static bool interrupted;

/* What differs between the two. */
static const struct kind {
    int protocol;
    uint8_t request, reply;
    size_t header; /* of IP, at least */
} kinds[] = {{IPPROTO_ICMP, 8, 0, 20}, {IPPROTO_ICMPV6, 128, 129, 40}};

struct echo {
    uint8_t type, code;
    uint16_t checksum, id, sequence;
    uint8_t data[PAYLOAD];
};

static uint16_t checksum(const void *data, size_t n)
{
    const uint8_t *p = data;
    uint32_t sum = 0;

    for (size_t i = 0; i + 1 < n; i += 2)
        sum += (uint32_t)p[i] << 8 | p[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t)~sum);
}

/* Wait for one of these bits. false: the time is over, or it was Ctrl-C. */
static bool wait(uint64_t bits, uint64_t deadline)
{
    if (notify_wait(port, bits | INTERRUPTED, &bits, deadline) != UKERN_OK)
        return false;
    interrupted |= (bits & INTERRUPTED) != 0;
    return !interrupted;
}

/* Wait until there may be something to receive. false: there will be nothing. */
static bool wait_for(int s, uint64_t deadline)
{
    struct ukern_msg m = {UKERN_TAG(STREAM_POLL, 1), {STREAM_IN, CAME, task_self()}};

    m.w[5] = UKERN_SEND_HANDLE(port, UKERN_R_NOTIFY);
    if (ipc_call(s, &m) < 0 || UKERN_TAG_LABEL(m.tag) < 0)
        return false;
    return UKERN_TAG_LABEL(m.tag) > 0 || wait(CAME, deadline);
}

/* Nanoseconds until its answer, or negative. */
static int64_t await(int s, const struct kind *k, uint16_t id, uint16_t sequence, uint64_t start)
{
    uint8_t packet[1500];

    while (clock_now() < start + SECOND) {
        ssize_t n = recvfrom(s, packet, sizeof packet, MSG_DONTWAIT, NULL, NULL);
        uint16_t words[2];
        size_t header;

        if (n < 0 && errno == EAGAIN && wait_for(s, start + SECOND))
            continue;
        if (n < 0)
            break;
        header = k->header == 40 ? 40 : (packet[0] & 15u) * 4;
        if ((size_t)n < k->header || header < k->header || (size_t)n < header + 8 ||
            packet[header] != k->reply)
            continue;
        memcpy(words, packet + header + 4, sizeof words);
        if (words[0] == id && words[1] == sequence)
            return (int64_t)(clock_now() - start);
    }
    return -1;
}

/* Ask once a second, and tell; at the end, of how many there were answers. The exit code. */
static int ping(int s, const struct kind *k, const struct addrinfo *to, const char *text,
                unsigned long count)
{
    unsigned long sent = 0, answers = 0;

    while (sent < count && !interrupted) {
        struct echo e = {.type = k->request, .id = htons((uint16_t)task_self())};
        uint64_t start = clock_now();
        int64_t time = -1;

        sent++;
        e.sequence = htons((uint16_t)sent);
        e.checksum = checksum(&e, sizeof e);
        if (sendto(s, &e, sizeof e, 0, to->ai_addr, to->ai_addrlen) < 0)
            printf("%s: %s\n", text, socket_error());
        else if ((time = await(s, k, e.id, e.sequence, start)) >= 0)
            printf("%s answers: number %lu, %llu us\n", text, sent,
                   (unsigned long long)time / 1000);
        else if (!interrupted)
            printf("%s does not answer: number %lu\n", text, sent);
        fflush(stdout);
        answers += time >= 0;
        if (sent < count && !interrupted)
            wait(0, start + SECOND);
    }
    printf("%lu of %lu answers\n", answers, sent);
    return answers == 0;
}

int main(int argc, char **argv)
{
    char text[INET6_ADDRSTRLEN];
    unsigned long count = 4;
    const struct kind *k;
    struct addrinfo *to;
    int option, error, s;
    bool good = true;

    while (good && (option = getopt(argc, argv, "c:")) != -1)
        good = option == 'c' && parse_number(optarg, UINT32_MAX, &count);
    if (!good || optind + 1 != argc) {
        fprintf(stderr, "usage: ping [-c COUNT] HOST\n");
        return 2;
    }
    error = getaddrinfo(argv[optind], NULL, NULL, &to);
    if (error != 0) {
        fprintf(stderr, "ping: %s: %s\n", argv[optind], gai_strerror(error));
        return 1;
    }
    k = &kinds[to->ai_family == AF_INET6];
    s = socket(to->ai_family, SOCK_RAW, k->protocol);
    if (s < 0) {
        fprintf(stderr, "ping: %s\n", socket_error());
        return 1;
    }
    port = port_create();
    if (port < 0) {
        fprintf(stderr, "ping: %s\n", ukern_strerror(port));
        return 1;
    }
    interrupt_hear(port, INTERRUPTED); /* if nobody tells us, Ctrl-C just ends us */
    inet_ntop(to->ai_family,
              to->ai_family == AF_INET6
                  ? (void *)&((struct sockaddr_in6 *)(void *)to->ai_addr)->sin6_addr
                  : (void *)&((struct sockaddr_in *)(void *)to->ai_addr)->sin_addr,
              text, sizeof text);
    return ping(s, k, to, text, count);
}
