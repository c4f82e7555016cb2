/* SPDX-License-Identifier: BSD-2-Clause */
/* sleep SECONDS: with a fraction, if you like. */
#include <stdio.h>
#include <stdbool.h>
#include <stdint.h>
#include <ukern/irq.h>

#define SECOND 1000000000u

/* Digits, a point and more digits, as nanoseconds. */
static bool parse(const char *text, uint64_t *nanoseconds)
{
    uint64_t unit = SECOND;
    bool fraction = false;

    *nanoseconds = 0;
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text == '.' && !fraction) {
            fraction = true;
        } else if (*text < '0' || *text > '9' || *nanoseconds > UINT64_MAX / 100) {
            return false;
        } else if (fraction) {
            unit /= 10;
            *nanoseconds += unit * (uint64_t)(*text - '0');
        } else {
            *nanoseconds = *nanoseconds * 10 + SECOND * (uint64_t)(*text - '0');
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    uint64_t nanoseconds;

    if (argc != 2 || !parse(argv[1], &nanoseconds)) {
        fprintf(stderr, "usage: sleep SECONDS\n");
        return 2;
    }
    clock_sleep(nanoseconds);
    return 0;
}
