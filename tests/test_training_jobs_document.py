"""The page on training jobs: each of its examples is a job that breaks no rule."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from settings import parse

PROJECT = Path(__file__).parents[1]
PAGE = (PROJECT / "docs" / "training-jobs.md").read_text()
EXAMPLES = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


@pytest.mark.parametrize("jobs", EXAMPLES, ids=lambda jobs: next(iter(jobs)))
def test_an_example_breaks_no_rule(jobs: dict[str, Any]) -> None:
    network = {"interfaceEndpoints": ["secretsmanager"]}
    settings, problems = parse({"team": "research", "jobs": jobs, "network": network}, PROJECT)
    assert problems == []
    assert settings is not None
    assert settings.jobs.keys() == jobs.keys()


def test_there_are_examples_and_every_link_leads_to_a_file() -> None:
    assert len(EXAMPLES) > 5
    for target in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (PROJECT / "docs" / target).exists(), target
