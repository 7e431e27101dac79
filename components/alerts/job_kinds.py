"""The two kinds of jobs that alerts are about: training jobs and tuning jobs.

The trials of a tuning job are training jobs of SageMaker. No alert is about one of them: their
names do not begin as those of the stack's training jobs do.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class JobKind:
    """A kind of job, with its names in the API, in events and in the console.

    Attributes:
        noun: what messages call such a job.
        api: what the API calls it, as in StopTrainingJob and TrainingJobStatus.
        event: the detail-type of an event about its status.
        page: the part of the console's address that its page has.
        streams: what follows its name in the names of its log streams.
        kept: what is left when it is stopped.
    """

    noun: str
    api: str
    event: str
    page: str
    streams: str
    kept: str

    @property
    def name(self) -> str:
        """The member of the API, and of an event's detail, that has a job's name."""
        return f"{self.api}Name"

    @property
    def arn(self) -> str:
        """The member of the API that has a job's ARN."""
        return f"{self.api}Arn"

    @property
    def status(self) -> str:
        """The member of the API, and of an event's detail, that has a job's status."""
        return f"{self.api}Status"


TRAINING_JOB = JobKind(
    noun="training job",
    api="TrainingJob",
    event="SageMaker Training Job State Change",
    page="jobs",
    streams="/",
    kept="checkpoints",
)

TUNING_JOB = JobKind(
    noun="tuning job",
    api="HyperParameterTuningJob",
    event="SageMaker HyperParameter Tuning Job State Change",
    page="hyper-tuning-jobs",
    # A tuning job has no log of its own. The names of its trials begin with its name.
    streams="-",
    kept="trials",
)
