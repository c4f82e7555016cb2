#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# netserv that drives the device itself, without netdev; its peers as in sockets.t, in short.
DRIVER=netserv CONNECTIONS=${CONNECTIONS:-500} SIZE=${SIZE:-10485760}
export DRIVER CONNECTIONS SIZE
exec "$UKERN/tests/net/sockets.t"
