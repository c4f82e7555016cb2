/* SPDX-License-Identifier: BSD-2-Clause */
/* yes [WORD]: the word, "y" if not said, line after line until nobody reads. */
#include "io.h"

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "y";
    size_t length = strlen(word) + 1, used = 0;

    if (length > sizeof io_buffer)
        return 2;
    for (; used + length <= sizeof io_buffer; used += length) {
        memcpy(io_buffer + used, word, length - 1);
        io_buffer[used + length - 1] = '\n';
    }
    for (;;)
        io_write("yes", io_buffer, used);
}
