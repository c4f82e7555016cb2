#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# When the first task ends, nobody is left to say so but the kernel.
. "$UKERN/tests/tap.sh"
cat >init.c <<'END_OF_INIT'
#include <string.h>
#include <ukern/task.h>

int main(void)
{
    const char *word = task_bootargs();

    if (strstr(word, "fault"))
        __asm__ volatile("str xzr, [%0]" ::"r"(0x18L));
    if (strstr(word, "kill"))
        task_kill(task_open(task_handle("system"), task_self(), UKERN_R_KILL), 9);
    task_exit(3);
}
END_OF_INIT
printf '%s\n' 'IMAGE := ends' 'PROGRAMS := init' 'SDK_TASKS :=' "include $UKERN/sdk.mk" >Makefile
make -s UKERN_BUILD="$UKERN_BUILD" BUILD=made >make.log 2>&1 || sed 's/^/# /' make.log

# ends WORD TEXT: booted with WORD the system stops with an error, and says TEXT.
ends() {
    status=0
    "$UKERN/tools/run" -n -t 20 -a "semihosting $1" made/ends.img >out 2>/dev/null || status=$?
    [ $status = 1 ] && says out "$2"
}
ok "init exits" ends exit "ukern: init has ended (code 3): the system stops"
ok "init is killed" ends kill "ukern: init has ended (killed with code 9): the system stops"
ok "init faults" ends fault "ukern: init has ended (fault at 0x"
ok "and the address is told" says out ", address 0x18): the system stops"
finish
