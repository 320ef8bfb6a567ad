# semcomp: `make book` and `make test` set up .venv from the lock by themselves. `make help` lists the rest.

PYTHON ?= python3
ARGS ?=

BIN := .venv/bin
READY := .venv/.installed
KERNEL := TQDM_DISABLE=1 HF_HUB_DISABLE_PROGRESS_BARS=1 TRANSFORMERS_VERBOSITY=error

.DEFAULT_GOAL := help
.PHONY: help book test bench lint types contracts clean

help: ## this list
	@grep -E '^[a-z]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:[^#]*## /\t/' | expand -t 12

book: $(READY) ## run the chapters and build the book (ARGS="--dataset /my/folder --budget smoke")
	@$(BIN)/semcomp book $(ARGS)

# One thread a process: two processes of two threads each get in each other's way on two cores, and the same
# bytes are promised for the same number of threads.
test: export OMP_NUM_THREADS = 1
# Tests that share something dear are neighbours and stay in one process; who is done takes over from the end.
# The chapters run at smoke size into a temporary book, and nbval computes them again with an empty cache: those
# of one data set, and the guides, which read the other one. The temporary folder stays where something fails.
# The IPython profile is the book's: no start-up notice, figures as SVG. nbval is given
# the folder, not the files: files outside the project would all get the same test names ("::Cell 0"), of which
# xdist runs one each and reports success.
test: $(READY) ## package tests, then the chapters at smoke size, checked by nbval
	$(BIN)/pytest -n 2 --dist worksteal tests
	@set -eu; \
	folder=$$(mktemp -d "$${TMPDIR:-/tmp}/semcomp-test.XXXXXX"); \
	trap 'status=$$?; [ $$status -eq 0 ] && rm -rf "$$folder" || echo "kept for a look: $$folder" >&2' EXIT; \
	mkdir -p "$$folder/ipython/profile_default" "$$folder/cache"; \
	$(BIN)/python -c 'from semcomp.study.notebooks import PROFILE; print(PROFILE)' \
	  > "$$folder/ipython/profile_default/ipython_kernel_config.py"; \
	$(BIN)/semcomp book --dataset planted --dataset ml-100k --budget smoke --out "$$folder/book"; \
	env $(KERNEL) IPYTHONDIR="$$folder/ipython" SEMCOMP_CACHE="$$folder/cache" SEMCOMP_BOOK="$$folder/book" \
	  $(BIN)/pytest -n 2 --dist loadscope --nbval --nbval-current-env \
	  --nbval-sanitize-with tests/nbval_sanitize.cfg \
	  --ignore "$$folder/book/book/executed/ml-100k" \
	  tests/browser/built_pages.py tests/built_book.py "$$folder/book/book/executed"

bench: $(READY) ## speed compared with other packages, each in its own environment, of serving, of alignment (ARGS="--smoke")
	@$(BIN)/python benchmarks/bench.py $(ARGS)
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/serving.py $(filter --smoke,$(ARGS))
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/aligning.py $(filter --smoke,$(ARGS))

lint: $(READY) ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## mypy --strict
	$(BIN)/mypy --strict -p semcomp -p book.experiments

contracts: $(READY) ## imports run one way
	$(BIN)/lint-imports

clean: ## remove pages, executed notebooks and tool caches; .venv and the user's cache stay
	rm -rf _build book/executed .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# Written last, so that an interrupted installation is resumed.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else "semcomp needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is %d.%d; try: make PYTHON=python3.11 $(MAKECMDGOALS)" % v)'
	@rm -f $@
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check --no-input -c requirements.lock -e '.[book,serve,test]'
	@touch $@
