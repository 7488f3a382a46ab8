# Parcours. Every target works alone on a fresh machine with Python 3.11 and make, and is quick when nothing changed.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.complete
# The shop to run: its journey.yaml, and the folder of its exports (empty: as journey.yaml says).
JOURNEY ?= journey.yaml
EXPORTS ?=
ROWS ?= 1000000
EVENTS ?= 1000000
IDENTIFIERS ?= 10000000
FUNNEL_EVENTS ?= 10000000
# CI, which has an hour for all suites, draws fewer random examples and shops.
AMOUNT := $(if $(CI),some,many)
QUICK := not browser and not readers and not statistics and not fuzz and not nights and not cluster

# Spark's package brings no Java.
define SPARK
command -v java >/dev/null || { echo "A Java runtime is needed. Debian: apt-get install default-jre-headless"; exit 1; }; \
$(BIN)/python -c 'import pyspark' 2>/dev/null || \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --editable '.[spark]'
endef

.DEFAULT_GOAL := help
.PHONY: help setup run cluster ui formats notebook docs test test-coverage test-browser test-readers test-statistics test-nights test-cluster test-fuzz bench-loading bench-journeys bench-identity bench-cluster bench-funnel lint types format lock sample reference share words clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  Another shop:        make run JOURNEY=examples/olist/journey.yaml EXPORTS=<folder>"

$(STAMP): requirements.lock pyproject.toml
	@$(or $(PYTHON),false) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "Python 3.11 is needed. Install it, or say where it is: make PYTHON=<path> $(MAKECMDGOALS)"; exit 1; }
	@echo "Setting up $(VENV) from requirements.lock (once, a minute or two) …"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(STAMP) ## Set up .venv from the lock

run: $(STAMP) ## Load the exports, build every table, write the report and say where it is
	@$(BIN)/parcours run --journey $(JOURNEY) $(if $(EXPORTS),--exports $(EXPORTS))

cluster: $(STAMP) ## The same run on a Spark cluster of this machine: a master, two workers, on loopback (needs a JRE)
	@$(SPARK)
	@$(BIN)/parcours run --cluster --full-refresh --journey $(JOURNEY) $(if $(EXPORTS),--exports $(EXPORTS))

ui: $(STAMP) ## Dagster's UI on http://127.0.0.1:3000: press Materialize, see tables, checks and runs
	@$(BIN)/parcours ui --journey $(JOURNEY) $(if $(EXPORTS),--exports $(EXPORTS))

formats: $(STAMP) ## Say what the files in EXPORTS would be read as, and why; loads nothing
	@$(BIN)/parcours formats $(or $(EXPORTS),data/sample) --journey $(JOURNEY)

.venv-docs/.complete: requirements-docs.lock
	@$(PYTHON) -m venv --clear .venv-docs
	@.venv-docs/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-docs.lock
	@touch $@

docs: .venv-docs/.complete ## The docs as a site in site/
	@.venv-docs/bin/zensical build --clean --strict
	@echo "Docs: $(abspath site/index.html); with search: python3 -m http.server --bind 127.0.0.1 --directory site"

notebook: $(STAMP) ## Explore the published tables in JupyterLab, on loopback
	@PARCOURS_JOURNEY=$(abspath $(JOURNEY)) $(BIN)/jupyter lab --ip 127.0.0.1 notebooks

test: $(STAMP) ## The tests (a few minutes)
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "$(QUICK)"

test-coverage: $(STAMP) ## The tests, and which lines none of them runs (half as long again)
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "$(QUICK)" \
		--cov=parcours --cov=assets --cov=pipelines --cov-report=term:skip-covered

test-browser: $(STAMP) ## Report and Dagster UI in headless Chromium (needs Debian's chromium)
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m browser

test-readers: $(STAMP) ## published.duckdb read by DuckDB 1.4, 1.5, 2 and duckdb-wasm, its journeys mined by pm4py (needs node and npm)
	@$(BIN)/python -m pytest -m readers

