#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What the guides show works. A guide is one project:
#   ```c whose first line is /* NAME.c */, and ```make whose first line is # Makefile, are files of it; a later one of
#                the same name replaces the earlier;
#   ```c of any other kind is a fragment, which has to compile as a file or as the body of a function;
#   ```console   has lines `$ COMMAND`, which is run, and what it says: each line in this order, `...` for any lines; what
#                stands behind `make: ***` up to `]` differs. It fails where such a line is shown, and only there.
# The commands are `make ...`, with or without something before it in a pipe.
. "$UKERN/tests/tap.sh"
unset MAKEFLAGS MAKEOVERRIDES MFLAGS MAKELEVEL V IMAGE CFLAGS TESTS
PKG_CONFIG_PATH=$UKERN_BUILD/pkgconfig UKERN_READY=yes TIMEOUT=60
export PKG_CONFIG_PATH UKERN_READY TIMEOUT
guides=$work

# blocks GUIDE: its fenced blocks as files block.NUMBER, and their languages in the file blocks.
blocks() {
    awk '
        /^```/ && inside { inside = 0; close(file); next }
        /^```/ {
            inside = 1
            file = "block." ++number
            language = substr($0, 4)
            print number, language == "" ? "text" : language >"blocks"
            printf "" >file
            next
        }
        inside { print >file }
        END { exit inside }
    ' "$1"
}

# compiles FRAGMENT: as a file or as the body of a function, with every header that a guide speaks of.
cc=$(make -s -f "$UKERN/sdk.mk" print-ukern_cc)
flags="-std=gnu11 -Wall -Wextra -Werror -Wno-unused -Wno-missing-prototypes -fsyntax-only -nostdinc
    -isystem $("$cc" -print-file-name=include) -isystem $(make -s -f "$UKERN/sdk.mk" print-PICOLIBC)/include
    -I$UKERN/libuser/include -I$UKERN/libukern/include -I. -include $guides/all.h"
{
    echo '#include <stdio.h>'
    echo '#include <stdlib.h>'
    echo '#include <string.h>'
    for header in "$UKERN"/libuser/include/ukern/*.h; do
        echo "#include <ukern/${header##*/}>"
    done
    echo '#include <ukern/ukern.h>'
} >all.h
compiles() {
    { echo 'void fragment(void); void fragment(void) {' && cat "$1" && echo '}'; } >body.c
    cp "$1" file.c
    # shellcheck disable=SC2086 # flags are words
    if "$cc" $flags file.c 2>errors || "$cc" $flags body.c 2>/dev/null; then
        return 0
    fi
    sed 's/^/# /' errors
    return 1
}

# says_in_order OUTPUT EXPECTED: each line of EXPECTED is a line of OUTPUT, behind the one before; without `...` in
# between there is nothing else between two of them.
says_in_order() {
    awk -v output="$1" '
        BEGIN {
            while ((getline line <output) > 0) {
                sub(/\r$/, "", line)
                sub(/^make: \*\*\* \[.*\]/, "make: *** [...]", line)
                sub(/^trace: \/.*\/build\//, "trace: .../build/", line)
                said[++count] = line
            }
            loose = 1
        }
        $0 == "..." { loose = 1; next }
        {
            for (i = at + 1; i <= count && said[i] != $0; i++)
                if (!loose) break
            if (i > count || said[i] != $0) { print "# not said here: " $0; failed = 1; exit }
            at = i
            loose = 0
        }
        END {
            for (i = 1; failed && i <= count; i++) print "#   " said[i]
            exit failed
        }
    ' "$2"
}

# console BLOCK: run its commands, one after the other, and compare.
console() {
    rm -f commands expected.*
    awk '/^\$ / { close(out); out = "expected." ++n; printf "" >out; print substr($0, 3) >"commands"; next } { print >out }' "$1"
    step=0
    while read -r command <&3; do
        step=$((step + 1))
        case $command in
        make*debug*) command -v gdb-multiarch >/dev/null || {
            echo "# gdb-multiarch is not here: left out"
            continue
        } ;;
        make* | *'| make'*) ;;
        *)
            echo "# not a command of make: $command"
            return 1
            ;;
        esac
        status=0 wanted=0
        (unset BUILD UKERN && exec sh -c "$command") >output 2>&1 </dev/null || status=$?
        ! grep -q '^make: \*\*\*' "expected.$step" || wanted=2
        if [ $status != $wanted ]; then
            echo "# status $status"
            sed 's/^/# /' output
            return 1
        fi
        says_in_order output "expected.$step" || return 1
    done 3<commands
}

for guide in "$UKERN"/docs/guides/*.md "$UKERN"/docs/*.md "$UKERN"/README.md; do
    name=$(basename "$guide" .md)
    mkdir "$guides/$name"
    cd "$guides/$name" || exit 1
    : >blocks
    ok "$name: every block ends" blocks "$guide"
    built=yes
    while read -r number language <&4; do
        block=block.$number
        file=$(sed -n -e '1s|^/\* \([a-z][a-z_0-9/]*\.[ch]\) \*/$|\1|p' -e '1s|^# \(Makefile\)$|\1|p' \
            -e '1s|^# \(tests/[a-z]*\.test\)$|\1|p' "$block")
        case $language in
        c | make | test)
            if [ "$file" != "" ]; then
                mkdir -p "$(dirname "$file")"
                cp "$block" "$file"
                built=no
            elif [ "$language" = c ]; then
                ok "$name: the fragment \"$(grep -m 1 '[a-z]' "$block")\" compiles" compiles "$block"
            fi
            ;;
        console)
            ok "$name: $(sed -n '1s/^\$ //p' "$block")" console "$block"
            built=yes
            ;;
        esac
    done 4<blocks
    if [ $built = no ]; then
        printf '$ make\n' >last
        ok "$name: it builds" console last
    fi
done
cd "$guides" || exit 1
finish
