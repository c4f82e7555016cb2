# SPDX-License-Identifier: BSD-2-Clause
#
# The recipe that a project includes. What it offers is the text below: `make help` prints it.
#
#? ukern: from C files to one bootable image
#?
#?   TASKS := hello                     # hello.c, or hello/*.c
#?   include $(shell pkg-config --variable=sdkmk ukern)
#?
#? Targets
#?   all                    build $(BUILD)/$(IMAGE).img                      make
#?   run                    boot it in QEMU                                  make run
#?                          a script instead of the keyboard                 echo 'ls' | make -s run
#?   debug                  boot it under gdb; `help ukern` there            make debug
#?   test                   boot it for each tests/NAME.test, print TAP      make test
#?                          or for some of them                              make test TESTS=NAME
#?   trace                  boot it, and show afterwards who called whom     make trace
#?                          until it ends by itself, or for so long          make trace TIMEOUT=10
#?   size                   bytes by program and by module, and the change   make size
#?   graph                  draw its tasks, ports, rights and devices        make graph
#?   doc                    build a site from the project's own comments     make doc
#?   compile_commands.json  tell an editor how files are built               make compile_commands.json
#?   doctor                 check the tools, say how to get what is missing  make doctor
#?   clean                  remove $(BUILD)                                  make clean
#?   help                   this text                                        make help
#?   print-VAR              show what a variable is                          make print-TASKS
#?
#? Variables of the project, set before the include
#?   IMAGE        the image's name                                           IMAGE := hello
#?   TASKS        tasks that start at boot                                   TASKS := pipeserv hello
#?   PROGRAMS     more programs in the archive, not started                  PROGRAMS := cat wc
#?                init among them is the project's own first task            PROGRAMS := init
#?   KERNEL       kernel extension with ukern_main()                         KERNEL := upper_syscall.c
#?   BOARD        a board of one's own, instead of QEMU's virt               BOARD := myboard.c
#?   FILES        more files in the archive, as they are or renamed          FILES := motd help.txt=docs/help.md
#?   CFLAGS       more flags for the compiler                                CFLAGS := -DFAST
#?   LDLIBS       more libraries for the programs                            LDLIBS := -lm
#?   SDK_TASKS    tasks that the SDK adds (console)                          SDK_TASKS :=
#?   SDK_REQUIRE  the oldest SDK that will do                                SDK_REQUIRE := 0.1
#?   BUILD        where everything is built (build)                          BUILD := /tmp/hello
#?
#? Tests: a file tests/NAME.test has lines `> TEXT` to type in, `! TEXT` that must not be seen, `= N` for the exit
#? status (0), `# TEXT` for people; every other line must be seen, in this order.
#?
#? Properties of a task or program NAME
#?   NAME.sources   its files, if not NAME.c or NAME/*.c                     shell.sources := shell/main.c line.c
#?   NAME.cflags    more flags for the compiler, for it alone                pipeserv.cflags := -mgeneral-regs-only
#?   NAME.hot       file that names functions and variables: these lie       netserv.hot := netserv/hot
#?                  together, on few pages
#?   NAME.program   the program it runs, if not NAME                         worker2.program := worker
#?   NAME.provides  ports that it serves                                     pipeserv.provides := pipe
#?   NAME.uses      ports that it may call (console), and archive            shell.uses := pipe console archive
#?   NAME.devices   devices that it drives                                   console.devices := pl011
#?   NAME.dma       sizes of memory that they reach                          netdev.dma := 256K 4M
#?   NAME.rights    over the whole system:                                   shell.rights := inspect kill power
#?                  inspect, kill, log, power, device
#?   NAME.restart   always, on-failure or never (the default)                pipeserv.restart := always
#?   NAME.memory    most memory it can use, in bytes, K or M                 shell.memory := 1M
#?   NAME.stack     size of its stack                                        shell.stack := 64K
#?   NAME.priority  0 (least urgent) to 63                                   pipeserv.priority := 40
#?   NAME.args      its arguments                                            shell.args := -v
#?
#? Variables of one call
#?   V=1              show every command                                     make V=1
#?   DEBUG=1          build for a debugger, in $(BUILD)/debug                make DEBUG=1
#?   CPU, RAM         the machine that QEMU makes                            make run CPU=max RAM=512M
#?   BOOTARGS         words for tasks, see task_bootargs()                   make run BOOTARGS=verbose
#?   QEMU             the emulator, if not qemu-system-aarch64               make run QEMU=/opt/qemu/bin/qemu-system-aarch64
#?   QEMU_FLAGS       more options for QEMU                                  make run QEMU_FLAGS='-d int'
#?   TIMEOUT          end QEMU after so many seconds                         make run TIMEOUT=10
#?   GDB_FLAGS        options for gdb                                        make debug GDB_FLAGS='-ex continue'
#?   UKERN_MEASURE=1  a kernel that finds its longest masked path            make run UKERN_MEASURE=1
#?   TRACE_TASKS      show messages of these tasks only                      make trace TRACE_TASKS='shell wc'
#?   TRACE_ROWS       show so many messages at most (5000)                   make trace TRACE_ROWS=20000
#?   UKERN_TRACE=1    a kernel that records, as `make trace` makes           make debug UKERN_TRACE=1
#?   CROSS_COMPILE    prefix of the compiler                                 make CROSS_COMPILE=aarch64-elf-
#?   PICOLIBC         where picolibc is                                      make PICOLIBC=/opt/picolibc

