/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "iperf.h"

#define MIB 1048576.0

void report(const char *way, const char *peer, uint64_t bytes, uint64_t nanoseconds,
            const char *end)
{
    double seconds = (double)(nanoseconds > 0 ? nanoseconds : 1) / (double)SECOND;
    double rate = (double)bytes / seconds;

    printf("iperf: %s %s: %.1f MiB in %.2f s, %.1f MiB/s, %.*f Mbit/s%s", way, peer,
           (double)bytes / MIB, seconds, rate / MIB, rate < 1250000 ? 2 : 0, rate * 8 / 1e6, end);
    fflush(stdout);
}

void report_count(const struct iperf_count *c)
{
    printf(", %u of %u lost, jitter %.3f ms\n", iperf_lost(c), (unsigned)c->highest,
           c->jitter / 1000);
    fflush(stdout);
}
