/* SPDX-License-Identifier: BSD-2-Clause */
/* What httpd answers to requests, also to those that no browser would send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <ukern/archive.h>

#include "../../../examples/net/httpd/answer.h"
#include "../../../examples/net/httpd/status.h"

/* ---- The machine: three files that are served and others, and a status. ---- */

/* Each file is what follows the last slash of its name. */
static const char *const names[] = {
    "init", "index.html", "www/index.html", "www/status.html", "www/a b%.md", "wwwinit"};

int archive_open(const void **archive, size_t *size)
{
    *archive = names;
    *size = sizeof names;
    return 0;
}

int archive_find(const void *archive, size_t size, const char *name, struct archive_file *f)
{
    assert_ptr_equal(archive, names);
    assert_int_equal(size, sizeof names);
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], name) == 0) {
            const char *slash = strrchr(name, '/'),
                       *content = slash != NULL ? names[i] + (slash - name) + 1 : names[i];

            *f = (struct archive_file){.name = names[i], .data = content, .size = strlen(content)};
            return 0;
        }
    return -1;
}

size_t status_json(char *to, size_t size, unsigned long requests, unsigned connections)
{
    return (size_t)snprintf(to, size, "{%u:%u}", requests > 0, connections);
}

/* ---- One who asks. ---- */

static char text[3 * REQUEST_MAX];
static size_t have;
static char said[65536]; /* the answer, zero-terminated */
static size_t said_size;
static bool last;

/* The first of these bytes, of which more may be there. false: no answer yet. */
static bool ask_bytes(const char *bytes, size_t n)
{
    struct answer a;
    const char *from;
    size_t at = 0;

    assert_true(n < sizeof text);
    memmove(text, bytes, n);
    text[n] = 0;
    have = n;
    memset(&a, 0x55, sizeof a);
    if (!answer_begin(&a, text, &have, 7))
        return false;
    while ((n = answer_next(&a, &from)) > 0) {
        assert_true(n < sizeof said - at);
        memcpy(said + at, from, n);
        at += n;
        a.sent += n;
    }
    said[at] = 0;
    said_size = at;
    last = a.last;
    answer_end(&a);
    return true;
}

static bool ask(const char *request)
{
    return ask_bytes(request, strlen(request));
}

static const char *body(void)
{
    const char *end = strstr(said, "\r\n\r\n");

    assert_non_null(end);
    return end + 4;
}

/* The answer has this status; and keeps the connection, or not. */
static void answers(const char *request, const char *status, bool keeps, const char *wanted)
{
    char line[80];

    assert_true(ask(request));
    snprintf(line, sizeof line, "HTTP/1.1 %s\r\n", status);
    if (strncmp(said, line, strlen(line)) != 0 || last == keeps)
        print_error("%s\nis answered by\n%s\n", request, said);
    assert_true(strncmp(said, line, strlen(line)) == 0);
    assert_int_equal(last, !keeps);
    assert_non_null(
        strstr(said, keeps ? "\r\nConnection: keep-alive\r\n" : "\r\nConnection: close\r\n"));
    if (wanted != NULL)
        assert_string_equal(body(), wanted);
}

/* The rest of a good request line, and the field that it needs. */
#define HTTP  " HTTP/1.1\r\nHost: x\r\n"
#define KEEPS true
#define ENDS  false

static void test_what_is_there(void **state)
{
    (void)state;
    answers("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK", KEEPS, "index.html");
    assert_non_null(strstr(said, "\r\nContent-Type: text/html; charset=utf-8\r\n"));
    assert_non_null(strstr(said, "\r\nContent-Length: 10\r\n"));
    answers("GET /status?x=/y" HTTP "\r\n", "200 OK", KEEPS, "status.html");
    answers("GET /index.html#there" HTTP "\r\n", "200 OK", KEEPS, "index.html");
    answers("GET /status.json" HTTP "\r\n", "200 OK", KEEPS, "{1:7}");
    assert_non_null(strstr(said, "\r\nCache-Control: no-store\r\n"));
    answers("GET /%61%20b%25.m%64" HTTP "\r\n", "200 OK", KEEPS, "a b%.md");
    answers("GET /stream/0" HTTP "\r\n", "200 OK", KEEPS, "");
    answers("GET /stream/20000" HTTP "\r\n", "200 OK", KEEPS, NULL);
    assert_int_equal(((unsigned char)body()[8]), 1);
    assert_int_equal(((unsigned char)body()[16384]), 16384 / 8 % 256);
}

