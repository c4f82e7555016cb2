#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What two tasks print by messages of 32 bytes does not mix within a line; but where the machine stands still for a
# while, the console waits no longer for a line's end.
. "$UKERN/tests/tap.sh"
make -s -C "$UKERN/tests/init/lines" UKERN_BUILD="$UKERN_BUILD" BUILD="$PWD/build" >make.log 2>&1 || {
    cat make.log
    exit 1
}
"$UKERN/tools/run" -n -t 60 -a semihosting build/lines.img </dev/null 2>&1 | tr -d "\r" >out
for letter in a b; do
    ok "nearly each line of task $letter is whole" [ "$(grep -c "^$letter\{99\}\$" out)" -ge 40 ]
done
ok "a line without an end holds nobody up for good" grep -q 'a\{32\}.*b\{32\}\|b\{32\}.*a\{32\}' out
finish
