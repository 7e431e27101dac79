"""What is checked of a tuned job, with the option `--with tuning`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from acceptance.checks.controls import alerts_without_rule, roles_missing, same_document
from acceptance.event_queue import events_about
from acceptance.finding import Checks, Finding, confirmed, decided, not_seen, refuted
from acceptance.platform_settings import OBJECTIVE, TRIALS, TUNED_JOB
from acceptance.scene import Scene
from acceptance.tuning import LIMIT_SECONDS, all_tunings, is_running, limited_name, trials, tunings
from components.alerts.alert_documents import TUNING_ENDINGS
from components.execution_role.execution_documents import execution_trust

TUNING_PROMISES = Checks("promise")
TUNING_CONTROLS = Checks("control")
TUNING_ASSUMPTIONS = Checks("assumption")
_JOB_TYPE = "pulumi-python:dynamic/sagemaker:TuningJob"
_NOT_IN_EVENTS = {
    "BestTrainingJob",
    "OverallBestTrainingJob",
    "TuningJobCompletionDetails",
    "ResponseMetadata",
}
"""Members of a description that an event should lack; the last is the SDK's own."""
_NUMBER = re.compile(r".*-(\d{3})-[0-9a-f]{8}")


@TUNING_PROMISES.after("tune-pause", "tuning-pause-stops", "A pause stops a tuning and its trials.")
def tuning_pause_stops(scene: Scene) -> Finding:
    """The paused tuning job is stopped, and none of its trials runs."""
    seen = scene.facts["tuning-paused"]
    live = [each["name"] for each in seen["trials"] if each["status"] in {"InProgress", "Stopping"}]
    return decided(
        seen["status"] == "Stopped" and not live,
        f"{seen['name']}: {seen['status']}, {_statuses(seen['trials'])}",
    )


@TUNING_PROMISES.after(
    "tune-resume", "tuning-launches-once", "A tuning, paused and resumed, is two tuning jobs."
)
def tuning_launches_once(scene: Scene) -> Finding:
    """There are two tuning jobs of one definition, the first and the second attempt."""
    names = [each["name"] for each in scene.facts["tunings"]]
    prefix = re.escape(scene.site.tuning_job_prefix(TUNED_JOB))
    found = [re.fullmatch(rf"{prefix}([0-9a-f]{{8}})-(\d+)", name) for name in names]
    attempts = [match and match[2] for match in found]
    same = len({match[1] for match in found if match}) == 1
    return decided(attempts == ["1", "2"] and same, f"tuning jobs: {', '.join(names)}")


@TUNING_PROMISES.after(
    "tune-resume",
    "tuning-resume-continues",
    "A resumed tuning learns from the one before, and makes only the trials that are left.",
)
def tuning_resume_continues(scene: Scene) -> Finding:
    """The second tuning job has the first as its parent, and no trial too many."""
    first, *later = scene.facts["tunings"]
    if not later:
        return refuted("no second tuning job was launched")
    kept, made = _succeeded(first["trials"]), len(later[-1]["trials"])
    right = later[-1]["parents"] == [first["name"]] and kept + made == TRIALS and kept > 0
    return decided(
        right,
        f"{kept} succeeded before the pause, {made} were made after it; "
        f"parents {later[-1]['parents']}",
    )


@TUNING_PROMISES.after(
    "tune-resume", "tuning-best", "The outputs name the best trial, with its values and its model."
)
def tuning_best(scene: Scene) -> Finding:
    """The outputs have the completed trial with the least loss of both tuning jobs."""
    output, all_trials = scene.outputs["tuning_jobs"][TUNED_JOB], _all_trials(scene)
    whole = [each for each in all_trials if each["status"] == "Completed"]
    best = min(whole, key=lambda each: float(each["objective"]), default=None)
    if best is None:
        return refuted(f"no trial was completed: {_statuses(all_trials)}")
    values = scene.read_model(output["model_uri"], "values.json")
    expected = {name: float(value) for name, value in best["values"].items()}
    named = {name: float(output["best_hyperparameters"].get(name, "nan")) for name in expected}
    right = (
        output["best_training_job"] == best["name"]
        and abs(output["objective_value"] - best["objective"]) < 1e-4
        and named == expected
        and all(abs(float(values[name]) - expected[name]) < 1e-6 for name in expected)
    )
    return decided(right, f"{output['best_training_job']}, {OBJECTIVE} {output['objective_value']}")


