"""What clients do in a soak: the life of one job, and calls that only look."""

from __future__ import annotations

import io
import random
import tarfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import ClientError

from bench.local_cloud import BUCKET
from bench.soak import train
from bench.soak.jobs import PHASES, Document, History, Job, Observed, ended_at, request
from bench.soak.server import GONE, Soaked
from localcloud.sagemaker.monitoring.log_streams import GROUP

_POLL_SECONDS = 0.2
_LONGEST_SECONDS = 180.0
_SCRIPT = Path(train.__file__).read_bytes()
_TAKEN = "ResourceInUse"


class HungError(Exception):
    """A job did not end in time."""


@dataclass
class Life:
    """The life of one job, from the upload of its input to the deletion of all that it left."""

    cloud: Soaked
    job: Job
    history: History = field(default_factory=History)
    interruptions: int = 0
    _trained: float = 0.0
    """When it was first seen in training."""
    _reached: float = 0.0
    """When it was first seen in, or after, the phase in which it is to be stopped."""
    _asked: int = 0

    def live(self) -> None:
        """Creates the job, does what its plan says, waits for its end, and reads its results."""
        cloud, job = self.cloud, self.job
        cloud.add_faults(job.name, [dict(each) for each in job.faults])
        try:
            self._create()
            self._attend()
        finally:
            cloud.remove_faults(job.name)
        self._read_results()
        while self._was_end_lost():
            self._attend()
            self._read_results()

    def _was_end_lost(self) -> bool:
        """Whether a killed server has forgotten the end that was read, so that the job runs again.

        It may not have: a snapshot has what happens while it is taken, too.
        """
        self.history.lost = list(self.cloud.windows)
        end = ended_at(self.history.description)
        sure = end is None or self.history.kept(end)
        return not sure and ended_at(self.describe()) != end

    def _create(self) -> None:
        ends = self.cloud.ends.total()
        try:
            self._put("code/train.py", _SCRIPT)
            if self.job.mode:
                self._put("numbers/part", train.CONTENT)
            with ThreadPoolExecutor(self.job.creators) as pool:
                list(pool.map(lambda _: self._create_once(), range(self.job.creators)))
        except ClientError:
            # A server that was killed meanwhile has lost the input.
            if self.cloud.ends.total() == ends:
                raise
            self._create()
        self.history.created = time.time()
        self.history.is_doubtful |= self.cloud.ends.total() != ends

    def _create_once(self) -> None:
        def doubt() -> None:
            self.history.is_doubtful = True

        wanted = request(self.job, self.cloud.network)
        try:
            self.cloud.call(lambda: self.cloud.sagemaker.create_training_job(**wanted), lost=doubt)
        except ClientError as error:
            if error.response["Error"]["Code"] != _TAKEN:
                raise
        else:
            self.history.accepted += 1

    def _put(self, key: str, body: bytes) -> None:
        name = f"input/{self.job.name}/{key}"
        self.cloud.call(lambda: self.cloud.s3.put_object(Bucket=BUCKET, Key=name, Body=body))

    def _attend(self) -> None:
        """Watches the job until it has ended, and does to it what is planned."""
        deadline = time.monotonic() + _LONGEST_SECONDS
        while (found := self.describe()) is not None:
            if found["TrainingJobStatus"] not in {"InProgress", "Stopping"}:
                break
            self._observe()
            self._maybe_interrupt(found)
            self._maybe_stop(found)
            if time.monotonic() > deadline:
                raise HungError(f"it has not ended after {_LONGEST_SECONDS:g} s: {found}")
            time.sleep(_POLL_SECONDS)
        self.history.description = found

    def describe(self) -> Document | None:
        """The job's description; None if it is not there."""
        describe = self.cloud.sagemaker.describe_training_job
        return self.cloud.if_there(lambda: describe(TrainingJobName=self.job.name))

    def _observe(self) -> None:
        """Notes the first host's counter in the bucket."""
        if not self.job.spot:
            return
        key = f"checkpoints/{self.job.name}/algo-1"
        now = time.time()
        content = self._object(key)
        if content is not None:
            self.history.observed.append(Observed(now, int(content)))

    def _object(self, key: str) -> bytes | None:
        def read() -> Document:
            return {"": self.cloud.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()}

        found = self.cloud.if_there(read)
        return None if found is None else found[""]

    def _maybe_interrupt(self, found: Document) -> None:
        if found["SecondaryStatus"] != "Training" or self._asked >= len(self.job.interruptions):
            self._trained = 0.0
            return
        self._trained = self._trained or time.monotonic()
        seconds, abrupt = self.job.interruptions[self._asked]
        if time.monotonic() - self._trained >= seconds:
            self._asked += self.cloud.interrupt(self.job.name, abrupt=abrupt)
            self._trained = 0.0

    def _maybe_stop(self, found: Document) -> None:
        """Stops the job when it is time to, and again if a killed server has forgotten it."""
        stop = self.job.stop
        rows = [row["Status"] for row in found["SecondaryStatusTransitions"]]
        if stop is None or found["TrainingJobStatus"] == "Stopping":
            return
        if stop.phase in rows or PHASES.index(rows[-1]) > PHASES.index(stop.phase):
            self._reached = self._reached or time.monotonic()
        if not self._reached or time.monotonic() - self._reached < stop.seconds:
            return

        def doubt() -> None:
            self.history.is_stop_doubtful = True

        name = {"TrainingJobName": self.job.name}
        try:
            self.cloud.call(lambda: self.cloud.sagemaker.stop_training_job(**name), lost=doubt)
        except ClientError as error:
            if error.response["Error"]["Code"] not in GONE:
                raise
        else:
            self.history.stops.append(time.time())

    def _read_results(self) -> None:
        self._observe()
        name = self.job.name
        archive = self._object(f"output/{name}/output/model.tar.gz")
        self.history.model = None if archive is None else _files(archive)
        found = self.history.description or {}
        rows = [row["Status"] for row in found.get("SecondaryStatusTransitions", [])]
        self.interruptions = rows.count("Interrupted")
        hosts = [f"{name}/algo-{number}" for number in range(1, self.job.hosts + 1)]
        self.history.lines = [self._lines(prefix) for prefix in hosts]

    def _streams(self, prefix: str) -> list[str]:
        find = self.cloud.logs.describe_log_streams
        found = (
            self.cloud.if_there(lambda: find(logGroupName=GROUP, logStreamNamePrefix=prefix)) or {}
        )
        return [stream["logStreamName"] for stream in found.get("logStreams", [])]

    def _lines(self, prefix: str) -> list[str]:
        events = []
        for stream in self._streams(prefix):
            read = self.cloud.logs.get_log_events
            place = {"logGroupName": GROUP, "logStreamName": stream}
            found = self.cloud.if_there(lambda: read(**place, startFromHead=True, limit=10_000))  # noqa: B023
            events += (found or {}).get("events", [])
        return [event["message"] for event in sorted(events, key=lambda each: each["timestamp"])]

    def remove(self) -> None:
        """Deletes the job's record, its log streams and its objects.

        A job whose end was lost with a killed server runs again, and is kept.
        """
        name, sagemaker = self.job.name, self.cloud.sagemaker
        update = {"TrainingJobName": name, "ResourceConfig": {"KeepAlivePeriodInSeconds": 0}}
        if self.job.warm_pool:
            self.cloud.if_there(lambda: sagemaker.update_training_job(**update))
        try:
            self.cloud.if_there(lambda: sagemaker.delete_training_job(TrainingJobName=name))
        except ClientError as error:
            if error.response["Error"]["Code"] != _TAKEN:
                raise
            return
        for stream in self._streams(f"{name}/"):
            place = {"logGroupName": GROUP, "logStreamName": stream}
            self.cloud.if_there(lambda: self.cloud.logs.delete_log_stream(**place))  # noqa: B023
        for folder in ("input", "checkpoints", "output"):
            self._delete_objects(f"{folder}/{name}/")

    def _delete_objects(self, prefix: str) -> None:
        s3 = self.cloud.s3
        listed = self.cloud.call(lambda: s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix))
        keys = [{"Key": each["Key"]} for each in listed.get("Contents", [])]
        if keys:
            self.cloud.call(lambda: s3.delete_objects(Bucket=BUCKET, Delete={"Objects": keys}))


def _files(archive: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as file:
        members = [(member.name, file.extractfile(member)) for member in file if member.isfile()]
        return {name: content.read().decode() for name, content in members if content}


def look(cloud: Soaked, chance: random.Random, ended: threading.Event) -> None:
    """Lists, searches and describes jobs of others, until the end."""
    sagemaker = cloud.sagemaker
    while not ended.wait(chance.uniform(0, 0.3)):
        cloud.call(lambda: sagemaker.search(Resource="TrainingJob", MaxResults=20))
        listed = cloud.call(lambda: sagemaker.list_training_jobs(MaxResults=20))
        if found := listed["TrainingJobSummaries"]:
            name = chance.choice(found)["TrainingJobName"]
            # It may have been deleted since.
            cloud.if_there(lambda: sagemaker.describe_training_job(TrainingJobName=name))  # noqa: B023
