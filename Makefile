# Two commands on a fresh machine: `make run` starts a hotline, `make test` proves it. Both install what they need: as root,
# or as a user who may sudo. Nothing is installed twice.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
VENV := .venv
PY := $(VENV)/bin/python
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
PROGRAMS := mmdebstrap sipp espeak-ng
PACKAGES := mmdebstrap sip-tester espeak-ng postgresql
# Debian keeps PostgreSQL's server off the PATH. Tests run one of their own; the package shall not start another.
POSTGRES := command -v postgres || ls /usr/lib/postgresql/*/bin/postgres
NO_CLUSTER := /etc/postgresql-common/createcluster.d/hotline.conf
PYTHONS := python3.13 python3.12 python3.11 python3

.PHONY: setup run test unit e2e lint type fmt check clean
.DEFAULT_GOAL := help

help:
	@echo "make run    install what is missing and start the hotline, ready for a softphone"
	@echo "make test   the whole suite: unit, contract, and end to end on a real Asterisk"
	@echo "make unit   the suite without Asterisk;  make e2e   only with it"
	@echo "make lint | type | fmt    ruff and import contracts | mypy | formatting"

setup: $(VENV)/.ready

# System programs: asked for only when one is missing, so that a machine that has them needs no network and no sudo.
.PHONY: programs
programs:
	@missing=""; for program in $(PROGRAMS); do command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	($(POSTGRES)) >/dev/null 2>&1 || missing="$$missing postgresql"; \
	python=""; for each in $(PYTHONS); do \
	  if command -v $$each >/dev/null && $$each -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; \
	  then python=$$each; break; fi; done; \
	if [ -n "$$missing" ] || [ -z "$$python" ]; then \
	  echo "installing $(PACKAGES)$${python:+}$$([ -n "$$python" ] || echo ' python3 python3-venv')"; \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get update -q >/dev/null; \
	  case "$$missing" in *postgresql*) $(SUDO) install -d $(dir $(NO_CLUSTER)); \
	    echo 'create_main_cluster = false' | $(SUDO) tee $(NO_CLUSTER) >/dev/null;; esac; \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $(PACKAGES) \
	    $$([ -n "$$python" ] || echo python3 python3-venv) >/dev/null; \
	  $(SUDO) rm -f $(NO_CLUSTER); \
	fi

$(VENV)/.ready: pyproject.toml constraints.txt | programs
	@for each in $(PYTHONS); do \
	  if command -v $$each >/dev/null && $$each -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; \
	  then echo "making the environment with $$($$each --version)"; $$each -m venv $(VENV); break; fi; done
	@test -x $(PY) || { echo "Python 3.11 to 3.13 with venv is needed and could not be installed; see README.md"; exit 2; }
	$(PY) -m pip install -q --disable-pip-version-check --upgrade "pip>=25.1"
	$(PY) -m pip install -q --disable-pip-version-check -c constraints.txt --group dev -e '.[voices]'
	$(VENV)/bin/hotline fetch
	@touch $@

run: setup
	@exec $(VENV)/bin/hotline run

test: setup
	$(PY) -m pytest

unit: setup
	$(PY) -m pytest -m "not e2e"

e2e: setup
	$(PY) -m pytest -m e2e

lint: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports

type: setup
	$(VENV)/bin/mypy

fmt: setup
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
