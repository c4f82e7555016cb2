/* SPDX-License-Identifier: BSD-2-Clause */
/* wget URL: what lies there, by HTTP, goes to standard output. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "httpd/field.h"
#include "socket.h"

#define HEAD_MAX 8192

struct url {
    char host[256], port[6];
    const char *authority; /* both, as they are written */
    int authority_size;
    const char *path; /* may lack its first slash */
    int path_size;
};

/* What an answer begins with. */
struct head {
    char text[HEAD_MAX + 1]; /* its first line; behind that the fields */
    const char *fields;
    const char *rest; /* what came behind it: so many bytes */
    size_t left;
    int status;
};

/* The next part of a URL, up to one of these characters. false: nothing, or too much. */
static bool take(const char **text, const char *ends, char *to, size_t size)
{
    size_t n = strcspn(*text, ends);

    if (n == 0 || n >= size)
        return false;
    memcpy(to, *text, n);
    to[n] = 0;
    *text += n;
    return true;
}

static bool parse(const char *text, struct url *u)
{
    strcpy(u->port, "80");
    if (strncasecmp(text, "http://", 7) == 0)
        text += 7;
    else if (strncmp(text + strcspn(text, ":/?#"), "://", 3) == 0)
        return false;
    u->authority = text;
    if (*text == '[') { /* an IPv6 address */
        text++;
        if (!take(&text, "]", u->host, sizeof u->host) || *text++ != ']')
            return false;
    } else if (!take(&text, ":/?#", u->host, sizeof u->host)) {
        return false;
    }
    if (*text == ':') {
        text++;
        if (!take(&text, "/?#", u->port, sizeof u->port))
            return false;
    }
    u->authority_size = (int)(text - u->authority);
    u->path = text;
    u->path_size = (int)strcspn(text, "#");
    return *text == 0 || strchr("/?#", *text) != NULL;
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

static int complain(const char *host)
{
    fprintf(stderr, "wget: %s: %s\n", host, socket_error());
    return 1;
}

/* false: it has been said what is wrong. */
static bool read_head(int s, const char *host, struct head *h)
{
    size_t have = 0;
    char *end = NULL;
    ssize_t n = 0;

    while (end == NULL && have < HEAD_MAX &&
           (n = recv(s, h->text + have, HEAD_MAX - have, 0)) > 0) {
        have += (size_t)n;
        h->text[have] = 0;
        end = strstr(h->text, "\r\n\r\n");
    }
    if (n < 0)
        return complain(host) == 0;
    if (end == NULL || strncmp(h->text, "HTTP/1.", 7) != 0 || strlen(h->text) < 12) {
        fprintf(stderr, "wget: %s does not speak HTTP\n", host);
        return false;
    }
    h->rest = end + 4;
    h->left = have - (size_t)(h->rest - h->text);
    end[2] = 0;
    h->fields = strchr(h->text, '\n') + 1;
    h->text[strcspn(h->text, "\r\n")] = 0;
    h->status = atoi(h->text + 9);
    return true;
}

/* What a person has to know of an answer that is not what was asked for. */
static void explain(const struct head *h)
{
    const char *place = field_find(h->fields, "Location");

    fprintf(stderr, "wget: %s\n", h->text);
    if (h->status / 100 == 3 && place != NULL)
        fprintf(stderr, "wget: ask for %.*s\n", (int)strcspn(place, "\r\n"), place);
}

/* Bytes of the answer, if it says how many; else UINT64_MAX: all that come. */
static uint64_t size_of(const struct head *h)
{
    const char *text = field_find(h->fields, "Content-Length");

    return text != NULL && *text >= '0' && *text <= '9' ? strtoull(text, NULL, 10) : UINT64_MAX;
}

/* Print what the head announces; the status of the program. */
static int print_body(int s, const char *host, const struct head *h)
{
    static char piece[65536];
    uint64_t size = size_of(h), left = size;
    const char *from = h->rest;
    ssize_t n = (ssize_t)h->left;

    for (;;) {
        if ((uint64_t)n > left)
            n = (ssize_t)left;
        if (!put(from, (size_t)n))
            return 1;
        left -= (uint64_t)n;
        if (left == 0)
            return 0; /* its server may keep the connection */
        from = piece;
        n = recv(s, piece, sizeof piece, 0);
        if (n < 0)
            return complain(host);
        if (n == 0 && size != UINT64_MAX)
            fprintf(stderr, "wget: %s: the last %llu bytes did not come\n", host,
                    (unsigned long long)left);
        if (n == 0)
            return size != UINT64_MAX;
    }
}

static int fetch(int s, const struct url *u)
{
    static char request[4096];
    static struct head h;
    int n, status;

    /* HTTP/1.0: what comes is in one piece. */
    n = snprintf(
        request, sizeof request,
        "GET %s%.*s HTTP/1.0\r\nHost: %.*s\r\nUser-Agent: ukern\r\nConnection: close\r\n\r\n",
        *u->path == '/' ? "" : "/", u->path_size, u->path, u->authority_size, u->authority);
    if (n >= (int)sizeof request) {
        fprintf(stderr, "wget: that address is too long\n");
        return 1;
    }
    if (send(s, request, (size_t)n, 0) != n)
        return complain(u->host);
    if (!read_head(s, u->host, &h))
        return 1;
    if (field_find(h.fields, "Transfer-Encoding") != NULL) {
        fprintf(stderr, "wget: %s sends it encoded, for which HTTP/1.0 has no means\n", u->host);
        return 1;
    }
    if (h.status != 200)
        explain(&h);
    status = print_body(s, u->host, &h);
    return h.status != 200 ? 1 : status;
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
