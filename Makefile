# The command table: what people type and what CI runs. Each target sets up what it needs.

SHELL := bash
CARGO ?= cargo
BINARY := target/release/alluvium

.DEFAULT_GOAL := help
.PHONY: help
help: ## this table
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: duckdb
duckdb: ## fetch DuckDB's shared library, unless it is there
	@scripts/fetch-duckdb

.PHONY: build
build: duckdb ## target/release/alluvium
	$(CARGO) build --release

# Unoptimized: it shares what it compiles with `make test`, and a first build takes half the time.
DEMO := target/debug/alluvium
DEMO_FILES := --config fixtures/demo/config.json --catalog fixtures/demo/catalog.json
.PHONY: demo
demo: duckdb ## land the demo's order stream in demo.duckdb and show its tables
	$(CARGO) build
	rm -f demo.duckdb demo.duckdb.wal
	$(DEMO) write $(DEMO_FILES) < fixtures/demo/messages.jsonl > target/demo-states.jsonl
	$(DEMO) tables --config fixtures/demo/config.json --limit 4

# Tests start Postgres servers of their own, unless they are given one.
POSTGRES := $(or $(ALLUVIUM_TEST_POSTGRES_URL),$(shell command -v initdb),$(wildcard /usr/lib/postgresql/*/bin/initdb))
.PHONY: postgres
postgres:
	@[[ -n '$(POSTGRES)' ]] || { echo "tests need Postgres's server programs: install Debian's package postgresql," \
		"or set ALLUVIUM_TEST_POSTGRES_URL to a server where databases may be created" >&2; exit 1; }

# Doctests first: nextest does not run them, and its summary is what the output should end with.
.PHONY: test
test: duckdb postgres ## all tests
	$(CARGO) test --workspace --doc
	@if $(CARGO) nextest --version >/dev/null 2>&1; then set -x; $(CARGO) nextest run --workspace; \
	else set -x; $(CARGO) test --workspace --all-targets; fi

.PHONY: test-large
test-large: duckdb postgres ## tests of large inputs in bounded memory, optimized
	$(CARGO) test --release --test main -- --ignored --test-threads 1 resources::large

# make model SECONDS_EACH=600 SEED=1: one to six cases a second and warehouse on two cores; a failure names the seed that repeats it.
SECONDS_EACH ?= 3600
SEED ?=
.PHONY: model
model: duckdb postgres ## random streams and syncs against a reference (SECONDS_EACH=, SEED=)
	ALLUVIUM_MODEL_SECONDS=$(SECONDS_EACH) $(if $(SEED),ALLUVIUM_MODEL_SEED=$(SEED)) \
		$(CARGO) test --bin alluvium sync::tests::model -- --nocapture

# make fuzz FUZZ_TARGETS=lines FUZZ_SECONDS=600: what is found is in fuzz/artifacts. Without a sanitizer, as none of our code is
# unsafe; so the stable toolchain does.
FUZZ_TARGETS ?= $(notdir $(wildcard fuzz/corpus/*))
FUZZ_SECONDS ?= 60
.PHONY: fuzz
fuzz: ## laws under inputs that find new paths (FUZZ_TARGETS=, FUZZ_SECONDS=); needs cargo-fuzz
	@$(CARGO) fuzz --version >/dev/null 2>&1 || { echo "make fuzz needs cargo-fuzz and a C++ compiler:" \
		"cargo install --locked cargo-fuzz" >&2; exit 1; }
	@set -ex; for target in $(FUZZ_TARGETS); do mkdir -p fuzz/target/found/$$target; \
		$(CARGO) fuzz run --sanitizer none $$target $(CURDIR)/fuzz/target/found/$$target $(CURDIR)/fuzz/corpus/$$target -- \
		-max_total_time=$(FUZZ_SECONDS) -dict=$(CURDIR)/fuzz/tokens.dict -timeout=10 -max_len=20000; done

# make soak SOAK_MINUTES=5 ALLUVIUM_SEED=…: a seed gives the same decisions again. SOAK_PROFILE=release: what is shipped.
SOAK_MINUTES ?= 30
SOAK_PROFILE ?= dev
.PHONY: soak
soak: duckdb postgres ## random syncs, killed and cut off, on both warehouses (SOAK_MINUTES=, SOAK_PROFILE=)
	SOAK_MINUTES=$(SOAK_MINUTES) $(CARGO) test --profile $(SOAK_PROFILE) --test main soak::soak -- --ignored --nocapture

# Advisories come from GitHub: make deny DENY="licenses bans sources" needs no network.
DENY ?= advisories licenses bans sources
.PHONY: deny
deny: ## dependencies: advisories, licences, bans, sources (DENY=); needs cargo-deny
	@$(CARGO) deny --version >/dev/null 2>&1 || { echo "make deny needs cargo-deny: cargo install --locked cargo-deny" >&2; exit 1; }
	$(CARGO) deny check $(DENY)

.PHONY: lint
lint: duckdb ## formatting, clippy, documentation; a warning is an error
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --document-private-items

# make bench RECORDS="200000 2000000" RUNS=5 PROFILES="flat nested" MODES=append WAREHOUSES=postgres
RECORDS ?= 200000
RUNS ?= 3
PROFILES ?= flat nested wide
MODES ?= append overwrite append_dedup
WAREHOUSES ?= duckdb postgres
.PHONY: bench
bench: build ## speed and memory, end to end (RECORDS=, RUNS=, PROFILES=, MODES=, WAREHOUSES=)
	python3 benches/end_to_end.py --binary $(BINARY) --records $(RECORDS) --runs $(RUNS) \
		--profiles $(PROFILES) --modes $(MODES) --warehouses $(WAREHOUSES)

# Some 15 GB in the folder for temporary files (TMPDIR=) at 10 M rows.
SIZES ?= 1000000 5000000 10000000
UPDATES ?= 100000
.PHONY: bench-merge
bench-merge: build ## Postgres: what updates cost as their table grows (SIZES=, UPDATES=, RUNS=)
	python3 benches/merge.py --binary $(BINARY) --sizes $(SIZES) --updates $(UPDATES) --runs $(RUNS)

.PHONY: bench-replace
bench-replace: build ## Postgres: replacing a table, and its readers meanwhile (RECORDS=, RUNS=)
	python3 benches/replacement.py --binary $(BINARY) --records $(RECORDS) --runs $(RUNS)

# DuckDB's own SQL runs in Python, in an environment of its own.
.PHONY: bench-normalize
bench-normalize: build ## typing raw tables again, beside the warehouses' own SQL (RECORDS=, RUNS=, WAREHOUSES=)
	@[[ -x .venv/duckdb/bin/python ]] || { python3 -m venv .venv/duckdb && .venv/duckdb/bin/pip install --quiet duckdb; }
	.venv/duckdb/bin/python benches/normalize.py --binary $(BINARY) --records $(RECORDS) --runs $(RUNS) --warehouses $(WAREHOUSES)

.PHONY: acceptance
acceptance: build postgres ## against a real source and PyAirbyte; needs PyPI
	scripts/acceptance $(BINARY)

.PHONY: clean
clean: ## remove everything that these commands made
	$(CARGO) clean
	rm -rf fuzz/target .duckdb .venv demo.duckdb demo.duckdb.wal
