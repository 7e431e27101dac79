from __future__ import annotations

from toolchain.progress import Step
from toolchain.python_packages import _PipWatcher


def test_pips_output_becomes_how_far_it_is():
    step = Step("Python packages")
    watch = _PipWatcher(step, 3)
    told = []
    for line in (
        "Collecting dill~=0.4 (from pulumi==3.220.0)",
        "Requirement already satisfied: boto3==1.42.97 in ./.venv/lib (from -r requirements.txt)",
        "  Using cached dill-0.4.0-py3-none-any.whl.metadata (10 kB)",
        "Requirement already satisfied: boto3==1.42.97 in ./.venv/lib (from moto)",
        "Installing collected packages: dill, moto",
    ):
        watch.read(line)
        told.append(step.detail)
    assert told == [
        "1 of 3 packages looked up, dill",
        "2 of 3 packages looked up, boto3",
        "2 of 3 packages looked up, boto3",
        "2 of 3 packages looked up, boto3",
        "unpacking 2 packages",
    ]
