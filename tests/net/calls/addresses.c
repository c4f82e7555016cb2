/* SPDX-License-Identifier: BSD-2-Clause */
/* Names and addresses, as far as no name server has to be asked. */
#include <string.h>

#include "sockets.h"

static int count(const struct addrinfo *list, int family, uint16_t port, uint8_t last)
{
    int n = 0;

    for (; list != NULL; list = list->ai_next) {
        const struct sockaddr_in6 *in6 = (const void *)list->ai_addr;
        const struct sockaddr_in *in = (const void *)list->ai_addr;
        const uint8_t *ip =
            list->ai_family == AF_INET ? (const uint8_t *)&in->sin_addr : in6->sin6_addr.s6_addr;

        EQUAL(list->ai_addrlen, size_of(list->ai_family));
        EQUAL(in->sin_family, list->ai_family);
        n += list->ai_family == family && ntohs(in->sin_port) == port &&
             ip[list->ai_family == AF_INET ? 3 : 15] == last;
    }
    return n;
}

void addresses(void)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;

    EQUAL(getaddrinfo("10.1.2.3", "80", NULL, &list), 0);
    EQUAL(count(list, AF_INET, 80, 3), 1);
    CHECK(list->ai_next == NULL);
    freeaddrinfo(list);
    EQUAL(getaddrinfo("fe80::7", NULL, &hints, &list), 0);
    EQUAL(count(list, AF_INET6, 0, 7), 1);
    EQUAL(list->ai_socktype, SOCK_STREAM);
    freeaddrinfo(list);
    EQUAL(getaddrinfo(NULL, "65535", NULL, &list), 0);
    EQUAL(count(list, AF_INET, 65535, 1) + count(list, AF_INET6, 65535, 1), 2);
    freeaddrinfo(list);
    hints.ai_flags = AI_PASSIVE;
    EQUAL(getaddrinfo(NULL, "1", &hints, &list), 0);
    EQUAL(count(list, AF_INET, 1, 0) + count(list, AF_INET6, 1, 0), 2);
    freeaddrinfo(list);
    hints.ai_family = AF_INET6;
    EQUAL(getaddrinfo("10.1.2.3", NULL, &hints, &list), EAI_NONAME);
    CHECK(list == NULL);
    hints = (struct addrinfo){.ai_flags = AI_NUMERICHOST};
    EQUAL(getaddrinfo("a.name", NULL, &hints, &list), EAI_NONAME);
    for (int i = 0; i < 5; i++) {
        static const char *const services[] = {"65536", "-1", "http", "", "80x"};

        EQUAL(getaddrinfo("10.1.2.3", services[i], NULL, &list), EAI_SERVICE);
    }
    /* Names that no server needs to be asked about. */
    for (int i = 0; i < 4; i++) {
        static const char *const names[] = {
            "a..b", ".", "",
            "a123456789012345678901234567890123456789012345678901234567890123.org"};

        EQUAL(getaddrinfo(names[i], NULL, NULL, &list), EAI_NONAME);
    }
    CHECK(strcmp(gai_strerror(EAI_NONAME), "there is no host of that name") == 0);
    freeaddrinfo(NULL);
}
