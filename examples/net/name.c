/* SPDX-License-Identifier: BSD-2-Clause */
/* Names and addresses: getaddrinfo() and its kin. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ukern/stream.h>
#include <ukern/syscall.h>
#include <ukern/task.h>
#include <unistd.h>

#include "socket.h"
#include "socket_parts.h"

/* Ask the name server for an address of that family. */
static int resolve(const char *host, int family, uint8_t ip[16])
{
    struct socket_address a;
    int s = socket_create(task_handle("socket"), SOCKET_TYPE_NAME, family);
    int64_t n;

    if (s < 0)
        return s;
    n = ukern_trap4(STREAM_WRITE, (uint64_t)s, (uint64_t)host, strlen(host), 0, NULL);
    if (n >= 0)
        n = ukern_trap4(STREAM_READ, (uint64_t)s, (uint64_t)&a, sizeof a, 0, NULL);
    close(s);
    if (n < 0)
        return (int)n;
    memcpy(ip, a.ip, sizeof a.ip);
    return UKERN_OK;
}

static int eai_of(int error)
{
    switch (error) {
    case SOCKET_ENONAME:
        return EAI_NONAME;
    case SOCKET_EAGAINNAME:
        return EAI_AGAIN;
    case UKERN_ENOMEM:
        return EAI_MEMORY;
    default:
        return EAI_SYSTEM;
    }
}

/* An address as getaddrinfo() gives it: one piece of memory. */
struct entry {
    struct addrinfo info;
    struct sockaddr_in6 address;
};

static int add(struct addrinfo ***end, const struct addrinfo *hints, int family,
               const uint8_t ip[16], unsigned long port)
{
    struct entry *e = calloc(1, sizeof *e);
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    if (e == NULL)
        return EAI_MEMORY;
    e->info.ai_family = family;
    e->info.ai_socktype = hints != NULL ? hints->ai_socktype : 0;
    e->info.ai_protocol = hints != NULL ? hints->ai_protocol : 0;
    e->info.ai_addr = (struct sockaddr *)&e->address;
    if (family == AF_INET6) {
        e->info.ai_addrlen = sizeof e->address;
        e->address.sin6_family = AF_INET6;
        e->address.sin6_port = in.sin_port;
        memcpy(&e->address.sin6_addr, ip, 16);
    } else {
        e->info.ai_addrlen = sizeof in;
        memcpy(&in.sin_addr, ip, 4);
        memcpy(&e->address, &in, sizeof in);
    }
    **end = &e->info;
    *end = &e->info.ai_next;
    return 0;
}

/* An address of this family, if there is one: written out, known without asking, or asked for. */
static int find(const char *host, int family, int flags, uint8_t ip[16])
{
    static const uint8_t loopback[2][16] = {{127, 0, 0, 1}, {[15] = 1}};
    uint8_t other[16];

    memset(ip, 0, 16);
    if (host == NULL) {
        if (!(flags & AI_PASSIVE))
            memcpy(ip, loopback[family == AF_INET6], 16);
        return UKERN_OK;
    }
    if (inet_pton(family, host, ip) == 1)
        return UKERN_OK;
    if ((flags & AI_NUMERICHOST) ||
        inet_pton(family == AF_INET ? AF_INET6 : AF_INET, host, other) == 1)
        return SOCKET_ENONAME;
    return resolve(host, family, ip);
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    static const int families[] = {AF_INET, AF_INET6};
    int wanted = hints != NULL ? hints->ai_family : AF_UNSPEC, error = SOCKET_ENONAME, status = 0;
    struct addrinfo *list = NULL, **end = &list;
    unsigned long port = 0;
    uint8_t ip[16];
    char *rest;

    if (service != NULL) {
        port = strtoul(service, &rest, 10);
        if (*service == 0 || *rest != 0 || port > 0xffff)
            return EAI_SERVICE;
    }
    for (unsigned i = 0; i < 2 && status == 0; i++) {
        int this;

        if (wanted != AF_UNSPEC && wanted != families[i])
            continue;
        this = find(host, families[i], hints != NULL ? hints->ai_flags : 0, ip);
        if (this == UKERN_OK)
            status = add(&end, hints, families[i], ip, port);
        else if (i == 0 || error == SOCKET_ENONAME)
            error = this;
        if (this != UKERN_OK && this != SOCKET_ENONAME)
            break; /* asking again would take as long */
    }
    if (status == 0 && list == NULL) {
        socket_done(error);
        status = eai_of(error);
    }
    if (status != 0) {
        freeaddrinfo(list);
        list = NULL;
    }
    *result = list;
    return status;
}

