/* SPDX-License-Identifier: BSD-2-Clause */
/* upper: standard input in capital letters. */
#include <ctype.h>
#include "io.h"

int main(void)
{
    size_t n;

    while ((n = io_read("upper", STDIN_FILENO, "standard input")) > 0) {
        for (size_t i = 0; i < n; i++)
            io_buffer[i] = (char)toupper((unsigned char)io_buffer[i]);
        io_write("upper", io_buffer, n);
    }
    return 0;
}
