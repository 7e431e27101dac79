"""A pack with the name of the organisation's, whose policies find nothing.

The file next to it, policies.json, lists their names.
"""

import json
from pathlib import Path

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)


def _find_nothing(_args: ResourceValidationArgs, _report: ReportViolation) -> None:
    pass


PolicyPack(
    "sagemaker-training",
    [
        ResourceValidationPolicy(name, "Checks nothing.", _find_nothing, EnforcementLevel.MANDATORY)
        for name in json.loads(Path("policies.json").read_text())
    ],
)
