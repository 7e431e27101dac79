"""Measures the local cloud's runtime: start, checkpoints, artifacts, many jobs, memory.

    python -m bench.runtime

All numbers are from one local cloud that does nothing else. Throughput is compared with boto3,
which transfers the same bytes to the same server. A machine's speed varies, so the uploads take
turns, and a ratio is the median of the ratios of each turn.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bench.local_cloud import BUCKET, LocalCloud, local_cloud
from localcloud.server import process_table
from localcloud.snapshots import file

_KILOBYTE, _MEGABYTE = 1 << 10, 1 << 20
_JOBS_AT_ONCE = 10
_SNAPSHOT_SECONDS = 10.0
"""After which a change is in a snapshot, or was in the last one."""
_TRANSFERRED, _CHECKPOINT = "transferred", "checkpoints/checkpoint"

FIRST_LINE = "import time; print(time.time(), flush=True)"

WRITE_CHECKPOINT = """
import pathlib, os, sys, time
checkpoint = pathlib.Path('/opt/ml/checkpoints/checkpoint')
checkpoint.write_bytes(os.urandom(int(sys.argv[1])))
begun = time.time()
while not checkpoint.with_name('checkpoint.sagemaker-uploaded').exists():
    time.sleep(0.005)
print(begun, time.time(), flush=True)
"""

READ_CHECKPOINT = "import time; print(time.time(), flush=True)"

WRITE_MODEL = """
import os, sys, time
with open('/opt/ml/model/model', 'wb') as file:
    file.write(os.urandom(int(sys.argv[1])))
print(time.time(), flush=True)
"""


def main(
    size: Annotated[int, typer.Option(help="Bytes of a checkpoint and a model.")] = 64 * _MEGABYTE,
    jobs: Annotated[int, typer.Option(help="Jobs one after the other.")] = 10,
    rounds: Annotated[int, typer.Option(help="Turns of the uploads.")] = 5,
) -> None:
    """Measures and prints a table."""
    console = Console()
    console.print(f"Load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with local_cloud("--checkpoint-interval", "0.1") as cloud:
        table = Table("what", "measured", title=f"{cloud.server.sandbox}, {size / 1e6:.0f} MB")
        for name, value in measurements(cloud, size, jobs, rounds):
            table.add_row(name, value)
    console.print(table)


def measurements(cloud: LocalCloud, size: int, jobs: int, rounds: int) -> list[tuple[str, str]]:
    """What was measured, by name."""
    idle = memory(cloud.server.pid)
    starts = [first_line(cloud, f"first-{number}") for number in range(jobs)]
    turns = [uploads(cloud, size, f"{number}") for number in range(rounds)]
    bare, checkpoint, model = zip(*turns, strict=True)
    download = download_by_boto3(cloud)
    return [
        ("memory of the idle server", idle),
        ("CreateTrainingJob to the first line, median", f"{statistics.median(starts):.2f} s"),
        ("CreateTrainingJob to the first line, slowest", f"{max(starts):.2f} s"),
        ("upload by boto3", _rate(size, statistics.median(bare))),
        ("upload of a checkpoint, from written to uploaded", _compared(size, checkpoint, bare)),
        ("upload of a model, packed and compressed", _compared(size, model, bare)),
        ("download by boto3", _rate(size, download)),
        ("download of a checkpoint before the start", _rate(size, restore(cloud))),
        (f"{_JOBS_AT_ONCE} jobs at once, until all have ended", f"{at_once(cloud):.2f} s"),
        ("memory of the server after all that", memory(cloud.server.pid)),
    ]


def memory(server: int) -> str:
    """The memory of a server without jobs, and of each other process that it has then."""
    every = process_table.running()
    others = [each.number for each in every.values() if every[server] in each.above(every)]
    return " + ".join(f"{_memory(each) / _MEGABYTE:.0f}" for each in (server, *others)) + " MB"


def _memory(process: int) -> int:
    """The bytes of memory that a process holds."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    [resident] = [line for line in lines if line.startswith("VmRSS:")]
    return int(resident.split()[1]) * _KILOBYTE


def first_line(cloud: LocalCloud, name: str) -> float:
    """The seconds from a job's creation to the first line that its script runs."""
    begun = time.time()
    cloud.create(name, FIRST_LINE)
    return _printed(cloud, name)[0] - begun


