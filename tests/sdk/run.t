#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tools/run, with a program in QEMU's place that shows what it was given.
. "$UKERN/tests/tap.sh"

cat >qemu <<'END'
#!/bin/sh
echo "$@" >arguments
echo $$ >pid
case $MODE in
status) exit 7 ;;
asleep) exec sleep 60 ;;
noisy)
    trap 'echo "qemu: terminating on signal 15 from pid 1 (perl)" >&2; exit 0' TERM
    echo "something of use" >&2
    while :; do sleep 0.1; done
    ;;
line) read -r first; echo "$first" ;;
*) while :; do
        byte=$(dd bs=1 count=1 2>/dev/null | od -An -tu1 | tr -d ' ')
        [ "$byte" != 4 ] || break
        printf '%s ' "$byte"
    done ;;
esac
END
chmod +x qemu
echo image >image.img
QEMU=$work/qemu
export QEMU
run="$UKERN/tools/run"

printf 'a\nb' | "$run" image.img >out
ok "a script is typed in, with Ctrl-D after it" [ "$(cat out)" = "97 10 98 " ]
ok "the system is told that a script runs" says arguments "-append script"
ok "Ctrl-C is not QEMU's" says arguments "signal=off"

status=0
MODE=status "$run" -n image.img || status=$?
ok "the exit status is QEMU's" [ $status = 7 ]
ok "without input there is no word script" lacks arguments "script"
MODE=status "$run" -n -c max -m 1G -a 'one two' image.img -extra option || true
ok "CPU, memory and further options arrive" says arguments "-cpu max -m 1G"
ok "further options arrive" says arguments "-extra option"
ok "the command line is one argument" says arguments "-append one two"
ok "no semihosting unless asked for" lacks arguments "semihosting"
MODE=status "$run" -n -a 'x semihosting' image.img || true
ok "semihosting when asked for" says arguments "-semihosting-config enable=on,target=native"

status=0
MODE=asleep "$run" -n -t 1 image.img || status=$?
ok "a limit ends QEMU with status 124" [ $status = 124 ]
ok "QEMU is gone after the limit" gone "$(cat pid)"

MODE=noisy "$run" -n -t 1 image.img 2>err || status=$?
ok "what QEMU says of its end is not passed on" [ "$(cat err)" = "something of use
run: it had not ended after 1 seconds: stopped (TIMEOUT)" ]
status=0
"$run" -n -t soon image.img 2>err || status=$?
ok "a limit that is no number is an error" [ $status = 2 ]
ok "and is named" says err "TIMEOUT is 'soon', which is not a number of seconds"
printf 'TASKS a b\na.memory 100M\n' >image
status=0
"$run" -n -m 64M image.img 2>err || status=$?
ok "less memory than the tasks are promised" says err "RAM=64M is too little for this image and its tasks: give it 104M or more"
ok "is an error" [ $status = 2 ]
rm image

for signal in TERM HUP KILL; do
    rm -f pid
    MODE=asleep "$run" -n image.img &
    runner=$!
    for _ in 1 2 3 4 5 6 7 8 9 10; do [ -s pid ] || sleep 0.1; done
    kill -$signal $runner
    wait $runner 2>/dev/null
    ok "QEMU does not outlive a SIG$signal" gone "$(cat pid)"
done

(echo first; exec sleep 3) | MODE=line "$run" image.img >out &
runner=$!
sleep 1
ok "an input that stays open does not keep it from ending" gone $runner
wait
ok "the line arrived at once" says out first

status=0
"$run" -n nowhere.img 2>err || status=$?
ok "a missing image is named" says err "cannot read nowhere.img"
ok "and is an error" [ $status = 2 ]
QEMU=no-such-qemu "$run" -n image.img 2>err
ok "a missing QEMU says what to do" says err "make setup"
finish
