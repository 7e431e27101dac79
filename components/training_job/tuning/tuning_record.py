"""What is kept of a tuning job beside its trials' output: `run.json`, and `trials.json`.

The first says what it was launched with, the second what each trial was and became.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from components.training_job.code_channel.source_control import Revision
from components.training_job.request.definition import definition_of
from components.training_job.request.job_tags import HASH_TAG, LINEAGE_TAG
from components.training_job.request.service_model import tuning_shape
from components.training_job.request.tuning_request import training_view
from components.training_job.run.run_record import FORMAT, record_of_launch, record_uri
from components.training_job.tuning.trials import Trial

_MEMBERS = frozenset(each.name for each in fields(Trial))
_NOT_OF_THE_RUN = frozenset({"Tags", "HyperParameterTuningJobName"})


def tuning_record(
    inputs: Mapping[str, Any],
    description: Mapping[str, Any],
    revision: Revision,
    launched: datetime,
) -> dict[str, Any]:
    """The record of a tuning job's launch, from the job's inputs and its description."""
    request = {key: description[key] for key in tuning_shape().members if key in description}
    sent = {key: value for key, value in request.items() if key not in _NOT_OF_THE_RUN}
    definition = definition_of(
        inputs["request"], inputs["source_hash"], inputs["run_id"], inputs["tuning"]
    )
    return {
        "tuning_job": description["HyperParameterTuningJobName"],
        "definition": definition,
        "request": sent,
        **record_of_launch(inputs, training_view(request), revision, launched),
    }


def trials_record(
    description: Mapping[str, Any], tags: Mapping[str, str], trials: Sequence[Trial]
) -> dict[str, Any]:
    """The table of a tuning job's trials, with those of the attempts before it, by its own tags."""
    return {
        "format": FORMAT,
        "tuning_job": description["HyperParameterTuningJobName"],
        "lineage": tags.get(LINEAGE_TAG, ""),
        "definition_hash": tags.get(HASH_TAG, ""),
        "objective": description["HyperParameterTuningJobConfig"][
            "HyperParameterTuningJobObjective"
        ],
        "trials": [asdict(each) for each in trials],
    }


def trials_kept(record: Mapping[str, Any]) -> list[Trial]:
    """The trials in such a table; what a later version adds to them is not read."""
    rows: list[dict[str, Any]] = record["trials"]
    return [Trial(**{key: row[key] for key in row.keys() & _MEMBERS}) for row in rows]


def uri_of(description: Mapping[str, Any], document: str) -> str:
    """Where a tuning job's document is, beside the folders of its trials."""
    output = description["TrainingJobDefinition"]["OutputDataConfig"]
    return record_uri(output, description["HyperParameterTuningJobName"], document)
