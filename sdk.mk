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
#?   all        build $(BUILD)/$(IMAGE).img                       make
#?   run        boot it in QEMU                                   make run
#?              a script instead of the keyboard                  echo 'ls' | make -s run
#?   clean      remove $(BUILD)                                   make clean
#?   help       this text                                         make help
#?   print-VAR  show what a variable is                           make print-TASKS
#?
#? Variables of the project, set before the include
#?   IMAGE      the image's name                                  IMAGE := hello
#?   TASKS      tasks that start at boot                          TASKS := pipeserv hello
#?   PROGRAMS   more programs in the archive, not started         PROGRAMS := cat wc
#?   KERNEL     kernel extension with ukern_main()                KERNEL := upper_syscall.c
#?   FILES      more files in the archive, as they are or renamed FILES := motd help.txt=docs/help.md
#?   CFLAGS     more flags for the compiler                       CFLAGS := -DFAST
#?   LDLIBS     more libraries for the programs                   LDLIBS := -lm
#?   SDK_TASKS  tasks that the SDK adds (console)                 SDK_TASKS :=
#?   BUILD      where everything is built (build)                 BUILD := /tmp/hello
#?
#? Properties of a task or program NAME
#?   NAME.sources   its files, if not NAME.c or NAME/*.c          shell.sources := shell/main.c line.c
#?   NAME.program   the program it runs, if not NAME              worker2.program := worker
#?   NAME.provides  ports that it serves                          pipeserv.provides := pipe
#?   NAME.uses      ports that it may call; archive: the files    shell.uses := pipe console archive
#?   NAME.devices   devices that it drives                        console.devices := pl011
#?   NAME.rights    over the whole system:                        shell.rights := inspect kill power
#?                  inspect, kill, log, power, device
#?   NAME.restart   always, on-failure or never (the default)     pipeserv.restart := always
#?   NAME.memory    most memory it can use, in bytes, K or M      shell.memory := 1M
#?   NAME.stack     size of its stack                             shell.stack := 64K
#?   NAME.priority  0 (least urgent) to 63                        pipeserv.priority := 40
#?   NAME.args      its arguments                                 shell.args := -v
#?
#? Variables of one call
#?   V=1            show every command                            make V=1
#?   CPU, RAM       the machine that QEMU makes                   make run CPU=max RAM=512M
#?   BOOTARGS       words for the system's command line           make run BOOTARGS=semihosting
#?   QEMU_FLAGS     more options for QEMU                         make run QEMU_FLAGS='-d int'
#?   TIMEOUT        end QEMU after so many seconds                make run TIMEOUT=10
#?   CROSS_COMPILE  prefix of the compiler                        make CROSS_COMPILE=aarch64-elf-
#?   PICOLIBC       where picolibc is                             make PICOLIBC=/opt/picolibc

.DEFAULT_GOAL := all
ukern_given := $(foreach v,$(.VARIABLES),$(if $(filter file override command,$(firstword $(origin $v))),$v))

UKERN := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
UKERN_BUILD ?= $(UKERN)/build
BUILD ?= build
IMAGE ?= $(notdir $(CURDIR))
SDK_TASKS ?= console

include $(UKERN)/tools/toolchain.mk

# ---- The SDK's own programs and the rights they need; a project may set any of these itself.
console.provides ?= console
console.devices ?= pl011
console.rights ?= log
console.restart ?= always
console.priority ?= 48
console.memory ?= 1M

# ---- What the image holds
ukern_variables := IMAGE TASKS PROGRAMS KERNEL FILES CFLAGS LDLIBS SDK_TASKS BUILD V CPU RAM BOOTARGS \
    QEMU QEMU_FLAGS TIMEOUT CROSS_COMPILE PICOLIBC
ukern_properties := sources program provides uses devices rights restart memory stack priority args

ukern_tasks := $(filter-out $(TASKS),$(SDK_TASKS)) $(TASKS)
program_of = $(or $($1.program),$1)
ukern_own_programs := $(sort $(filter-out $(filter-out $(TASKS) $(PROGRAMS),$(SDK_TASKS)), \
    $(foreach t,$(ukern_tasks),$(call program_of,$t)) $(PROGRAMS)))
