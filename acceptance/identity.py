"""Whose account it is: the person confirms it once, and each step asks again."""

from __future__ import annotations

from dataclasses import dataclass

import boto3

from acceptance.diary import Diary


class OtherAccountError(Exception):
    """The credentials are not those of the account that the person confirmed."""


@dataclass(frozen=True)
class Caller:
    """Who the credentials belong to."""

    account: str
    region: str
    arn: str


def caller_of(region: str | None) -> Caller:
    """The caller of the credentials in the environment, in a region or in that of the profile.

    Raises:
        ValueError: no region is set.

    """
    session = boto3.Session(region_name=region)
    if session.region_name is None:
        message = "No region is set: give --region, or set AWS_DEFAULT_REGION."
        raise ValueError(message)
    answer = session.client("sts").get_caller_identity()
    return Caller(answer["Account"], session.region_name, answer["Arn"])


def refuse_another(diary: Diary, caller: Caller) -> None:
    """Refuses credentials of another account or region than those that were confirmed.

    Raises:
        OtherAccountError: they are others.

    """
    if (caller.account, caller.region) != (diary.account, diary.region):
        message = (
            f"The credentials are of account {caller.account} in {caller.region}. "
            f"Account {diary.account} in {diary.region} was confirmed. Nothing was changed."
        )
        raise OtherAccountError(message)
