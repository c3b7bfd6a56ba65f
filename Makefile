# Evac's front door. `make help` tells what there is.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

# Tools that are built once and kept beside the project.
TOOLS := $(CURDIR)/.tools
DENY_VERSION := 0.20.2
MUTANTS_VERSION := 27.1.0
NEXTEST_VERSION := 0.9.143
UV_VERSION := 0.13.9
FUZZ_VERSION := 0.13.2
CLIENTS := $(TOOLS)/clients
export PATH := $(TOOLS)/bin:$(PATH)

CARGO := cargo
LOCKED := --locked
BIN := $(or $(CARGO_TARGET_DIR),target)/debug

.DEFAULT_GOAL := help
.PHONY: help build drill test browser crash histories model fuzz fuzz-lock emulators clients lock-clients check format lint deny advisories docs \
	architecture schemas semantics bench bench-check bench-short bench-functions bench-classify bench-detection bench-judge check-detection mutants \
	synth infra infra-snapshots cfn-lint package smoke

help: ## Show what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

build: ## Build the functions and the program evac
	$(CARGO) build $(LOCKED) --workspace --bins

drill: build ## Rehearse a gray failure in one zone, with the real functions and no AWS account
	@$(BIN)/evac drill

test: build emulators $(TOOLS)/nextest ## Run every test
	scripts/with-emulators $(CARGO) nextest run $(LOCKED) --workspace
	$(CARGO) test $(LOCKED) --workspace --doc --quiet
	@$(MAKE) clients browser infra smoke bench-short

browser: build /usr/bin/chromium tests/browser/node_modules/.package-lock.json ## Look at the report and the live view in a browser
	$(CARGO) build $(LOCKED) --workspace --example made-up
	cd tests/browser && EVAC_BIN=$(abspath $(BIN)) npm test

crash: build $(TOOLS)/nextest ## Kill each function at each of its calls, one drill for each
	EVAC_CRASHES=all $(CARGO) nextest run $(LOCKED) --workspace --test crashes

histories: ## Play N random histories, and those in which Evac is broken on purpose
	HISTORIES=$(or $(N),1000) $(CARGO) test $(LOCKED) --profile histories --package histories --test random -- --nocapture
	$(CARGO) test $(LOCKED) --profile histories --package histories --test variants -- --ignored

model: ## Explore every state of the protocol's model, and print how many there are
	$(CARGO) test $(LOCKED) --package protocol-model --test protocol -- --nocapture --test-threads 1

clients: build emulators $(CLIENTS)/installed ## Walk over the embedded Region with boto3 and the AWS CLI, and run what the documents tell to run
	EVAC=$(abspath $(BIN))/evac scripts/with-emulators $(CLIENTS)/bin/python -B -m pytest tests/clients

lock-clients: ## Pin what the walk needs in its newest versions
	@mkdir -p $(TOOLS)
	python3 -m venv $(TOOLS)/uv
	$(TOOLS)/uv/bin/python -m pip install --quiet uv==$(UV_VERSION)
	cd tests/clients && $(TOOLS)/uv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.10 \
		--generate-hashes --no-header requirements.in --output-file requirements.txt
	sed -i '1i # Written by `make lock-clients` from requirements.in; do not edit.' tests/clients/requirements.txt

emulators: $(TOOLS)/emulators/installed ## Install the emulators that the contract suite compares with

schemas: $(TOOLS)/nextest ## Write the schemas and samples in docs/ anew
	UPDATE_DOCS=1 $(CARGO) nextest run $(LOCKED) --package backtest --package report in_docs

synth: infra/node_modules/installed ## Synthesize the CDK app, without the functions: needs only npm
	npm --prefix infra run --silent synth

infra: infra/node_modules/installed cfn-lint ## Test the CDK app: types, properties, snapshots, cdk-nag, cfn-lint
	npm --prefix infra run --silent typecheck
	npm --prefix infra test --silent

infra-snapshots: infra/node_modules/installed ## Write the synthesized templates and the table in docs/SECURITY.md anew
	UPDATE=1 npm --prefix infra test --silent