def uploads(cloud: LocalCloud, size: int, turn: str) -> tuple[float, float, float]:
    """The seconds of one turn: of an upload by boto3, of a checkpoint and of a model."""
    cloud.s3.delete_object(Bucket=BUCKET, Key=_CHECKPOINT)
    seconds = []
    for upload in (upload_by_boto3, save, artifact):
        settle(cloud)
        seconds.append(upload(cloud, size, turn))
    bare, checkpoint, model = seconds
    return bare, checkpoint, model


def settle(cloud: LocalCloud) -> None:
    """Waits for a snapshot of all that happened before, so that none disturbs a measurement.

    A snapshot that has the change may have been taken before this process reads the clock. Then
    another change causes another one.
    """
    while True:
        cloud.s3.put_object(Bucket=BUCKET, Key="settled")
        changed = time.time()
        while time.time() < changed + _SNAPSHOT_SECONDS:
            if _last_snapshot(cloud) >= changed:
                return
            time.sleep(0.1)


def _last_snapshot(cloud: LocalCloud) -> float:
    """When the local cloud's last snapshot was taken, in epoch seconds; 0 without one."""
    with suppress(FileNotFoundError):
        header, _ = file.read(cloud.data / file.KEPT / file.SNAPSHOT)
        return header.taken
    return 0.0


def upload_by_boto3(cloud: LocalCloud, size: int, _turn: str) -> float:
    """The seconds that boto3 takes to upload a file."""
    path = cloud.data / _TRANSFERRED
    path.write_bytes(os.urandom(size))
    seconds = _timed(lambda: cloud.s3.upload_file(str(path), BUCKET, _TRANSFERRED))
    path.unlink()
    return seconds


def download_by_boto3(cloud: LocalCloud) -> float:
    """The seconds that boto3 takes to download what it has uploaded."""
    path = cloud.data / _TRANSFERRED
    seconds = _timed(lambda: cloud.s3.download_file(BUCKET, _TRANSFERRED, str(path)))
    path.unlink()
    return seconds


def save(cloud: LocalCloud, size: int, turn: str) -> float:
    """The seconds from a checkpoint that was written to its upload."""
    name = f"save-{turn}"
    cloud.create(name, WRITE_CHECKPOINT, str(size), **_checkpoints())
    begun, ended = _printed(cloud, name)
    return ended - begun


def restore(cloud: LocalCloud) -> float:
    """The seconds in which a job downloads the last checkpoint of `save`."""
    cloud.create("restore", READ_CHECKPOINT, **_checkpoints())
    return _seconds(cloud.wait("restore"), "Downloading")


def artifact(cloud: LocalCloud, size: int, turn: str) -> float:
    """The seconds in which a model is packed and uploaded."""
    name = f"artifact-{turn}"
    cloud.create(name, WRITE_MODEL, str(size))
    job = cloud.wait(name)
    key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix(f"s3://{BUCKET}/")
    cloud.s3.delete_object(Bucket=BUCKET, Key=key)
    return _seconds(job, "Uploading")


def at_once(cloud: LocalCloud) -> float:
    """The seconds until as many jobs as are created at once have ended."""
    begun = time.monotonic()
    names = [f"at-once-{number}" for number in range(_JOBS_AT_ONCE)]
    for name in names:
        cloud.create(name, FIRST_LINE)
    for name in names:
        cloud.wait(name)
    return time.monotonic() - begun


def _checkpoints() -> dict[str, Any]:
    return {"CheckpointConfig": {"S3Uri": f"s3://{BUCKET}/{_CHECKPOINT.rpartition('/')[0]}/"}}


def _printed(cloud: LocalCloud, name: str) -> list[float]:
    """The numbers that a job has printed, once it has completed."""
    job = cloud.wait(name)
    if job["TrainingJobStatus"] != "Completed":
        raise RuntimeError(f"{name}: {job.get('FailureReason')}")
    return [float(word) for _, line in cloud.lines(name) for word in line.split()]


def _seconds(job: dict[str, Any], status: str) -> float:
    rows = [row for row in job["SecondaryStatusTransitions"] if row["Status"] == status]
    return sum(float((row["EndTime"] - row["StartTime"]).total_seconds()) for row in rows)


def _timed(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def _compared(size: int, seconds: Sequence[float], bare: Sequence[float]) -> str:
    """The rate, and its ratio to boto3's in the same turns."""
    ratio = statistics.median(theirs / own for own, theirs in zip(seconds, bare, strict=True))
    return f"{_rate(size, statistics.median(seconds))}, {ratio:.2f} of boto3's"


def _rate(size: int, seconds: float) -> str:
    return f"{size / seconds / 1e6:.0f} MB/s"


if __name__ == "__main__":
    typer.run(main)
