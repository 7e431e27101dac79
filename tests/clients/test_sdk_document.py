"""The page for those who come from the SageMaker SDK: it names the arguments that the SDKs have."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest

from tests.clients.clients import environment_of
from toolchain.layout import CHECKOUT

pytestmark = pytest.mark.clients

PAGE = (CHECKOUT / "docs" / "from-the-sagemaker-sdk.md").read_text()
TABLE = PAGE.split("\n## Argument by argument\n", 1)[1].split("\n## ", 1)[0]
SDK_2 = """
import inspect, json
from sagemaker.estimator import Estimator
from sagemaker.pytorch import PyTorch
names = {name for each in (Estimator, PyTorch) for name in inspect.signature(each).parameters}
print(json.dumps(sorted(names - {"kwargs"})))
"""
SDK_3 = """
import json
from sagemaker.core.shapes import StoppingCondition
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, SourceCode
fields = sorted(ModelTrainer.model_fields)
methods = [name for name in dir(ModelTrainer) if name.startswith(("with_", "from_"))]
parts = [name for each in (Compute, SourceCode, StoppingCondition) for name in each.model_fields]
print(json.dumps([fields, methods, parts]))
"""


def names_in(column: int) -> set[str]:
    """The names in a column of the table of arguments."""
    rows = [line.split("|") for line in TABLE.splitlines() if line.startswith("| ")]
    return {name for row in rows[1:] for name in re.findall(r"`(\w+)`", row[column])}


def answer(client: str, script: str) -> Any:
    """What a script prints in a client's environment, as JSON, in its last line."""
    python = environment_of(client) / "bin" / "python"
    done = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_the_page_has_each_argument_of_the_estimators_of_version_2():
    assert names_in(1) == set(answer("sagemaker_2", SDK_2))


def test_the_page_has_each_argument_of_the_model_trainer_of_version_3():
    fields, methods, parts = answer("sagemaker_3", SDK_3)
    assert set(fields) <= names_in(2)
    assert names_in(2) <= {*fields, *methods, *parts}
