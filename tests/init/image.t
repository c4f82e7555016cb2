#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Image descriptions with mistakes: init names each, and starts what can run. The archives are given with -initrd.
. "$UKERN/tests/tap.sh"
build_shared pipes-example "$UKERN/examples/pipes" || exit 1
image=$shared

cat >console <<'END'
console.provides console
console.rights log
console.devices pl011
console.restart always
END

# boot: with the description from standard input; what it shows is in out.
boot() {
    cat - console >image
    set -- image=image init="$UKERN_BUILD/programs/init" console="$UKERN_BUILD/programs/console"
    for program in echo cat crash false sleep; do
        set -- "$@" $program="$image/programs/$program" $program.sym="$image/programs/$program.sym"
    done
    boot_archive "$@"
}
boot_archive() {
    "$UKERN/tools/archive" archive "$@" || exit 1
    status=0
    "$UKERN/tools/run" -n -t "${seconds:-20}" -a semihosting "$image/pipes.img" -initrd archive >out 2>/dev/null || status=$?
}
# image_with TASK LINE...: a task beside one that says hello.
image_with() {
    task=$1
    shift
    {
        echo "TASKS console $task hello"
        printf 'hello.program echo\nhello.args hello\nhello.uses console\n'
        printf '%s\n' "$@"
    } >description
    boot <description
}
# told TEXT: init said it, and the other task ran.
told() {
    says out "init: $1" && says out "hello"
}

image_with a 'a.program echo' 'a.args it works' 'a.uses console'
ok "tasks run, then the power goes off" [ $status = 0 ]
ok "with their arguments" says out 'it works'
ok "without complaint" lacks out 'init:'
image_with false 'false.uses console'
ok "the exit status is that of the task which failed" [ $status = 1 ]

image_with a 'a.program echo' 'bogus 1' 'a.memroy 1M' 'b.memory 1M' 'a.memory much' 'a.rights fly'
ok "an unknown setting" told 'image:6: bogus: there is no such setting'
ok "an unknown property" told 'image:7: a.memroy: there is no such property'
ok "an unknown task" told 'image:8: b.memory: there is no such task in TASKS'
ok "not a size" told 'image:9: a.memory wants a size, as 512K or 16M'
ok "an unknown right" told 'image:10: a.rights: there is no right "fly"'
image_with a 'a.program nowhere'
ok "a program that is not there" told 'task a: there is no program "nowhere" in the archive'
ok "is a failure" [ $status = 1 ]
image_with a 'a.program image'
ok "a program that is none" told 'task a cannot be started: not a program that can be loaded'
image_with a 'a.program echo' 'a.uses console nothing'
ok "a port that nobody provides" told 'a.uses nothing: no task provides this port'
image_with a 'a.program echo' 'a.provides console'
ok "a port that two provide" told 'a.provides console: task console provides it already'
image_with a 'a.program echo' 'a.memory 9999M'
ok "more memory than there is" told 'task a: its .memory of 10238976 KiB is more than'
image_with a 'a.program echo' 'a.memory 40K'
ok "too little memory" told 'task a: the program echo does not fit into its .memory of 40 KiB'
image_with a 'a.program echo' 'a.devices pl011'
ok "a device that another has" told 'a.devices pl011: task console has it already; a is not started'
image_with a 'a.program echo' 'a.devices warp-drive'
ok "a device that is not there" told 'a.devices warp-drive: this machine has no such device; a is not started'
image_with a 'a.program echo' 'a.stack 100M'
ok "a stack larger than the quota" told 'task a'

image_with crash 'crash.args null' 'crash.uses console'
ok "a fault is reported" told 'task crash: wrote to 0x0'
ok "with a backtrace" says out '#0 0x'
ok "and is a failure" [ $status = 1 ]
seconds=2 # it would never end
image_with false 'false.restart on-failure' 'hello.program sleep' 'hello.args 0.4'
ok "what fails starts again" says out 'task false ended with code 1; it starts again in 10 ms'
ok "later each time" says out 'it starts again in 160 ms'

seconds=20
boot </dev/null
ok "no task at all ends the system" [ $status = 1 ]
boot_archive init="$UKERN_BUILD/programs/init" console="$UKERN_BUILD/programs/console"
ok "no description ends the system" [ $status = 1 ]
finish
