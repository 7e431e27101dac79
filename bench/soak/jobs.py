"""The jobs of a soak: what each is and what happens to it, by a seed, and how it may end.

`plan` draws, `request` makes the CreateTrainingJob request, `problems` judges: all pure functions.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from bench.local_cloud import BUCKET, ROLE
from bench.soak.train import FAILED

Document = dict[str, Any]
Behaviour = Literal["completes", "fails", "crashes", "exceeds", "stubborn", "forks", "prints"]

BEHAVIOURS: dict[Behaviour, int] = {
    "completes": 6,
    "fails": 2,
    "crashes": 1,
    "exceeds": 1,
    "stubborn": 1,
    "forks": 2,
    "prints": 1,
}
"""What a job's script does, and how often compared with the others."""
PHASES = ("Starting", "Downloading", "Training", "Uploading", "Interrupted")
LOST = "Lost"
"""The end of a job whose creation was lost with a killed server."""
ENDLESS = 1_000_000
"""More steps than a job can do."""
RUNTIME_SECONDS = 4
"""The maximum runtime of a job that exceeds it."""
_LONG_SECONDS = 3_600
_KEEP_ALIVE_SECONDS = 60
_CRASHED = 139
INSTANCE_TYPE = "ml.m5.large"


@dataclass(frozen=True)
class Stop:
    """When the owner stops a job."""

    phase: str
    """Not before the job's secondary status has been, or has passed, this one."""
    seconds: float
    """How much later."""


@dataclass(frozen=True)
class Job:
    """A job, and what is done to it."""

    name: str
    behaviour: Behaviour
    steps: int
    hosts: int = 1
    isolated: bool = True
    spot: bool = False
    """A spot job has checkpoints."""
    subnet: bool = False
    mode: str = ""
    """The input mode of its channel; empty without input."""
    metrics: bool = False
    warm_pool: bool = False
    creators: int = 1
    """How many clients create it at the same time."""
    stop: Stop | None = None
    interruptions: tuple[tuple[float, bool], ...] = ()
    """Seconds of training before each interruption by hand, and whether it is abrupt."""
    faults: tuple[Document, ...] = ()
    """The faults of requests, as the local cloud takes them."""


@dataclass(frozen=True)
class Observed:
    """A counter in a job's checkpoints in the bucket."""

    time: float
    steps: int


@dataclass(frozen=True)
class Window:
    """The changes between these times were lost with a killed server; epoch seconds."""

    since: float
    until: float

    def has(self, time: float) -> bool:
        """Whether a change at a time may have been lost."""
        return self.since <= time <= self.until


@dataclass
class History:
    """What was done to a job, and what was seen of it. Times are epoch seconds."""

    created: float = 0.0
    """When its creation was answered."""
    accepted: int = 0
    """How many creations were accepted."""
    is_doubtful: bool = False
    """Whether a server ended, or a request was lost, while the job was created."""
    stops: list[float] = field(default_factory=list)
    """When each stop that was accepted was answered."""
    is_stop_doubtful: bool = False
    """Whether the answer to a stop was lost."""
    observed: list[Observed] = field(default_factory=list)
    lost: list[Window] = field(default_factory=list)
    description: Document | None = None
    """The job's description at its end; None if it is not there any more."""
    model: dict[str, str] | None = None
    """The files of its model; None without one."""
    lines: list[list[str]] = field(default_factory=list)
    """The log lines of each host, in their order."""

    @property
    def end(self) -> str:
        """The secondary status of the job's end."""
        return LOST if self.description is None else str(self.description["SecondaryStatus"])

    def kept(self, time: float) -> bool:
        """Whether a change at a time is sure to have survived."""
        return not any(window.has(time) for window in self.lost)


def ended_at(description: Document | None) -> float | None:
    """When a job ended, in epoch seconds; None if it runs or is not there."""
    end = (description or {}).get("TrainingEndTime")
    return None if end is None else float(end.timestamp())


def plan(seed: int) -> Iterator[Job]:
    """Draws jobs without end; those of a seed are always the same."""
    for number in itertools.count(1):
        chance = random.Random(f"{seed}/{number}")  # noqa: S311  # nothing secret
        yield _draw(chance, f"soak-{seed}-{number}")


