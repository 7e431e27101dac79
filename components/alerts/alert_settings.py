"""The alerts, as a team writes them in its stack's settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from components.validation import Seconds, SettingsModel

MOST_BUDGET_USD = 10_000_000_000_000
"""From here on a floating-point number can't tell one cent from the next."""


class SlackSettings(SettingsModel):
    """A channel of a Slack workspace that is connected to AWS."""

    workspace_id: Annotated[str, StringConstraints(pattern="^[0-9A-Z]{1,255}$")] = Field(
        description="The Slack workspace's id, as T0123456789."
    )
    channel_id: Annotated[str, StringConstraints(pattern="^[0-9A-Za-z]{1,255}$")] = Field(
        description="The Slack channel's id, as C0123456789."
    )


class ProlongedSettings(SettingsModel):
    """From when on a job is prolonged."""

    after: Seconds = Field(
        ge=60, description="The age from which on a job is prolonged, waiting included, as in 12h."
    )
    stop: bool = Field(
        default=False, description="Whether a prolonged job is stopped: true or false."
    )


class AlertSettings(SettingsModel):
    """Messages about jobs that end badly or take too long, and about the month's cost."""

    emails: list[str] = Field(default=[], description="Addresses that get a mail.")
    slack: SlackSettings | None = Field(
        default=None, description="A channel that gets a message: {workspaceId, channelId}."
    )
    failures_per_day: int = Field(
        default=3, ge=1, description="How many failed jobs in a day raise an alarm, 1 or more."
    )
    prolonged: ProlongedSettings | None = Field(
        default=None, description="From when on a job is prolonged: {after, stop}."
    )
    monthly_budget_usd: float | None = Field(
        default=None,
        gt=0,
        lt=MOST_BUDGET_USD,
        allow_inf_nan=False,
        description="What the team is expected to spend in a month at most, in USD, in whole "
        "cents: a message is sent at 80 % and 100 %, and where it is forecast to be exceeded; "
        "nothing is stopped. It counts what carries the team's tag, once that is activated as a "
        "cost allocation tag of the account.",
    )
