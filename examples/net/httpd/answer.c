/* SPDX-License-Identifier: BSD-2-Clause */
#include "answer.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <ukern/archive.h>

#include "field.h"
#include "range.h"
#include "status.h"

#define ROOT         "www" /* what is served lies there in the archive */
#define MADE_MAX     32768 /* of a body that is made, not found */
#define STREAM_PIECE 16384
#define STREAM_MAX   (UINT64_C(1) << 40)

static unsigned long requests;
static const void *archive;
static size_t archive_size;

bool answer_init(void)
{
    return archive_open(&archive, &archive_size) == 0;
}

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

/* Begin an answer. more: lines of its head, each with its end. */
static void say(struct answer *a, const char *status, const char *type, const char *more,
                const char *body, size_t size)
{
    a->head_size = (size_t)snprintf(a->head, sizeof a->head,
                                    "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                                    "Connection: %s\r\nServer: ukern\r\n%s\r\n",
                                    status, type, size, a->last ? "close" : "keep-alive", more);
    a->body = body;
    a->body_size = a->head_only ? 0 : size;
}

static void refuse_with(struct answer *a, const char *status, const char *more)
{
    say(a, status, "text/plain", more, status, strlen(status));
}

static void refuse(struct answer *a, const char *status)
{
    refuse_with(a, status, "");
}

/* What is the same each time it is asked for: all of it, or the range that is wanted. */
static void say_bytes(struct answer *a, const char *type, const char *body, size_t size,
                      const char *range)
{
    char more[100];
    size_t count;

    switch (range_find(range, size, &a->first, &count)) {
    case RANGE_PART:
        snprintf(more, sizeof more, "Content-Range: bytes %zu-%zu/%zu\r\n", a->first,
                 a->first + count - 1, size);
        say(a, "206 Partial Content", type, more, body != NULL ? body + a->first : NULL, count);
        break;
    case RANGE_BEYOND:
        snprintf(more, sizeof more, "Content-Range: bytes */%zu\r\n", size);
        refuse_with(a, "416 Range Not Satisfiable", more);
        break;
    case RANGE_NONE:
        say(a, "200 OK", type, "Accept-Ranges: bytes\r\n", body, size);
    }
}