void freeaddrinfo(struct addrinfo *list)
{
    while (list != NULL) {
        struct addrinfo *next = list->ai_next;

        free(list); /* the first member of its entry */
        list = next;
    }
}

const char *gai_strerror(int error)
{
    switch (error) {
    case 0:
        return "success";
    case EAI_NONAME:
        return "there is no host of that name";
    case EAI_AGAIN:
        return "the name server does not answer";
    case EAI_SERVICE:
        return "a port is a number from 0 to 65535";
    case EAI_MEMORY:
        return "out of memory";
    default:
        return socket_error();
    }
}

static int parse4(const char *text, uint8_t bytes[4])
{
    for (int i = 0; i < 4; i++) {
        unsigned value = 0, digits = 0;

        for (; *text >= '0' && *text <= '9' && digits < 4; text++, digits++)
            value = 10 * value + (unsigned)(*text - '0');
        if (digits == 0 || digits > 3 || value > 255 || *text != (i < 3 ? '.' : 0))
            return 0;
        text++;
        bytes[i] = (uint8_t)value;
    }
    return 1;
}

/* Groups of four digits; "::" once, for as many zeros as are missing; IPv4 as the last two. */
static int parse6(const char *text, uint8_t to[16])
{
    uint8_t bytes[16] = {0};
    int n = 0, gap = -1;

    if (text[0] == ':' && text[1] != ':')
        return 0;
    while (*text != 0) {
        char *end;
        unsigned long value;

        if (text[0] == ':' && text[1] == ':') {
            if (gap >= 0)
                return 0;
            gap = n;
            text += 2;
            continue;
        }
        if (*text == ':' && n > 0 && n != gap)
            text++;
        if (n <= 12 && parse4(text, bytes + n)) {
            n += 4;
            break;
        }
        if (n > 14 || strspn(text, "0123456789abcdefABCDEF") - 1 > 3)
            return 0;
        value = strtoul(text, &end, 16);
        if (*end != 0 && *end != ':')
            return 0;
        bytes[n++] = (uint8_t)(value >> 8);
        bytes[n++] = (uint8_t)value;
        text = end;
    }
    if (gap < 0 ? n != 16 : n > 14)
        return 0;
    memset(to, 0, 16);
    if (gap < 0)
        gap = n;
    memcpy(to, bytes, (size_t)gap);
    memcpy(to + 16 - (n - gap), bytes + gap, (size_t)(n - gap));
    return 1;
}

int inet_pton(int family, const char *text, void *to)
{
    uint8_t bytes[16];
    size_t size = family == AF_INET ? 4 : 16;

    if (!(family == AF_INET ? parse4(text, bytes) : family == AF_INET6 ? parse6(text, bytes) : 0))
        return 0;
    memcpy(to, bytes, size);
    return 1;
}

/* The longest run of zero groups, of two at least, is written "::". */
static void format6(const uint8_t *b, char text[INET6_ADDRSTRLEN])
{
    int start = -1, length = 1;
    char *to = text;

    for (int i = 0, run = 0; i < 8; i++) {
        run = b[2 * i] == 0 && b[2 * i + 1] == 0 ? run + 1 : 0;
        if (run > length) {
            length = run;
            start = i - run + 1;
        }
    }
    for (int i = 0; i < 8; i++) {
        if (i == start) {
            to += sprintf(to, "::");
            i += length - 1;
            continue;
        }
        if (i > 0 && i != start + length)
            *to++ = ':';
        to += sprintf(to, "%x", (unsigned)(b[2 * i] << 8 | b[2 * i + 1]));
    }
}

const char *inet_ntop(int family, const void *from, char *text, socklen_t size)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    char full[INET6_ADDRSTRLEN];
    const uint8_t *b = from;

    if (family == AF_INET6 && memcmp(b, mapped, sizeof mapped) == 0)
        snprintf(full, sizeof full, "::ffff:%u.%u.%u.%u", b[12], b[13], b[14], b[15]);
    else if (family == AF_INET6)
        format6(b, full);
    else
        snprintf(full, sizeof full, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
    if (size <= strlen(full)) {
        errno = ENOSPC;
        return NULL;
    }
    return strcpy(text, full);
}
