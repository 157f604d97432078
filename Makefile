# One entry for everything: `make help`. Needs make, a POSIX shell and Python 3.12 or newer; all else is installed into .venv.

.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
UV_VERSION := 0.13.9
# Candidates are run, not only found: a pyenv shim exists for versions that are not active, and exits with 127.
CANDIDATES := $(PYTHON) python3.13 python3.12 python3.14 python3 "$$HOME"/.pyenv/versions/3.1[23]*/bin/python
find_python = for candidate in $(CANDIDATES); do \
	    if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1; then \
	      echo "$$candidate"; exit 0; \
	    fi; \
	  done; \
	  echo "No Python 3.12 or newer with venv was found: tried python3.13, 3.12, 3.14, python3 and the versions of pyenv." >&2; \
	  echo "Install one ('apt-get install python3 python3-venv', 'brew install python@3.13' or 'pyenv install 3.13')," >&2; \
	  echo "or name it: make setup PYTHON=/path/to/python3.13" >&2; \
	  exit 1
# Two workers; a file's shared fits are made once; long files come first (tests/conftest.py), so that both end together.
PYTEST_ARGS ?= -n 2 --dist loadfile --no-loadscope-reorder

CASES ?= ../shared/cases

.PHONY: cases compiled fuzz help setup report test lint pytest test-elsewhere format lab study study-recovery peers bench bench-planner docs accept lock python clean markets bench-reports bench-report bench-users study-experiments study-sbc study-robustness bench-growth bench-compile same-numbers study-monitoring demo-operations study-replanning study-ltv study-families study-coarse study-nested study-breadth study-varying example-data study-funnels study-promises study-information peers-experiments bench-experiments

help:  ## list the targets
	@echo "Usage: make TARGET"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP)  ## make .venv and install the locked dependencies and the package

report: setup  ## the main job on the embedded demo: reports/demo/<run>/report.html, report.pdf, ...
	@$(BIN)/mmm report configs/demo.yaml $(ARGS)

test: setup  ## lint, types, import contracts and all tests
	@$(MAKE) --no-print-directory -j 2 lint compiled
	@$(MAKE) --no-print-directory pytest

lint: setup  ## ruff, mypy, import contracts, spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/codespell

# Beside the lint: otherwise both workers of the tests compile the same at first.
compiled: setup  ## the sampler's machine code, which the first fit would compile
	$(BIN)/python -c "from mmm.inference.engine.compiled import c_functions; c_functions()"

pytest: setup  ## the tests alone; PYTEST_ARGS="tests/data -q" picks some
	$(BIN)/python -m pytest $(PYTEST_ARGS)

test-elsewhere: setup  ## the tests that sample, with another seed and on the code paths of an older processor
	$(BIN)/python tests/elsewhere.py $(PYTEST_ARGS)

format: setup  ## let ruff rewrite the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup  ## the documentation site in build/site, notebooks executed (minutes; a second time seconds)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --clean
	@echo build/site/index.html

lab: setup  ## open JupyterLab on the notebooks
	$(BIN)/jupyter lab --notebook-dir=notebooks

