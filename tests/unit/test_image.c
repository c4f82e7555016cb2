/* SPDX-License-Identifier: BSD-2-Clause */
/* libuser/init/image.c: the image description; every mistake is named, and what is right is taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../libuser/init/image.h"

static char text[2048], said[2048];
static struct image image;

static void complain(void *context, unsigned line, const char *sentence)
{
    size_t used = strlen(said);

    (void)context;
    snprintf(said + used, sizeof said - used, "%u: %s\n", line, sentence);
}

static void forget(void)
{
    for (unsigned i = 0; i < image.count; i++) {
        free(image.tasks[i].provides.word);
        free(image.tasks[i].uses.word);
        free(image.tasks[i].devices.word);
        free(image.tasks[i].args.word);
    }
    free(image.tasks);
    image = (struct image){0};
}

static int parse(const char *description)
{
    forget();
    snprintf(text, sizeof text, "%s", description);
    said[0] = '\0';
    return image_parse(text, &image, complain, NULL);
}

static void the_example(void **state)
{
    const struct image_task *t;

    (void)state;
    assert_int_equal(parse("pipeserv.provides pipe\n"
                           "TASKS console pipeserv\tshell\n"
                           "pipeserv.restart always\n"
                           "\n# a comment\n"
                           "shell.uses pipe console archive\r\n"
                           "shell.memory 1M\n"
                           "shell.stack 0x8000\n"
                           "shell.program sh\n"
                           "shell.priority 7\n"
                           "shell.args -c  demo\n"
                           "shell.rights inspect kill power\n"
                           "console.devices pl011"),
                     UKERN_OK);
    assert_string_equal(said, "");
    assert_int_equal(image.count, 3);
    t = &image.tasks[2];
    assert_string_equal(t->name, "shell");
    assert_string_equal(t->program, "sh");
    assert_int_equal(t->uses.count, 3);
    assert_string_equal(t->uses.word[2], "archive");
    assert_int_equal(t->memory, 1 << 20);
    assert_int_equal(t->stack, 0x8000);
    assert_int_equal(t->priority, 7);
    assert_int_equal(t->args.count, 2);
    assert_string_equal(t->args.word[1], "demo");
    assert_int_equal(t->rights, UKERN_R_INSPECT | UKERN_R_KILL | UKERN_R_POWER);
    assert_int_equal(t->restart, SUPERVISOR_NEVER);
    assert_int_equal(image.tasks[1].restart, SUPERVISOR_ALWAYS);
    assert_int_equal(image.tasks[1].priority, -1);
    assert_string_equal(image.tasks[0].devices.word[0], "pl011");
    assert_ptr_equal(image_provider(&image, "pipe"), &image.tasks[1]);
    assert_null(image_provider(&image, "pip"));
}

static void no_tasks(void **state)
{
    (void)state;
    assert_int_equal(parse(""), UKERN_ENOENT);
    assert_int_equal(parse("a.memory 1M"), UKERN_ENOENT);
    assert_int_equal(parse("TASKS"), UKERN_ENOENT);
}

static void one_mistake(const char *line, const char *sentence)
{
    char description[256], expected[256];

    snprintf(description, sizeof description, "TASKS a b\n%s\nb.memory 2M", line);
    snprintf(expected, sizeof expected, "2: %s\n", sentence);
    assert_int_equal(parse(description), UKERN_OK);
    assert_string_equal(said, expected);
    assert_int_equal(image.count, 2);
    assert_int_equal(image.tasks[1].memory, 2 << 20);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    one_mistake("c.memory 1M", "c.memory: there is no such task in TASKS");
    one_mistake("a.memroy 1M", "a.memroy: there is no such property");
    one_mistake("TASK a", "TASK: there is no such setting");
    one_mistake("TASKS a", "task a is named twice");
    one_mistake("TASKS x.y", "\"x.y\" cannot be a task's name: it is too long or has a dot in it");
    one_mistake("a.memory", "a.memory wants a size, as 512K or 16M");
    one_mistake("a.memory -1", "a.memory wants a size, as 512K or 16M");
    one_mistake("a.memory 1Mx", "a.memory wants a size, as 512K or 16M");
    one_mistake("a.memory 0", "a.memory wants a size, as 512K or 16M");
    one_mistake("a.memory 99999999999999999999", "a.memory wants a size, as 512K or 16M");
    one_mistake("a.memory 18446744073709551615K", "a.memory wants a size, as 512K or 16M");
    one_mistake("a.priority 64", "a.priority wants a number from 0 to 63");
    one_mistake("a.priority 1x", "a.priority wants a number from 0 to 63");
    one_mistake("a.priority -1", "a.priority wants a number from 0 to 63");
    one_mistake("a.restart perhaps", "a.restart wants always, on-failure or never");
    one_mistake("a.program x y", "a.program wants the name of one program");
    one_mistake("a.rights kill fly",
                "a.rights: there is no right \"fly\"; it may be inspect, kill, "
                "log, power, device");
    assert_int_equal(image.tasks[0].rights, UKERN_R_KILL);
}

static void the_first_setting_counts(void **state)
{
    (void)state;
    assert_int_equal(parse("TASKS a\na.memory 1M\na.memory 2M\n"), UKERN_OK);
    assert_string_equal(said, "3: a.memory is set twice; the first one counts\n");
    assert_int_equal(image.tasks[0].memory, 1 << 20);
}

/* Lines put together from right and wrong pieces: no crash, no leak. */
static void anything(void **state)
{
    static const char *const pieces[] = {"TASKS",  "a",   "b",  ".",      "memory", " ",
                                         "\n",     "1M",  "\t", "always", "rights", "provides",
                                         "a.args", "#x ", "\r", "a.uses"};
    unsigned r = 7;

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        char description[512] = "TASKS a b\n";

        for (unsigned i = 0; i < round % 40; i++) {
            r = r * 1103515245 + 12345;
            strcat(description, pieces[(r >> 16) % (sizeof pieces / sizeof pieces[0])]);
        }
        assert_int_equal(parse(description), UKERN_OK);
    }
    forget();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example),        cmocka_unit_test(no_tasks),
        cmocka_unit_test(mistakes_are_named), cmocka_unit_test(the_first_setting_counts),
        cmocka_unit_test(anything),
    };

    return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
