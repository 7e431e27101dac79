"""How a training job ended, with its metrics. No AWS, no Pulumi."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from components.training_job.run.job_state import State, progress
from components.training_job.run.outcome import outcome_of


def result_of(description: Mapping[str, Any]) -> State:
    """How a job ended, with the last value of each metric.

    The engine would turn a value that is no finite number into a mapping, where other stacks
    expect a number.
    """
    values = _last_values(description)
    finite = {name: value for name, value in values.items() if math.isfinite(value)}
    return progress(description) | {"metrics": finite}


def warnings_of(description: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the metrics of a job.

    Nothing else shows that the expression of a metric matches no line.
    """
    name, values = description["TrainingJobName"], _last_values(description)
    for metric, value in values.items():
        if not math.isfinite(value):
            yield f"{name} ended with {metric} = {value}"
    if outcome_of(description) != "completed":
        return
    for each in description["AlgorithmSpecification"].get("MetricDefinitions", []):
        if each["Name"] not in values:
            yield (
                f"{name} has no value of {each['Name']}: its expression '{each['Regex']}' matched "
                "no line of the log. A corrected one counts from the next launch on"
            )


def _last_values(description: Mapping[str, Any]) -> dict[str, float]:
    metrics = description.get("FinalMetricDataList", [])
    return {metric["MetricName"]: float(metric["Value"]) for metric in metrics}
