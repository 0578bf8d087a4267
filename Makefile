# `make demo` and `make test` do all the set-up themselves; the second run starts at once.
VENV   ?= .venv
PYTHON := $(VENV)/bin/python
STAMP  := $(VENV)/.ready

.PHONY: demo test lint docs setup bench clean

demo: setup
	$(VENV)/bin/gensc demo

test: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(PYTHON) scripts/check_imports.py
	$(VENV)/bin/mypy
	$(PYTHON) -m pytest $(PYTEST_ARGS)

lint: setup
	$(VENV)/bin/ruff check --fix . && $(VENV)/bin/ruff format .
	$(PYTHON) scripts/check_imports.py
	$(VENV)/bin/mypy

docs: setup
	$(PYTHON) scripts/docs_reference.py
	$(PYTHON) -m mkdocs build --strict

bench: setup
	$(VENV)/bin/gensc bench link

setup: $(STAMP)

$(STAMP): pyproject.toml scripts/setup.sh scripts/constraints/*.txt
	VENV="$(VENV)" scripts/setup.sh
	touch $@

clean:
	rm -rf $(VENV) build site *.egg-info out
