# SPDX-License-Identifier: BSD-2-Clause
#
# What `make check` builds and runs. One rule for each kind of test:
#   tests/unit/test_*.c  cmocka, on the host; linked with the core, arch/sim, the other files of tests/unit, and
#                        the file outside the core that its second line names
#   tests/sim/*.c        one program on the host, linked with the core and arch/sim
#   tests/*/Makefile     a project whose image prints TAP; run on each of GUEST_CPUS
#   tests/*/*.t          scripts; they find the SDK in $UKERN and a free folder in $BUILD
UKERN := $(patsubst %/tests/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
BUILD ?= $(UKERN)/build
UKERN_BUILD ?= $(BUILD)
export UKERN_BUILD
GUEST_CPUS ?= cortex-a57 max
TESTS ?=

all: check
include $(UKERN)/tools/toolchain.mk

# ---- Host programs, under ASan and UBSan
HOST_CC ?= gcc
host_flags := -std=gnu11 -O1 -g $(ukern_warnings) -fno-omit-frame-pointer $(if $(FUZZING),-fsanitize=fuzzer-no-link) \
    -fsanitize=address,undefined -fno-sanitize-recover=all -ffile-prefix-map=$(UKERN)/= \
    -I$(UKERN)/libukern/include -I$(UKERN)/libukern/core -I$(UKERN)/libukern/arch/sim -I$(UKERN)/libuser/include
host_out := $(BUILD)/tests/host
$(eval $(call stamp,$(host_out)/.flags,$(HOST_CC) $(host_flags)))

# The C library of the host has the memory and string functions.
core_sources := $(filter-out %/string.c,$(wildcard $(UKERN)/libukern/core/*.c)) $(wildcard $(UKERN)/libukern/arch/sim/*.c)
unit_tests := $(wildcard $(UKERN)/tests/unit/test_*.c)
unit_common := $(filter-out $(unit_tests),$(wildcard $(UKERN)/tests/unit/*.c))
sim_sources := $(wildcard $(UKERN)/tests/sim/*.c)
tested_by = $(filter-out $(core_sources),$(wildcard $(addprefix $(UKERN)/,$(filter %.c,$(subst :, ,$(shell sed -n 2p $1))))))

host_object = $(host_out)/$(patsubst $(UKERN)/%,%,$1).o
$(host_out)/%.o: $(UKERN)/% $(host_out)/.flags
	$(call step,HOSTCC,$*)
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(host_flags) -MMD -MP -MQ $@ -MF $(@:.o=.d).new -c -o $(ukern_new) $<
	$(Q)mv -f $(@:.o=.d).new $(@:.o=.d) && $(ukern_keep)

# An archive, so that a test of one module links that module and what it calls.
$(host_out)/core.a: $(foreach s,$(core_sources) $(unit_common),$(call host_object,$s))
	$(Q)rm -f $(ukern_new) && ar rcsD $(ukern_new) $^ && $(ukern_keep)

define unit_rule
$(BUILD)/tests/unit/$(basename $(notdir $1)): $(call host_object,$1) $(foreach s,$(call tested_by,$1),$(call host_object,$s)) $(host_out)/core.a
	$$(call step,HOSTLD,$(notdir $1))
	@mkdir -p $$(@D)
	$$(Q)$$(HOST_CC) $$(host_flags) -o $$(ukern_new) $$^ -lcmocka
	$$(Q)$$(ukern_keep)
endef
$(foreach t,$(unit_tests),$(eval $(call unit_rule,$t)))

$(BUILD)/tests/sim/sim: $(foreach s,$(sim_sources),$(call host_object,$s)) $(host_out)/core.a
	$(call step,HOSTLD,sim)
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(host_flags) -o $(ukern_new) $^
	$(Q)$(ukern_keep)
-include $(shell [ ! -d $(host_out) ] || find $(host_out) -name '*.d')

host_tests := $(foreach t,$(unit_tests),$(BUILD)/tests/unit/$(basename $(notdir $t))) \
    $(if $(sim_sources),$(BUILD)/tests/sim/sim)

# ---- netserv on the host, with lwIP: see tests/net/server/world.h
lwip := $(UKERN_BUILD)/third_party/lwip
ifneq ($(wildcard $(lwip)/tcp.c),)
server_flags := $(host_flags) -I$(UKERN)/examples/net/netserv -isystem $(lwip) -Wno-cast-qual -Wno-shadow -Wno-address \
    -DOPTIONS=$(firstword $(shell cksum <$(UKERN)/examples/net/netserv/lwipopts.h)) # no dependency: lwIP's headers include it
server_out := $(host_out)/server
server_lwip := $(filter-out altcp% autoip.c bridgeif% igmp.c lowpan% slipif.c zepif.c,$(notdir $(wildcard $(lwip)/*.c)))
server_own := $(filter-out main.c link.c wire%,$(notdir $(wildcard $(UKERN)/examples/net/netserv/*.c)))
server_objects := $(server_lwip:%=$(server_out)/lwip/%.o) $(server_own:%=$(server_out)/netserv/%.o) $(server_out)/world.c.o \
    $(foreach s,tests/net/wire/frame.c libuser/watch.c libuser/error.c examples/pipes/pipeserv/pipe.c,$(call host_object,$(UKERN)/$s))
$(eval $(call stamp,$(server_out)/.flags,$(HOST_CC) $(server_flags)))
define server_rule
$(server_out)/$1%.c.o: $2/%.c $(server_out)/.flags
	$$(call step,HOSTCC,server/$1$$*)
	@mkdir -p $$(@D)
	$$(Q)$$(HOST_CC) $$(server_flags) $3 -MMD -MP -MQ $$@ -MF $$(@:.o=.d).new -c -o $$(ukern_new) $$<
	$$(Q)mv -f $$(@:.o=.d).new $$(@:.o=.d) && $$(ukern_keep)
endef
$(eval $(call server_rule,lwip/,$(lwip),-w))
$(eval $(call server_rule,netserv/,$(UKERN)/examples/net/netserv))
$(eval $(call server_rule,,$(UKERN)/tests/net/server))
$(eval $(call server_rule,fuzz/,$(UKERN)/tests/fuzz))
server_tests := test_netserv test_strangers test_turns test_tcp test_tcp_ends test_names
$(server_tests:%=$(BUILD)/tests/unit/%): $(BUILD)/tests/unit/%: $(server_out)/%.c.o $(server_out)/talk.c.o $(server_out)/stream.c.o $(server_objects)
	$(call step,HOSTLD,$*)
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(server_flags) -o $(ukern_new) $^ -lcmocka
	$(Q)$(ukern_keep)
# What httpd answers.
$(BUILD)/tests/unit/test_answer: $(server_out)/test_answer.c.o $(foreach s,answer field range,$(call host_object,$(UKERN)/examples/net/httpd/$s.c))
	$(call step,HOSTLD,test_answer)
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(server_flags) -o $(ukern_new) $^ -lcmocka
	$(Q)$(ukern_keep)
# Its interface to the network, over a wire of the test's own.
$(BUILD)/tests/unit/test_link: $(addprefix $(server_out)/,test_link.c.o $(addprefix netserv/,link.c.o names.c.o train.c.o checksum.c.o backlog.c.o) $(server_lwip:%=lwip/%.o)) \
    $(foreach s,tests/net/wire/frame.c libuser/error.c,$(call host_object,$(UKERN)/$s))
	$(call step,HOSTLD,test_link)
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(server_flags) -o $(ukern_new) $^ -lcmocka
	$(Q)$(ukern_keep)
host_tests += $(addprefix $(BUILD)/tests/unit/,$(server_tests) test_answer test_link)

endif

# ---- Fuzz targets, see tests/fuzz/fuzz.h: in check with inputs from a seed; by `make fuzz` with libFuzzer.
FUZZ_SECONDS ?= 60
FUZZ_CC ?= clang
netdev_source = $(addprefix $(UKERN)/examples/net/netdev/,$1)
fuzz_servers := $(if $(server_objects),netserv wire own)
fuzz_targets := nic area netdev $(fuzz_servers)
fuzz_of_nic := $(call netdev_source,nic.c virtio.c virtqueue.c)
fuzz_of_area := $(call netdev_source,area.c)
fuzz_of_netdev := $(call netdev_source,device.c turn.c client.c area.c nic.c virtio.c virtqueue.c) $(UKERN)/libuser/error.c
fuzz_below := $(addprefix $(server_out)/netserv/,names.c.o train.c.o checksum.c.o backlog.c.o) $(server_lwip:%=$(server_out)/lwip/%.o) \
    $(call host_object,$(UKERN)/tests/net/wire/frame.c) $(call host_object,$(UKERN)/libuser/error.c)
fuzz_with_netserv := $(server_objects)
fuzz_with_wire := $(server_out)/netserv/wire_netdev.c.o $(fuzz_below)
fuzz_with_own := $(server_out)/netserv/wire_device.c.o $(fuzz_below) $(foreach s,$(fuzz_of_nic),$(call host_object,$s))
fuzz_objects = $(if $(filter $1,$(fuzz_servers)),$(server_out)/fuzz/$1.c.o $(fuzz_with_$1),$(call host_object,$(UKERN)/tests/fuzz/$1.c) $(foreach s,$(fuzz_of_$1),$(call host_object,$s)))
define fuzz_rule
$(BUILD)/tests/fuzz/$1: $(call fuzz_objects,$1) $(call host_object,$(UKERN)/tests/fuzz/main.c)
	$$(call step,HOSTLD,fuzz/$1)
	@mkdir -p $$(@D)
	$$(Q)$$(HOST_CC) $$(host_flags) -o $$(ukern_new) $$^
	$$(Q)$$(ukern_keep)
endef
$(foreach t,$(fuzz_targets),$(eval $(call fuzz_rule,$t)))
host_tests += $(fuzz_targets:%=$(BUILD)/tests/fuzz/%)

# The same with FUZZ_CC, in a folder of their own; what was found stays there.
.PHONY: fuzz
ifeq ($(FUZZING),)
fuzz:
	+@$(MAKE) --no-print-directory -f $(UKERN)/tests/build.mk FUZZING=yes BUILD=$(BUILD)/fuzz UKERN_BUILD=$(UKERN_BUILD) HOST_CC=$(FUZZ_CC) fuzz
else
fuzz: $(foreach t,$(fuzz_targets),$(BUILD)/$t)
	$(Q)for t in $(fuzz_targets); do mkdir -p $(BUILD)/corpus/$$t && cd $(BUILD)/corpus && \
	    $(BUILD)/$$t -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -len_control=0 -print_final_stats=1 -artifact_prefix=$(BUILD)/$$t- $$t || exit 1; done
define fuzzer_rule
$(BUILD)/$1: $(call fuzz_objects,$1)
	$$(call step,HOSTLD,$1)
	$$(Q)$$(HOST_CC) $$(host_flags) -fsanitize=fuzzer -o $$(ukern_new) $$^
	$$(Q)$$(ukern_keep)
endef
$(foreach t,$(fuzz_targets),$(eval $(call fuzzer_rule,$t)))
endif

# ---- Tests in the guest: a script for each project and CPU, so that the runner sees only programs.
guest_projects := $(patsubst $(UKERN)/tests/%/Makefile,%,$(wildcard $(UKERN)/tests/*/Makefile))
guest_tests := $(foreach g,$(guest_projects),$(foreach c,$(GUEST_CPUS),$(BUILD)/tests/$g-$c))

.PHONY: libs $(guest_projects)
libs:
	+@$(MAKE) --no-print-directory -f $(UKERN)/tools/libs.mk libs
$(guest_projects): libs
	+@$(MAKE) --no-print-directory -C $(UKERN)/tests/$@ BUILD=$(BUILD)/tests/$@ IMAGE=$@ UKERN_READY=yes
define guest_rule
$(BUILD)/tests/$1-$2: $1
	@printf "#!/bin/sh\nexec $(UKERN)/tools/run -n -c $2 -t 240 -a semihosting $(BUILD)/tests/$1/$1.img\n" >$$@ && chmod +x $$@
endef
$(foreach g,$(guest_projects),$(foreach c,$(GUEST_CPUS),$(eval $(call guest_rule,$g,$c))))

# ---- All of them. TESTS=unit/test_pipe (or a part of a name) runs some.
scripts := $(wildcard $(UKERN)/tests/*/*.t)
producers := $(host_tests) $(guest_tests) $(scripts)
chosen := $(if $(TESTS),$(foreach p,$(producers),$(if $(strip $(foreach t,$(TESTS),$(findstring $t,$p))),$p)),$(producers))

.PHONY: all check
check: $(chosen)
	$(Q)UKERN=$(UKERN) BUILD=$(BUILD) UKERN_BUILD=$(UKERN_BUILD) JOBS="$(JOBS)" $(UKERN)/tests/run $(if $(filter 1,$(V)),-v) $(chosen)
