# `make demo` and `make test` set everything up by themselves; a bare python3 is enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WORKERS ?= auto

# The lowest coverage, in percent, that `make coverage` accepts: of the packages without the emulator, and of the emulator.
COVERED_PACKAGES := 98.3
COVERED_EMULATOR := 99.3
EMULATOR := coze_client/emulator/*
# Runs without coverage, which imports modules itself.
IMPORT_TESTS := tests/test_import_cost.py

.PHONY: demo test coverage check fuzz mutants bench test-oldest test-versions format clean

demo: $(STAMP)
	@$(BIN)/python examples/demo.py

test: $(STAMP)
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

# Runs every test once, as `make test` does, and measures lines and branches in all processes that the tests start.
coverage: $(STAMP)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(WORKERS) --ignore $(IMPORT_TESTS)
	$(BIN)/python -m pytest $(IMPORT_TESTS)
	$(BIN)/coverage combine --quiet
	@failed=0; report="$(BIN)/coverage report"; \
	  printf '\nCovered without the emulator, in percent: '; \
	  $$report --format total --omit '$(EMULATOR)' --fail-under $(COVERED_PACKAGES) || failed=1; \
	  printf 'Covered of the emulator, in percent:      '; \
	  $$report --format total --include '$(EMULATOR)' --fail-under $(COVERED_EMULATOR) || failed=1; \
	  printf '\nThe ten least covered files; "%s" lists all:\n' "$$report"; \
	  $$report --sort cover --skip-covered | sed -n 1,12p; \
	  exit $$failed

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/python -m tests.can_fail

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# A hundred thousand malformed responses to each transport, about fifteen minutes.
fuzz: $(STAMP)
	$(BIN)/python -m tests.fuzz $(ARGS)

# Edits the modules that changed, one place at a time, and lists the edits that no test notices: CONTRIBUTING.md.
mutants: $(STAMP)
	@$(BIN)/python -m tests.mutants $(ARGS)

bench: $(STAMP)
	$(BIN)/python -m benchmarks $(ARGS)

# The lowest versions that the bounds in pyproject.toml allow; copied, since NLTK opens no file that has hard links.
test-oldest:
	$(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/pip install -q uv
	.venv-oldest/bin/uv pip install -q --python .venv-oldest/bin/python --resolution lowest-direct --link-mode copy -e ".[all,dev]"
	.venv-oldest/bin/python -m pytest -n $(WORKERS) $(ARGS)

# Every Python from 3.10 to 3.14 that is installed, each in an environment of its own.
test-versions:
	@missing=; for v in 3.10 3.11 3.12 3.13 3.14; do \
	  if python$$v -c '' 2>/dev/null; then echo "== Python $$v" && \
	    python$$v -m venv .venv-$$v && .venv-$$v/bin/pip install -q -e ".[all,dev]" && \
	    .venv-$$v/bin/python -m pytest -q -n $(WORKERS) $(ARGS) || exit 1; \
	  else missing="$$missing $$v"; fi; done; \
	  if [ -n "$$missing" ]; then \
	    echo "Not tested, because they are not installed:" && printf -- '- Python %s\n' $$missing; fi

$(STAMP): pyproject.toml
	@echo "Installing into $(VENV), once: about a minute"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[all,dev]"
	@touch $(STAMP)

clean:
	rm -rf .venv .venv-* .bench .mutants build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .coverage .coverage.*
