PYTHON ?= python3
BIN := .venv/bin

.PHONY: app install install-dev test fix check bench clean

app: install  ## start the dashboard
	$(BIN)/streamlit run app.py

install: .venv/installed

install-dev: .venv/installed-dev

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --no-compile --upgrade pip

.venv/installed: requirements.txt | .venv/bin/python
	$(BIN)/pip install -q --no-compile -r requirements.txt
	$(BIN)/python -m compileall -q core pages app.py
	$(BIN)/python -c "import streamlit.web.cli, streamlit.web.server.server, distributed, plotly.graph_objects"
	$(BIN)/python -m core.warm
	touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	$(BIN)/pip install -q --no-compile -r requirements-dev.txt
	touch $@

test: install-dev check  ## lint, types, and every test
	$(BIN)/python tests/browser.py
	$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile -m "not browser"
	$(BIN)/python -m pytest tests/e2e --reruns 1  # a slow machine can upset a browser; the closing line counts what was tried again

fix: install-dev  ## format, and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check: install-dev  ## lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: install-dev  ## the benchmarks, into benchmarks/results
	$(BIN)/python -m benchmarks.run

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
