# Everything a newcomer or the CI runs. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
T ?= tests

.PHONY: help env demo run compiled test check bench lock format screenshots clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

env: ## Create .venv with the `holdfast` command and the console's scripts
	@PYTHON=$(PYTHON) scripts/environment runtime

demo: env ## Start the platform with five simulated devices and show everything in a minute
	@$(BIN)/holdfast demo

run: env ## Start the platform on ./data
	@$(BIN)/holdfast up --data data

compiled: env ## Compile the modules that see every packet and message (docs/compiled.md)
	@PYTHON=$(PYTHON) scripts/environment compiled
	@$(BIN)/python scripts/compile.py

test: ## Run all tests (T=path for some of them); installs what they need
	@PYTHON=$(PYTHON) scripts/environment development
	@$(BIN)/pytest $(T)

check: ## Lint, types, package order and house rules
	@PYTHON=$(PYTHON) scripts/environment development
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python scripts/house_rules.py

bench: ## Run the benchmarks (B=name for one); each prints our figure beside a peer's
	@PYTHON=$(PYTHON) scripts/environment development
	@$(BIN)/python scripts/compile.py
	@$(BIN)/python -m benchmarks $(B)

format: ## Format the code and fix what the linter can
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

screenshots: ## Renew the pictures in docs/images
	@PYTHON=$(PYTHON) scripts/environment development
	@$(BIN)/python scripts/screenshots.py

lock: ## Renew the hash locks in requirements/ and package-lock.json
	@scripts/lock

clean: ## Remove what can be made again
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache build dist node_modules
