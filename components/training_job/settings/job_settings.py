"""One training job as a team writes it in its stack's settings."""

from __future__ import annotations

from math import ceil
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from components.instances import training_instance_types
from components.training_job.settings.input_settings import InputSettings
from components.training_job.settings.request_members import Becomes, Decides
from components.training_job.settings.tuning_settings import MOST_SECONDS, TuningSettings
from components.validation import Seconds, SettingsModel, section_or_switch

NAME_PATTERN = r"[a-z0-9](-?[a-z0-9])*"
"""Names that can be a part of a training job's name and of an S3 key."""

_TWO_HOURS = 2 * 3600

_ESSENTIAL: dict[str, Any] = {"essential": True}
"""Marks the six settings that most jobs begin with, in the schema of the settings."""


class SourceSettings(SettingsModel):
    """The folder of code that the job runs."""

    dir: str = Field(
        description="The folder of the job's code; its path in the project's folder, as "
        "examples/digits."
    )
    entry_point: str = Field(
        description="The script to run: its path in dir, as train.py; or a module of dir or of the "
        "image, as -m trainer.finetune."
    )
    arguments: list[str] = Field(
        default=[], description="Arguments of the script, after those for the hyperparameters."
    )

    @property
    def module(self) -> str | None:
        """The name of the module to run, as `python -m` takes it; None for a script."""
        option, _, name = self.entry_point.partition(" ")
        return name.strip() if option == "-m" else None


class SpotSettings(SettingsModel):
    """How the job uses spot capacity."""

    max_wait: Annotated[Seconds | None, Becomes("StoppingCondition.MaxWaitTimeInSeconds")] = Field(
        default=None,
        ge=1,
        description="The most time for waiting and running together, in seconds or as in 4h; by "
        "default twice maxRuntime.",
    )
    checkpoints: Annotated[bool, Decides("CheckpointConfig")] = Field(
        default=True,
        description="Whether the files in /opt/ml/checkpoints are kept in the artifact bucket: "
        "true or false.",
    )


class InstanceGroupSettings(SettingsModel):
    """One of several groups of instances of different types."""

    instance_type: Annotated[str, Becomes("InstanceType")] = Field(
        description="The group's instance type, as ml.g5.2xlarge."
    )
    instance_count: Annotated[int, Becomes("InstanceCount")] = Field(
        default=1, ge=1, description="The number of its instances, 1 or more."
    )


class InstancePreferenceSettings(SettingsModel):
    """One of several instance types that a job may run on."""

    instance_type: str = Field(description="The instance type, as ml.g5.2xlarge.")
    instance_count: int = Field(
        default=1, ge=1, description="The number of instances if it is this type, 1 or more."
    )


class FallbackSettings(SettingsModel):
    """What a relaunch runs on, instead of the job's own instances or capacity."""

    instance_type: str | None = Field(
        default=None,
        description="Another instance type; by default the job's own.",
    )
    instance_count: int | None = Field(
        default=None,
        ge=1,
        description="Another number of instances, 1 or more; by default the job's own.",
    )
    spot: bool | None = Field(
        default=None,
        description="Whether it is spot capacity (true) or on-demand (false); by default as the "
        "job.",
    )


class SecretSettings(SettingsModel):
    """A secret of Secrets Manager; its value never passes through the stack."""

    arn: str = Field(
        description="The secret's full ARN, as "
        "arn:aws:secretsmanager:<region>:<account>:secret:<name>-<6 characters>."
    )
    key_arn: str | None = Field(
        default=None,
        description="The ARN of the KMS key that encrypts it, if it is a customer managed key, as "
        "arn:aws:kms:us-east-1:123456789012:key/0123abcd.",
    )


def _from_arn(value: Any) -> Any:
    """`HF_TOKEN: arn:…` is short for `HF_TOKEN: {arn: arn:…}`."""
    return {"arn": value} if isinstance(value, str) else value


Secret = Annotated[
    SecretSettings, BeforeValidator(_from_arn, json_schema_input_type=SecretSettings | str)
]


