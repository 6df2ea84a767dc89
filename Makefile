# Meson builds; this file only knows the order of things.  `make` leaves the tool at build/reprise.

MESON ?= meson
export LC_ALL := C
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c

.NOTPARALLEL:
.PHONY: all demo test bench install clean asan clang lint format

# $(call build,DIR,ENVIRONMENT,OPTIONS): configure once, and again when a source has come or gone.
define build
	@list=$$(find src test/unit test/image bench -name '*.[cS]' | sort); \
	if [ ! -f $(1)/build.ninja ]; then \
		$(2) $(MESON) setup $(1) $(3) >/dev/null || $(2) $(MESON) setup $(1) $(3) || exit 1; \
	elif [ "$$list" != "$$(cat $(1)/.files 2>/dev/null)" ]; then \
		$(MESON) setup --reconfigure $(1) >/dev/null || $(MESON) setup --reconfigure $(1) || exit 1; \
	fi; \
	printf '%s\n' "$$list" >$(1)/.files
	@ninja -C $(1) --quiet | sed '/no work to do/d'
endef

all:
	@tools/deps build
	$(call build,build)

asan:
	@tools/deps test
	$(call build,build-asan,,-Db_sanitize=address$(comma)undefined -Db_lundef=false)

clang:
	@tools/deps test
	$(call build,build-clang,CC=clang)

comma := ,

lint:
	@tools/deps test
	@tools/check-style

# Twice: clang-format needs a second look at comments that it has moved.
format:
	@tools/deps test
	@for pass in 1 2; do \
		find src test bench $(wildcard include) -name '*.[ch]' -exec clang-format -i {} +; \
	done
	@tools/objects-md

demo: all
	@tools/deps demo
	@tools/demo.sh

# The runner's last line is the verdict.  One test: make test T=eventfd
test: all clang asan lint
	@test/run $(T)

# Options for the runner: make bench B="--pairs 3 small"
bench: all
	@tools/deps bench
	@bench/run $(B)

install: all
	@$(MESON) install -C build --no-rebuild

clean:
	@rm -rf build build-asan build-clang
