# `make demo` and `make test` set everything up by themselves; a bare python3 is enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WORKERS ?= auto

.PHONY: demo test check bench test-oldest test-versions format clean

demo: $(STAMP)
	@$(BIN)/python examples/demo.py

test: $(STAMP)
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP)
	$(BIN)/python -m benchmarks $(ARGS)

# The lowest versions that the bounds in pyproject.toml allow; copied, since NLTK opens no file that has hard links.
test-oldest:
	$(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/pip install -q uv
	.venv-oldest/bin/uv pip install -q --python .venv-oldest/bin/python --resolution lowest-direct --link-mode copy -e ".[all,dev]"
	.venv-oldest/bin/python -m pytest -n $(WORKERS) $(ARGS)

# Every Python from 3.10 to 3.14 that is on this machine, each in an environment of its own.
test-versions:
	@for v in 3.10 3.11 3.12 3.13 3.14; do \
	  if python$$v -c '' 2>/dev/null; then echo "== Python $$v" && \
	    python$$v -m venv .venv-$$v && .venv-$$v/bin/pip install -q -e ".[all,dev]" && \
	    .venv-$$v/bin/python -m pytest -q -n $(WORKERS) $(ARGS) || exit 1; \
	  else echo "== Python $$v is not here"; fi; done

$(STAMP): pyproject.toml
	@echo "Installing into $(VENV), once: about a minute"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[all,dev]"
	@touch $(STAMP)

clean:
	rm -rf .venv .venv-* .bench build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
