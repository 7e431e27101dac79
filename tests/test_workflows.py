"""The workflows of .github/workflows: what they may do, and what they need."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from components.deployer.deployer_documents import subject_problems
from policy_report.markdown import marker
from toolchain.aws_plugin import plugin_version
from toolchain.layout import CHECKOUT
from training_policies.parameters import matches
from training_policies.platform_rules.role_trust import ROLE_TRUST

FOLDER = CHECKOUT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
PINNED = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}")
FROM_OUTSIDE = re.compile(r"\$\{\{\s*(inputs|secrets|matrix|github\.(event|head_ref|ref_name))\b")
REUSABLE = "training-stack.yml"
PROGRAM = "/guarded/program"
RUN_AS_PROGRAM = "/guarded/as-program"
PYTHON = "/guarded/packages/bin/python"
INSTALL_PROGRAM = f"{RUN_AS_PROGRAM} .venv/bin/pip install -r requirements.txt"


def workflow(name: str) -> dict[str, Any]:
    """A workflow as YAML 1.2 reads it: the key `on` is a text there, and no boolean."""
    content: dict[Any, Any] = yaml.safe_load((FOLDER / name).read_text())
    content["on"] = content.pop(True)
    return content


def jobs(name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = workflow(name)["jobs"]
    return found


def steps(name: str) -> Iterator[dict[str, Any]]:
    for job in jobs(name).values():
        yield from job["steps"]


def examples(language: str) -> list[Any]:
    """The guide's blocks in YAML, or in JSON, which YAML reads as well."""
    guide = (CHECKOUT / "docs" / "continuous-integration.md").read_text()
    found = re.findall(rf"^```{language}\n(.*?)^```", guide, re.DOTALL | re.MULTILINE)
    return [yaml.safe_load(each) for each in found]


def is_engine(step: dict[str, Any]) -> bool:
    run: str = step.get("run", "")
    return run.startswith((f"{RUN_AS_PROGRAM} pulumi preview ", f"{RUN_AS_PROGRAM} pulumi up "))


