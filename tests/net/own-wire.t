#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# netserv that drives the device itself, without netdev; the wire as in wire.t, in short.
DRIVER=netserv FRAMES=${FRAMES:-20000}
export DRIVER FRAMES
exec "$UKERN/tests/net/wire.t"
