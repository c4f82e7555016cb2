# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
#
# For tests of figures: `. "$UKERN/tests/bench/figures.sh"`, after tests/tap.sh. A benchmark has written them as JSON, one a
# line.

# figure FILE NAME: its number, or nothing.
figure() {
    sed -n "s/^ *\"$2\": \([0-9.]*\),*\$/\1/p" "$1"
}

# at_most FILE NAME GATE
at_most() {
    awk -v figure="$(figure "$1" "$2")" -v gate="$3" 'BEGIN { exit !(figure != "" && figure + 0 > 0 && figure + 0 <= gate) }'
}
