#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# How a program ends reaches the shell, and what the first task says of ends.
. "$UKERN/tests/sdk/outside.sh"

cat >end.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    (void)argc;
    puts("here");
    if (strcmp(argv[1], "fault") == 0)
        *(volatile int *)8 = 1;
    return atoi(argv[1]);
}
END
# ends HOW STATUS: the only task ends so, and make ends with this status.
ends() {
    makefile 'TASKS := end' "end.args := $1"
    status=0
    make run TIMEOUT=60 >"$out" 2>&1 </dev/null || status=$?
    [ $status = "$2" ] && says "$out" here
}
ok "a program that ends with 0: make run is content" ends 0 0
ok "the first task has nothing to say" lacks "$out" "init:"
ok "one that ends with 3: make run fails" ends 3 2
ok "the first task says so" says "$out" "init: task end ended with code 3"
ok "make names the number" says "$out" "run] Error 3"
status=0
"$prefix/lib/ukern-$version/tools/run" -s -n -t 60 build/project.img >"$out" 2>&1 || status=$?
ok "booted in another way, the image makes no call to the simulator" [ $status = 0 ]
ok "a fault" ends fault 2
ok "is told once" [ "$(grep -c 'init: task end' "$out")" = 1 ]
ok "with the line" says "$out" "in main (end.c:10)"

echo 'int main(void) { return 0; }' >early.c
makefile 'TASKS := early end' 'end.args := 0' 'early.provides := dawn'
ok "a server that ends with 0 is told of" sh -c "make -s run TIMEOUT=60 </dev/null | grep -q 'init: task early ended with code 0; nobody serves port dawn any more'"

cat >asleep.c <<'END'
#include <ukern/irq.h>

int main(void)
{
    clock_sleep(600000000000);
    return 0;
}
END
makefile 'TASKS := asleep'
ok "a program that does not end within TIMEOUT" refuses "run: it had not ended after 2 seconds: stopped (TIMEOUT)" run TIMEOUT=2
finish
