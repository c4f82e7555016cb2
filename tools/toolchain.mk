# SPDX-License-Identifier: BSD-2-Clause
#
# What building the libraries and building a project have in common: the compiler, its flags,
# calm output, flag stamps, and the rules that make a program. Included by sdk.mk and tools/libs.mk,
# which set UKERN (where the SDK is) and UKERN_BUILD (where its libraries are).

SHELL := /bin/sh
# The tools are quiet about locales that this machine has not.
export PERL_BADLANG := 0

# ---- What everything else needs first. One line says what is wrong, and what to do.
ifeq ($(filter 4.2% 4.3% 4.4% 4.5% 4.6% 4.7% 4.8% 4.9% 5.%,$(MAKE_VERSION)),)
$(error This is GNU make $(or $(MAKE_VERSION),of an unknown version); the SDK needs 4.2 or newer (as `gmake` on some systems))
endif
ifneq ($(words $(CURDIR)),1)
$(error '$(CURDIR)' has a space in its path, which make takes for two: move the project to a folder without)
endif
ifneq ($(word 2,$(BUILD)),)
$(error BUILD is '$(BUILD)', which has a space in it: make takes it for two folders)
endif
.DELETE_ON_ERROR:
.SUFFIXES:

# ---- The version of this SDK and of its ABI
ukern_of = $(shell sed -n 's/^#define $1 "*\([^"]*\)"*$$/\1/p' $(UKERN)/libukern/include/ukern/abi/version.h)
ukern_version := $(call ukern_of,UKERN_VERSION_TEXT)
ukern_abi := $(call ukern_of,UKERN_ABI)

# ---- Output: one line per step; V=1 shows the commands; make -s shows neither.
# The letters of make's options; -n and -q write nothing.
ukern_letters := $(filter-out --%,$(firstword -$(MAKEFLAGS)))
ukern_silent := $(findstring s,$(ukern_letters))
ukern_dry := $(findstring n,$(ukern_letters))$(findstring q,$(ukern_letters))
# $(call quoted,TEXT): one word for the shell.
quoted = '$(subst ','\'',$1)'
Q := $(if $(filter 1,$(V)),,@)
ukern_colour := $(and $(MAKE_TERMOUT),$(if $(NO_COLOR),,yes))
# $(call step,KIND,what)
step = @$(if $(ukern_silent)$(filter 1,$(V)),:,printf '  $(if $(ukern_colour),\033[36m%-7s\033[0m,%-7s) %s\n' '$1' '$2')

# ---- The compiler: CROSS_COMPILE, else the first that is there. Goals in ukern_no_tools need none.
ukern_no_tools := clean help doctor print-% setup format
ukern_need_tools := $(if $(MAKECMDGOALS),$(filter-out $(ukern_no_tools),$(MAKECMDGOALS)),all)
ukern_prefixes := aarch64-linux-gnu- aarch64-none-elf- aarch64-elf-
ifeq ($(origin CROSS_COMPILE),undefined)
CROSS_COMPILE := $(firstword $(foreach p,$(ukern_prefixes),$(if $(shell command -v $(p)gcc),$(p))))
ifeq ($(CROSS_COMPILE),)
ifneq ($(ukern_need_tools),)
ifeq ($(filter aarch64 arm64,$(shell uname -m)),)
$(error No C compiler for 64-bit Arm is here ($(patsubst %,%gcc,$(ukern_prefixes))): \
apt-get install gcc-aarch64-linux-gnu, or set CROSS_COMPILE to the prefix of yours)
endif
endif
endif
endif
ukern_cc := $(CROSS_COMPILE)gcc
export CROSS_COMPILE

# ---- Flags
PICOLIBC ?= /usr/lib/picolibc/aarch64-linux-gnu
ifneq ($(ukern_need_tools),)
ifeq ($(shell command -v $(ukern_cc)),)
$(error $(ukern_cc) is not here: CROSS_COMPILE says '$(CROSS_COMPILE)'$(if $(filter %gcc,$(CROSS_COMPILE)), and is a prefix: \
CROSS_COMPILE=$(patsubst %gcc,%,$(CROSS_COMPILE)) is meant,; apt-get install gcc-aarch64-linux-gnu brings aarch64-linux-gnu-))
endif
ukern_gcc_says := $(shell $(ukern_cc) -dumpmachine; $(ukern_cc) -print-file-name=include)
ifeq ($(filter aarch64%,$(ukern_gcc_says)),)
$(error $(ukern_cc) makes programs for $(or $(firstword $(ukern_gcc_says)),nobody knows what), not for 64-bit Arm: set CROSS_COMPILE to the prefix of one that does, as aarch64-linux-gnu-)
endif
ifeq ($(shell command -v perl),)
$(error perl is not here: apt-get install perl)
endif
ifeq ($(wildcard $(PICOLIBC)/include/stdio.h),)
$(error picolibc, the C library of tasks, is not in '$(PICOLIBC)': apt-get install picolibc-aarch64-linux-gnu, \
or set PICOLIBC to the folder that has its include/ and lib/)
endif
endif
ukern_gcc_include := $(lastword $(ukern_gcc_says))

