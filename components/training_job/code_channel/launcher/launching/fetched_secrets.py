"""Secrets: read as the job's execution role, given only to the script, hidden in messages."""

from __future__ import annotations

import os
from collections.abc import Iterable

from launching import LaunchError

SECRET_VARIABLE_PREFIX = "SECRET_ARN_"  # noqa: S105
SHORTEST_HIDDEN = 4  # characters; what is shorter is part of too many other words


def fetch_secrets() -> dict[str, str]:
    """The secrets whose ARNs the environment names, by the names that the script knows them by.

    They are never put into this process's own environment, which its file in /proc shows.

    Raises:
        LaunchError: if one can't be read; the message says its name, and never its value.
    """
    arns = {
        variable[len(SECRET_VARIABLE_PREFIX) :]: arn
        for variable, arn in sorted(os.environ.items())
        if variable.startswith(SECRET_VARIABLE_PREFIX)
    }
    return {name: _secret(name, arn) for name, arn in arns.items()}


def _secret(name: str, arn: str) -> str:
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        raise LaunchError("the image has no boto3, which the launcher reads secrets with") from None
    config = Config(connect_timeout=10, read_timeout=10, retries={"max_attempts": 5})
    try:
        client = boto3.client("secretsmanager", region_name=arn.split(":")[3], config=config)
        text = client.get_secret_value(SecretId=arn).get("SecretString")
    except (BotoCoreError, ClientError) as error:
        raise LaunchError(f"the secret {name} can't be read: {error}") from None
    if not isinstance(text, str) or "\0" in text:
        raise LaunchError(f"the secret {name} holds no text that a variable can hold")
    return text


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """The text with what is secret in it hidden: a failure's reason is read by many."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST_HIDDEN:
            text = text.replace(secret, "(hidden)")
    return text
