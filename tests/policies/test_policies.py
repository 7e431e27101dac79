"""docs/policies.md: its configuration is one, its example runs, and it leaves out no limit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from toolchain.layout import CHECKOUT
from training_policies.configuration import read_configuration
from training_policies.configuration_schema import configuration_schema
from training_policies.pack import POLICIES
from training_policies.quotas import QUOTA_POLICIES
from training_policies.quotas.quota import LIMITS_SCHEMA

TEXT = (CHECKOUT / "docs" / "policies.md").read_text()


def block(language: str) -> str:
    [found] = re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    return str(found)


def test_the_configuration_in_the_document_can_be_used(tmp_path: Path):
    file = tmp_path / "configuration.json"
    file.write_text(block("json"))
    configuration = read_configuration(file, POLICIES)
    assert [exemption.policy for exemption in configuration.exemptions] == ["quota-spot-only"]


def test_the_policy_in_the_document_does_what_it_says():
    names: dict[str, Any] = {}
    exec(compile(block("python"), "docs/policies.md", "exec"), names)  # noqa: S102
    assert names["KEPT"].name == "bucket-kept"


def test_every_limit_and_every_key_is_in_the_document():
    keys = [*LIMITS_SCHEMA["properties"], *configuration_schema(POLICIES)["properties"]]
    for name in [*keys, *(policy.name for policy in QUOTA_POLICIES)]:
        assert f"`{name}`" in TEXT or f'"{name}"' in TEXT, name
