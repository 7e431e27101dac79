"""What would make a launch fail, asked of AWS before anything is stopped or paid for.

The account's quotas, the training plan, the existence of image, inputs and role, what the role may
do, and other owners' live jobs on the lineage. What may not be asked is printed and passed over: a
deployer needs no permission for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from components.arns import console
from components.decimals import decimal_text
from components.problems import Problem
from components.training_job.aws.aws_clients import AwsClients
from components.training_job.aws.errors import is_denied
from components.training_job.preflight.account import Account
from components.training_job.preflight.own_jobs import own_jobs
from components.training_job.preflight.planned_launch import Choice, PlannedLaunch, planned_launch
from components.training_job.preflight.quotas import (
    Instances,
    Quota,
    in_use,
    shortages,
)
from components.training_job.preflight.role_permissions import needs_of_launch
from components.training_job.preflight.training_plans import plan_notices, plan_problems
from components.training_job.request.fallbacks import choice_of
from components.training_job.request.job_inputs import JobInputs
from components.training_job.request.job_tags import OWNER_TAG
from components.training_job.run.job_names import try_of_launch
from components.training_job.run.outcome import is_live
from components.training_job.run.service_record import owns
from components.unknowns import has_unknown, is_unknown


class Preflight:
    """The checks of one operation of the engine, which checks many jobs, several at a time.

    All of them share three things:

    - AWS's answers, so that a hundred jobs ask no more than one;
    - what the launches that were checked take, so that the jobs of a stack can't exceed together
      the quota that each of them fits into;
    - the warnings that were printed, so that each is printed once.
    """

    def __init__(self, clients: AwsClients) -> None:
        self._account = Account(clients)
        self._launches: dict[str, PlannedLaunch] = {}
        self._warnings: set[str] = set()

    def problems(self, inputs: JobInputs) -> list[Problem]:
        """Everything that AWS says against this launch; prints what can't be asked.

        A retry is checked on the fallback that it will run on. Of the fallbacks after it, those
        that could never run are printed: they refuse nothing, as they may not be needed.
        """
        launch = planned_launch(inputs, self._choice_of_launch(inputs))
        self._launches[inputs.lineage] = launch
        self._ask_all(launch)
        checks = {
            "quotas": self._quotas,
            "the training plan": self._training_plan,
            "image": self._image,
            "inputs": self._inputs,
            "role": self._role,
            "what the role may do": self._role_permissions,
            "other owners": self._other_owners,
        }
        return [
            problem
            for what, check in checks.items()
            for problem in self._found(what, check, launch)
        ]

    def _choice_of_launch(self, inputs: JobInputs) -> int:
        """The number of the fallback that the launch will run on, as create counts it."""
        if not inputs.fallbacks:
            return 0
        try:
            runs = self._account.runs(inputs.region, inputs.lineage).result()
        except (BotoCoreError, ClientError) as error:
            self._warn(f"preflight can't see earlier attempts: {error}")
            return 0
        return choice_of(try_of_launch(inputs.definition_hash, runs), inputs.fallbacks)

    def _ask_all(self, launch: PlannedLaunch) -> None:
        """Sends the questions of all checks, so that AWS answers them at the same time.

        It only saves time: each check asks by itself what it needs, and finds it asked.
        """
        account, region = self._account, launch.inputs.region
        account.quotas(region)
        account.live_jobs(region)
        if launch.training_plan:
            account.training_plan(region, launch.training_plan)
        if launch.image:
            account.image_exists(launch.image)
        for channel in launch.channels:
            account.has_objects(region, channel.uri)
        if launch.role_arn:
            account.role_exists(region, launch.role_arn)
            for need in needs_of_launch(launch):
                account.refusals(launch.role_arn, need)

    def _found(
        self,
        what: str,
        check: Callable[[PlannedLaunch], Iterator[Problem]],
        launch: PlannedLaunch,
    ) -> list[Problem]:
        """What a check finds; only a warning where AWS does not answer it."""
        try:
            return list(check(launch))
        except (BotoCoreError, ClientError) as error:
            self._warn(f"preflight can't see {what}: {error}")
            return []

    def _quotas(self, launch: PlannedLaunch) -> Iterator[Problem]:
        region = launch.inputs.region
        used = self._used_by_others(launch.inputs)
        quotas = self._account.quotas(region).result()
        for choice in launch.later:
            for problem in _quota_problems(choice, {}, quotas, region):
                self._warn(f"{launch.inputs.lineage}: a later attempt would be refused: {problem}")
        yield from _quota_problems(launch.choice, used, quotas, region)

    def _training_plan(self, launch: PlannedLaunch) -> Iterator[Problem]:
        inputs, arn = launch.inputs, launch.training_plan
        if not arn:
            return
        plan = self._account.training_plan(inputs.region, arn).result()
        own = self._live(inputs.region, self._live_runs(inputs))
        held = sum(
            job["ResourceConfig"]["InstanceCount"]
            for job in own
            if job["ResourceConfig"].get("TrainingPlanArn") == arn
        )
        for notice in plan_notices(launch.choice, plan, held):
            self._warn(f"{inputs.lineage}: {notice}")
        yield from plan_problems(launch.choice, plan, datetime.now(UTC))

    def _image(self, launch: PlannedLaunch) -> Iterator[Problem]:
        if launch.image and not self._account.image_exists(launch.image).result():
            yield Problem(
                "request.AlgorithmSpecification.TrainingImage",
                launch.inputs.request["AlgorithmSpecification"]["TrainingImage"],
                "is not in its ECR repository",
                "push it, or correct the account, region, repository or tag",
            )

    def _inputs(self, launch: PlannedLaunch) -> Iterator[Problem]:
        for channel in launch.channels:
            if not self._account.has_objects(launch.inputs.region, channel.uri).result():
                yield Problem(
                    channel.path,
                    channel.uri,
                    f"the channel {channel.name} has no object there",
                    "upload the data, or correct the bucket or prefix",
                )

    def _role(self, launch: PlannedLaunch) -> Iterator[Problem]:
        arn = launch.role_arn
        if arn and not self._account.role_exists(launch.inputs.region, arn).result():
            yield Problem(
                "request.RoleArn",
                arn,
                "there is no such role",
                "run `pulumi refresh`, then `pulumi up`, which makes the stack's role again",
            )

    def _role_permissions(self, launch: PlannedLaunch) -> Iterator[Problem]:
        """Prints what the role may not do now; no problem, as this update may still allow it."""
        for need in needs_of_launch(launch) if launch.role_arn else ():
            for refusal in self._account.refusals(str(launch.role_arn), need).result():
                self._warn(
                    "preflight: unless this update changes it, the execution role may not do what "
                    f"jobs need: {refusal}"
                )
        return iter(())

    def _other_owners(self, launch: PlannedLaunch) -> Iterator[Problem]:
        """A live job of another owner on the same checkpoints, which a launch would refuse."""
        inputs, checkpoints = launch.inputs, launch.choice.request.get("CheckpointConfig")
        if has_unknown(checkpoints) or is_unknown(inputs.owner):
            return
        for job in self._live(inputs.region, self._live_runs(inputs)):
            if not _writes_to(job, checkpoints):
                continue
            tags = self._account.tags(inputs.region, job["TrainingJobArn"]).result()
            if not owns(inputs.owner, tags, job):
                yield Problem(
                    "lineage",
                    inputs.lineage,
                    f"{job['TrainingJobName']} is running on its checkpoints and belongs to "
                    f"{tags.get(OWNER_TAG) or 'no known owner'}",
                    "stop that job, wait for its end, or give this job another name",
                )

    def _used_by_others(self, inputs: JobInputs) -> Counter[str]:
        """What live jobs take of each quota, and what this stack's other jobs will.

        A live job of a lineage that is launched is not counted, nor are its trials: it is adopted,
        or stopped before.
        """
        launches = dict(self._launches)  # a copy, as the checks of other jobs add to it
        live = self._account.live_jobs(inputs.region).result()
        own = {
            job["TrainingJobName"]
            for launch in launches.values()
            for job in own_jobs(self._account, launch.inputs, live)
        }
        others = [job["TrainingJobName"] for job in live if job["TrainingJobName"] not in own]
        used = in_use(self._live(inputs.region, others))
        for lineage, launch in launches.items():
            if lineage != inputs.lineage:
                used.update(launch.choice.instances)
        return used

    def _live_runs(self, inputs: JobInputs) -> list[str]:
        """The names of the lineage's own jobs that are live, or were a moment ago."""
        jobs = self._account.live_jobs(inputs.region).result()
        return [job["TrainingJobName"] for job in own_jobs(self._account, inputs, jobs)]

    def _live(self, region: str, names: Sequence[str]) -> list[dict[str, Any]]:
        """The descriptions of those jobs that are live, and that this deployer may see."""
        answers = [self._account.description(region, name) for name in names]
        found = [self._visible(answer) for answer in answers]
        return [description for description in found if description and is_live(description)]

    def _visible(self, description: Future[dict[str, Any] | None]) -> dict[str, Any] | None:
        """A description; None, and a warning, where these credentials may not see it."""
        try:
            return description.result()
        except ClientError as error:
            if not is_denied(error):
                raise
            self._warn("preflight counts no instances of jobs that these credentials may not see")
            return None

    def _warn(self, warning: str) -> None:
        """Prints a warning, once for all jobs of the stack."""
        if warning not in self._warnings:
            self._warnings.add(warning)
            print(warning)


