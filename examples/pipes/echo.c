/* SPDX-License-Identifier: BSD-2-Clause */
/* echo [-n] [WORD...]: the words; -n: without the end of the line. */
#include "io.h"

int main(int argc, char **argv)
{
    int first = argc > 1 && strcmp(argv[1], "-n") == 0 ? 2 : 1;

    for (int i = first; i < argc; i++)
        printf("%s%s", i > first ? " " : "", argv[i]);
    if (first == 1)
        putchar('\n');
    if (fflush(stdout) != 0)
        io_fail("echo", "standard output");
    return 0;
}