class JobSettings(SettingsModel):
    """One training job: its definition, its placement, and what to do with it."""

    image: Annotated[str | None, Becomes("AlgorithmSpecification.TrainingImage")] = Field(
        default=None,
        description="The container image's URI in ECR, as "
        "<account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>.",
        json_schema_extra=_ESSENTIAL,
    )
    algorithm: Annotated[str | None, Becomes("AlgorithmSpecification.AlgorithmName")] = Field(
        default=None,
        description="Instead of an image, the name or ARN of an algorithm: one of AWS Marketplace, "
        "or one whose image the execution role is allowed to pull.",
    )
    source: Annotated[
        SourceSettings | None,
        Decides("AlgorithmSpecification.ContainerEntrypoint", when_set=True),
        Decides("AlgorithmSpecification.ContainerArguments", when_set=True),
    ] = Field(
        default=None,
        description="The folder of code that the job runs: {dir, entryPoint}.",
        json_schema_extra=_ESSENTIAL,
    )
    distribution: Literal["none", "jax", "torchrun"] = Field(
        default="none",
        description="How the processes of several instances or GPUs find each other: none, jax or "
        "torchrun.",
    )
    instance_type: Annotated[str, Becomes("ResourceConfig.InstanceType")] = Field(
        default="ml.g5.2xlarge",
        description="The instance type, as ml.g5.2xlarge. After a change, the next job goes on "
        "from the checkpoints: the script must be able to read them with the new number of "
        "accelerators.",
        json_schema_extra=_ESSENTIAL,
    )
    instance_count: Annotated[int, Becomes("ResourceConfig.InstanceCount")] = Field(
        default=1,
        ge=1,
        description="The number of instances, 1 or more. After a change, the next job goes on from "
        "the checkpoints: the script must be able to read them with the new number.",
        json_schema_extra=_ESSENTIAL,
    )
    instance_groups: Annotated[
        dict[str, InstanceGroupSettings],
        Becomes("ResourceConfig.InstanceGroups", name="InstanceGroupName"),
    ] = Field(
        default={},
        max_length=5,
        description="Instead of instanceType and instanceCount, groups of instances by name, at "
        "most 5: {cpu: {instanceType, instanceCount}}.",
    )
    instance_preferences: Annotated[
        list[InstancePreferenceSettings], Decides("ResourceConfig.InstancePreferences")
    ] = Field(
        default=[],
        max_length=5,
        description="Instead of instanceType and instanceCount, at most 5 types in the order of "
        "preference: SageMaker takes the first that has capacity, at each launch. Only on demand: "
        "[{instanceType, instanceCount}].",
    )
    training_plan: Annotated[str | None, Becomes("ResourceConfig.TrainingPlanArn")] = Field(
        default=None,
        description="The ARN of a SageMaker training plan whose reserved instances the job runs "
        "on, as arn:aws:sagemaker:us-east-1:123456789012:training-plan/spring; with spot: false. "
        "Fallbacks run without it.",
    )
    distribution_groups: list[str] = Field(
        default=[],
        description="The instance groups whose processes find each other by distribution. Empty "
        "for all. In the other groups, each instance runs the script on its own.",
    )
    volume_gb: Annotated[int, Becomes("ResourceConfig.VolumeSizeInGB")] = Field(
        default=100, ge=1, le=16_384, description="Each instance's volume in GB, 1 to 16384."
    )
    max_runtime: Annotated[Seconds, Becomes("StoppingCondition.MaxRuntimeInSeconds")] = Field(
        default=_TWO_HOURS,
        ge=1,
        le=28 * 86_400,
        description="The most time that the job may train, in seconds or as in 2h, at most 28d. "
        "SageMaker's own restarts count together; a relaunch has the whole time again.",
        json_schema_extra=_ESSENTIAL,
    )
    expected_runtime: Seconds | None = Field(
        default=None,
        ge=60,
        le=28 * 86_400,
        description="How long the job, or one trial of its tuning, should train without "
        "interruptions, in seconds or as in 8h. It is only for the forecast of its end and cost; "
        "by default an earlier run's time.",
    )
    max_pending: Annotated[Seconds | None, Becomes("StoppingCondition.MaxPendingTimeInSeconds")] = (
        Field(
            default=None,
            ge=1800,
            le=28 * 86_400,
            description="The most time that the job may wait for capacity before SageMaker stops "
            "it, in seconds or as in 2h, 30m to 28d; only for instance types with accelerators.",
        )
    )
    max_retries: Annotated[
        int | None, Becomes("RetryStrategy.MaximumRetryAttempts"), Decides("RetryStrategy")
    ] = Field(
        default=None,
        ge=1,
        le=30,
        description="How often SageMaker itself tries again after an internal error, 1 to 30.",
    )
    keep_alive: Annotated[
        Seconds | None,
        Becomes("ResourceConfig.KeepAlivePeriodInSeconds"),
    ] = Field(
        default=None,
        ge=60,
        le=21_600,
        description="How long the instances are kept and billed as a warm pool after the job, in "
        "seconds or as in 30m, 60 s to 6h; not with spot.",
    )
    spot: Annotated[
        SpotSettings | None,
        BeforeValidator(section_or_switch, json_schema_input_type=SpotSettings | bool),
        Decides("EnableManagedSpotTraining"),
    ] = Field(
        default=SpotSettings(),
        description="Spot capacity: {maxWait, checkpoints}, or true, or false for on-demand.",
    )
    fallbacks: list[FallbackSettings] = Field(
        default=[],
        max_length=10,
        description="What the second and later attempts of relaunch: onFailure run on, in this "
        "order, at most 10: [{instanceType: ml.g5.4xlarge, instanceCount: 4}, {spot: false}]. They "
        "go on from the same checkpoints: choose the same number of accelerators, unless the "
        "script can read checkpoints of another number.",
    )
    inputs: Annotated[
        dict[str, InputSettings],
        Becomes("InputDataConfig", name="ChannelName"),
        Decides("AlgorithmSpecification.TrainingInputMode"),
    ] = Field(
        default={},
        description="The input channels by name: {train: {s3Uri: s3://…}}.",
        json_schema_extra=_ESSENTIAL,
    )
    hyperparameters: Annotated[
        dict[str, str | int | float | bool],
        Becomes("HyperParameters"),
    ] = Field(default={}, description="Hyperparameters by name: texts, numbers, true or false.")
    environment: Annotated[dict[str, str], Becomes("Environment")] = Field(
        default={}, description="Environment variables of the container by name: texts."
    )
    secrets: dict[str, Secret] = Field(
        default={},
        description="Environment variables of the script whose values are in Secrets Manager, by "
        "name: {HF_TOKEN: <ARN>} or {HF_TOKEN: {arn, keyArn}}. They need networkIsolation: false, "
        "and boto3 in the image.",
    )
    metrics: Annotated[
        dict[str, str],
        Becomes("AlgorithmSpecification.MetricDefinitions", name="Name", value="Regex"),
    ] = Field(
        default={},
        description="Metrics by name: regular expressions that find the value in the log, with one "
        "group.",
    )
    tuning: TuningSettings | None = Field(
        default=None,
        description="The tuning of hyperparameters, by trials of the job: "
        "{objective: {maximize: accuracy}, ranges: {…}, maxTrials: 20}.",
    )
    tags: Annotated[dict[str, str], Becomes("Tags", name="Key", value="Value")] = Field(
        default={},
        max_length=40,
        description="Tags of the job, in addition to the stack's, at most 40. A change of tags "
        "launches nothing.",
    )
    compress_model: Annotated[bool, Decides("OutputDataConfig.CompressionType")] = Field(
        default=True,
        description="Whether the model is kept as one archive, model.tar.gz: true, or false for "
        "its files as they are, below model/. A large model is uploaded and loaded faster without.",
    )
    network_isolation: Annotated[bool, Becomes("EnableNetworkIsolation")] = Field(
        default=True,
        description="Whether the container can reach no network, except the job's other instances: "
        "true or false.",
    )
    extra: dict[str, Any] = Field(
        default={},
        description="Other members of the CreateTrainingJob request, by their names in the API: "
        "{ProfilerConfig: {…}}.",
    )
    paused: bool = Field(
        default=False,
        description="Whether the job is paused: true stops it and keeps its checkpoints, false "
        "goes on from them.",
    )
    run_id: str = Field(
        default="",
        max_length=64,
        description="Any text. A change of it asks for a new run, even if nothing else changes.",
    )
    fresh: str = Field(
        default="",
        max_length=16,
        pattern=f"^({NAME_PATTERN})?$",
        description="A short name that starts a new lineage, without checkpoints.",
    )
    resume_from: str = Field(
        default="",
        description="The lineage to go on with, for example that of a job that was renamed.",
    )
    recurring: bool = Field(
        default=False,
        description="Whether the job runs again and again, each time on a lineage of its own that "
        "the stack's run names: true or false. Without run it is not launched.",
    )
    relaunch: Literal["never", "onFailure"] = Field(
        default="never",
        description="Whether the next `pulumi up --refresh` relaunches a failed job: "
        "never or onFailure.",
    )
    max_attempts: int = Field(
        default=3,
        ge=1,
        le=30,
        description="The most attempts in a row with relaunch: onFailure, 1 to 30.",
    )
    unlisted_instance_type: bool = Field(
        default=False,
        description="Whether an instance type is accepted that this program's table doesn't list: "
        "true or false.",
    )

    @property
    def max_wait(self) -> int | None:
        """The most seconds of waiting and running together on spot; None for on-demand."""
        if self.spot is None:
            return None
        return self.spot.max_wait if self.spot.max_wait is not None else 2 * self.max_runtime

    @property
    def training_seconds(self) -> int:
        """The most seconds from the launch to the end of one training job, or of one trial.

        It is as far as the settings limit them.
        """
        if self.max_wait is not None:
            return self.max_wait
        return self.max_runtime + (self.max_pending or 0)

    @property
    def longest_seconds(self) -> int:
        """The most seconds from the launch to the end, of all trials where the job is tuned."""
        if self.tuning is None:
            return self.training_seconds
        limits = [self.tuning.max_runtime or MOST_SECONDS]
        if self.tuning.trial_limit is not None:
            rounds = ceil(self.tuning.trial_limit / self.tuning.parallel)
            limits.append(rounds * self.training_seconds)
        return min(limits)

    @property
    def keeps_checkpoints(self) -> bool:
        """Whether /opt/ml/checkpoints is synchronised with the artifact bucket."""
        return self.spot is None or self.spot.checkpoints

    @property
    def groups(self) -> tuple[InstanceGroupSettings | InstancePreferenceSettings, ...]:
        """The instances, by type: the groups, the preferences, or the only type and its count."""
        if self.instance_preferences:
            return tuple(self.instance_preferences)
        only = InstanceGroupSettings(
            instance_type=self.instance_type, instance_count=self.instance_count
        )
        return tuple(self.instance_groups.values()) or (only,)

    @property
    def total_instances(self) -> int:
        """The number of instances, of all types; of preferences, the largest."""
        counts = [group.instance_count for group in self.groups]
        return max(counts) if self.instance_preferences else sum(counts)

    @property
    def instances_at_once(self) -> int:
        """The number of instances that run at the same time: of all trials that do."""
        return self.total_instances * (self.tuning.parallel if self.tuning else 1)

    @property
    def variants(self) -> tuple[JobSettings, ...]:
        """The job as each attempt may run it: as it is written, then on each fallback."""
        return (self, *(self._on(fallback) for fallback in self.fallbacks))

    @property
    def takes_volume_key(self) -> bool:
        """Whether SageMaker accepts a key for the volumes: not if a type has local disks."""
        listed = [training_instance_types().get(group.instance_type) for group in self.groups]
        return not any(each.has_local_storage for each in listed if each is not None)

    def _on(self, fallback: FallbackSettings) -> JobSettings:
        spot = self.spot if fallback.spot is None else _spot_or_none(fallback.spot, self.spot)
        changes: dict[str, Any] = {
            "instance_type": fallback.instance_type or self.instance_type,
            "instance_count": fallback.instance_count or self.instance_count,
            "spot": spot,
            "fallbacks": [],
            "training_plan": None,  # a plan has one type, and is neither spot nor on demand
        }
        return self.model_copy(update=changes)


def _spot_or_none(wanted: bool, own: SpotSettings | None) -> SpotSettings | None:
    return (own or SpotSettings()) if wanted else None
