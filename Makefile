# The command table: what people type and what CI runs. Each target sets up what it needs.

SHELL := bash
CARGO ?= cargo
BINARY := target/release/alluvium

.DEFAULT_GOAL := help
.PHONY: help
help: ## this table
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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

# Doctests first: nextest does not run them, and its summary is what the output should end with. Random cases are the same
# in each run, so that a failure is the change's; `make model`, `make fuzz` and another seed look for new ones.
.PHONY: test
test: export PROPTEST_RNG_SEED ?= 1
test: duckdb postgres ## all tests
	$(CARGO) test --workspace --doc
	@if $(CARGO) nextest --version >/dev/null 2>&1; then set -x; $(CARGO) nextest run --workspace; \
	else set -x; $(CARGO) test --workspace --all-targets; fi

.PHONY: test-large
test-large: duckdb postgres ## tests of large inputs in bounded memory, optimized
	$(CARGO) test --release --test main -- --ignored --test-threads 1 --nocapture resources::

# make model SECONDS_EACH=600 SEED=1: some eight cases a second and warehouse on two cores with nothing else to do; a failure names the seed that repeats it.
SECONDS_EACH ?= 3600
SEED ?=
.PHONY: model
model: duckdb postgres ## random streams and syncs against a reference (SECONDS_EACH=, SEED=)
	ALLUVIUM_MODEL_SECONDS=$(SECONDS_EACH) $(if $(SEED),ALLUVIUM_MODEL_SEED=$(SEED)) \
		$(CARGO) test --bin alluvium sync::tests::model -- --nocapture

# make fuzz FUZZ_TARGETS=lines FUZZ_SECONDS=600: what is found is in fuzz/artifacts. Without a sanitizer, as none of the code
# that is tried is unsafe; so the stable toolchain does.
FUZZ_TARGETS ?= $(notdir $(wildcard fuzz/corpus/*))
FUZZ_SECONDS ?= 60
.PHONY: fuzz
fuzz: ## laws under inputs that find new paths (FUZZ_TARGETS=, FUZZ_SECONDS=); needs cargo-fuzz
	@$(CARGO) fuzz --version >/dev/null 2>&1 || { echo "make fuzz needs cargo-fuzz and a C++ compiler:" \
		"cargo install --locked cargo-fuzz" >&2; exit 1; }
	@set -ex; for target in $(FUZZ_TARGETS); do mkdir -p fuzz/target/found/$$target; \
		$(CARGO) fuzz run --sanitizer none $$target $(CURDIR)/fuzz/target/found/$$target $(CURDIR)/fuzz/corpus/$$target -- \
		-max_total_time=$(FUZZ_SECONDS) -dict=$(CURDIR)/fuzz/tokens.dict -timeout=10 -max_len=20000; done

.PHONY: crash
crash: duckdb ## kill syncs into DuckDB at each of their system calls that write
	$(CARGO) test --test main every_write -- --ignored --nocapture

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

# The limits: DuckDB's own SQL runs in Python, in an environment of its own and of the version that the binary has.
DUCKDB_PYTHON ?= .venv/duckdb/bin/python
DUCKDB_VERSION := $(shell sed -n 's/^readonly version=//p' scripts/fetch-duckdb)
.PHONY: duckdb-python
duckdb-python:
	@[[ -x $(DUCKDB_PYTHON) ]] || { python3 -m venv .venv/duckdb && .venv/duckdb/bin/pip install --quiet duckdb==$(DUCKDB_VERSION); } || { \
		rm -rf .venv/duckdb; echo "PyPI is out of reach: DUCKDB_PYTHON= names a Python that has the package duckdb" >&2; exit 1; }

# By themselves: built along with the binary they would change what it is built with.
.PHONY: bench-programs
bench-programs: build
	$(CARGO) build --release --package alluvium-normalization --examples

# make bench RECORDS="200000 1000000 5000000" RUNS=5 PROFILES="flat nested" MODES=append RAW=keep WAREHOUSES=postgres
RECORDS ?= 200000
RUNS ?= 3
PROFILES ?= flat nested wide
MODES ?= append overwrite append_dedup
RAW ?= keep none
WAREHOUSES ?= duckdb postgres
.PHONY: bench
bench: bench-programs duckdb-python ## speed and memory beside the machine's limits (RECORDS=, RUNS=, PROFILES=, MODES=, RAW=, WAREHOUSES=)
	python3 benches/end_to_end.py --binary $(BINARY) --duckdb-python $(DUCKDB_PYTHON) --records $(RECORDS) --runs $(RUNS) \
		--profiles $(PROFILES) --modes $(MODES) --raws $(RAW) --warehouses $(WAREHOUSES)

DLT_PYTHON ?= .venv/dlt/bin/python
DLT := "dlt[duckdb,postgres]==1.31.0" duckdb==$(DUCKDB_VERSION)
.PHONY: bench-dlt
bench-dlt: build duckdb-python ## beside dlt, in turns; needs PyPI (RECORDS=, RUNS=, WAREHOUSES=)
	@[[ -x $(DLT_PYTHON) ]] || { python3 -m venv .venv/dlt && .venv/dlt/bin/pip install --quiet $(DLT); } || { \
		rm -rf .venv/dlt; echo "PyPI is out of reach: DLT_PYTHON= names a Python that has" $(DLT) >&2; exit 1; }
	python3 benches/against_dlt.py --binary $(BINARY) --duckdb-python $(DUCKDB_PYTHON) --dlt-python $(DLT_PYTHON) \
		--records $(RECORDS) --runs $(RUNS) --warehouses $(WAREHOUSES)

.PHONY: bench-instructions
bench-instructions: ## instructions that shredding a record takes; needs valgrind (PROFILES=, WAREHOUSES=, RAW=)
	$(CARGO) build --release --package alluvium-normalization --examples
	python3 benches/instructions.py --profiles $(PROFILES) --warehouses $(WAREHOUSES) --raws $(RAW)

# make bench-micro BENCH="--bench shred -- flat"
BENCH ?= --benches
.PHONY: bench-micro
bench-micro: duckdb ## parts by themselves: envelope, casts, shredding, names, ids, COPY (BENCH=)
	$(CARGO) bench --workspace $(BENCH)

# Some 15 GB in the folder for temporary files (TMPDIR=) at 10 M rows.
SIZES ?= 1000000 5000000 10000000
UPDATES ?= 100000
.PHONY: bench-merge
bench-merge: build ## Postgres: what updates cost as their table grows (SIZES=, UPDATES=, RUNS=)
	python3 benches/merge.py --binary $(BINARY) --sizes $(SIZES) --updates $(UPDATES) --runs $(RUNS)

.PHONY: bench-replace
bench-replace: build ## Postgres: replacing a table, and its readers meanwhile (RECORDS=, RUNS=)
	python3 benches/replacement.py --binary $(BINARY) --records $(RECORDS) --runs $(RUNS)

.PHONY: bench-normalize
bench-normalize: build duckdb-python ## typing raw tables again, beside the warehouses' own SQL (RECORDS=, RUNS=, WAREHOUSES=)
	$(DUCKDB_PYTHON) benches/normalize.py --binary $(BINARY) --records $(RECORDS) --runs $(RUNS) --warehouses $(WAREHOUSES)

.PHONY: acceptance
acceptance: build postgres ## against a real source and PyAirbyte; needs PyPI
	scripts/acceptance $(BINARY)

.PHONY: clean
clean: ## remove everything that these commands made
	$(CARGO) clean
	rm -rf fuzz/target .duckdb .venv demo.duckdb demo.duckdb.wal
