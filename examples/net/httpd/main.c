/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * httpd [PORT]: a small web server. It serves the files of the archive; what the machine does, on
 * /status (a page) and /status.json; and on /stream/BYTES so many bytes to measure with. HTTP/1.1
 * with GET and HEAD; connections stay open. One loop serves all connections; a file is sent from
 * where it lies in the archive.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <ukern/archive.h>
#include <unistd.h>

#include "../socket.h"
#include "status.h"

#define CLIENTS      220
#define REQUEST_MAX  4096
#define ANSWER_MAX   32768 /* of an answer that is made, not found */
#define STREAM_PIECE 16384
#define STREAM_MAX   (UINT64_C(1) << 40)

struct client {
    int fd;
    char request[REQUEST_MAX];
    size_t have;
    char head[512];
    size_t head_size, head_sent;
    const char *body; /* NULL: a stream */
    size_t body_size, body_sent;
    char *made; /* the body, if it was made */
    bool busy;  /* an answer is on its way */
    bool last;  /* close after this answer */
};

#define LISTENER CLIENTS /* what the set tells of it; of a client: its place */

static int set, listener;
static struct client *clients[CLIENTS];
static unsigned count;
static unsigned long requests;
static const void *archive;
static size_t archive_size;

static const char *type_of(const char *name)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".md", "text/plain; charset=utf-8"},
        {".txt", "text/plain; charset=utf-8"},
        {".css", "text/css"},
        {".js", "text/javascript"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
    };
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot != NULL && i < sizeof types / sizeof types[0]; i++)
        if (strcasecmp(dot, types[i][0]) == 0)
            return types[i][1];
    return "application/octet-stream";
}

static void answer(struct client *c, const char *status, const char *type, const char *body,
                   size_t size, bool head_only)
{
    c->head_size =
        (size_t)snprintf(c->head, sizeof c->head,
                         "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                         "Connection: %s\r\nServer: ukern\r\n%s\r\n",
                         status, type, size, c->last ? "close" : "keep-alive",
                         type[0] == 'a' && type[12] == 'j' ? "Cache-Control: no-store\r\n" : "");
    c->head_sent = c->body_sent = 0;
    c->body = body;
    c->body_size = head_only ? 0 : size;
    c->busy = true;
}

static void refuse(struct client *c, const char *status)
{
    answer(c, status, "text/plain", status, strlen(status), false);
}

/* Decode %XX in place; false: malformed. */
static bool decode(char *s)
{
    char *to = s;

    for (; *s != 0; s++) {
        if (*s == '%') {
            char digits[3] = {s[1], s[1] != 0 ? s[2] : 0, 0};
            char *end;
            long value = strtol(digits, &end, 16);

            if (end != digits + 2 || value == 0)
                return false;
            *to++ = (char)value;
            s += 2;
        } else {
            *to++ = *s;
        }
    }
    *to = 0;
    return true;
}

/* /stream/BYTES: so many bytes that are made up as they go, for measuring. Each eight say where
 * they are: little-endian words 0, 1, 2 and so on. */
static void answer_stream(struct client *c, const char *digits, bool head_only)
{
    char *end;
    unsigned long long size = strtoull(digits, &end, 10);

    if (*digits < '0' || *digits > '9' || *end != 0 || size > STREAM_MAX)
        refuse(c, "400 Bad Request");
    else
        answer(c, "200 OK", "application/octet-stream", NULL, size, head_only);
}

/* The part of a stream that begins at this byte: how much of it is in *from. */
static size_t stream_piece(size_t at, const char **from)
{
    static uint64_t piece[STREAM_PIECE / 8];

    for (size_t i = 0; i < STREAM_PIECE / 8; i++)
        piece[i] = at / 8 + i;
    *from = (const char *)piece + at % 8;
    return sizeof piece - at % 8;
}

/* The file behind a path. */
static const char *file_of(const char *path)
{
    return strcmp(path, "/") == 0         ? "index.html"
           : strcmp(path, "/status") == 0 ? "status.html"
                                          : path + 1;
}

static void answer_path(struct client *c, char *path, bool head_only)
{
    struct archive_file f;

    path[strcspn(path, "?#")] = 0;
    if (path[0] != '/' || !decode(path)) {
        refuse(c, "400 Bad Request");
    } else if (strncmp(path, "/stream/", 8) == 0) {
        answer_stream(c, path + 8, head_only);
    } else if (strcmp(path, "/status.json") == 0) {
        c->made = malloc(ANSWER_MAX);
        if (c->made == NULL) {
            refuse(c, "503 Service Unavailable");
            return;
        }
        size_t n = status_json(c->made, ANSWER_MAX, requests, count);
        answer(c, "200 OK", "application/json", c->made, n, head_only);
    } else if (archive_find(archive, archive_size, file_of(path), &f) == 0) {
        answer(c, "200 OK", type_of(f.name), f.data, f.size, head_only);
    } else {
        refuse(c, "404 Not Found");
    }
}

/* Does a header line of that name have that word? Names and words whatever their case. */
static bool header_says(const char *head, const char *name, const char *word)
{
    size_t n = strlen(name), w = strlen(word);

    for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, n) != 0 || line[n] != ':')
            continue;
        for (const char *at = line + n; *at != '\r' && *at != 0; at++)
            if (strncasecmp(at, word, w) == 0)
                return true;
    }
    return false;
}

