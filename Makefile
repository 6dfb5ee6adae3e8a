PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test asvs fuzz chaos deploys rush crash torn mixing bench bench-watching lint format pictures reference languages requirements components clean tools

run: .venv/installed  ## start everything on this machine
	$(BIN)/flask db upgrade
	$(BIN)/flask serve

# Set, as in many containers, each program that a test starts would compile app/ anew.
test: export PYTHONDONTWRITEBYTECODE =
test: .venv/installed-dev .venv-tools/installed tools  ## every test, the fast ones first
	$(BIN)/coverage erase
	$(BIN)/python -m pytest -n 3 --cov --cov-report=term

EXAMPLES ?= 5000

fuzz: .venv/installed-dev .venv-tools/installed  ## EXAMPLES=5000 made-up inputs for every parser; a failing one is printed
	EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -m fuzz -n 2 --timeout 0

asvs: .venv/installed-dev  ## how many requirements of OWASP ASVS are met, and is docs/asvs.md whole?
	@$(BIN)/python -m tests.asvs

bench: .venv/installed-dev .venv-bench/installed  ## us and our peers, in the same run; see benchmarks/README.md
	@$(BIN)/python -m benchmarks

bench-watching: .venv/installed-dev  ## a thousand people watch; QUICK=1 for 15 seconds
	@$(BIN)/python -m benchmarks.watching

TRIAL = $(BIN)/python -W ignore:XDG_RUNTIME_DIR -m
CHAOS = $(TRIAL) tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(LOGS),--logs $(LOGS))
FAULTS ?= 100

chaos: .venv/installed-dev  ## random faults on the real stack; SEED=7 repeats a run, CONTROL=1 takes the tutorial's settings, BUSY=1 lets pages take longer
	$(CHAOS) --faults $(FAULTS) $(if $(CONTROL),--control) $(if $(BUSY),--busy)

DEPLOYS ?= 20
PEOPLE ?= 1000

deploys: .venv/installed-dev  ## a new version under load, again and again
	$(CHAOS) --faults $(DEPLOYS) --only deploy

rush: .venv/installed-dev  ## everybody asks in the same moment
	$(CHAOS) --people $(PEOPLE)

POINTS ?= 1000

crash: .venv/installed-dev  ## killed at so many lines, on SQLite and PostgreSQL; and what is missing is noticed
	@mkdir -p build
	$(TRIAL) tests.crash --points $(POINTS) --log build/crash.log

torn: .venv/installed-dev  ## 200 archives on each database while somebody writes, and with the default isolation
	$(TRIAL) tests.torn $(if $(ARCHIVES),--archives $(ARCHIVES))

mixing: .venv/installed-dev  ## 1000 archives at once on each database, a canary in every cell; and planted bugs
	$(TRIAL) tests.mixing $(if $(ARCHIVES),--archives $(ARCHIVES))

lint: .venv/installed-dev  ## style, types and layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/installed-dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

pictures: .venv/installed-dev tools  ## every page, state and mail into build/pictures, and some into docs; LOOK=light takes that look only
	$(TRIAL) tests.pictures $(if $(LOOK),--look $(LOOK))

reference: .venv/installed-dev  ## docs/reference.md, from the code
	$(BIN)/python -m tests.reference

languages: .venv/installed-dev  ## app/translations, from the texts of the code; and what is missing there
	@$(BIN)/python -m tests.languages

requirements: .venv/installed-dev  ## resolve anew; hashes, no URLs
	$(BIN)/uv pip compile --universal --upgrade --generate-hashes --no-header --no-annotate --quiet pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --universal --upgrade --generate-hashes --no-header --no-annotate --quiet --extra dev pyproject.toml -o requirements-dev.txt
	$(BIN)/uv pip compile --universal --upgrade --generate-hashes --no-header --no-annotate --quiet --python-version 3.11 --group pyproject.toml:tools -o requirements-tools.txt
	$(BIN)/uv pip compile --universal --upgrade --generate-hashes --no-header --no-annotate --quiet --python-version 3.11 --group pyproject.toml:bench -o requirements-bench.txt
	$(BIN)/python -m tests.components --stamp

components: .venv/installed-dev  ## whether they were brought up to date as lately as docs/security.md promises
	@$(BIN)/python -m tests.components

tools:
	@sh tests/install_tools.sh

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Satchel needs Python 3.11 or newer: make PYTHON=python3.12 " + "run")'
	$(PYTHON) -m venv .venv

.venv/installed: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch .venv/installed $@

.venv-tools/installed: requirements-tools.txt
	$(PYTHON) -m venv .venv-tools
	.venv-tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-tools.txt
	@touch $@

.venv-bench/installed: requirements-bench.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	@touch $@

clean:
	rm -rf .venv .venv-tools .venv-bench
