"""What would make a launch fail, asked of AWS before anything is stopped or paid for.

The account's quotas, the existence of image, inputs and role, and other owners' live jobs on the
lineage. What may not be asked is told and passed over: a deployer needs no permission for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from components.arns import console
from components.decimals import decimal_text
from components.problems import Problem
from components.training_job.aws.aws_clients import AwsClients
from components.training_job.aws.errors import is_denied
from components.training_job.aws.existence import has_objects, role_exists
from components.training_job.aws.images import image_exists, private_image
from components.training_job.aws.remembered_answers import RememberedAnswers
from components.training_job.preflight.quotas import (
    Instances,
    Quota,
    in_use,
    instances_of,
    live_jobs,
    sagemaker_quotas,
    shortages,
)
from components.training_job.request.definition import CODE_CHANNEL, Request
from components.training_job.request.fallbacks import choice_of, chosen
from components.training_job.request.job_tags import OWNER_TAG
from components.training_job.run.run import lineage_runs, run_of, try_of_launch
from components.training_job.run.service_record import describe, owns, tags_of
from components.unknowns import has_unknown, is_unknown

Inputs = dict[str, Any]
"""A job's checked inputs; what is not known yet is passed over."""


@dataclass(frozen=True)
class Choice:
    """The first choice of a job, or one of its fallbacks: where it is told, and its request."""

    path: str
    request: Request