def _draw(chance: random.Random, name: str) -> Job:
    behaviour = chance.choices(list(BEHAVIOURS), list(BEHAVIOURS.values()))[0]
    endless = behaviour in {"exceeds", "stubborn"}
    spot = chance.random() < 0.5
    stopped = behaviour == "stubborn" or chance.random() < 0.25
    stop = Stop(chance.choice(PHASES), chance.choice([0, chance.uniform(0, 1.5)]))
    if behaviour == "stubborn":
        stop = Stop("Training", stop.seconds)
    return Job(
        name=name,
        behaviour=behaviour,
        steps=ENDLESS if endless else chance.choice([1, chance.randint(2, 60)]),
        hosts=chance.choice([1, 1, 1, 2]),
        isolated=chance.random() < 0.5,
        spot=spot,
        subnet=chance.random() < 0.3,
        mode=chance.choice(["", "File", "Pipe", "FastFile"]),
        metrics=chance.random() < 0.3,
        warm_pool=not spot and chance.random() < 0.3,
        creators=chance.choice([1, 1, 1, 3]),
        stop=stop if stopped else None,
        interruptions=tuple(
            (chance.uniform(0, 1.5), chance.random() < 0.5)
            for _ in range(chance.choice([0, 0, 1, 2]) if spot else 0)
        ),
        faults=tuple(_faults(chance, name)) if chance.random() < 0.25 else (),
    )


def _faults(chance: random.Random, name: str) -> Iterator[Document]:
    """Faults of S3's requests for a job's objects, or of SageMaker's requests."""
    fault = {
        "answer": chance.choice(["throttle", "cut", "expired"]),
        "effect": chance.random() < 0.5,
        "times": chance.randint(1, 3),
        "skip": chance.choice([0, 0, 1]),
    }
    place = chance.choice(["input", "checkpoints", "output", "sagemaker"])
    if place == "sagemaker":
        operation = chance.choice(["Create", "Describe", "Stop", "List"])
        yield {"service": place, "operation": f"{operation}TrainingJob*"} | fault
    else:
        method = "GET" if place == "input" else "PUT"
        path = f"/{BUCKET}/{place}/{name}/*"
        yield {"service": "s3", "method": method, "path": path} | fault


def request(job: Job, network: Document) -> Document:
    """The CreateTrainingJob request of a job; `network` is the VpcConfig of a job in a subnet."""
    place = f"s3://{BUCKET}"
    argument = {"behaviour": job.behaviour, "steps": job.steps, "mode": job.mode}
    algorithm: Document = {
        "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/soak:1",
        "TrainingInputMode": "File",
        "ContainerEntrypoint": ["python3", "/opt/ml/input/data/code/train.py"],
        "ContainerArguments": [json.dumps(argument)],
    }
    if job.metrics:
        algorithm["MetricDefinitions"] = [{"Name": "loss", "Regex": r"loss=([0-9.]+)"}]
    channels = [_channel("code", f"{place}/input/{job.name}/code/", "File")]
    if job.mode:
        channels.append(_channel("numbers", f"{place}/input/{job.name}/numbers/", job.mode))
    resources: Document = {
        "InstanceType": INSTANCE_TYPE,
        "InstanceCount": job.hosts,
        "VolumeSizeInGB": 10,
    }
    if job.warm_pool:
        resources["KeepAlivePeriodInSeconds"] = _KEEP_ALIVE_SECONDS
    runtime = RUNTIME_SECONDS if job.behaviour == "exceeds" else _LONG_SECONDS
    condition = {"MaxRuntimeInSeconds": runtime}
    more: Document = {"VpcConfig": network} if job.subnet else {}
    if job.spot:
        condition["MaxWaitTimeInSeconds"] = 2 * _LONG_SECONDS
        more["CheckpointConfig"] = {"S3Uri": f"{place}/checkpoints/{job.name}/"}
    return {
        "TrainingJobName": job.name,
        "RoleArn": ROLE,
        "AlgorithmSpecification": algorithm,
        "InputDataConfig": channels,
        "OutputDataConfig": {"S3OutputPath": f"{place}/output"},
        "ResourceConfig": resources,
        "StoppingCondition": condition,
        "EnableNetworkIsolation": job.isolated,
        "EnableManagedSpotTraining": job.spot,
        **more,
    }


