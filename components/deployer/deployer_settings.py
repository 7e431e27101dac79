"""The deployer, as a team writes it in its stack's settings."""

from __future__ import annotations

from pydantic import Field

from components.validation import SettingsModel


class DeployerSettings(SettingsModel):
    """Who may act as the stack's deployer, a role for a pipeline that runs `pulumi up`."""

    trusted_principals: list[str] = Field(
        default=[],
        description="ARNs of the roles and users that may assume the role; each names one.",
    )
    github_subjects: list[str] = Field(
        default=[],
        description="Subjects of GitHub's tokens that may assume the role, as "
        "repo:acme/platform:environment:production; each names one environment or branch, and may "
        "name the workflow, as …:job_workflow_ref:acme/policies/.github/workflows/"
        "training-stack.yml@refs/heads/main.",
    )
