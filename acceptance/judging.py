"""Looks at the checks that follow a step, and keeps what they found."""

from __future__ import annotations

from collections.abc import Iterable

from botocore.exceptions import BotoCoreError, ClientError

from acceptance.checks.assumptions import ASSUMPTIONS
from acceptance.checks.container_assumptions import CONTAINER_ASSUMPTIONS
from acceptance.checks.controls import CONTROLS
from acceptance.checks.endpoint_assumptions import ENDPOINT_ASSUMPTIONS
from acceptance.checks.promises import PROMISES
from acceptance.checks.refusal_assumptions import REFUSAL_ASSUMPTIONS
from acceptance.checks.refused_requests import REFUSED_REQUESTS
from acceptance.checks.request_assumptions import REQUEST_ASSUMPTIONS
from acceptance.checks.search_assumptions import SEARCH_ASSUMPTIONS
from acceptance.checks.simulator_assumptions import SIMULATOR_ASSUMPTIONS
from acceptance.checks.tuning_checks import TUNING_ASSUMPTIONS, TUNING_CONTROLS, TUNING_PROMISES
from acceptance.finding import Check, Finding, not_seen, refuted
from acceptance.scene import Scene

_TABLES = (
    PROMISES,
    TUNING_PROMISES,
    CONTROLS,
    REFUSED_REQUESTS,
    TUNING_CONTROLS,
    ASSUMPTIONS,
    CONTAINER_ASSUMPTIONS,
    SEARCH_ASSUMPTIONS,
    REQUEST_ASSUMPTIONS,
    REFUSAL_ASSUMPTIONS,
    SIMULATOR_ASSUMPTIONS,
    ENDPOINT_ASSUMPTIONS,
    TUNING_ASSUMPTIONS,
)
CHECKS: tuple[Check, ...] = tuple(check for table in _TABLES for check in table.all)
_UNANSWERED = (
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "InternalFailure",
    "NotImplemented",
    "UnauthorizedOperation",
    "UnknownOperationException",
    "InvalidAction",
)
"""Codes of errors that say nothing about the statement, but only that it could not be seen."""
_MOST_REQUESTS = 3


def checks_after(step: str) -> list[Check]:
    """The checks that follow a step."""
    return [each for each in CHECKS if each.after == step]


def look_at(scene: Scene, checks: Iterable[Check]) -> None:
    """Looks at checks, and keeps the last finding of each in the acceptance's state."""
    for check in checks:
        scene.requests()
        finding = _looked(scene, check)
        kept = {
            "name": check.name,
            "source": check.source,
            "statement": check.statement,
            "verdict": finding.verdict,
            "evidence": scene.masked(finding.evidence),
            "requests": scene.requests()[-_MOST_REQUESTS:],
        }
        others = [each for each in scene.diary.findings if each["name"] != check.name]
        scene.diary.findings = [*others, kept]
        scene.diary.write()
        if finding.verdict != "confirmed":
            scene.say(scene.masked(f"  {finding.verdict}: {check.statement} {finding.evidence}"))


def finding_of(scene: Scene, name: str) -> dict[str, str]:
    """What was found for a check; empty where it was not looked at."""
    found: dict[str, str] = next(
        (each for each in scene.diary.findings if each["name"] == name), {}
    )
    return found


def _looked(scene: Scene, check: Check) -> Finding:
    try:
        return check.look(scene)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        reason = f"{error.operation_name} was answered with {code}"
        return not_seen(reason) if code in _UNANSWERED else refuted(reason)
    except BotoCoreError as error:
        return not_seen(f"{type(error).__name__}: {error}")
    except Exception as error:  # One check that fails must not end the acceptance
        return not_seen(f"it could not be judged: {type(error).__name__}: {error}")
