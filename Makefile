# make demo   the shop on a control plane of its own, changed under load, then nothing left
# make test   every test, from unit to live
# make check  ruff, mypy --strict, the law of imports, the manual's links
# make bench  all figures beside other tools: bench/RESULTS.md, ≤ 15 minutes (QUICK=1: ≤ 3, written elsewhere)
# make soak   MINUTES=30 of deploys, crashes, scales and floods under load: bench/SOAK.md
# make faults every death of an attempt, 200 kills of each kind (KILLS=n, SEED=n)
# make docs   the manual against the code
#
# Needs Python 3.11 or later with venv, git, make, node and a C compiler.
# PYTHON=/usr/bin/python3.11 make test     another interpreter (remove .venv first)

SHELL := /bin/sh
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
BIN := .venv/bin
# The environment of whoever calls decides nothing about the virtual environment.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV
# Stale bytecode of a removed module would hide a broken import; tests of the builder need bytecode.
unexport PYTHONDONTWRITEBYTECODE
# Both cores: most of a live test is waiting. A file stays on one of them, with its home.
JOBS ?= 2
UNIT := $(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile -m "not live"
# make live MARKS="live and not slow" leaves out what takes long; TESTS="tests/live …" is where to look.
MARKS ?= live
TESTS ?= tests
LIVE := $(BIN)/python -m pytest -q --durations=12 -n $(JOBS) --dist loadfile -m

.PHONY: help faults demo test unit live again check bench soak docs format clean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^# make/make/p' Makefile

# ---- the virtual environment: uv comes by hash from uv.lock, and installs the rest of it

# What each start imports; where no bytecode may be written, it would be compiled each time.
EACH_START := click yaml ahocorasick_rs tree_sitter

.venv/synced: pyproject.toml uv.lock | $(BIN)/uv
	@UV_PYTHON_DOWNLOADS=never $(BIN)/uv sync --frozen --quiet --python $(BIN)/python
	@$(BIN)/python -m compileall -q src $(wildcard $(foreach name,$(EACH_START),.venv/lib/python3*/site-packages/$(name)))
	@touch $@

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "make: $(PYTHON) is older than Python 3.11: name another one, PYTHON=/path/to/python3.11 make …"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "make: $(PYTHON) has no venv: apt install python3-venv, or name another Python, PYTHON=… make …"; exit 1; }
	@$(PYTHON) -m venv .venv
	@$(PYTHON) tools/locked.py uv > .venv/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt

# ---- what people call

demo: .venv/synced
	@$(BIN)/python -m demo.run

test: unit live

unit: .venv/synced
	$(UNIT)

live: .venv/synced
	$(LIVE) "$(MARKS)" $(TESTS)

# Those that failed, once more and one after the other.
again: .venv/synced
	$(BIN)/python -m pytest -q --last-failed --last-failed-no-failures none -m "$(MARKS)"

check: .venv/synced
	$(BIN)/ruff check src tests bench demo tools
	$(BIN)/ruff format --check src tests bench demo tools
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py tests/test_docs.py

docs: .venv/synced
	$(BIN)/python -m tools.api_page
	$(BIN)/python -m tools.api_client
	$(BIN)/python -m pytest -q tests/test_docs.py
	@echo "the manual begins at docs/"

# Exit 1: a bar is missed; 2: a part failed. PARTS="hop many" runs some.
bench: .venv/synced
	@$(BIN)/python -m bench $(if $(QUICK),--quick) $(PARTS)

MINUTES ?= 30
soak: .venv/synced
	@$(BIN)/python -m bench.soak $(MINUTES) $(SEED)

format: .venv/synced
	$(BIN)/ruff check --fix src tests bench demo tools
	$(BIN)/ruff format src tests bench demo tools

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The long form: every death of an attempt, and so many kills of each kind (SEED=n repeats a run).
KILLS ?= 200
faults: .venv/synced
	FAULTS_LONG=1 KILLS=$(KILLS) $(BIN)/python -m pytest -q -s --durations=12 tests/faults
