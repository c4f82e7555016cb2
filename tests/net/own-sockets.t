#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# netserv that drives the device itself, without netdev; its peers as in sockets.t, in short.
# TEST_SECONDS=900
DRIVER=netserv CONNECTIONS=${CONNECTIONS:-500} SIZE=${SIZE:-10485760} CROWDS='' PICTURES=''
export DRIVER CONNECTIONS SIZE CROWDS PICTURES
exec "$UKERN/tests/net/sockets.t"