def _channel(name: str, uri: str, mode: str) -> Document:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri}
    return {"ChannelName": name, "InputMode": mode, "DataSource": {"S3DataSource": source}}


def possible_ends(job: Job, history: History) -> frozenset[str]:
    """The ends that a job may have had, by its plan and by what was done to it.

    `Lost` if its record may be gone.
    """
    ends = {_end_by_itself(job)}
    if may_lose_data(job) or history.is_doubtful:
        ends.add("Failed")
    if any(history.kept(time) for time in history.stops):
        # A failure or a limit may come before the stop does, but the job can't complete after it,
        # unless its end came while the stop was answered.
        if "Completed" in ends and not _ended_before(history, min(history.stops)):
            ends.remove("Completed")
        ends.add("Stopped")
    elif history.stops or history.is_stop_doubtful:
        ends.add("Stopped")
    if history.is_doubtful or not history.kept(history.created):
        ends.add(LOST)
    return frozenset(ends)


def may_lose_data(job: Job) -> bool:
    """Whether faults may keep a job from its input or its output; checkpoints are tried again."""
    return any("input" in fault["path"] or "output" in fault["path"] for fault in _of_s3(job))


def _of_s3(job: Job) -> list[Document]:
    return [fault for fault in job.faults if fault["service"] == "s3"]


def _end_by_itself(job: Job) -> str:
    if job.behaviour in {"fails", "crashes"}:
        return "Failed"
    return "MaxRuntimeExceeded" if job.behaviour == "exceeds" else "Completed"


def _ended_before(history: History, time: float) -> bool:
    end = ended_at(history.description)
    return end is not None and end <= time


def problems(job: Job, history: History) -> list[str]:
    """What is wrong with how a job has ended, as sentences; none if nothing is."""
    found: list[str] = []
    ends = possible_ends(job, history)
    if history.end not in ends:
        found.append(f"it ended as {history.end}, not as {' or '.join(sorted(ends))}")
    if history.accepted > 1 and not history.is_doubtful:
        found.append(f"{history.accepted} creations of it were accepted")
    found += _wrong_failure(job, history)
    if history.end == "Completed" and history.model != _whole_model(job):
        found.append(f"its model is {history.model}, not {_whole_model(job)}")
    found += _steps_back(history)
    if any(ran_twice_at_once(lines) for lines in history.lines):
        found.append("it ran twice at once: the lines of two attempts are mixed in its log")
    return found


def _wrong_failure(job: Job, history: History) -> Iterator[str]:
    reason = (history.description or {}).get("FailureReason", "")
    if history.end != "Failed":
        return
    expected: tuple[str, ...] = {
        "fails": (f"AlgorithmError: failed as planned, exit code: {FAILED}",),
        "crashes": (f"AlgorithmError: , exit code: {_CRASHED}",),
    }.get(job.behaviour, ())
    if may_lose_data(job) or history.is_doubtful:
        expected += ("ClientError: ", "InternalServerError: ")
    if not reason.startswith(expected):
        yield f"it failed for another reason: {reason}"


def _whole_model(job: Job) -> dict[str, str]:
    return {f"steps-algo-{number}": str(job.steps) for number in range(1, job.hosts + 1)}


def _steps_back(history: History) -> Iterator[str]:
    """Reports counters in the bucket that are behind one that was there before."""
    kept = [each for each in history.observed if history.kept(each.time)]
    for before, after in itertools.pairwise(kept):
        if after.steps < before.steps:
            yield f"its checkpoint went back from step {before.steps} to {after.steps}"


def ran_twice_at_once(lines: Sequence[str]) -> bool:
    """Whether the lines of two attempts are mixed: one goes on after another has begun.

    Each line that counts begins with the identifier of its attempt.
    """
    words = (line.split() for line in lines)
    owners = [each[0] for each in words if len(each) > 1 and each[1] in {"begins", "step"}]
    turns = [owner for owner, _ in itertools.groupby(owners)]
    return len(turns) > len(set(turns)) or any("twice at once" in line for line in lines)
