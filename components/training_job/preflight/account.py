"""What AWS answers of the account that a job is to run in. boto3, no Pulumi."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, TypeVar

from components.training_job.aws.aws_clients import AwsClients
from components.training_job.aws.existence import has_objects, role_exists
from components.training_job.aws.images import PrivateImage, image_exists
from components.training_job.aws.remembered_answers import RememberedAnswers
from components.training_job.preflight.quotas import Quota, live_jobs, sagemaker_quotas
from components.training_job.preflight.role_permissions import Need, Refusal, refused
from components.training_job.preflight.training_plans import Plan, training_plan
from components.training_job.run.job_names import Run, lineage_runs
from components.training_job.run.service_record import describe, tags_of

Answer = TypeVar("Answer")


class Account:
    """Asks AWS, each question once, and remembers the answers.

    A method sends its question and does not wait. `result()` waits for the answer, and raises
    what AWS refuses. So questions whose methods are called one after the other are asked at the
    same time.
    """

    def __init__(self, clients: AwsClients) -> None:
        self._clients = clients
        self._answers = RememberedAnswers()

    def quotas(self, region: str) -> Future[dict[str, Quota]]:
        """SageMaker's quotas by name."""
        return self._ask("service-quotas", region, sagemaker_quotas)

    def image_exists(self, image: PrivateImage) -> Future[bool]:
        """Whether an image is in its repository."""
        return self._ask("ecr", image.region, image_exists, image)

    def has_objects(self, region: str, uri: str) -> Future[bool]:
        """Whether any object's key begins with what an S3 URI names."""
        return self._ask("s3", region, has_objects, uri)

    def role_exists(self, region: str, arn: str) -> Future[bool]:
        """Whether an IAM role exists."""
        return self._ask("iam", region, role_exists, arn)

    def refusals(self, role_arn: str, need: Need) -> Future[list[Refusal]]:
        """What of a need a role is not allowed."""
        return self._ask("iam", need.region, refused, role_arn, need)

    def training_plan(self, region: str, arn: str) -> Future[Plan | None]:
        """A training plan; None where there is no such plan."""
        return self._ask("sagemaker", region, training_plan, arn)

    def live_jobs(self, region: str) -> Future[list[dict[str, Any]]]:
        """All jobs that have not ended, or had not until a moment ago: their descriptions say."""
        return self._ask("sagemaker", region, live_jobs)

    def runs(self, region: str, lineage: str) -> Future[list[Run]]:
        """The newest runs of a lineage, newest first."""
        return self._ask("sagemaker", region, lineage_runs, lineage)

    def description(self, region: str, name: str) -> Future[dict[str, Any] | None]:
        """The description of a job; None where it is gone."""
        return self._ask("sagemaker", region, describe, name)

    def tags(self, region: str, arn: str) -> Future[dict[str, str]]:
        """The tags of a job."""
        return self._ask("sagemaker", region, tags_of, arn)

    def _ask(
        self, service: str, region: str, question: Callable[..., Answer], *details: Hashable
    ) -> Future[Answer]:
        """The answer to come to `question(client, *details)`."""
        return self._answers.ask(
            (question, region, *details),
            lambda: question(self._clients.client(service, region), *details),
        )
