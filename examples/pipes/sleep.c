/* SPDX-License-Identifier: BSD-2-Clause */
/* sleep SECONDS: with a fraction, if you like. */
#include <stdio.h>
#include <stdlib.h>
#include <ukern/irq.h>

int main(int argc, char **argv)
{
    char *end = NULL;
    double seconds = argc == 2 ? strtod(argv[1], &end) : -1;

    if (end == NULL || *end != '\0' || !(seconds >= 0 && seconds < 1e9)) {
        fprintf(stderr, "usage: sleep SECONDS\n");
        return 2;
    }
    clock_sleep((uint64_t)(seconds * 1e9));
    return 0;
}
