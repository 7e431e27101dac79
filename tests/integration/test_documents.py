"""Runs the commands of the documents exactly as they are written there."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from development.leftovers import end_processes_of
from tests import document_commands
from tests.integration.engine import Stack
from tests.integration.settings import counting_job, stack_with
from toolchain.environment import engine_environment, without_user_settings
from toolchain.layout import CHECKOUT, Layout

DOCUMENTS = sorted(
    [CHECKOUT / "README.md", *CHECKOUT.glob("localcloud/*.md"), *CHECKOUT.glob("docs/**/*.md")]
)
BLOCK = re.compile(r"^```\n(.*?)^```", re.DOTALL | re.MULTILINE)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"into `([\w./-]+)`:\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FIRST_JOB = CHECKOUT / "docs" / "first-job.md"
OPTION = re.compile(r"(?<!\S)--[a-z][a-z-]+")
MAKE = re.compile(r"`make ([a-z-]+)`|^make ([a-z-]+)", re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_link_within_the_project_leads_somewhere(document: Path):
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_make_target_that_a_document_names_exists(document: Path):
    targets = set(re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    named = {first or second for first, second in MAKE.findall(document.read_text())}
    assert named - targets == set()


@pytest.mark.deep
@pytest.mark.integration
def test_the_engines_commands_in_the_documents_have_options_that_it_knows():
    texts = {
        part.strip()
        for document in document_commands.DOCUMENTS
        for each in document_commands.commands_of(document)
        for part in each.text.split(" && ")
    }
    for command in sorted(each for each in texts if each.startswith("pulumi ")):
        words = shlex.split(re.sub(r"<[^>]*>", "x", command))[1:]
        shown = subprocess.run(
            [Layout().pulumi_bin / "pulumi", *words, "--help"],
            env=engine_environment(Layout()) | {"PULUMI_DEBUG_COMMANDS": "true"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        usage = next(line for line in shown.splitlines() if line.startswith("  pulumi "))
        named = usage.split("[")[0].split("<")[0].split()[1:]
        assert words[: len(named)] == named, command
        assert "[command]" not in usage, command
        assert set(OPTION.findall(command)) <= set(OPTION.findall(shown)), command


@pytest.mark.deep
@pytest.mark.integration
@pytest.mark.runs("README.md#Check what it built")
def test_the_readmes_checks_of_what_was_built_show_it(
    new_stack: Callable[[dict[str, Any]], Stack],
):
    stack = new_stack(stack_with(work=counting_job(20), wait=True))
    stack.up().succeeded()
    outputs = stack.outputs()
    placeholders = {"address": stack.endpoint_url} | {
        name: str(outputs[name]) for name in ("training_job_name", "artifact_bucket_name")
    }
    texts = run_lines(commands_under("Check what it built"), CHECKOUT, os.environ, placeholders)
    described, checkpoints, output, log = texts
    assert '"TrainingJobStatus": "Completed"' in described
    assert "checkpoints/" in checkpoints
    assert "model.tar.gz" in output
    assert "step=20" in log


@pytest.mark.integration
@pytest.mark.deep
@pytest.mark.runs("README.md#On a real account", "docs/policies.md#Policies and quotas")
def test_the_readmes_way_to_a_real_account_works_with_the_same_program(
    program: Path, plugins: Path, cloud: str, tmp_path: Path
):
    """Against the local cloud, by plain `pulumi`; and the policies, as docs/policies.md says."""
    layout = Layout(local=tmp_path / "local")
    layout.pulumi_home.mkdir(parents=True)
    layout.state.mkdir(parents=True)
    (layout.pulumi_home / "plugins").symlink_to(plugins)
    for folder in ("examples", "policies"):
        shutil.copytree(CHECKOUT / folder, program / folder)
    quotas = json.loads((program / "policies" / "configuration.json").read_text())
    quotas["teams"]["documents"] = quotas["teams"]["research"]
    (program / "policies" / "configuration.json").write_text(json.dumps(quotas))
    (program / ".venv").symlink_to(layout.virtual_environment)
    settings = yaml.safe_load((CHECKOUT / "Pulumi.dev.yaml").read_text())
    settings["config"]["sagemaker-training:team"] = "documents"
    (program / "Pulumi.dev.yaml").write_text(yaml.safe_dump(settings))
    environment = engine_environment(layout, endpoint_url=cloud) | {
        "PULUMI_SKIP_CONFIRMATIONS": "true"
    }
    # Only the README's own line puts the packages on PATH.
    environment["PATH"] = f"{layout.pulumi_bin}{os.pathsep}{os.environ['PATH']}"
    del environment["VIRTUAL_ENV"]
    lines = [line for line in commands_under("On a real account") if not installs(line)]
    *_, judge = [line for line in block_of("docs/policies.md") if line.startswith("pulumi ")]
    try:
        *_, judged, preview, _, update = run_lines(
            [*lines[:-3], judge, *lines[-3:]], program, environment, {}
        )
    finally:
        end_processes_of(layout.pulumi_home)
    assert "TrainingJob" in preview
    assert "sagemaker-training@v" in judged
    assert "final" in update or "created" in update


def installs(line: str) -> bool:
    """Whether a line makes the environment, which the tests share."""
    return line.startswith(("python3 -m venv ", ".venv/bin/pip install "))


@pytest.mark.integration
@pytest.mark.deep
@pytest.mark.runs(
    "docs/first-job.md#1. A script and its data",
    "docs/first-job.md#2. A stack file",
    "docs/first-job.md#3. What it may cost",
    "docs/first-job.md#4. Launch, and read a failure",
    "docs/first-job.md#5. More steps, a pause and a resume",
    "docs/first-job.md#6. Clean up",
)
def test_the_first_job_is_launched_fails_is_corrected_paused_and_resumed_as_its_page_says(
    tmp_path: Path, plugins: Path
):
    page, _, _ = FIRST_JOB.read_text().partition("\n## On AWS\n")
    blocks = [text for language, text in FENCE.findall(page) if language == ""]
    files, quotas, costs, failing, correcting, longer, pausing, resuming, ending = (
        text.splitlines() for text in blocks
    )
    checkout = checkout_with(FILE.findall(page), tmp_path / "checkout", plugins)
    environment = without_user_settings(os.environ)

    def run(*lines: str, code: int = 0) -> str:
        """Runs lines as a person's shell does, and returns what they printed."""
        printed = ""
        for line in lines:
            done = subprocess.run(
                shell_of(line), cwd=checkout, env=environment, timeout=600, check=False,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
            assert (done.returncode == 0) == (code == 0), f"{line}\n{done.stdout}"
            printed += done.stdout
        return printed

    try:
        run(*files, *quotas)
        assert "cost ceiling" in run(*costs)
        [reason] = [text for language, text in FENCE.findall(page) if language == "text"]
        failed = run(*failing, code=1)
        assert reason.partition(" '")[0] in failed
        [whole_log] = re.findall(r"^ +(aws logs .+)$", failed, re.MULTILINE)
        [before] = re.findall(r"^ +(export .+)$", failed, re.MULTILINE)
        assert "points.txt" in run(f"{before}\n{whole_log}")
        corrected = run(*correcting)
        assert "points.txt" in corrected  # the log of the job that failed
        assert "final loss" in corrected
        assert re.search(r"learning-dev-line-\w+-1 +│ Completed", corrected)
        assert re.search(r"learning-dev-line-\w+-1 +│ Failed", corrected)
        edit, up = longer
        run(edit)
        with subprocess.Popen(
            shell_of(up), cwd=checkout, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as waiting:  # fmt: skip
            assert waiting.stdout is not None
            lines = iter(waiting.stdout)
            assert any("goes on after step 100" in line for line in lines)
            assert any("step=140 " in line for line in lines)
            run(*pausing)
            rest, _ = waiting.communicate(timeout=600)
        assert waiting.returncode != 0
        assert "Stopped by `make pause`: line.\n`make up STACK=learning-dev` goes on: " in rest
        file = checkout / "Pulumi.learning-dev.yaml"
        settings = file.read_text()
        file.write_text(
            re.sub(r"^( +)line:$", r"\g<0>\n\1  paused: true", settings, flags=re.MULTILINE)
        )
        assert "line: paused, as Pulumi.learning-dev.yaml has `paused: true`" in run(*resuming)
        file.write_text(settings)
        resumed = run(*resuming)
        assert re.search(r"goes on after step (1[4-9]\d|[2-9]\d\d)\b", resumed)
        assert "step=1200 " in resumed
        assert "learning-dev-line.html" in resumed
        assert "is destroyed" in run(*ending)
    finally:
        run("make down")
        end_processes_of(checkout / ".local" / "pulumi-home")


def checkout_with(files: list[tuple[str, str]], folder: Path, plugins: Path) -> Path:
    """A copy of the checkout with more files, which uses the set-up of this one."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=CHECKOUT, capture_output=True, check=True, text=True)
    for name in filter(None, names.stdout.split("\0")):
        if (CHECKOUT / name).is_file() and not name.startswith(("tests/", "bench/")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / name, folder / name)
    for name, text in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    layout, copy = Layout(), Layout(checkout=folder, local=folder / ".local")
    copy.pulumi_home.mkdir(parents=True)
    copy.virtual_environment.symlink_to(layout.virtual_environment.resolve())
    copy.pulumi_bin.parent.symlink_to(layout.pulumi_bin.parent.resolve())
    (copy.pulumi_home / "plugins").symlink_to(plugins)
    shutil.copytree(layout.stamps, copy.stamps)
    return folder


def shell_of(line: str) -> list[str]:
    """The command that runs a line; make skips the set-up, which the copy has from the checkout."""
    return ["bash", "-ec", re.sub(r"^make ", "make --old-file=commands ", line)]


def commands_under(heading: str) -> list[str]:
    """The lines of the first block of commands below a heading of the README."""
    return block_of("README.md", f"## {heading}\n")


def block_of(document: str, after: str = "") -> list[str]:
    """The lines of the first block of commands in a document, or in what follows a text."""
    block = BLOCK.search((CHECKOUT / document).read_text().partition(after or "\n")[2])
    assert block is not None
    return [line.partition("  #")[0].strip() for line in block[1].splitlines() if line.strip()]


def run_lines(
    lines: list[str], folder: Path, inherited: Any, placeholders: dict[str, str]
) -> list[str]:
    """Runs each line as a shell would, without one, and returns what each command printed."""
    environment, printed = dict(inherited), []
    for line in lines:
        text = re.sub(r"<(\w+)>", lambda found: placeholders[found[1]], line)
        text = text.replace("$PWD", str(folder)).replace("$PATH", environment["PATH"])
        words = shlex.split(text)
        if words[0] == "export":
            environment |= dict(word.split("=", 1) for word in words[1:])
            continue
        done = subprocess.run(
            [str(shutil.which(words[0], path=environment["PATH"])), *words[1:]],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        printed.append(done.stdout)
    return printed
