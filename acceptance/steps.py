"""The steps of an acceptance, in the order in which they are taken.

Each leaves in the scene's facts what the checks after it look at. A step that is taken again, after
a crash, ends as if it had been taken once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from acceptance.alert_queue import create_queue
from acceptance.event_queue import create_event_queue
from acceptance.platform_settings import (
    CHANGED_FLOW_LOG_DAYS,
    FAILING_JOB,
    INSTANCES,
    JOB,
    TOO_MANY_INSTANCES,
    TRIALS,
    TRIALS_AT_ONCE,
    downstream_document,
)
from acceptance.pulumi_cli import POLICIES, Outcome, PulumiCli
from acceptance.refusals import send_refusals
from acceptance.scene import Scene
from acceptance.tuning import (
    is_running,
    launch_limited,
    objective_of,
    refusal_of,
    succeeded_in,
    summaries,
    trials,
    trusts_tuning_jobs,
    tunings,
)
from components.training_job.run.outcome import is_live

_LONGEST_WAIT_FOR_ANOTHER_TRIAL = 120
"""Seconds; a trial that waits to be stopped waits for longer."""


class StepError(Exception):
    """A step did not do what the next ones need."""


@dataclass(frozen=True)
class Step:
    """One step."""

    name: str
    what: str
    """What it does, for the person who is asked."""
    take: Callable[[Scene], None]
    extra: str = ""
    """The option that asks for it; empty for a step that is always taken."""


def preview(scene: Scene) -> None:
    """Previews the stack with the launch switch off."""
    scene.settings.launch = False
    outcome = _ready(scene).preview("--diff")
    scene.facts["preview"] = {
        "code": outcome.code,
        "text": _about_money(outcome),
        "jobs": len(scene.jobs()),
    }
    _must(outcome, "the preview")


def up(scene: Scene) -> None:
    """Builds the platform and launches the job, and waits for its first checkpoint."""
    settings = scene.settings
    settings.launch, settings.paused, settings.wait = True, False, False
    _update(scene, "the first update")
    scene.wait_for_job(JOB, lambda job: job["SecondaryStatus"] == "Training", "the job's start")
    scene.facts["interfaces"] = _interfaces(scene)
    scene.wait(lambda: scene.checkpoint() or None, scene.patience.job, "the first checkpoint")
    create_queue(scene)
    create_event_queue(scene)


def refusals(scene: Scene) -> None:
    """Sends requests that the bucket, the key, the topic and the role must refuse."""
    scene.facts["refusals"] = send_refusals(scene)


def failure(scene: Scene) -> None:
    """Changes the platform while the job runs, and launches a second job, which fails."""
    before = scene.jobs()
    scene.settings.with_failing, scene.settings.flow_log_days = True, CHANGED_FLOW_LOG_DAYS
    _update(scene, "the update of the platform")
    after = scene.jobs()
    names = [[each["TrainingJobName"] for each in jobs] for jobs in (before, after)]
    failed = scene.wait_for_job(FAILING_JOB, lambda job: not is_live(job), "the end of a job")
    scene.facts["edit"] = {"before": names[0], "after": names[1], "live": is_live(after[-1])}
    scene.facts["failed"] = {
        "name": failed["TrainingJobName"],
        "status": failed["TrainingJobStatus"],
        "reason": failed.get("FailureReason", ""),
    }


def pause(scene: Scene) -> None:
    """Pauses the running job, and looks at what is kept."""
    scene.settings.paused, scene.settings.with_failing = True, False
    _update(scene, "the pause")
    job = scene.wait_for_job(JOB, lambda job: not is_live(job), "the end of the paused job")
    scene.facts["paused"] = {
        "name": job["TrainingJobName"],
        "status": job["SecondaryStatus"],
        "checkpoint": scene.checkpoint(),
    }


def resume(scene: Scene) -> None:
    """Resumes the job, and waits until it has completed; on one instance, if that was asked for."""
    scene.settings.paused, scene.settings.wait = False, True
    scene.settings.instances = 1 if "elastic" in scene.diary.extras else INSTANCES
    _update(scene, "the resumption")


def tune(scene: Scene) -> None:
    """Launches a tuning job, and waits until half of its trials succeeded and the others run."""
    if "untrusted" not in scene.facts and not trusts_tuning_jobs(scene):
        name = f"{scene.site.tuning_name_prefix}untrusted-1"
        scene.facts["untrusted"] = refusal_of(scene, name, {}, {})
        scene.diary.write()
    scene.settings.with_tuned, scene.settings.tuned_paused = True, False
    scene.settings.wait = False
    _update(scene, "the launch of a tuning job")

    def look() -> str | None:
        [tuning] = tunings(scene)
        if not is_running(tuning):
            message = f"the tuning job ended too early: {tuning['HyperParameterTuningJobStatus']}"
            raise StepError(message)
        name = str(tuning["HyperParameterTuningJobName"])
        if succeeded_in(tuning) < TRIALS - TRIALS_AT_ONCE:
            return None
        running = [each for each in trials(scene, name) if each["SecondaryStatus"] == "Training"]
        began = [each["TrainingStartTime"] for each in running if "TrainingStartTime" in each]
        # One of them may wait for capacity so long that the other would end.
        late = datetime.now(UTC) - timedelta(seconds=_LONGEST_WAIT_FOR_ANOTHER_TRIAL)
        is_time = len(running) == TRIALS_AT_ONCE or any(each < late for each in began)
        return name if is_time else None

    scene.wait(look, scene.patience.job, "the first trials")
    launch_limited(scene, tunings(scene)[0])


def tune_pause(scene: Scene) -> None:
    """Pauses the tuning job, and looks at what its trials have become."""
    scene.settings.tuned_paused = True
    _update(scene, "the pause of the tuning job")
    scene.wait(lambda: not is_running(tunings(scene)[0]) or None, scene.patience.job, "its end")
    scene.facts["tuning-paused"] = _tuning_facts(scene)[0]


def tune_resume(scene: Scene) -> None:
    """Resumes the tuning, and waits until all its trials have ended."""
    scene.settings.tuned_paused, scene.settings.wait = False, True
    _update(scene, "the resumption of the tuning job")
    scene.facts["tunings"] = _tuning_facts(scene)


def refresh(scene: Scene) -> None:
    """Reads all resources of the stack again."""
    outcome = _ready(scene).refresh()
    scene.facts["refresh"] = {"code": outcome.code, "changes": dict(outcome.changes)}
    _must(outcome, "the refresh")


def unchanged(scene: Scene) -> None:
    """Updates the stack without a change."""
    before = len(scene.jobs())
    outcome = _ready(scene).up()
    scene.facts["unchanged"] = {
        "code": outcome.code,
        "changes": dict(outcome.changes),
        "launched": len(scene.jobs()) - before,
    }


def policies(scene: Scene) -> None:
    """Previews a job with more instances than its team's quota allows, under the policies."""
    platform = _ready(scene)
    platform.write_settings(replace(scene.settings, instances=TOO_MANY_INSTANCES).document())
    outcome = platform.preview()
    scene.facts["policies"] = {"code": outcome.code, "text": outcome.last_lines}


