"""What is shown of an engine operation, with the engine's events as it writes them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from development.engine_display import EngineDisplay, Typed
from development.log_lines import LogLine
from development.terminal import Failure

ROOT = "urn:pulumi:dev::sagemaker-training::pulumi:pulumi:Stack::sagemaker-training-dev"
PLATFORM = (
    "urn:pulumi:dev::sagemaker-training::sagemaker-training:index:TrainingPlatform::research-dev"
)
STORE = (
    "urn:pulumi:dev::sagemaker-training::sagemaker-training:index:TrainingPlatform"
    "$sagemaker-training:index:ArtifactStore::research-dev-store"
)
BUCKET = f"{STORE.rpartition('::')[0]}$aws:s3/bucket:Bucket::research-dev-store-artifacts"
COMPLETION = (
    "urn:pulumi:dev::sagemaker-training::pulumi-python:dynamic/sagemaker:TrainingJobCompletion"
    "::research-dev-completion"
)
EXPORTS = "export AWS_ENDPOINT_URL=http://127.0.0.1:5000"
TYPED = Typed(EXPORTS, update="make up STACK=vision-dev", pause="make pause STACK=vision-dev")
PARENTS = {PLATFORM: ROOT, STORE: PLATFORM, BUCKET: STORE, COMPLETION: ROOT}


def step(kind: str, urn: str, op: str = "create", *, planning: bool = False) -> dict[str, Any]:
    metadata = {"op": op, "urn": urn, "type": urn.split("::")[2].rpartition("$")[2]}
    new = {"urn": urn, "parent": PARENTS.get(urn, "")}
    return {kind: {"metadata": metadata | {"new": new}, "planning": planning}}


def summary(**changes: int) -> dict[str, Any]:
    packs = {"sagemaker-training|local|policies": "v0.1.0"}
    return {
        "summaryEvent": {"durationSeconds": 19, "resourceChanges": changes, "PolicyPacks": packs}
    }


def warning(message: str, severity: str = "warning") -> dict[str, Any]:
    return {"diagnosticEvent": {"message": f"<{{%reset%}}>{message}\n", "severity": severity}}


PREVIEW = [
    {"preludeEvent": {"config": {}}},
    *(step("resourcePreEvent", urn, planning=True) for urn in (ROOT, *PARENTS)),
    warning("no one gets the alerts"),
    summary(create=70),
]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Console:
    for name in ("CI", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    return Console(file=io.StringIO(), width=100, force_terminal=True, highlight=False)


@pytest.fixture
def pipe() -> Console:
    return Console(file=io.StringIO(), width=60, force_terminal=False, highlight=False)


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Callable[[Console], EngineDisplay]]:
    """Opens a display on a console."""
    opened: list[EngineDisplay] = []

    def show(console: Console) -> EngineDisplay:
        opened.append(EngineDisplay(console, tmp_path / "logs" / "up-dev.log", "dev", TYPED))
        return opened[-1].__enter__()

    yield show
    for display in opened:
        display.__exit__(None, None, None)


def text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_success_is_two_lines_with_its_warnings_and_the_rest_is_in_the_file(
    pipe: Console, shown: Callable[[Console], EngineDisplay]
):
    display = shown(pipe)
    with display.running("Updating"):
        for event in [*PREVIEW, {"preludeEvent": {}}, warning("no one gets the alerts")]:
            display.event(event)
        for number in range(70):
            display.engine_line(f"\x1b[32m +  aws:kms:Key key-{number} created\x1b[0m")
        display.job_line(LogLine("digits-1", "algo-1", "epoch=1"))
        display.event(warning("warning: digits-1 has no value of loss", "info"))
        display.event(warning("digits-1: Completed (19s)", "info"))
        display.event(warning("a@b.org gets no alerts: open the link in AWS's mail"))
        display.event(summary(create=70))
    display.print_success()
    assert text(pipe).splitlines() == [
        "dev: previewed, 70 to create.",
        "digits-1 algo-1 │ epoch=1",
        "dev: 70 created, in 19 s. Policies: sagemaker-training@v0.1.0.",
        "  warning: no one gets the alerts",
        "  warning: digits-1 has no value of loss",
        "  warning: a@b.org gets no alerts: open the link in AWS's mail. The local cloud sends no "
        "mail, so here it stays so.",
    ]
    written = display.file.read_text()
    assert " +  aws:kms:Key key-69 created\n" in written
    assert "digits-1 algo-1 │ epoch=1\n" in written
    assert "\x1b" not in written


def test_a_terminal_shows_a_tree_of_the_components_and_leaves_nothing_of_it(
    terminal: Console, shown: Callable[[Console], EngineDisplay]
):
    display = shown(terminal)
    with display.running("Updating"):
        for event in [{"preludeEvent": {}}, *(step("resourcePreEvent", urn) for urn in PARENTS)]:
            display.event(event)
        display.event(step("resOutputsEvent", STORE))
        display.job_line(LogLine("digits-1", "algo-1", "epoch=1"))
    drawn = text(terminal)
    assert "Updating dev" in drawn
    assert "ArtifactStore research-dev-store" in drawn
    assert "1 of 2" in drawn
    assert "research-dev-store-artifacts (0 s)" in drawn
    assert "epoch=1" in drawn
    assert drawn.rstrip("\x1b[?25h").endswith("\x1b[2K")  # the last lines are cleared


@pytest.mark.parametrize("variable", ["CI", "TERM"])
def test_there_is_no_tree_where_it_can_not_be_redrawn(
    terminal: Console,
    shown: Callable[[Console], EngineDisplay],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
):
    monkeypatch.setenv(variable, {"CI": "true", "TERM": "dumb"}[variable])
    display = shown(terminal)
    with display.running("Updating"):
        display.event(step("resourcePreEvent", PLATFORM))
    assert text(terminal) == ""


def test_of_a_failure_the_sections_of_the_engine_are_printed(
    pipe: Console, shown: Callable[[Console], EngineDisplay]
):
    display = shown(pipe)
    # What a refresh before it has failed in does not count.
    before = step("resOpFailedEvent", BUCKET)
    for event in [before, *PREVIEW, {"preludeEvent": {}}]:
        display.event(event)
    for line in (
        " +  aws:kms:Key key created",
        "Policies:",
        "    ✅ ours",
        "Diagnostics:",
        "  why",
    ):
        display.engine_line(line)
    display.event(step("resourcePreEvent", COMPLETION))
    display.event(step("resOpFailedEvent", COMPLETION))
    assert display.failure is Failure.JOB
    display.print_failure()
    assert text(pipe).splitlines()[1:] == ["Policies:", "    ✅ ours", "Diagnostics:", "  why"]


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        (
            "  error: x: property request.A value {<nil>} has a problem: request.A: 1 — too many",
            "  error: x: request.A: 1 — too many",
        ),
        (
            "  error: property cidr value {<nil>} has a problem: it is missing",
            "  error: property cidr value {<nil>} has a problem: it is missing",
        ),
    ],
)
def test_a_problem_that_names_its_property_is_printed_without_the_engines_words(
    pipe: Console, shown: Callable[[Console], EngineDisplay], line: str, printed: str
):
    display = shown(pipe)
    display.engine_line("Diagnostics:")
    display.engine_line(line)
    display.print_failure()
    assert text(pipe).splitlines() == ["Diagnostics:", printed]


@pytest.mark.parametrize(
    "line",
    [
        "        aws s3 ls --recursive s3://bucket/output/ --region us-east-1",
        "    error: the quota is 0; ask for 5 with `aws service-quotas request-increase --value 5`",
    ],
)
def test_where_a_failure_names_an_aws_command_it_is_said_what_comes_before_it(
    pipe: Console, shown: Callable[[Console], EngineDisplay], line: str
):
    display = shown(pipe)
    display.engine_line("Diagnostics:")
    display.engine_line(line)
    display.print_failure()
    assert text(pipe).splitlines()[2:] == [
        "Before an `aws` command, which `make setup` installs, run:",
        f"  {EXPORTS}",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "        algo-1 | aws s3 ls --recursive s3://bucket/",
        "    aws:s3:Bucket (store) failed to be created",
        "    error: set aws:region as the aws provider has it",
    ],
)
def test_where_a_failure_names_no_aws_command_nothing_is_said_of_any(
    pipe: Console, shown: Callable[[Console], EngineDisplay], line: str
):
    display = shown(pipe)
    display.engine_line("Diagnostics:")
    display.engine_line(line)
    display.print_failure()
    assert text(pipe).splitlines()[1:] == [line]


@pytest.mark.parametrize(
    ("remedy", "said"),
    [
        ("run `pulumi up` again", ["Here, `make up STACK=vision-dev` runs `pulumi up`."]),
        ("run `pulumi up --refresh`", []),  # which `make up` does not
        ("set another runId", []),
    ],
)
def test_where_a_failure_names_an_update_it_is_said_how_it_is_run_here(
    pipe: Console, shown: Callable[[Console], EngineDisplay], remedy: str, said: list[str]
):
    display = shown(pipe)
    display.engine_line(f"    error: the script failed. Remedy: {remedy}")
    display.print_failure()
    assert text(pipe).splitlines()[1:] == said


@pytest.mark.parametrize("failed", [(BUCKET, COMPLETION), (COMPLETION, BUCKET)])
def test_where_another_resource_has_failed_too_it_is_not_only_a_jobs_failure(
    pipe: Console, shown: Callable[[Console], EngineDisplay], failed: tuple[str, str]
):
    display = shown(pipe)
    display.event({"preludeEvent": {}})
    for urn in failed:
        display.event(step("resourcePreEvent", urn))
        display.event(step("resOpFailedEvent", urn))
    assert display.failure is Failure.OTHER


def test_what_the_engine_adds_to_the_programs_errors_is_left_out(
    pipe: Console, shown: Callable[[Console], EngineDisplay]
):
    display = shown(pipe)
    added = "    error: an unhandled error occurred: program exited with non-zero exit code: 1"
    for line in ("Diagnostics:", "    error: 2 problems in the settings", added, "Resources:"):
        display.engine_line(line)
    display.print_failure()
    assert text(pipe).splitlines() == [
        "Diagnostics:", "    error: 2 problems in the settings", "Resources:",
    ]  # fmt: skip
    assert added in display.file.read_text()


def test_a_refused_preview_is_known_as_one(
    pipe: Console, shown: Callable[[Console], EngineDisplay]
):
    display = shown(pipe)
    for event in PREVIEW[:-1]:
        display.event(event)
    assert display.failure is Failure.PREVIEW


def test_ctrl_c_is_answered_at_once_and_is_not_taken_for_a_mistake(
    terminal: Console,
    pipe: Console,
    shown: Callable[[Console], EngineDisplay],
    capfd: pytest.CaptureFixture[str],
):
    display = shown(terminal)
    with display.running("Updating"):
        for event in PREVIEW:
            display.event(event)
        display.interrupted()
    assert "Interrupted. What the engine has begun is finished first" in text(terminal)
    assert display.failure is Failure.INTERRUPTED
    before = text(terminal)
    display.engine_line("Policies:")
    display.print_failure()
    assert text(terminal) == before
    shown(pipe).interrupted()
    assert capfd.readouterr().err == (
        "Interrupted. What the engine has begun is finished first, also the wait for a job. Ctrl-C "
        "again ends it at once. A job that was launched runs on; `make pause STACK=vision-dev` "
        "stops it.\n"
    )


def test_an_engine_that_could_not_begin_is_quoted(
    pipe: Console, shown: Callable[[Console], EngineDisplay]
):
    display = shown(pipe)
    display.engine_line("error: the stack is currently locked by 1 lock(s)")
    display.print_failure()
    assert "currently locked" in text(pipe)
    assert display.failure is Failure.OTHER
