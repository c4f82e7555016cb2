#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The benchmark runs, every figure is there, and those that the design stands on are not above their gates. QEMU counts
# instructions (bench/run), so the figures are the same on each machine.
. "$UKERN/tests/tap.sh"

figures="null_call call_0w call_6w notify_wait pending_call pipe_pingpong pipe_12b pipe_4k_per_4k pipe_64k_per_4k
handover_per_4k pipe_create_close spawn_exit_wait boot max_masked kernel_text kernel_data task_bytes"

# figure NAME: its number, or nothing.
figure() {
    sed -n "s/^ *\"$1\": \([0-9.]*\),*\$/\1/p" bench.json
}

# at_most NAME GATE
at_most() {
    awk -v figure="$(figure "$1")" -v gate="$2" 'BEGIN { exit !(figure != "" && figure + 0 <= gate) }'
}

make -s -C "$UKERN/bench" UKERN_BUILD="$UKERN_BUILD" BUILD="$BUILD/tests/bench" OUT="$PWD" bench >table 2>&1
ok "the benchmark runs" [ $? = 0 ]
sed 's/^/# /' table
for name in $figures; do
    ok "$name is a positive number" awk -v figure="$(figure "$name")" 'BEGIN { exit !(figure + 0 > 0) }'
done
ok "a null system call takes at most 100 instructions" at_most null_call 100
ok "a call with 6 words and its reply take at most 300" at_most call_6w 300
finish
