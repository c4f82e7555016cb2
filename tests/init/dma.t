#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Memory of a driver whose device init cannot reset: the next one has it, as it is; but what the driver has taken back for
# itself is made anew. There is memory for three pieces as the first, and there are four.
. "$UKERN/tests/tap.sh"
cat >driver.c <<'END_OF_DRIVER'
#include <stdio.h>
#include <ukern/error.h>
#include <ukern/memory.h>
#include <ukern/task.h>

/* How it takes its first two pieces back in each life. */
static int (*const take_back[])(ukern_handle) = {shm_revoke, shm_destroy, shm_revoke};

int main(void)
{
    static const char *const names[] = {"dma0", "dma1", "dma2"};
    int *piece[3], error, life;

    for (int i = 0; i < 3; i++) {
        error = shm_map(task_handle(names[i]), 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, (void **)&piece[i]);
        if (error != UKERN_OK) {
            printf("%s: %s\n", names[i], ukern_strerror(error));
            return 0;
        }
    }
    life = ++*piece[2];
    printf("life %d: %d %d\n", life, ++*piece[0], ++*piece[1]);
    if (life > 3)
        return 0;
    for (int i = 0; i < 2; i++) {
        error = take_back[life - 1](task_handle(names[i]));
        if (error != UKERN_OK)
            printf("it cannot take %s back: %s\n", names[i], ukern_strerror(error));
    }
    return 1;
}
END_OF_DRIVER
cat >Makefile <<END_OF_MAKEFILE
TASKS := driver
driver.devices := pl031
driver.dma := 32M 4K 4K
driver.uses := console
driver.restart := on-failure
include $UKERN/sdk.mk
END_OF_MAKEFILE
make -s UKERN_BUILD="$UKERN_BUILD" BUILD=made >make.log 2>&1 || sed 's/^/# /' make.log
status=0
"$UKERN/tools/run" -n -m 128M -t 60 -a semihosting made/*.img >out 2>/dev/null || status=$?
ok "the driver has four lives, as it wants" [ $status = 0 ]
for life in 1 2 3 4; do
    ok "life $life: what it took back is new, the rest is as it was" says out "life $life: 1 1"
done
ok "nothing else is said" lacks out "dma"
"$UKERN/tools/run" -n -m 48M -t 60 -a semihosting made/*.img >out 2>/dev/null
ok "where there is no memory for a piece, that is said" says out "init: task driver: there is no memory in one piece for the 32M of its .dma"
finish
