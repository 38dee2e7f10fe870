# SPDX-License-Identifier: MIT
# librnn needs a C11 compiler, GNU make and a POSIX shell. `make help` lists targets and variables.

.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

ifeq ($(origin CC),default)
CC := cc
endif
CXX ?= c++
AR ?= ar
CFLAGS ?= -O2 -g
KERNEL_CFLAGS ?= -O3
BUILD ?= build
Q := $(if $(filter-out 0,$(V)),,@)

# ---- version: include/rnn/version.h is the only place that holds it

number = $(shell sed -n 's/^.define RNN_$(1)  *\([0-9][0-9]*\).*/\1/p' include/rnn/version.h)
VERSION := $(call number,VERSION_MAJOR).$(call number,VERSION_MINOR).$(call number,VERSION_PATCH)
API_VERSION := $(call number,API_VERSION)

# ---- where things are installed: upper and lower case names both work

prefix ?= /usr/local
PREFIX ?= $(prefix)
exec_prefix ?= $(PREFIX)
libdir ?= $(exec_prefix)/lib
LIBDIR ?= $(libdir)
includedir ?= $(PREFIX)/include
INCLUDEDIR ?= $(includedir)
PKGCONFIGDIR ?= $(LIBDIR)/pkgconfig

# ---- flags

STANDARD := -std=c11 -D_POSIX_C_SOURCE=200809L -ffp-contract=off -fno-math-errno -fvisibility=hidden
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes
PIC ?= -fPIC# of the static library too: it may end in somebody's plug-in
EXTRA :=
SANITIZER :=
LIBS := -lm -lpthread

ifeq ($(WERROR),1)
WARNINGS += -Werror
endif
ifeq ($(OPENMP),1)
EXTRA += -fopenmp -DRNNI_OPENMP
OPENMP_LIBS := -fopenmp
endif
ifneq ($(SANITIZE),)
SANITIZER := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
EXTRA += -DHARNESS_SANITIZED
endif

# Only these files see instructions beyond the machine's base; dispatch.c calls them where the machine has
# them.
AVX2_FLAGS := -mavx2 -mfma
AVX512_FLAGS := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma
# NEON is in the base of 64-bit Arm. gcc would load all of A's column first, and sums would leave their registers.
MACHINE := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
ARM64 := $(filter aarch64 arm64,$(MACHINE))
NEON_FLAGS := $(if $(ARM64),$(if $(shell $(CC) -dM -E -x c /dev/null | grep __clang__),,-fno-schedule-insns))
kernel_flags = $(if $(filter lib/kernels/%,$(1)),$(KERNEL_CFLAGS)) \
               $(if $(filter lib/kernels/avx2.c,$(1))$(findstring _avx2_,$(1)),$(AVX2_FLAGS)) \
               $(if $(filter lib/kernels/avx512.c,$(1))$(findstring _avx512_,$(1)),$(AVX512_FLAGS)) \
               $(if $(filter lib/kernels/neon.c,$(1))$(findstring _neon_,$(1)),$(NEON_FLAGS))

COMPILE = $(CC) $(STANDARD) $(CPPFLAGS) $(CFLAGS) $(WARNINGS) $(EXTRA) $(SANITIZER) -MMD -MP
LINK = $(CC) $(CFLAGS) $(SANITIZER) $(OPENMP_LIBS) $(LDFLAGS)

# Objects of different flags never mix: each set has its folder, and what is linked from them is linked again
# when $(STAMP) changes.
FLAG_SET := $(COMPILE) $(KERNEL_CFLAGS) $(AVX2_FLAGS) $(AVX512_FLAGS) $(NEON_FLAGS) $(PIC) $(LINK) $(AR)
OBJ := $(BUILD)/obj/$(shell printf '%s' '$(FLAG_SET)' | cksum | cut -d ' ' -f 1)
STAMP := $(BUILD)/flags

# ---- sources

