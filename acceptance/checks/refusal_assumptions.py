"""Requests for jobs that AWS should refuse. None of them can start anything.

Each names an execution role that does not exist. So a request is refused in any case, and what the
refusal is about shows whether AWS looks at what the check is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from acceptance.finding import Checks, Finding, confirmed, decided, not_seen, refuted
from acceptance.scene import Scene
from acceptance.tuning import RATE, refusal_of

REFUSAL_ASSUMPTIONS = Checks("assumption")
_LONGEST_WAIT = 2**31 - 1
_NAME = "tuning-name-length"
Change = dict[str, Any]


@REFUSAL_ASSUMPTIONS.after(
    "up", "refuses-nul", "A hyperparameter with the character NUL is refused."
)
def refuses_nul(scene: Scene) -> Finding:
    """A training job is asked for with such a value."""
    return _refused(scene, _answer(scene, {"HyperParameters": {"text": "a\0b"}}))


@REFUSAL_ASSUMPTIONS.after(
    "up", "refuses-folders", "Checkpoints can't be in /opt/ml, above it, in its input or in /etc."
)
def refuses_folders(scene: Scene) -> Finding:
    """A training job is asked for with each of these folders."""
    place = scene.jobs()[0]["CheckpointConfig"]["S3Uri"]
    folders = ("/opt/ml", "/opt", "/opt/ml/input", "/etc")
    return _refused(
        scene,
        *(
            _answer(scene, {"CheckpointConfig": {"S3Uri": place, "LocalPath": folder}})
            for folder in folders
        ),
    )


@REFUSAL_ASSUMPTIONS.after("up", "refuses-metrics", "Two metrics can't have one name.")
def refuses_metrics(scene: Scene) -> Finding:
    """A training job is asked for with two metrics of one name."""
    metrics = [{"Name": "loss", "Regex": f"{name}=([0-9]+)"} for name in ("loss", "other")]
    algorithm = scene.jobs()[0]["AlgorithmSpecification"] | {"MetricDefinitions": metrics}
    return _refused(scene, _answer(scene, {"AlgorithmSpecification": algorithm}))


@REFUSAL_ASSUMPTIONS.after("up", "refuses-no-instance", "A job has at least one instance.")
def refuses_no_instance(scene: Scene) -> Finding:
    """A training job is asked for without any."""
    return _refused(scene, _answer(scene, _resources(scene, InstanceCount=0)))


@REFUSAL_ASSUMPTIONS.after(
    "up", "refuses-volumes", "A type without local disks needs a volume of 1 to 16,384 GB."
)
def refuses_volumes(scene: Scene) -> Finding:
    """A training job is asked for with less and with more."""
    return _refused(
        scene, *(_answer(scene, _resources(scene, VolumeSizeInGB=size)) for size in (0, 16_385))
    )


@REFUSAL_ASSUMPTIONS.after(
    "up", "accepts-long-waits", "A wait for spot capacity may be as long as 2,147,483,647 seconds."
)
def accepts_long_waits(scene: Scene) -> Finding:
    """Such a training job is refused for its role only."""
    stopping = {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": _LONGEST_WAIT}
    answer = _answer(scene, {"StoppingCondition": stopping})
    return decided(_is_about_the_role(answer), answer)


@REFUSAL_ASSUMPTIONS.after("up", "refuses-single-values", "A range of one value is refused.")
def refuses_single_values(scene: Scene) -> Finding:
    """A tuning job is asked for with a range from 1 to 1."""
    ranges = {"ContinuousParameterRanges": [{**RATE, "MinValue": "1", "MaxValue": "1"}]}
    return _refused_tuning(scene, _tuning_answer(scene, {"ParameterRanges": ranges}, {}))


@REFUSAL_ASSUMPTIONS.after("up", "refuses-warm-trials", "A tuning job with keep-alive is refused.")
def refuses_warm_trials(scene: Scene) -> Finding:
    """A tuning job is asked for whose instances should be kept."""
    resources = _resources(scene, KeepAlivePeriodInSeconds=600, InstanceCount=1)
    return _refused_tuning(
        scene, _tuning_answer(scene, {}, resources | {"EnableManagedSpotTraining": False})
    )


@REFUSAL_ASSUMPTIONS.after("up", _NAME, "The name of a tuning job has at most 32 characters.")
def tuning_name_length(scene: Scene) -> Finding:
    """A tuning job is asked for with a name of 33."""
    name = f"{scene.site.tuning_name_prefix}acceptance-"
    return _refused_tuning(scene, _tuning_answer(scene, {}, {}, name.ljust(33, "x")))


def _refused(scene: Scene, *answers: str) -> Finding:
    """What answers to training jobs say that should all be refused, and not for their role."""
    return _judged(_answer(scene, {}), answers)


def _refused_tuning(scene: Scene, answer: str) -> Finding:
    """What an answer to a tuning job says that should be refused, and not for its role."""
    return _judged(_tuning_answer(scene, {}, {}), (answer,))


def _judged(unchanged: str, answers: Sequence[str]) -> Finding:
    """The finding about answers; `unchanged` is that to the request before it was made wrong."""
    shown = "; ".join(answer[:200] or "accepted, and stopped at once" for answer in answers)
    if not all(answers):
        return refuted(shown)
    if not _is_about_the_role(unchanged):
        return not_seen(f"the request is refused for another reason, too: {unchanged[:200]}")
    if any(map(_is_about_the_role, answers)):
        return not_seen(f"AWS refused the role first, or would accept the rest: {shown}")
    return confirmed(shown)


def _is_about_the_role(answer: str) -> bool:
    return "assume role" in answer.lower() or "PassRole" in answer


def _answer(scene: Scene, changes: Change) -> str:
    """The refusal of a training job like the stack's; empty if it was accepted and stopped."""
    sagemaker, job = scene.client("sagemaker"), scene.jobs()[0]
    members = sagemaker.meta.service_model.operation_model("CreateTrainingJob").input_shape.members
    request = {key: value for key, value in job.items() if key in members}
    name = f"{scene.prefix}-refused-1"
    named = {"TrainingJobName": name, "RoleArn": _no_role(scene)}
    try:
        sagemaker.create_training_job(**request | named | changes)
    except ClientError as error:
        return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
    sagemaker.stop_training_job(TrainingJobName=name)
    return ""


def _tuning_answer(scene: Scene, config: Change, definition: Change, name: str = "") -> str:
    named = name or f"{scene.site.tuning_name_prefix}refused-1"
    return refusal_of(scene, named, config, {**definition, "RoleArn": _no_role(scene)})


def _resources(scene: Scene, **changes: int) -> dict[str, Any]:
    return {"ResourceConfig": scene.jobs()[0]["ResourceConfig"] | changes}


def _no_role(scene: Scene) -> str:
    return scene.site.global_arn("iam", f"role/{scene.prefix}-none")
