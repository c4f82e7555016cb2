/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * honest ROUNDS: a client that does what clients should: bytes to an echo server and back, by TCP and
 * by UDP. Whatever others do meanwhile, all of them come back as they were.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ukern/irq.h>
#include <unistd.h>

#include "socket.h"

#define BYTES 60000u

static unsigned char out[BYTES], in[BYTES];
static struct sockaddr_in echo;

static int fail(const char *what)
{
    printf("honest: %s: %s\n", what, strerror(errno));
    return 1;
}

/* Sockets and buffers may be in use by others for a moment: then it tries again. */
static int open_socket(int type)
{
    for (unsigned i = 0; i < 200; i++) {
        int s = socket(AF_INET, type, 0);

        if (s >= 0 && connect(s, (struct sockaddr *)&echo, sizeof echo) == 0)
            return s;
        if (s >= 0)
            close(s);
        if (errno != ENOBUFS)
            return -1;
        clock_sleep(20000000);
    }
    return -1;
}

static int by_tcp(unsigned round)
{
    size_t sent = 0, back = 0;
    int s = open_socket(SOCK_STREAM);

    if (s < 0)
        return fail("connect");
    for (size_t i = 0; i < BYTES; i++)
        out[i] = (unsigned char)(i * 7 + round);
    while (back < BYTES) {
        size_t n = BYTES - sent < 8192 ? BYTES - sent : 8192;
        ssize_t done = n > 0 ? write(s, out + sent, n) : 0;

        if (done < 0)
            return fail("write");
        sent += (size_t)done;
        done = read(s, in + back, BYTES - back);
        if (done <= 0)
            return fail("read");
        back += (size_t)done;
    }
    close(s);
    if (memcmp(in, out, BYTES) == 0)
        return 0;
    printf("honest: other bytes came back by TCP\n");
    return 1;
}

/* Datagrams may be lost; but what comes back is what was sent. */
static int by_udp(unsigned round)
{
    int s = open_socket(SOCK_DGRAM), tries = 0;
    ssize_t n = 0;

    if (s < 0)
        return fail("a socket for datagrams");
    memset(out, (int)round, 1000);
    memcpy(out, &round, sizeof round);
    for (; tries < 20; tries++) {
        if (send(s, out, 1000, 0) < 0 && errno != ENOBUFS)
            return fail("send");
        n = recvfrom_until(s, in, sizeof in, NULL, NULL, clock_now() + 500000000);
        if (n >= 0)
            break;
    }
    close(s);
    if (n == 1000 && memcmp(in, out, 1000) == 0)
        return 0;
    printf("honest: other bytes came back by UDP, or none\n");
    return 1;
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1;

    echo = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(7)};
    inet_pton(AF_INET, "127.0.0.1", &echo.sin_addr);
    for (unsigned i = 0; i < rounds; i++)
        if (by_tcp(i) != 0 || by_udp(i) != 0)
            return 1;
    return 0;
}
