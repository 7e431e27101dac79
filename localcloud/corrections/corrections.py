"""The list of what is corrected in moto. A correction is added here, and nowhere else.

Each is a function that replaces parts of moto's classes, and is called once. moto itself is
imported by these functions, so that a command which needs no server does not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from localcloud.corrections import (
    aws_managed_policies,
    buckets,
    budget_operations,
    dashboards,
    endpoint_services,
    kms_keys,
    log_group_keys,
    log_reading,
    model_packages,
    multipart_uploads,
    networks_in_use,
    object_contents,
    policy_simulator,
    raw_bodies,
    role_history,
    role_sizes,
    security_group_rules,
    stand_in_images,
    unknown_operations,
    waits,
)
from localcloud.events import event_patterns, state_machines, targets

Correction = Callable[[], None]

CORRECTIONS: tuple[Correction, ...] = (
    unknown_operations.correct,
    raw_bodies.correct,
    waits.correct,
    buckets.correct,
    object_contents.correct,
    multipart_uploads.correct,
    networks_in_use.correct,
    security_group_rules.correct,
    endpoint_services.correct,
    stand_in_images.correct,
    aws_managed_policies.correct,
    policy_simulator.correct,
    role_history.correct,
    role_sizes.correct,
    model_packages.correct,
    budget_operations.correct,
    dashboards.correct,
    kms_keys.correct,
    log_group_keys.correct,
    log_reading.correct,
    event_patterns.correct,
    targets.correct,
)

CORRECTIONS_BEFORE_USE: Mapping[str, Correction] = {
    "states": state_machines.correct,
    "swf": waits.correct_workflows,
}
"""Corrections that are made before the first request to a service, by its name in signatures.

The import of such a service takes long, and few use it."""


@cache
def correct_moto() -> None:
    """Makes all corrections, except those that wait for the first use of their service."""
    for correct in CORRECTIONS:
        correct()


def correct_before_use(service: str) -> None:
    """Makes the correction that waits for the first use of a service, if there is one."""
    if correct := CORRECTIONS_BEFORE_USE.get(service):
        correct()
