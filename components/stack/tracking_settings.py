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
ENTITY = re.compile(r"[\w.-]{1,64}", re.ASCII)
MANAGED_ARN = re.compile(
    r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:mlflow-(app|tracking-server)/[A-Za-z0-9-]+"
)


class TrackingSettings(SettingsModel):
    """Where the metrics of a stack's jobs are to be shown."""

    mlflow: str = Field(
        default="",
        description="The MLflow server: its address, as https://mlflow.example.org, or its ARN if "
        "SageMaker manages it. Either this or weightsAndBiases.",
    )
    weights_and_biases: str = Field(
        default="",
        description="The entity in Weights & Biases, which is a team or a person.",
    )
    experiment: Annotated[str, StringConstraints(pattern=r"^[\w\-. /]*$", max_length=250)] = Field(
        default="",
        description="The name of the experiment in MLflow, or of the project in Weights & Biases; "
        "team-environment by default.",
    )

    @property
    def place(self) -> str:
        """The server, as `python -m tracking sync --to` takes it."""
        return f"wandb://{self.weights_and_biases}" if self.weights_and_biases else self.mlflow


def tracking_problems(settings: TrackingSettings) -> Iterator[Problem]:
    """What is wrong with the server; paths relative to the section."""
    if settings.weights_and_biases:
        yield from _problems_of_weights_and_biases(settings)
    elif _CREDENTIALS.match(settings.mlflow):
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


def _problems_of_weights_and_biases(settings: TrackingSettings) -> Iterator[Problem]:
    if not ENTITY.fullmatch(settings.weights_and_biases):
        yield Problem(
            "weightsAndBiases",
            settings.weights_and_biases,
            "is no entity in Weights & Biases",
            "write the name of a team or a person, as in the address of its page; the address of a "
            "server of your own belongs in WANDB_BASE_URL where `python -m tracking sync` runs",
        )
    if settings.mlflow:
        yield Problem(
            "weightsAndBiases",
            settings.weights_and_biases,
            f"is beside mlflow, which is {settings.mlflow}, and a stack has one place for metrics",
            "remove one of the two; `python -m tracking sync --to` shows them in another place too",
        )
    if "/" in settings.experiment:
        yield Problem(
            "experiment",
            settings.experiment,
            "can't be the name of a project in Weights & Biases, which has no /",
            f"write {settings.experiment.replace('/', '-')}",
        )
