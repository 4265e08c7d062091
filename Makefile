# `make help` lists what there is. Everything sets itself up first; nothing asks.
PYTHON ?= python3
WORKERS ?= 2
ARGS ?=
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: bench check clean crds demo distclean fmt help lock manifests servers setup test unit

bench: setup ## Measure: convergence, plans, resync, what traffic feels (BENCH=name for one)
	$(BIN)/python -m bench $(BENCH) $(ARGS)

check: setup ## Lint, format, types, import walls, generated files (`make test` runs these too)
	@$(BIN)/python -m dev.check

clean: ## Stop what runs here and remove all that was made in this folder
	@$(PYTHON) -m dev.clean
	rm -rf .venv .state .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

crds: setup ## Write crds/ (and what else is generated) from the models
	@$(BIN)/python -m dev.generated

demo: setup ## The main job before your eyes, on a real Kubernetes, Postgres and MongoDB
	$(BIN)/python -m dev.demo $(ARGS)

distclean: clean ## As clean, and the programs that were built once per user
	rm -rf $${XDG_CACHE_HOME:-$$HOME/.cache}/colonnade

fmt: setup ## Format, and mend what the linter can mend
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

lock: ## Renew the lock files from pyproject.toml (ARGS=--upgrade: to the newest versions)
	$(PYTHON) -m dev.environment lock $(ARGS)

manifests: setup ## Write manifests/install/ from the chart (after `make crds`)
	@$(BIN)/python -m dev.install

servers: setup ## Start Postgres, MongoDB and Kubernetes for playing, and print their addresses
	@$(BIN)/python -m dev.servers

setup: ## Make .venv from the lock file (under a second when there is nothing to do)
	@$(PYTHON) -m dev.environment

test: setup ## Everything: the checks, and all tests against real servers
	@$(BIN)/python -m dev.kubernetes
	$(BIN)/pytest -n $(WORKERS) --cov --cov-report=term $(ARGS)

unit: setup ## The tests that need no server
	$(BIN)/pytest -n $(WORKERS) tests/unit tests/contract $(ARGS)
