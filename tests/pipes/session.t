#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The pipes example with a script for its keyboard: the demo's transcript, pipelines over real files, faults, and what
# happens when servers die.
. "$UKERN/tests/tap.sh"
build_shared pipes-example "$UKERN/examples/pipes" || exit 1
image=$shared

# session [RUN OPTIONS]: the script from standard input; what it shows after the demo is in out.
session() {
    status=0
    "$UKERN/tools/run" -t 60 "$@" "$image/pipes.img" >all || status=$?
    head -n 6 all >demo
    tail -n +7 all >out
}
# same TEXT: the output was just this.
same() {
    printf '%s\n' "$1" >expected
    diff expected out >difference || {
        sed 's/^/# /' difference
        return 1
    }
}
# CRC-32 and size of a file, as crc32 prints them.
crc() {
    gzip -nc "$1" | tail -c 8 | od -An -tu1 | awk '{ printf "%02x%02x%02x%02x ", $4, $3, $2, $1 }'
    wc -c <"$1"
}

cat >transcript <<'END'
--- Pipe Test ---
[pipeserv] PIPE_CREATE
Created pipe: read_fd=3, write_fd=4
Wrote 12 bytes to pipe
Read from pipe: Hello, pipe!
Pipe closed
END

session </dev/null
ok "the demo comes first, exactly" cmp -s demo transcript
ok "an empty script ends the system" [ $status = 0 ]
ok "nothing else is shown" [ ! -s out ]
session -c max </dev/null
ok "the same on a CPU with every extension" cmp -s all transcript

file=shell/main.c
big=$image/big.txt
cp "$UKERN/examples/pipes/$file" text

echo "cat $file | wc" | session
ok "cat FILE | wc counts as on the host" same "$(wc <text | awk '{ printf "%7d %7d %7d", $1, $2, $3 }')"
echo "cat $file | upper" | session
ok "capital letters" same "$(LC_ALL=C tr '[:lower:]' '[:upper:]' <text)"
echo "cat big.txt | cat | cat | crc32" | session
ok "4 MiB through three stages are the same bytes" same "$(crc "$big")"
echo "cat big.txt | cat | cat | cat | cat | cat | cat | cat | cat | cat | cat | crc32" | session
ok "and through eleven" same "$(crc "$big")"
echo "yes | head -n 3" | session
ok "a writer ends when its reader has" same "$(printf 'y\ny\ny')"
printf 'cat | upper\nto the program' | session
ok "a script's rest goes to the program that reads it" [ "$(cat out)" = 'TO THE PROGRAM' ]
printf 'echo a\n\necho "b  c" d\\ e # no' | session
ok "quotes, an empty line, a comment, no newline at the end" same "$(printf 'a\nb  c d e')"
printf 'ls | head -n 1\nps | cat | head -n 1\nmem | wc\nhelp | head -n 1' | session
ok "built-in commands can be stages" [ "$(wc -l <out)" = 4 ]

echo 'ls' | session
ok "ls shows programs and files" says out '  shell/main.c'
ok "but no symbols" lacks out .sym
echo 'ls -a' | session
ok "ls -a does" says out '  cat.sym'
printf 'head -n\nhead -n 1x\nhead -n -1\n' | session
ok "head says how it is used" says out 'usage: head [-n LINES] [FILE...]'
ok "and what is no number" [ "$(grep -c 'not a number of lines' out)" = 2 ]
printf 'shell\necho a | cat | upper\n' | session
ok "a shell in the shell has memory for programs of its own" says out A
printf 'shell\nps\nkill 3\nmem\n' | session
ok "ps, kill and mem in it say what they lack" [ "$(grep -c '^\(ps\|kill\|mem\): this shell has no right to do that: shell.rights gives it to the shell of the image' out)" = 3 ]
ok "and show no table" lacks out STATE
printf 'wc <README.md\necho a > b\necho "a > b"\n' | session
ok "< and > are mistakes with a hint" [ "$(grep -c 'there is no < or >: .cat FILE | \.\.\.. reads a file of the image' out)" = 2 ]
ok "unless they are quoted" says out "a > b"
printf 'shell\nshell\nshell\nshell\nshell\nshell\nshell\necho deep | cat\n' | session
ok "as long as there is some" says out "this shell's memory quota does not suffice"

echo 'exit 5' >script
session -a semihosting <script
ok "exit ends the system with its code" [ $status = 5 ]
echo 'false' >script
session -a semihosting <script
ok "the end of the script too, with the last one" [ $status = 1 ]
printf 'nothing\necho | \necho "\n' | session
ok "an unknown program is an error" says out 'nothing: no such program'
ok "a missing stage is an error" says out "a program's name is missing"
ok "an open quote is an error" says out 'a quote is not closed'

for kind in null read kernel text stack exec priv undef align abort; do
    echo "crash $kind"
done >script
echo 'echo still here' >>script
session <script
ok "each kind of fault is reported" [ "$(grep -c '^task crash: ' out)" = 10 ]
ok "none is survived" lacks out survived
ok "with function, file and line" says out ' in write_null (examples/pipes/crash.c:'
ok "and its caller" says out ' in main (examples/pipes/crash.c:'
ok "the system goes on" says out 'still here'

# The first three tasks are init, console and pipeserv.
printf 'yes | cat | sleep 100 &\nsleep 0.2\nkill 3\nsleep 0.2\ncat big.txt | cat | crc32\n' | session
ok "a killed pipeserv is started again" says out 'task pipeserv was killed (code 9); it starts again'
ok "and serves new pipes" says out "$(crc "$big")"
printf 'kill 999\nkill x\n' | session
ok "kill of nothing is an error" says out 'kill: there is no task 999; ps shows the ids'
ok "kill says how it is used" says out 'usage: kill'
printf 'spin &\nspin &\ncat %s | upper | wc\n' $file | session
ok "the others go on beside tasks that never end" [ "$(awk '{ print $3 }' out)" = "$(wc -c <text)" ]
i=0
while [ $i -lt 100 ]; do
    echo 'echo x | cat | wc'
    i=$((i + 1))
done | session
ok "a hundred pipelines" [ "$(grep -c '^      1       1       2$' out)" = 100 ]

# A line of cats that is longer than the shell's quota.
{
    printf 'echo x'
    i=0
    while [ $i -lt 100 ]; do
        printf ' | cat'
        i=$((i + 1))
    done
    printf '\necho y | cat\n'
} | session
ok "too many stages are an error, and leave nothing behind" [ "$(tail -n 1 out)" = y ]
ok "which says what is short" says out 'memory quota'
finish
