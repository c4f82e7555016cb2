/* SPDX-License-Identifier: BSD-2-Clause */
/* A filter: standard input in capital letters. There is nothing of ukern in it. */
#include <ctype.h>
#include <stdio.h>

int main(void)
{
    int c;

    while ((c = getchar()) != EOF) {
        putchar(toupper(c));
        if (c == '\n')
            fflush(stdout); /* somebody waits for this line */
    }
    return ferror(stdin) ? 1 : 0;
}
