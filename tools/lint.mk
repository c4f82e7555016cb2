# SPDX-License-Identifier: BSD-2-Clause
#
# `make lint`: looks for mistakes without running anything. Each part can be made alone, for example
# `make -f tools/lint.mk cppcheck`. A tool that is not here is named and skipped.
UKERN := $(patsubst %/tools/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
UKERN_BUILD ?= $(UKERN)/build
LDLIBS :=
lint: format-check spdx shellcheck cppcheck analyzer
.PHONY: lint format-check spdx shellcheck cppcheck analyzer
include $(UKERN)/tools/toolchain.mk
include $(UKERN)/libukern/build.mk
include $(UKERN)/libuser/build.mk

# $(call tree,FOLDERS,NAMES): files of these kinds in these folders of the tree.
tree = $(shell cd $(UKERN) && find $1 -name build -prune -o -name .git -prune -o -type f \( $(foreach n,$2,-name '$n' -o) -false \) -print | sed 's|^|$(UKERN)/|; s|/\./|/|')
have = command -v $1 >/dev/null || { echo '  SKIP    $1 is not here: apt-get install $2'; exit 0; };

format-check:
	$(call step,FORMAT,C files)
	$(Q)$(call have,clang-format,clang-format) clang-format --dry-run --Werror $(call tree,.,*.c *.h)

spdx:
	$(call step,SPDX,all files)
	$(Q)bad=0; for f in $(call tree,.,*); do case $$f in *.o | */LICENSE) continue ;; *.md) at=tail ;; *) at=head ;; esac; \
	    $$at -n 2 $$f | grep -q SPDX-License-Identifier || { echo "$$f: has no SPDX line"; bad=1; }; done; exit $$bad

shellcheck:
	$(call step,SHELL,scripts)
	$(Q)$(call have,shellcheck,shellcheck) cd $(UKERN) && shellcheck -x $$(grep -lE '^#!/bin/sh' $(call tree,.ci tests tools examples bench,*))

# Left out: style (the house has its own), the differences of linker symbols, operand lists of asm statements, and the
# whole-program checks, which take memcpy(&new, ...) for a use of `new`.
cppcheck:
	$(call step,CPPCHK,libukern libuser examples templates)
	$(Q)$(call have,cppcheck,cppcheck) cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 \
	    --enable=warning,performance,portability --suppress=missingInclude \
	    --library=$(UKERN)/tools/cppcheck.cfg --suppress=comparePointers --suppress=constStatement \
	    --suppress=ctuuninitvar --suppress=ctunullpointer --suppress=missingReturn \
	    --suppress=nullPointerRedundantCheck:*devicetree.c \
	    --suppress=nullPointerArithmeticRedundantCheck:*devicetree.c --suppress=uninitvar:*libuser/server.c \
	    -D__aarch64__ -I$(UKERN)/libukern/include -I$(UKERN)/libuser/include -I$(UKERN)/libukern/core \
	    -I$(UKERN)/libukern/arch/$(ARCH) $(call tree,libukern/core libukern/arch/$(ARCH) libukern/board libuser examples templates,*.c)

# Advice only: gcc 12 does not follow a pointer that is kept in a structure. One file at a time, which bounds its memory.
analyzed := $(sort $(filter %.c,$(libukern_sources) $(board_sources)) $(filter %.c,$(libuser_sources)) \
    $(foreach p,$(ukern_programs),$(wildcard $(libuser_dir)/$p/*.c)))
analyzer: $(analyzed:=.analyzed)
.PHONY: $(analyzed:=.analyzed)
$(analyzed:=.analyzed): %.analyzed: %
	$(call step,ANALYZE,$(patsubst $(UKERN)/%,%,$<))
	$(Q)$(ukern_cc) $(if $(findstring $(UKERN)/libukern,$<),$(ukern_kernel_flags) $(libukern_includes),$(ukern_task_flags)) \
	    -fanalyzer -Wno-error -c -o /dev/null $<
