"""What makes a run what it is: a part of its request, and the hash of that.

The provider knows only a job's request, so this needs no settings.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

CODE_CHANNEL = "code"

MACHINE_LEARNING_ROOT = "/opt/ml"

LAUNCHER = "launcher.py"
"""The launcher's name in the code channel: that of the script that it once was.

The container's entry point is part of a job's definition, so that another name would stop and
relaunch every running job. Python looks at what a file is, and not at its name.
"""

Request = dict[str, Any]
"""The members of a CreateTrainingJob request."""


_TUNED = (
    "Strategy",
    "StrategyConfig",
    "HyperParameterTuningJobObjective",
    "ParameterRanges",
    "RandomSeed",
)
"""The members of a HyperParameterTuningJobConfig that say what is tried. The others limit it."""

LAUNCHER_COMMAND = ("python3", f"{MACHINE_LEARNING_ROOT}/input/data/{CODE_CHANNEL}/{LAUNCHER}")
"""How a training job's container starts the launcher; its arguments follow."""


def definition_of(
    request: Request, source_hash: str, run_id: str, tuning: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The part of a request that makes a run what it is, and the place of its artifacts.

    `tuning` is the HyperParameterTuningJobConfig of a job that is tuned.

    Metric definitions are left out, as they change what is read from the log and not what is
    run. The code channel is left out, too: the source counts by the hash of its contents.
    """
    algorithm = request["AlgorithmSpecification"]
    resources = request["ResourceConfig"]
    return {
        "algorithm": {k: v for k, v in algorithm.items() if k != "MetricDefinitions"},
        "hyperparameters": request.get("HyperParameters", {}),
        "environment": request.get("Environment", {}),
        "inputs": [
            channel
            for channel in request.get("InputDataConfig", [])
            if channel["ChannelName"] != CODE_CHANNEL
        ],
        "instances": resources.get("InstanceGroups")
        or resources.get("InstancePreferences")
        or [resources.get("InstanceType"), resources.get("InstanceCount")],
        "artifacts": request["OutputDataConfig"]["S3OutputPath"],
        "source": source_hash,
        "run": run_id,
        **({} if tuning is None else {"tuning": {k: tuning[k] for k in _TUNED if k in tuning}}),
    }


def as_text(value: str | float | bool) -> str:
    """A hyperparameter as the API takes it: texts as they are, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def definition_hash(definition: Mapping[str, Any]) -> str:
    """Eight hexadecimal digits of SHA-256 over the definition's canonical JSON."""
    canonical = json.dumps(definition, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:8]
