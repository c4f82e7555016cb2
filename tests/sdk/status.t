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

# ---- Nothing can happen any more, or something can.
cat >serve.c <<'END'
#include <stdlib.h>
#include <ukern/server.h>
#include <ukern/task.h>

int main(int argc, char **argv)
{
    static const struct server_handler handlers[] = {{0, NULL}};
    struct server s = {.port = task_handle("port"), .handlers = handlers};

    return argc > 1 ? atoi(argv[1]) : server_run(&s);
}
END
last="init: no task is left that could do anything: the machine is switched off"
# stops LINE...: the Makefile's image ends by itself, and not well; init says the first line, and that nothing is left.
stops() {
    line=$1
    shift
    makefile "$@"
    status=0
    make run TIMEOUT=60 >"$out" 2>&1 </dev/null || status=$?
    [ $status = 2 ] && says "$out" "$line" && says "$out" "$last" && lacks "$out" TIMEOUT
}
# stays LINE...: it waits for what may come.
stays() {
    makefile "$@"
    refuses "stopped (TIMEOUT)" run TIMEOUT=3
}
ok "a driver alone, whose device is absent" stops "init: serve.devices virtio-blk: this machine has no such device; serve is not started" \
    'TASKS := serve' 'serve.provides := disk' 'serve.devices := virtio-blk'
ok "a server alone that fails" stops "init: task serve ended with code 3; nobody serves port disk any more" \
    'TASKS := serve' 'serve.provides := disk' 'serve.args := 3'
ok "a program that does not fit" stops "init: task end: its .memory of 900000 KiB is more than the" \
    'TASKS := end serve' 'end.args := 0' 'end.memory := 900000K' 'serve.provides := disk' 'RAM := 1G' 'QEMU_FLAGS := -m 512M'
ok "a server alone that waits" stays 'TASKS := serve' 'serve.provides := disk'
ok "one of two, though the other has ended" stays 'TASKS := serve other' 'serve.provides := disk' 'other.provides := tape' 'other.program := serve' 'other.args := 3'
ok "two tasks that want the same device: one has it" stays 'TASKS := serve other' 'serve.provides := clock' 'serve.devices := pl031' \
    'other.program := serve' 'other.provides := alarm' 'other.devices := pl031'
ok "the other is told who" says "$out" "init: other.devices pl031: task serve has it already; other is not started"
makefile 'TASKS := serve end' 'serve.provides := disk' 'end.uses := disk console' 'end.args := 0'
ok "programs end the image, whoever serves" run make run TIMEOUT=60
makefile 'TASKS := end' 'SDK_TASKS :=' 'end.args := 3'
ok "an image without a console that ends badly" not run make run TIMEOUT=60
ok "says why all the same" says "$out" "init: task end ended with code 3"
finish