markets: setup  ## data of the simulated markets in configs/markets, for mmm report and mmm portfolio
	@for market in 1:france 2:germany 3:united_kingdom; do \
	  $(BIN)/mmm simulate --seed $${market%%:*} --weeks 104 --channels 3 --out .mmm/markets/$${market##*:}; \
	done

bench-reports: setup  ## twelve reports over two workers: time and memory (minutes; docs/many_reports.md)
	$(BIN)/python benchmarks/many_reports.py $(ARGS)

study-recovery: setup  ## fit worlds with known truth: do the intervals hold it? (an hour; docs/studies)
	$(BIN)/python -m mmm.assessment.recovery $(ARGS)

study: setup  ## what answers and plans are worth in worlds with known truth, peers beside (hours; docs/studies)
	$(BIN)/python -m mmm.study $(ARGS)

study-promises: setup  ## are promises kept in kinds of worlds that no choice saw? ARGS="--minutes 13 --tests" in parts (hours, resumes; docs/studies)
	$(BIN)/python -m mmm.study.promises $(ARGS)

study-experiments: setup  ## 550 simulated regional tests: do their intervals hold the truth? ARGS=--page writes the page (minutes)
	$(BIN)/python benchmarks/experiments_study.py $(ARGS)

study-information: setup  ## what recommended regional tests bring to plans in 20 simulated companies; ARGS=--page writes the page (half an hour, resumes)
	$(BIN)/python benchmarks/information_study.py $(ARGS)

study-sbc: setup  ## simulation-based calibration of the fast engine, 500 fits of each model (an hour; docs/studies)
	$(BIN)/python benchmarks/sbc.py $(ARGS)

study-robustness: setup  ## 60 fits of hard worlds: starts, divergences, the gate's verdicts (minutes; docs/studies)
	$(BIN)/python benchmarks/robustness.py $(ARGS)

study-monitoring: setup  ## the sequential test of mmm monitor: false alarms, power and delay in 40 worlds (half an hour; docs/studies)
	$(BIN)/python benchmarks/monitoring.py $(ARGS)

demo-operations: setup  ## a simulated year after the decision: plan, approve, follow, correct, settle (minutes; docs/operations.md)
	$(BIN)/python benchmarks/demo_operations.py $(ARGS)

study-replanning: setup  ## mmm replan against staying and a rule of thumb in 40 worlds that change (an hour; docs/studies)
	$(BIN)/python benchmarks/replanning.py $(ARGS)

study-ltv: setup  ## do 90% intervals of customers' value hold the truth? 40 simulated cohorts (minutes, resumes; docs/studies)
	$(BIN)/python benchmarks/ltv_coverage.py $(ARGS)

study-families: setup  ## is the truth found under every family of carryover and saturation? (an hour, resumes; docs/studies)
	$(BIN)/python benchmarks/families_study.py $(ARGS)

example-data: setup  ## write the simulated data of configs/examples anew
	$(BIN)/python benchmarks/example_data.py

study-nested: setup  ## returns of parts of channels, pooled and not (five minutes, resumes; docs/studies)
	$(BIN)/python benchmarks/nested_study.py $(ARGS)

study-breadth: setup  ## holidays, days, treatments, shrinkage, reach and frequency: recovered? (20 minutes, resumes; docs/studies)
	$(BIN)/python benchmarks/breadth_study.py $(ARGS)

study-funnels: setup  ## total returns and plans on them in 40 worlds with mediators (an hour, resumes; docs/studies)
	$(BIN)/python -m benchmarks.funnel_study $(ARGS)

study-varying: setup  ## returns where effects vary in time, said or not (resumes; docs/studies)
	$(BIN)/python benchmarks/varying_study.py $(ARGS)

study-coarse: setup  ## returns with outcomes by month against weeks, 40 worlds (ten minutes, resumes; docs/studies)
	$(BIN)/python benchmarks/coarse_study.py $(ARGS)

bench-growth: setup  ## time of a gradient against weeks, geos, channels and look-back (a minute; docs/studies)
	$(BIN)/python benchmarks/growth.py $(ARGS)

bench-compile: setup  ## what compiling costs: new rows, a new process, a new machine (a minute; docs/studies)
	$(BIN)/python benchmarks/compile.py $(ARGS)

cases: setup  ## the inputs that once failed, in the folder CASES where it is there: a table of what holds (resumes; minutes)
	$(BIN)/python benchmarks/cases --folder $(CASES) $(ARGS)

fuzz: setup  ## mutated settings, tables and -p values, and interrupts: is anything wrong without a word? (half an hour; docs/silently.md)
	PYTHONPATH=benchmarks $(BIN)/python -m fuzz $(ARGS)

peers: setup  ## install PyMC-Marketing, Meridian and two packages of attribution into environments of their own, for the benchmarks
	@sh benchmarks/peers.sh

peers-experiments: setup  ## install the libraries of regional tests into environments of their own, for bench-experiments
	@sh benchmarks/peers_experiments.sh

bench-experiments: setup  ## regional tests read and designed by the workbench and by the libraries that are installed; 200 tests priced (half an hour, resumes; docs/studies)
	$(BIN)/python benchmarks/experiment_peers.py
	$(BIN)/python benchmarks/design_peers.py
	$(BIN)/python benchmarks/design_values.py

bench: setup  ## sampling against the peers that are installed (hours, resumes; docs/studies)
	$(BIN)/python benchmarks/sampling.py $(ARGS)

bench-users: setup  ## what users wait for, against the build fa49506 in its own environment; ARGS="rerun plan" picks rows (hours, resumes; docs/studies)
	$(BIN)/python benchmarks/users.py $(ARGS)

bench-report: setup  ## sizes of the demo report, time to render and to run it again; ARGS="--peers .peers" (minutes; docs/report.md)
	$(BIN)/python benchmarks/report.py $(ARGS)

same-numbers: setup  ## does this build report what another did? ARGS="REF --worlds demo small medium" (minutes; fits anew)
	$(BIN)/python benchmarks/same_numbers.py $(ARGS)

bench-planner: setup  ## the planner against SciPy and the peers that are installed (minutes; docs/studies)
	$(BIN)/python benchmarks/planner.py $(ARGS)

accept: setup  ## after a meant change of a setting, result or default: write schemas and contracts anew
	$(BIN)/mmm schema --out configs/schema.json
	$(BIN)/mmm schema --results --out docs/results.schema.json
	$(BIN)/mmm schema --monitor --out docs/monitor.schema.json
	$(BIN)/mmm schema --plan --out docs/plan.schema.json
	$(BIN)/python tests/contracts/test_defaults.py
	$(BIN)/python tests/contracts/test_public.py

lock: setup  ## resolve the newest versions into requirements.lock (hashes, no addresses)
	$(BIN)/uv lock --upgrade --python $(BIN)/python
	$(BIN)/uv export --frozen --no-header --no-annotate --no-emit-project -o requirements.lock --quiet

python:  ## print the interpreter that set-up would use
	@$(find_python)

clean:  ## remove the environment and all caches (stored fits and reports stay)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# The stamp is written last: a set-up that was interrupted runs again. An interpreter that has gone, or is too old, is replaced.
$(STAMP): requirements.lock pyproject.toml
	@if ! $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1; then \
	  found=$$($(find_python)) || exit 1; \
	  echo "Making $(VENV) with $$("$$found" --version)"; \
	  rm -rf $(VENV) && "$$found" -m venv $(VENV); \
	fi
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip install --python $(BIN)/python --compile-bytecode --require-hashes --quiet -r requirements.lock
	$(BIN)/uv pip install --python $(BIN)/python --no-deps --quiet -e .
	@touch $@
