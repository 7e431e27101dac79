"""What the program's dynamic providers have in common: AWS clients with the stack's settings."""

from __future__ import annotations

from typing import Any

from pulumi.dynamic import CheckResult, ConfigureRequest, ResourceProvider

from components.training_job.aws.aws_clients import AwsClients
from components.training_job.aws.errors import without_traceback
from components.unknowns import to_wire

State = dict[str, Any]


class AwsResourceProvider(ResourceProvider):
    """A dynamic provider that asks AWS, and accepts its inputs as they are, known or not."""

    serialize_as_secret_always = False

    _clients: AwsClients

    def configure(self, req: ConfigureRequest) -> None:
        """Takes the `aws:*` settings of the stack."""
        without_traceback()
        self._clients = AwsClients(req.config.get)

    def check(self, _olds: State, news: State) -> CheckResult:
        """Accepts the inputs, which the settings' rules have checked."""
        return CheckResult(to_wire(news), [])