class Preflight:
    """The checks of one operation of the engine, which share what they ask.

    The launches that were checked count as planned, so that the jobs of a stack can't exceed
    together what each of them fits into.
    """

    def __init__(self, clients: AwsClients) -> None:
        self._clients = clients
        self._remembered = RememberedAnswers()
        self._planned: dict[str, Instances] = {}
        self._told: set[str] = set()

    def problems(self, inputs: Inputs) -> list[Problem]:
        """Everything that AWS says against this launch; what can't be asked is printed.

        A retry is held against the request of its own fallback. Of the fallbacks after it, those
        that could never run are printed: they refuse nothing, as they may not be needed.
        """
        first, *later = self._choices(inputs)
        launch = inputs | {"request": first.request, "choice": first, "later": later}
        self._planned[inputs["lineage"]] = instances_of(first.request)
        checks = (self._quotas, self._image, self._inputs, self._role, self._other_owners)
        with ThreadPoolExecutor(len(checks)) as pool:
            found = pool.map(lambda check: self._answers(check, launch), checks)
            return [problem for problems in found for problem in problems]

    def _choices(self, inputs: Inputs) -> list[Choice]:
        """What the launch will run on, and then the fallbacks that are left after it."""
        fallbacks = inputs.get("fallbacks", ())
        numbers = range(self._first_choice(inputs) if fallbacks else 0, len(fallbacks) + 1)
        return [
            Choice(
                f"fallbacks[{number - 1}]" if number else "request",
                chosen(inputs["request"], fallbacks, number),
            )
            for number in numbers
        ]

    def _first_choice(self, inputs: Inputs) -> int:
        """The number of the fallback that the launch itself will run on, as create counts it."""
        lineage, client = inputs["lineage"], self._clients.client("sagemaker", inputs["region"])
        try:
            runs = lineage_runs(client, lineage)
        except (BotoCoreError, ClientError) as error:
            self._tell(f"preflight can't see earlier attempts: {error}")
            return 0
        tries = try_of_launch(inputs["definition_hash"], runs)
        return choice_of(tries, inputs["fallbacks"])

    def _answers(
        self, check: Callable[[Inputs], Iterator[Problem]], inputs: Inputs
    ) -> list[Problem]:
        try:
            return list(check(inputs))
        except (BotoCoreError, ClientError) as error:
            self._tell(
                f"preflight can't see {check.__name__.strip('_').replace('_', ' ')}: {error}"
            )
            return []

    def _tell(self, warning: str) -> None:
        """Print a warning, once for all jobs of the stack."""
        if warning not in self._told:
            self._told.add(warning)
            print(warning)

    def _quotas(self, inputs: Inputs) -> Iterator[Problem]:
        region = inputs["region"]
        listed = self._remembered.ask(
            ("quotas", region),
            lambda: sagemaker_quotas(self._clients.client("service-quotas", region)),
        )
        used = self._used_by_others(inputs, region)
        quotas: dict[str, Quota] = listed.result()
        for choice in inputs["later"]:
            for problem in _shortages(choice, Counter(), quotas, region):
                self._tell(f"{inputs['lineage']}: a later attempt would be refused: {problem}")
        yield from _shortages(inputs["choice"], used, quotas, region)

    def _used_by_others(self, inputs: Inputs, region: str) -> Counter[str]:
        """What live jobs take, and what this stack's other jobs will.

        A live job of a lineage that is launched is not counted: it is adopted, or stopped before.
        """
        planned = dict(self._planned)
        others = [
            job["TrainingJobName"]
            for job in self._live(region)
            if not any(run_of(lineage, job) for lineage in planned)
        ]
        asked = [self._ask_description(region, name) for name in others]
        used = in_use(description for each in asked if (description := each.result()))
        for lineage, instances in planned.items():
            used.update(instances if lineage != inputs["lineage"] else {})
        return used

    def _image(self, inputs: Inputs) -> Iterator[Problem]:
        uri = inputs["request"]["AlgorithmSpecification"].get("TrainingImage", "")
        image = None if is_unknown(uri) else private_image(uri)
        if image is None:
            return
        exists = self._remembered.ask(
            ("image", uri),
            lambda: image_exists(self._clients.client("ecr", image.region), image),
        )
        if not exists.result():
            yield Problem(
                "request.AlgorithmSpecification.TrainingImage",
                uri,
                "is not in its ECR repository",
                "push it, or correct the account, region, repository or tag",
            )

    def _inputs(self, inputs: Inputs) -> Iterator[Problem]:
        """What the stack uploads itself is passed over: it comes before the launch."""
        output = inputs["request"]["OutputDataConfig"]["S3OutputPath"]
        own = "" if is_unknown(output) else output.partition("/output/")[0]
        for index, channel in enumerate(inputs["request"].get("InputDataConfig", [])):
            uri = channel["DataSource"].get("S3DataSource", {}).get("S3Uri", "")
            if is_unknown(uri) or not uri or channel["ChannelName"] == CODE_CHANNEL:
                continue
            if own and uri.startswith(f"{own}/inputs/"):
                continue
            if not self._has_objects(inputs["region"], uri):
                yield Problem(
                    f"request.InputDataConfig[{index}].DataSource.S3DataSource.S3Uri",
                    uri,
                    f"the channel {channel['ChannelName']} has no object there",
                    "upload the data, or correct the bucket or prefix",
                )

    def _role(self, inputs: Inputs) -> Iterator[Problem]:
        arn = inputs["request"]["RoleArn"]
        if is_unknown(arn):
            return
        exists = self._remembered.ask(
            ("role", arn), lambda: role_exists(self._clients.client("iam", inputs["region"]), arn)
        )
        if not exists.result():
            yield Problem(
                "request.RoleArn",
                arn,
                "there is no such role",
                "run `pulumi refresh`, then `pulumi up`, which makes the stack's role anew",
            )

    def _other_owners(self, inputs: Inputs) -> Iterator[Problem]:
        """A live job of another owner on the same checkpoints, which a launch would refuse."""
        region, checkpoints = inputs["region"], inputs["request"].get("CheckpointConfig")
        if has_unknown(checkpoints) or is_unknown(inputs["owner"]):
            return
        for run in (run_of(inputs["lineage"], job) for job in self._live(region)):
            description = self._ask_description(region, run.name).result() if run else None
            if description is None or description.get("CheckpointConfig") != checkpoints:
                continue
            tags = self._tags(region, description["TrainingJobArn"])
            if not owns(inputs["owner"], tags, description):
                owner = tags.get(OWNER_TAG)
                yield Problem(
                    "lineage",
                    inputs["lineage"],
                    f"{description['TrainingJobName']} is running on its checkpoints and "
                    f"belongs to {owner or 'nobody'}",
                    "stop that job, wait for its end, or give this job another name",
                )

    def _live(self, region: str) -> list[dict[str, Any]]:
        client = self._clients.client("sagemaker", region)
        asked = self._remembered.ask(("live", region), lambda: live_jobs(client))
        jobs: list[dict[str, Any]] = asked.result()
        return jobs

    def _has_objects(self, region: str, uri: str) -> bool:
        s3 = self._clients.client("s3", region)
        return bool(self._remembered.ask(("objects", uri), lambda: has_objects(s3, uri)).result())

    def _ask_description(self, region: str, name: str) -> Future[Any]:
        client = self._clients.client("sagemaker", region)
        return self._remembered.ask(("description", name), lambda: self._describe(client, name))

    def _describe(self, client: Any, name: str) -> dict[str, Any] | None:
        """The description of a job; None where it is gone, or is not this deployer's to see."""
        try:
            return describe(client, name)
        except ClientError as error:
            if not is_denied(error):
                raise
            self._tell("preflight counts no instances of jobs that these credentials may not see")
            return None

    def _tags(self, region: str, arn: str) -> dict[str, str]:
        client = self._clients.client("sagemaker", region)
        asked = self._remembered.ask(("tags", arn), lambda: tags_of(client, arn))
        tags: dict[str, str] = asked.result()
        return tags


def _shortages(
    choice: Choice, used: Counter[str], quotas: dict[str, Quota], region: str
) -> Iterator[Problem]:
    """The quotas that a choice would exceed beside what is used of them."""
    wanted = instances_of(choice.request)
    for name, quota in shortages(wanted, used, quotas):
        yield Problem(
            f"{choice.path}.ResourceConfig",
            wanted[name],
            f"the account's quota of instances of {name} in {region} is "
            f"{decimal_text(quota.value)}, of which {used[name]} are in use or asked for by this "
            "stack's other jobs",
            f"ask for {used[name] + wanted[name]} at {console(region)}/servicequotas/home/"
            f"services/sagemaker/quotas/{quota.code}, or use another instance type, fewer "
            "instances, or wait",
        )
