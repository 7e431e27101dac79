"""The pack on the real engine: what is refused, with which exit code, and what it says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import project_check
from policy_report.__main__ import main as policy_report
from tests.integration.conftest import new_stacks
from tests.integration.engine import Result, Stack
from tests.policies.policy_report.events import ENFORCED, written
from toolchain.layout import CHECKOUT

pytestmark = pytest.mark.integration

PACK = ("--policy-pack", str(CHECKOUT / "policies"))
PROGRAM = Path(__file__).parent / "program"
SWAPPED = Path(__file__).parent / "swapped_pack"
QUOTA = {"all": {"instancesPerJob": 4, "instancesPerStack": 6}, "families": {"g5": {}}}

_NO_CLOUD = "http://127.0.0.1:1"


@pytest.fixture
def stack(tmp_path: Path, plugins: Path) -> Iterator[Stack]:
    """A stack of resources that launch nothing, and so need no cloud."""
    with new_stacks(tmp_path, plugins, _NO_CLOUD) as make:
        yield make({"team": "research", "environment": "dev"}, project=PROGRAM)


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Path]:
    """Writes the pack's configuration."""
    file = tmp_path / "organisation.json"
    monkeypatch.setenv("TRAINING_POLICIES_CONFIGURATION", str(file))

    def write(values: Any) -> Path:
        file.write_text(json.dumps(values))
        return file

    write({"teams": {"research": {"dev": QUOTA}}, "policies": _only_quotas()})
    return write


@pytest.mark.usefixtures("configure")
def test_every_route_and_every_unknown_value_is_refused_at_preview(stack: Stack):
    stack.settings["resources"] = {
        "over": _job(instances=5),
        "renamed": _job("mine:Experiment", instances=5),
        "tuned": _job("sagemaker:TuningJob", parallel=5),
        "unknown-count": _job(instances="unknown"),
        "unknown-type": _job(instance_type="unknown"),
        "other": {"type": "mine:Password", "inputs": {"length": 8}},
    }
    result = stack.preview(*PACK).failed()
    assert _told(result) == {
        ("quota-instances-per-job", "over"),
        ("quota-instances-per-job", "renamed"),
        ("quota-instances-per-job", "tuned"),
        ("quota-other-routes", "renamed"),
        ("quota-other-routes", "other"),
        ("quota-instances-per-job", "unknown-count"),
        ("quota-instances-per-job", "unknown-type"),
        ("quota-instance-types", "unknown-type"),
        ("quota-instances-per-stack", "sagemaker-training-dev"),
    }
    text = " ".join(result.text.split())
    assert "the number of instances of over, all instances: asked 5, allowed 4." in text
    assert "Remedy: lower instanceCount." in text
    assert "because of unknown-count, unknown-type" in text
    assert "can't run policy" not in text


def test_a_wrong_configuration_is_refused_with_its_path_and_remedy(
    stack: Stack, configure: Callable[[Any], Path]
):
    file = configure({"teams": {"research": {"dev": QUOTA | {"familys": {}}}}})
    stack.settings["resources"] = {}
    result = stack.preview(*PACK).failed()
    text = " ".join(result.text.split())
    assert f"1 problem in {file}, so nothing was judged" in text
    assert "teams.research.dev.familys: {} — no such name exists here" in text
    assert "Remedy: did you mean families?" in text
    assert "invalid enforcement level" not in text
    assert not stack.resources()


@pytest.fixture
def report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """The exit code and the text of the report on a preview, as the workflow asks for it."""

    def run(stack: Stack, result: Result) -> tuple[int, str]:
        tags = tmp_path / "tags.json"
        tags.write_text(stack.ask("stack", "tag", "ls", "--json", "--stack", stack.name))
        events = written(tmp_path, result.events)
        code = policy_report([str(events), "--stack", stack.name, "--tags", str(tags)])
        return code, capsys.readouterr().out

    return run


