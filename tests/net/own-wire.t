#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# netserv that drives the device itself, without netdev; the wire as in wire.t, in short.
# TEST_SECONDS=900
DRIVER=netserv FRAMES=${FRAMES:-10000}
export DRIVER FRAMES
exec "$UKERN/tests/net/wire.t"
