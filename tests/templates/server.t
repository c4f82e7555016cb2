#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# A project from the template server: it is what its README says, and the server may die.
set -- server shop
. "$UKERN/tests/templates/made.sh"

# What the README shows is what is seen.
sed -n '/^client: /p; /^waiter: /p' README.md >shown
make -s run TIMEOUT=60 </dev/null 2>/dev/null | tr -d '\r' >seen
ok "make run shows what the README does" cmp -s shown seen

# One of the things to try: the server crashes, is started again, and the client's handle is good.
sed -i 's/^    struct entry \*\*link = find(key_of(r));$/    if (strcmp(key_of(r), "crash") == 0)\n        abort();\n&/' kv.c
sed -i 's/^    int error = kv_put("sky", "blue");/    int error = kv_put("crash", "");\n    printf("client: %s\\n", ukern_strerror(error));\n    error = kv_put("sky", "blue");/' client.c
sed -i '/^TASKS/s/ waiter$//; /^waiter/d' Makefile
make -s run TIMEOUT=60 </dev/null >"$out" 2>&1
ok "a crash is told with function and line" says "$out" "in put (kv.c:"
ok "the caller hears of it" says "$out" "client: the server died before it answered"
ok "and goes on with the next server" says "$out" "client: sky is blue"
finish
