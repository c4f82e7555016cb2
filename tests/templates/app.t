#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# A project from the template app.
set -- app shouter
. "$UKERN/tests/templates/made.sh"
echo 'one line' | make -s run TIMEOUT=60 2>/dev/null | tr -d '\r' >seen
ok "make run reads a script" says seen "1: ONE LINE"

# One of the things to try: no pipes without the grant.
sed -i 's/^app.uses .*/app.uses := archive console/' Makefile
make -s run TIMEOUT=60 </dev/null >"$out" 2>&1
ok "without the port there are no pipes" says "$out" "app: cannot start shout"
finish