ukern_sdk_programs := init $(filter-out $(ukern_own_programs), \
    $(filter $(SDK_TASKS),$(foreach t,$(ukern_tasks),$(call program_of,$t))))
sources_of = $(or $($1.sources),$(wildcard $1.c),$(wildcard $1/*.c $1/*.S))

# ---- The image description, checked by tools/describe. Like a flag stamp it is made while make
# reads, so that a misspelt name stops everything before the first step.
define ukern_newline


endef
ukern_project := $(firstword $(MAKEFILE_LIST))
ukern_line = $1$(ukern_newline)
define ukern_facts
project $(ukern_project)
variables $(ukern_variables)
given $(foreach v,$(ukern_given),$(if $(findstring .,$v),,$v))
own $(TASKS)
tasks $(ukern_tasks)
programs $(ukern_own_programs) $(ukern_sdk_programs)
$(foreach p,$(ukern_own_programs),$(if $(sources_of_$p),,sourceless $p$(ukern_newline)))
present $(basename $(wildcard *.c)) $(patsubst %/,%,$(sort $(dir $(wildcard */*.c))))
$(foreach v,$(sort $(foreach v,$(.VARIABLES),$(if $(findstring .,$v),$(if $(filter file override command,$(firstword $(origin $v))),$v)))),property $v $($v)$(ukern_newline))
endef
$(foreach p,$(ukern_own_programs),$(eval sources_of_$p := $(call sources_of,$p)))

ifneq ($(ukern_need_tools),)
$(call stamp,$(BUILD)/facts.flags,$(ukern_facts))
ifneq ($(shell $(UKERN)/tools/describe $(BUILD)/facts.flags $(BUILD)/image && echo good),good)
$(error The image is not what it should be, as said above)
endif
endif
# Only for `make clean all`.
$(BUILD)/image:
	$(call write_text,$(BUILD)/facts.flags,$(ukern_facts))
	@$(UKERN)/tools/describe $(BUILD)/facts.flags $@

# ---- The SDK's libraries are built first; their own make knows what is to do.
ukern_libraries := $(addprefix $(UKERN_BUILD)/lib/,libukern.a libuser.a crt0.o)
ukern_sdk_files := $(foreach p,$(ukern_sdk_programs),$(addprefix $(UKERN_BUILD)/programs/$p,.elf .sym) $(UKERN_BUILD)/programs/$p)
ifneq ($(wildcard $(UKERN)/tools/libs.mk),)
$(ukern_libraries) $(ukern_sdk_files): ukern_libs ;
.PHONY: ukern_libs
ukern_libs:
	+@$(MAKE) --no-print-directory -f $(UKERN)/tools/libs.mk UKERN_BUILD=$(UKERN_BUILD) BUILD= CFLAGS= LDLIBS= libs
endif

# ---- Programs
$(foreach p,$(ukern_own_programs),$(eval $(call program_rule,$p,$(BUILD)/programs,$(sources_of_$p),$(ukern_task_flags) -I. -I$p $(CFLAGS))))

# ---- The kernel: the extension, the library, and the archive as its last section. It is linked twice:
# first with an empty archive, whose addresses make kernel.sym, which goes into the real one. Extensions see the headers of
# libuser for the protocols that they speak; its functions are not linked.
ukern_kernel_out := $(BUILD)/kernel
ukern_kernel_script := $(UKERN)/libukern/ukern.ld
ukern_kernel_objects := $(call objects_of,$(ukern_kernel_out),$(KERNEL))
ukern_kernel_link := -nostdlib -static -z max-page-size=4096 -z noexecstack --gc-sections --build-id=none \
    --fatal-warnings -T $(ukern_kernel_script) -e ukern_head --defsym=_head=ukern_head \
    $(foreach f,$(ukern_memory_functions),--defsym=$f=ukern_$f)
