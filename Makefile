# Letterline: `make run` and `make test` do all set-up themselves on a bare Debian 12 machine.
CASES ?= examples/cases.csv
OUT   ?= out/run
VENV  := .venv/bin
ARGS  ?=

.PHONY: run test check sim serve campaign bench setup format lock

setup:
	@bash setup/bootstrap.sh

run: setup
	@$(VENV)/letterline run "$(CASES)" --out "$(OUT)" $(ARGS)

# What needs no server of its own runs on both cores, everything else after it, alone. Exit code 5 of pytest: nothing of ARGS is there.
test: setup
	@$(VENV)/python -m pytest tests/unit tests/protocol tests/property -n 2 --dist loadfile $(ARGS) || [ $$? -eq 5 ]
	@$(VENV)/python -m pytest tests/scenario tests/e2e $(ARGS) || [ $$? -eq 5 ]

# Format, lint, types, arrows, and the tests that need no server: under a minute.
check: setup
	@$(VENV)/ruff format --check .
	@$(VENV)/ruff check .
	@$(VENV)/mypy
	@$(VENV)/lint-imports
	@$(VENV)/python -m pytest tests/unit tests/protocol tests/property -m "not slow" -n 2 --dist loadfile $(ARGS)

format: setup
	@$(VENV)/ruff format . && $(VENV)/ruff check --fix .

sim: setup
	@$(VENV)/letterline sim $(ARGS)

serve: setup
	@$(VENV)/letterline serve --out "$(OUT)" $(ARGS)

campaign: setup
	@$(VENV)/letterline campaign --letters 100000 --seed 1 $(ARGS)

bench: setup
	@$(VENV)/letterline bench $(or $(NAME),render) $(ARGS)

lock:
	@$(VENV)/uv pip compile -q --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --group dev pyproject.toml --extra opcua -o requirements.lock
