/* SPDX-License-Identifier: BSD-2-Clause */
/* wget URL: what lies there, by HTTP, goes to standard output. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "socket.h"

#define HEAD_MAX 8192

struct url {
    char host[256], port[6];
    const char *path;
};

static bool parse(const char *text, struct url *u)
{
    size_t n;

    strcpy(u->port, "80");
    if (strncasecmp(text, "http://", 7) == 0)
        text += 7;
    else if (strstr(text, "://") != NULL)
        return false;
    if (*text == '[') { /* an IPv6 address */
        n = strcspn(++text, "]");
        if (text[n] == 0 || n >= sizeof u->host)
            return false;
        memcpy(u->host, text, n);
        u->host[n] = 0;
        text += n + 1;
    } else {
        n = strcspn(text, ":/");
        if (n == 0 || n >= sizeof u->host)
            return false;
        memcpy(u->host, text, n);
        u->host[n] = 0;
        text += n;
    }
    if (*text == ':') {
        n = strcspn(++text, "/");
        if (n == 0 || n >= sizeof u->port)
            return false;
        memcpy(u->port, text, n);
        u->port[n] = 0;
        text += n;
    }
    u->path = *text == '/' ? text : "/";
    return *text == '/' || *text == 0;
}

/* A connection to the first of its addresses that takes one, or -1: it has been said. */
static int open_host(const struct url *u)
{
    struct addrinfo *list;
    int error = getaddrinfo(u->host, u->port, NULL, &list), s = -1;

    if (error != 0) {
        fprintf(stderr, "wget: %s: %s\n", u->host, gai_strerror(error));
        return -1;
    }
    for (struct addrinfo *a = list; a != NULL && s < 0; a = a->ai_next) {
        s = socket(a->ai_family, SOCK_STREAM, 0);
        if (s >= 0 && connect(s, a->ai_addr, a->ai_addrlen) == 0)
            break;
        fprintf(stderr, "wget: %s port %s: %s\n", u->host, u->port, socket_error());
        if (s >= 0)
            close(s);
        s = -1;
    }
    freeaddrinfo(list);
    return s;
}

static bool put(const char *data, size_t n)
{
    while (n > 0) {
        ssize_t step = write(STDOUT_FILENO, data, n);

        if (step <= 0)
            return false; /* nobody reads any more */
        data += step;
        n -= (size_t)step;
    }
    return true;
}

/* The answer's first lines; what follows them is in `rest`. The status, or -1. */
static int read_head(int s, char head[HEAD_MAX + 1], char **rest, size_t *left)
{
    size_t have = 0;
    char *end = NULL;
    ssize_t n;

    while (end == NULL && have < HEAD_MAX && (n = recv(s, head + have, HEAD_MAX - have, 0)) > 0) {
        have += (size_t)n;
        head[have] = 0;
        end = strstr(head, "\r\n\r\n");
    }
    if (end == NULL || strncmp(head, "HTTP/1.", 7) != 0 || strlen(head) < 12)
        return -1;
    *rest = end + 4;
    *left = have - (size_t)(*rest - head);
    head[strcspn(head, "\r")] = 0;
    return atoi(head + 9);
}

static int fetch(int s, const struct url *u)
{
    static char head[HEAD_MAX + 1], piece[65536];
    char *rest;
    size_t left;
    ssize_t n;
    int status;

    /* HTTP/1.0: the end of the connection is the end of the file. */
    n = snprintf(piece, sizeof piece,
                 "GET %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: ukern\r\nConnection: close\r\n\r\n",
                 u->path, u->host);
    if (n >= (ssize_t)sizeof piece || send(s, piece, (size_t)n, 0) != n) {
        fprintf(stderr, "wget: %s: %s\n", u->host, socket_error());
        return 1;
    }
    status = read_head(s, head, &rest, &left);
    if (status < 0) {
        fprintf(stderr, "wget: %s does not speak HTTP\n", u->host);
        return 1;
    }
    if (status != 200)
        fprintf(stderr, "wget: %s\n", head);
    if (!put(rest, left))
        return 1;
    while ((n = recv(s, piece, sizeof piece, 0)) > 0)
        if (!put(piece, (size_t)n))
            return 1;
    if (n < 0)
        fprintf(stderr, "wget: %s: %s\n", u->host, socket_error());
    return n < 0 || status != 200;
}

int main(int argc, char **argv)
{
    struct url u;
    int s;

    if (argc != 2 || !parse(argv[1], &u)) {
        fprintf(stderr, "usage: wget [http://]HOST[:PORT][/PATH]\n");
        return 2;
    }
    s = open_host(&u);
    return s < 0 ? 1 : fetch(s, &u);
}