# W3005: CDK names dependencies that follow from references, too. W3010: which zone is which is what this is about.
cfn-lint: $(TOOLS)/cfn-lint/installed
	$(TOOLS)/cfn-lint/bin/cfn-lint --ignore-checks W3005 W3010 -- infra/synthesized/*.template.json

package: ## Build the functions' zips into dist/lambda, for arm64 where Rust can build for it here
	scripts/package

smoke: build emulators infra/node_modules/installed ## Deploy the CDK app into an emulator, and have the deployed functions evacuate a zone
	scripts/package dev dist/smoke
	EVAC=$(abspath $(BIN))/evac $(TOOLS)/emulators/bin/python -B tests/smoke/smoke.py

fuzz: $(TOOLS)/cargo-fuzz ## Run the fuzz targets, RUNS executions of each, guided by coverage; FUZZ names some of them
	scripts/fuzz $(or $(RUNS),100000) $(FUZZ)

fuzz-lock: ## Build the fuzzer from what Evac is built from, after a change of Cargo.lock
	cp Cargo.lock fuzz/Cargo.lock
	$(CARGO) metadata --format-version 1 --manifest-path fuzz/Cargo.toml > /dev/null

# Hours of one core in all, so it is no part of the checks: CRATE=zonal-shift for one crate.
mutants: $(TOOLS)/nextest $(TOOLS)/mutants ## Change the code in small ways, and list what no test notices
	scripts/mutants $(CRATE)

bench: $(CLIENTS)/installed bench-functions ## Measure starts, the chain, a fleet and the Region, and write docs/PERFORMANCE.md
	$(CARGO) run $(LOCKED) --release --package bench -- --write docs/PERFORMANCE.md
	$(CARGO) bench $(LOCKED) --package domain --bench decide

bench-check: $(CLIENTS)/installed bench-functions ## The same without the page; fails where a budget is broken by more than noise
	$(CARGO) run $(LOCKED) --release --package bench -- --check

# Each is built as it is deployed: together with the benchmark they would get its features, too.
bench-functions:
	$(CARGO) build $(LOCKED) --release --package classifier --package zonal-shift --package asg-pruning --package canary

bench-short: build $(CLIENTS)/installed ## The short form, with the executables of make build: counts, and ratios with room
	$(BIN)/bench-evac --short --check --functions $(BIN) --starts 5

bench-classify: ## Measure how many observations evac classify judges in a second on one core
	$(CARGO) bench $(LOCKED) --package backtest --bench classify

check: format lint architecture deny docs semantics check-detection ## Check format, lints, architecture, dependencies and docs

format:
	$(CARGO) fmt --all --check

lint:
	$(CARGO) clippy $(LOCKED) --workspace --all-targets -- --deny warnings

architecture:
	scripts/check-architecture

# The tests are built already where they have been run.
semantics: $(TOOLS)/nextest
	scripts/check-semantics

deny: $(TOOLS)/deny
	$(CARGO) deny --locked check bans licenses sources

advisories: $(TOOLS)/deny ## Check the dependencies against the advisory database (needs the internet)
	$(CARGO) deny --locked check advisories

docs:
	RUSTDOCFLAGS="--deny warnings" $(CARGO) doc $(LOCKED) --workspace --no-deps --document-private-items --quiet

bench-detection: ## Measure the detection, and write the tables into docs/DETECTION.md
	$(CARGO) run $(LOCKED) --quiet --package detection -- --write docs/DETECTION.md

check-detection:
	$(CARGO) run $(LOCKED) --quiet --package detection -- --check docs/DETECTION.md

bench-judge: ## Measure how many observations a second domain judges
	$(CARGO) bench $(LOCKED) --package domain --bench judge

# The emulators are installed again when their versions change, and only then.
$(TOOLS)/emulators/installed: tests/emulators/requirements.txt
	rm -rf $(TOOLS)/emulators
	python3 -m venv $(TOOLS)/emulators
	$(TOOLS)/emulators/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement $<
	@touch $@

infra/node_modules/installed: infra/package-lock.json
	npm --prefix infra ci --no-audit --no-fund --loglevel error
	@touch $@

$(TOOLS)/cfn-lint/installed: infra/requirements.txt
	rm -rf $(TOOLS)/cfn-lint
	python3 -m venv $(TOOLS)/cfn-lint
	$(TOOLS)/cfn-lint/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement $<
	@touch $@

# Installed again only when the pinned versions change.
$(CLIENTS)/installed: tests/clients/requirements.txt
	rm -rf $(CLIENTS)
	python3 -m venv $(CLIENTS)
	$(CLIENTS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

/usr/bin/chromium:
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core

tests/browser/node_modules/.package-lock.json: tests/browser/package-lock.json
	cd tests/browser && npm ci --no-audit --no-fund

# A tool that is there already is not built again. Any nextest runs the tests; what deny accepts and what
# the fuzzer's build is depend on their versions.
$(TOOLS)/nextest:
	@mkdir -p $(TOOLS)
	@command -v cargo-nextest > /dev/null || $(CARGO) install cargo-nextest --locked --version $(NEXTEST_VERSION) --root $(TOOLS)
	@touch $@

$(TOOLS)/deny:
	@mkdir -p $(TOOLS)
	@$(CARGO) deny --version 2> /dev/null | grep -qF $(DENY_VERSION) || $(CARGO) install cargo-deny --locked --version $(DENY_VERSION) --root $(TOOLS)
	@touch $@

$(TOOLS)/cargo-fuzz:
	@mkdir -p $(TOOLS)
	@$(CARGO) fuzz --version 2> /dev/null | grep -qF $(FUZZ_VERSION) || $(CARGO) install cargo-fuzz --locked --version $(FUZZ_VERSION) --root $(TOOLS)

$(TOOLS)/mutants:
	@mkdir -p $(TOOLS)
	@$(CARGO) mutants --version 2> /dev/null | grep -qF $(MUTANTS_VERSION) || $(CARGO) install cargo-mutants --locked --version $(MUTANTS_VERSION) --root $(TOOLS)
	@touch $@
