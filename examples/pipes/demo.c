/* SPDX-License-Identifier: BSD-2-Clause */
/* A pipe to oneself: twelve bytes go in, twelve come out, and a server task kept them meanwhile. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ukern/error.h>

#include "pipe_client.h"

int main(void)
{
    static const char message[] = "Hello, pipe!";
    char buffer[64];
    ssize_t n;
    int fds[2] = {-1, -1}, error;

    setvbuf(stdout, NULL, _IOLBF, 0); /* pipeserv prints, too: keep the order */
    printf("--- Pipe Test ---\n");
    error = pipe_create(fds, PIPE_ANNOUNCE, 0);
    if (error != UKERN_OK) {
        printf("No pipe: %s\n", ukern_strerror(error));
        return 1;
    }
    printf("Created pipe: read_fd=%d, write_fd=%d\n", fds[0], fds[1]);

    n = write(fds[1], message, strlen(message));
    printf("Wrote %d bytes to pipe\n", (int)n);

    n = read(fds[0], buffer, sizeof buffer);
    printf("Read from pipe: %.*s\n", (int)(n > 0 ? n : 0), buffer);

    close(fds[0]);
    close(fds[1]);
    printf("Pipe closed\n");
    return n == (ssize_t)strlen(message) && memcmp(buffer, message, (size_t)n) == 0 ? 0 : 1;
}
