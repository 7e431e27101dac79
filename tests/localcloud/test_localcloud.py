"""The local cloud as a whole: its folders, and its documents, whose commands work."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.sagemaker.runtime.settings import Times
from localcloud.server import daemon
from tests.localcloud.cloud import BUCKET, LISTEN, REGION, Cloud
from tests.localcloud.spot import SPOT

TESTS = Path(__file__).parents[1]
CHECKOUT = TESTS.parent
PACKAGE = CHECKOUT / "localcloud"
README = (PACKAGE / "README.md").read_text()
DOCUMENT = (CHECKOUT / "docs" / "local-cloud.md").read_text()
BLOCK = re.compile(r"^```\n(.*?)^```", re.DOTALL | re.MULTILINE)
COMMAND_SECONDS = 300.0


def test_every_test_that_the_table_names_exists():
    named = set(re.findall(r"`(test_\w+)`", DOCUMENT))
    defined = {
        name
        for path in TESTS.rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", path.read_text(), re.MULTILINE)
    }

    assert named - defined == set()
    assert len(named) > 30


def run(command: list[str], **variables: str) -> str:
    done = subprocess.run(
        command,
        cwd=CHECKOUT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def commands(document: str, number: int) -> list[str]:
    """The lines of a document's block of commands, without their comments."""
    lines = BLOCK.findall(document)[number].splitlines()
    return [line.partition("  #")[0].strip() for line in lines]


@pytest.mark.runs("localcloud/README.md#Start and stop it")
def test_the_readmes_commands_start_find_and_stop_it(tmp_path: Path):
    data = tmp_path / "cloud"
    start, status, stop = (
        [sys.executable, *shlex.split(line.replace(".local/cloud", str(data)))[1:]]
        for line in commands(README, 0)
    )
    try:
        address = run(start).strip()
        assert address.startswith("http://127.0.0.1:")
        assert f"{address}/localcloud/" in run(status)
        assert run(stop) == "Stopped.\n"
    finally:
        daemon.stop(data)


@pytest.mark.runs("localcloud/README.md#Point a client at it")
def test_clients_find_it_by_the_readmes_variables(cloud: Cloud):
    variables = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    programs = {"python": sys.executable, "aws": str(Path(sys.executable).with_name("aws"))}
    printed = []
    for line in commands(README, 1):
        first, *words = shlex.split(line.replace("<port>", str(cloud.server.port)))
        if first == "export":
            variables |= dict(word.split("=", 1) for word in words)
        else:
            printed.append(run([programs[first], *words], **variables))

    made, listed, shown = printed
    assert made == "make_bucket: notebooks\n"
    assert "TrainingJobSummaries" in json.loads(listed)
    assert shown.strip() in {"notebooks", BUCKET}


def test_awss_command_line_shows_a_job_and_its_objects(cloud: Cloud):
    variables = {
        "AWS_ENDPOINT_URL": cloud.server.url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    aws = str(Path(sys.executable).with_name("aws"))
    job = cloud.run("print('done')")["TrainingJobName"]

    shown = run(
        [aws, "sagemaker", "describe-training-job", "--training-job-name", job], **variables
    )
    listed = run(
        [aws, "s3", "ls", "--recursive", f"s3://training-artifacts/code/{job}"], **variables
    )

    assert json.loads(shown)["TrainingJobStatus"] == "Completed"
    assert listed.strip().endswith("main.py")


@pytest.mark.deep
@pytest.mark.runs("docs/local-cloud.md#Use it")
def test_the_documents_commands_work(tmp_path: Path):
    """Each without its options, and with all of them: the last of those that exclude others."""
    data = tmp_path / "cloud"
    words = {".local/cloud": str(data), "TYPE": "ml.m5.large", "INSTANCES": "3", "SECONDS": "60"}
    words |= {"COUNT": "5", "SHARE": "0.5", "N": "7", "REGION": REGION, "PREFIX": "old"}
    words |= {"DAYS": "3", "STATUS": "Failed", "KEY=VALUE": "team=vision"}
    try:
        daemon.start(data)
        for command in commands(DOCUMENT, 0):
            options = re.sub(r"\[(?:[^]|]*\| )?([^]]*)\]", r"\1", command)
            for text in dict.fromkeys([re.sub(r" \[[^]]*\]", "", command), options]):
                if "JOB" in text:
                    words["JOB"] = training_spot_job(data)
                filled = [words.get(word, word) for word in shlex.split(text)]
                assert filled[0] == "python"
                run([sys.executable, *filled[1:]])
    finally:
        daemon.stop(data)


def training_spot_job(data: Path) -> str:
    server = daemon.find(data)
    assert server is not None
    cloud = Cloud(server, data)
    time.sleep(Times.role_delay)  # until the service sees the new role
    name = cloud.create(LISTEN, **SPOT)
    cloud.wait_for_line(name, "running")
    return name


def test_folders_import_one_another_in_one_direction():
    imported = {folder: imports_of(folder) for folder in folders()}
    for folder in imported:
        reached: set[str] = set()
        waiting = [*imported[folder]]
        while waiting:
            found = waiting.pop()
            if found not in reached:
                reached.add(found)
                waiting += imported[found]
        assert folder not in reached, f"{folder} imports itself, over {sorted(reached)}"


def test_it_imports_nothing_else_of_the_project():
    others = {"components", "development", "policies", "settings", "tests", "toolchain"}
    found = {name.partition(".")[0] for path in PACKAGE.rglob("*.py") for name in modules_in(path)}
    assert found & others == set()


def folders() -> set[str]:
    """The folders of the local cloud's own modules, as packages."""
    paths = {path.parent for path in PACKAGE.rglob("*.py")} - {PACKAGE}
    names = {".".join(path.relative_to(CHECKOUT).parts) for path in paths}
    return {name for name in names if not name.startswith("localcloud.awsplugin")}


def imports_of(folder: str) -> set[str]:
    """The other folders of the local cloud that a folder's modules import."""
    path = CHECKOUT.joinpath(*folder.split("."))
    named = {name for each in path.glob("*.py") for name in modules_in(each)}
    found = {name if name in folders() else name.rpartition(".")[0] for name in named}
    return (found & folders()) - {folder}


def modules_in(path: Path) -> Iterator[str]:
    """What a module imports: a name from a package may be a module of it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield str(node.module)
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
