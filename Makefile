# make demo    install into .venv, screen the packets of fixtures/, print where the results lie
# make test    all tests          make lint    style, types, imports
# PY=python3.12 make demo         another Python (3.11 or later)
PY ?= python3
# uv installs several times faster where it is at hand; pip does as well
UV := $(shell command -v uv 2>/dev/null)
VENV := .venv
BIN := $(VENV)/bin
OUT ?= workspace
JOBS ?= 2

.PHONY: demo test lint install lock clean

install: $(BIN)/.installed

# the lock holds hashes and no address: where packages come from is the machine's own setting
$(BIN)/.installed: pyproject.toml requirements.lock
	rm -rf $(VENV)
ifdef UV
	$(UV) venv --quiet --python $(PY) $(VENV)
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
else
	$(PY) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
endif
	touch $@

demo: install
	$(BIN)/chartproof screen fixtures/packets --out $(OUT) --jobs $(JOBS)
	@echo
	$(BIN)/chartproof evaluate $(OUT) fixtures/cases --screened
	@echo
	@echo "Open a worksheet:  $(abspath $(OUT))/worksheets/f-05.html"
	@echo "All screenings:    $(abspath $(OUT))/screenings"
	@echo "The reviewer's page:  $(BIN)/chartproof review $(OUT)"

test: install
	$(BIN)/python -m pytest

lint: install
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# run this after a change of the dependencies in pyproject.toml (needs uv)
lock:
	uv pip compile pyproject.toml --all-extras --group dev --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --quiet --output-file requirements.lock

clean:
	rm -rf $(VENV) $(OUT) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
