# Everything runs inside the checkout. The set-up and the commands write only to .venv, .local and
# .source, which git ignores.
PYTHON ?= python3
VENV_PYTHON := .venv/bin/python
JOB ?=
STACK ?=
TO ?=
OPTIONS ?=
JOB_ARGUMENT = $(if $(JOB),'$(JOB)')
STACK_OPTION = $(if $(STACK),--stack '$(STACK)')
TO_OPTION = $(if $(TO),--to '$(TO)')
# A target refuses a variable that it does not take, and one with another name, as `stack`.
ONLY_STACK := up status mlflow down policy-check
STACK_AND_JOB := forecast logs watch report pause
TAKES = $(if $(filter $(1),$(ONLY_STACK)),STACK)$(if $(filter $(1),$(STACK_AND_JOB)),STACK JOB)\
$(if $(filter $(1),track),STACK TO)$(if $(filter $(1),acceptance upgrade),OPTIONS)
GIVEN := $(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name)))
REFUSED = $(strip $(filter-out PYTHON $(call TAKES,$(1)),$(GIVEN)))
$(foreach target,$(MAKECMDGOALS),$(if $(call REFUSED,$(target)),$(error \
`make $(target)` takes no $(call REFUSED,$(target)). It takes: $(or $(strip $(call TAKES,$(target))),nothing))))
# Without bytecode, every command compiles the AWS SDK's modules again, which takes many seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup commands up pause status logs watch report predict forecast mlflow track policy-check quota-report downstream acceptance down clean test test-deep test-clients check format upgrade

# Lines that begin with ##@ are the headings of the list.
help:
	@echo 'make TARGET, with STACK=name for another stack than `dev`'
	@awk -F ':.*## ' '/^##@ / {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Try it

up: commands  ## Run `dev`, or STACK=name, on the local cloud: platform and jobs; resumes jobs after `make pause`
	@$(VENV_PYTHON) -m development up $(STACK_OPTION)

predict: commands  ## Classify held-out images with the model of the job `digits`
	@$(VENV_PYTHON) -m development predict

downstream: commands  ## Bring up a second stack, which registers the model of the job `digits`
	@$(VENV_PYTHON) -m development downstream

forecast: commands  ## Print how long the jobs, or JOB=name, will take and cost, before they are launched
	@$(VENV_PYTHON) -m development forecast $(JOB_ARGUMENT) $(STACK_OPTION)

##@ Look

status: commands  ## Show the local cloud, the stack and its jobs
	@$(VENV_PYTHON) -m development status $(STACK_OPTION)

logs: commands  ## Print the jobs' log lines, or those of JOB=name
	@$(VENV_PYTHON) -m development logs $(JOB_ARGUMENT) $(STACK_OPTION)

watch: commands  ## Follow the jobs' log lines as they come, or those of JOB=name, until Ctrl-C
	@$(VENV_PYTHON) -m development logs --follow $(JOB_ARGUMENT) $(STACK_OPTION)

report: commands  ## Write a report of the jobs, or of JOB=name: how they ran, as a page of HTML
	@$(VENV_PYTHON) -m development report $(JOB_ARGUMENT) $(STACK_OPTION)

# The clients of MLflow and W&B are not in .venv: they have environments of their own in .local/clients.
# They take minutes to install, so what can be refused is refused before.
mlflow: commands  ## Show the jobs' metrics and results in a local MLflow, while they run, until Ctrl-C
	@$(VENV_PYTHON) -m development trackable $(STACK_OPTION)
	@$(PYTHON) -m toolchain clients mlflow
	@$(VENV_PYTHON) -m development mlflow $(STACK_OPTION)

track: commands  ## Show the jobs' metrics and results once, on the MLflow server TO=address, or TO=wandb://entity
	@$(VENV_PYTHON) -m development trackable $(STACK_OPTION) $(TO_OPTION)
	@$(PYTHON) -m toolchain clients $(if $(filter wandb:%,$(TO)),wandb,mlflow)
	@$(VENV_PYTHON) -m development track $(STACK_OPTION) $(TO_OPTION)

##@ Stop

pause: commands  ## Stop the running jobs, or JOB=name; `make up` resumes them from their checkpoints
	@$(VENV_PYTHON) -m development pause $(JOB_ARGUMENT) $(STACK_OPTION)

down:  ## Destroy all stacks, or STACK=name, and stop the local cloud with the last of them
	@$(PYTHON) -m toolchain.teardown down $(STACK_OPTION)

clean:  ## `make down`, then remove all that the set-up and the commands created
	@$(PYTHON) -m toolchain.teardown clean

##@ Before a real account

policy-check: commands  ## Print what the policies say of STACK=name, as a report for a pull request
	@$(VENV_PYTHON) -m development policy-check $(STACK_OPTION)

quota-report: commands  ## Print what all stacks and running jobs use of the teams' quotas
	@$(VENV_PYTHON) -m development quota-report

# The CLI and the plugin are those on PATH, the credentials those of the environment.
acceptance: commands  ## Try all of it on your own AWS account: shows the steps and the cost, then asks
	@$(VENV_PYTHON) -m acceptance $(OPTIONS)

##@ Develop

setup:  ## Install all of it; every other target installs only what it needs
	@$(PYTHON) -m toolchain

# What the commands need; the targets for tests and checks need `setup`.
commands:
	@$(PYTHON) -m toolchain commands

# A test of the engine waits now and then, so four processes can share two cores.
test: setup  ## Run the unit and the integration tests
	@$(VENV_PYTHON) -m pytest -m "not deep and not clients" -n 4

test-deep: setup  ## Run the tests that take minutes
	@$(VENV_PYTHON) -m pytest -m "deep and not clients" -n 4

# The clients are not in .venv: each has its own environment, made once in .local/clients.
test-clients: setup  ## Run AWS's unmodified clients, and PyTorch, on the local cloud; at first it installs them
	@$(PYTHON) -m toolchain clients
	@$(VENV_PYTHON) -m pytest -m clients tests/clients -n 2

check: setup  ## Check format, lint, types, what may import what, and the workflows
	@$(VENV_PYTHON) -m ruff format --check .
	@$(VENV_PYTHON) -m ruff check .
	@$(VENV_PYTHON) -m mypy .
	@PYTHONPATH=policies .venv/bin/lint-imports --no-logo --no-cache
	@$(VENV_PYTHON) -m toolchain.workflow_linter
	@.venv/bin/zizmor --offline --quiet --quiet .github/workflows

format: setup  ## Format the code and sort its imports
	@$(VENV_PYTHON) -m ruff check --select I --fix .
	@$(VENV_PYTHON) -m ruff format .

# For example OPTIONS=--dry-run, which only prints what is newer. It takes the oldest Python that is supported.
upgrade: setup  ## Raise all pinned versions, and keep them if the checks and tests pass
	@$(VENV_PYTHON) -m toolchain.upgrade $(OPTIONS)