@pytest.mark.usefixtures("configure")
@pytest.mark.parametrize("names", [["anything"], sorted(ENFORCED)], ids=["other", "same"])
def test_a_program_that_swaps_the_pack_passes_the_engine_and_fails_the_report_and_the_check(
    stack: Stack, tmp_path: Path, report: Callable[..., tuple[int, str]], names: list[str]
):
    """The names are those of the policies in the pack that takes the place of the pack."""
    program = tmp_path / "program"
    shutil.copytree(PROGRAM, program)
    shutil.copytree(SWAPPED, program / "swapped")
    (program / "swapped" / "policies.json").write_text(json.dumps(names))
    project = yaml.safe_load((program / "Pulumi.yaml").read_text())
    project["plugins"] = {"analyzers": [{"name": "policy-python", "path": "swapped"}]}
    (program / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    stack.project = program
    stack.settings["resources"] = {"over": _job(instances=9)}

    preview = stack.preview(*PACK).succeeded()
    assert "✅ sagemaker-training@" in preview.text
    code, text = report(stack, preview)
    assert code == 1
    assert "✅" not in text
    assert "- **quota-instances-per-job** on `over`, high" in text
    assert "- **quota-instances-per-stack** on `sagemaker-training-dev`, high" in text
    assert ("policies did not run" in text) is (names == ["anything"])
    assert project_check.main([str(program), "--stack", stack.name]) == 1


@pytest.mark.usefixtures("configure")
def test_a_report_on_the_pack_itself_finds_what_the_engine_found_and_passes_what_it_passed(
    stack: Stack, report: Callable[..., tuple[int, str]]
):
    stack.settings["resources"] = {"one": _job(instances=2), "two": _job(instances=4)}
    code, text = report(stack, stack.preview(*PACK).succeeded())
    assert (code, text.splitlines()[1]) == (
        0,
        f"## ✅ dev: within quotas, {len(ENFORCED)} policies kept",
    )
    stack.settings["resources"]["two"] = _job(instances=5)
    code, text = report(stack, stack.preview(*PACK).failed())
    assert (code, text.splitlines()[1]) == (1, "## ❌ dev: 2 violations of the policies")
    assert "disagree" not in text


@pytest.mark.deep
def test_where_only_the_stacks_tags_count_no_file_gives_a_stack_another_teams_quotas(
    stack: Stack, configure: Callable[[Any], Path], report: Callable[..., tuple[int, str]]
):
    quotas = {"research": {"dev": QUOTA}, "vision": {"dev": {"families": {"g5": {}}}}}
    configure({"teams": quotas, "policies": _only_quotas(), "trustSettings": False})
    tags = [{"Key": "team", "Value": "research"}, {"Key": "environment", "Value": "dev"}]
    stack.settings["resources"] = {"one": _job(tags=tags)}
    for team, environment, said in (
        ("", "", "the stack has no tag team and no tag environment"),
        ("vision", "", "the stack has no tag environment"),
        ("vision", "dev", "the stack's settings name another team than the stack's tags"),
        ("research", "dev", ""),
    ):
        for name, value in (("team", team), ("environment", environment)):
            if value:
                stack.ask("stack", "tag", "set", name, value, "--stack", stack.name)
        result = stack.preview(*PACK)
        code, text = report(stack, result)
        assert (result.exit_code == 0, code == 0) == (not said, not said), result.text
        assert said in text
        assert "disagree" not in text


@pytest.mark.usefixtures("configure")
@pytest.mark.parametrize("preview", [False, True], ids=["without-a-preview", "after-its-preview"])
def test_a_job_that_the_preview_did_not_show_is_refused_before_it_is_created(
    stack: Stack, preview: bool
):
    stack.settings["resources"] = {
        "one": _job(instances=3),
        "two": _job(instances=3),
        "three": _job(instances=3) | {"hidden": True},
    }
    stack.preview(*PACK).succeeded()
    # The engine registers them in any order: the last one is refused.
    [(policy, last)] = _told(stack.up(*PACK, preview=preview).failed())
    assert policy == "quota-running-sums"
    made = {each["urn"].split("::")[-1] for each in stack.resources()}
    assert made & {"one", "two", "three"} == {"one", "two", "three"} - {last}


@pytest.mark.deep
@pytest.mark.usefixtures("configure")
def test_a_job_that_is_not_launched_counts_as_the_program_now_writes_it(stack: Stack):
    stack.settings["resources"] = {"one": _job(instances=3), "two": _job(instances=3)}
    stack.up(*PACK).succeeded()
    # The provider finds no difference, so the engine keeps the outputs of before.
    stack.settings["resources"]["two"] = _job(instances=4)
    told = _told(stack.preview(*PACK).failed())
    assert told == {("quota-instances-per-stack", "sagemaker-training-dev")}


def _job(type_: str = "sagemaker:TrainingJob", **resources: Any) -> dict[str, Any]:
    """A job of one instance, unless `instances` and `instance_type` say otherwise.

    With `parallel`, it is tuned, and so many trials run at once.
    """
    request = {
        "ResourceConfig": {
            "InstanceType": resources.get("instance_type", "ml.g5.xlarge"),
            "InstanceCount": resources.get("instances", 1),
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "Tags": resources.get("tags", []),
    }
    inputs = {"request": request, "launch": False}
    if "parallel" in resources:
        limits = {"MaxParallelTrainingJobs": resources["parallel"], "MaxNumberOfTrainingJobs": 9}
        inputs["tuning"] = {"ResourceLimits": limits}
    return {"type": type_, "inputs": inputs}


def _only_quotas() -> dict[str, Any]:
    """Levels that switch off what these jobs, which are nothing but quotas' subjects, lack."""
    schema = json.loads((CHECKOUT / "policies" / "configuration.schema.json").read_text())
    names = schema["properties"]["policies"]["properties"]
    off = {name: {"level": "disabled"} for name in names if not name.startswith("quota-")}
    return off | {"quota-other-routes": {"allowed": ["pulumi-python:dynamic:Resource"]}}


def _told(result: Result) -> set[tuple[str, str]]:
    """Each mandatory violation: the policy and the resource."""
    events = [each["policyEvent"] for each in result.events if "policyEvent" in each]
    assert all(event["enforcementLevel"] == "mandatory" for event in events)
    return {(event["policyName"], event["resourceUrn"].split("::")[-1]) for event in events}
