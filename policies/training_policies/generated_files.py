"""Writes what follows from the policies: `python -m training_policies.generated_files`.

That is the schema of the configuration file, and the list of policies in README.md.
"""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path

from training_policies.configuration_schema import configuration_schema
from training_policies.pack import POLICIES
from training_policies.policy import Policy, Rule

_PACK = Path(__file__).parent.parent
SCHEMA_FILE = _PACK / "configuration.schema.json"
LIST_FILE = _PACK / "README.md"

_INTRODUCTION = """# Policies

<!-- Written by `python -m training_policies.generated_files` in this folder. -->

This folder is a Pulumi policy pack, for organisations whose teams train on Amazon SageMaker. It \
refuses a preview that exceeds a team's quotas, or lacks a security control. \
[docs/policies.md](../docs/policies.md) says how to use and configure it. It \
[has not run with the official CLI or on AWS yet](../README.md#what-has-not-been-verified-on-aws).

This is the list of its policies. A policy judges one resource at a time; those marked (stack) \
judge all resources of a stack together. Each policy is mandatory unless the configuration says \
otherwise. The controls are requirements of other frameworks that the policy helps to meet. The \
parameters can be set in the configuration.

| policy | severity | what it checks | controls | parameters |
|---|---|---|---|---|
"""


def schema_text() -> str:
    """The schema of this pack's configuration file, as it is written."""
    return json.dumps(configuration_schema(POLICIES), indent=2, ensure_ascii=False) + "\n"


def list_text() -> str:
    """The list of policies, as it is written."""
    return _INTRODUCTION + "".join(f"{_row(policy)}\n" for policy in POLICIES)


def _row(rule: Rule) -> str:
    name = f"`{rule.name}`" if isinstance(rule, Policy) else f"`{rule.name}` (stack)"
    by_framework = groupby(rule.controls, key=lambda control: control.framework)
    controls = "; ".join(
        f"{framework}: {', '.join(control.id for control in found)}"
        for framework, found in by_framework
    )
    parameters = ", ".join(f"`{parameter}`" for parameter in rule.parameters) or "–"
    checks = rule.description.removeprefix("Checks ").removesuffix(".")
    return f"| {name} | {rule.severity} | {checks} | {controls} | {parameters} |"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
    LIST_FILE.write_text(list_text(), encoding="utf-8")
