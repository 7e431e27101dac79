"""What is seen of a tuning job and of its trials, and the table of them that is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from components.artifact_layout import TRIALS_TABLE
from components.training_job.aws.errors import has_expired
from components.training_job.aws.sagemaker_jobs import TUNING_JOB
from components.training_job.run.run_record import write_record
from components.training_job.run.service_record import tags_of
from components.training_job.tuning.trials import Trial, trials_of_all_attempts
from components.training_job.tuning.tuning_outcome import has_ended
from components.training_job.tuning.tuning_record import trials_record, uri_of
from components.training_job.tuning.tuning_state import State, progress


def observed(
    client: Any, s3: Any, description: Mapping[str, Any], *, nothing_left: bool = False
) -> State:
    """The part of a tuning job's state that changes, with the trials of all its attempts.

    Once it has ended, the table of its trials is written, if it is not there yet. What is launched
    or stopped must be recorded, so trials that can't be read are only reported.
    """
    name = TUNING_JOB.name_of(description)
    try:
        trials = trials_of_all_attempts(client, description)
        table = _table(client, s3, description, trials)
    except (BotoCoreError, ClientError) as error:
        if has_expired(error):
            raise
        print(f"{name}: its trials can't be seen, so their cost is unknown: {error}")
        return progress(description, None, "", nothing_left=nothing_left)
    return progress(description, trials, table, nothing_left=nothing_left)


def keep_table(client: Any, s3: Any, description: Mapping[str, Any]) -> None:
    """Writes the table of a tuning job that has ended, if it is not there yet."""
    try:
        _table(client, s3, description, trials_of_all_attempts(client, description))
    except (BotoCoreError, ClientError) as error:
        if has_expired(error):
            raise
        name = TUNING_JOB.name_of(description)
        print(f"{name}: its trials can't be seen, so there is no table of them: {error}")


def _table(client: Any, s3: Any, description: Mapping[str, Any], trials: Sequence[Trial]) -> str:
    """Where the table of trials is; "" before the tuning job's end, or if it can't be written."""
    if not has_ended(description) or not all(each.has_ended for each in trials):
        return ""
    uri, tags = uri_of(description, TRIALS_TABLE), tags_of(client, TUNING_JOB.arn_of(description))
    return uri if write_record(s3, uri, trials_record(description, tags, trials)) else ""
