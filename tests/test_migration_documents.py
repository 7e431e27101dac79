"""The pages for those who come from Terraform or the SageMaker SDK: their settings exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.stack.configuration import NAMESPACE, parse
from components.training_job.request.service_model import member_shape

PROJECT = Path(__file__).parents[1]
TERRAFORM, SDK = (
    (PROJECT / "docs" / f"{name}.md").read_text()
    for name in ("from-terraform", "from-the-sagemaker-sdk")
)
SETTINGS = set(
    re.findall(r"^\| `(\w+)` \|", (PROJECT / "docs" / "configuration.md").read_text(), re.MULTILINE)
)
ROW = re.compile(r"^\| (.*) \|$", re.MULTILINE)


def example(page: str) -> Any:
    [text] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    return yaml.safe_load(text)


def test_the_stack_file_of_the_page_on_terraform_breaks_no_rule() -> None:
    config = example(TERRAFORM)["config"]
    prefix = f"{NAMESPACE}:"
    settings = {
        key.removeprefix(prefix): each for key, each in config.items() if key.startswith(prefix)
    }
    parsed, problems = parse(settings, PROJECT)
    assert problems == []
    assert parsed is not None
    assert parsed.enable_training_job is False
    assert f"checkpoints/{parsed.name_prefix}-llm/" in TERRAFORM


def test_the_job_of_the_page_on_the_sdk_breaks_no_rule() -> None:
    parsed, problems = parse({"team": "research", "jobs": example(SDK)}, PROJECT)
    assert problems == []
    assert parsed is not None


def settings_in(page: str, heading: str) -> set[str]:
    """The settings that the last column of a table names before its explanation."""
    section = page.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    cells = [row.split(" | ")[-1] for row in ROW.findall(section)]
    named = (re.split(r"[;:.] |: ", cell)[0] for cell in cells if not cell.startswith("none"))
    return {
        part
        for cell in named
        for path in re.findall(r"`([\w.]+)`", cell)
        for part in path.split(".")
    }


@pytest.mark.parametrize(
    ("page", "heading", "least"),
    [(TERRAFORM, "The arguments", 20), (SDK, "Argument by argument", 20)],
    ids=["terraform", "sdk"],
)
def test_the_settings_of_a_table_exist(page: str, heading: str, least: int) -> None:
    named = settings_in(page, heading)
    members = {name for name in named if name[0].isupper()}
    assert named - members - SETTINGS - {"torchrun", "jax"} == set()
    assert len(named) > least


def test_the_members_of_the_request_that_a_page_names_can_be_added_with_extra() -> None:
    named = set(re.findall(r"`((?:\w+\.)?[A-Z]\w+)`", "".join(re.findall(r"`extra`.*", SDK))))
    assert len(named) > 8
    for path in named:
        member_shape(path)  # raises an error if there is none
