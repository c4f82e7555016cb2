#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# A netdev that takes its memory back from netserv, moves indices as nobody can, or cuts netserv off (traitor/): netserv opens
# the next area each time, and its clients' connections go on.
. "$UKERN/tests/net/guest.sh"
need_lwip
image=build/nettraitor.img

ok "the image is built" build_project "$UKERN/tests/net/traitor"
begin 300
ok "a connection is there" wait_for "keeper: round"
for time in 2 5 8 14; do
    ok "betrayed $((time - 1)) times, netserv opens an area again" wait_for "traitor: opened $time"
done
ok "the connection goes on" more "$(grep -c "keeper: round" console)" "keeper: round"
ok "it was never lost" lacks console "keeper: lost"
ok "it is said, once" [ "$(grep -c "cut us off, or lies" console)" -eq 1 ]
ok "nobody died" lacks console "init: task"
stop
finish
