# The commands of the project. `make demo` and `make test` do their own set-up from a fresh clone:
# they need Python 3.11 or newer with venv, and `make test` also needs Debian's packages below,
# which it installs where it runs as root.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check
LOCKED := --quiet --require-hashes --only-binary :all: --no-deps
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --custom-compile-command 'make lock'

.DEFAULT_GOAL := help
.PHONY: help demo test test-next check format lint types packages base image bench site lock clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo: $(VENV)/.runtime ## Check loopback servers, most of them drifted; no network
	@# The verdict it has to show is a failure, exit code 1.
	@$(BIN)/mailtls demo; test $$? -eq 1

test: packages $(VENV)/.dev base check ## Everything: linters, types, tests, the image, real servers
	$(BIN)/pytest --numprocesses auto

test-next: packages base ## All tests but the image's, under the image's Python 3.13
	$(BIN)/python tools/base.py test

check: $(VENV)/.dev lint types ## Linters and types

lint: $(VENV)/.dev
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .

types: $(VENV)/.dev
	$(BIN)/mypy

format: $(VENV)/.dev ## Format and mend what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

packages: ## Install Debian's packages that the tests run
	@tools/packages

base: $(BIN)/pip packages ## Make the stand-in for the image's base, and the wheels of Python 3.13
	@$(BIN)/python tools/base.py make

image: base ## Build the image with buildah, on the stand-in base
	$(BIN)/python tools/base.py image

bench: packages $(VENV)/.dev ## Measure beside other programs on real servers; writes docs/benchmark.md
	$(BIN)/python tools/bench
	$(BIN)/python tools/bench/deliveries.py

site: $(VENV)/.dev ## Build the documentation's site into site/
	$(BIN)/mkdocs build --strict --quiet

lock: $(VENV)/.dev ## Write the lock files again, at the newest versions
	$(COMPILE) --upgrade pyproject.toml -o requirements/runtime.txt
	$(COMPILE) --upgrade requirements/build.in -o requirements/build.txt
	$(COMPILE) --upgrade pyproject.toml requirements/build.in requirements/dev.in \
		-c requirements/runtime.txt -c requirements/build.txt -o requirements/dev.txt

clean: ## Remove what was built here
	rm -rf $(VENV) build dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(BIN)/pip:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.build: $(BIN)/pip requirements/build.txt pyproject.toml
	$(PIP) install $(LOCKED) -r requirements/build.txt
	@touch $@

$(VENV)/.runtime: $(VENV)/.build requirements/runtime.txt
	$(PIP) install $(LOCKED) -r requirements/runtime.txt
	$(PIP) install --quiet --no-index --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	$(PIP) install $(LOCKED) -r requirements/dev.txt
	@touch $@
