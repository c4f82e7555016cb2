/* SPDX-License-Identifier: BSD-2-Clause */
/* host NAME...: the addresses of each host. */
#include <stdio.h>

#include "socket.h"

static void print(const char *name, const struct addrinfo *a)
{
    char text[INET6_ADDRSTRLEN];
    const void *ip = a->ai_family == AF_INET6
                         ? (const void *)&((struct sockaddr_in6 *)(void *)a->ai_addr)->sin6_addr
                         : (const void *)&((struct sockaddr_in *)(void *)a->ai_addr)->sin_addr;

    printf("%s has %saddress %s\n", name, a->ai_family == AF_INET6 ? "IPv6 " : "",
           inet_ntop(a->ai_family, ip, text, sizeof text));
}

int main(int argc, char **argv)
{
    int failed = 0;

    if (argc < 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: host NAME...\n");
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        struct addrinfo *list;
        int error = getaddrinfo(argv[i], NULL, NULL, &list);

        if (error != 0) {
            printf("%s: %s\n", argv[i], gai_strerror(error));
            failed = 1;
            continue;
        }
        for (struct addrinfo *a = list; a != NULL; a = a->ai_next)
            print(argv[i], a);
        freeaddrinfo(list);
    }
    return failed;
}
