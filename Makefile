# make run | test | quick | check | bench | errors | notebooks | lock | newest | lowest. Everything they need beyond Python 3.10 to 3.14 they install
# into .venv.
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 7860
BIN := .venv/bin
# Three processes, each with lessons and files of its own, as a third of a test's time is waiting for a browser, an app or a process;
# the ten slowest tests are named.
SHARED := --numprocesses 3 --durations 10 --durations-min 1

export GRADIO_SERVER_PORT = $(PORT)
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: run test quick check bench errors notebooks lock newest lowest chromium postgresql

run: .venv/run.stamp
	$(BIN)/python app.py

test: .venv/dev.stamp chromium postgresql
	HF_HUB_OFFLINE=1 $(BIN)/python -m pytest $(SHARED)

# For daily work: no browser, no training, no processes, and some six states of each lesson instead of hundreds.
quick: .venv/dev.stamp
	QUICK=1 HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -m "not slow and not thorough" $(SHARED) --numprocesses 2

check: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/oxlint assets/js

# The error texts of the search: all lessons take minutes; ONLY=stack renews one.
errors: .venv/dev.stamp
	HF_HUB_OFFLINE=1 $(BIN)/python -W ignore -m tests.components.record_errors $(ONLY)

# What notebooks/ holds, and assets/thumbs.json; ONLY=stack renews those of one lesson.
notebooks: .venv/dev.stamp
	HF_HUB_OFFLINE=1 $(BIN)/python -W ignore -m components.notebooks $(ONLY)
	HF_HUB_OFFLINE=1 $(BIN)/python -W ignore -m components.thumbs $(ONLY)

bench: .venv/dev.stamp chromium
	HF_HUB_OFFLINE=1 $(BIN)/python -m benchmarks $(ONLY)

# The newest versions that pyproject.toml admits become what everybody installs.
lock: .venv/dev.stamp
	$(BIN)/python -m deploy.lock

# The tests with one end of the ranges of pyproject.toml, in an environment of its own. TORCH=2.13.0 takes that torch instead:
# for a machine where no other has a build without CUDA.
newest lowest: .venv/dev.stamp chromium
	$(BIN)/python -m venv --clear build/$@
	$(BIN)/python -m deploy.lock $@ build/$@/requirements.txt
	build/$@/bin/python -m pip install --quiet -r build/$@/requirements.txt
	HF_HUB_OFFLINE=1 build/$@/bin/python -m pytest $(SHARED)

.venv/run.stamp: requirements.txt
	@$(PYTHON) deploy/install.py requirements.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt
	@$(PYTHON) deploy/install.py requirements-dev.txt
	@touch $@

# The browser of the tests: what is installed, else Debian's when we may install it, else Playwright's own.
chromium: .venv/dev.stamp
	@if command -v chromium-headless-shell chromium chromium-browser google-chrome >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq && \
	    { apt-get install -y -qq chromium-headless-shell || apt-get install -y -qq chromium; } >/dev/null; \
	else $(BIN)/playwright install chromium; fi

# The server that tests of rooms with replicas start themselves: Debian's when we may install it, else those tests are skipped.
postgresql:
	@if compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || command -v initdb >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq && apt-get install -y -qq postgresql >/dev/null; fi
