#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What it takes to begin is measured, and README.md says what comes out. Times are not judged.
. "$UKERN/tests/sdk/outside.sh"

ok "it is measured" run "$tree/bench/start" "$prefix" 1
sed 's/^/# /' "$out"
# counted WHAT COUNTS: both the table and the measurement say it.
counted() {
    says "$out" "$2" && grep -qF "$2" "$tree/README.md" && grep "^| $1" "$tree/README.md" | grep -qF "| $2 |"
}
counts() {
    sed -n "s/^$1  *//p" "$out"
}
ok "lines of the smallest project" counted "the smallest project" "$(counts 'the smallest project')"
ok "they are 2 and 7" says "$out" " 2 lines of Makefile, 7 of C"
ok "steps of the guide" counted "from nothing to the first output" "$(counts 'from nothing to the first output, by the guide')"
for what in 'ukern new server shop, make run: its first output' 'an edit of a program, make: the image is new'; do
    ok "seconds: $what" grep -qE "^$what  *[0-9.]+ s, [0-9.]+ s of processor time\$" "$out"
done
ok "README.md tells both" [ "$(grep -cE '^\| .*(first output|image is new) \| [0-9.]+ s of processor time \|$' "$tree/README.md")" = 2 ]
ok "the guide tells the same steps" says "$tree/docs/guides/first-image.md" "They are five commands"
ok "another prefix is refused" not "$tree/bench/start" /nowhere 2>"$out"
finish