static void test_whole_addresses(void **state)
{
    (void)state;
    answers("GET http://guest/index.html" HTTP "\r\n", "200 OK", KEEPS, "index.html");
    answers("GET HTTP://guest:80/status" HTTP "\r\n", "200 OK", KEEPS, "status.html");
    answers("GET http://guest" HTTP "\r\n", "200 OK", KEEPS, "index.html");
    answers("GET http://guest?x" HTTP "\r\n", "200 OK", KEEPS, "index.html");
    answers("GET http:///status" HTTP "\r\n", "200 OK", KEEPS, "status.html");
    answers("GET ftp://guest/" HTTP "\r\n", "400 Bad Request", KEEPS, NULL);
}

/* No body, whatever the answer, or the next answer would begin in it. */
static void test_head(void **state)
{
    (void)state;
    answers("HEAD /" HTTP "\r\n", "200 OK", KEEPS, "");
    assert_non_null(strstr(said, "\r\nContent-Length: 10\r\n"));
    answers("HEAD /nothing" HTTP "\r\n", "404 Not Found", KEEPS, "");
    answers("HEAD /%zz" HTTP "\r\n", "400 Bad Request", KEEPS, "");
    answers("HEAD /status.json" HTTP "\r\n", "200 OK", KEEPS, "");
    answers("HEAD /stream/100000" HTTP "\r\n", "200 OK", KEEPS, "");
    assert_non_null(strstr(said, "\r\nContent-Length: 100000\r\n"));
}

static void test_what_is_not_there(void **state)
{
    static const char *const missing[] = {
        "/nothing",        "/init",        "/../init",          "/%2e%2e/init",
        "/www/index.html", "/..",          "/../../etc/passwd", "/%2e%2e/index.html",
        "/./index.html",   "//index.html", "/index.html/",      "/stream",
        "/STATUS"};
    static const char *const malformed[] = {"*",
                                            "init",
                                            "index.html",
                                            "/%",
                                            "/%4",
                                            "/%zz",
                                            "/%+1",
                                            "/%-1",
                                            "/% 1",
                                            "/%0x41",
                                            "/index.html%00",
                                            "/stream/",
                                            "/stream/-1",
                                            "/stream/1x",
                                            "/stream/+1",
                                            "/stream/99999999999999999999",
                                            "/stream/%31%00"};
    char request[200];

    (void)state;
    for (unsigned i = 0; i < sizeof missing / sizeof missing[0]; i++) {
        snprintf(request, sizeof request, "GET %s" HTTP "\r\n", missing[i]);
        answers(request, "404 Not Found", KEEPS, "404 Not Found");
    }
    for (unsigned i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        snprintf(request, sizeof request, "GET %s" HTTP "\r\n", malformed[i]);
        assert_true(ask(request));
        assert_true(strncmp(said, "HTTP/1.1 400 Bad Request\r\n", 26) == 0);
    }
}

static void test_who_ends_the_connection(void **state)
{
    (void)state;
    answers("GET / HTTP/1.0\r\n\r\n", "200 OK", ENDS, "index.html");
    answers("GET /" HTTP "X: y HTTP/1.0\r\n\r\n", "200 OK", KEEPS, NULL);
    answers("GET /" HTTP "connection: Close\r\n\r\n", "200 OK", ENDS, NULL);
    answers("GET /" HTTP "X-Connection: close\r\n\r\n", "200 OK", KEEPS, NULL);
    /* A body would be taken for the next request. */
    answers("GET /" HTTP "Content-Length: 5\r\n\r\nhello", "200 OK", ENDS, NULL);
    answers("GET /" HTTP "Transfer-Encoding: chunked\r\n\r\n", "200 OK", ENDS, NULL);
}

