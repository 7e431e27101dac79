"""The local cloud's document: its commands work, and its table names tests that exist."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from localcloud.sagemaker.runtime.settings import ROLE_DELAY_SECONDS
from localcloud.server import daemon
from tests.localcloud.cloud import LISTEN, Cloud
from tests.localcloud.test_interruptions import SPOT

TESTS = Path(__file__).parents[1]
CHECKOUT = TESTS.parent
DOCUMENT = (CHECKOUT / "docs" / "local-cloud.md").read_text()
BLOCKS = re.findall(r"^```\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)
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


@pytest.mark.deep
def test_the_documents_commands_work(tmp_path: Path):
    data = tmp_path / "cloud"
    commands = [line.partition("  #")[0].strip() for line in BLOCKS[0].splitlines()]
    [serve] = [each for each in commands if " serve " in each]
    # In the background, as the next command starts it: this one would not end.
    commands.remove(serve)
    words = {".local/cloud": str(data), "TYPE": "ml.m5.large", "INSTANCES": "3", "SECONDS": "60"}
    try:
        for command in commands:
            if "JOB" in command:
                words["JOB"] = training_spot_job(data)
            text = re.sub(r" \[[^]]*\]", "", command)
            filled = [words.get(word, word) for word in shlex.split(text)]
            assert filled[0] == "python"
            run([sys.executable, *filled[1:]])
        assert "/localcloud/" in run(
            [sys.executable, "-m", "localcloud", "status", "--data", str(data)]
        )
    finally:
        daemon.stop(data)


def training_spot_job(data: Path) -> str:
    server = daemon.find(data)
    assert server is not None
    cloud = Cloud(server, data)
    time.sleep(ROLE_DELAY_SECONDS)  # until the service sees the new role
    name = cloud.create(LISTEN, **SPOT)
    cloud.wait_for_line(name, "running")
    return name


def test_awss_command_line_works_with_the_documents_variables(cloud: Cloud):
    port = str(cloud.server.port)
    variables = dict(
        word.replace("<port>", port).split("=", 1)
        for word in shlex.split(BLOCKS[1])
        if word != "export"
    )
    variables |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
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
