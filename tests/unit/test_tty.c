/* SPDX-License-Identifier: BSD-2-Clause */
/* libuser/console/tty.c:libuser/console/edit.c: what keys do, and that no input is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../../libuser/console/tty.h"
#include <ukern/abi/errors.h>

static char memory[256];
static struct tty tty;

static void start(bool script)
{
    tty_init(&tty, memory, sizeof memory, script);
}

static enum tty_event type(const char *keys)
{
    enum tty_event last = TTY_NOTHING;

    for (; *keys; keys++)
        last = tty_input(&tty, *keys);
    return last;
}

/* One read; the bytes as a string, or "EOF", or "wait". */
static const char *get(uint64_t want)
{
    static char text[512];
    int64_t n = tty_offer(&tty, want);

    if (n == UKERN_EAGAIN)
        return "wait";
    assert_true(n >= 0 && (uint64_t)n <= want);
    for (int64_t i = 0; i < n; i++)
        text[i] = *ring_at(&tty.in, tty.in.head + (uint64_t)i);
    text[n] = '\0';
    tty_take(&tty, (uint64_t)n);
    return n == 0 ? "EOF" : text;
}

static void lines_are_read_one_by_one(void **state)
{
    (void)state;
    start(false);
    assert_int_equal(type("on"), TTY_NOTHING);
    assert_string_equal(get(100), "wait");
    assert_int_equal(type("e\rtwo\r\nthree"), TTY_NOTHING);
    assert_string_equal(get(100), "one\n");
    assert_string_equal(get(2), "tw");
    assert_string_equal(get(100), "o\n");
    assert_string_equal(get(100), "wait");
    assert_int_equal(tty_offer(&tty, 0), 0);
}

static void a_line_can_be_edited(void **state)
{
    (void)state;
    start(false);
    type("abc\b\x7f\x7f\x7fxy z\x17"
         "q\n");
    assert_string_equal(get(100), "xy q\n");
    type("gone\x15kept\n");
    assert_string_equal(get(100), "kept\n");
    type("\xc3\xa4\xc3\xb6\bu\n");
    assert_string_equal(get(100), "\xc3\xa4u\n");
}

static const char *shown(void)
{
    tty.echo[tty.echo_used] = '\0';
    tty.echo_used = 0;
    return tty.echo;
}

static void the_cursor_moves(void **state)
{
    (void)state;
    start(false);
    type("bd\x1b[D"
         "c\x01"
         "a\x05"
         "e\x1b[H\x1b[C\x1b[C\x1b[C\x1b[C\x1b[C\x1b[C!\n");
    assert_string_equal(get(100), "abcde!\n");
    type("x12\x1b[D\x1b[D\x1b[3~\x1bOF\x1b[3~3\x1b[1~\x1b[3~\n"); /* Delete; at the end, none */
    assert_string_equal(get(100), "23\n");
    type("one two three\x02\x02\x02\x02\x02\x06\x17\n"); /* a word before the cursor */
    assert_string_equal(get(100), "one two hree\n");
    type("left right\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x15\n");
    assert_string_equal(get(100), "right\n");
    type("left right\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x0b\n");
    assert_string_equal(get(100), "left\n");
    type("\xc3\xa4\xc3\xb6\x1b[D\x1b[3~\x1b[Du\n"); /* characters of two bytes */
    assert_string_equal(get(100), "u\xc3\xa4\n");
    type("ab\x1b[D\x04"); /* all of it is handed over */
    assert_string_equal(get(100), "ab");
    type("c\n");
    assert_string_equal(get(100), "c\n");
}

/* How far a tab would go, the console cannot know; it is shown as one column. */
static void a_tab_is_a_blank(void **state)
{
    (void)state;
    start(false);
    type("a\t\tb");
    assert_string_equal(shown(), "a  b");
    type("\x1b[D\b");
    assert_string_equal(shown(), "\b\bb \b\b");
    type("\n");
    assert_string_equal(get(100), "a\tb\n");
}

static void lines_come_back(void **state)
{
    (void)state;
    start(false);
    type("\x1b[Aone\ntwo\ntwo\n\n"); /* Up without a line before; twice the same; an empty one */
    for (int i = 0; i < 4; i++)
        get(100);
    type("\x1b[A\x1b[A\x1b[A\n");
    assert_string_equal(get(100), "one\n");
    type("new\x1b[A\x1b[A\x1b[B\x1b[B!\x1b[B\n"); /* what was being typed comes back, too */
    assert_string_equal(get(100), "new!\n");
    type("\x10\x10\x0e?\n");
    assert_string_equal(get(100), "new!?\n");
    type("gone\x1b[A\x03");
    assert_string_equal(get(100), "wait");
    for (int i = 0; i < 50; i++) {
        char line[] = {(char)('0' + i), '\n', '\0'};

        type(line);
        assert_string_equal(get(100), line);
    }
    for (int i = 0; i < 100; i++)
        type("\x1b[A");
    type("\n");
    assert_string_equal(get(100), "S\n"); /* the fifteenth of them from the end */
}