@TUNING_PROMISES.after(
    "tune-resume", "tuning-outputs", "The outputs have the tuning's end, its cost and its table."
)
def tuning_outputs(scene: Scene) -> Finding:
    """The tuning is completed, has a cost, and each trial of all its jobs is in the table."""
    output = scene.outputs["tuning_jobs"][TUNED_JOB]
    table = json.loads(scene.read_object(output["trials_uri"]))
    listed = [each["name"] for each in table["trials"]]
    right = (
        output["outcome"] == "completed"
        and isinstance(output["cost_usd"], (int, float))
        and sorted(listed) == sorted(each["name"] for each in _all_trials(scene))
    )
    return decided(
        right, f"{output['outcome']}, {output['cost_usd']} USD, {len(listed)} trials in the table"
    )


@TUNING_CONTROLS.after(
    "tune", "tuning-trust", "Where the stack tunes, the role is assumed for tuning jobs, too."
)
def tuning_trust(scene: Scene) -> Finding:
    """The trust policy of the execution role has both kinds of job, and nothing else."""
    name = str(scene.outputs["sagemaker_execution_role_arn"]).rpartition("/")[2]
    role = scene.client("iam").get_role(RoleName=name)["Role"]
    return decided(
        same_document(role["AssumeRolePolicyDocument"], execution_trust(scene.site, tunes=True)),
        "its trust, read back",
    )


@TUNING_CONTROLS.after("tune", "tuning-role-may", "The execution role may do all that trials need.")
def tuning_role_may(scene: Scene) -> Finding:
    """IAM's simulator allows each need of the trials that preflight asks for."""
    return roles_missing(scene, _JOB_TYPE)


@TUNING_CONTROLS.after(
    "tune", "trials-isolated", "Trials run isolated, in the private subnets, encrypted."
)
def trials_isolated(scene: Scene) -> Finding:
    """Each trial has what a training job of the stack has."""
    outputs, found = scene.outputs, trials(scene, tunings(scene)[0]["HyperParameterTuningJobName"])
    place = {
        "Subnets": outputs["private_subnet_ids"],
        "SecurityGroupIds": [outputs["training_security_group_id"]],
    }
    key = outputs["artifact_key_arn"]
    wrong = [
        each["TrainingJobName"]
        for each in found
        if not (
            each["EnableNetworkIsolation"]
            and each["EnableInterContainerTrafficEncryption"]
            and each["VpcConfig"] == place
            and each["OutputDataConfig"]["KmsKeyId"] == key
            and each["ResourceConfig"].get("VolumeKmsKeyId", key) == key
        )
    ]
    return decided(bool(found) and not wrong, f"{len(found)} trials, not so: {wrong or 'none'}")


@TUNING_CONTROLS.after(
    "tune", "tuning-rules-armed", "Each bad end of a tuning job is published to the topic."
)
def tuning_rules_armed(scene: Scene) -> Finding:
    """A rule for each ending is enabled, and has a target."""
    return alerts_without_rule(scene, [each.name for each in TUNING_ENDINGS])


@TUNING_ASSUMPTIONS.after(
    "tune", "tuning-both-arns", "A tuning job needs a role that trusts tuning jobs, too."
)
def tuning_both_arns(scene: Scene) -> Finding:
    """A tuning job with the role as it was before the stack tuned is refused."""
    answer = scene.facts.get("untrusted")
    if answer is None:
        return not_seen("the role trusted tuning jobs already when it could be tried")
    return decided(
        "Could not assume role" in answer,
        f"with a role that trusts training jobs only: {answer or 'accepted, and stopped at once'}",
    )


@TUNING_ASSUMPTIONS.after(
    "tune-pause",
    "tuning-launcher",
    "The image of a trial starts the launcher, and that the script.",
)
def tuning_launcher(scene: Scene) -> Finding:
    """The script of each trial that ended has printed its line."""
    ended = [each["name"] for each in scene.facts["tuning-paused"]["trials"]]
    silent = [name for name in ended if not _printed(scene, name)]
    if silent and len(silent) < len(ended):
        return not_seen(f"the logs of {silent} do not have it yet")
    return decided(not silent, f"the script ran in {len(ended) - len(silent)} of {len(ended)}")


