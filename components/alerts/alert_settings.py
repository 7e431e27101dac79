"""The alerts, as a team writes them in its stack's settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from components.validation import Seconds, SettingsModel

MOST_BUDGET_USD = 10_000_000_000_000
"""From this amount on, a floating-point number does not distinguish one cent from the next."""


class SlackSettings(SettingsModel):
    """A channel of a Slack workspace that is connected to AWS."""

    workspace_id: Annotated[str, StringConstraints(pattern="^[0-9A-Z]{1,255}$")] = Field(
        description="The Slack workspace's id, as T0123456789."
    )
    channel_id: Annotated[str, StringConstraints(pattern="^[0-9A-Za-z]{1,255}$")] = Field(
        description="The Slack channel's id, as C0123456789."
    )


class ProlongedSettings(SettingsModel):
    """When a job counts as prolonged, and what is done then."""

    after: Seconds = Field(
        ge=60,
        description="The age at which a job counts as prolonged, with the time that it waited, as "
        "in 12h.",
    )
    stop: bool = Field(
        default=False, description="Whether a prolonged job is stopped: true or false."
    )


class IdleSettings(SettingsModel):
    """When a job counts as idle; it is reported, and not stopped."""

    after: Seconds = Field(
        ge=600,
        le=86_400,
        description="How long no host of the job has used its GPUs, or its processors if it has "
        "no GPUs, as in 30m; 10m to 1d.",
    )


class AlertSettings(SettingsModel):
    """Messages about jobs that end badly or take too long, and about the month's cost."""

    emails: list[str] = Field(default=[], description="Addresses that get the messages by mail.")
    slack: SlackSettings | None = Field(
        default=None, description="A channel that gets the messages: {workspaceId, channelId}."
    )
    failures_per_day: int = Field(
        default=3, ge=1, description="How many failed jobs in a day raise an alarm, 1 or more."
    )
    prolonged: ProlongedSettings | None = Field(
        default=None,
        description="When a job counts as prolonged, and whether it is then stopped: "
        "{after, stop}. Without it, no job does.",
    )
    idle: IdleSettings | None = Field(
        default=None,
        description="When a job counts as idle, and is reported once: {after}. Without it, no job "
        "does.",
    )
    monthly_budget_usd: float | None = Field(
        default=None,
        gt=0,
        lt=MOST_BUDGET_USD,
        allow_inf_nan=False,
        description="The most that the team should spend in a month, in USD and whole cents. A "
        "message is sent when the costs reach 80 % or 100 % of it, or AWS forecasts more than it; "
        "nothing is stopped. The costs are those with the tag team: activate it in the account's "
        "billing settings as a cost allocation tag.",
    )
    dashboard: bool = Field(
        default=True,
        description="Whether the stack has a dashboard in CloudWatch, with the use of the jobs' "
        "instances, their metrics, and the alarms: true or false. An account's first three "
        "dashboards are free; each further one costs 3 USD a month.",
    )
