"""What AWS does not document about instances, logs and checkpoints, as the job's script saw it."""

from __future__ import annotations

from typing import Any

from acceptance.checks.controls import seen_in
from acceptance.finding import Checks, Finding, decided, not_seen
from acceptance.platform_settings import INSTANCES, ODD_METRICS, PARTS
from acceptance.scene import Scene

CONTAINER_ASSUMPTIONS = Checks("assumption")
_LONGEST_EVENT = 65_000


@CONTAINER_ASSUMPTIONS.after(
    "pause", "sharded-channel", "A sharded channel gives each of n hosts every n-th object by name."
)
def sharded_channel(scene: Scene) -> Finding:
    """The hosts logged the files of their channel."""
    seen = _seen(scene)
    if len(seen) < INSTANCES:
        return not_seen("the job's log does not have it yet")
    found = sorted(each["parts"] for each in seen)
    wanted = sorted(list(PARTS[host::INSTANCES]) for host in range(INSTANCES))
    return decided(found == wanted, f"the hosts got {found}")


@CONTAINER_ASSUMPTIONS.after(
    "pause", "one-volume", "/opt/ml, /tmp and the home folder are on one volume of the instance."
)
def one_volume(scene: Scene) -> Finding:
    """The sizes of the volumes of these folders are the same."""
    seen = _seen(scene)
    if not seen:
        return not_seen("the job's log does not have it yet")
    sizes = seen[0]["volumes"]
    shown = ", ".join(f"{path}: {size // 2**30} GiB" for path, size in sizes.items())
    return decided(len({*sizes.values()}) == 1, shown)


@CONTAINER_ASSUMPTIONS.after(
    "pause", "only-process-1-hears", "Only process 1 of an instance gets SIGTERM."
)
def only_process_1_hears(scene: Scene) -> Finding:
    """The script, to which the launcher forwards it, has heard of it; its child has not."""
    lines = [line.strip() for line in scene.log_lines(scene.facts["paused"]["name"])]
    if "stopped" not in lines:
        return not_seen("the job's log does not say that its script heard SIGTERM")
    heard = lines.count("child=SIGTERM")
    return decided(heard == 0, f"children of the script that heard it: {heard}")


@CONTAINER_ASSUMPTIONS.after(
    "pause", "links-are-ignored", "A link in the folder of checkpoints is not uploaded."
)
def links_are_ignored(scene: Scene) -> Finding:
    """The script made a link beside its checkpoint; the bucket has the checkpoint only."""
    prefix = f"checkpoints/{scene.lineage()}/"
    listed = scene.client("s3").list_objects_v2(Bucket=scene.bucket, Prefix=prefix)
    names = [each["Key"].removeprefix(prefix) for each in listed.get("Contents", [])]
    if "state.json" not in names:
        return not_seen("the bucket has no checkpoint")
    return decided("link" not in names, f"below the checkpoint's prefix: {', '.join(names)}")


@CONTAINER_ASSUMPTIONS.after(
    "pause", "long-lines", "A line of more than 65,000 characters becomes several events."
)
def long_lines(scene: Scene) -> Finding:
    """The line of 70,000 characters is in the log in pieces, none longer than the limit."""
    lines = scene.log_lines(scene.facts["paused"]["name"])
    pieces = [len(line) for line in lines if line.startswith("xxx")]
    if sum(pieces) < 70_000:
        return not_seen("the job's log does not have the line yet")
    return decided(
        max(pieces) <= _LONGEST_EVENT and len(pieces) > len(_seen(scene)),
        f"pieces of {sorted({*pieces})} characters",
    )


@CONTAINER_ASSUMPTIONS.after(
    "pause", "metrics-near-the-beginning", "A metric is found in the first 8,192 characters only."
)
def metrics_near_the_beginning(scene: Scene) -> Finding:
    """The metric at the end of a line of 20,000 characters has no value."""
    found = _metrics(scene)
    if not found:
        return not_seen("the job has no metrics")
    return decided("far" not in found, f"the job's metrics: {', '.join(sorted(found))}")


@CONTAINER_ASSUMPTIONS.after(
    "pause", "carriage-returns", "For metrics, a carriage return ends a line, too."
)
def carriage_returns(scene: Scene) -> Finding:
    """The metric after the carriage return has a value."""
    found = _metrics(scene)
    if not found:
        return not_seen("the job has no metrics")
    return decided("near" in found, f"the job's metrics: {', '.join(sorted(found))}")


def _metrics(scene: Scene) -> set[str]:
    """The names of the paused job's metrics; none if it has not even those of its steps."""
    name = scene.facts["paused"]["name"]
    [job] = [each for each in scene.jobs() if each["TrainingJobName"] == name]
    found = {each["MetricName"] for each in job.get("FinalMetricDataList", [])}
    return found if found - {*ODD_METRICS} else set()


def _seen(scene: Scene) -> list[dict[str, Any]]:
    return seen_in(scene, scene.facts["paused"]["name"])
