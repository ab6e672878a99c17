# What a person types. Each target sets up all it needs: a .venv with what pyproject.toml asks for.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test lint picture rooms bench fuzz soak clean

demo: $(READY)  ## five peers on this machine, live, and the proof
	@$(BIN)/fab clean up --inventory examples/demo.yaml

test: export PYTHONDONTWRITEBYTECODE = # or every worker, and every peer in the tests, compiles all modules again
test: $(READY)  ## all tests; some wait, most compute: five processes on two cores
	@$(BIN)/python -m pytest -n 5 --dist loadfile --no-loadscope-reorder

lint: $(READY)  ## style, types, rooms, and that what hosts run runs on Python 3.9
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/vermin --quiet --no-tips --target=3.9- --violations peer deploy/agent

picture: $(READY)  ## the console's picture in README.md, of a real run of the demo
	@$(BIN)/fab clean --inventory examples/demo.yaml
	@$(BIN)/fab up --inventory examples/demo.yaml --svg docs/console.svg

rooms: $(READY)  ## the picture of the rooms in docs/architecture.md, of the imports as they are
	@$(BIN)/python -m tests.roomspicture

bench: $(READY)  ## side by side with other tools, on shaped hosts, and all of fab up (root; an hour and a half)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@$(BIN)/python rigs/bench.py all

RUNS ?= 1000000
fuzz: $(READY)  ## a million inputs to every reader of foreign bytes (RUNS=10000000: ten)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]' || \
		echo "no atheris for this Python: blind inputs"
	@$(BIN)/python rigs/fuzz.py --runs $(RUNS)

soak: $(READY)  ## a hundred swarms and a hundred turns with random faults (root; half an hour)
	@$(BIN)/python rigs/soak.py --rounds 100
	@$(BIN)/python rigs/soak.py --turns 100

clean:  ## everything that the other targets made
	rm -rf $(VENV) runs demo bench .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(READY): pyproject.toml
	@echo "setting up $(VENV); this takes a minute or two"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