@TUNING_ASSUMPTIONS.after(
    "tune-resume",
    "trial-arguments",
    "A trial's script gets the tuned values as arguments, and nothing that the service adds.",
)
def trial_arguments(scene: Scene) -> Finding:
    """The arguments in the logs are the tuned values of each trial."""
    wrong, seen = [], 0
    for trial in _all_trials(scene):
        if printed := _printed(scene, trial["name"]):
            seen += 1
            given = printed["arguments"]
            pairs = dict(zip(given[::2], given[1::2], strict=False))
            got = {name.removeprefix("--"): value for name, value in pairs.items()}
            if {name: _plain(value) for name, value in trial["values"].items()} != got:
                wrong.append(f"{trial['name']} got {given}")
    if not seen:
        return not_seen("no trial's log has them yet")
    return decided(not wrong, "; ".join(wrong) or f"in {seen} trials")


@TUNING_ASSUMPTIONS.after(
    "tune-pause", "trial-names", "A trial is named after its tuning job: -001-, eight digits."
)
def trial_names(scene: Scene) -> Finding:
    """Each trial's name is the tuning job's, three digits and eight hexadecimal ones."""
    seen = scene.facts["tuning-paused"]
    pattern = re.compile(re.escape(seen["name"]) + r"-\d{3}-[0-9a-f]{8}")
    names = [each["name"] for each in seen["trials"]]
    return decided(bool(names) and all(map(pattern.fullmatch, names)), ", ".join(names))


@TUNING_ASSUMPTIONS.after(
    "tune-pause",
    "trial-folders",
    "The prefix of checkpoints is used as it is: only the launcher gives each trial a folder.",
)
def trial_folders(scene: Scene) -> Finding:
    """In the bucket each trial has one file in one folder, as its script has written it."""
    seen = scene.facts["tuning-paused"]
    prefix = f"checkpoints/{scene.lineage(TUNED_JOB)}/{seen['name']}/"
    listed = scene.client("s3").list_objects_v2(Bucket=scene.bucket, Prefix=prefix)
    keys = [each["Key"].removeprefix(prefix) for each in listed.get("Contents", [])]
    files = sorted(key for key in keys if key.endswith(".json"))
    wrong = [
        key for key in files if not re.fullmatch(rf"{re.escape(seen['name'])}-[^/]+/[^/]+", key)
    ]
    if not files:
        return refuted(f"nothing is below {prefix}")
    return decided(not wrong, f"{len(files)} files, elsewhere: {wrong or 'none'}")


@TUNING_ASSUMPTIONS.after(
    "tune-pause", "trial-sees-others", "A trial downloads the checkpoints of the others, too."
)
def trial_sees_others(scene: Scene) -> Finding:
    """A later trial has found the folders of those before it."""
    names = [each["name"] for each in scene.facts["tuning-paused"]["trials"]]
    printed = [found for name in names if (found := _printed(scene, name))]
    if len(printed) < TRIALS:
        return not_seen("the logs of some trials do not have it yet")
    others = {each["name"]: len(each["others"]) for each in printed}
    return decided(others[printed[-1]["name"]] > 0, f"folders of others that were found: {others}")


@TUNING_ASSUMPTIONS.after(
    "tune-resume",
    "stopped-trial-counts",
    "A trial that is stopped has the objective that it has printed, and without one has none.",
)
def stopped_trial_counts(scene: Scene) -> Finding:
    """Of the trials that the pause stopped, exactly the third had printed its objective."""
    stopped = {
        int(found[1]): each["objective"]
        for each in scene.facts["tunings"][0]["trials"]
        if each["status"] == "Stopped" and (found := _NUMBER.fullmatch(each["name"]))
    }
    if set(stopped) != {3, 4}:
        return not_seen(f"the pause stopped the trials {sorted(stopped)}, and not 3 and 4")
    return decided(
        stopped[3] is not None and stopped[4] is None,
        f"the third, which had printed it: {stopped[3]}; the fourth: {stopped[4]}",
    )


@TUNING_ASSUMPTIONS.after(
    "tune",
    "tuning-not-found",
    "A tuning job that does not exist is ResourceNotFound, a training job a ValidationException.",
)
def tuning_not_found(scene: Scene) -> Finding:
    """Each is described by a name that no job has."""
    sagemaker, name = scene.client("sagemaker"), f"{scene.site.tuning_name_prefix}none-1"
    codes = []
    for operation, member in (
        (sagemaker.describe_hyper_parameter_tuning_job, "HyperParameterTuningJobName"),
        (sagemaker.describe_training_job, "TrainingJobName"),
    ):
        try:
            operation(**{member: name})
            codes.append("an answer")
        except ClientError as error:
            codes.append(error.response["Error"]["Code"])
    return decided(codes == ["ResourceNotFound", "ValidationException"], " and ".join(codes))


