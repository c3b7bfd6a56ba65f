# Evac's front door. `make help` tells what there is.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

# Tools that are built once and kept beside the project.
TOOLS := $(CURDIR)/.tools
DENY_VERSION := 0.20.2
NEXTEST_VERSION := 0.9.143
export PATH := $(TOOLS)/bin:$(PATH)

CARGO := cargo
LOCKED := --locked
BIN := $(or $(CARGO_TARGET_DIR),target)/debug

.DEFAULT_GOAL := help
.PHONY: help build drill test emulators check format lint deny advisories docs architecture

help: ## Show what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

build: ## Build the functions and the program evac
	$(CARGO) build $(LOCKED) --workspace --bins

drill: build ## Rehearse a gray failure in one zone, with the real functions and no AWS account
	@$(BIN)/evac drill

test: build emulators $(TOOLS)/nextest ## Run every test
	scripts/with-emulators $(CARGO) nextest run $(LOCKED) --workspace
	$(CARGO) test $(LOCKED) --workspace --doc --quiet

emulators: $(TOOLS)/emulators/installed ## Install the emulators that the contract suite compares with

check: format lint architecture deny docs ## Check format, lints, architecture, dependencies and docs

format:
	$(CARGO) fmt --all --check

lint:
	$(CARGO) clippy $(LOCKED) --workspace --all-targets -- --deny warnings

architecture:
	scripts/check-architecture

deny: $(TOOLS)/deny
	$(CARGO) deny --locked check bans licenses sources

advisories: $(TOOLS)/deny ## Check the dependencies against the advisory database (needs the internet)
	$(CARGO) deny --locked check advisories

docs:
	RUSTDOCFLAGS="--deny warnings" $(CARGO) doc $(LOCKED) --workspace --no-deps --document-private-items --quiet

# The emulators are installed again when their versions change, and only then.
$(TOOLS)/emulators/installed: tests/emulators/requirements.txt
	rm -rf $(TOOLS)/emulators
	python3 -m venv $(TOOLS)/emulators
	$(TOOLS)/emulators/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement $<
	@touch $@

# A tool that is there already is not built again. Any nextest runs the tests; what deny accepts depends
# on its version.
$(TOOLS)/nextest:
	@mkdir -p $(TOOLS)
	@command -v cargo-nextest > /dev/null || $(CARGO) install cargo-nextest --locked --version $(NEXTEST_VERSION) --root $(TOOLS)
	@touch $@

$(TOOLS)/deny:
	@mkdir -p $(TOOLS)
	@$(CARGO) deny --version 2> /dev/null | grep -qF $(DENY_VERSION) || $(CARGO) install cargo-deny --locked --version $(DENY_VERSION) --root $(TOOLS)
	@touch $@
