/* SPDX-License-Identifier: BSD-2-Clause */
/* libuser/init/fdt.c: devices are found, and a tree of any content does no harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../../libuser/init/fdt.h"
#include <ukern/abi/errors.h>

#define NODES_AT   64
#define STRINGS_AT 1536
#define BLOB_SIZE  2048

static unsigned char blob[BLOB_SIZE];
static size_t nodes, strings;

static void put32(size_t at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        blob[at + (size_t)i] = (unsigned char)(value >> (24 - 8 * i));
}

static void cell(uint32_t value)
{
    put32(NODES_AT + nodes, value);
    nodes += 4;
}

static void begin(const char *name)
{
    cell(1);
    memcpy(blob + NODES_AT + nodes, name, strlen(name) + 1);
    nodes += (strlen(name) + 4) & ~(size_t)3;
}

static void end(void)
{
    cell(2);
}

static void property(const char *name, const void *value, size_t size)
{
    cell(3);
    cell((uint32_t)size);
    cell((uint32_t)strings);
    memcpy(blob + STRINGS_AT + strings, name, strlen(name) + 1);
    strings += strlen(name) + 1;
    memcpy(blob + NODES_AT + nodes, value, size);
    nodes += (size + 3) & ~(size_t)3;
}

static void text(const char *name, const char *value)
{
    property(name, value, strlen(value) + 1);
}

static void numbers(const char *name, unsigned count, const uint32_t *value)
{
    unsigned char cells[32];

    for (unsigned i = 0; i < count; i++)
        for (unsigned k = 0; k < 4; k++)
            cells[4 * i + k] = (unsigned char)(value[i] >> (24 - 8 * k));
    property(name, cells, 4 * (size_t)count);
}

static void uart(const char *name, uint32_t base, uint32_t line)
{
    begin(name);
    property("compatible", "arm,pl011\0arm,primecell", 24);
    numbers("reg", 4, (const uint32_t[]){0, base, 0, 0x1000});
    numbers("interrupts", 3, (const uint32_t[]){0, line, 4});
}

static void finish(void)
{
    cell(9);
    put32(0, 0xd00dfeed);
    put32(4, BLOB_SIZE);
    put32(8, NODES_AT);
    put32(12, STRINGS_AT);
    put32(20, 17);
    put32(24, 16);
    put32(32, (uint32_t)strings);
    put32(36, (uint32_t)nodes);
}

static int make_tree(void **state)
{
    (void)state;
    memset(blob, 0, sizeof blob);
    nodes = strings = 0;
    begin("");
    numbers("#address-cells", 1, (const uint32_t[]){2});
    numbers("#size-cells", 1, (const uint32_t[]){2});
    uart("uart@9000000", 0x9000000, 1);
    end();
    uart("uart@9100000", 0x9100000, 2);
    text("status", "disabled");
    end();
    cell(4); /* nothing */
    begin("soc");
    numbers("#address-cells", 1, (const uint32_t[]){1});
    numbers("#size-cells", 1, (const uint32_t[]){1});
    property("ranges", "", 0);
    begin("timer@a000000");
    text("compatible", "arm,timer");
    numbers("reg", 2, (const uint32_t[]){0xa000000, 0x200});
    numbers("interrupts", 3, (const uint32_t[]){1, 14, 4});
    end();
    end();
    begin("far");
    numbers("#address-cells", 1, (const uint32_t[]){2});
    numbers("#size-cells", 1, (const uint32_t[]){2});
    uart("uart@0", 0, 3); /* not at an address of the CPU's */
    end();
    end();
    uart("uart@9200000", 0x9200000, 4);
    end();
    end();
    finish();
    return 0;
}

static int find(const char *compatible, unsigned n, struct fdt_device *d)
{
    struct fdt fdt;
    int error = fdt_open(&fdt, blob, sizeof blob);

    return error != UKERN_OK ? error : fdt_find(&fdt, compatible, n, d);
}

static void devices_are_found(void **state)
{
    struct fdt_device d;

    (void)state;
    assert_int_equal(find("arm,pl011", 0, &d), UKERN_OK);
    assert_int_equal(d.base, 0x9000000);
    assert_int_equal(d.size, 0x1000);
    assert_true(d.has_irq);
    assert_int_equal(d.irq, 33);
    assert_int_equal(find("arm,primecell", 1, &d), UKERN_OK);
    assert_int_equal(d.base, 0x9200000);
    assert_int_equal(find("arm,pl011", 2, &d), UKERN_ENOENT);
    assert_int_equal(find("arm,timer", 0, &d), UKERN_OK);
    assert_int_equal(d.base, 0xa000000);
    assert_int_equal(d.size, 0x200);
    assert_int_equal(d.irq, 30);
    assert_int_equal(find("arm,pl01", 0, &d), UKERN_ENOENT);
    assert_int_equal(find("", 0, &d), UKERN_ENOENT);
}

static void lying_headers_are_refused(void **state)
{
    static const struct {
        size_t at;
        uint32_t value;
    } lies[] = {{0, 0xd00dfeee}, {4, BLOB_SIZE + 1}, {8, 65},          {8, 0xfffffffc},
                {12, BLOB_SIZE}, {12, 0xffffffff},   {20, 16},         {24, 18},
                {32, 0},         {32, BLOB_SIZE},    {36, 0xffffffff}, {36, BLOB_SIZE}};
    struct fdt fdt;

    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        make_tree(NULL);
        put32(lies[i].at, lies[i].value);
        assert_int_equal(fdt_open(&fdt, blob, sizeof blob), UKERN_EINVAL);
    }
    make_tree(NULL);
    for (size_t n = 0; n < sizeof blob; n += 7)
        assert_int_equal(fdt_open(&fdt, blob, n), UKERN_EINVAL);
}

static void a_tree_that_ends_too_early(void **state)
{
    struct fdt_device d;

    (void)state;
    for (uint32_t n = 0; n < nodes; n += 4) {
        put32(36, n);
        assert_int_equal(find("nothing", 0, &d), UKERN_EINVAL);
    }
}

/* Any byte changed, in a copy of just the tree's size: whatever the answer, no access beside it. */
static void changed_bytes(void **state)
{
    static unsigned char good[BLOB_SIZE];
    struct fdt_device d;
    unsigned r = 3;

    (void)state;
    memcpy(good, blob, sizeof good);
    for (unsigned round = 0; round < 200000; round++) {
        memcpy(blob, good, sizeof blob);
        for (unsigned i = 0; i <= round % 3; i++) {
            r = r * 1103515245 + 12345;
            blob[NODES_AT + (r >> 12) % nodes] = (unsigned char)(r >> 4);
        }
        find("arm,pl011", round % 4, &d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(devices_are_found, make_tree),
        cmocka_unit_test_setup(lying_headers_are_refused, make_tree),
        cmocka_unit_test_setup(a_tree_that_ends_too_early, make_tree),
        cmocka_unit_test_setup(changed_bytes, make_tree),
    };

    return cmocka_run_group_tests_name("fdt", tests, NULL, NULL);
}
