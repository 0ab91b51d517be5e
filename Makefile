PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 4
PYTEST := $(BIN)/python -m pytest
# one process a core, so one thread each
SINGLE := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
PARALLEL := -n logical --maxprocesses $(WORKERS) --dist loadfile
# universal: one file for every Python version and platform, by markers
COMPILE := $(BIN)/uv pip compile -q --universal --python-version 3.11 --no-annotate --no-emit-index-url --no-emit-find-links \
	--custom-compile-command "make lock"

# each of many processes would compile every imported module anew
unexport PYTHONDONTWRITEBYTECODE

.PHONY: app install install-dev test test-core test-pages test-e2e quick check fix lock docs bench clean help

app: install  ## start the dashboard
	$(BIN)/streamlit run app.py

install: .venv/prepared  ## the exact versions of requirements.lock, into .venv, and the results of the sample

install-dev: .venv/prepared .venv/installed-dev  ## the same, with what the tests need

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --no-compile --upgrade pip

.venv/installed: requirements.lock | .venv/bin/python
	$(BIN)/pip install -q --no-compile -r requirements.lock
	$(BIN)/python -m compileall -q core pages app.py
	$(BIN)/python -c "import streamlit.web.cli, streamlit.web.server.server, distributed, plotly.graph_objects"
	touch $@

# quick where the results of the sample are there in their present versions
.venv/prepared: .venv/installed samples/shop_feedback.csv core/jobs/sample.py $(wildcard core/*/results.py)
	$(BIN)/python -m core.warm
	touch $@

.venv/installed-dev: requirements-dev.lock .venv/installed
	$(BIN)/pip install -q --no-compile -r requirements-dev.lock
	touch $@

test:  ## lint, types and every test, with the coverage of core
	$(MAKE) -j2 install-dev  # the sample's results beside what the tests need
	$(BIN)/python tests/browser.py
	$(MAKE) -j2 check test-core  # types take one core while those tests wait
	$(MAKE) test-pages
	$(MAKE) test-e2e

# many tests run without the tracer of coverage, see tests/core/conftest.py
test-core: install-dev
	$(SINGLE) $(PYTEST) -n $(WORKERS) --dist loadfile tests/core --cov  # more than cores: half of their time is waiting

test-pages: install-dev
	$(SINGLE) $(PYTEST) $(PARALLEL) tests/pages tests/test_*.py

test-e2e: install-dev
	$(PYTEST) tests/e2e

quick: check  ## lint, types, and the tests of core without slow ones
	$(SINGLE) $(PYTEST) -n $(WORKERS) --dist loadfile -m "not slow" tests/core tests/test_*.py

check: install-dev  ## lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

fix: install-dev  ## format, and repair what lint can repair
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: install-dev  ## write the lock files from requirements.txt and requirements-dev.txt
	$(COMPILE) requirements.txt -o requirements.lock
	$(COMPILE) requirements-dev.txt -c requirements.lock -o requirements-dev.lock
	sed -i -E '/^(nvidia|cuda)-|^triton==/d' requirements.lock requirements-dev.lock  # torch's CUDA build pins its own

docs: install-dev  ## write the API reference, docs/api.md
	$(BIN)/python -m docs.build_api

bench: install-dev  ## the benchmarks, into benchmarks/results
	$(BIN)/python -m benchmarks.run

clean:  ## remove .venv and caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .coverage

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/:/'
