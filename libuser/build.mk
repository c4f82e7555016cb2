# SPDX-License-Identifier: BSD-2-Clause
#
# libuser.a, crt0.o and the programs that every image has: init and console.
libuser_dir := $(UKERN)/libuser
libuser_out := $(UKERN_BUILD)/libuser
libuser_sources := $(filter-out %/crt0.S,$(wildcard $(libuser_dir)/*.[cS])) $(UKERN)/libukern/core/string.c

# Nothing in here needs floating point, and a server that touches no vector register saves the switch of their state.
libuser_flags := $(ukern_task_flags) -mgeneral-regs-only

$(eval $(call objects_rule,$(libuser_out),$(libuser_sources) $(libuser_dir)/crt0.S,$(libuser_flags) -I$(libuser_dir)))

$(call stamp,$(libuser_out)/link.flags,$(libuser_sources))
$(UKERN_BUILD)/lib/libuser.a: $(call objects_of,$(libuser_out),$(libuser_sources)) $(libuser_out)/link.flags
	$(call step,AR,libuser.a)
	@mkdir -p $(@D) && rm -f $(ukern_new)
	$(Q)$(CROSS_COMPILE)ar rcsD $(ukern_new) $(filter %.o,$^)
	$(Q)$(ukern_keep)

$(UKERN_BUILD)/lib/crt0.o: $(call objects_of,$(libuser_out),$(libuser_dir)/crt0.S)
	@mkdir -p $(@D) && cp $< $(ukern_new) && $(ukern_keep)

ukern_programs := init console
$(foreach p,$(ukern_programs),$(eval $(call program_rule,$p,$(UKERN_BUILD)/programs,$(wildcard $(libuser_dir)/$p/*.c),$(libuser_flags) -I$(libuser_dir)/$p)))

.PHONY: libuser
libuser: $(UKERN_BUILD)/lib/libuser.a $(UKERN_BUILD)/lib/crt0.o \
    $(foreach p,$(ukern_programs),$(addprefix $(UKERN_BUILD)/programs/$p,.elf .sym) $(UKERN_BUILD)/programs/$p)
