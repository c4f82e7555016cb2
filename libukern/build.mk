# SPDX-License-Identifier: BSD-2-Clause
#
# libukern.a: the kernel in one object, whose only global symbols are ukern_*, and a default ukern_main().
ARCH := aarch64
BOARD := virt

libukern_dir := $(UKERN)/libukern
libukern_out := $(UKERN_BUILD)/libukern
libfdt_dir := $(UKERN_BUILD)/third_party/libfdt
libfdt_sources := $(addprefix $(libfdt_dir)/,fdt.c fdt_ro.c fdt_addresses.c)

libukern_sources := $(wildcard $(libukern_dir)/core/*.c $(libukern_dir)/arch/$(ARCH)/*.[cS] \
    $(libukern_dir)/board/$(BOARD)/*.[cS])
libukern_includes := -I$(libukern_dir)/core -I$(libukern_dir)/arch/$(ARCH) -I$(libukern_dir)/board/$(BOARD) \
    -isystem $(libukern_dir)/board/$(BOARD)/libc -isystem $(libfdt_dir)

$(libfdt_sources):
	@echo 'The sources of libfdt are not here yet: run `make setup` in $(UKERN)' >&2; exit 1

$(eval $(call objects_rule,$(libukern_out),$(libukern_sources) $(libukern_dir)/main.c,$(ukern_kernel_flags) $(libukern_includes)))
$(eval $(call objects_rule,$(libukern_out)/libfdt,$(libfdt_sources),$(ukern_kernel_flags) $(libukern_includes) -w))
libukern_objects := $(call objects_of,$(libukern_out),$(libukern_sources)) \
    $(call objects_of,$(libukern_out)/libfdt,$(libfdt_sources))
libukern_main := $(call objects_of,$(libukern_out),$(libukern_dir)/main.c)
$(call stamp,$(libukern_out)/link.flags,$(libukern_objects))

# What nothing of the public interface reaches is dropped. Only ukern_* leaves the library: the entry is called ukern_head there, memcpy ukern_memcpy and so on.
$(libukern_out)/kernel.o: $(libukern_objects) $(libukern_out)/link.flags
	$(call step,LD,libukern)
	$(Q)roots=$$($(CROSS_COMPILE)nm -g --defined-only $(filter %.o,$^) | awk '$$3 ~ /^ukern_/ { print "-u", $$3 }') && \
	    $(CROSS_COMPILE)ld -r --gc-sections -e _head $$roots $(addprefix -u ,$(ukern_memory_functions)) -o $@ $(filter %.o,$^)
	$(Q)$(CROSS_COMPILE)objcopy $(foreach f,$(ukern_memory_functions),--redefine-sym $f=ukern_$f) \
	    --redefine-sym _head=ukern_head $@
	$(Q)$(CROSS_COMPILE)objcopy --wildcard --keep-global-symbol='ukern_*' $@

$(UKERN_BUILD)/lib/libukern.a: $(libukern_out)/kernel.o $(libukern_main)
	$(call step,AR,libukern.a)
	@mkdir -p $(@D) && rm -f $@
	$(Q)$(CROSS_COMPILE)ar rcsD $@ $^

.PHONY: libukern
libukern: $(UKERN_BUILD)/lib/libukern.a
