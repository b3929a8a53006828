# `make` alone prints the commands. Everything runs in .venv, which `make setup` makes from the locked versions.
PYTHON ?= python3
ARGS ?=
VENV := .venv
RUNPY := $(VENV)/bin/python
READY := $(VENV)/.ready
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup setup-browser sweep fid compare study extractors protocols faults bench test test-slow test-package check format lock clean

TAKEN := PYTHON ARGS VENV NAME RUN SWEEP BASELINE WEIGHTS
STRAY := $(foreach name,$(filter-out $(TAKEN),$(.VARIABLES)),$(if $(findstring command line,$(origin $(name))),$(name)=$($(name))))
ifneq ($(strip $(STRAY)),)  # make would take the setting for a variable of its own, and train without it
$(error settings stand in ARGS: make $(MAKECMDGOALS) ARGS="$(strip $(STRAY))")
endif

help:  ## the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED)  ## .venv with everything, from the locked versions (PYTHON=python3.12 chooses another Python)

ifeq ($(origin PYTHON),command line)  # asked for by name: a .venv of another Python is made anew
ifneq ($(shell ($(PYTHON) -V) 2>/dev/null),$(shell ($(RUNPY) -V) 2>/dev/null))
.PHONY: $(READY)
endif
endif

$(READY): requirements.lock
	@$(PYTHON) -V >/dev/null 2>&1 \
	  || { echo "error: there is no $(PYTHON) that runs; choose another with make setup PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "error: $(PYTHON) is older than Python 3.11; choose another with make setup PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "error: $(PYTHON) lacks its venv module; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "making $(VENV) with $$($(PYTHON) -V): about 6 GB, a minute or a few"
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@$(RUNPY) -m pip install --quiet --disable-pip-version-check uv
	@$(VENV)/bin/uv pip install --quiet --compile-bytecode --python $(RUNPY) --requirement requirements.lock
	@touch $(READY)

$(INSTALLED): $(READY) pyproject.toml  # the checkout itself, editable: `import saddle` and $(VENV)/bin/saddle
	@$(VENV)/bin/uv pip install --quiet --python $(RUNPY) --no-deps --no-build-isolation --editable .
	@touch $(INSTALLED)

setup-browser:  ## Chromium and its driver from Debian's packages, with which `make test` looks at the comparison's page
	@if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then echo "chromium and chromedriver are there"; else \
	  command -v apt-get >/dev/null || { echo "error: apt-get is missing; install chromium and chromedriver"; exit 1; }; \
	  root=$$([ $$(id -u) = 0 ] || echo sudo); \
	  $$root apt-get update -qq && $$root apt-get install -qq -y --no-install-recommends chromium chromium-driver; fi

sweep: setup  ## the main job: minimax against nonsaturating (ARGS="data=digits seed=0,1" adds overrides)
	$(RUNPY) src/train.py -m loss=minimax,nonsaturating $(ARGS)

fid: setup  ## the evaluation of every finished run of the newest sweep (or RUN=runs/..., SWEEP=runs/...; ARGS="images=1000")
	@$(RUNPY) src/evaluate.py $(if $(RUN),run="$(RUN)") $(if $(SWEEP),sweep="$(SWEEP)") $(ARGS)

compare: setup  ## what differs, and is it real: a page about the newest sweep (or SWEEP=runs/...; BASELINE=SETTING)
	@$(RUNPY) src/compare.py $(if $(SWEEP),sweep="$(SWEEP)") $(if $(BASELINE),baseline="$(BASELINE)") $(ARGS)

study: known-study setup  ## a question of experiments/, trained, drawn and answered: make study NAME=losses (ARGS="seed=0" adds overrides)
	@$(RUNPY) experiments/$(NAME)/study.py $(ARGS)

.PHONY: known-study
known-study:
	@grep -qs "saddle_studies.study" "experiments/$(NAME)/study.py" || { \
	  if [ -n "$(NAME)" ] && [ -f "experiments/$(NAME)/README.md" ]; then \
	    echo "error: $(NAME) is not made by make study; its own commands are, from experiments/$(NAME)/README.md:"; \
	    grep -E '^(make|python) ' "experiments/$(NAME)/README.md" | sed 's/^/  /'; exit 2; fi; \
	  echo "error: $(if $(NAME),there is no study $(NAME),NAME= is missing); the studies are:"; \
	  grep -l "saddle_studies.study" experiments/*/study.py | cut -d/ -f2 | sed 's/^/  make study NAME=/'; exit 2; }

extractors: setup  ## train the feature extractors again and measure what they see (minutes)
	$(RUNPY) experiments/extractors/train.py faces
	$(RUNPY) experiments/extractors/train.py digits
	$(RUNPY) experiments/extractors/sensitivity.py

protocols: setup  ## how far apart the numbers of other evaluation protocols are (WEIGHTS=FILE of Inception; minutes)
	$(RUNPY) experiments/protocols/table.py $(if $(WEIGHTS),weights="$(WEIGHTS)")
	$(RUNPY) experiments/protocols/agreement.py $(if $(WEIGHTS),weights="$(WEIGHTS)")

bench: setup  ## training against hand-written loops, what choices and evaluations cost (80 minutes on a quiet machine)
	$(RUNPY) experiments/speed/training.py
	$(RUNPY) experiments/speed/choices.py
	$(RUNPY) experiments/speed/costs.py
	$(RUNPY) experiments/speed/memory.py
	$(RUNPY) experiments/speed/sweep.py
	$(RUNPY) experiments/speed/evaluation.py
	$(RUNPY) experiments/speed/precision.py
	$(RUNPY) experiments/speed/frechet.py
	$(RUNPY) experiments/speed/start.py

faults: setup  ## 120 kills at random moments, each resumed and compared bit for bit, and 2,000 changed files (15 minutes)
	$(RUNPY) experiments/faults/kills.py
	$(RUNPY) experiments/faults/fuzz.py

test: setup  ## the test suite, in a process for each core, at most four
	@$(RUNPY) -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile $(ARGS)

test-slow: setup  ## the tests that take minutes: runs of several processes, ranks that die
	@$(RUNPY) -m pytest -m slow $(ARGS)

test-package: setup  ## the wheel, installed into an empty environment without the checkout (a minute)
	@$(RUNPY) -m pytest -m slow tests/test_package.py

check: setup  ## format, lint, types
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy

format: setup  ## let ruff format and mend
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

lock: setup  ## resolve the newest versions that pyproject.toml allows into requirements.lock
	@$(VENV)/bin/uv pip compile --universal --no-emit-index-url --group dev --upgrade --quiet pyproject.toml -o requirements.lock

clean:  ## remove caches, not runs
	rm -rf .cache .mypy_cache .ruff_cache .pytest_cache
