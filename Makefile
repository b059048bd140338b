PYTHON ?= python3
BIN := .venv/bin

.PHONY: install verify test lint bench clean

$(BIN)/.installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

install: $(BIN)/.installed

verify: install
	$(BIN)/kdtheory verify

test: install lint
	$(BIN)/python -m pytest -q -n 2 tests checks

lint: install
	$(BIN)/ruff check .
	$(BIN)/mypy kdtheory

bench:
	$(PYTHON) benchmarks/run.py $(if $(BENCH),-- $(BENCH))

clean:
	rm -rf .venv .venv-bench build dist out
