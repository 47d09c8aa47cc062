# Waymark: every task of a developer, by name. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
PORT ?= 8000
ASSETS := workflow/web/static/vendor/govuk-frontend.LICENCE.txt

.DEFAULT_GOAL := help
.PHONY: help setup run test check bench long pooled locks docs tour audit fuzz faults

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

run: $(READY) $(ASSETS) ## loads the invented demo caseload, serves pages, API and scheduler; says where to look (PORT=8000)
	@$(BIN)/waymark serve --demo --port $(PORT)

test: $(READY) $(ASSETS) ## runs the tests on SQLite and PostgreSQL
	@$(BIN)/python -m pytest -n 3

check: $(READY) ## ruff, mypy --strict, import contracts, migrations against models
	@$(BIN)/ruff format --check -q . && $(BIN)/ruff check -q . && echo "ruff: clean"
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@rm -f .venv/check.db*; WAYMARK_DATABASE_URL=sqlite:///.venv/check.db $(BIN)/waymark migrate
	@WAYMARK_DATABASE_URL=sqlite:///.venv/check.db $(BIN)/alembic check
	@$(BIN)/waymark policy check && $(BIN)/waymark lifecycle check

fuzz: $(READY) $(ASSETS) ## 300 requests made from the OpenAPI document for each of its operations
	@WAYMARK_FUZZ=300 $(BIN)/python -m pytest -n 2 tests/integration/test_openapi_document.py

long: $(READY) $(ASSETS) ## every test, with the longer property and process tests, pages and API on PostgreSQL as well
	@WAYMARK_LONG=1 $(BIN)/python -m pytest -n 2

pooled: $(READY) ## the tests of PostgreSQL through pgbouncer in transaction mode (needs pgbouncer on the PATH)
	@WAYMARK_POOLED=1 $(BIN)/python -m pytest -n 2 tests/integration tests/journeys tests/faults -k postgresql

faults: $(READY) $(ASSETS) ## breaks nodes, databases and lines 1,000 times under load and checks the record (WAYMARK_FAULTS=n, WAYMARK_FAULT_MINUTES=n)
	@PYTHONPATH=tests $(BIN)/python -m faults.campaign

bench: $(READY) $(ASSETS) .venv/bench/.ready ## what it costs, beside hand-written SQL and what others would pick (12 minutes)
	@$(BIN)/python -m bench table

.venv/bench/.ready: requirements/bench.txt | $(READY)
	@echo "Installing what Waymark is measured beside into .venv/bench (once)"
	@$(PYTHON) -m venv .venv/bench
	@.venv/bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@touch .venv/bench/.ready

audit: $(READY) ## known weaknesses of all that is installed, Python and npm (needs the network)
	@test -x .venv/audit/bin/pip-audit || { $(PYTHON) -m venv .venv/audit && .venv/audit/bin/python -m pip install \
	  --quiet --disable-pip-version-check --require-hashes -r requirements/audit.txt; }
	@failed=0; for set in runtime development audit; do \
	  .venv/audit/bin/pip-audit --strict --progress-spinner off --disable-pip --require-hashes \
	    -r requirements/$$set.txt || { failed=1; echo "requirements/$$set.txt: not clean, or not audited"; }; done; \
	  $(BIN)/python -c 'import subprocess, sys; from workflow.web.assets import npm; sys.exit(subprocess.call([*npm(), "audit", "--package-lock-only"]))' \
	    || { failed=1; echo "package-lock.json: not clean, or not audited"; }; \
	  test $$failed = 0 || { echo "Either a weakness is known, or the advisories could not be asked: that needs the network. Above it says which."; exit 1; }

docs: $(READY) ## writes docs/lifecycles/ anew
	@$(BIN)/python docs/lifecycles/generate.py

tour: $(READY) $(ASSETS) ## makes the pictures of docs/tour.md anew (needs Chromium, as the tests do)
	@PYTHONPATH=tests $(BIN)/python docs/tour/generate.py

locks: $(READY) ## resolves requirements/ anew (needs uv)
	@for set in "runtime --extra postgres" "development --extra postgres --extra notify --extra oidc --group dev"; do \
	  uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    $${set#* } pyproject.toml -o requirements/$${set%% *}.txt; done
	@for set in audit bench; do \
	  uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    --group pyproject.toml:$$set -o requirements/$$set.txt; done