/* Is there a whole request? Then begin to answer it. false: end the connection. */
static void next_request(struct client *c)
{
    char head[REQUEST_MAX], *end, *method, *path, *version, *rest;
    size_t n;

    c->request[c->have] = 0;
    end = strstr(c->request, "\r\n\r\n");
    if (end == NULL) {
        if (c->have == REQUEST_MAX - 1) {
            c->last = true;
            refuse(c, "431 Request Header Fields Too Large");
        }
        return;
    }
    n = (size_t)(end - c->request) + 4;
    memcpy(head, c->request, n - 2);
    head[n - 2] = 0;
    c->have -= n;
    memmove(c->request, c->request + n, c->have);
    requests++;
    c->last = header_says(head, "Connection", "close") || strstr(head, " HTTP/1.0\r\n") != NULL ||
              header_says(head, "Content-Length", "") || header_says(head, "Transfer-Encoding", "");
    head[strcspn(head, "\r")] = 0;
    method = strtok_r(head, " ", &rest);
    path = strtok_r(NULL, " ", &rest);
    version = strtok_r(NULL, " ", &rest);
    if (method == NULL || path == NULL || version == NULL || strncmp(version, "HTTP/1.", 7) != 0) {
        c->last = true;
        refuse(c, "400 Bad Request");
    } else if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        c->last = true;
        refuse(c, "405 Method Not Allowed");
    } else {
        answer_path(c, path, method[0] == 'H');
    }
}

/* Send as much as goes now. false: the connection is broken. */
static bool send_some(struct client *c)
{
    while (c->head_sent < c->head_size || c->body_sent < c->body_size) {
        bool head = c->head_sent < c->head_size;
        const char *from = head ? c->head + c->head_sent : c->body ? c->body + c->body_sent : NULL;
        size_t left = head ? c->head_size - c->head_sent : c->body_size - c->body_sent;
        ssize_t n;

        if (from == NULL) { /* a stream is made as it goes */
            size_t piece = stream_piece(c->body_sent, &from);

            left = left < piece ? left : piece;
        }
        n = send(c->fd, from, left, MSG_DONTWAIT);
        if (n < 0)
            return errno == EAGAIN;
        *(head ? &c->head_sent : &c->body_sent) += (size_t)n;
    }
    free(c->made);
    c->made = NULL;
    c->busy = false;
    return !c->last;
}

/* Do what can be done for a connection. false: it has ended. */
static bool serve(struct client *c, uint32_t place)
{
    bool was_busy = c->busy;
    ssize_t n;

    if (!c->busy) {
        n = recv(c->fd, c->request + c->have, REQUEST_MAX - 1 - c->have, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            return false;
        if (n > 0)
            c->have += (size_t)n;
        next_request(c);
    }
    while (c->busy) {
        if (!send_some(c))
            return false;
        if (c->busy)
            break;
        next_request(c); /* one may have come together with the last */
    }
    if (c->busy != was_busy)
        socket_watch(c->fd, c->busy ? POLLOUT : POLLIN, place);
    return true;
}

static void drop(uint32_t place)
{
    struct client *c = clients[place];

    close(c->fd);
    free(c->made);
    free(c);
    clients[place] = NULL;
    if (count-- == CLIENTS)
        socket_watch(listener, POLLIN, LISTENER);
}

static void greet(void)
{
    int on = 1, s;

    while (count < CLIENTS && (s = accept_now(listener, NULL, NULL)) >= 0) {
        struct client *c = calloc(1, sizeof *c);
        uint32_t place = 0;

        if (c == NULL) {
            close(s);
            return;
        }
        while (clients[place] != NULL)
            place++;
        c->fd = s;
        clients[place] = c;
        count++;
        setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        socket_watch(s, POLLIN, place);
    }
    if (count == CLIENTS)
        socket_watch(listener, 0, LISTENER); /* the others wait until one has gone */
}

static void ready(uint32_t what)
{
    if (what == LISTENER)
        greet();
    else if (what < CLIENTS && clients[what] != NULL && !serve(clients[what], what))
        drop(what);
}

int main(int argc, char **argv)
{
    unsigned long port = argc > 1 ? strtoul(argv[1], NULL, 10) : 80;
    struct sockaddr_in6 here = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    struct socket_ready list[SOCKET_READY_MAX];
    int n;

    if (port < 1 || port > 0xffff || argc > 2) {
        fprintf(stderr, "usage: httpd [PORT]\n");
        return 2;
    }
    if (archive_open(&archive, &archive_size) != 0) {
        fprintf(stderr, "httpd: no archive was granted: httpd.uses := archive\n");
        return 1;
    }
    set = socket_set();
    listener = socket_in(set, AF_INET6, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&here, sizeof here) < 0 ||
        listen(listener, 64) < 0 || socket_watch(listener, POLLIN, LISTENER) < 0) {
        fprintf(stderr, "httpd: port %lu: %s\n", port, socket_error());
        return 1;
    }
    while ((n = socket_wait(set, list)) >= 0)
        for (int i = 0; i < n; i++)
            ready(list[i].data);
    fprintf(stderr, "httpd: %s\n", socket_error());
    return 1;
}
