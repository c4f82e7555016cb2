/* SPDX-License-Identifier: BSD-2-Clause */
/* One connection to echod, for ever: what is sent comes back. */
#include <stdio.h>
#include <string.h>
#include <ukern/irq.h>
#include <unistd.h>

#include "socket.h"

#define MILLISECOND UINT64_C(1000000)
#define TRIES       200u /* until netserv and echod are there */

static int dial(void)
{
    const struct sockaddr_in echo = {
        .sin_family = AF_INET, .sin_port = htons(7), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    for (unsigned i = 0; i < TRIES; i++) {
        int s = socket(AF_INET, SOCK_STREAM, 0);

        if (s >= 0 && connect(s, (const struct sockaddr *)&echo, sizeof echo) == 0)
            return s;
        if (s >= 0)
            close(s);
        clock_sleep(50 * MILLISECOND);
    }
    return -1;
}

int main(void)
{
    char out[64], in[64];
    int s = dial();

    for (unsigned round = 1;; round++) {
        size_t have = 0;
        ssize_t n;

        memset(out, (int)round, sizeof out);
        n = write(s, out, sizeof out);
        while (n > 0 && have < sizeof in) {
            n = read(s, in + have, sizeof in - have);
            have += n > 0 ? (size_t)n : 0;
        }
        if (n <= 0 || memcmp(in, out, sizeof in) != 0) {
            printf("keeper: lost in round %u: %s\n", round, socket_error());
            return 1;
        }
        if (round % 16 == 0)
            printf("keeper: round %u\n", round);
        fflush(stdout);
        clock_sleep(20 * MILLISECOND);
    }
}
