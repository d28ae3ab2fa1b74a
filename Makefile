# make          what there is to make
# make setup    .venv with Talkshard, and the models' weights
# make demo     a demonstration that needs no media of yours; make demo INPUT=FILE_OR_FOLDER builds your own
# make train-demo   a portrait that talks and a dubbed video, learnt from TRAIN=FOLDER and judged on the people of
#               DEV=FOLDER; STEPS=N for fewer steps of the painter
# make check    lint, format and types
# make test     all extras, then all tests
# make engines  what the tests of other engines and stores need, as far as it can be had: Prism, Flink and Beam's job
#               server for it, an emulator of Google Cloud Storage
# make flink-test   a Flink cluster on this machine builds while a TaskManager and a worker pool are killed

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup test-setup demo train-demo check test engines flink-test clean

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt
WORKERS ?= 2
INPUT ?=
TRAIN ?=
DEV ?=
STEPS ?=
OUTPUT := demo-output

help:
	@sed -n 's/^# //p' Makefile | head -10

setup: $(VENV)/setup.stamp

test-setup: $(VENV)/test.stamp

# The stamp follows the packages' names and versions, not the code: the install is editable.
$(VENV)/setup.stamp: pyproject.toml constraints.txt
	@python=""; for name in python3.11 python3.12 python3.13 python3; do \
	  if $$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then \
	    python=$$name; break; fi; done; \
	if [ -z "$$python" ]; then echo "Talkshard needs Python 3.11, 3.12 or 3.13: none was found" >&2; exit 2; fi; \
	if [ ! -x $(BIN)/python ]; then echo "making $(VENV) with $$python"; $$python -m venv $(VENV); fi
	@echo "installing packages"
	@$(PIP) -e '.[demo]'
	@$(BIN)/talkshard models install
	@touch $@

$(VENV)/test.stamp: $(VENV)/setup.stamp
	@echo "installing the packages of all tests"
	@$(PIP) -e '.[train,pyannote,demo,dev]'
	@$(BIN)/talkshard models install pyannote_segmentation speech_decoder speech_tokens
	@touch $@

$(VENV)/train.stamp: $(VENV)/setup.stamp
	@echo "installing the packages of training and judging"
	@$(PIP) -e '.[train,demo]'
	@touch $@

demo: setup
	@BIN=$(BIN) OUTPUT=$(OUTPUT) INPUT='$(subst ','\'',$(INPUT))' demo/run.sh

train-demo: $(VENV)/train.stamp
	@BIN=$(BIN) OUTPUT='$(subst ','\'',$(OUTPUT))' STEPS=$(STEPS) TRAIN='$(subst ','\'',$(TRAIN))' DEV='$(subst ','\'',$(DEV))' \
	  demo/train.sh

check: test-setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

test: test-setup
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS)

engines: test-setup
	@for engine in prism flink gcs; do BIN=$(BIN) tests/engines/set_up.sh $$engine; done

flink-test: test-setup
	@BIN=$(BIN) tests/engines/set_up.sh flink
	@$(BIN)/python -m pytest tests/engines/test_flink.py -s -rs

clean:
	rm -rf $(VENV) $(OUTPUT) .engines
