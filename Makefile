# SPDX-License-Identifier: BSD-2-Clause
#
#? ukern: a microkernel that you link like a library
#?
#? Targets
#?   setup        install what this machine lacks, fetch libfdt            make setup
#?   all          build the libraries and the pipes example                make
#?   run          boot the pipes example in QEMU                           make run
#?                a script instead of the keyboard                         echo 'cat README.md | wc' | make -s run
#?   trace        the same, and show afterwards who called whom            make trace
#?   check        run every test; figures of bench have to stay in bounds  make check
#?                or some of them                                          make check TESTS=test_pipe
#?   fuzz         let libFuzzer play the device and the peers of the net   make fuzz FUZZ_SECONDS=600
#?                for 60 seconds each
#?   new          start a project of your own                              make new TEMPLATE=server NAME=../kv
#?   bench        instructions: of the kernel, of the network              make bench
#?   bench-linux  time the network beside Linux in the same QEMU           make bench-linux
#?   bench-sdk    what it takes to begin: lines, steps, seconds            make bench-sdk
#?   docs         build the site, $(BUILD)/docs/html/index.html            make docs
#?   doctor       check the tools, say how to get what is missing          make doctor
#?   format       lay out all C files by .clang-format                     make format
#?   lint         look for mistakes without running anything               make lint
#?   install      put the SDK below $(DESTDIR)$(PREFIX)                    make install PREFIX=/opt/ukern
#?   uninstall    and take it away again                                   make uninstall PREFIX=/opt/ukern
#?   dist         the sources, $(BUILD)/ukern-VERSION.tar.gz               make dist
#?   deb          a Debian package in $(BUILD)                             make deb
#?   clean        remove what was built, and keep what setup fetched       make clean
#?   distclean    remove all that was built or fetched                     make distclean
#?   help         this text                                                make help
#?
#? Variables
#?   V=1             show every command                                   make V=1
#?   BUILD           where everything is built (build)                    make BUILD=/tmp/ukern
#?   CPU, RAM        the machine that QEMU makes                          make run CPU=max RAM=512M
#?   BOOTARGS        words for tasks, see task_bootargs()                 make run BOOTARGS=verbose
#?   QEMU_FLAGS      more options for QEMU                                make run QEMU_FLAGS='-d int'
#?   TIMEOUT         end QEMU after so many seconds                       make run TIMEOUT=10
#?   CROSS_COMPILE   prefix of the compiler                               make CROSS_COMPILE=aarch64-elf-
#?   PICOLIBC        where picolibc is                                    make PICOLIBC=/opt/picolibc
#?   PREFIX          where to install (/usr/local)                        make install PREFIX=$HOME/ukern
#?   DESTDIR         a folder in the place of /                           make install DESTDIR=/tmp/root
#?   TEMPLATE, NAME  a kind of project (make new lists them), its folder  make new TEMPLATE=app NAME=../my
#?   TESTS           parts of the names of tests                          make check TESTS='unit sim'
#?   GUEST_CPUS      what the guest tests run on                          make check GUEST_CPUS=max
#?   JOBS            how many tests run at a time (2, or 1 on one CPU)    make check JOBS=1
#?   ROUNDS          rounds of bench, bench-linux and bench-sdk (3)       make bench-sdk ROUNDS=5
#?
#? Projects of your own: see sdk.mk, or `make help` in such a project.

VERSION := $(shell sed -n 's/^#define UKERN_VERSION_TEXT "\(.*\)"$$/\1/p' libukern/include/ukern/abi/version.h)
UKERN := $(CURDIR)
BUILD := build
build := $(abspath $(BUILD))
# A project keeps its own build folder, unless all is to be elsewhere.
elsewhere := $(filter-out $(UKERN)/build,$(build))
# $(call project,FOLDER): make in a project of this tree.
project = +@$(MAKE) --no-print-directory -C $1 UKERN_READY=yes UKERN_BUILD=$(build) BUILD=$(if $(elsewhere),$(build)/$1,build)

.DEFAULT_GOAL := all
.PHONY: setup doctor all libs traced run trace check fuzz new bench bench-linux bench-sdk docs site install uninstall dist deb format lint clean distclean help

setup:
	@BUILD='$(build)' V='$(V)' PICOLIBC='$(PICOLIBC)' CROSS_COMPILE='$(CROSS_COMPILE)' tools/setup

# In one call with setup, everything waits for it.
ifneq ($(filter setup,$(MAKECMDGOALS)),)
libs docs lint format dist: setup
endif
# So it does for clean.
ifneq ($(filter clean distclean,$(MAKECMDGOALS)),)
setup libs docs lint dist: $(filter clean distclean,$(MAKECMDGOALS))
endif

# The libraries have a make of their own, which looks for the compiler only when setup is done.
libs:
	+@$(MAKE) --no-print-directory -f tools/libs.mk UKERN_BUILD=$(build) libs
	@mkdir -p $(build)/pkgconfig
	@pc=$$(sed 's|@SDK@|$(UKERN)|; s|@LIBDIR@|$(build)/lib|; s|@VERSION@|$(VERSION)|' ukern.pc.in) && new=$(build)/pkgconfig/ukern.pc && \
	    [ "$$pc" = "$$(cat $$new 2>/dev/null)" ] || echo "$$pc" >$$new

