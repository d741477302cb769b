# `make run` and `make test` are the two commands; each installs what it needs.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test lint bench fuzz fault dist tools unit short-fuzz short-fault model vectors house format docs-test browser console api-fuzz deploy

help:
	@echo 'make run    build, and start Titan with a demo API behind it'
	@echo 'make test   every test'
	@echo 'make lint   formatting, clippy, the arrows between crates, licenses'
	@echo 'make dist   what is shipped: dist/titan, and its symbols beside it'
	@echo 'make bench  speed, as ratios of one run'
	@echo 'make fuzz   every fuzz target, 60 seconds each (SECONDS_EACH=n)'
	@echo 'make fault  10,000 revocations while everything fails, 20 minutes'

tools:
	@ci/tools build

run: tools
	@cargo build --profile quick --locked -p titan
	@cargo run --quiet --profile quick --locked -p titan -- serve --dev

test: tools vectors house format unit short-fuzz short-fault model docs-test api-fuzz deploy

# Many tests wait for a lease or a timeout, so there are more of them than cores.
TESTS_AT_ONCE = --test-threads $$((4 * $$(nproc)))

# Of the same workspace on both engines, so that nothing is built twice.
unit:
	@ci/tools nextest
	cargo nextest run --workspace --locked --profile all $(TESTS_AT_ONCE)
	TITAN_TEST_ENGINE=postgres cargo nextest run --workspace --locked --profile postgres $(TESTS_AT_ONCE)
	@ci/postgres stop

# The fuzz targets' bodies on seeds and on some thousand inputs, with the stable compiler.
short-fuzz:
	CARGO_TARGET_DIR=target/fuzz cargo test --locked --quiet --manifest-path fuzz/Cargo.toml

# The leases of ADR 0016 in every order of their steps.
model:
	CARGO_TARGET_DIR=target/model cargo test --locked --quiet --manifest-path model/Cargo.toml

# A minute of faults, and the protocol broken on purpose.
short-fault:
	@ci/tools nextest
	fault/run short

vectors:
	python3 vectors/generate.py --check

house:
	@python3 ci/house.py
	@python3 ci/links.py
	@python3 ci/options.py

format:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

docs-test:
	@ci/tools tour
	ci/tour
	ci/examples
	@ci/tools clients
	ci/clients
	@ci/tools browser
	@$(MAKE) --no-print-directory --jobs=2 --output-sync browser console

# Side by side: one of them mostly waits for a token to expire.
browser console:
	@ci/tools browser
	ci/$@

api-fuzz:
	@ci/tools api-fuzz
	ci/schemathesis

# The compose file, the image, the unit of systemd, nginx and the chart.
deploy:
	@ci/tools deploy
	cargo build --locked --quiet -p titan
	target/deploy-tools/bin/python ci/deploy
	@ci/postgres stop

dist: tools
	@ci/tools dist
	ci/dist

lint: tools house format
	@ci/tools deny
	cargo deny --locked check bans licenses sources

bench: tools
	@ci/tools bench
	@ci/tools browser
	bench/run

SECONDS_EACH ?= 60
fuzz: tools
	fuzz/run $(SECONDS_EACH)

fault: tools
	@ci/tools nextest
	fault/run long
