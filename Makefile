# The two commands: `make demo` and `make test`. Both set up .venv first when it is missing or pyproject.toml changed.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo setup test test-peers lint bench train clean

demo: setup
	@$(BIN)/claw demo

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "claw needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	@echo "[1/3] making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@echo "[2/3] installing claw and what it needs (a minute or two at the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --progress-bar off -c constraints.txt -e '.[dev]'
	@echo "[3/3] checking: $$($(BIN)/claw --version)"
	@touch $@

test: setup lint
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(PYTEST)

lint: setup
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy --no-error-summary

test-peers: setup
	@.ci/packages
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --progress-bar off -c constraints.txt -e '.[dev,peers]'
	@$(BIN)/python -m venv $(VENV)/aiogram
	@$(VENV)/aiogram/bin/python -m pip install --quiet --disable-pip-version-check --progress-bar off -r tests/peers/aiogram.txt
	@$(BIN)/python -m venv $(VENV)/synapse
	@$(VENV)/synapse/bin/python -m pip install --quiet --disable-pip-version-check --progress-bar off -r tests/peers/synapse.txt
	@$(BIN)/python -m venv $(VENV)/voice
	@$(VENV)/voice/bin/python -m pip install --quiet --disable-pip-version-check --progress-bar off -r tests/peers/voice.txt
	@$(BIN)/python -m venv $(VENV)/models
	@$(VENV)/models/bin/python -m pip install --quiet --disable-pip-version-check --progress-bar off --only-binary :all: -r tests/peers/models.txt \
		|| echo "fakellm and xllamacpp cannot be installed here: their tests skip"
	@$(BIN)/python -m pytest -m peers
	@$(BIN)/python -m pytest tests/test_whatsapp.py

bench: setup
	@$(BIN)/python -m bench

# Needs torch, about 200 MB: its CPU build is what plain pip takes on Linux where the index offers it. Ten minutes at most on two cores.
train: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --progress-bar off -c constraints.txt -e '.[dev,train]'
	@$(BIN)/python -m training.train

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache
