"""What AWS does not document: the readings of docs/local-cloud.md, and the hedges of the program.

An assumption that is refuted is no fault of the platform. It says where the local cloud, or a
hedge, is stricter than AWS.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from acceptance.checks.controls import seen_in
from acceptance.event_queue import events_about
from acceptance.finding import Checks, Finding, confirmed, decided, not_seen, refuted
from acceptance.platform_settings import FAILING_JOB, INSTANCES
from acceptance.scene import Scene

ASSUMPTIONS = Checks("assumption")
_DEFAULT_PAGE = 10
_LONG_ENOUGH_SECONDS = 30
_FILES = {"hyperparameters.json", "resourceconfig.json", "inputdataconfig.json",
          "checkpointconfig.json"}  # fmt: skip


@ASSUMPTIONS.after(
    "up",
    "launch-is-accepted",
    "SageMaker accepts a job whose role may list the bucket without a condition on the prefix.",
)
def _launch_is_accepted(scene: Scene) -> Finding:
    jobs = scene.jobs()
    if not jobs:
        return refuted("no training job was accepted")
    # CloudTrail's lookup has no requests for objects or lists, so the list itself is not seen.
    name = jobs[0]["TrainingJobName"]
    return confirmed(f"{name} was accepted; which prefix is listed is not seen")


@ASSUMPTIONS.after("up", "image-pulled", "The instances pull the training image by its tag.")
def image_pulled(scene: Scene) -> Finding:
    """The job got further than its image's download."""
    job = scene.jobs()[0]
    visits = [each["Status"] for each in job.get("SecondaryStatusTransitions", [])]
    image = scene.diary.image.rpartition("/")[2]
    return decided("Training" in visits, f"{image}, on {job['TrainingJobName']}")


@ASSUMPTIONS.after(
    "up", "vpc-only", "With `artifacts.vpcOnly`, SageMaker's own checks need an exemption."
)
def _vpc_only(_: Scene) -> Finding:
    return not_seen("the acceptance does not set it: then it could not read the checkpoints itself")


@ASSUMPTIONS.after("up", "slack", "A Slack channel needs a workspace that was authorised by hand.")
def _slack(_: Scene) -> Finding:
    return not_seen("the acceptance makes no channel: a person must authorise it")


@ASSUMPTIONS.after(
    "up", "one-subnet", "All instances of a job are in one subnet, the last of the job's."
)
def _one_subnet(scene: Scene) -> Finding:
    used = {each["subnet"] for each in scene.facts["interfaces"]}
    if not used:
        return not_seen("no network interface of the job could be described")
    ids = scene.jobs()[0]["VpcConfig"]["Subnets"]
    places = sorted(ids.index(each) + 1 for each in used)
    return decided(used == {ids[-1]}, f"in the subnets {places} of {len(ids)}")


@ASSUMPTIONS.after("up", "search-is-late", "Search finds a new job within a minute, although late.")
def _search_is_late(scene: Scene) -> Finding:
    job = scene.jobs()[0]

    def look() -> bool | None:
        return bool(_searched(scene, _named(job["TrainingJobName"]))) or None

    at_first = look()
    try:
        scene.wait(look, scene.patience.search, "Search does not find the job")
    except TimeoutError as error:
        return refuted(str(error))
    age = (datetime.now(UTC) - job["CreationTime"]).total_seconds()
    when = "when it was first looked for" if at_first else "and not before"
    return confirmed(f"it was found {age:.0f} s after its creation, {when}")


@ASSUMPTIONS.after(
    "failure", "search-is-exact", "A filter of Search compares upper and lower case."
)
def _search_is_exact(scene: Scene) -> Finding:
    name = scene.jobs()[0]["TrainingJobName"]
    if not _searched(scene, _named(name)):
        return not_seen("Search does not find the job by its own name yet")
    return decided(not _searched(scene, _named(name.upper())), "by the name in capitals")


@ASSUMPTIONS.after(
    "failure", "search-needs-the-tag", "`NotEquals` on a tag does not find a job without the tag."
)
def _search_needs_the_tag(scene: Scene) -> Finding:
    name = scene.jobs()[0]["TrainingJobName"]
    if not _searched(scene, _named(name)):
        return not_seen("Search does not find the job by its own name yet")
    without = {"Name": "Tags.acceptance-none", "Operator": "NotEquals", "Value": "x"}
    return decided(not _searched(scene, _named(name), without), "by a tag that the job lacks")


@ASSUMPTIONS.after(
    "up", "search-page", "A page of Search has 10 jobs unless the request says more."
)
def _search_page(scene: Scene) -> Finding:
    answer = scene.client("sagemaker").search(Resource="TrainingJob")
    count, more = len(answer["Results"]), "NextToken" in answer
    if count < _DEFAULT_PAGE and not more:
        return not_seen(f"the account has only {count} training jobs")
    return decided(count == _DEFAULT_PAGE, f"{count} on the first page, more: {more}")


@ASSUMPTIONS.after(
    "failure", "page-before-filter", "A page of ListTrainingJobs is cut before it is filtered."
)
def _page_before_filter(scene: Scene) -> Finding:
    oldest = scene.jobs()[0]["TrainingJobName"]
    answer = scene.client("sagemaker").list_training_jobs(
        NameContains=oldest, SortBy="CreationTime", SortOrder="Descending", MaxResults=1
    )
    found = [each["TrainingJobName"] for each in answer["TrainingJobSummaries"]]
    return decided(
        not found and "NextToken" in answer,
        f"a page of 1, filtered by the name of an older job: {len(found)} jobs",
    )


@ASSUMPTIONS.after("failure", "one-host-fails-all", "If one host fails, its job fails at once.")
def _one_host_fails_all(scene: Scene) -> Finding:
    job = scene.jobs(FAILING_JOB)[-1]
    took = (job["TrainingEndTime"] - job["TrainingStartTime"]).total_seconds()
    return decided(
        job["TrainingJobStatus"] == "Failed" and took < 300,
        f"one of two hosts failed; the other waits 600 s; the job ended after {took:.0f} s",
    )


@ASSUMPTIONS.after(
    "pause",
    "event-at-each-change",
    "An event is published at every change of the secondary status.",
)
def event_at_each_change(scene: Scene) -> Finding:
    """The job that failed had an event for each of its secondary statuses."""
    job = scene.jobs(FAILING_JOB)[-1]
    statuses = {each["Status"] for each in job["SecondaryStatusTransitions"]}

    def are_enough(events: list[dict[str, Any]]) -> bool:
        return any(each.get("TrainingJobStatus") == "Failed" for each in events)

    events = events_about(scene, "TrainingJob", job["TrainingJobName"], are_enough)
    if not events:
        return not_seen("no event came")
    missing = sorted(statuses - {each.get("SecondaryStatus") for each in events})
    return decided(not missing, f"{len(events)} events; without one: {missing or 'no status'}")


@ASSUMPTIONS.after(
    "pause", "event-without-reason", "The event of a failed job has no FailureReason."
)
def _event_without_reason(scene: Scene) -> Finding:
    alert = scene.facts.get("alert")
    if alert is None:
        return not_seen("no alert came")
    without = "gives no reason" in json.dumps(alert)
    return decided(without, "the message is that of an event " + ("without" if without else "with")
                   + " a reason")  # fmt: skip


@ASSUMPTIONS.after("pause", "configuration-files", "/opt/ml/input/config has four files.")
def _configuration_files(scene: Scene) -> Finding:
    seen = seen_in(scene, scene.facts["paused"]["name"])
    if not seen:
        return not_seen("the job's log does not have it yet")
    files = set(seen[0]["configuration"])
    others = [f"more: {sorted(files - _FILES)}", f"missing: {sorted(_FILES - files)}"]
    return decided(files == _FILES, ", ".join(others))


@ASSUMPTIONS.after("pause", "interface-name", "The interface of an instance is eth0.")
def _interface_name(scene: Scene) -> Finding:
    seen = seen_in(scene, scene.facts["paused"]["name"])
    if not seen:
        return not_seen("the job's log does not have it yet")
    names = sorted({each["interface"] for each in seen})
    return decided(names == ["eth0"], f"network_interface_name: {names}")


@ASSUMPTIONS.after(
    "pause", "log-streams", "A log stream is named after its host and the second of its first line."
)
def _log_streams(scene: Scene) -> Finding:
    job_name = scene.facts["paused"]["name"]
    log = {name: events for name, events in scene.log(job_name).items() if events}
    if not log:
        return not_seen("the job's log is empty yet")
    expected = {
        f"{job_name}/algo-{host}-{events[0]['timestamp'] // 1000 + late}"
        for host in range(1, INSTANCES + 1)
        for events in log.values()
        for late in (-1, 0, 1)
    }
    return decided({*log} <= expected, f"the streams {', '.join(sorted(log))}")


@ASSUMPTIONS.after(
    "pause", "checkpoint-key", "Checkpoints are encrypted with the default of their bucket."
)
def _checkpoint_key(scene: Scene) -> Finding:
    key = f"checkpoints/{scene.lineage()}/state.json"
    head = scene.client("s3").head_object(Bucket=scene.bucket, Key=key)
    right = head.get("SSEKMSKeyId") == scene.outputs["artifact_key_arn"]
    return decided(right, f"{head.get('ServerSideEncryption')}, the stack's key: {right}")


@ASSUMPTIONS.after("resume", "spot-share", "A spot job is billed for 30 % of its training time.")
def _spot_share(scene: Scene) -> Finding:
    job = scene.jobs()[-1]
    took, billed = job.get("TrainingTimeInSeconds"), job.get("BillableTimeInSeconds")
    if billed is None or not took or took < _LONG_ENOUGH_SECONDS:
        return not_seen(f"a training time of {took} s is too short for a share")
    share = billed / took
    return decided(0.2 <= share <= 0.4, f"{billed} s of {took} s: {share:.0%}")


@ASSUMPTIONS.after(
    "destroy",
    "key-only-through-s3",
    "SageMaker uses the stack's key only through S3, and for grants of AWS's resources.",
)
def _key_only_through_s3(scene: Scene) -> Finding:
    role = str(scene.outputs["sagemaker_execution_role_arn"])
    events = [each for each in _trail(scene, "kms.amazonaws.com") if role in json.dumps(each)]
    if not events:
        return not_seen("CloudTrail shows no use of the key by the execution role")
    ways = sorted(
        {
            f"{each['eventName']} by {each['userIdentity'].get('invokedBy', 'the role itself')}"
            f"{': ' + each['errorCode'] if 'errorCode' in each else ''}"
            for each in events
        }
    )
    denied = [each for each in events if each.get("errorCode")]
    return decided(not denied, "; ".join(ways))


@ASSUMPTIONS.after("destroy", "launches-in-the-trail", "CloudTrail shows each launch once.")
def _launches_in_the_trail(scene: Scene) -> Finding:
    events = [
        each
        for each in _trail(scene, "sagemaker.amazonaws.com")
        if each["eventName"] == "CreateTrainingJob" and scene.prefix in json.dumps(each)
    ]
    if not events:
        return not_seen("CloudTrail shows no launch")
    launched = len([*scene.jobs(), *scene.jobs(FAILING_JOB)])
    taken = [each for each in events if not each.get("errorCode")]
    refusals = sorted({each["errorCode"] for each in events if each.get("errorCode")})
    evidence = f"{len(taken)} launches for {launched} jobs, refused tries: {refusals or 'none'}"
    return decided(len(taken) == launched, evidence)


def _trail(scene: Scene, source: str) -> list[dict[str, Any]]:
    """What CloudTrail shows of a service since the acceptance began; it is minutes late."""
    by_source = [{"AttributeKey": "EventSource", "AttributeValue": source}]
    began = datetime.fromisoformat(scene.facts["began"])

    def look() -> list[dict[str, Any]] | None:
        pages = (
            scene.client("cloudtrail")
            .get_paginator("lookup_events")
            .paginate(
                LookupAttributes=by_source, StartTime=began, PaginationConfig={"MaxItems": 1000}
            )
        )
        events = [json.loads(each["CloudTrailEvent"]) for page in pages for each in page["Events"]]
        own = [each for each in events if _is_own(scene, each)]
        return own or None

    try:
        return scene.wait(look, scene.patience.trail, f"CloudTrail's events of {source}")
    except TimeoutError:
        return []


def _is_own(scene: Scene, event: dict[str, Any]) -> bool:
    text, key = json.dumps(event), str(scene.outputs.get("artifact_key_arn", ""))
    return scene.prefix in text or (bool(key) and key in text)


def _named(name: str) -> dict[str, str]:
    return {"Name": "TrainingJobName", "Operator": "Equals", "Value": name}


def _searched(scene: Scene, *filters: dict[str, str]) -> Iterable[Any]:
    answer = scene.client("sagemaker").search(
        Resource="TrainingJob", SearchExpression={"Filters": list(filters)}
    )
    results: list[Any] = answer["Results"]
    return results
