/* SPDX-License-Identifier: BSD-2-Clause */
/* host NAME...: the address of each host. */
#include <stdio.h>

#include "socket.h"

int main(int argc, char **argv)
{
    int failed = argc < 2;

    if (failed)
        fprintf(stderr, "usage: host NAME...\n");
    for (int i = 1; i < argc; i++) {
        struct addrinfo *list;
        char text[INET_ADDRSTRLEN];
        int error = getaddrinfo(argv[i], NULL, NULL, &list);

        if (error != 0) {
            printf("%s: %s\n", argv[i], gai_strerror(error));
            failed = 1;
            continue;
        }
        for (struct addrinfo *a = list; a != NULL; a = a->ai_next) {
            struct sockaddr_in in = *(struct sockaddr_in *)(void *)a->ai_addr;

            printf("%s has address %s\n", argv[i],
                   inet_ntop(AF_INET, &in.sin_addr, text, sizeof text));
        }
        freeaddrinfo(list);
    }
    return failed;
}
