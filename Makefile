# Everything a person does with copytrail; `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help

UV_VERSION := 0.13.9
UV := $(shell uv --version >/dev/null 2>&1 && command -v uv || echo .tools/bin/uv)
BIN := .venv/bin
# .venv is built anew where its Python is gone, or PYTHON=… asks for another one.
VENV_IS_STALE := $(shell test -x $(BIN)/python || echo stale)
ifdef PYTHON
VENV_IS_STALE := $(shell test "$$(.ci/find-python "$(PYTHON)" 2>/dev/null)" = "$$(cat .venv/.ready 2>/dev/null)" || echo stale)
endif
# uv builds on the Python that it is given, and nowhere else.
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := .venv
# The CDK CLI is a Node program; Node comes from the venv.
export PATH := $(CURDIR)/$(BIN):$(PATH)
CDK := npx --no-install cdk
# Only as it is typed after `make`: shells have a variable of that name, for a file of their own.
ENVIRONMENT := $(if $(filter command line,$(origin ENV)),--context 'environment=$(ENV)')

.PHONY: help
help: ## List what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

.tools/bin/uv:
	@python=$$(NEEDS=venv .ci/find-python "$(PYTHON)") && echo "Setting up uv $(UV_VERSION) in .tools" >&2 \
		&& "$$python" -m venv .tools
	@.tools/bin/pip --quiet --disable-pip-version-check install uv==$(UV_VERSION)

.venv/.ready: pyproject.toml uv.lock $(if $(VENV_IS_STALE),stale) | $(if $(filter .tools/bin/uv,$(UV)),.tools/bin/uv)
	@python=$$(.ci/find-python "$(PYTHON)") && echo "Installing what uv.lock names into .venv, on $$python" >&2 \
		&& $(UV) sync --frozen --quiet --compile-bytecode --python "$$python" \
		&& { $(BIN)/python -m compileall -q infra localaws ops services shared || true; } && echo "$$python" > $@

.PHONY: stale
stale:

node_modules/.ready: package.json package-lock.json .venv/.ready
	@echo "Installing the CDK CLI" >&2
	@npm ci --silent --no-audit --no-fund
	@touch $@

.PHONY: setup
setup: .venv/.ready node_modules/.ready ## Install everything, from the locks (PYTHON=… to build .venv on that Python, and keep it)

.PHONY: demo
demo: .venv/.ready ## Run the main job on the embedded AWS, and check it
	@copytrail demo

.PHONY: up
up: .venv/.ready ## Run the whole system on this machine until Ctrl-C (PORT=… to listen elsewhere than at 4577)
	@copytrail local up $(if $(PORT),--port $(PORT))

# In the order of the folders: the slow ones come first, so no processor is left waiting for the last of them. Tests
# wait for a quarter of their time, so there are more of them at once than there are processors on a small machine.
PYTEST := pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

.PHONY: lint
lint: .venv/.ready
	ruff format --check --quiet .
	ruff check --quiet .

.PHONY: quick
quick: lint ## Check in a minute, after each change: format, lint, unit tests, imports
	$(PYTEST) tests/architecture tests/unit

.PHONY: test
test: setup lint ## Check in five minutes, before each commit: format, lint, types and behaviour
	mypy
	$(PYTEST)

.PHONY: test-long
test-long: setup ## Check, before a release, what takes long: whole matrices and campaigns
	$(PYTEST) -m long

.PHONY: test-pythons
test-pythons: setup ## Run the unit, infra and architecture tests and the demo on each Python 3.11 to 3.14 of this machine
	@python -m tests.pythons

.PHONY: test-second-aws
test-second-aws: setup ## Check the deployed system on ministack, and what AWS does on it and on the embedded AWS
	pytest -m second_aws tests/second_aws

.PHONY: simulate
simulate: .venv/.ready ## Look for lost uploads on a simulated AWS: N=100000 schedules, or SEED=123 with its story
	@python -m tests.simulation $(if $(SEED),--seed $(SEED),$(if $(N),--schedules $(N)))

.PHONY: mutations
mutations: .venv/.ready ## Take each guard away in turn, and show that the simulator misses it
	@python -m tests.simulation --mutations

.PHONY: benchmark
benchmark: .venv/.ready ## Measure time and memory at full size, beside rclone and aws (20 minutes)
	@python -m benchmarks $(ARGS)

.PHONY: audit
audit: setup ## Look for known vulnerabilities, check licences, write the SBOMs to build/sbom (exit 4: not all could be looked at)
	@python -m tests.supply

.PHONY: docs
docs: .venv/.ready ## Write docs/cli.md, aws-behaviour.md and the tables of cost.md (DEMO=1: and docs/demo.svg)
	@python -m docs.cli
	@python -m docs.cost
	@python -m tests.second_aws.page
	@$(if $(DEMO),python -m docs.terminal)

.PHONY: format
format: .venv/.ready ## Format the code, and mend what lint can mend
	ruff format .
	ruff check --fix .

.PHONY: synth
synth: setup ## Write the CloudFormation template to build/cdk.out
	@rm -rf build/cdk.out
	$(CDK) synth --quiet $(ENVIRONMENT)
	@echo "The template: $$(ls build/cdk.out/*.template.json)"

.PHONY: bootstrap
bootstrap: setup ## Prepare an account and region for the CDK, once (this one and those below: ENV=… for an environment)
	$(CDK) bootstrap $(ENVIRONMENT) $(ARGS)

.PHONY: deploy
deploy: setup ## Deploy to the AWS account that your credentials name, if nothing is in the way (ARGS=… goes to the CDK)
	@python -m infra.preflight $(ENVIRONMENT) $(ARGS)
	$(CDK) deploy $(ENVIRONMENT) $(ARGS)

.PHONY: diff
diff: setup ## Show what deploying would change
	$(CDK) diff $(ENVIRONMENT) $(ARGS)

.PHONY: destroy
destroy: setup ## Stop copying, drain the queues, and delete the stack; buckets and the audit table stay (DRAIN=no: at once)
	@$(if $(filter no,$(DRAIN)),:,options=$$(python -m infra.stack_options $(ENVIRONMENT) $(ARGS)) && copytrail $$options drain $(if $(filter --force -f,$(ARGS)),--yes))
	$(CDK) destroy $(ENVIRONMENT) $(ARGS)

.PHONY: clean
clean: ## Remove what was built and installed
	rm -rf .venv .tools node_modules build
