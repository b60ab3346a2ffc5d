# The same small commands serve people and CI. `make help` lists them.
PYTHON ?= python3
VENV ?= .venv
RUN := $(VENV)/bin
PIP := $(RUN)/python -m pip --quiet --disable-pip-version-check install
PYTEST_FLAGS ?=
BENCH_FLAGS ?= --json build/benchmarks.json

.DEFAULT_GOAL := help
.PHONY: help install demo test lint coverage bench soak docs pictures lock clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 14

install: $(VENV)/installed ## Install the product, pinned by hash, into .venv

$(VENV)/installed: .ci/requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("risk-manager needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; run make PYTHON=python3.11 $(MAKECMDGOALS)" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes --requirement .ci/requirements.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@$(RUN)/python -m compileall -q market_analysis
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed .ci/requirements-dev.txt
	$(PIP) --require-hashes --requirement .ci/requirements-dev.txt
	@$(RUN)/python -c 'from market_analysis.quant import compiled; compiled.warm()'
	@touch $@

demo: $(VENV)/installed ## Show a complete report of the embedded exchange: no key, no network
	$(RUN)/risk-manager --demo --exit-zero

test: $(VENV)/installed-dev ## Run every test
	$(RUN)/python -m pytest -q -n 2 --dist loadgroup $(PYTEST_FLAGS)

lint: $(VENV)/installed-dev ## Style, types, import contracts
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy market_analysis benchmarks
	$(RUN)/lint-imports

coverage: $(VENV)/installed-dev ## Every test, with branch coverage; quant, risk and domain need 95 %
	$(MAKE) test PYTEST_FLAGS='--cov --cov-branch --cov-report='
	$(RUN)/coverage report --include='market_analysis/quant/*,market_analysis/risk/*,market_analysis/domain/*' --fail-under=95

bench: $(VENV)/installed-dev ## Time the product, beside its peers where there are any
	$(RUN)/python -m benchmarks.run $(BENCH_FLAGS)

MINUTES ?= 10
soak: $(VENV)/installed-dev ## Prove the guard for MINUTES=n; totals add up in build/soak.json
	$(RUN)/python tests/proof/soak.py --minutes $(MINUTES)

docs: $(VENV)/installed ## Write the generated pages anew: docs/cli.md, docs/report.md
	$(RUN)/python docs/generate.py

pictures: $(VENV)/installed ## Take the README's pictures anew (needs Chromium)
	$(RUN)/python docs/screenshots.py

lock: ## Pin every dependency by hash, without addresses (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-strip-extras --python-version 3.11 --no-header \
	  pyproject.toml .ci/build.in --output-file .ci/requirements.txt
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-strip-extras --python-version 3.11 --no-header \
	  pyproject.toml .ci/build.in --group dev --extra data --output-file .ci/requirements-dev.txt

clean: ## Remove what make made
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