# What an installed SDK has besides: the libraries that record (make trace) and that watch themselves (UKERN_MEASURE=1).
traced: libs
	+@$(MAKE) --no-print-directory -f tools/libs.mk UKERN_BUILD=$(build) UKERN_TRACE=1 libs
	+@$(MAKE) --no-print-directory -f tools/libs.mk UKERN_BUILD=$(build) UKERN_MEASURE=1 libs

all: libs
	$(call project,examples/pipes)

run: libs
	$(call project,examples/pipes) run

doctor:
	$(call project,examples/pipes) doctor

trace: libs
	$(call project,examples/pipes) trace

check: all traced
	+@$(MAKE) --no-print-directory -f tests/build.mk BUILD=$(build) check

fuzz:
	@command -v $(or $(FUZZ_CC),clang) >/dev/null || { echo "fuzz: clang is not here: apt-get install clang libclang-rt-14-dev" >&2; exit 2; }
	+@$(MAKE) --no-print-directory -f tests/build.mk BUILD=$(build) fuzz

new:
	@tools/ukern $(if $(TEMPLATE)$(NAME),new '$(TEMPLATE)' '$(NAME)',help)

# The network needs lwIP; without it the rest is measured. Both ways to the device.
net_folder = $(if $(elsewhere),$(build)/,)examples/net/$(if $(elsewhere),,build/)
net_images = $(net_folder)net.img $(net_folder)own/net.img
make_net   = $(MAKE) --no-print-directory -C examples/net UKERN_READY=yes UKERN_BUILD=$(build)
make_nets  = $(make_net) BUILD=$(abspath $(net_folder)) && $(make_net) BUILD=$(abspath $(net_folder)own) DRIVER=netserv
bench: libs
	$(call project,bench) bench OUT=$(build)
	+@if [ -e $(build)/third_party/lwip/tcp.c ]; then \
	    $(make_nets) && echo && ROUNDS=$(ROUNDS) bench/network -o $(build)/network.json $(net_images); \
	else echo "bench: the network is left out: \`make setup\` fetches lwIP"; fi

ROUNDS := 3
bench-linux: libs
	+@$(make_nets)
	@bench/linux/fetch $(build)/linux
	@ROUNDS=$(ROUNDS) bench/network $(net_images) $(build)/linux

# What a new user would have, in a folder of its own.
bench-sdk: traced
	@tools/install '$(VERSION)' '$(build)' '' '$(build)/bench-sdk' >/dev/null
	@bench/start '$(build)/bench-sdk' $(ROUNDS)

docs:
	@command -v doxygen >/dev/null || { echo "docs: doxygen is not here: apt-get install doxygen" >&2; exit 2; }
	@rm -rf $(build)/docs && mkdir -p $(build)/docs/pages
	@docs/reference $(build)/docs/pages
	@( cat docs/Doxyfile; printf '%s\n' 'OUTPUT_DIRECTORY = $(build)/docs' 'INPUT += $(build)/docs/pages' \
	    'STRIP_FROM_PATH += $(build)/docs/pages $(UKERN)' \
	    'USE_MDFILE_AS_MAINPAGE = $(build)/docs/pages/index.md' ) | doxygen -
	@echo '  DOCS    $(build)/docs/html/index.html'

# ---- Installing, and what others install from.
PREFIX := /usr/local
DESTDIR :=
# The site comes along where doxygen is here to make it.
site:
	+@if ! command -v doxygen >/dev/null; then why='doxygen is not here'; \
	elif $(MAKE) --no-print-directory -s BUILD='$(build)' docs; then why=; \
	else why='`make docs` fails'; fi; \
	[ -z "$$why" ] || { rm -rf $(build)/docs; echo "  without the site: $$why"; }

install: traced site
	@tools/install '$(VERSION)' '$(build)' '$(DESTDIR)' '$(PREFIX)'
	@echo '  INSTALL $(DESTDIR)$(PREFIX)/lib/ukern-$(VERSION)'
	@echo '  DOCS    $(DESTDIR)$(PREFIX)/share/doc/ukern-$(VERSION)'

uninstall:
	@tools/install -u '$(VERSION)' '$(DESTDIR)' '$(PREFIX)'

dist:
	@tools/dist '$(VERSION)' '$(build)'
	@echo '  DIST    $(build)/ukern-$(VERSION).tar.gz'

deb: traced site
	@tools/deb '$(VERSION)' '$(build)'
	@echo '  DEB     $(build)/ukern_$(VERSION)_all.deb'

# ---- C files.
c_files = $$(find . -name build -prune -o -name .git -prune -o -type f -name '*.[ch]' -print)
format:
	@command -v clang-format >/dev/null || { echo "format: clang-format is not here: apt-get install clang-format" >&2; exit 1; }
	@clang-format -i $(c_files)

lint:
	+@$(MAKE) --no-print-directory -f tools/lint.mk UKERN_BUILD=$(build) lint

# What setup has fetched into third_party would have to be fetched again.
clean:
	@for f in $(build)/* $(build)/.[!.]*; do case $$f in */third_party) ;; *) rm -rf "$$f" ;; esac; done
	@rmdir $(build) 2>/dev/null || true
	@$(if $(elsewhere),:,rm -rf examples/*/build tests/*/build templates/*/build bench/build)

distclean: clean
	@rm -rf $(build)

# Whatever there is no rule for.
.DEFAULT:
	+@tools/missing '$@' /dev/null "$$(sed -n 's/^#?   \([a-z-]*\) .*/\1/p' Makefile)" '$(MAKECMDGOALS)'

help:
	@sed -n 's/^#? \{0,1\}//p' Makefile
