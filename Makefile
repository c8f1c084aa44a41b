# Every target works from a fresh clone: what it needs is installed into .venv first.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
MARKS ?= not long
TRUTH ?= ../shared/truth

.PHONY: help demo test lint types walls tests notebooks test-all fuzz bench truth again pictures diagram faults clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("mtasim needs Python 3.11 or newer; this is " + sys.version.split()[0] + "; name another: make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dask]" --group dev
	@touch $@

demo: $(STAMP) ## install, then compare two architectures on the ARPANET of 1972; table here, report.html under reports/
	$(BIN)/mtasim compare scenarios/arpanet-1972/scenario.yaml --out reports/arpanet-1972 --force

test: lint types walls tests notebooks ## everything that must hold: lint, types, walls, tests, notebooks

lint: $(STAMP) ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP) ## mypy --strict
	$(BIN)/mypy

walls: $(STAMP) ## import-linter: who may import whom
	$(BIN)/lint-imports

tests: $(STAMP) ## pytest with branch coverage, held to 100% (mail, protocol) and 90% (the rest)
	$(BIN)/pytest -n 2 --dist worksteal -m "$(MARKS)" --cov --cov-report= tests
	$(BIN)/coverage report --fail-under=100 --include="sim/mail/*,sim/protocol/*"
	$(BIN)/coverage report --fail-under=90 --omit="sim/mail/*,sim/protocol/*"

notebooks: $(STAMP) ## run every notebook from its text form
	$(BIN)/jupytext --quiet --to ipynb notebooks/*.py
	$(BIN)/pytest -q --nbmake --nbmake-timeout=120 notebooks

test-all: ## make test, with the checks that take minutes
	$(MAKE) test MARKS=

fuzz: $(STAMP) ## 2,000 scenarios drawn from the form; 1,000 mutated files of each of 8 kinds; peers of serve and send from 2,000 and 5,000 seeds; some 500,000 inputs into the protocol machines
	$(BIN)/python tests/world/drawn.py 2000
	$(BIN)/python tests/fuzz/files.py 1000
	$(BIN)/python tests/live/hostile_clients.py 2000
	$(BIN)/python tests/live/hostile_servers.py 5000
	$(BIN)/pytest -q -n 2 --hypothesis-profile=fuzz tests/protocol/test_*_invariants.py

bench: $(STAMP) ## message-hops per second and their cost; messages per second that a served host takes and gives out
	$(BIN)/python tests/benchmarks/message_hops.py
	$(BIN)/python tests/benchmarks/serve_load.py
	$(BIN)/python tests/benchmarks/mailbox_load.py

truth: $(STAMP) ## every cell of the measurements beside what is simulated: make truth TRUTH=FOLDER
	$(BIN)/python tests/truth/table.py $(TRUTH)

again: $(STAMP) ## a second set of measurements, made the same way, beside what is simulated
	$(BIN)/python tests/truth/again.py

pictures: $(STAMP) ## draw the README's pictures anew
	$(BIN)/python notebooks/pictures/draw.py

diagram: $(STAMP) ## draw the states and the ends of sessions in docs/sessions.md anew
	$(BIN)/python -m sim.protocol.diagram docs/sessions.md
	$(BIN)/python -m sim.world.engine.session_ends docs/sessions.md

faults: $(STAMP) ## write the table of every fault at every moment in tests/FAULTS.md anew
	$(BIN)/python tests/world/every_fault.py tests/FAULTS.md

clean: ## remove everything that can be made again
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage* .import_linter_cache reports notebooks/*.ipynb
