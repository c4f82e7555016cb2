# SPDX-License-Identifier: BSD-2-Clause
#
# libukern.a: the kernel in one object, whose only global symbols are ukern_*, and a default ukern_main().
ARCH := aarch64
BOARD := virt

libukern_dir := $(UKERN)/libukern
libukern_out := $(UKERN_BUILD)/libukern$(ukern_variant)
libfdt_dir := $(UKERN_BUILD)/third_party/libfdt
libfdt_sources := $(addprefix $(libfdt_dir)/,fdt.c fdt_ro.c fdt_addresses.c)

libukern_sources := $(wildcard $(libukern_dir)/core/*.c $(libukern_dir)/arch/$(ARCH)/*.[cS])
# What runs at boot, seldom, or for so long that a few instructions more do not count, is built for size.
seldom_sources := $(filter $(foreach f,archive boot elf irq loader log operation panic sys_handle sys_shm sys_spawn sys_system \
    sys_task teardown,%/core/$f.c) $(foreach f,early kmap start trap,%/$(ARCH)/$f.c),$(libukern_sources))
# The message of a direct call stays in x1 to x7, this CPU in x17, and the task that leaves in x18, while these run (arch/aarch64/vectors.S).
message_sources := $(filter %/core/ipc_fast.c %/$(ARCH)/switch.c,$(libukern_sources))
# In the variants that record or measure, another way leads there (entry.c), and they call more.
message_flags := $(if $(ukern_variant),,$(foreach r,1 2 3 4 5 6 7 17 18,-ffixed-x$r) -DARCH_CPU_REGISTER='"x17"' -mbranch-protection=none)
often_sources := $(filter-out $(seldom_sources) $(message_sources),$(libukern_sources))
board_sources := $(wildcard $(libukern_dir)/board/$(BOARD)/*.[cS])
libukern_includes := -I$(libukern_dir)/core -I$(libukern_dir)/arch/$(ARCH) -I$(libukern_dir)/board/$(BOARD) \
    -isystem $(libukern_dir)/board/$(BOARD)/libc -isystem $(libfdt_dir)

$(libfdt_sources) $(libfdt_dir)/libfdt.h:
	@echo 'libfdt is not in $(UKERN_BUILD)/third_party yet: run `make setup` in $(UKERN), with the same BUILD' >&2; exit 1

$(eval $(call objects_rule,$(libukern_out),$(often_sources) $(libukern_dir)/main.c,$(ukern_kernel_flags) $(libukern_includes)))
$(eval $(call objects_rule,$(libukern_out)/message,$(message_sources),$(ukern_kernel_flags) $(libukern_includes) $(message_flags)))
$(eval $(call objects_rule,$(libukern_out)/seldom,$(seldom_sources),$(ukern_kernel_flags) $(libukern_includes) -Os))
$(eval $(call objects_rule,$(libukern_out)/board,$(board_sources),$(ukern_kernel_flags) $(libukern_includes) -Os,| $(libfdt_dir)/libfdt.h))
$(eval $(call objects_rule,$(libukern_out)/libfdt,$(libfdt_sources),$(ukern_kernel_flags) $(libukern_includes) -Os -w))
libukern_objects := $(call objects_of,$(libukern_out),$(often_sources)) \
    $(call objects_of,$(libukern_out)/message,$(message_sources)) \
    $(call objects_of,$(libukern_out)/seldom,$(seldom_sources)) \
    $(call objects_of,$(libukern_out)/board,$(board_sources)) \
    $(call objects_of,$(libukern_out)/libfdt,$(libfdt_sources))
libukern_main := $(call objects_of,$(libukern_out),$(libukern_dir)/main.c)
# The same without a board, and the pieces of this board: what a project with a board of its own links instead.
libukern_parts := $(UKERN_BUILD)/lib/libukern-parts$(ukern_variant).a $(UKERN_BUILD)/lib/libukern-board$(ukern_variant).a
$(call stamp,$(libukern_out)/link.flags,$(libukern_objects))

$(libukern_out)/kernel.o: $(libukern_objects) $(libukern_out)/link.flags
	$(call step,LD,libukern)
	$(call ukern_kernel_object,$(filter %.o,$^))

$(ukern_library): $(libukern_out)/kernel.o $(libukern_main)
	$(call step,AR,$(notdir $(ukern_library)))
	@mkdir -p $(@D) && rm -f $(ukern_new)
	$(Q)$(CROSS_COMPILE)ar rcsD $(ukern_new) $^
	$(Q)$(ukern_keep)

$(word 1,$(libukern_parts)): $(filter-out $(libukern_out)/board/%,$(libukern_objects)) $(libukern_main)
	@mkdir -p $(@D) && rm -f $(ukern_new)
	$(Q)$(CROSS_COMPILE)ar qcsD $(ukern_new) $(filter-out $(libukern_main),$^)
	$(Q)$(ukern_keep)
$(word 2,$(libukern_parts)): $(filter $(libukern_out)/board/%,$(libukern_objects))
	@mkdir -p $(@D) && rm -f $(ukern_new)
	$(Q)$(CROSS_COMPILE)ar qcsD $(ukern_new) $^
	$(Q)$(ukern_keep)

.PHONY: libukern
libukern: $(ukern_library) $(libukern_parts)