@TUNING_ASSUMPTIONS.after(
    "tune", "tuning-list-order", "ListHyperParameterTuningJobs shows the newest first."
)
def tuning_list_order(scene: Scene) -> Finding:
    """Without an order, the times of creation fall."""
    summaries = _listed(scene)
    if len(summaries) < 2:
        return not_seen("there is one tuning job only")
    times = [each["CreationTime"] for each in summaries]
    return decided(times == sorted(times, reverse=True), f"{len(times)} tuning jobs of the stack")


@TUNING_ASSUMPTIONS.after(
    "tune", "tuning-page-before-filter", "A page of a list of tuning jobs is cut before its filter."
)
def tuning_page_before_filter(scene: Scene) -> Finding:
    """A page of one, filtered by the name of an older tuning job, is empty and not the last."""
    if len(all_tunings(scene)) < 2:
        return not_seen("there is one tuning job only")
    oldest = all_tunings(scene)[0]["HyperParameterTuningJobName"]
    answer = scene.client("sagemaker").list_hyper_parameter_tuning_jobs(
        NameContains=oldest, SortBy="CreationTime", SortOrder="Descending", MaxResults=1
    )
    found = len(answer["HyperParameterTuningJobSummaries"])
    return decided(
        not found and "NextToken" in answer,
        f"a page of 1, filtered by the name of an older job: {found} jobs",
    )


@TUNING_ASSUMPTIONS.after(
    "downstream", "tuning-time-over", "A tuning job whose time is over ends as Stopped."
)
def tuning_time_over(scene: Scene) -> Finding:
    """The tuning job with the shortest time has ended, and was Stopped."""
    name = limited_name(scene)
    found = [each for each in all_tunings(scene) if each["HyperParameterTuningJobName"] == name]
    if not found:
        return not_seen("it was not launched")

    def look() -> dict[str, Any] | None:
        tuning: dict[str, Any] = scene.client("sagemaker").describe_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=name
        )
        return None if is_running(tuning) else tuning

    ended = scene.wait(look, scene.patience.job, "the end of the tuning job without time")
    took = (ended["HyperParameterTuningEndTime"] - ended["CreationTime"]).total_seconds()
    status, reason = ended["HyperParameterTuningJobStatus"], ended.get("FailureReason", "")
    evidence = f"after {took:.0f} s, with a limit of {LIMIT_SECONDS} s: {status} {reason}".strip()
    return confirmed(evidence) if status == "Stopped" else refuted(evidence)


@TUNING_ASSUMPTIONS.after(
    "tune-resume",
    "tuning-event",
    "The event of a tuning job has its description and tags, without the best trials.",
)
def tuning_event(scene: Scene) -> Finding:
    """The event of the end of the paused tuning job has the members that its description has."""
    first = tunings(scene)[0]
    name = first["HyperParameterTuningJobName"]

    def are_enough(events: list[dict[str, Any]]) -> bool:
        return any(each.get("HyperParameterTuningJobStatus") == "Stopped" for each in events)

    events = events_about(scene, "HyperParameterTuningJob", name, are_enough)
    if not are_enough(events):
        return not_seen(f"{len(events)} events came, and none about its end")
    differs = sorted(({*first} - _NOT_IN_EVENTS | {"Tags"}) ^ {*events[-1]})
    return decided(
        not differs, f"{len(events)} events; only in one of them: {differs or 'nothing'}"
    )


def _listed(scene: Scene) -> list[dict[str, Any]]:
    answer = scene.client("sagemaker").list_hyper_parameter_tuning_jobs(
        NameContains=scene.site.tuning_name_prefix, MaxResults=100
    )
    summaries: list[dict[str, Any]] = answer["HyperParameterTuningJobSummaries"]
    return summaries


def _printed(scene: Scene, trial: str) -> dict[str, Any]:
    """What a trial's script has printed about itself; empty where its log has it not."""
    lines = [line for line in scene.log_lines(trial) if line.startswith("trial=")]
    printed: dict[str, Any] = json.loads(lines[0].removeprefix("trial=")) if lines else {}
    return printed


def _all_trials(scene: Scene) -> list[dict[str, Any]]:
    return [trial for each in scene.facts["tunings"] for trial in each["trials"]]


def _succeeded(of: Iterable[dict[str, Any]]) -> int:
    return sum(each["objective"] is not None for each in of)


def _statuses(of: Iterable[dict[str, Any]]) -> str:
    return ", ".join(f"{each['name']} {each['status']}" for each in of) or "no trials"


def _plain(value: str) -> str:
    """A value as the script gets it: the SageMaker SDK's categories are JSON texts, others not."""
    return value.strip('"')
