/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses as text, and getaddrinfo() with a name server that the test plays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define UKERN_SYSCALL_H /* its instructions are not the host's */
#define UKERN_INLINE    extern
/* The host has its own of these names. */
#define getaddrinfo     net_getaddrinfo
#define freeaddrinfo    net_freeaddrinfo
#define gai_strerror    net_gai_strerror
#define inet_pton       net_inet_pton
#define inet_ntop       net_inet_ntop
#define close           net_close
#include <stdint.h>

static int64_t ukern_trap4(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                           uint64_t *r1);
#include "../../examples/net/name.c"

#define SOCKET 5

static int answer[2];      /* for IPv4 and IPv6: 0 or an error */
static unsigned questions; /* asked of the name server */
static int family_asked, opened;
static char asked[300];

int socket_create(int server, enum socket_type type, int family)
{
    (void)server;
    assert_int_equal(type, SOCKET_TYPE_NAME);
    family_asked = family == AF_INET6;
    opened++;
    return SOCKET;
}

int net_close(int fd)
{
    assert_int_equal(fd, SOCKET);
    opened--;
    return 0;
}

int64_t socket_done(int64_t result)
{
    return result;
}

const char *socket_error(void)
{
    return "another error";
}

ukern_handle task_handle(const char *name)
{
    assert_string_equal(name, "socket");
    return 3;
}

static int64_t ukern_trap4(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                           uint64_t *r1)
{
    struct socket_address a = {.family = 4, .ip = {10, 1, 2, 3}};

    (void)a3;
    (void)r1;
    assert_int_equal(a0, SOCKET);
    if (number == STREAM_WRITE) {
        questions++;
        memcpy(asked, (const char *)a1, a2);
        asked[a2] = 0;
        return (int64_t)a2;
    }
    assert_int_equal(number, STREAM_READ);
    if (answer[family_asked] < 0)
        return answer[family_asked];
    if (family_asked)
        a = (struct socket_address){.family = 6, .ip = {0xfe, 0xc0, [15] = 3}};
    memcpy((void *)a1, &a, sizeof a);
    return sizeof a;
}

static void test_text_of_ipv4(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",         "1",        "1.2.3",      "1.2.3.4.5", "256.1.1.1", "1.2.3.4 ",        "1..2.3",
        " 1.2.3.4", "1.2.3.-4", "0001.2.3.4", "1.2.3.",    "a.b.c.d",   "1.2.3.4294967296"};
    uint8_t ip[4] = {9, 9, 9, 9};
    char text[INET6_ADDRSTRLEN];

    assert_int_equal(inet_pton(AF_INET, "192.168.0.255", ip), 1);
    assert_memory_equal(ip, "\xc0\xa8\0\xff", 4);
    assert_string_equal(inet_ntop(AF_INET, ip, text, sizeof text), "192.168.0.255");
    assert_null(inet_ntop(AF_INET, ip, text, 13));
    assert_non_null(inet_ntop(AF_INET, ip, text, 14));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(inet_pton(AF_INET, bad[i], ip), 0);
        assert_memory_equal(ip, "\xc0\xa8\0\xff", 4); /* untouched */
    }
    assert_int_equal(inet_pton(77, "1.2.3.4", ip), 0);
}

static void test_text_of_ipv6(void **state)
{
    (void)state;
    static const char *const same[] = {"::",
                                       "::1",
                                       "1::",
                                       "fe80::1:2:3:4",
                                       "1:2:3:4:5:6:7:8",
                                       "2001:db8::1",
                                       "1:0:0:2::3",
                                       "::ffff:10.0.2.2"};
    static const char *const bad[] = {"",
                                      ":",
                                      ":::",
                                      "1",
                                      "1:2:3:4:5:6:7",
                                      "1:2:3:4:5:6:7:8:9",
                                      "::1::",
                                      "12345::",
                                      "g::",
                                      "1:2:3:4:5:6:7:8::",
                                      ":1:2:3:4:5:6:7",
                                      "::1.2.3",
                                      "1.2.3.4",
                                      "fe80::1%1",
                                      "::1 ",
                                      "1:2:3:4:5:6:7:1.2.3.4"};
    uint8_t ip[16];
    char text[INET6_ADDRSTRLEN];

    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        assert_int_equal(inet_pton(AF_INET6, same[i], ip), 1);
        assert_string_equal(inet_ntop(AF_INET6, ip, text, sizeof text), same[i]);
    }
    assert_int_equal(inet_pton(AF_INET6, "2001:DB8:0:0:0:0:0:00A1", ip), 1);
    assert_string_equal(inet_ntop(AF_INET6, ip, text, sizeof text), "2001:db8::a1");
    assert_int_equal(inet_pton(AF_INET6, "64:ff9b::1.2.3.4", ip), 1);
    assert_string_equal(inet_ntop(AF_INET6, ip, text, sizeof text), "64:ff9b::102:304");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (inet_pton(AF_INET6, bad[i], ip) != 0)
            fail_msg("\"%s\" is taken for an address", bad[i]);
}