static void test_other_requests(void **state)
{
    (void)state;
    answers("POST /" HTTP "Content-Length: 1\r\n\r\nx", "405 Method Not Allowed", ENDS, NULL);
    assert_non_null(strstr(said, "\r\nAllow: GET, HEAD\r\n"));
    answers("get /" HTTP "\r\n", "405 Method Not Allowed", ENDS, NULL);
    answers("GET / HTTP/2.0\r\n\r\n", "505 HTTP Version Not Supported", ENDS, NULL);
    answers("GET /\r\n\r\n", "400 Bad Request", ENDS, NULL);
    answers("GET\r\n\r\n", "400 Bad Request", ENDS, NULL);
    answers(" \r\n\r\n", "400 Bad Request", ENDS, NULL);
    answers("GET / x" HTTP "\r\n", "400 Bad Request", ENDS, NULL);
    answers("GET / HTTP/1.1 x\r\n\r\n", "400 Bad Request", ENDS, NULL);
    answers("SSH-2.0-OpenSSH_9.2\r\n\r\n", "400 Bad Request", ENDS, NULL);
}

/* One Host, and something that can be one; HTTP/1.0 does without. */
static void test_host(void **state)
{
    static const char *const good[] = {"x", "x:80", "[::1]:80", "1.2.3.4  ", "", "\tx"};
    static const char *const bad[] = {"x y", "x/", "a@b", "x, y", "x\x01", "x\\"};
    char request[200];

    (void)state;
    answers("GET / HTTP/1.1\r\n\r\n", "400 Bad Request", ENDS, NULL);
    answers("HEAD / HTTP/1.1\r\nX-Host: x\r\nHos: x\r\n\r\n", "400 Bad Request", ENDS, "");
    answers("GET / HTTP/1.1\r\nHosts:x\r\n\r\n", "400 Bad Request", ENDS, NULL);
    answers("GET http://guest/ HTTP/1.1\r\n\r\n", "400 Bad Request", ENDS, NULL);
    answers("GET / HTTP/1.2\r\n\r\n", "400 Bad Request", ENDS, NULL);
    answers("GET / HTTP/1.0\r\n\r\n", "200 OK", ENDS, NULL);
    answers("GET / HTTP/1.1\r\nhOST:x\r\n\r\n", "200 OK", KEEPS, NULL);
    answers("GET /" HTTP "Host: x\r\n\r\n", "400 Bad Request", ENDS, NULL);
    answers("GET /" HTTP "A: b\r\nhost: y\r\n\r\n", "400 Bad Request", ENDS, NULL);
    answers("GET / HTTP/1.0\r\nHost: x\nHost: x\r\n\r\n", "400 Bad Request", ENDS, NULL);
    for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++) {
        snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", good[i]);
        answers(request, "200 OK", KEEPS, NULL);
    }
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", bad[i]);
        answers(request, "400 Bad Request", ENDS, NULL);
    }
}

/* Lines that one reader takes for a field and another does not. */
static void test_fields_that_are_none(void **state)
{
    (void)state;
    answers("GET /" HTTP "X : y\r\n\r\n", "400 Bad Request", ENDS, NULL);
    answers("GET /" HTTP "X\r\n\r\n", "400 Bad Request", ENDS, NULL);
    answers("GET /" HTTP ": y\r\n\r\n", "400 Bad Request", ENDS, NULL);
    answers("GET /" HTTP "A: b\r\n c\r\n\r\n", "400 Bad Request", ENDS, NULL);
    answers("GET /" HTTP "A: b\r\n\tc: d\r\n\r\n", "400 Bad Request", ENDS, NULL);
    answers("GET / HTTP/1.1\r\n Host: x\r\n\r\n", "400 Bad Request", ENDS, NULL);
    answers("GET /" HTTP "A:\r\nB_!~9:::\r\n\r\n", "200 OK", KEEPS, NULL);
}

