/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Tests of pipes. The program is also what the tests spawn: `pipetest ROLE ...` plays a part on
 *  its standard input and output.
 */
#ifndef PIPETEST_H
#define PIPETEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ukern/task.h>

struct test {
    const char *sentence;
    void (*run)(void);
};

extern const struct test case_tests[], death_tests[]; /* each ends with a NULL sentence */

/** The test fails, but goes on. */
void check(bool good, const char *file, int line, const char *what, long is);

#define CHECK(x)    check((x), __FILE__, __LINE__, #x, 0)
#define EQUAL(x, y) equal((long)(x), (long)(y), __FILE__, __LINE__, #x " == " #y)

static inline void equal(long is, long wanted, const char *file, int line, const char *what)
{
    check(is == wanted, file, line, what, is);
}

/** The result of a read() or write(): bytes, or minus errno. */
long do_read(int fd, void *to, size_t n);
long do_write(int fd, const void *from, size_t n);

void nonblocking(int fd, bool on);

/**
 * Spawn this program in a role, with `in` and `out` as its standard input and output (-1: none).
 * @param a, b, c  numbers for the role.
 */
ukern_handle play(const char *role, int in, int out, long a, long b, long c);
/** Wait for its end and close the handle: its exit code, or 1000 + the reason if it did not end
 * itself. */
int ended(ukern_handle task);
/** Wait until a task waits for a server's reply: it is parked in a call. */
void until_parked(ukern_handle task);

#endif
