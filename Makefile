# `make` lists the verbs. `make demo` and `make test` do everything on a fresh machine: Python >= 3.11, pip and make suffice.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
TOOLCHAINS := build/toolchains
export UV_LINK_MODE ?= copy
# Where this is set, each of the many processes that the tests start would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE
# uv trusts whom the machine trusts, as pip does; where the machine keeps no list, whom uv was built to trust.
export UV_SYSTEM_CERTS ?= $(if $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem),1,0)
export PYRIGHT_PYTHON_CACHE_DIR ?= $(CURDIR)/$(VENV)/pyright
export PYRIGHT_PYTHON_IGNORE_WARNINGS ?= 1

.PHONY: help setup demo test tests check format docs lock prove-small prove-night prove-faults prove-cloud prove-house prove-pace prove-truth prove-delta prove-onboarding soak package toolchains verify-stack prove-stack clean

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.ready  ## everything from the registries into .venv

$(VENV)/.ready: requirements/dev.txt pyproject.toml
	@# With the machine's own pip: Debian's Python cannot put one into a virtual environment without python3-venv.
	@test -x $(BIN)/python || $(PYTHON) -m venv --without-pip $(VENV)
	@test -x $(UV) || $(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check uv
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

demo: setup  ## one full night over the sample fleet, on this machine
	@$(BIN)/fleet demo

test: setup  ## everything that must hold: format, lint, types, imports, all tests
	@$(MAKE) --no-print-directory --jobs=2 check tests  # side by side: alone, the check of types leaves a core idle

tests: setup
	@$(BIN)/pytest -n 3 --no-loadscope-reorder tests fleet report changes onboarding orchestration lambdas local localcloud cli

check: setup  ## format, lint, types, imports: fast
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --no-cache --quiet .
	@$(BIN)/pyright --pythonpath $(BIN)/python | tail -n 1
	@$(BIN)/lint-imports --no-cache | tail -n 1

format: setup  ## rewrite the files as ruff wants them
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --fix --quiet .

docs: setup  ## rewrite what is generated from the code
	@$(BIN)/python tests/docs/quotas_page.py
	@$(BIN)/python tests/docs/check_page.py
	@$(BIN)/python tests/docs/costs_page.py
	@$(BIN)/python tests/docs/delta_facts_page.py
	@$(BIN)/python tests/docs/schema_files.py
	@$(BIN)/python -m local.coverage.page
	@$(BIN)/python -m local.coverage.to_verify

prove-small: setup  ## show what a fresh machine and the tests must show: the README's commands, and mutants; figures last
	@$(BIN)/python -m proofs.prove_small

prove-night: setup  ## show what a full night must show, figures last
	@$(BIN)/python -m proofs.prove_night

prove-faults: setup  ## show what nights that go wrong must show, at full size; figures last
	@$(BIN)/python -m proofs.prove_faults

prove-cloud: setup  ## show what the local cloud must show to real clients, at full size; figures last
	@$(BIN)/python -m proofs.prove_cloud

prove-house: setup  ## show that the two houses and the documents are what they claim to be; figures last
	@$(BIN)/python -m proofs.prove_house

prove-pace: setup  ## show what runs at AWS's own pace must show: 250 databases, request buckets on; figures last
	@$(BIN)/python -m proofs.prove_pace

prove-truth: setup  ## show that an ok means all of it: what made it untrue, and random tables; figures last
	@$(BIN)/python -m proofs.prove_truth

prove-delta: setup  ## show that deltas lose nothing: a random workload at full size, and rules removed; figures last
	@$(BIN)/python -m proofs.prove_delta

prove-onboarding: setup  ## show what the first hour and onboarding must show: a clone, checks, profiles; figures last
	@$(BIN)/python -m proofs.prove_onboarding

soak: setup  ## use the local cloud for an afternoon in a few minutes, show what it keeps of memory; figures last
	@$(BIN)/python -m bench.soak

package: setup  ## the one package of all functions, for Lambda, into build/package
	@$(BIN)/python -m orchestration.package

verify-stack: setup  ## apply the stack with the real Terraform to the local cloud, run a night on it, destroy it
	@$(BIN)/python -m proofs.verify_stack

prove-stack: setup  ## show what the stack must show, without an account; figures last
	@$(BIN)/python -m proofs.prove_stack

toolchains: $(TOOLCHAINS)/.ready  ## the stacks under CDKTF's continuation, and read by checkov; both are installed apart, in build/
	@$(BIN)/pytest tests/synthesis/test_toolchains.py

$(TOOLCHAINS)/.ready: $(VENV)/.ready requirements/cdktn.txt requirements/checkov.txt
	@for one in cdktn checkov; do \
	  $(UV) venv --quiet --allow-existing --python $(BIN)/python $(TOOLCHAINS)/$$one && \
	  $(UV) pip sync --quiet --python $(TOOLCHAINS)/$$one/bin/python --require-hashes requirements/$$one.txt || exit 1; \
	done
	@touch $@

lock: setup  ## pin what is newest into requirements/
	@$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --upgrade \
	  --extra local --extra infrastructure --extra dev pyproject.toml -o requirements/dev.txt
	@$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	  --constraint requirements/dev.txt pyproject.toml -o requirements/lambda.txt
	@$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	  --constraint requirements/dev.txt requirements/localcloud.in -o requirements/localcloud.txt
	@for one in cdktn checkov; do \
	  $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --upgrade \
	    requirements/$$one.in -o requirements/$$one.txt; \
	done

clean:  ## remove what `make demo` left
	rm -rf demo build