/* A GET of this path with this Range: the answer has this Content-Range, if it has one. */
static void ranges(const char *path, const char *range, const char *status, const char *there,
                   const char *wanted)
{
    char request[200], line[80];

    snprintf(request, sizeof request, "GET %s" HTTP "Range: %s\r\n\r\n", path, range);
    answers(request, status, KEEPS, wanted);
    snprintf(line, sizeof line, "\r\nContent-Range: bytes %s\r\n", there);
    assert_true(there[0] != 0 ? strstr(said, line) != NULL : strstr(said, "Content-Range") == NULL);
    snprintf(line, sizeof line, "\r\nContent-Length: %zu\r\n", strlen(wanted));
    assert_non_null(strstr(said, line));
}

#define PART "206 Partial Content"
#define NO   "416 Range Not Satisfiable"
#define HUGE "99999999999999999999999"

static void test_ranges(void **state)
{
    (void)state;
    ranges("/", "bytes=0-0", PART, "0-0/10", "i");
    ranges("/", "bytes=2-5", PART, "2-5/10", "dex.");
    ranges("/", "Bytes=9-9 ", PART, "9-9/10", "l");
    ranges("/", "bytes=5-" HUGE, PART, "5-9/10", ".html");
    ranges("/", "bytes=5-", PART, "5-9/10", ".html");
    ranges("/", "bytes=0-", PART, "0-9/10", "index.html");
    ranges("/", "bytes=-4", PART, "6-9/10", "html");
    ranges("/", "bytes=-10", PART, "0-9/10", "index.html");
    ranges("/", "bytes=-" HUGE, PART, "0-9/10", "index.html");
    ranges("/", "bytes=10-", NO, "*/10", NO);
    ranges("/", "bytes=10-10", NO, "*/10", NO);
    ranges("/", "bytes=" HUGE "-" HUGE, NO, "*/10", NO);
    ranges("/", "bytes=18446744073709551615-", NO, "*/10", NO);
    ranges("/", "bytes=18446744073709551616-", NO, "*/10", NO);
    ranges("/", "bytes=-0", NO, "*/10", NO);
    ranges("/stream/0", "bytes=0-", NO, "*/0", NO);
    ranges("/stream/0", "bytes=-5", "200 OK", "", "");
    assert_non_null(strstr(said, "\r\nAccept-Ranges: bytes\r\n"));
}

