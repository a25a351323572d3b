# The project's commands. `make help` lists them.
SHELL := /bin/bash
PORT ?= $(or $(port),3000)
LAKELIFT_DATA ?= ./data
export LAKELIFT_DATA PORT LIFTBIT
JOBS ?= $(shell nproc)

.PHONY: help deps test-deps build dev live tsan run install start_dev_server test test-unit test-e2e test-peers test-full bench lint format clean

help: ## this list
	@grep -E '^[a-z_-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

deps: ## install what building and running needs
	@scripts/deps.sh

test-deps:
	@scripts/deps.sh test

build: deps ## build/release/bin/lakelift and lakelift-columnar
	@[ -e build/release/build.ninja ] || cmake --preset release >/dev/null
	@cmake --build --preset release -j $(JOBS)

dev: test-deps ## the same with sanitizers, and the unit tests
	@[ -e build/dev/build.ninja ] || cmake --preset dev >/dev/null
	@cmake --build --preset dev -j $(JOBS)

run: build ## the whole product on this machine: PORT (3000), LAKELIFT_DATA (./data), LIFTBIT=open; Ctrl-C stops it
	@exec scripts/run-demo.sh

install: build ## alias of build

start_dev_server: run ## alias of run; port=8889 chooses the port

test: test-unit test-e2e ## unit tests (sanitizers), tidy tests, end to end on the release build

test-unit: dev
	@ctest --preset dev -j $(JOBS)

test-e2e: build test-deps
	@build/venv/bin/python -m pytest -q --ignore=tests/peers tests clients/python/tests

test-peers: build live ## against programs of others: a browser, an OpenID Connect provider, object stores
	@scripts/deps.sh peers
	@build/venv/bin/python -m pytest -q tests/peers

live: test-deps ## the programs that test-peers runs: tests of stores over the network, signatures
	@[ -e build/dev/build.ninja ] || cmake --preset dev >/dev/null
	@cmake --build --preset dev -j $(JOBS) --target storage_live_test s3_signatures azure_signatures

tsan: deps
	@[ -e build/tsan/build.ninja ] || cmake --preset tsan >/dev/null
	@cmake --build --preset tsan -j $(JOBS)

test-full: test tsan live ## the large doses, a second S3 server, and the race of files on a build with ThreadSanitizer
	@LAKELIFT_DOSE=full build/venv/bin/python -m pytest -q --ignore=tests/peers tests clients/python/tests
	@scripts/deps.sh full
	@LAKELIFT_DOSE=full build/venv/bin/python -m pytest -q tests/peers

bench: build ## our slice job beside DuckDB, Polars and pyarrow; the catalogue as it grows; files beside nginx and in S3; start-up; memory
	@scripts/deps.sh peers
	@build/venv/bin/python bench/run.py

lint: build test-deps ## clang-format, clang-tidy, ruff, shellcheck
	@scripts/lint.sh

format: test-deps ## clang-format -i
	@git ls-files 'src/*.cc' 'src/*.h' | xargs clang-format-19 -i

clean: ## remove what was built (not build/deps, not data)
	@rm -rf build/release build/dev build/tsan
