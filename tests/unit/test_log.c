/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/sim/harness.c tests/sim/image.c tests/sim/check.c tests/sim/census.c: the kernel's log */
#include "log.h"
#include "world.h"

#define SYSTEM UKERN_INIT_SYSTEM
#define AT     (WORLD_MEMORY + 100)

static char text[1000];
static size_t length;

static void put(char c)
{
    text[length++] = c;
}

__attribute__((format(printf, 1, 2))) static const char *formatted(const char *format, ...)
{
    va_list arguments;
    length = 0;
    va_start(arguments, format);
    format_text(put, format, arguments);
    va_end(arguments);
    text[length] = '\0';
    return text;
}

static void test_format(void **state)
{
    (void)state;
    assert_string_equal(formatted("a%sb%%c", "xyz"), "axyzb%c");
    assert_string_equal(formatted("%d %d %d", 0, -1, INT32_MIN), "0 -1 -2147483648");
    assert_string_equal(formatted("%ld %lu", INT64_MIN, UINT64_MAX),
                        "-9223372036854775808 18446744073709551615");
    assert_string_equal(formatted("%u %x %lx", UINT32_MAX, 0xbeefu, UINT64_C(0xfeedfacecafebeef)),
                        "4294967295 beef feedfacecafebeef");
    assert_string_equal(formatted("%c%c", 'o', 'k'), "ok");
    assert_string_equal(formatted("%p", (void *)0x1234), "0x1234");
}

static const char *read_all(uint64_t *at)
{
    length = log_copy(at, text, sizeof text - 1);
    text[length] = '\0';
    return text;
}

static void test_ring(void **state)
{
    (void)state;
    uint64_t at = UINT64_MAX, now = 0;
    assert_int_equal(log_copy(&at, text, 10), 0); /* beyond the end: nothing */
    while (log_copy(&now, text, sizeof text))
        ;
    at = now;
    ukern_log("%s %d\n", "line", 1);
    log_text("raw", 3);
    assert_string_equal(read_all(&at), "line 1\nraw");
    assert_string_equal(read_all(&at), "");
    for (unsigned i = 0; i < 2 * LOG_SIZE; i++)
        log_text("0123456789" + i % 10, 1);
    uint64_t old = now;
    assert_int_equal(log_copy(&old, text, 10), 10); /* what was overwritten is skipped */
    assert_int_equal(old, now + 10 + 2 * LOG_SIZE - LOG_SIZE + 10);
    assert_int_equal(text[0], "0123456789"[LOG_SIZE % 10]);
}

static void test_calls(void **state)
{
    (void)state;
    struct task *i = world_init;
    uint64_t end = 0;
    while (log_copy(&end, text, sizeof text))
        ;
    memcpy(world_user(i, AT), "hello", 5);
    assert_int_equal(SYS(i, log_write, SYSTEM, AT, 5), 5);
    memset(world_user(i, AT), 0, 300);
    assert_int_equal(SYS(i, log_read, SYSTEM, end, AT, 300), 5);
    assert_int_equal(world_regs(i)->x[1], end + 5);
    assert_memory_equal(world_user(i, AT), "hello", 5);
    assert_int_equal(SYS(i, log_read, SYSTEM, end + 5, AT, 300), 0);
    assert_int_equal(SYS(i, log_write, SYSTEM, AT, UINT64_MAX), 256); /* in pieces */
    assert_int_equal(SYS(i, log_write, SYSTEM, 0, 5), UKERN_EFAULT);
    assert_int_equal(SYS(i, log_write, SYSTEM, STACK_TOP - 3, 5), UKERN_EFAULT);
    assert_int_equal(SYS(i, log_write, SYSTEM, 0, 0), 0);
    assert_int_equal(SYS(i, log_read, SYSTEM, end, IMAGE_TEXT, 5), UKERN_EFAULT);
    assert_int_equal(SYS(i, log_read, SYSTEM, end, UINT64_MAX, 5), UKERN_EFAULT);
    uint64_t p = (uint64_t)SYS(i, port_create);
    assert_int_equal(SYS(i, log_write, p, AT, 5), UKERN_ETYPE);
    assert_int_equal(SYS(i, handle_dup, SYSTEM, UKERN_R_POWER, 30), 30);
    assert_int_equal(SYS(i, log_write, 30, AT, 5), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, log_read, 30, 0, AT, 5), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, log_bind, 30, p, 1), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, log_bind, 99, p, 1), UKERN_EHANDLE);
}

static void test_bind(void **state)
{
    (void)state;
    struct task *i = world_init;
    uint64_t p = (uint64_t)SYS(i, port_create), q = (uint64_t)SYS(i, port_create);
    assert_int_equal(SYS(i, log_bind, SYSTEM, p, 0), UKERN_EINVAL);
    assert_int_equal(SYS(i, log_bind, SYSTEM, SYSTEM, 1), UKERN_ETYPE);
    assert_int_equal(SYS(i, handle_dup, p, UKERN_R_CALL, 30), 30);
    assert_int_equal(SYS(i, log_bind, SYSTEM, 30, 1), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, log_bind, SYSTEM, p, 4), UKERN_OK);
    assert_int_equal(SYS_UNTIL(i, 0, notify_wait, p, 4), UKERN_OK); /* there is something already */
    ukern_log("more\n");
    assert_int_equal(SYS_UNTIL(i, 0, notify_wait, p, 4), UKERN_OK);
    assert_int_equal(SYS_UNTIL(i, 0, notify_wait, p, 4), UKERN_ETIMEDOUT);
    assert_int_equal(SYS(i, log_bind, SYSTEM, q, 1), UKERN_OK); /* the next one */
    SYS(i, handle_close, q);
    ukern_log("nobody hears\n");
    log_bind(NULL, 0);
    world_check();
}

static const struct CMUnitTest tests[] = {UNIT(test_format), UNIT(test_ring), WORLD(test_calls),
                                          WORLD(test_bind)};

WORLD_MAIN(tests)
