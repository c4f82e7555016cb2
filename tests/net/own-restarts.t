#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# netserv that drives the device itself, without netdev, is killed again and again: as in restarts.t.
# TEST_SECONDS=900
DRIVER=netserv KILLS=${KILLS:-3}
export DRIVER KILLS
exec "$UKERN/tests/net/restarts.t"