SOURCES := $(sort $(wildcard lib/*/*.c lib/kernels/micro/*.c))
named = $(foreach s,$(SOURCES),$(if $(findstring /$(1),$(s))$(findstring _$(1),$(s)),$(s)))
AVX := $(call named,avx)
NEON := $(call named,neon)
PORTABLE := $(filter-out $(AVX) $(NEON),$(SOURCES))
SOURCES := $(PORTABLE) $(if $(filter x86_64 amd64,$(MACHINE)),$(AVX)) $(if $(ARM64),$(NEON))
HEADERS := $(sort $(wildcard include/rnn/*.h))
EXAMPLES := $(sort $(wildcard examples/*.c))
TESTS := $(sort $(filter-out tests/real/% tests/exhaustive/% tests/bench/%,$(wildcard tests/*/test_*.c)))
DATA_TESTS := $(sort $(wildcard tests/real/*.c))
EXHAUSTIVE_TESTS := $(sort $(wildcard tests/exhaustive/*.c))
BENCH_SOURCES := $(sort $(wildcard tests/bench/*.c))

STATIC_OBJECTS := $(SOURCES:%.c=$(OBJ)/static/%.o)
SHARED_OBJECTS := $(SOURCES:%.c=$(OBJ)/shared/%.o)
DOUBLE_OBJECTS := $(PORTABLE:%.c=$(OBJ)/double/%.o)
TEST_SOURCES := $(TESTS) $(DATA_TESTS) $(EXHAUSTIVE_TESTS) $(BENCH_SOURCES) tests/isa.c
OBJECTS := $(STATIC_OBJECTS) $(SHARED_OBJECTS) $(DOUBLE_OBJECTS) $(EXAMPLES:%.c=$(OBJ)/%.o) \
           $(TEST_SOURCES:%.c=$(OBJ)/%.o)

STATIC := $(BUILD)/librnn.a
SHARED := $(BUILD)/librnn.so.$(API_VERSION)
# The same sources with rnni_real = double and scalar kernels: for finite differences, never installed.
DOUBLE := $(BUILD)/librnn_double.a

# tests/core/test_memory.c is build/tests/test_core_memory, goldens/test_goldens.c build/tests/test_goldens.
folder = $(notdir $(patsubst %/,%,$(dir $(1))))
subject = $(patsubst test_%,%,$(basename $(notdir $(1))))
test_program = $(BUILD)/tests/test_$(if $(filter goldens_goldens,$(folder)_$(subject)),,$(folder)_)$(subject)
programs = $(patsubst tests/%.c,$(BUILD)/tests/%,$(1))

TEST_PROGRAMS := $(foreach t,$(TESTS),$(call test_program,$(t)))
DATA_PROGRAMS := $(call programs,$(DATA_TESTS))
EXHAUSTIVE_PROGRAMS := $(call programs,$(EXHAUSTIVE_TESTS))
BENCH := $(BUILD)/tests/bench/rnn_bench
EXAMPLE_PROGRAMS := $(EXAMPLES:examples/%.c=$(BUILD)/examples/%)

# ---- libraries and examples

.PHONY: all lib static shared examples
all: lib examples
lib: static shared
static: $(STATIC)
shared: $(BUILD)/librnn.so
examples: $(EXAMPLE_PROGRAMS)

$(OBJ)/static/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(COMPILE) $(PIC) $(call kernel_flags,$<) -Ilib -Iinclude -c $< -o $@

$(OBJ)/shared/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -fPIC $(call kernel_flags,$<) -Ilib -Iinclude -c $< -o $@

$(OBJ)/double/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -DRNNI_REAL_IS_DOUBLE $(call kernel_flags,$<) -Ilib -Iinclude -c $< -o $@

$(OBJ)/examples/%.o: examples/%.c
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -Iinclude -c $< -o $@

$(OBJ)/tests/grad/%.o: EXTRA += -DRNNI_REAL_IS_DOUBLE
$(OBJ)/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -Ilib -Iinclude -Itests -c $< -o $@

define archive
@mkdir -p $(@D)
@rm -f $@
$(Q)$(AR) rcs $@ $(filter %.o,$^)
@echo "  $@"
endef

$(STATIC): $(STATIC_OBJECTS) $(STAMP)
	$(archive)

$(DOUBLE): $(DOUBLE_OBJECTS) $(STAMP)
	$(archive)

# A version script made of the one list of what is exported.
$(BUILD)/rnn.map: lib/exports.txt
	@mkdir -p $(@D)
	@{ echo 'RNN_0 {'; echo '    global:'; sed 's/.*/        &;/' $<; echo '    local: *;'; echo '};'; } > $@

# clang leaves the symbols of its sanitizers to the program.
$(SHARED): $(SHARED_OBJECTS) $(BUILD)/rnn.map $(STAMP)
	$(Q)$(LINK) -shared -Wl,-soname,$(@F) -Wl,--version-script=$(BUILD)/rnn.map \
	    $(if $(SANITIZE),,-Wl,--no-undefined) $(filter %.o,$^) $(LIBS) -o $@
	@echo "  $@"

$(BUILD)/librnn.so: $(SHARED)
	@ln -sf $(notdir $<) $@

define link_program
@mkdir -p $(@D)
$(Q)$(LINK) $(filter %.o %.a,$^) $(LIBS) -o $@
endef

$(EXAMPLE_PROGRAMS): $(BUILD)/examples/%: $(OBJ)/examples/%.o $(STATIC) $(STAMP)
	$(link_program)

# Changes only when the flags do.
.PHONY: force
$(STAMP): force
	@mkdir -p $(@D)
	@echo '$(OBJ)' | cmp -s - $@ || echo '$(OBJ)' > $@

# ---- tests

define test_rule
$(call test_program,$(1)): $(1:%.c=$(OBJ)/%.o) $(if $(filter grad,$(folder)),$(DOUBLE),$(STATIC)) $(STAMP)
	$$(link_program)
endef
$(foreach t,$(TESTS),$(eval $(call test_rule,$(t))))

OTHER_PROGRAMS := $(DATA_PROGRAMS) $(EXHAUSTIVE_PROGRAMS) $(BUILD)/tests/isa
$(OTHER_PROGRAMS): $(BUILD)/%: $(OBJ)/%.o $(STATIC) $(STAMP)
	$(link_program)

# OpenBLAS, where there is one, is loaded at run time.
$(BENCH): LIBS += -ldl
$(BENCH): $(BENCH_SOURCES:%.c=$(OBJ)/%.o) $(STATIC) $(STAMP)
	$(link_program)

# What the scripts of tests/ are told. All that makes up the flag set is in it, so that a make that they run
# finds everything built.
TELL = BUILD='$(BUILD)' CC='$(CC)' CXX='$(CXX)' AR='$(AR)' CFLAGS='$(CFLAGS)' CPPFLAGS='$(CPPFLAGS)' \
       LDFLAGS='$(LDFLAGS)' KERNEL_CFLAGS='$(KERNEL_CFLAGS)' PIC='$(PIC)' OPENMP='$(OPENMP)' \
       WERROR='$(WERROR)' SANITIZE='$(SANITIZE)' MAKE='$(MAKE)' VERSION='$(VERSION)' \
       API_VERSION='$(API_VERSION)' TEST_FLAGS='$(SANITIZER) $(OPENMP_LIBS)'

.PHONY: check check-build check-data check-exhaustive coverage bench bench-peers demo
check-build: $(TEST_PROGRAMS) $(OTHER_PROGRAMS) $(BENCH)

check: all check-build
	@$(TELL) sh tests/run.sh check $(TEST_PROGRAMS)

check-data: all $(DATA_PROGRAMS)
	@$(TELL) sh tests/run.sh data $(DATA_PROGRAMS) $(sort $(wildcard tests/real/*.sh))

check-exhaustive: all $(EXHAUSTIVE_PROGRAMS)
	@$(TELL) sh tests/run.sh exhaustive $(EXHAUSTIVE_PROGRAMS) $(sort $(wildcard tests/exhaustive/*.sh))

coverage:
	@BUILD='$(BUILD)' CC='$(CC)' CXX='$(CXX)' MAKE='$(MAKE)' sh tests/coverage.sh

bench: $(BENCH)
	@$(BENCH) $(BENCH_OPTIONS)

# Hours at the defaults of peers.py; BENCH_OPTIONS='--seconds 0.5 --rounds 1' is a first look.
bench-peers: $(BENCH)
	@sh tests/bench/peers.sh $(BENCH) $(BUILD)/peers $(BENCH_OPTIONS)

demo: $(EXAMPLE_PROGRAMS)
	@mkdir -p $(BUILD)/demo
	@for program in $(filter $(BUILD)/examples/demo%,$(EXAMPLE_PROGRAMS)); do \
	    $$program $(BUILD)/demo || exit 1; \
	done

# ---- install

INSTALLED = $(HEADERS:include/%=$(INCLUDEDIR)/%) $(LIBDIR)/librnn.a $(LIBDIR)/$(notdir $(SHARED)) \
            $(LIBDIR)/librnn.so $(PKGCONFIGDIR)/rnn.pc

# Paths below the prefix are written relative to it, so that a moved copy works (pkg-config --define-prefix).
PC_EDIT = -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' \
          -e 's|@LIBDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))|' \
          -e 's|@INCLUDEDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(INCLUDEDIR))|' \
          -e 's|@LIBS_PRIVATE@|$(LIBS)$(if $(OPENMP_LIBS), $(OPENMP_LIBS))|'

.PHONY: install uninstall
install: lib
	$(Q)mkdir -p $(DESTDIR)$(INCLUDEDIR)/rnn $(DESTDIR)$(LIBDIR) $(DESTDIR)$(PKGCONFIGDIR)
	$(Q)install -m 644 $(HEADERS) $(DESTDIR)$(INCLUDEDIR)/rnn
	$(Q)install -m 644 $(STATIC) $(DESTDIR)$(LIBDIR)
	$(Q)install -m 755 $(SHARED) $(DESTDIR)$(LIBDIR)
	$(Q)ln -sf $(notdir $(SHARED)) $(DESTDIR)$(LIBDIR)/librnn.so
	$(Q)sed $(PC_EDIT) pkgconfig/rnn.pc.in > $(DESTDIR)$(PKGCONFIGDIR)/rnn.pc
	$(Q)chmod 644 $(DESTDIR)$(PKGCONFIGDIR)/rnn.pc

uninstall:
	$(Q)rm -f $(INSTALLED:%=$(DESTDIR)%)
	$(Q)rmdir $(DESTDIR)$(INCLUDEDIR)/rnn 2>/dev/null || true

# ---- the rest

.PHONY: clean help
clean:
	$(Q)rm -rf $(BUILD)

help:
	@echo 'make [TARGET] [VARIABLE=VALUE]'
	@echo '  all               the library, static and shared, and the examples, in $(BUILD)/ (default)'
	@echo '  lib, examples     one of the two'
	@echo '  demo              trains three small networks, saves, loads and uses them'
	@echo '  check             builds and runs every test'
	@echo '  check-build       builds the tests, runs none'
	@echo '  check-data        tests on real data: needs RNN_DATA=folder'
	@echo '  check-exhaustive  slow tests'
	@echo '  coverage          the share of lines that check runs: needs gcc and gcov'
	@echo '  bench             times models and products beside the limits of the machine'
	@echo '  bench-peers       times models beside other systems, which it installs in $(BUILD)/peers'
	@echo '  install           to $(DESTDIR)$(PREFIX)'
	@echo '  uninstall         removes what install put there'
	@echo '  clean             removes $(BUILD)/'
	@echo 'CC CFLAGS CPPFLAGS LDFLAGS KERNEL_CFLAGS   compiler and flags'
	@echo 'PREFIX LIBDIR INCLUDEDIR DESTDIR           places; lower case works too'
	@echo 'BUILD=folder      output folder             V=1        prints each command'
	@echo 'OPENMP=1          OpenMP in place of the own thread pool'
	@echo 'WERROR=1          warnings are errors       SANITIZE=address,undefined or thread'
	@echo 'BENCH_OPTIONS     for bench and bench-peers: tests/bench/rnn_bench.c, tests/bench/peers.py'

-include $(OBJECTS:.o=.d)
