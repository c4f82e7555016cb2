# SPDX-License-Identifier: BSD-2-Clause
#
# What a project can do with its image besides booting it. Included by sdk.mk.

.PHONY: test size graph doctor doc compile_commands.json debug trace

test: all
	@$(UKERN)/tools/test $(call ukern_boot,$(BOOTARGS)) $(ukern_limit) $(BUILD)/$(IMAGE).img tests $(foreach t,$(TESTS),$(call quoted,$t))

ukern_program_elf = $(if $(filter $1,$(ukern_sdk_programs)),$(UKERN_BUILD),$(BUILD))/programs/$1.elf
size: all
	@$(UKERN)/tools/size $(BUILD)/size.record $(BUILD)/$(IMAGE).img $(ukern_kernel_out)/kernel.sym \
	    $(foreach p,$(ukern_own_programs) $(ukern_sdk_programs),$p=$(call ukern_program_elf,$p)) \
	    kernel=$(ukern_kernel_out)/bare.elf

graph: $(BUILD)/image
	$(Q)$(UKERN)/tools/graph $< $(IMAGE) >$(BUILD)/$(IMAGE).dot
	$(call step,DOT,$(BUILD)/$(IMAGE).dot)
	$(Q)if command -v dot >/dev/null; then dot -Tsvg -o $(BUILD)/$(IMAGE).svg $(BUILD)/$(IMAGE).dot && \
	    echo '  SVG     $(BUILD)/$(IMAGE).svg'; else echo 'dot is not here to draw it: apt-get install graphviz'; fi

doctor:
	@$(UKERN)/tools/doctor '$(UKERN)' '$(UKERN_BUILD)' '$(CROSS_COMPILE)' '$(PICOLIBC)'

# The project's own sources; what the SDK offers is in its own site.
doc:
	@command -v doxygen >/dev/null || { echo 'doxygen is not here: apt-get install doxygen' >&2; exit 2; }
	@mkdir -p $(BUILD)/doc
	@printf '%s\n' 'PROJECT_NAME = $(IMAGE)' 'INPUT = .' 'RECURSIVE = YES' 'EXCLUDE = $(BUILD)' 'FILE_PATTERNS = *.c *.h *.md' \
	    'OPTIMIZE_OUTPUT_FOR_C = YES' 'JAVADOC_AUTOBRIEF = YES' 'EXTRACT_ALL = YES' 'EXTRACT_STATIC = YES' \
	    'GENERATE_LATEX = NO' 'QUIET = YES' "HAVE_DOT = $$(command -v dot >/dev/null && echo YES || echo NO)" 'OUTPUT_DIRECTORY = $(BUILD)/doc' | doxygen -
	$(call step,DOC,$(BUILD)/doc/html/index.html)

# For editors: how each source is compiled.
ukern_json = $(subst ",\",$(subst \,\\,$1))
ukern_compile_command = $(if $2,{"directory": "$(call ukern_json,$(CURDIR))"$(ukern_comma) "file": "$(call ukern_json,$1)"$(ukern_comma) "command": "$(call ukern_json,$(ukern_cc) $(strip $2) -c $1)"}$(ukern_comma))
ukern_comma := ,
ukern_compile_commands = $(foreach p,$(ukern_own_programs),$(foreach s,$(sources_of_$p),$(call ukern_compile_command,$s,$(ukern_task_flags) $(ukern_own_flags) -I. -I$p $(CFLAGS) $($p.cflags))$(ukern_newline))) \
    $(foreach s,$(KERNEL),$(call ukern_compile_command,$s,$(ukern_kernel_flags) $(ukern_own_flags) -I$(UKERN)/libuser/include -I. $(CFLAGS))$(ukern_newline)) \
    $(foreach s,$(BOARD),$(call ukern_compile_command,$s,$(ukern_kernel_flags) $(ukern_board_flags) $(ukern_own_flags) -I. $(CFLAGS))$(ukern_newline))
compile_commands.json:
	$(if $(ukern_dry),,$(file >$@,[$(ukern_newline)$(ukern_compile_commands){}$(ukern_newline)]))
	@sed -e 's/^ *//' -e '/^$$/d' $@ | perl -0777 -pe 's/,\s*\{\}//; s/\{\}//' >$@.new && mv $@.new $@
	$(call step,JSON,$@)

debug: all
	@$(UKERN)/tools/debug $(if $(CPU),-c '$(CPU)') $(if $(RAM),-m '$(RAM)') $(if $(BOOTARGS),-a '$(BOOTARGS)') $(if $(QEMU_FLAGS),-q '$(QEMU_FLAGS)') \
	    $(BUILD)/$(IMAGE) $(ukern_kernel_out)/bare.elf \
	    $(foreach p,$(ukern_own_programs) $(ukern_sdk_programs),$p=$(call ukern_program_elf,$p)) -- $(GDB_FLAGS)

# In a folder of its own, with the kernel that records.
ifneq ($(UKERN_TRACE),1)
trace:
	+@$(MAKE) --no-print-directory -f $(ukern_project) UKERN_TRACE=1 BUILD=$(BUILD)/trace trace
else
trace: all
	@$(UKERN)/tools/trace $(call ukern_boot,$(BOOTARGS)) $(ukern_limit) $(if $(TRACE_ROWS),-n $(TRACE_ROWS)) \
	    $(foreach t,$(TRACE_TASKS),-o $(call quoted,$t)) \
	    $(BUILD)/$(IMAGE).img $(patsubst %/trace,%,$(BUILD))/$(IMAGE).trace $(QEMU_FLAGS)
endif
