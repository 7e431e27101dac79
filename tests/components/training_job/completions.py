"""What the tests of waiting have in common: inputs of a completion, and logs of two instances."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError


class FakeLogs:
    """CloudWatch Logs with one stream for each of two instances."""

    exceptions = SimpleNamespace(ClientError=ClientError)

    def describe_log_streams(self, logStreamNamePrefix: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        streams = [f"{logStreamNamePrefix}algo-{number}-1700000000" for number in (1, 2)]
        return {"logStreams": [{"logStreamName": stream} for stream in streams]}

    def get_log_events(self, **_: Any) -> dict[str, Any]:
        return {"events": [{"message": "ValueError: no data"}]}


def props(*names: str, deadline: int = 3600) -> dict[str, Any]:
    return {
        "jobs": [name.rpartition("-")[0] for name in names],
        "training_job_names": list(names),
        "region": "us-east-1",
        "deadline_seconds": deadline,
    }