static void a_long_line_is_not_kept(void **state)
{
    static char wide[1024];

    (void)state;
    tty_init(&tty, wide, sizeof wide, false);
    type("short\n");
    get(100);
    for (int i = 0; i < 300; i++)
        type("x");
    type("\x1b[A\n"); /* nor given up for another */
    assert_int_equal(strlen(get(500)), 301);
    type("\x1b[A\n");
    assert_string_equal(get(100), "short\n");
}

static void ctrl_l_clears(void **state)
{
    (void)state;
    start(false);
    type("ab\x1b[D");
    shown();
    assert_int_equal(type("\x0c"), TTY_CLEAR);
    tty_show(&tty);
    assert_string_equal(shown(), "ab\b");
    start(true);
    assert_int_equal(type("\x0c\x01\n"), TTY_READY);
    assert_string_equal(get(100), "\x0c\x01\n");
}

static void keys_without_effect_leave_no_trace(void **state)
{
    (void)state;
    start(false);
    type("a\x1b[5~b\x1b[2~c\x1bOPd\x1b[Ze\n");
    assert_string_equal(get(100), "abcde\n");
    type("x\x1b[1\n\x1by\n"); /* broken off by Enter; ESC alone */
    assert_string_equal(get(100), "x\n");
    assert_string_equal(get(100), "y\n");
    start(true);
    type("\x1b[A\n");
    assert_string_equal(get(100), "\x1b[A\n");
}

static void echo_shows_what_happened(void **state)
{
    (void)state;
    start(false);
    type("ab\b\x07\x03");
    assert_string_equal(shown(), "ab\b \b^G^C\n");
    type("ac\x1b[Db"); /* what is behind the cursor moves */
    assert_string_equal(shown(), "ac\bbc\b");
    type("\x01\x0b"); /* to the beginning, and all away */
    assert_string_equal(shown(), "\b\b   \b\b\b");
    start(true);
    type("ab\n\x03");
    assert_int_equal(tty.echo_used, 0);
}

static void ctrl_d_hands_over_or_ends(void **state)
{
    (void)state;
    start(false);
    type("part\x04");
    assert_string_equal(get(100), "part");
    assert_string_equal(get(100), "wait");
    type("\x04more\n");
    assert_string_equal(get(100), "EOF");
    assert_string_equal(get(100), "more\n");
    assert_string_equal(get(100), "wait");
}

static void a_script_ends_for_good(void **state)
{
    (void)state;
    start(true);
    type("last\x04ignored\n");
    assert_string_equal(get(100), "last");
    assert_string_equal(get(100), "EOF");
    assert_string_equal(get(100), "EOF");
}

static void ctrl_c_throws_input_away(void **state)
{
    (void)state;
    start(false);
    assert_int_equal(type("one\n\x04two\x03"), TTY_INTERRUPT);
    assert_string_equal(get(100), "wait");
    type("three\n");
    assert_string_equal(get(100), "three\n");
}

static void a_long_line_can_still_be_ended(void **state)
{
    (void)state;
    start(false);
    for (int i = 0; i < 1000; i++)
        type("x");
    type("\n");
    assert_int_equal(strlen(get(1000)), sizeof memory);
    type("y\n");
    assert_string_equal(get(1000), "y\n");
}

/* A script of any length and any line length comes through whole, if the console heeds tty_full().
 */
static void a_script_loses_nothing(void **state)
{
    uint64_t in = 0, out = 0;

    (void)state;
    start(true);
    while (out < 100000) {
        while (!tty_full(&tty) && in < 100000) {
            tty_input(&tty, in % 701 == 700 ? '\n' : (char)('a' + in % 26));
            in++;
        }
        if (in == 100000)
            tty_input(&tty, '\x04');
        for (const char *p = get(1 + out % 300); *p; p++, out++)
            assert_int_equal(*p, out % 701 == 700 ? '\n' : (char)('a' + out % 26));
    }
    assert_string_equal(get(10), "EOF");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_read_one_by_one),
        cmocka_unit_test(a_line_can_be_edited),
        cmocka_unit_test(the_cursor_moves),
        cmocka_unit_test(a_tab_is_a_blank),
        cmocka_unit_test(lines_come_back),
        cmocka_unit_test(a_long_line_is_not_kept),
        cmocka_unit_test(ctrl_l_clears),
        cmocka_unit_test(echo_shows_what_happened),
        cmocka_unit_test(ctrl_d_hands_over_or_ends),
        cmocka_unit_test(a_script_ends_for_good),
        cmocka_unit_test(ctrl_c_throws_input_away),
        cmocka_unit_test(a_long_line_can_still_be_ended),
        cmocka_unit_test(a_script_loses_nothing),
        cmocka_unit_test(keys_without_effect_leave_no_trace),
    };

    return cmocka_run_group_tests_name("tty", tests, NULL, NULL);
}
