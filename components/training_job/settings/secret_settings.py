"""The secrets that a job reads, as a team writes them in its stack's settings."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from components.validation import SettingsModel

SECRET_VARIABLE_PREFIX = "SECRET_ARN_"  # noqa: S105 - a variable's name
"""How the container's variable begins that holds a secret's ARN; the secret's name follows."""


class SecretSettings(SettingsModel):
    """A secret of Secrets Manager; its value never passes through the stack."""

    arn: str = Field(
        description="The secret's full ARN, as "
        "arn:aws:secretsmanager:<region>:<account>:secret:<name>-<6 characters>."
    )
    key_arn: str | None = Field(
        default=None,
        description="The ARN of the KMS key that encrypts it, where it is a customer's.",
    )


def _arn_alone(value: Any) -> Any:
    """`HF_TOKEN: arn:…` is a secret with nothing else to say of it."""
    return {"arn": value} if isinstance(value, str) else value


Secret = Annotated[
    SecretSettings, BeforeValidator(_arn_alone, json_schema_input_type=SecretSettings | str)
]
