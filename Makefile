# The same small commands serve people and CI. `make help` lists them.
PYTHON ?= python3
VENV ?= .venv
RUN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help install demo test lint coverage bench lock clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 14

install: $(VENV)/installed ## Install the product, pinned by hash, into .venv

$(VENV)/installed: .ci/requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement .ci/requirements.txt
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed .ci/requirements-dev.txt
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement .ci/requirements-dev.txt
	@touch $@

demo: $(VENV)/installed ## Show a complete report of the embedded exchange: no key, no network
	$(RUN)/risk-manager --demo --exit-zero

test: $(VENV)/installed-dev ## Run every test
	$(RUN)/python -m pytest -q -n 2

lint: $(VENV)/installed-dev ## Style, types, import contracts
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy market_analysis
	$(RUN)/lint-imports

coverage: $(VENV)/installed-dev ## Every test, with branch coverage; quant, risk and domain need 95 %
	$(RUN)/python -m pytest -q -n 2 --cov --cov-branch --cov-report=
	$(RUN)/coverage report --include='market_analysis/quant/*,market_analysis/risk/*,market_analysis/domain/*' --fail-under=95

bench: $(VENV)/installed-dev ## Time and score the product beside its peers
	$(RUN)/python -m benchmarks.speed

lock: ## Pin every dependency by hash, without addresses (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 --no-header \
	  pyproject.toml .ci/build.in --output-file .ci/requirements.txt
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 --no-header \
	  pyproject.toml .ci/build.in --group dev --extra data --output-file .ci/requirements-dev.txt

clean: ## Remove what make made
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
