#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# `make debug`: breakpoints in tasks that do not exist yet, and what the ukern commands show, wherever the machine stopped.
# shellcheck disable=SC2016 # gdb expands what stands in single quotes
. "$UKERN/tests/sdk/outside.sh"
command -v gdb-multiarch >/dev/null || {
    echo "1..0 # SKIP gdb-multiarch is not here: make setup installs it"
    exit 0
}

# Two programs whose main lies at the same address, and a third that is started again and again.
for name in first second; do
    cat >$name.c <<END
#include <stdio.h>

static int __attribute__((noinline)) twice(int n)
{
    printf("$name says %d\n", 2 * n);
    return 2 * n;
}

int main(void)
{
    return twice(21) != 42;
}
END
done
echo 'int main(void) { return 1; }' >again.c
cat >server.c <<'END'
#include <ukern/irq.h>
#include <ukern/server.h>
#include <ukern/task.h>

static const struct server_handler handlers[] = {{0, NULL}};

int main(void)
{
    struct server s = {.port = task_handle("port"), .handlers = handlers};

    clock_sleep(1000000);
    return server_run(&s);
}
END
makefile 'TASKS := server first second again' 'server.provides := nothing' 'again.restart := always'

# gdb: a session with the commands of standard input.
gdb() {
    cat >session
    make -s debug GDB_FLAGS='-batch -x session' >"$out" 2>&1 </dev/null
    grep -q 'The target architecture is set' "$out"
}
# shows PATTERN: some line of the session is that.
shows() {
    grep -qE -- "$1" "$out" || {
        sed 's/^/# /' "$out"
        return 1
    }
}

gdb <<'END'
ukern tasks
ukern break second
ukern break second twice
ukern break second no_such_function
ukern break secnd
ukern break
continue
frame
p/x $x0
backtrace
continue
backtrace
ukern symbols first
ukern symbols
print n
ukern tasks
ukern ports
ukern handles second
ukern handles
ukern pending
ukern bt
ukern bt console
print n
ukern bt nobody
ukern handles 99
next
END
ok "before the kernel has started, the commands say so" shows '^The kernel has not started yet'
ok "a breakpoint in a task that does not exist yet" shows '^second will stop in main at second.c:11$'
ok "in one of its functions, of which another program has one, too" shows '^second will stop in twice at second.c:5$'
ok "one that it has not" shows '^second: Function "no_such_function" not defined'
ok "a task that the image has not" shows '^There is no program secnd, but: .*\bsecond\b'
ok "no task at all" shows '^ukern break TASK \[PLACE\]: '
ok "the task stops" shows '^second stops:$'
ok "there" shows '^#0  main \(\) at \./second\.c:11$'
ok "twice" [ "$(grep -c '^second stops:$' "$out")" = 2 ]
# It has spoken by now, or, on a busy machine, is still on its way.
ok "the other did not, whose program is at the same address" shows '^first says 42|^ +[0-9]+  first +[0-9]+  (ready|waits .*)$'
ok "nor has this one gone on before" sh -c "! sed '/^#0  main/,\$d' $out | grep -q 'second says'"
ok "gdb's backtrace goes to main, and ends" sh -c "grep -qE '^#1 .* in main \(\) at \./second.c:11' $out && ! grep -q 'corrupt stack' $out"
ok "variables have values, also after a look at another task" [ "$(grep -c '^\$[0-9]* = 21$' "$out")" = 2 ]
ok "ukern tasks tells who runs" shows '^ +[0-9]+  second +16  runs$'
ok "and what others do" shows '^ +[0-9]+  console +48  (receives|ready|waits .*)$'
ok "ukern ports" shows '^0xffffff8[0-9a-f]+  console +[0-9]+  0x0 +serves$'
ok "has each port once" [ "$(sed -n '/^port  /,/^handle/p' "$out" | grep -c ' console ')" = 1 ]
ok "ukern handles TASK" shows '^ +16  port +0xffffff8'
ok "ukern handles is about all tasks" sh -c "for t in init console server second; do grep -qx \$t: $out || exit 1; done"
ok "ukern pending" shows '^[0-9]+ calls? (is|are) pending\.$'
ok "ukern bt is that of the one that runs" [ "$(grep -cE '^#1 .* in main \(\) at \./second.c:11' "$out")" = 2 ]
ok "ukern bt of another names function, file and line" shows '^#1  main \(libuser/console/main\.c:[0-9]+\)$'
ok "in each of its lines" [ "$(grep -cE '^#[0-9]+ +[a-z_]+ \([a-z/_]*\.[ch]:[0-9]+\)$' "$out")" -ge 3 ]
ok "a task that is not there" shows '^There is no task nobody; `ukern tasks` shows all\.$'
ok "by its id, too" shows '^There is no task 99; '
ok "the task goes on from where it was" shows '^second says 42'

# A port whose server has not come to receive.
gdb <<'END'
ukern break server clock_sleep
continue
ukern ports
break sys_system_power
break kernel_interrupt
continue
backtrace
END
ok "a port of a server that has not received yet" shows '^0xffffff8[0-9a-f]+  server +[0-9]+  0x0 +is to serve$'
ok "the kernel's backtrace ends where a task was" shows '^#1 .* at libukern/arch/aarch64/vectors\.S:'
ok "in peace" lacks "$out" "corrupt stack"

# A task that is started again is another one, of the same name.
gdb <<'END'
ukern break again
continue
continue
ukern tasks
END
ok "a task that is started again stops again" [ "$(grep -c '^again stops:$' "$out")" = 2 ]

gdb <<'END'
help ukern
END
ok "help ukern has all commands" [ "$(sed -n 's/^  ukern \([a-z]*\).*/\1/p' "$out" | sort | tr '\n' ' ')" = "break bt handles pending ports symbols tasks " ]
ok "and nothing else" [ "$(sed -n 's/^ukern \([a-z]*\) -- .*/\1/p' "$out" | sort | tr '\n' ' ')" = "break bt handles pending ports symbols tasks " ]

cat >many.c <<'END'
#include <ukern/ipc.h>

int main(void)
{
    for (int i = 0; i < 200; i++)
        if (port_create() < 0)
            return 1;
    return 0;
}
END
makefile 'TASKS := many'
gdb <<'END'
ukern break many task_exit
continue
ukern handles many
END
ok "a task of many handles" shows '^ +199  port +0xffffff8'
ok "shows them all" [ "$(grep -Ec '^ +[0-9]+  (port|shm|task|irq|system) ' "$out")" = "$(sed -n 's/ handles are open.*//p' "$out")" ]
# What QEMU has to complain of is told, its end by our hand is not.
gdb <<'END'
END
ok "a session that ends says nothing of it" lacks "$out" "terminating on signal"
for wrong in CPU=nonsense QEMU_FLAGS=-nonsense; do
    status=0
    make -s debug $wrong GDB_FLAGS=-batch >"$out" 2>&1 </dev/null || status=$?
    ok "$wrong ends make debug" [ $status = 2 ]
    ok "and QEMU says why" grep -q 'qemu-system-aarch64:.*nonsense' "$out"
done
ok "BOOTARGS of two words" run make -s debug BOOTARGS='one two' GDB_FLAGS='-batch'
finish
