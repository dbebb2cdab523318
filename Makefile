# Each environment is made once, and brought up to date when pyproject.toml is newer than its stamp.
# Paths are relative throughout, so a checkout may lie in a folder with spaces in its name.
unexport PYTHONPATH PYTHONHOME

.PHONY: help demo test test-all environments check coverage smoke docs mutation release-check
.PHONY: interop bench clean

help: ## Print this list
	@echo "make <target>, where <target> is one of"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile
	@echo "Python 3.11 or newer is looked for; to name one: make PYTHON=python3.12 <target>"

demo: .venv/stamp ## Run the demonstration, on synthetic students
	@.venv/bin/pprl demo

test: ## Run all tests and checks, with pandas 2 and with pandas 3
	@$(MAKE) --no-print-directory -j2 environments
	@$(MAKE) --no-print-directory check coverage smoke

test-all: ## The same, and the tests that need Java, PostgreSQL or Chromium
	@$(MAKE) --no-print-directory tests/node_modules/stamp
	@$(MAKE) --no-print-directory test PYTEST_OPTIONS=--with-programs

check: .venv-test/stamp ## Lint, format, types and import contracts only
	.venv-test/bin/python -m ruff check .
	.venv-test/bin/python -m ruff format --check .
	.venv-test/bin/python -m mypy
	.venv-test/bin/lint-imports
	.venv-test/bin/codespell

coverage: .venv-test/stamp ## The tests only, with their coverage of pprl/
	.venv-test/bin/python -m pytest --hypothesis-profile=ci -n auto --cov $(PYTEST_OPTIONS)

# Here pprl is the built wheel, not the checkout (-P keeps the checkout off the path), so that a
# file missing from the wheel is missed. --no-build-isolation: no network once the stamp is there.
smoke: .venv-pandas3/stamp ## The smoke tests only, on the built wheel with pandas 3
	@$(call pip,.venv-pandas3) --no-build-isolation --no-deps --force-reinstall .
	.venv-pandas3/bin/python -P -m pytest --hypothesis-profile=ci tests/smoke

docs: .venv-test/stamp ## The documentation as a site, in site/, to be opened from disk
	.venv-test/bin/python -m docs.make.pages
	.venv-test/bin/python -m docs.make.architecture_page
	NO_MKDOCS_2_WARNING=1 .venv-test/bin/python -m mkdocs build --strict --quiet
	@echo "Open site/index.html"

environments: .venv-test/stamp .venv-pandas3/stamp

mutation: .venv-test/stamp ## Would the tests notice? Mutants of a file: make mutation FILE=pprl/filters.py
	@$(call pip,.venv-test) mutmut
	.venv-test/bin/python -m tests.mutation $(FILE)

release-check: .venv-release/stamp ## What a release must hold: builds, metadata, demo, dependencies
	.venv-release/bin/python -m release.check $(RELEASE_OPTIONS)

interop: .venv-test/stamp ## Random schemas, filters and pairs against clkhash and anonlink themselves
	.venv-test/bin/python benchmarks/interop_with_clkhash.py
	.venv-test/bin/python benchmarks/interop_with_anonlink.py

bench: .venv-bench/stamp ## The benchmarks and their page, peers in their own environments (an hour)
	.venv-bench/bin/python benchmarks/similar_pairs.py
	.venv-bench/bin/python benchmarks/lsh.py
	.venv-bench/bin/python benchmarks/encoding.py
	.venv-bench/bin/python benchmarks/linking.py
	.venv-bench/bin/python benchmarks/where_time_goes.py
	.venv-bench/bin/python benchmarks/clkhash_compatible.py
	.venv-bench/bin/python benchmarks/anonlink_compatible.py
	.venv-bench/bin/python benchmarks/exact_keys.py
	.venv-bench/bin/python benchmarks/against_splink.py 101 102 103
	.venv-bench/bin/python -m benchmarks.indistinguishability
	.venv-bench/bin/python benchmarks/scale_plan.py
	.venv-bench/bin/python benchmarks/page.py

clean: ## Delete environments, caches and build products
	rm -rf pprl-demo site .venv .venv-test .venv-pandas3 .venv-bench .venv-release benchmarks/.venvs
	rm -rf dist .coverage htmlcov tests/node_modules
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/stamp: pyproject.toml
	@$(call environment,.venv)
	@$(call pip,.venv) --editable ".[report]"
	@touch $@

.venv-test/stamp: pyproject.toml
	@$(call environment,.venv-test)
	@$(call pip,.venv-test) --editable ".[fast,recordlinkage,test]"
	@touch $@

# The rules of accessibility. Where there is no npm, the tests that want them are skipped.
tests/node_modules/stamp: tests/package.json
	@if command -v npm >/dev/null; then \
	    npm install --prefix tests --silent --no-audit --no-fund --no-package-lock && touch $@; \
	else \
	    echo "Without npm there is no axe-core: the tests of pages are skipped in part"; \
	fi

.venv-bench/stamp: pyproject.toml
	@$(call environment,.venv-bench)
	@$(call pip,.venv-bench) --editable ".[bench,recordlinkage]"
	@touch $@

.venv-release/stamp: release/requirements.txt
	@$(call environment,.venv-release)
	@$(call pip,.venv-release) --requirement release/requirements.txt
	@touch $@

.venv-pandas3/stamp: pyproject.toml
	@$(call environment,.venv-pandas3)
	@$(call pip,.venv-pandas3) hatchling "pandas>=3" ".[smoke]"
	@touch $@

# $(call pip,folder): install into an environment; only errors are shown.
pip = $(1)/bin/python -m pip install -qq --no-input --disable-pip-version-check

# $(call environment,folder): make it with the first Python that will do, unless it works already.
# A candidate is run, not just found: version managers leave names on the path that run nothing.
define environment
if $(1)/bin/python -c "import pip; $(usable)" 2>/dev/null; then \
    echo "Bringing $(1) up to date with pyproject.toml"; exit 0; \
fi; \
for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python3.14 python); do \
    if "$$python" -c "$(usable)" 2>/dev/null; then \
        echo "Making $(1) with $$("$$python" --version) (once; a minute or two)"; \
        exec "$$python" -m venv --clear $(1); \
    fi; \
done; \
echo "pprl needs Python 3.11 or newer, with its venv module, and found none" >&2; \
echo "($(or $(PYTHON),python3) is $$($(or $(PYTHON),python3) --version 2>/dev/null || echo absent))." >&2; \
echo "Install one, or name one that is there: make PYTHON=/path/to/python3.12 <target>" >&2; \
exit 1
endef
usable = import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))
