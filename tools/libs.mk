# SPDX-License-Identifier: BSD-2-Clause
#
# Builds the SDK's libraries and its own two programs, into $(UKERN_BUILD):
#   lib/libukern.a  lib/libuser.a  lib/crt0.o  lib/version  programs/init  programs/console
# The Makefile and every project's sdk.mk call it, so that an edit of the SDK reaches each image.
UKERN := $(patsubst %/tools/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
UKERN_BUILD ?= $(UKERN)/build
LDLIBS :=

all: libs
include $(UKERN)/tools/toolchain.mk
include $(UKERN)/libukern/build.mk
include $(UKERN)/libuser/build.mk

.PHONY: all libs
# Which SDK these libraries are of: an installation whose headers say otherwise is a mixture of two.
$(UKERN_BUILD)/lib/version: $(UKERN)/libukern/include/ukern/abi/version.h
	@mkdir -p $(@D) && echo '$(ukern_version) $(ukern_abi)' >$(ukern_new) && $(ukern_keep)

libs: libukern libuser $(UKERN_BUILD)/lib/version
	@:
