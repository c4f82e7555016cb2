#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# A project from the template syscall.
# shellcheck disable=SC2016 # awk expands what stands in single quotes
set -- syscall delphi
. "$UKERN/tests/templates/made.sh"
sed -n '/^> what is six/,/^```/p' README.md | sed -e '/^```/d' -e 's/after [0-9]* ms/after/' >shown
make -s run TIMEOUT=60 </dev/null 2>/dev/null | tr -d '\r' | sed 's/after [0-9]* ms/after/' >seen
ok "make run shows what the README does" [ "$(head -n "$(wc -l <shown)" seen)" = "$(cat shown)" ]

# Every function has its explanation above it.
ok "every function is explained" awk '
    /^[a-z].*\)$/ { name = $0; explained = before ~ /\*\/$/ }
    /^\{$/ && name != "" { count++; if (!explained) { print "# " FILENAME ": " name; bad = 1 } }
    !/^[a-z].*\)$/ { name = "" }
    { before = $0 }
    END { exit bad || count < 8 }' ask_call.c asker.c oracle.c

# One of the things to try: the server claims too much.
sed -i 's/strlen(known\[t->answer\].answer), clock_now/1000, clock_now/' oracle.c
make -s run TIMEOUT=60 </dev/null >"$out" 2>&1
ok "a server that claims too much" says "$out" "UKERN_EIO"
ok "moves no byte" lacks "$out" "Forty-two"

# Another: no handle of the port, no call.
sed -i 's/^asker.uses .*/asker.uses := console/' Makefile
make -s run TIMEOUT=60 </dev/null >"$out" 2>&1
ok "who was not given the port cannot ask" says "$out" "UKERN_EHANDLE"
finish