def tracking(scene: Scene) -> None:
    """Reads the metrics of the completed job with the tracking's reader."""
    from components.training_job.reader.metric_logs import MetricLogs
    from components.training_job.reader.run_attempts import Clients, attempts_of

    clients = Clients(scene.client("sagemaker"), scene.client("logs"), scene.client("s3"))
    attempts, logs = attempts_of(clients, scene.lineage()), MetricLogs(clients)
    scene.facts["points"] = {
        each.name: [
            [point.step, point.value]
            for point in logs.points_of(each)
            if point.step is not None  # a metric of a line without a step
        ]
        for each in attempts
    }


def downstream(scene: Scene) -> None:
    """Brings up a second stack, which registers the model, reads its entry, and destroys it."""
    registry, diary = scene.downstream, scene.diary
    if not registry.exists():
        registry.create()
    registry.write_settings(
        downstream_document(scene.site.root_arn, diary.account, diary.region, scene.platform.stack)
    )
    _must(registry.up(), "the downstream stack")
    name = registry.outputs()["registry_entry_name"]
    entry = scene.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    scene.facts["entry"] = {"name": name, "value": entry}
    _must(registry.destroy(), "the end of the downstream stack")
    registry.remove()


def destroy(scene: Scene) -> None:
    """Destroys the platform's stack."""
    outcome = scene.platform.destroy()
    scene.facts["destroy"] = {"code": outcome.code}
    _must(outcome, "the destruction")


