/* SPDX-License-Identifier: BSD-2-Clause */
/* libuser/backtrace.c: stacks that are right, broken and hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <ukern/archive.h>
#include <ukern/backtrace.h>
#include <ukern/task.h>

/* ---- A task: 16 words of stack at 0x1000, and an archive of one table. ---- */

#define BASE UINT64_C(0x1000)
static uint64_t stack[16];
static struct ukern_regs regs;
static int regs_status;
static unsigned char table[128];
static size_t table_size;

int task_regs(ukern_handle task, struct ukern_regs *out)
{
    assert_int_equal(task, 9);
    *out = regs;
    return regs_status;
}

int64_t task_read(ukern_handle task, uint64_t address, void *to, size_t n)
{
    assert_int_equal(task, 9);
    assert_int_equal(n, 8);
    if (address < BASE || address > BASE + sizeof(stack) - 8 || address % 8)
        return UKERN_EFAULT;
    memcpy(to, &stack[(address - BASE) / 8], 8);
    return 8;
}

int archive_open(const void **archive, size_t *size)
{
    *archive = table;
    *size = table_size;
    return table_size ? UKERN_OK : UKERN_ENOENT;
}

int archive_find(const void *archive, size_t size, const char *name, struct archive_file *file)
{
    assert_ptr_equal(archive, table);
    if (strcmp(name, "cat.sym") != 0)
        return UKERN_ENOENT;
    *file = (struct archive_file){.name = "cat.sym", .data = archive, .size = size};
    return UKERN_OK;
}

static int begin(void **state)
{
    (void)state;
    memset(stack, 0, sizeof(stack));
    regs = (struct ukern_regs){.pc = 0x400000, .x[29] = BASE};
    regs_status = UKERN_OK;
    table_size = 0;
    return 0;
}

static void frame(unsigned at, uint64_t next, uint64_t pc)
{
    stack[at] = next;
    stack[at + 1] = pc;
}

static void test_walk(void **state)
{
    uint64_t pcs[8];

    (void)state;
    frame(0, BASE + 32, 0x400100);
    frame(4, BASE + 64, 0x1234008000400200); /* signed */
    frame(8, 0, 0x400300);
    assert_int_equal(backtrace_walk(9, pcs, 8), 4);
    assert_int_equal(pcs[0], 0x400000);
    assert_int_equal(pcs[1], 0x400100);
    assert_int_equal(pcs[2], 0x400200);
    assert_int_equal(pcs[3], 0x400300);
    assert_int_equal(backtrace_walk(9, pcs, 2), 2);
    assert_int_equal(backtrace_walk(9, pcs, 0), 0);
    regs_status = UKERN_EPEER;
    assert_int_equal(backtrace_walk(9, pcs, 8), 0);
}

static void test_broken_stacks(void **state)
{
    static const uint64_t bad[] = {0, 4, 0xfff, BASE + 4, UINT64_MAX, UINT64_MAX - 7, BASE + 128};
    uint64_t pcs[8];

    (void)state;
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        regs.x[29] = bad[i];
        assert_int_equal(backtrace_walk(9, pcs, 8), 1);
        regs.x[29] = BASE;
        frame(0, bad[i], 0x400100);
        assert_int_equal(backtrace_walk(9, pcs, 8), 2);
    }
    frame(0, BASE, 0x400100); /* itself */
    assert_int_equal(backtrace_walk(9, pcs, 8), 2);
    frame(0, BASE + 16, 0x400100);
    frame(2, BASE, 0x400200); /* back: a circle */
    assert_int_equal(backtrace_walk(9, pcs, 8), 3);
    frame(0, BASE + 120, 0x400100); /* a frame across the end of the stack */
    assert_int_equal(backtrace_walk(9, pcs, 8), 2);
}

static void put(unsigned word, uint32_t value)
{
    memcpy(table + 4 * word, &value, 4);
}

/* main at 0x400000, 0x40 bytes, cat.c:12. */
static void make_table(void)
{
    static const char strings[] = "main\0cat.c";

    put(0, UKERN_SYMTAB_MAGIC);
    put(1, 1);
    put(2, 1);
    put(3, 1);
    put(4, sizeof(strings));
    put(5, 0x400000);
    put(6, 0);
    put(7, 0), put(8, 0x40), put(9, 0);
    put(10, 0), put(11, 12);
    put(12, 5);
    memcpy(table + 4 * 13, strings, sizeof(strings));
    table_size = 4 * 13 + sizeof(strings);
}

