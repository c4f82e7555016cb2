/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  What lwIP asks about the compiler and the system. */
#ifndef NETSERV_ARCH_CC_H
#define NETSERV_ARCH_CC_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#define LWIP_TIMEVAL_PRIVATE 0
#ifndef SSIZE_MAX
#define SSIZE_MAX INT64_MAX /* the C library has ssize_t */
#endif

/** The sum of lwIP's checksums, eight bytes at a time (checksum.c). */
uint16_t checksum(const void *data, int length);
/** Random enough to be no port or sequence number that a stranger would guess at once (link.c). */
uint32_t link_random(void);

#define LWIP_CHKSUM checksum
#define LWIP_RAND() link_random()

#define LWIP_PLATFORM_DIAG(x)                                                                      \
    do {                                                                                           \
        printf x;                                                                                  \
    } while (0)
#define LWIP_PLATFORM_ASSERT(x)                                                                    \
    do {                                                                                           \
        fprintf(stderr, "netserv: lwIP: %s (%s:%d)\n", x, __FILE__, __LINE__);                     \
        abort();                                                                                   \
    } while (0)

#endif
