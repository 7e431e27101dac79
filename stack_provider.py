"""The AWS provider of a stack, and what it says of its account and region."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from settings import AwsSettings


class StackProvider:
    """One explicit provider for everything that the stack builds."""

    resource: aws.Provider
    account_id: str
    """The account that the credentials belong to, known at preview."""
    zones: list[str]
    """The names of the region's available zones, known at preview."""

    def __init__(self, settings: AwsSettings, tags: Mapping[str, str]) -> None:
        """The provider with the stack's `aws:*` settings and default tags.

        Raises:
            pulumi.RunError: AWS can't be asked who the caller is.
        """
        self.resource = aws.Provider(
            "aws",
            region=settings.region,
            profile=settings.profile,
            assume_roles=[_assume_role(role) for role in settings.assume_roles],
            allowed_account_ids=settings.allowed_account_ids,
            default_tags=aws.ProviderDefaultTagsArgs(tags=dict(tags)),
        )
        options = pulumi.InvokeOptions(provider=self.resource)
        try:
            self.account_id = aws.get_caller_identity(opts=options).account_id
            self.zones = aws.get_availability_zones(state="available", opts=options).names
        except Exception as error:
            raise pulumi.RunError(
                f"AWS did not answer in {settings.region}: {error}\n"
                "Remedy: check the credentials, the profile and aws:region."
            ) from error


def _assume_role(role: Mapping[str, str]) -> aws.ProviderAssumeRoleArgs:
    return aws.ProviderAssumeRoleArgs(
        role_arn=role["roleArn"],
        session_name=role.get("sessionName"),
        external_id=role.get("externalId"),
    )