static void test_lines(void **state)
{
    char line[100];

    (void)state;
    backtrace_line(line, sizeof(line), "cat", 0, 0x400010);
    assert_string_equal(line, "  #0 0x400010");
    make_table();
    backtrace_line(line, sizeof(line), "cat", 0, 0x400010);
    assert_string_equal(line, "  #0 0x400010 in main (cat.c:12)");
    backtrace_line(line, sizeof(line), "cat", 1, 0x400040); /* after the last instruction */
    assert_string_equal(line, "  #1 0x400040 in main (cat.c:12)");
    backtrace_line(line, sizeof(line), "cat", 0, 0x400040);
    assert_string_equal(line, "  #0 0x400040");
    backtrace_line(line, sizeof(line), "cat", 1, 0);
    assert_string_equal(line, "  #1 0x0");
    backtrace_line(line, sizeof(line), "dog", 0, 0x400010);
    assert_string_equal(line, "  #0 0x400010");
    put(11, 0); /* no line */
    backtrace_line(line, sizeof(line), "cat", 0, 0x400010);
    assert_string_equal(line, "  #0 0x400010 in main");
    assert_true(backtrace_line(line, 8, "cat", 0, 0x400010) > 8);
    assert_int_equal(strlen(line), 7);
}

static void test_long_name(void **state)
{
    char name[300];
    struct ukern_symbol symbol;

    (void)state;
    make_table();
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_false(backtrace_symbol(name, 0x400000, &symbol));
}

static void test_causes(void **state)
{
    char line[100];
    uint64_t w[UKERN_MSG_WORDS] = {UKERN_FAULT_WRITE, 0x92000046, 0x10};

    (void)state;
    backtrace_cause(line, sizeof(line), w);
    assert_string_equal(line, "wrote to 0x10, which is not mapped for writing");
    for (w[0] = 0; w[0] <= UKERN_FAULT_OTHER + 1; w[0]++)
        assert_true(backtrace_cause(line, sizeof(line), w) > 20);
    w[0] = UINT64_MAX;
    backtrace_cause(line, sizeof(line), w);
    assert_string_equal(line, "exception with syndrome 0x92000046");
}

static void collect(void *context, const char *line)
{
    strcat(context, line);
    strcat(context, "\n");
}

static const char *printed(void)
{
    static char text[400];

    text[0] = '\0';
    backtrace_print(9, "cat", collect, text);
    return text;
}

static void test_print(void **state)
{
    (void)state;
    make_table();
    frame(0, 0, 0x400020);
    regs.x[30] = 0x400020; /* the frame has just been made */
    assert_string_equal(printed(),
                        "  #0 0x400000 in main (cat.c:12)\n  #1 0x400020 in main (cat.c:12)\n");
    regs.x[30] = 0x400010; /* a call that has returned */
    assert_string_equal(printed(),
                        "  #0 0x400000 in main (cat.c:12)\n  #1 0x400020 in main (cat.c:12)\n");
    regs_status = UKERN_EPEER;
    assert_string_equal(printed(), "");
}

static void test_no_frame(void **state)
{
    (void)state;
    make_table();
    frame(0, 0, 0x400020);
    regs.pc = 0x700000; /* a jump into nowhere */
    regs.x[30] = 0x5500000000400010;
    assert_string_equal(printed(), "  #0 0x700000\n  #1 0x400010 in main (cat.c:12)\n"
                                   "  #2 0x400020 in main (cat.c:12)\n");
    regs.x[29] = 0;
    assert_string_equal(printed(), "  #0 0x700000\n  #1 0x400010 in main (cat.c:12)\n");
    regs.x[30] = 0x800000; /* leads nowhere, too */
    assert_string_equal(printed(), "  #0 0x700000\n");
    regs.x[30] = 0;
    assert_string_equal(printed(), "  #0 0x700000\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_walk, begin),
        cmocka_unit_test_setup(test_broken_stacks, begin),
        cmocka_unit_test_setup(test_lines, begin),
        cmocka_unit_test_setup(test_long_name, begin),
        cmocka_unit_test_setup(test_causes, begin),
        cmocka_unit_test_setup(test_print, begin),
        cmocka_unit_test_setup(test_no_frame, begin),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
