/* SPDX-License-Identifier: BSD-2-Clause */
/* ping [-c COUNT] HOST: does it answer, and how fast? Once a second, four times. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ukern/irq.h>
#include <ukern/task.h>
#include <unistd.h>

#include "number.h"
#include "socket.h"

#define SECOND  UINT64_C(1000000000)
#define PAYLOAD 56

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

/* Nanoseconds until its answer, or negative. */
static int64_t await(int s, const struct kind *k, uint16_t id, uint16_t sequence, uint64_t start)
{
    uint8_t packet[1500];
    ssize_t n;

    while ((n = recvfrom_until(s, packet, sizeof packet, NULL, NULL, start + SECOND)) >= 0) {
        size_t header = k->header == 40 ? 40 : (packet[0] & 15u) * 4;
        uint16_t words[2];

        if ((size_t)n < k->header || header < k->header || (size_t)n < header + 8 ||
            packet[header] != k->reply)
            continue;
        memcpy(words, packet + header + 4, sizeof words);
        if (words[0] == id && words[1] == sequence)
            return (int64_t)(clock_now() - start);
    }
    return -1;
}

int main(int argc, char **argv)
{
    unsigned long count = 4, answers = 0;
    struct addrinfo *to;
    char text[INET6_ADDRSTRLEN];
    const struct kind *k;
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
    inet_ntop(to->ai_family,
              to->ai_family == AF_INET6
                  ? (void *)&((struct sockaddr_in6 *)(void *)to->ai_addr)->sin6_addr
                  : (void *)&((struct sockaddr_in *)(void *)to->ai_addr)->sin_addr,
              text, sizeof text);
    for (unsigned long i = 1; i <= count; i++) {
        struct echo e = {
            .type = k->request, .id = htons((uint16_t)task_self()), .sequence = htons((uint16_t)i)};
        uint64_t start = clock_now();
        int64_t time = -1;

        e.checksum = checksum(&e, sizeof e);
        if (sendto(s, &e, sizeof e, 0, to->ai_addr, to->ai_addrlen) < 0)
            printf("%s: %s\n", text, socket_error());
        else if ((time = await(s, k, e.id, e.sequence, start)) >= 0)
            printf("%s answers: number %lu, %llu us\n", text, i, (unsigned long long)time / 1000);
        else
            printf("%s does not answer: number %lu\n", text, i);
        fflush(stdout);
        answers += time >= 0;
        if (i < count && clock_now() < start + SECOND)
            clock_sleep(start + SECOND - clock_now());
    }
    printf("%lu of %lu answers\n", answers, count);
    return answers == 0;
}
