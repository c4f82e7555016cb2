/* SPDX-License-Identifier: BSD-2-Clause */
/* examples/pipes/shell/parse.c: words, quotes, stages, mistakes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../examples/pipes/shell/parse.h"
#include <ukern/abi/errors.h>

/* The pipeline written out: words in [], stages with | between, & at the end; or the mistake. */
static const char *parse(const char *line)
{
    static char text[1024];
    const char *mistake = "";
    struct pipeline p;
    int error = pipeline_parse(line, &p, &mistake);
    size_t used = 0;

    text[0] = '\0';
    if (error == UKERN_EINVAL)
        return mistake;
    assert_int_equal(error, UKERN_OK);
    for (unsigned i = 0; i < p.stages; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s", i > 0 ? "|" : "");
        for (int k = 0; k < p.stage[i].argc; k++)
            used += (size_t)snprintf(text + used, sizeof text - used, "[%s]", p.stage[i].argv[k]);
        assert_null(p.stage[i].argv[p.stage[i].argc]);
    }
    if (p.background)
        strcat(text, "&");
    pipeline_free(&p);
    return text;
}

static void words_and_stages(void **state)
{
    (void)state;
    assert_string_equal(parse(""), "");
    assert_string_equal(parse("  \t\r\n"), "");
    assert_string_equal(parse("# nothing"), "");
    assert_string_equal(parse("cat"), "[cat]");
    assert_string_equal(parse(" cat  a\tb # c"), "[cat][a][b]");
    assert_string_equal(parse("cat a#b"), "[cat][a#b]");
    assert_string_equal(parse("a|b |c| d e"), "[a]|[b]|[c]|[d][e]");
    assert_string_equal(parse("spin&"), "[spin]&");
    assert_string_equal(parse("a | b & "), "[a]|[b]&");
}

static void quotes(void **state)
{
    (void)state;
    assert_string_equal(parse("echo 'a  |b' \"c & d\" \"\" ''"), "[echo][a  |b][c & d][][]");
    assert_string_equal(parse("echo a'b'\"c\"d"), "[echo][abcd]");
    assert_string_equal(parse("echo \\| \\' \\\\ a\\ b"), "[echo][|]['][\\][a b]");
    assert_string_equal(parse("echo \"\\\"\\\\\\n\" '\\'"), "[echo][\"\\\\n][\\]");
    assert_string_equal(parse("echo a\\"), "[echo][a\\]");
}

static void mistakes(void **state)
{
    static const char *const missing = "a program's name is missing before or after | or &";

    (void)state;
    assert_string_equal(parse("|"), missing);
    assert_string_equal(parse("a |"), missing);
    assert_string_equal(parse("a || b"), missing);
    assert_string_equal(parse("| a"), missing);
    assert_string_equal(parse("&"), missing);
    assert_string_equal(parse("a & b"), "nothing may come after &");
    assert_string_equal(parse("a & | b"), "nothing may come after &");
    assert_non_null(strstr(parse("cat < a"), "there is no < or >: `cat FILE | ...` reads a file"));
    assert_non_null(strstr(parse("echo a>b"), "there is no < or >"));
    assert_string_equal(parse("echo '<' \\> \"a>b\""), "[echo][<][>][a>b]");
    assert_string_equal(parse("echo 'x"), "a quote is not closed");
    assert_string_equal(parse("echo \"x\\"), "a quote is not closed");
}

/* Any line of these characters is taken apart, or refused, without a step beside its memory. */
static void anything(void **state)
{
    static const char letters[] = "ab |&'\"\\#\t<>";
    char line[24];
    unsigned r = 1;

    (void)state;
    for (unsigned round = 0; round < 200000; round++) {
        size_t n = round % sizeof line;

        for (size_t i = 0; i < n; i++) {
            r = r * 1103515245 + 12345;
            line[i] = letters[(r >> 16) % (sizeof letters - 1)];
        }
        line[n] = '\0';
        assert_non_null(parse(line));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_stages),
        cmocka_unit_test(quotes),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(anything),
    };

    return cmocka_run_group_tests_name("shell_parse", tests, NULL, NULL);
}