.DEFAULT_GOAL := all
ifdef ukern_makefiles
$(error sdk.mk is included twice by $(firstword $(MAKEFILE_LIST)), or by what it includes: once is enough)
endif
ukern_makefiles := $(filter-out $(lastword $(MAKEFILE_LIST)),$(MAKEFILE_LIST))
# Variables of the command line count where a person typed them, not where a make above handed its own down.
ukern_origins := file override $(if $(filter 0,$(MAKELEVEL)),command)
ukern_given := $(foreach v,$(.VARIABLES),$(if $(filter $(ukern_origins),$(firstword $(origin $v))),$v))

UKERN := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
ifeq ($(wildcard $(UKERN)/tools/toolchain.mk),)
$(error The SDK lies in a folder with a space in its path, which make takes for two: move it to one without)
endif
ukern_odd := $(strip $(foreach c,' " ` $$ & ; ( ) < > | * ? \ : \# = %,$(findstring $c,$(UKERN))))
ifneq ($(ukern_odd),)
$(error The SDK in $(UKERN) has $(ukern_odd) in its path, which make or the shell takes for something else: move it)
endif
# Built libraries lie in build/ of a checkout. An installed SDK has them beside its headers, and nothing to make them.
ukern_make := $(wildcard $(UKERN)/tools/libs.mk)
UKERN_BUILD ?= $(if $(ukern_make),$(UKERN)/build,$(UKERN))
# What an image is made of is said by the project or on the command line, not by whatever the environment happens to hold.
$(foreach v,IMAGE TASKS PROGRAMS KERNEL BOARD FILES CFLAGS LDLIBS SDK_TASKS DEBUG TESTS,$(if $(filter environment,$(origin $v)),$(eval undefine $v)))
BUILD ?= build$(if $(filter 1,$(DEBUG)),/debug)
IMAGE ?= $(notdir $(CURDIR))
SDK_TASKS ?= console
# A blank or a comment behind a name is no part of it.
$(foreach v,IMAGE BUILD CROSS_COMPILE PICOLIBC,$(if $(filter undefined,$(origin $v)),,$(eval override $v := $$(strip $$($v)))))

include $(UKERN)/tools/toolchain.mk

# `make clean` removes all of it.
ifneq ($(filter-out help doctor print-%,$(or $(MAKECMDGOALS),all)),)
ifneq ($(filter / $(abspath $(BUILD))/%,$(abspath $(BUILD)) $(CURDIR)/),)
$(error BUILD is '$(BUILD)', which is this folder or one above it, and make clean removes all of BUILD: name a folder for built files alone)
endif
ifneq ($(if $(wildcard $(BUILD)/facts.flags),,$(wildcard $(BUILD)/*.[chS] $(BUILD)/*.mk $(BUILD)/Makefile)),)
$(error BUILD is '$(BUILD)', where files of yours are, and make clean removes all of BUILD: name a folder for built files alone)
endif
endif
# However it is written, its files have one name: by that, make knows the headers of each.
override BUILD := $(subst ^,,$(subst ^$(CURDIR)/,,^$(abspath $(BUILD))))

# With other goals beside it, clean comes first, whatever -j says: before anything is written.
ifneq ($(and $(filter clean,$(MAKECMDGOALS)),$(ukern_need_tools)),)
ukern_cleaned := yes$(if $(ukern_dry),,$(shell rm -rf $(BUILD)))
endif

# An installation is whole: its libraries and its headers are of one version.
ifeq ($(ukern_make),)
ukern_built := $(strip $(file <$(UKERN_BUILD)/lib/version))
ifneq ($(ukern_built),$(ukern_version) $(ukern_abi))
$(error The SDK in $(UKERN) is stale: its libraries are of version $(or $(firstword $(ukern_built)),none) (ABI $(or $(word 2,$(ukern_built)),none)), its headers of $(ukern_version) (ABI $(ukern_abi)): install it again)
endif
endif

# ---- The SDK's own programs and the rights they need; a project may set any of these itself.
console.provides ?= console
console.devices ?= pl011
console.rights ?= log
console.restart ?= always
console.priority ?= 48
console.memory ?= 1M

# ---- What the image holds
ukern_variables := IMAGE TASKS PROGRAMS KERNEL BOARD FILES CFLAGS LDLIBS SDK_TASKS SDK_REQUIRE BUILD DEBUG V CPU RAM BOOTARGS \
    TESTS GDB_FLAGS QEMU QEMU_FLAGS TIMEOUT CROSS_COMPILE PICOLIBC UKERN_MEASURE \
    UKERN_TRACE TRACE_TASKS TRACE_ROWS
ukern_properties := sources cflags hot program provides uses devices dma rights restart memory stack priority args

ukern_tasks := $(strip $(filter-out $(TASKS),$(SDK_TASKS)) $(TASKS))
# A task that says nothing of what it uses can print.
$(foreach t,$(TASKS),$(if $(filter undefined,$(origin $t.uses)),$(eval $t.uses := $(filter-out $t,$(filter console,$(ukern_tasks))))))
program_of = $(or $($1.program),$1)
ukern_own_programs := $(sort $(filter-out $(filter-out $(TASKS) $(PROGRAMS),$(SDK_TASKS)), \
    $(foreach t,$(ukern_tasks),$(call program_of,$t)) $(PROGRAMS)))
ukern_sdk_programs := $(filter-out $(ukern_own_programs),init) $(filter-out $(ukern_own_programs), \
    $(filter $(SDK_TASKS),$(foreach t,$(ukern_tasks),$(call program_of,$t))))
sources_of = $(or $($1.sources),$(wildcard $1.c),$(wildcard $1/*.c $1/*.S))

# ---- The image description, checked by tools/describe. Like a flag stamp it is made while make
# reads, so that a misspelt name stops everything before the first step.
define ukern_newline


endef
file_name = $(if $(findstring =,$1),$(firstword $(subst =, ,$1)),$(notdir $1))
file_path = $(lastword $(subst =, ,$1))
ukern_project := $(firstword $(MAKEFILE_LIST))
ukern_line = $1$(ukern_newline)
define ukern_facts
project $(ukern_project)
sdk $(ukern_version) $(UKERN)
require $(SDK_REQUIRE)
makefiles $(ukern_makefiles)
kernel $(strip $(KERNEL))
board $(strip $(BOARD))
files $(strip $(FILES))
$(foreach v,IMAGE SDK_TASKS CFLAGS LDLIBS QEMU_FLAGS GDB_FLAGS DEBUG V TIMEOUT UKERN_MEASURE UKERN_TRACE TRACE_TASKS TRACE_ROWS,setting $v $(strip $($v))$(ukern_newline))
variables $(ukern_variables)
given $(foreach v,$(ukern_given),$(if $(findstring .,$v),,$v))
own $(strip $(TASKS))
programs_given $(strip $(PROGRAMS))
$(if $(filter init,$(ukern_own_programs)),first_task own)
tasks $(ukern_tasks)
programs $(ukern_own_programs) $(ukern_sdk_programs)
$(foreach p,$(ukern_own_programs),$(if $(sources_of_$p),sources $p $(sources_of_$p),sourceless $p)$(ukern_newline))
present $(basename $(wildcard *.c)) $(patsubst %/,%,$(sort $(dir $(wildcard */*.c))))
$(foreach v,$(sort $(foreach v,$(.VARIABLES),$(if $(findstring .,$v),$(if $(filter $(ukern_origins),$(firstword $(origin $v))),$v)))),property $v $(strip $($v))$(ukern_newline))
endef
$(foreach p,$(ukern_own_programs),$(eval sources_of_$p := $(call sources_of,$p)))

ifneq ($(ukern_need_tools),)
ifeq ($(ukern_dry),)
ifneq ($(shell mkdir -p '$(BUILD)' 2>/dev/null && [ -w '$(BUILD)' ] && echo good),good)
$(error BUILD: cannot write to $(BUILD): get the right to, or set BUILD to another folder)
endif
$(call stamp,$(BUILD)/facts.flags,$(ukern_facts))
ukern_described := $(shell PERL_BADLANG=0 $(UKERN)/tools/describe $(BUILD)/facts.flags $(BUILD)/image && echo good)
else
# A dry run looks at the facts and leaves nothing behind.
ukern_facts_file := $(or $(shell mktemp 2>/dev/null),$(error TMPDIR is '$(TMPDIR)', where no file can be made: set it to a folder that is there))
$(file >$(ukern_facts_file),$(ukern_facts))
ukern_described := $(shell PERL_BADLANG=0 $(UKERN)/tools/describe -n $(ukern_facts_file) $(BUILD)/image && echo good; rm -f $(ukern_facts_file))
$(if $(filter changed,$(ukern_described)),$(call changed,$(BUILD)/image))
endif
# What is wrong has been said. An error in a target without a recipe is told without the place in this file.
ifeq ($(filter good,$(ukern_described)),)
override IMAGE := none
ukern_own_programs :=
.PHONY: ukern_stop
.SECONDEXPANSION:
ukern_stop: $$(error Nothing is built until that is right)
$(or $(MAKECMDGOALS),all): ukern_stop
endif
endif

# ---- The SDK's libraries are built first; their own make knows what is to do.
# UKERN_READY=yes says that a make above has done it.
ukern_libraries := $(ukern_library) $(addprefix $(UKERN_BUILD)/lib/,libuser.a crt0.o) \
    $(foreach l,libukern-parts libukern-board,$(UKERN_BUILD)/lib/$l$(ukern_variant).a)
ukern_sdk_files := $(foreach p,$(ukern_sdk_programs),$(addprefix $(UKERN_BUILD)/programs/$p,.elf .sym) $(UKERN_BUILD)/programs/$p)
ifneq ($(if $(filter yes$(ukern_variant),$(UKERN_READY)),,$(ukern_make)),)
$(ukern_libraries) $(ukern_sdk_files): ukern_libs ;
.PHONY: ukern_libs
ukern_libs:
	+@$(MAKE) --no-print-directory -f $(UKERN)/tools/libs.mk UKERN_BUILD=$(UKERN_BUILD) UKERN_MEASURE=$(UKERN_MEASURE) UKERN_TRACE=$(UKERN_TRACE) BUILD= BOARD=virt DEBUG= CFLAGS= LDLIBS= libs
endif

# ---- Programs
$(foreach p,$(ukern_own_programs),$(eval $(call program_rule,$p,$(BUILD)/programs,$(sources_of_$p),$(ukern_task_flags) $(ukern_own_flags) -I. -I$p $(CFLAGS) $($p.cflags))))

# ---- The kernel: the extension, the library, and the archive as its last section. It is linked twice:
# first with an empty archive, whose addresses make kernel.sym, which goes into the real one. Extensions see the headers of
# libuser for the protocols that they speak; its functions are not linked.
ukern_kernel_out := $(BUILD)/kernel
ukern_kernel_script := $(UKERN)/libukern/ukern.ld
ukern_kernel_objects := $(call objects_of,$(ukern_kernel_out),$(KERNEL))
ukern_kernel_link := -nostdlib -static -z max-page-size=4096 -z noexecstack --gc-sections --build-id=none \
    --fatal-warnings -T $(ukern_kernel_script) \
    $(foreach f,$(ukern_memory_functions),--defsym=$f=ukern_$f)
$(eval $(call objects_rule,$(ukern_kernel_out),$(sort $(KERNEL)),$(ukern_kernel_flags) $(ukern_own_flags) -I$(UKERN)/libuser/include -I. $(CFLAGS)))
$(call stamp,$(ukern_kernel_out)/link.flags,$(CROSS_COMPILE) $(ukern_kernel_link) $(ukern_library) $(KERNEL))

# A board of the project's own takes the place of QEMU's virt, whose pieces it may use: the library is linked again.
ifneq ($(BOARD),)
ukern_parts := $(UKERN_BUILD)/lib/libukern-parts$(ukern_variant).a
ukern_board_parts := $(UKERN_BUILD)/lib/libukern-board$(ukern_variant).a
ukern_board_objects := $(call objects_of,$(ukern_kernel_out)/board,$(BOARD))
ukern_board_flags := $(addprefix -I$(UKERN)/libukern/,core arch/aarch64 board/virt) \
    -isystem $(UKERN)/libukern/board/virt/libc -isystem $(UKERN_BUILD)/third_party/libfdt
ukern_kernel_library := $(ukern_library)
ukern_library := $(ukern_kernel_out)/libukern.o $(ukern_kernel_library)
$(eval $(call objects_rule,$(ukern_kernel_out)/board,$(BOARD),$(ukern_kernel_flags) $(ukern_board_flags) $(ukern_own_flags) -I. $(CFLAGS)))
$(ukern_kernel_out)/libukern.o: $(ukern_board_objects) $(ukern_parts) $(ukern_board_parts)
	$(call step,LD,libukern with $(BOARD))
	$(call ukern_kernel_object,$(ukern_parts) $(ukern_board_objects),-d board=BOARD -d board_boot=BOARD,--whole-archive $(ukern_parts) --no-whole-archive \
	    $(ukern_board_objects) $(ukern_board_parts))
endif

# $(call link_kernel,ARCHIVE): $(ukern_new); the archive's object is assembled beside it. No ARCHIVE, an empty one.
define link_kernel
	$(Q)printf '.section .archive, "a"\n$(if $1,.incbin "$1"\n)' | $(CROSS_COMPILE)as -o $@.archive.o -
	$(Q)$(ukern_linker) $(if $(KERNEL),-d ukern_main=KERNEL) kernel $(CROSS_COMPILE)ld $(ukern_kernel_link) -o $(ukern_new) $(ukern_kernel_objects) $@.archive.o $(ukern_library)
endef
ukern_kernel_inputs := $(ukern_kernel_objects) $(ukern_library) $(ukern_kernel_script) $(ukern_kernel_out)/link.flags

$(ukern_kernel_out)/bare.elf: $(ukern_kernel_inputs)
	$(call step,LD,kernel)
	$(call link_kernel,)
	$(Q)$(ukern_keep)
$(ukern_kernel_out)/kernel.sym: $(ukern_kernel_out)/bare.elf $(UKERN)/tools/symtab
	$(Q)$(UKERN)/tools/symtab $< $(ukern_new)
	$(Q)$(ukern_keep)

# ---- The archive
ukern_archive_files := image=$(BUILD)/image kernel.sym=$(ukern_kernel_out)/kernel.sym \
    $(foreach p,$(ukern_sdk_programs),$p=$(UKERN_BUILD)/programs/$p $p.sym=$(UKERN_BUILD)/programs/$p.sym) \
    $(foreach p,$(ukern_own_programs),$p=$(BUILD)/programs/$p $p.sym=$(BUILD)/programs/$p.sym) \
    $(foreach f,$(FILES),$(call file_name,$f)=$(call file_path,$f))
$(call stamp,$(BUILD)/archive.flags,$(ukern_archive_files))

$(BUILD)/archive.cpio: $(foreach f,$(ukern_archive_files),$(call file_path,$f)) $(BUILD)/archive.flags $(UKERN)/tools/archive $(UKERN)/tools/check
	$(call step,CPIO,$(words $(ukern_archive_files)) files)
	$(Q)$(UKERN)/tools/check $(ukern_project) $(ukern_abi) $(BUILD)/image $(ukern_archive_files)
	$(Q)$(UKERN)/tools/archive $(ukern_new) $(ukern_archive_files)
	$(Q)$(ukern_keep)

# ---- The image. Symbols that moved between the two links would make kernel.sym a lie.
$(BUILD)/$(IMAGE).elf: $(BUILD)/archive.cpio $(ukern_kernel_out)/bare.elf
	$(call step,LD,$(IMAGE).elf)
	$(call link_kernel,$(BUILD)/archive.cpio)
	$(Q)for f in $(ukern_new) $(ukern_kernel_out)/bare.elf; do $(CROSS_COMPILE)nm $$f | grep -i ' t ' | cksum; done | \
	    uniq | wc -l | grep -q 1 || { echo 'kernel.sym does not fit: code lies elsewhere with the archive' >&2; exit 1; }
	$(Q)$(ukern_keep)
$(BUILD)/$(IMAGE).img: $(BUILD)/$(IMAGE).elf
	$(call step,IMG,$(IMAGE).img)
	$(Q)$(CROSS_COMPILE)objcopy -O binary $< $(ukern_new)
	$(Q)$(ukern_keep)

include $(UKERN)/tools/targets.mk

# ---- Whatever there is no rule for. Missing sources come here, and targets that do not exist.
ukern_targets := all run debug test trace size graph doc compile_commands.json doctor help clean
.DEFAULT:
	+@$(UKERN)/tools/missing $(call quoted,$@) $(BUILD)/facts.flags '$(ukern_targets)' $(call quoted,$(MAKECMDGOALS))

.PHONY: all run clean help
all: $(BUILD)/$(IMAGE).img

# What they have in common who boot it: $(call ukern_boot,WORDS).
ukern_boot = $(if $(strip $(CPU)),-c $(call quoted,$(strip $(CPU)))) $(if $(strip $(RAM)),-m $(call quoted,$(strip $(RAM)))) \
    $(if $(strip $1),-a $(call quoted,$(strip $1)))
ukern_limit = $(if $(strip $(TIMEOUT)),-t $(strip $(TIMEOUT)))
run: all
	@$(UKERN)/tools/run $(call ukern_boot,$(BOOTARGS) semihosting) $(ukern_limit) $(if $(ukern_silent),-s) $(BUILD)/$(IMAGE).img $(QEMU_FLAGS)

clean:
	$(if $(ukern_cleaned),,$(Q)rm -rf $(BUILD))

help:
	@sed -n 's/^#? \{0,1\}//p' $(UKERN)/sdk.mk
