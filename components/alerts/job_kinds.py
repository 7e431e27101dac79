"""What messages say of the two kinds of jobs that alerts are about.

The trials of a tuning job are training jobs of SageMaker. No alert is about one of them: their
names do not begin as those of the stack's training jobs do.
"""

from __future__ import annotations

from dataclasses import dataclass

from components.training_job.aws import sagemaker_jobs
from components.training_job.aws.sagemaker_jobs import JobKind


@dataclass(frozen=True)
class AlertedKind:
    """A kind of job, with its names in events, in the console and in messages.

    Attributes:
        job: its names in the API.
        noun: what messages call such a job.
        event: the detail-type of an event about its status.
        page: the part of the console's address that its page has.
        streams: what follows its name in the names of its log streams.
        kept: what is left when it is stopped.
    """

    job: JobKind
    noun: str
    event: str
    page: str
    streams: str
    kept: str


TRAINING_JOB = AlertedKind(
    job=sagemaker_jobs.TRAINING_JOB,
    noun="training job",
    event="SageMaker Training Job State Change",
    page="jobs",
    streams="/",
    kept="checkpoints",
)

TUNING_JOB = AlertedKind(
    job=sagemaker_jobs.TUNING_JOB,
    noun="tuning job",
    event="SageMaker HyperParameter Tuning Job State Change",
    page="hyper-tuning-jobs",
    # A tuning job has no log of its own. The names of its trials begin with its name.
    streams="-",
    kept="trials",
)
