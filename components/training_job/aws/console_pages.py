"""The pages of jobs and of their logs in the console."""

from __future__ import annotations

from components.arns import console
from components.site import TRAINING_LOGS


def job_page(region: str, kind: str, name: str) -> str:
    """The page of a job in the console, "" for one that has no name yet."""
    page = f"sagemaker/home?region={region}#/{kind}/{name}"
    return f"{console(region)}/{page}" if region and name else ""


def log_page(region: str, streams: str) -> str:
    """The page of the log streams whose names begin so, "" for a job that has none yet."""
    group = TRAINING_LOGS.replace("/", "$252F")  # as the console writes a slash
    page = (
        f"cloudwatch/home?region={region}#logsV2:log-groups/log-group/{group}"
        f"$3FlogStreamNameFilter$3D{streams}"
    )
    return f"{console(region)}/{page}" if region and streams else ""
