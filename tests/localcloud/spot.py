"""Spot jobs, and how they are interrupted."""

from __future__ import annotations

from typing import Any

from typer.testing import CliRunner, Result

from localcloud.__main__ import app
from tests.localcloud.cloud import Cloud, eventually

SPOT = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 600},
}
# Begins, waits to be interrupted, and at the second start ends well.
TWICE = """
import os, pathlib, signal, sys, time
ml = pathlib.Path('/opt/ml')
checkpoint = ml / 'checkpoints' / os.uname().nodename
def end(*_):
    checkpoint.write_text('graceful')
    print('heard')
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
if checkpoint.exists():
    print('resumed', checkpoint.read_text())
    (ml / 'model' / 'second').touch()
    sys.exit(0)
(ml / 'model' / 'first').touch()
checkpoint.write_text('running')
while not checkpoint.with_name(checkpoint.name + '.sagemaker-uploaded').exists():
    time.sleep(0.02)
print('begun')
time.sleep(600)
"""


def interrupt(cloud: Cloud, name: str, *options: str) -> Result:
    arguments = ["interrupt", name, "--data", str(cloud.data), *options]
    return CliRunner().invoke(app, arguments)


def begin(cloud: Cloud, name: str, hosts: int = 1) -> None:
    eventually(lambda: True if cloud.lines(name).count("begun") == hosts else None)


def rows(job: dict[str, Any]) -> list[str]:
    return [row["Status"] for row in job["SecondaryStatusTransitions"]]
