"""Where the metrics of a stack's jobs are to be shown, as a team writes it in its settings.

The program itself shows nothing there: `python -m tracking sync` does, after or while jobs run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, StringConstraints

from components.problems import Problem
from components.validation import SettingsModel

SERVER_ADDRESS = re.compile(r"https?://(?P<host>[^\s/@?#]+)(/[^\s@?#]*)?")
_CREDENTIALS = re.compile(r"https?://[^/]*@")
MANAGED_ARN = re.compile(
    r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:mlflow-(app|tracking-server)/[A-Za-z0-9-]+"
)


class TrackingSettings(SettingsModel):
    """Where the metrics of a stack's jobs are to be shown."""

    mlflow: str = Field(
        description="The MLflow server: its address, as https://mlflow.example.org, or its ARN if "
        "SageMaker manages it."
    )
    experiment: Annotated[str, StringConstraints(pattern=r"^[\w\-. /]*$", max_length=250)] = Field(
        default="",
        description="The name of the experiment in MLflow; team-environment by default.",
    )

    @property
    def managed_arn(self) -> str:
        """The server's ARN, "" for one that SageMaker does not manage."""
        return self.mlflow if self.mlflow.startswith("arn:") else ""


def tracking_problems(settings: TrackingSettings) -> Iterator[Problem]:
    """What is wrong with the server; paths relative to the section."""
    if _CREDENTIALS.match(settings.mlflow):
        yield Problem(
            "mlflow",
            settings.mlflow.rpartition("@")[2],
            "has credentials, which stay in the settings and the state for everybody to read",
            "remove them, and set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD where "
            "`python -m tracking sync` runs",
        )
    elif not (SERVER_ADDRESS.fullmatch(settings.mlflow) or MANAGED_ARN.fullmatch(settings.mlflow)):
        yield Problem(
            "mlflow",
            settings.mlflow,
            "is neither the address of an MLflow server nor the ARN of a managed one",
            "write https://mlflow.example.org, or "
            "arn:aws:sagemaker:<region>:<account>:mlflow-tracking-server/<name>, or "
            "arn:aws:sagemaker:<region>:<account>:mlflow-app/<id>",
        )
