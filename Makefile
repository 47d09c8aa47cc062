# Waymark: every task of a developer, by name. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
ASSETS := workflow/web/static/vendor/govuk-frontend.LICENCE.txt

.DEFAULT_GOAL := help
.PHONY: help setup run test check bench long locks docs

help: ## lists these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: $(READY) $(ASSETS) ## makes .venv and installs what is needed (the others call it)

$(READY): pyproject.toml requirements/development.txt
	@$(PYTHON) -c 'import sys; sys.exit("Waymark needs Python 3.11 or newer; this is %d.%d. Name one: make PYTHON=python3.12" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing into .venv (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/development.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

$(ASSETS): package-lock.json workflow/web/assets.py | $(READY)
	@echo "Fetching GOV.UK Frontend (once)"
	@$(BIN)/python -m workflow.web.assets
	@touch $(ASSETS)

run: $(READY) $(ASSETS) ## loads the demo caseload, raises what is due, shows a worklist, a case, who was told what
	@$(BIN)/waymark migrate
	@$(BIN)/waymark demo --if-empty
	@$(BIN)/waymark work --once
	@$(BIN)/waymark tour

test: $(READY) $(ASSETS) ## runs the tests on SQLite and PostgreSQL
	@$(BIN)/python -m pytest -n 2

check: $(READY) ## ruff, mypy --strict, import contracts, migrations against models
	@$(BIN)/ruff format --check -q . && $(BIN)/ruff check -q . && echo "ruff: clean"
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@rm -f .venv/check.db*; WAYMARK_DATABASE_URL=sqlite:///.venv/check.db $(BIN)/waymark migrate
	@WAYMARK_DATABASE_URL=sqlite:///.venv/check.db $(BIN)/alembic check
	@$(BIN)/waymark policy check && $(BIN)/waymark lifecycle check

long: $(READY) $(ASSETS) ## the longer property and process tests
	@WAYMARK_LONG=1 $(BIN)/python -m pytest -n 2 tests/journeys tests/faults

bench: $(READY) $(ASSETS) ## what it costs, beside a hand-written SQL floor and APScheduler
	@$(BIN)/python -m bench all

docs: $(READY) ## writes docs/lifecycles/ anew
	@$(BIN)/python docs/lifecycles/generate.py

locks: $(READY) ## resolves requirements/ anew (needs uv)
	@for set in "runtime --extra postgres" "development --extra postgres --extra notify --extra oidc --group dev"; do \
	  uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    $${set#* } pyproject.toml -o requirements/$${set%% *}.txt; done
