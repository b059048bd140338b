PYTHON ?= python3
BIN := .venv/bin

.PHONY: install verify test lint reproduce clean

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

reproduce: install
	$(BIN)/kdtheory reproduce --all --out docs/reproductions

clean:
	rm -rf .venv build dist out