/* What was written is read again, whatever the address is. */
static void test_any_ipv6_there_and_back(void **state)
{
    (void)state;
    uint32_t seed = 1;

    for (unsigned n = 0; n < 20000; n++) {
        uint8_t ip[16], back[16];
        char text[INET6_ADDRSTRLEN];

        for (unsigned i = 0; i < 16; i++) {
            seed = seed * 1664525 + 1013904223;
            ip[i] = seed >> 30 ? 0 : (uint8_t)(seed >> 16);
        }
        assert_non_null(inet_ntop(AF_INET6, ip, text, sizeof text));
        if (inet_pton(AF_INET6, text, back) != 1)
            fail_msg("\"%s\" is not taken", text);
        assert_memory_equal(ip, back, 16);
    }
}

static int look_up(const char *host, const char *service, int family, int flags, unsigned *count)
{
    struct addrinfo hints = {.ai_family = family, .ai_flags = flags, .ai_socktype = SOCK_STREAM},
                    *list;
    int status = getaddrinfo(host, service, &hints, &list);

    *count = 0;
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        struct sockaddr_in in;

        memcpy(&in, a->ai_addr, sizeof in);
        assert_int_equal(in.sin_family, a->ai_family);
        assert_int_equal(a->ai_socktype, SOCK_STREAM);
        if (service != NULL)
            assert_int_equal(ntohs(in.sin_port), strtoul(service, NULL, 10));
        ++*count;
    }
    freeaddrinfo(list);
    assert_int_equal(opened, 0);
    return status;
}

static void test_getaddrinfo(void **state)
{
    (void)state;
    unsigned count;

    answer[0] = answer[1] = 0;
    questions = 0;
    assert_int_equal(look_up("example.org", "80", AF_UNSPEC, 0, &count), 0);
    assert_int_equal(count, 2);
    assert_string_equal(asked, "example.org");
    assert_int_equal(look_up("example.org", NULL, AF_INET6, 0, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(questions, 3);

    /* Without a question: addresses, nobody in particular, and what is no port. */
    assert_int_equal(look_up("10.0.2.2", "80", AF_UNSPEC, 0, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(look_up(NULL, "80", AF_UNSPEC, AI_PASSIVE, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(look_up("fec0::2", "80", AF_INET, 0, &count), EAI_NONAME);
    assert_int_equal(look_up("example.org", "80", AF_UNSPEC, AI_NUMERICHOST, &count), EAI_NONAME);
    assert_int_equal(look_up("example.org", "65536", AF_UNSPEC, 0, &count), EAI_SERVICE);
    assert_int_equal(look_up("example.org", "http", AF_UNSPEC, 0, &count), EAI_SERVICE);
    assert_int_equal(look_up("example.org", "", AF_UNSPEC, 0, &count), EAI_SERVICE);
    assert_int_equal(questions, 3);

    /* One family has an address: that is enough. */
    answer[0] = SOCKET_ENONAME;
    assert_int_equal(look_up("example.org", "80", AF_UNSPEC, 0, &count), 0);
    assert_int_equal(count, 1);
    answer[1] = SOCKET_ENONAME;
    assert_int_equal(look_up("example.org", "80", AF_UNSPEC, 0, &count), EAI_NONAME);
    /* A name server that is silent is not asked twice. */
    answer[0] = SOCKET_EAGAINNAME;
    questions = 0;
    assert_int_equal(look_up("example.org", "80", AF_UNSPEC, 0, &count), EAI_AGAIN);
    assert_int_equal(questions, 1);
    answer[0] = SOCKET_ENETDOWN;
    assert_int_equal(look_up("example.org", "80", AF_UNSPEC, 0, &count), EAI_SYSTEM);
    assert_string_equal(gai_strerror(EAI_SYSTEM), "another error");
    assert_string_equal(gai_strerror(EAI_NONAME), "there is no host of that name");
    assert_string_equal(gai_strerror(EAI_AGAIN), "the name server does not answer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_of_ipv4),
        cmocka_unit_test(test_text_of_ipv6),
        cmocka_unit_test(test_any_ipv6_there_and_back),
        cmocka_unit_test(test_getaddrinfo),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
