PYTHON ?= python3
BIN := .venv/bin
# Pinned: an open version would fetch a build with gigabytes of GPU libraries.
TORCH ?= torch==2.13.0

# Sources are compiled once, and not in each of the hundreds of processes that the tests start.
export PYTHONDONTWRITEBYTECODE :=

# Pythons on which `make versions` tests the lowest and the newest dependencies.
PYTHONS ?= $(PYTHON)

.PHONY: install tools verify test coverage slow versions reproduce docs bench lint clean

$(BIN)/.installed: pyproject.toml
	PYTHON="$(PYTHON)" .ci/tools venv
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

install: $(BIN)/.installed

verify: install
	$(BIN)/kdtheory verify

# Coq, LaTeX and a browser: installed where that may be done, never skipped.
tools:
	.ci/tools

test: tools install lint
	$(BIN)/python -m pip install --quiet $(TORCH) --editable '.[hf,lightning]'
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadgroup tests checks

coverage: tools install
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup --cov=kdtheory --cov=proofs --cov=checks --cov-report=term:skip-covered tests checks

slow: tools install
	$(BIN)/python -m pytest -q -s -m slow tests checks

versions: tools
	$(PYTHON) .ci/versions $(PYTHONS)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check -q .
	$(BIN)/mypy kdtheory

reproduce: install
	$(BIN)/kdtheory reproduce --all --out docs/reproductions

docs: install
	$(BIN)/python -m sphinx -W -q -b html docs docs/_build
	@echo "open docs/_build/index.html"

bench:
	$(PYTHON) benchmarks/run.py $(if $(BENCH),-- $(BENCH))

clean:
	rm -rf .venv .venv-bench build dist out docs/_build docs/generated
