# `make demo` and `make test` do all the set-up themselves; the second run starts at once.
VENV   ?= .venv
PYTHON := $(VENV)/bin/python
STAMP  := $(VENV)/.ready
# One process a core, up to four (each takes 2 GB), one thread each; a file's tests stay together.
# A process that dies ends the run: what it had left, the scheduler would wait for for ever.
IN_PARALLEL ?= -n auto --maxprocesses 4 --dist loadfile --max-worker-restart 0
# Compiled loops look at every index in the tests. Numba would take them for those that do not.
CHECKED := NUMBA_BOUNDSCHECK=1 NUMBA_CACHE_DIR="$(abspath $(VENV))/.numba-checked"

.PHONY: demo test lint docs screenshots setup bench clean

demo: setup
	$(VENV)/bin/gensc demo

test: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(PYTHON) scripts/check_imports.py
	$(PYTHON) scripts/check_types.py
	OMP_NUM_THREADS=1 $(CHECKED) $(PYTHON) -m pytest $(IN_PARALLEL) $(PYTEST_ARGS)

lint: setup
	$(VENV)/bin/ruff check --fix . && $(VENV)/bin/ruff format .
	$(PYTHON) scripts/check_imports.py
	$(PYTHON) scripts/check_types.py

docs: setup
	$(PYTHON) scripts/docs_reference.py
	$(PYTHON) -m mkdocs build --strict

screenshots: setup
	$(PYTHON) scripts/screenshots.py

bench: setup
	$(VENV)/bin/gensc bench link

setup: $(STAMP)

$(STAMP): pyproject.toml scripts/setup.sh scripts/constraints/*.txt
	VENV="$(VENV)" scripts/setup.sh
	touch $@

clean:
	rm -rf $(VENV) build site *.egg-info out
