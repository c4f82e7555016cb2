#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The benchmark runs, every figure is there, and those that the design stands on are not above their gates. QEMU counts
# instructions (bench/run), so the figures are the same on each machine.
. "$UKERN/tests/tap.sh"
. "$UKERN/tests/bench/figures.sh"

figures="null_call call_0w call_6w call_vectors bad_handle yield notify_wait pending_call pipe_pingpong pipe_12b
pipe_4k_per_4k pipe_64k_per_4k handover_per_4k pipe_create_close spawn_exit_wait boot max_masked kernel_text kernel_data
task_bytes"

make -s -C "$UKERN/bench" UKERN_BUILD="$UKERN_BUILD" BUILD="$BUILD/tests/bench" OUT="$PWD" bench >table 2>&1
ok "the benchmark runs" [ $? = 0 ]
sed 's/^/# /' table
for name in $figures; do
    ok "$name is a positive number" awk -v figure="$(figure bench.json "$name")" 'BEGIN { exit !(figure + 0 > 0) }'
done
while read -r gate name what; do
    ok "$what: at most $gate instructions" at_most bench.json "$name" "$gate"
done <<'END'
55 null_call a null system call
230 call_0w a call without words and its reply
230 call_6w a call with 6 words and its reply
400 call_vectors a call between two users of the FPU
140 bad_handle a call by a bad handle
355 yield yielding there and back
485 notify_wait a notification of a waiting task
450 pending_call a pending call of a trivial server
END
finish
