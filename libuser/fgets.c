/* SPDX-License-Identifier: BSD-2-Clause */
/* In the place of the C library's (picolibc 1.8), which drops a last line that has no newline. */
#include <stdio.h>

char *fgets(char *line, int size, FILE *stream)
{
    int used = 0, c = 0;

    if (size <= 0)
        return NULL;
    while (used < size - 1 && c != '\n') {
        c = getc(stream);
        if (c == EOF)
            break;
        line[used++] = (char)c;
    }
    if (c == EOF && (used == 0 || ferror(stream)))
        return NULL;
    line[used] = '\0';
    return line;
}