test-statistics: $(STAMP) ## Error, power and coverage of verdicts and incidents, over many simulated shops (a quarter of an hour)
	@PARCOURS_EXAMPLES=$(AMOUNT) $(BIN)/python -m pytest -n 2 --dist loadfile -m statistics

test-nights: $(STAMP) ## Sixty nights with a fault in every third, kills with the real daemon, runs of Dagster's jobs (some minutes)
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m nights

test-cluster: $(STAMP) ## Tables on Spark equal to those of one machine, with workers killed (needs a JRE)
	@$(SPARK)
	@$(BIN)/python -c 'import moto, flask, flask_cors' 2>/dev/null || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --editable '.[spark-tests]'
	@PARCOURS_EXAMPLES=$(AMOUNT) $(BIN)/python -m pytest -m cluster

test-fuzz: $(STAMP) ## Thousands of mutated export files, extreme values, hundreds of random shops, long comparisons (a quarter of an hour)
	@PARCOURS_EXAMPLES=$(AMOUNT) $(BIN)/python -m pytest -n 2 --dist worksteal -m "fuzz or random"

bench-loading: $(STAMP) ## Loading beside a bare read of the same files (ROWS=1000000)
	@PYTHONPATH=. $(BIN)/python benchmarks/loading.py --rows $(ROWS)

bench-journeys: $(STAMP) ## Journeys whole and by night, beside one bare sort of the events (EVENTS=1000000)
	@PYTHONPATH=. $(BIN)/python benchmarks/journeys.py --events $(EVENTS)

bench-identity: $(STAMP) ## Stitching 10 M identifiers (IDENTIFIERS=10000000)
	@PYTHONPATH=. $(BIN)/python benchmarks/identity.py --identifiers $(IDENTIFIERS)

bench-cluster: $(STAMP) ## A cluster of this machine beside DuckDB alone, in 1 to 16 buckets (EVENTS=1000000; needs a JRE)
	@$(SPARK)
	@PYTHONPATH=. $(BIN)/python benchmarks/cluster.py --events $(EVENTS)

bench-funnel: $(STAMP) ## Funnels beside ClickHouse, sessions beside it and polars: 10 M events (FUNNEL_EVENTS=10000000)
	@$(BIN)/python -c 'import chdb, polars' 2>/dev/null || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --editable '.[bench]'
	@PYTHONPATH=. $(BIN)/python benchmarks/funnel.py --events $(FUNNEL_EVENTS)

lint: $(STAMP) ## Format and lint checks
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/sqlfluff lint --nocolor --disable-progress-bar sql assets/charts

types: $(STAMP) ## Type checks
	@$(BIN)/mypy
	@$(BIN)/mypy --config-file tests/mypy.ini

format: $(STAMP) ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

sample: $(STAMP) ## Write data/sample again, from the made-up shop
	@$(BIN)/python -m parcours.made_up_shop --people 6000 --days 90 --seed 7 --out data/sample

reference: $(STAMP) ## Write the pages of docs/ that are made from the code
	@$(BIN)/parcours reference

share: $(STAMP) ## A copy of the report to give away, and one page of it as PDF (needs a Chromium)
	@$(BIN)/parcours share --journey $(JOURNEY)

words: $(STAMP) ## Gather what the pages say into every language's catalogue
	@$(BIN)/parcours words

lock: $(STAMP) ## Resolve requirements.lock again, with hashes and without index addresses
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip compile pyproject.toml --extra dev --extra notebook --generate-hashes --no-emit-index-url --universal \
		--no-header --no-annotate --python-version 3.11 --upgrade -q -o requirements.lock
	@$(BIN)/uv pip compile requirements-docs.in --generate-hashes --no-emit-index-url --universal \
		--no-header --no-annotate --python-version 3.11 --upgrade -q -o requirements-docs.lock

clean: ## Remove what a run made (tables, report, Dagster's history); not .venv
	@rm -rf reports cluster .spark .dagster *.duckdb *.duckdb.wal runs.jsonl