STEPS = (
    Step("preview", "previews the stack: nothing is launched", preview),
    Step("up", "builds the platform and launches a job on two instances", up),
    Step("refusals", "sends requests that must be refused", refusals),
    Step("failure", "changes the platform while the job runs, and lets a second job fail", failure),
    Step("pause", "pauses the job", pause),
    Step("resume", "resumes the job from its checkpoint, to its end", resume),
    Step("tune", f"tunes: {TRIALS} trials, {TRIALS_AT_ONCE} at once", tune, extra="tuning"),
    Step("tune-pause", "pauses the tuning while trials run", tune_pause, extra="tuning"),
    Step("tune-resume", "resumes the tuning, to its end", tune_resume, extra="tuning"),
    Step("refresh", "reads all resources again", refresh),
    Step("unchanged", "updates without a change", unchanged),
    Step("policies", "previews a change that the policies refuse", policies),
    Step("tracking", "reads the job's metrics", tracking, extra="tracking"),
    Step("downstream", "registers the model in a second stack, and destroys that", downstream),
    Step("destroy", "destroys everything", destroy),
)


def steps_of(extras: list[str]) -> list[Step]:
    """The steps that are taken with these options."""
    return [each for each in STEPS if not each.extra or each.extra in extras]


def _ready(scene: Scene) -> PulumiCli:
    """The CLI on the platform's stack, with the settings as they are now, and the policies."""
    if not (scene.diary.folder / POLICIES).exists():
        scene.write_policies()
    scene.keep_settings()
    if not scene.platform.exists():
        scene.platform.create()
    scene.platform.write_settings(scene.settings.document())
    return scene.platform


def _update(scene: Scene, what: str) -> None:
    _must(_ready(scene).up(), what)
    scene.facts["outputs"] = scene.platform.outputs()


def _tuning_facts(scene: Scene) -> list[dict[str, Any]]:
    """What the checks look at of each tuning job of the tuned job, the oldest first."""
    return [
        {
            "name": each["HyperParameterTuningJobName"],
            "status": each["HyperParameterTuningJobStatus"],
            "parents": [
                parent["HyperParameterTuningJobName"]
                for parent in each.get("WarmStartConfig", {}).get(
                    "ParentHyperParameterTuningJobs", []
                )
            ],
            "trials": [
                {
                    "name": trial["TrainingJobName"],
                    "status": trial["TrainingJobStatus"],
                    "objective": objective_of(trial),
                    "values": trial["TunedHyperParameters"],
                }
                for trial in summaries(scene, each["HyperParameterTuningJobName"])
            ],
        }
        for each in tunings(scene)
    ]


def _must(outcome: Outcome, what: str) -> None:
    if outcome.code != 0:
        message = f"{what} failed with exit code {outcome.code}:\n{outcome.last_lines}"
        raise StepError(message)


def _about_money(outcome: Outcome) -> str:
    """The lines of a preview that name an amount, or what a policy says."""
    lines = outcome.text.splitlines()
    return "\n".join(line.strip() for line in lines if re.search(r"_usd|mandatory", line))


def _interfaces(scene: Scene) -> list[dict[str, str]]:
    """The network interfaces of the running job: their subnet and public address."""
    group = scene.outputs["training_security_group_id"]
    filters = [{"Name": "group-id", "Values": [group]}]
    try:
        found = scene.client("ec2").describe_network_interfaces(Filters=filters)
    except ClientError:
        return []
    return [
        {
            "id": each["NetworkInterfaceId"],
            "subnet": each["SubnetId"],
            "public": each.get("Association", {}).get("PublicIp", ""),
        }
        for each in found["NetworkInterfaces"]
    ]
