"""Errors as the service answers them."""

from __future__ import annotations

NOT_FOUND = "Requested resource not found."


class ServiceError(Exception):
    """An error that the caller sees: its type, its message and the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def validation_error(message: str) -> ServiceError:
    """Return what the service answers to a request that breaks a rule."""
    return ServiceError("ValidationException", message)


def not_found() -> ServiceError:
    """Return what Describe and Stop answer for a job that does not exist."""
    return validation_error(NOT_FOUND)