def commands(job: str) -> str:
    return "\n".join(step.get("run", "") for step in jobs(REUSABLE)[job]["steps"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
class TestEveryWorkflow:
    def test_has_jobs_of_steps_that_run_or_use_something(self, file: Any):
        for job in jobs(file.name).values():
            assert job["runs-on"] == "ubuntu-24.04"
            assert 0 < job["timeout-minutes"] <= 120
        for step in steps(file.name):
            assert len({"run", "uses"} & step.keys()) == 1, step

    def test_grants_nothing_by_default_and_each_job_what_it_needs(self, file: Any):
        assert workflow(file.name)["permissions"] == {}
        for job in jobs(file.name).values():
            assert set(job["permissions"].values()) <= {"read", "write"}

    def test_pins_every_action_by_its_commit_and_names_its_version(self, file: Any):
        lines = [line for line in file.read_text().splitlines() if "uses:" in line]
        for line in lines:
            assert re.search(rf"uses: {PINNED.pattern} # v\d+\.\d+\.\d+$", line), line

    def test_leaves_no_credentials_of_the_repository_behind(self, file: Any):
        for step in steps(file.name):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False

    def test_runs_no_text_from_outside_as_a_command(self, file: Any):
        """Text from others reaches a command only as the value of a variable."""
        for step in steps(file.name):
            assert not FROM_OUTSIDE.search(step.get("run", "")), step
            assert "${{" not in step.get("with", {}).get("script", "")

    def test_needs_only_jobs_that_exist(self, file: Any):
        for job in jobs(file.name).values():
            needed = job.get("needs", [])
            assert {needed} if isinstance(needed, str) else {*needed} <= jobs(file.name).keys()


def test_the_repositorys_own_checks_are_those_that_run_anywhere():
    assert ".ci/run" in [step.get("run") for step in steps("ci.yml")]
    [stacks] = [job["strategy"]["matrix"]["stack"] for job in jobs("ci.yml").values()
                if "strategy" in job]  # fmt: skip
    files = {each.name for each in CHECKOUT.glob("Pulumi.*.yaml")}
    assert {f"Pulumi.{stack}.yaml" for stack in stacks} == files


def test_the_clients_run_each_night_and_nothing_else_does():
    assert workflow("ci.yml")["on"]["schedule"]
    nightly = {name: job["if"] == "github.event_name == 'schedule'"
               for name, job in jobs("ci.yml").items()}  # fmt: skip
    assert nightly == {"tests": False, "policies": False, "official": False, "clients": True}
    assert jobs("ci.yml")["clients"]["steps"][-1] == {"run": "make test-clients"}


def test_the_official_cli_and_plugin_are_tried_and_no_change_waits_for_them():
    official = jobs("ci.yml")["official"]
    assert official["continue-on-error"] is True
    assert [
        name for name, job in jobs("ci.yml").items() if "official" in job.get("needs", [])
    ] == []
    run = [step.get("run", "") for step in official["steps"]]
    install = next(step for step in run if "plugin install resource aws" in step)
    assert run.index("make setup") < run.index(install) < run.index("make up")
    # The set-up takes what is in the plugin's place for its own, so it stays.
    assert plugin_version(CHECKOUT / "requirements.txt") in install_version(install)


def install_version(script: str) -> str:
    """The version that a step's script reads from requirements.txt."""
    [line] = [line for line in script.splitlines() if line.startswith("version=")]
    command = line.removeprefix('version="$(').removesuffix(')"')
    done = subprocess.run(["sh", "-c", command], cwd=CHECKOUT, capture_output=True, check=True)
    return done.stdout.decode()


def test_each_test_is_run_by_one_target_whatever_its_marks():
    targets = re.findall(r'pytest -m (?:"([\w ]+)"|(\w+))', (CHECKOUT / "Makefile").read_text())
    expressions = ["".join(each) for each in targets]
    for deep in (True, False):
        for clients in (True, False):
            marks = {"deep": deep, "clients": clients}
            chosen = [each for each in expressions if eval(each, {}, marks)]  # noqa: S307
            assert len(chosen) == 1, (marks, chosen)


def test_exactly_the_tests_of_clients_are_marked_as_such():
    tests = CHECKOUT / "tests"
    marked = {each for each in tests.rglob("test_*.py")
              if "\npytestmark = pytest.mark.clients\n" in each.read_text()}  # fmt: skip
    assert marked == {*(tests / "clients").rglob("test_*.py")} != set()


def test_the_repositorys_own_checks_lint_the_workflows():
    _, _, check = (CHECKOUT / "Makefile").read_text().partition("\ncheck: ")
    commands, _, _ = check.partition("\n\n")
    assert " -m toolchain.workflow_linter" in commands
    assert "zizmor --offline " in commands


class TestTheReusableWorkflow:
    def test_is_only_called_by_others(self):
        assert set(workflow(REUSABLE)["on"]) == {"workflow_call"}

    def test_uses_every_input_that_it_declares_and_no_other(self):
        text = (FOLDER / REUSABLE).read_text()
        called = workflow(REUSABLE)["on"]["workflow_call"]
        for kind in ("inputs", "secrets"):
            used = set(re.findall(rf"\b{kind}\.([a-z-]+)", text))
            assert used == set(called[kind])
            assert all(each["description"].endswith(".") for each in called[kind].values())

    @pytest.mark.parametrize("job", ["preview", "update"])
    def test_takes_the_pack_from_its_own_commit_which_no_caller_can_choose(self, job: str):
        first, *_ = in_order = jobs(REUSABLE)[job]["steps"]
        [pack] = [each["with"] for each in in_order if each.get("with", {}).get("path") == "pack"]
        assert pack["repository"] == "${{ job.workflow_repository }}"
        assert pack["ref"] == "${{ job.workflow_sha }}"
        assert first["env"]["COMMIT"] == pack["ref"]
        assert "[0-9a-f]{40}" in first["run"]
        assert not any(
            "pack" in each for each in workflow(REUSABLE)["on"]["workflow_call"]["inputs"]
        )

    @pytest.mark.parametrize("job", ["preview", "update"])
    def test_runs_the_engine_under_the_pack_with_the_packs_configuration(self, job: str):
        [engine] = [each for each in jobs(REUSABLE)[job]["steps"] if is_engine(each)]
        assert '--policy-pack "$PACK"' in engine["run"]
        assert "--skip-preview" not in engine["run"]
        # A plugin on the PATH would come before the engine's own, which starts the pack.
        assert engine["env"]["PULUMI_IGNORE_AMBIENT_PLUGINS"] == "true"
        pack = workflow(REUSABLE)["env"]["PACK"]
        variable = workflow(REUSABLE)["env"]["TRAINING_POLICIES_CONFIGURATION"]
        assert variable == f"{pack}/configuration.json"

    @pytest.mark.parametrize("job", ["preview", "update"])
    def test_checks_out_the_pack_after_the_programs_packages_and_leaves_it_read_only(
        self, job: str
    ):
        in_order = jobs(REUSABLE)[job]["steps"]
        written = [each.get("run", "") + str(each.get("with", {})) for each in in_order]
        [last_install] = [at for at, each in enumerate(written) if INSTALL_PROGRAM in each]
        # Nothing of the pack is on the machine before: neither its files nor its packages.
        with_pack = [at for at, each in enumerate(written)
                     if "$PACK" in each or "'path': 'pack'" in each]  # fmt: skip
        assert min(with_pack) == last_install + 1
        *_, proof, nothing = in_order[last_install + 2]["run"].splitlines()
        assert proof.endswith(f"$({RUN_AS_PROGRAM} find /guarded/pack /guarded/packages -writable)")
        assert nothing == 'test -z "$writable"'

    @pytest.mark.parametrize("job", ["preview", "update"])
    def test_refuses_files_that_replace_the_pack_before_it_runs_the_engine(self, job: str):
        in_order = jobs(REUSABLE)[job]["steps"]
        [at] = [
            number for number, each in enumerate(in_order)
            if f"{PYTHON} -m project_check {PROGRAM}" in each.get("run", "")
        ]  # fmt: skip
        # It is the pack's own check, from the pack's own repository.
        assert in_order[at]["run"].startswith('cd "$PACK"\n')
        assert not any("pulumi " in each.get("run", "") for each in in_order[:at])
        assert any(is_engine(each) for each in in_order[at:])
        assert not {"continue-on-error", "if"} & in_order[at].keys()

    @pytest.mark.parametrize("job", ["preview", "update"])
    def test_gives_the_engine_the_checked_settings_with_the_run_in_them(self, job: str):
        in_order = [each.get("run", "") for each in jobs(REUSABLE)[job]["steps"]]
        [check] = [at for at, each in enumerate(in_order) if " -m project_check " in each]
        named = in_order[check + 1]
        assert f'{PYTHON} -m stack_run {PROGRAM} --stack "$STACK" --run "$RUN"' in named
        assert named.splitlines()[-2:] == [
            'sudo cp "$RUNNER_TEMP/settings.yaml" "$SETTINGS"', 'sudo chmod a=r "$SETTINGS"',
        ]  # fmt: skip
        [engine] = [each for each in jobs(REUSABLE)[job]["steps"] if is_engine(each)]
        assert '--config-file "$SETTINGS"' in engine["run"]
        assert workflow(REUSABLE)["env"]["SETTINGS"].startswith("/guarded/")

    def test_a_schedule_may_ask_whether_its_run_has_completed(self):
        last = jobs(REUSABLE)["update"]["steps"][-1]
        assert last["if"] == "inputs.completed"
        [program] = re.findall(r"'(.*)'", last["run"])
        done, live = ({"lineage": "a-b-work-w48", "status": each}
                      for each in ("Completed", "InProgress"))  # fmt: skip
        other = {"lineage": "a-b-other", "status": "Failed"}
        for outputs, expected in (([done, other], 0), ([done, live], 1), ([other], 1)):
            answered = subprocess.run(
                ["jq", "--exit-status", "--arg", "run", "-w48", program],
                input=json.dumps({str(at): each for at, each in enumerate(outputs)}),
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert answered.returncode == expected, answered

    @pytest.mark.parametrize("job", ["preview", "update"])
    def test_runs_the_program_and_what_its_packages_install_as_a_user_that_can_write_no_pack(
        self, job: str
    ):
        lines = commands(job).splitlines()
        for command in ("pulumi preview ", "pulumi up ", "venv .venv", ".venv/bin/pip install"):
            assert all(RUN_AS_PROGRAM in each for each in lines if command in each), command
        # Everything else is in a folder of root, and called by its whole path.
        owned = [each.strip() for each in lines if "chown" in each]
        assert owned == ["sudo chown program .venv .source /guarded/written"]
        for each in ("pack", "program"):
            assert f"sudo cp --recursive {each} /guarded" in commands(job)
        for each in re.findall(r"\S+(?= -m (?:policy_report|quota_report|project_check|stack_run))",
                               commands(job)):  # fmt: skip
            assert each == PYTHON
        [kept] = re.findall(r"--preserve-env=(\S+)", commands(job))
        assert kept == '"$kept"'
        names = ",".join(re.findall(r"kept\+?=,?(\S+)", commands(job))).split(",")
        assert all(each.startswith(("AWS_", "PULUMI_", "TRAINING_")) for each in names)
        passed = {name for each in jobs(REUSABLE)[job]["steps"] if is_engine(each)
                  for name in each["env"]}  # fmt: skip
        assert passed <= {*names}

    def test_gives_the_report_the_stacks_tags_as_the_backend_has_them(self):
        lines = commands("preview")
        assert 'pulumi stack tag ls --json --stack "$STACK" > "$RUNNER_TEMP/tags.json"' in lines
        assert '--tags "$RUNNER_TEMP/tags.json"' in lines.split("policy_report")[1]

    @pytest.mark.parametrize("job", ["preview", "update"])
    def test_keeps_the_packs_packages_apart_from_the_programs(self, job: str):
        assert 'sudo /guarded/packages/bin/pip install -r "$PACK/requirements.txt"' in commands(job)
        assert INSTALL_PROGRAM in commands(job)

    def test_updates_only_after_a_preview_that_passed_and_only_from_a_protected_branch(self):
        update = jobs(REUSABLE)["update"]
        assert update["needs"] == "preview"
        for condition in ("inputs.update", "github.ref_protected", "!= 'pull_request'"):
            assert condition in update["if"]
        assert "always()" not in update["if"]
        assert update["environment"] == "${{ inputs.environment }}"
        assert update["concurrency"]["cancel-in-progress"] is False

    def test_a_preview_passes_only_where_engine_report_and_quotas_do(self):
        last = jobs(REUSABLE)["preview"]["steps"][-1]
        passed = (f'test "${each}" = success' for each in ("PREVIEW", "REPORT", "QUOTAS"))
        assert last["run"] == " && ".join(passed)
        ids = {
            each["id"]: each["run"] for each in jobs(REUSABLE)["preview"]["steps"] if "id" in each
        }
        assert last["env"] == {
            each.upper(): f"${{{{ steps.{each}.outcome }}}}"
            for each in ("preview", "report", "quotas")
        }
        assert 'quota_report --live "$REGION" --stack "$STACK"' in ids["quotas"]
        assert "--preview /guarded/written/events.json" in ids["quotas"]
        assert "continue-on-error" not in last

    def test_only_the_job_that_runs_no_code_of_the_program_writes_to_the_pull_request(self):
        for name, job in jobs(REUSABLE).items():
            writes = "pull-requests" in job["permissions"]
            assert writes == (name == "comment")
        comment = jobs(REUSABLE)["comment"]
        assert comment["permissions"] == {"pull-requests": "write"}
        assert not any("run" in each or "checkout" in each["uses"] for each in comment["steps"])

    def test_gets_credentials_by_a_token_and_reads_them_nowhere(self):
        for job in ("preview", "update"):
            assert jobs(REUSABLE)[job]["permissions"] == {"contents": "read", "id-token": "write"}
        assert "aws-access-key-id" not in (FOLDER / REUSABLE).read_text()

    def test_finds_the_comment_of_a_stack_by_what_the_report_begins_with(self):
        [script] = [each["with"]["script"] for each in steps(REUSABLE)
                    if "script" in each.get("with", {})]  # fmt: skip
        assert f"`{marker('${process.env.STACK}')}`" in script

    def test_runs_the_engine_that_the_set_up_builds(self):
        module = (CHECKOUT / "toolchain" / "pulumi" / "go.mod").read_text()
        assert f"pulumi/pkg/v3 v{workflow(REUSABLE)['env']['PULUMI_VERSION']}\n" in module

    def test_is_called_in_the_guide_as_it_wants_to_be(self):
        callers = [each for each in examples("yaml") if "jobs" in each]
        assert len(callers) == 2
        for caller in callers:
            self.is_called_as_it_wants_to_be(caller)

    def is_called_as_it_wants_to_be(self, caller: dict[str, Any]) -> None:
        [job] = [each for each in caller["jobs"].values() if "uses" in each]
        called = workflow(REUSABLE)["on"]["workflow_call"]
        assert job["uses"].endswith(f"/.github/workflows/{REUSABLE}@main")
        assert job["with"].keys() <= called["inputs"].keys()
        assert job["secrets"].keys() <= called["secrets"].keys()
        assert {key for key, each in called["inputs"].items() if each.get("required")} <= {
            *job["with"]
        }
        # A called workflow gets no more than its caller has.
        granted = caller["permissions"]
        for each in jobs(REUSABLE).values():
            assert each["permissions"].items() <= granted.items()

    def test_is_in_the_subject_that_the_guide_has_the_deployer_trust_and_the_pack_require(self):
        [settings] = [each for each in examples("yaml") if "sagemaker-training:deployer" in each]
        [subject] = settings["sagemaker-training:deployer"]["githubSubjects"]
        assert subject_problems([subject]) == []
        assert f"/.github/workflows/{REUSABLE}@" in subject
        [required] = examples("json")
        trust = required["policies"]["iam-role-trust"]
        assert trust.keys() <= ROLE_TRUST.parameters.keys()
        assert matches(subject, trust["githubSubjects"])
        assert not matches(subject.partition(":job_workflow_ref")[0], trust["githubSubjects"])