ukern_warnings := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wshadow -Wundef \
    -Wpointer-arith -Wcast-qual -Wvla
# Frame pointers make backtraces; the prefix map makes builds the same wherever the tree lies.
ukern_common := -std=gnu11 $(if $(filter 1,$(DEBUG)),-Og,-O2) -g -fno-common -ffunction-sections -fdata-sections -fno-pie \
    -fno-omit-frame-pointer -momit-leaf-frame-pointer -mno-outline-atomics \
    -fno-asynchronous-unwind-tables -fno-unwind-tables -nostdinc \
    -ffile-prefix-map=$(UKERN)=. -ffile-prefix-map=$(UKERN)/= -isystem $(ukern_gcc_include)
# A project's own code: its warnings are its own affair, except those that never mean well; and its folder is what names of
# files are told from. (The SDK's examples and tests are the SDK's code.)
ukern_own_flags := $(if $(filter-out $(UKERN)/build/% $(UKERN_BUILD)/%,$(filter $(UKERN)/%,$(CURDIR)/)),,$(call quoted,-ffile-prefix-map=$(CURDIR)=.) -Wno-error \
    -Werror=implicit-function-declaration -Werror=implicit-int -Werror=int-conversion -Werror=incompatible-pointer-types)
# Kernel code: no vector registers, no C library. What a macro of ukern.h finds wrong is told where it is used.
ukern_kernel_flags := $(ukern_common) $(ukern_warnings) -ffreestanding -mgeneral-regs-only -ftrack-macro-expansion=0 \
    -fno-stack-protector -mbranch-protection=bti $(if $(filter 1,$(UKERN_MEASURE)),-DUKERN_MEASURE) $(if $(filter 1,$(UKERN_TRACE)),-DUKERN_TRACE) -I$(UKERN)/libukern/include
# Tasks: picolibc, its build that prefers speed.
ukern_task_flags := $(ukern_common) $(ukern_warnings) -ftls-model=local-exec \
    -fstack-protector-strong -mbranch-protection=standard \
    -isystem $(PICOLIBC)/include/release -isystem $(PICOLIBC)/include \
    -I$(UKERN)/libuser/include -I$(UKERN)/libukern/include
# Functions that the compiler may call in any code. libukern.a has them as ukern_NAME, and the link of an image
# binds the plain names in its kernel extensions to those.
ukern_memory_functions := memcpy memmove memset memcmp
# The kernel library; with UKERN_MEASURE=1 the one that watches how long it keeps interrupts masked, with UKERN_TRACE=1 the
# one that records what happens.
ukern_variant := $(if $(filter 1,$(UKERN_MEASURE)),-measure)$(if $(filter 1,$(UKERN_TRACE)),-trace)
ukern_library := $(UKERN_BUILD)/lib/libukern$(ukern_variant).a
ukern_linker = LINK_VERBOSE=$(filter 1,$(V)) $(UKERN)/tools/link
ukern_task_script := $(UKERN)/libuser/task.ld
ukern_task_link := -nostdlib -static -no-pie -ffunction-sections -fdata-sections -Wl,-z,max-page-size=4096 \
    -Wl,-z,noexecstack -Wl,--gc-sections -Wl,--build-id=none -Wl,--fatal-warnings
ukern_task_libraries := -Wl,--start-group $(UKERN_BUILD)/lib/libuser.a \
    -L$(PICOLIBC)/lib/release -L$(PICOLIBC)/lib -lc -lgcc -Wl,--end-group

# ---- Flag stamps: $(call stamp,FILE,TEXT) keeps TEXT in FILE and touches it only when TEXT changes,
# so that what depends on FILE is rebuilt then. Done while make reads, not by a rule. A dry run only takes FILE for new.
same_text = $(and $(findstring <$1>,<$2>),$(findstring <$2>,<$1>))
changed = $(eval .PHONY: $1)$(eval $1: ;)
write_text = $(if $(ukern_dry),$(call changed,$1),$(shell mkdir -p $(dir $1))$(file >$1,$2))
stamp = $(if $(ukern_need_tools),$(if $(wildcard $1),$(if $(call same_text,$(strip $(file <$1)),$(strip $2)),,$(call write_text,$1,$2)),$(call write_text,$1,$2)))

# ---- What a step makes is called $(ukern_new) until it is whole: a step may be killed at any moment, and make takes what is there
# for made. $(ukern_keep) is the end of its recipe.
ukern_new = $@.new
ukern_keep = mv -f $(ukern_new) $@