static void test_ranges_that_are_ignored(void **state)
{
    static const char *const ignored[] = {
        "bytes=0-1,3-4", "bytes=3-2",  "lines=0-1", "bytes=",    "bytes=-",   "bytes=a-b",
        "bytes=1",       "bytes=1-x",  "bytes=--1", "bytes=-1x", "bytes=+1-", "bytes = 0-1",
        "bytes=1-2-3",   "bytes=0x1-", "",          "0-1"};

    (void)state;
    for (unsigned i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        ranges("/", ignored[i], "200 OK", "", "index.html");
    answers("HEAD /" HTTP "Range: bytes=0-1\r\n\r\n", "200 OK", KEEPS, "");
    assert_non_null(strstr(said, "\r\nContent-Length: 10\r\n"));
    answers("GET /" HTTP "Range: bytes=0-1\r\nRange: bytes=2-3\r\n\r\n", "200 OK", KEEPS,
            "index.html");
    answers("GET /" HTTP "Range: bytes=0-1\r\nIf-Range: \"mark\"\r\n\r\n", "200 OK", KEEPS,
            "index.html");
    ranges("/nothing", "bytes=0-1", "404 Not Found", "", "404 Not Found");
    ranges("/status.json", "bytes=0-1", "200 OK", "", "{1:7}");
}

/* The bytes are those that are there in all of it. */
static void test_ranges_of_a_stream(void **state)
{
    (void)state;
    assert_true(ask("GET /stream/1000000" HTTP "Range: bytes=16379-40000\r\n\r\n"));
    assert_non_null(strstr(said, "\r\nContent-Range: bytes 16379-40000/1000000\r\n"));
    for (size_t at = 16379; at <= 40000; at++)
        assert_int_equal((unsigned char)body()[at - 16379], at / 8 >> at % 8 * 8 & 0xff);
    assert_int_equal(said_size, body() - said + 40000 - 16379 + 1);
}

/* As it comes from people: lines that end with LF alone; and empty ones before it. */
static void test_typed(void **state)
{
    (void)state;
    answers("GET / HTTP/1.1\nHost: x\n\n", "200 OK", KEEPS, "index.html");
    answers("GET /" HTTP "Connection: close\n\r\n", "200 OK", ENDS, "index.html");
    answers("\r\n\r\n\nGET /status" HTTP "\r\n", "200 OK", KEEPS, "status.html");
    assert_false(ask("\r\n"));
    assert_int_equal(have, 0);
    assert_false(ask(""));
}

static void test_bit_by_bit(void **state)
{
    static const char request[] = "GET /status HTTP/1.1\r\nHost: x\r\n\r\n";

    (void)state;
    for (size_t n = 0; n < sizeof request - 1; n++) {
        assert_false(ask_bytes(request, n));
        assert_int_equal(have, n);
    }
    assert_true(ask(request));
}

/* Several at once: one after the other. */
static void test_pipeline(void **state)
{
    char many[REQUEST_MAX] = "";

    (void)state;
    for (unsigned i = 0; i < 50; i++)
        strcat(many, i % 2 ? "GET /status" HTTP "\r\n" : "GET /" HTTP "\n");
    answers(many, "200 OK", KEEPS, "index.html");
    for (unsigned i = 1; i < 50; i++) {
        assert_true(ask_bytes(text, have));
        assert_string_equal(body(), i % 2 ? "status.html" : "index.html");
    }
    assert_int_equal(have, 0);
}

static void test_bytes_that_are_no_text(void **state)
{
    static const char inside[] = "GET /\0 HTTP/1.1\r\n\r\n", first[] = "\0GET / HTTP/1.1\r\n\r\n";

    (void)state;
    assert_true(ask_bytes(inside, sizeof inside - 1));
    assert_non_null(strstr(said, " 400 "));
    assert_true(last);
    assert_true(ask_bytes(first, sizeof first - 1));
    assert_non_null(strstr(said, " 400 "));
    assert_true(last);
    answers("\xff\xfe\xfd\xfc\r\n\r\n", "400 Bad Request", ENDS, NULL);
}

static void test_too_long(void **state)
{
    static char request[2 * REQUEST_MAX];

    (void)state;
    memset(request, 'a', sizeof request - 1);
    memcpy(request, "GET /", 5);
    assert_false(ask_bytes(request, REQUEST_MAX - 1));
    assert_true(ask_bytes(request, REQUEST_MAX));
    assert_true(strncmp(said, "HTTP/1.1 431 ", 13) == 0);
    assert_true(last);
    memcpy(request + REQUEST_MAX - 4, "\r\n\r\n", 4);
    assert_true(ask_bytes(request, REQUEST_MAX));
    assert_null(strstr(said, " 431 "));
    memcpy(request + REQUEST_MAX - 4, "a\r\n\r\n", 5);
    assert_true(ask_bytes(request, REQUEST_MAX + 1));
    assert_true(strncmp(said, "HTTP/1.1 431 ", 13) == 0);
}

static int begin(void **state)
{
    (void)state;
    return answer_init() ? 0 : 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_there),
        cmocka_unit_test(test_whole_addresses),
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_what_is_not_there),
        cmocka_unit_test(test_who_ends_the_connection),
        cmocka_unit_test(test_other_requests),
        cmocka_unit_test(test_host),
        cmocka_unit_test(test_fields_that_are_none),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_ranges_that_are_ignored),
        cmocka_unit_test(test_ranges_of_a_stream),
        cmocka_unit_test(test_typed),
        cmocka_unit_test(test_bit_by_bit),
        cmocka_unit_test(test_pipeline),
        cmocka_unit_test(test_bytes_that_are_no_text),
        cmocka_unit_test(test_too_long),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