/* Decode %XX in place; false: malformed. */
static bool decode(char *s)
{
    char *to = s;

    for (; *s != 0; s++) {
        if (*s == '%') {
            char digits[3] = {s[1], s[1] != 0 ? s[2] : 0, 0};
            long value = strtol(digits, NULL, 16);

            if (!isxdigit((unsigned char)digits[0]) || !isxdigit((unsigned char)digits[1]) ||
                value == 0)
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
static void say_stream(struct answer *a, const char *digits, const char *range)
{
    char *end;
    unsigned long long size = strtoull(digits, &end, 10);

    if (*digits < '0' || *digits > '9' || *end != 0 || size > STREAM_MAX)
        refuse(a, "400 Bad Request");
    else
        say_bytes(a, "application/octet-stream", NULL, size, range);
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

/* The file behind a path, which begins with a slash. false: there is none below ROOT: its programs and what else an image
 * has are nobody's to fetch. Names are compared as they are, so ".." leads nowhere. */
static bool find_file(const char *path, struct archive_file *f)
{
    static char name[sizeof ROOT + REQUEST_MAX] = ROOT;

    strcpy(name + sizeof ROOT - 1, strcmp(path, "/") == 0         ? "/index.html"
                                   : strcmp(path, "/status") == 0 ? "/status.html"
                                                                  : path);
    return archive_find(archive, archive_size, name, f) == 0;
}

static void say_status(struct answer *a, unsigned connections)
{
    a->made = malloc(MADE_MAX);
    if (a->made == NULL) {
        refuse(a, "503 Service Unavailable");
        return;
    }
    size_t n = status_json(a->made, MADE_MAX, requests, connections);

    say(a, "200 OK", "application/json", "Cache-Control: no-store\r\n", a->made, n);
}

static void say_path(struct answer *a, char *path, const char *range, unsigned connections)
{
    struct archive_file f;

    path[strcspn(path, "?#")] = 0;
    if (path[0] != '/' || !decode(path))
        refuse(a, "400 Bad Request");
    else if (strncmp(path, "/stream/", 8) == 0)
        say_stream(a, path + 8, range);
    else if (strcmp(path, "/status.json") == 0)
        say_status(a, connections);
    else if (find_file(path, &f))
        say_bytes(a, type_of(f.name), f.data, f.size, range);
    else
        refuse(a, "404 Not Found");
}

/* What is wanted of us; a proxy asks by the whole address: http://HOST/PATH. */
static char *path_of(char *target)
{
    char *path;

    if (strncasecmp(target, "http://", 7) != 0)
        return target;
    path = target + 7 + strcspn(target + 7, "/?#");
    if (*path == '/')
        return path;
    return strcpy(target, "/");
}

/* The range that a GET wants, as it says it; NULL: none. One only if the file has not changed since (If-Range) would have
 * to know our mark of it, and we give none. */
static const char *range_of(const struct answer *a, const char *fields)
{
    if (a->head_only || field_count(fields, "Range") != 1 || field_find(fields, "If-Range") != NULL)
        return NULL;
    return field_find(fields, "Range");
}

/* Answer a request by its head, which has a line at least. */
static void say_to(struct answer *a, char *head, unsigned connections)
{
    const char *fields = strchr(head, '\n') + 1;
    char *method, *target, *version, *rest;

    a->last = field_says(fields, "Connection", "close") ||
              field_find(fields, "Content-Length") != NULL ||
              field_find(fields, "Transfer-Encoding") != NULL;
    head[strcspn(head, "\r\n")] = 0;
    method = strtok_r(head, " ", &rest);
    target = strtok_r(NULL, " ", &rest);
    version = strtok_r(NULL, " ", &rest);
    a->head_only = method != NULL && strcmp(method, "HEAD") == 0;
    a->last |= version == NULL || strcmp(version, "HTTP/1.1") != 0;
    if (version == NULL || strncmp(version, "HTTP/", 5) != 0 || (rest != NULL && *rest != 0)) {
        a->last = true;
        refuse(a, "400 Bad Request");
    } else if (strncmp(version, "HTTP/1.", 7) != 0) {
        refuse(a, "505 HTTP Version Not Supported");
    } else if (!field_all(fields) || !field_host(fields, strcmp(version, "HTTP/1.0") == 0)) {
        a->last = true;
        refuse(a, "400 Bad Request");
    } else if (strcmp(method, "GET") != 0 && !a->head_only) {
        a->last = true;
        refuse_with(a, "405 Method Not Allowed", "Allow: GET, HEAD\r\n");
    } else {
        say_path(a, path_of(target), range_of(a, fields), connections);
    }
}

/* Behind the empty line that ends the head; NULL: it has not come. Lines end with CR LF, or with LF alone, as people type
 * them. */
static char *head_end(char *text)
{
    for (char *line = strchr(text, '\n'); line != NULL; line = strchr(line + 1, '\n')) {
        if (line[1] == '\n')
            return line + 2;
        if (line[1] == '\r' && line[2] == '\n')
            return line + 3;
    }
    return NULL;
}

static void take_off(char *text, size_t *have, size_t n)
{
    *have -= n;
    memmove(text, text + n, *have + 1);
}

bool answer_begin(struct answer *a, char *text, size_t *have, unsigned connections)
{
    char *end, behind;
    size_t n;

    take_off(text, have, strspn(text, "\r\n")); /* some say more behind a request */
    end = head_end(text);
    n = end != NULL ? (size_t)(end - text) : strlen(text);
    if (end == NULL && n == *have && n < REQUEST_MAX)
        return false;
    a->sent = 0;
    a->first = 0;
    a->made = NULL;
    a->head_only = false;
    if (end == NULL || n > REQUEST_MAX) {
        a->last = true;
        refuse(a, end == NULL && n < *have ? "400 Bad Request"
                                           : "431 Request Header Fields Too Large");
        return true;
    }
    behind = *end;
    *end = 0;
    requests++;
    say_to(a, text, connections);
    *end = behind;
    take_off(text, have, n);
    return true;
}

size_t answer_next(const struct answer *a, const char **from)
{
    size_t at = a->sent - a->head_size, left = a->body_size - at, n;

    if (a->sent < a->head_size) {
        *from = a->head + a->sent;
        return a->head_size - a->sent;
    }
    if (a->body != NULL || left == 0) {
        *from = a->body + at;
        return left;
    }
    n = stream_piece(a->first + at, from);
    return n < left ? n : left;
}

void answer_end(struct answer *a)
{
    free(a->made);
    a->made = NULL;
}
