"""The page on training jobs: its jobs break no rule, and its script runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.instances import training_instance_types
from components.stack.configuration import parse
from tests.components.training_job.code_channel.container import Container

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


@pytest.mark.parametrize("jobs", EXAMPLES, ids=lambda jobs: next(iter(jobs)))
def test_an_example_of_fine_tuning_uses_all_accelerators(jobs: dict[str, Any]) -> None:
    """Without torchrun the example trains on one GPU, and refuses several hosts."""
    settings, _ = parse({"team": "research", "jobs": jobs}, PROJECT)
    for job in settings.jobs.values() if settings else ():
        groups = [group for variant in job.variants for group in variant.groups]
        processes = [
            training_instance_types()[each.instance_type].accelerators * each.instance_count
            for each in groups
        ]
        if job.source and job.source.dir == "examples/finetune" and max(processes) > 1:
            assert job.distribution == "torchrun"


def test_the_example_of_a_script_runs_and_goes_on_from_its_checkpoints(tmp_path: Path) -> None:
    [script] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    container = Container(tmp_path / "ml")
    for _ in range(2):
        done = container.run_script(f"{script}print('ends after', step)")
        assert done.stdout.endswith("ends after 1000\n"), done.stderr
    kept = sorted(path.name[5:14] for path in (container.base / "checkpoints").iterdir())
    assert kept == ["000000800", "000000900", "000001000"]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 5
