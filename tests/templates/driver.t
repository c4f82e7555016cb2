#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# A project from the template driver.
set -- driver wecker
. "$UKERN/tests/templates/made.sh"
make -s run TIMEOUT=60 </dev/null 2>/dev/null | tr -d '\r' >seen
ok "it tells the date of the machine" grep -q "^It is $(date -u +%Y-%m)" seen

# One of the things to try: without the grant there is no device.
sed -i '/^rtc.devices/d; s/:= always/:= never/' Makefile
make -s run TIMEOUT=60 </dev/null >"$out" 2>&1
ok "without devices the driver has nothing" says "$out" "rtc: no such handle"
finish
