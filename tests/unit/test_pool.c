/* SPDX-License-Identifier: BSD-2-Clause */
/* examples/pipes/pipeserv/pool.c: pages come, are filled, and go back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>
#include <ukern/abi/errors.h>
#include <ukern/abi/types.h>
#include <ukern/memory.h>

#include "../../examples/pipes/pipeserv/pool.h"

#define RECORDS 1000

static unsigned pages, most = UINT32_MAX;

int mem_map(size_t size, void **address)
{
    assert_int_equal(size, UKERN_PAGE_SIZE);
    if (pages == most)
        return UKERN_ENOMEM;
    *address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(*address, MAP_FAILED);
    pages++;
    return UKERN_OK;
}

int shm_unmap(void *address)
{
    pages--;
    return munmap(address, UKERN_PAGE_SIZE);
}

/* Each record has its own bytes, in whatever order they come and go; all but one page go back. */
static void test_comes_and_goes(void **state)
{
    static const size_t sizes[] = {8, 40, 48, 104, 1000, 2000};
    static unsigned char *record[RECORDS];

    (void)state;
    for (unsigned k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        struct pool p = {.size = sizes[k]};
        unsigned full, each = (UKERN_PAGE_SIZE - 48) / (unsigned)sizes[k];

        pages = 0;
        for (unsigned round = 0; round < 3; round++) {
            for (unsigned i = 0; i < RECORDS; i++) {
                if (record[i] != NULL)
                    continue;
                record[i] = pool_take(&p);
                assert_non_null(record[i]);
                memset(record[i], (int)(i & 0xff), sizes[k]);
            }
            full = pages;
            assert_in_range(full, RECORDS / (each + 1), RECORDS / each + 1);
            for (unsigned i = round; i < RECORDS; i += round + 1) {
                for (size_t b = 0; b < sizes[k]; b++)
                    assert_int_equal(record[i][b], i & 0xff);
                pool_give(&p, record[i]);
                record[i] = NULL;
            }
        }
        for (unsigned i = 0; i < RECORDS; i++) {
            if (record[i] != NULL)
                pool_give(&p, record[i]);
            record[i] = NULL;
        }
        assert_int_equal(pages, 1);
    }
}

static void test_no_memory(void **state)
{
    struct pool p = {.size = 2000};
    void *a, *b;

    (void)state;
    pages = 0;
    most = 1;
    a = pool_take(&p);
    b = pool_take(&p);
    assert_true(a && b);
    assert_null(pool_take(&p));
    pool_give(&p, a);
    assert_ptr_equal(pool_take(&p), a);
    pool_give(&p, a);
    pool_give(&p, b);
    assert_int_equal(pages, 1);
    most = UINT32_MAX;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_and_goes),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