# ---- Objects: $(eval $(call objects_rule,DIRECTORY,SOURCES,FLAGS,EXTRA PREREQUISITES)) makes
# DIRECTORY/PATH.o of each source; $(call objects_of,DIRECTORY,SOURCES) names them.
object_path = $1/$(subst ../,up/,$(patsubst $(UKERN)/%,%,$2)).o
objects_of = $(foreach s,$2,$(call object_path,$1,$s))
define object_rule
$(call object_path,$1,$2): $2 $1/.flags $4
	$$(call step,$(if $(filter %.S,$2),AS,CC),$(patsubst $(UKERN)/%,%,$2))
	@mkdir -p $$(@D)
	$$(Q)$$(ukern_cc) $3 -MMD -MP -MQ $$@ -MF $$(@:.o=.d).new -c -o $$(ukern_new) $$<
	$$(Q)[ ! -e $$(@:.o=.d).new ] || mv -f $$(@:.o=.d).new $$(@:.o=.d)
	$$(Q)$$(ukern_keep)
endef
define objects_rule
$(call stamp,$1/.flags,$(ukern_version) $(ukern_cc) $3)
$(foreach s,$2,$(eval $(call object_rule,$1,$s,$3,$4)))
-include $(wildcard $(patsubst %.o,%.d,$(call objects_of,$1,$2)))
endef

# ---- The kernel library's object: $(call ukern_kernel_object,OBJECTS,OPTIONS OF tools/link,MORE FOR THE LINKER). What nothing of the public
# interface reaches is dropped. Only ukern_* leaves it: memcpy is called ukern_memcpy there, and so on.
# fdt_appendprop is a name that only dropped code wants.
define ukern_kernel_object
	$(Q)roots=$$($(CROSS_COMPILE)nm -g --defined-only $1 | awk '$$3 ~ /^ukern_/ { print "-u", $$3 }') && \
	    $(ukern_linker) $2 kernel $(CROSS_COMPILE)ld -r --gc-sections -e ukern_head $$roots \
	    $(addprefix -u ,$(ukern_memory_functions)) -o $(ukern_new) $(or $3,$1)
	$(Q)$(CROSS_COMPILE)objcopy $(foreach f,$(ukern_memory_functions),--redefine-sym $f=ukern_$f) --strip-symbol=fdt_appendprop $(ukern_new)
	$(Q)$(CROSS_COMPILE)objcopy --wildcard --keep-global-symbol='ukern_*' $(ukern_new)
	$(Q)$(ukern_keep)
endef

# ---- A program: $(eval $(call program_rule,NAME,DIRECTORY,SOURCES,FLAGS,EXTRA PREREQUISITES OF ITS OBJECTS)) makes
# DIRECTORY/NAME (stripped, for the archive), NAME.elf (with debug information) and NAME.sym.
# The libraries of LDLIBS that are files, by name or by -L and -l: a program is linked anew when one of them changes.
ukern_own_libraries = $(filter %.a,$(LDLIBS)) $(foreach l,$(patsubst -l%,%,$(filter -l%,$(LDLIBS))),$(firstword \
    $(wildcard $(patsubst -L%,%/lib$l.a,$(filter -L%,$(LDLIBS))))))
# What NAME.hot names comes first in the linker script of that program.
ukern_script_of = $(if $($1.hot),$2/objects/$1/task.ld,$(ukern_task_script))
define program_rule
$(call objects_rule,$2/objects/$1,$3,$4,$5)
$(if $($1.hot),$2/objects/$1/task.ld: $($1.hot) $(ukern_task_script) $(UKERN)/tools/hot
	$$(Q)$$(UKERN)/tools/hot $$^ >$$(ukern_new) && $$(ukern_keep))
$(call stamp,$2/objects/$1/link.flags,$(ukern_cc) $(ukern_task_link) $(ukern_task_libraries) $(LDLIBS) $($1.hot) $3)
$2/$1.elf: $(UKERN_BUILD)/lib/crt0.o $(call objects_of,$2/objects/$1,$3) $2/objects/$1/link.flags $(call ukern_script_of,$1,$2) $(UKERN_BUILD)/lib/libuser.a $(ukern_own_libraries)
	$$(call step,LD,$1)
	$$(Q)$$(ukern_linker) $1 $$(ukern_cc) $$(ukern_task_link) -Wl,-T,$(call ukern_script_of,$1,$2) -o $$(ukern_new) $$(filter %.o,$$^) $$(LDLIBS) $$(ukern_task_libraries)
	$$(Q)$$(ukern_keep)
$2/$1: $2/$1.elf
	$$(Q)$$(CROSS_COMPILE)objcopy --strip-all --remove-section=.comment $$< $$(ukern_new)
	$$(Q)$$(ukern_keep)
$2/$1.sym: $2/$1.elf $$(UKERN)/tools/symtab
	$$(Q)$$(UKERN)/tools/symtab $$< $$(ukern_new)
	$$(Q)$$(ukern_keep)
endef

print-%:
	@printf '%s\n' $(call quoted,$($*))