$(eval $(call objects_rule,$(ukern_kernel_out),$(KERNEL),$(ukern_kernel_flags) -I$(UKERN)/libuser/include -I. $(CFLAGS)))
$(call stamp,$(ukern_kernel_out)/link.flags,$(CROSS_COMPILE) $(ukern_kernel_link) $(KERNEL))

# $(call link_kernel,ARCHIVE): the archive's object is assembled beside the output; no ARCHIVE, an empty one.
define link_kernel
	$(Q)printf '.section .archive, "a"\n$(if $1,.incbin "$1"\n)' | $(CROSS_COMPILE)as -o $@.archive.o -
	$(Q)$(CROSS_COMPILE)ld $(ukern_kernel_link) -o $@ $(ukern_kernel_objects) $@.archive.o $(UKERN_BUILD)/lib/libukern.a
endef
ukern_kernel_inputs := $(ukern_kernel_objects) $(UKERN_BUILD)/lib/libukern.a $(ukern_kernel_script) $(ukern_kernel_out)/link.flags

$(ukern_kernel_out)/bare.elf: $(ukern_kernel_inputs)
	$(call step,LD,kernel)
	$(call link_kernel,)
$(ukern_kernel_out)/kernel.sym: $(ukern_kernel_out)/bare.elf $(UKERN)/tools/symtab
	$(Q)$(UKERN)/tools/symtab $< $@

# ---- The archive
file_name = $(if $(findstring =,$1),$(firstword $(subst =, ,$1)),$(notdir $1))
file_path = $(lastword $(subst =, ,$1))
ukern_archive_files := image=$(BUILD)/image kernel.sym=$(ukern_kernel_out)/kernel.sym \
    $(foreach p,$(ukern_sdk_programs),$p=$(UKERN_BUILD)/programs/$p $p.sym=$(UKERN_BUILD)/programs/$p.sym) \
    $(foreach p,$(ukern_own_programs),$p=$(BUILD)/programs/$p $p.sym=$(BUILD)/programs/$p.sym) \
    $(foreach f,$(FILES),$(call file_name,$f)=$(call file_path,$f))
$(call stamp,$(BUILD)/archive.flags,$(ukern_archive_files))

$(BUILD)/archive.cpio: $(foreach f,$(ukern_archive_files),$(call file_path,$f)) $(BUILD)/archive.flags $(UKERN)/tools/archive
	$(call step,CPIO,$(words $(ukern_archive_files)) files)
	$(Q)$(UKERN)/tools/archive $@ $(ukern_archive_files)

# ---- The image. Symbols that moved between the two links would make kernel.sym a lie.
$(BUILD)/$(IMAGE).elf: $(BUILD)/archive.cpio $(ukern_kernel_out)/bare.elf
	$(call step,LD,$(IMAGE).elf)
	$(call link_kernel,$(BUILD)/archive.cpio)
	$(Q)for f in $@ $(ukern_kernel_out)/bare.elf; do $(CROSS_COMPILE)nm $$f | grep -i ' t ' | cksum; done | \
	    uniq | wc -l | grep -q 1 || { echo 'kernel.sym does not fit: code lies elsewhere with the archive' >&2; exit 1; }
$(BUILD)/$(IMAGE).img: $(BUILD)/$(IMAGE).elf
	$(call step,IMG,$(IMAGE).img)
	$(Q)$(CROSS_COMPILE)objcopy -O binary $< $@

.PHONY: all run clean help
all: $(BUILD)/$(IMAGE).img

run: all
	@$(UKERN)/tools/run $(if $(CPU),-c '$(CPU)') $(if $(RAM),-m '$(RAM)') $(if $(BOOTARGS),-a '$(BOOTARGS)') \
	    $(if $(TIMEOUT),-t '$(TIMEOUT)') $(if $(ukern_silent),-s) $(BUILD)/$(IMAGE).img $(QEMU_FLAGS)

clean:
	$(call step,RM,$(BUILD))
	$(Q)rm -rf $(BUILD)

help:
	@sed -n 's/^#? \{0,1\}//p' $(UKERN)/sdk.mk