def _writes_to(job: Mapping[str, Any], checkpoints: Mapping[str, Any] | None) -> bool:
    """Whether a job has these checkpoints; those of a trial are below them, by its tuning job."""
    theirs = job.get("CheckpointConfig")
    if "TuningJobArn" in job and checkpoints and theirs:
        return str(theirs["S3Uri"]).startswith(checkpoints["S3Uri"])
    return bool(theirs == checkpoints)


def _quota_problems(
    choice: Choice, used: Instances, quotas: Mapping[str, Quota], region: str
) -> Iterator[Problem]:
    """The quotas that a choice would exceed beside what is used of them."""
    wanted = choice.instances
    fewer = "fewer instances" if choice.at_once == 1 else "fewer instances or parallel trials"
    for name, quota in shortages(wanted, used, quotas):
        in_use_now = used.get(name, 0)
        asked = in_use_now + wanted[name]
        yield Problem(
            f"{choice.path}.ResourceConfig",
            wanted[name],
            f"the account's quota of instances of {name} in {region} is "
            f"{decimal_text(quota.value)}, of which {in_use_now} are in use or asked for by this "
            "stack's other jobs",
            f"ask for {asked} with `{_increase_request(quota, asked, region)}`, or at "
            f"{console(region)}/servicequotas/home/services/sagemaker/quotas/{quota.code}; "
            f"or use another instance type, {fewer}, or wait",
        )


def _increase_request(quota: Quota, asked: int, region: str) -> str:
    """The command of the AWS CLI that asks for a higher quota."""
    return (
        "aws service-quotas request-service-quota-increase --service-code sagemaker "
        f"--quota-code {quota.code} --desired-value {asked} --region {region}"
    )
