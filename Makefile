# The one door: every command that a person or CI needs. `make help` lists them.

PYTHON       ?= python3
VENV         := .venv
BIN          := $(VENV)/bin
PIP          := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
TEST_PARTS   := postgresql redis chromium
TEST_WORKERS ?= 2
TESTS        ?=

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help install install-dev run test test-parts lint lint-format lint-rules lint-types lint-arrows \
        lint-security fmt bench bench-large crash fuzz battery lock clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r target text; do \
	    printf '  make %-12s %s\n' "$$target" "$$text"; done

# ---- installing -------------------------------------------------------------------------------------------
# Stamps say what .venv holds. They are older than the file that they depend on when that has changed.

install: $(VENV)/.project-installed  ## .venv with everything that Rollcall needs to run
	@:
install-dev: $(VENV)/.project-installed $(VENV)/.dev-installed  ## the same, and what tests and lint need
	@:

$(VENV)/.created:
	@export PYTHON='$(PYTHON)'; scripts/need python && scripts/need venv
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime-installed: requirements.lock $(VENV)/.created
	@echo 'Installing the locked packages into $(VENV) (a minute the first time) …'
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.dev-installed: requirements-dev.lock $(VENV)/.runtime-installed
	@echo 'Installing the packages for tests and lint into $(VENV) (a minute the first time) …'
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

# The editable install brings the `rollcall` command and the entry points by which vendors are found.
$(VENV)/.project-installed: pyproject.toml $(VENV)/.runtime-installed
	@rm -rf rollcall.egg-info # an old one would hide new entry points from programs that are started here
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# ---- running ----------------------------------------------------------------------------------------------

run: install  ## a running product with a demo tenant (ROLLCALL_DEMO=0: without)
	$(BIN)/python -m app.demo

bench: install-dev test-parts  ## our requests beside bare Flask, scim2-server and SCIMMY; pushes and imports beside bare ones
	$(BIN)/python -m bench
	$(BIN)/python -m bench.throughput
	$(BIN)/python -m bench.provisioning_numbers
	$(BIN)/python -m bench.leavers
	$(BIN)/python -m bench.imports --source paged
	$(BIN)/python -m bench.webhooks
	$(BIN)/python -m bench.console

bench-large: install-dev test-parts  ## a million people beside ten thousand; a file of 100,000
	$(BIN)/python -m bench.large
	$(BIN)/python -m bench.imports --source csv

# ---- checking ---------------------------------------------------------------------------------------------

# Lint first, for the quick answer; the tests run all the same, so that one run shows everything.
test: install-dev test-parts  ## lint and every test (TESTS=tests/scim narrows, TEST_WORKERS=4 widens)
	@status=0; \
	$(MAKE) --no-print-directory --keep-going lint || { status=1; echo 'lint failed (above); the tests run all the same'; }; \
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist worksteal --durations=30 $(TESTS) || status=1; \
	exit $$status

test-parts:
	@scripts/need $(TEST_PARTS)

crash: install-dev test-parts  ## the full crash test: processes killed while they import and push
	$(BIN)/python -m tests.harness.crash

fuzz: install-dev test-parts  ## 100,000 hostile SCIM requests: no 5xx, every error a SCIM Error, no growth
	$(BIN)/python -m tests.security.fuzz

battery: install-dev test-parts  ## the full races: 50 equal POSTs at once, 1,000 rounds on each database
	$(BIN)/python -m tests.harness.battery

lint: install-dev lint-format lint-rules lint-types lint-arrows lint-security  ## format, rules, types, arrows, security
	@echo 'lint: nothing found'

lint-format:
	@$(BIN)/ruff format --check --quiet --output-format concise . || { echo 'Not in the house format: make fmt'; exit 1; }

lint-rules:
	@$(BIN)/ruff check --quiet --output-format concise .

lint-types:
	@$(BIN)/mypy --no-error-summary

lint-arrows:
	@report=$$($(BIN)/lint-imports 2>&1) || { echo "$$report"; exit 1; }

lint-security:
	@$(BIN)/bandit --quiet --configfile pyproject.toml --severity-level medium --recursive scim app

fmt: install-dev  ## formats the code and repairs what ruff can repair
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

# ---- keeping ----------------------------------------------------------------------------------------------

# `make lock` follows pyproject.toml and keeps every other pin; `make lock UPGRADE=1` takes the newest of all.
COMPILE := uv pip compile --quiet --no-config --generate-hashes --universal --python-version 3.11 \
           --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade) \
           --extra postgresql --extra redis --group build pyproject.toml

lock:  ## writes both locks again from pyproject.toml (UPGRADE=1: newest versions)
	@command -v uv > /dev/null || { echo 'make lock needs uv: pipx install uv'; exit 1; }
	@$(COMPILE) --output-file requirements.lock
	@$(COMPILE) --group dev --constraint requirements.lock --output-file requirements-dev.lock

clean:  ## removes what can be made again; instance/ and .venv stay
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
